/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who needs whom: symbols to modules, and an order without users first. */
#include <stdlib.h>
#include <string.h>

#include "kmod/depmod_impl.h"

/* kmod's table of symbols; modules.symbols is written in its order. */
#define SYMBOL_BUCKETS_NR 2048u
/* Edges in all; the kernels of distributions have some 15000. */
#define DEPS_CAP_NR (1u << 20)

struct symbol {
	const char *name;
	uint32_t bucket, owner;
};

struct symbols {
	struct symbol *items;
	size_t nr;
	size_t first[SYMBOL_BUCKETS_NR + 1];	/* of each bucket */
};

/* ---- symbols ------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct symbol *sa = a, *sb = b;
	int cmp;

	if (sa->bucket != sb->bucket)
		return sa->bucket < sb->bucket ? -1 : 1;
	cmp = strcmp(sa->name, sb->name);
	return cmp ? cmp : (sa->owner > sb->owner) - (sa->owner < sb->owner);
}

static size_t count_exports(const struct dw_depmod_job *job)
{
	size_t nr = 0;

	for (size_t i = 0; i < job->mods_nr; i++) {
		const struct dw_buf *l = &job->mods[i].facts.list[DW_FACT_EXPORT];

		for (const char *s = NULL; (s = dw_fact_next(l, s));)
			nr++;
	}
	return nr;
}

/* Of a symbol that several modules export, the last one is the owner. */
static void drop_shadowed(struct symbols *syms)
{
	size_t kept = 0, b = 0;

	for (size_t i = 0; i < syms->nr; i++) {
		const struct symbol *s = &syms->items[i];

		if (i + 1 < syms->nr && s->bucket == s[1].bucket &&
		    !strcmp(s->name, s[1].name))
			continue;
		for (; b <= s->bucket; b++)
			syms->first[b] = kept;
		syms->items[kept++] = *s;
	}
	for (; b <= SYMBOL_BUCKETS_NR; b++)
		syms->first[b] = kept;
	syms->nr = kept;
}

static int collect(const struct dw_depmod_job *job, struct symbols *syms,
		   struct dw_err *err)
{
	syms->items = calloc(count_exports(job) + 1, sizeof(*syms->items));
	if (!syms->items)
		return dw_fail_nomem(err);
	for (size_t i = 0; i < job->mods_nr; i++) {
		const struct dw_buf *l = &job->mods[i].facts.list[DW_FACT_EXPORT];

		for (const char *s = NULL; (s = dw_fact_next(l, s));)
			syms->items[syms->nr++] = (struct symbol){
				s, dw_depmod_bucket(s, SYMBOL_BUCKETS_NR),
				(uint32_t)i,
			};
	}
	qsort(syms->items, syms->nr, sizeof(*syms->items), by_name);
	drop_shadowed(syms);
	return 0;
}

static const struct symbol *find(const struct symbols *syms, const char *name)
{
	uint32_t bucket;

	if (*name == '.')	/* PPC64: the code of a function */
		name++;
	bucket = dw_depmod_bucket(name, SYMBOL_BUCKETS_NR);
	for (size_t lo = syms->first[bucket], hi = syms->first[bucket + 1];
	     lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;
		int cmp = strcmp(name, syms->items[mid].name);

		if (!cmp)
			return &syms->items[mid];
		if (cmp < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

static int add_symbols(const struct dw_depmod_job *job,
		       const struct symbols *syms, struct dw_buf *text,
		       struct dw_index *index, struct dw_err *err)
{
	struct dw_buf alias = { 0 };
	int ret = 0;

	for (size_t i = 0; !ret && i < syms->nr; i++) {
		const struct symbol *s = &syms->items[i];
		const char *owner = job->mods[s->owner].name;

		alias.len = 0;
		dw_buf_printf(&alias, "symbol:%s", s->name);
		ret = dw_buf_check(&alias, err);
		if (ret)
			break;
		dw_buf_printf(text, "alias %s %s\n", alias.data, owner);
		ret = dw_index_add(index, alias.data, owner, s->owner, err);
	}
	dw_buf_free(&alias);
	return ret;
}

static int put_symbols(struct dw_depmod_job *job, const struct symbols *syms,
		       struct dw_err *err)
{
	struct dw_buf text = { 0 };
	struct dw_index index = { 0 };
	int ret;

	dw_buf_adds(&text, "# Aliases for symbols, used by symbol_request().\n");
	ret = add_symbols(job, syms, &text, &index, err);
	if (!ret)
		ret = dw_depmod_put(job->out, "modules.symbols", &text, err);
	if (!ret)
		ret = dw_depmod_put_index(job, "modules.symbols.bin",
					  &index, err);
	dw_buf_free(&text);
	dw_index_free(&index);
	return ret;
}

/* ---- edges --------------------------------------------------------------- */

static int add_dep(struct dw_depmod_mod *m, uint32_t dep, size_t *edges_nr,
		   struct dw_err *err)
{
	if (++*edges_nr > DEPS_CAP_NR)
		return dw_fail(err, DW_LIMIT, "modules: they need each other "
			       "more than %u times", DEPS_CAP_NR);
	if (m->deps_nr == m->deps_cap) {
		size_t cap = m->deps_cap * 2 + 4;
		uint32_t *deps = reallocarray(m->deps, cap, sizeof(*deps));

		if (!deps)
			return dw_fail_nomem(err);
		m->deps = deps;
		m->deps_cap = cap;
	}
	m->deps[m->deps_nr++] = dep;
	return 0;
}

/* marks[i] is the number of the last module that was seen to need i, from 1;
 * users[i] counts them. */
static int add_deps(struct dw_depmod_job *job, const struct symbols *syms,
		    uint32_t *marks, uint32_t *users, struct dw_err *err)
{
	size_t edges_nr = 0;
	int ret = 0;

	for (size_t i = 0; !ret && i < job->mods_nr; i++) {
		struct dw_depmod_mod *m = &job->mods[i];
		const struct dw_buf *needs = &m->facts.list[DW_FACT_NEED];

		for (const char *s = NULL; !ret &&
		     (s = dw_fact_next(needs, s));) {
			const struct symbol *sym = find(syms, s);

			if (!sym || marks[sym->owner] == i + 1)
				continue;
			marks[sym->owner] = (uint32_t)i + 1;
			users[sym->owner]++;
			ret = add_dep(m, sym->owner, &edges_nr, err);
		}
		dw_buf_free(&m->facts.list[DW_FACT_NEED]);
	}
	return ret;
}

/* ---- order --------------------------------------------------------------- */

/* What is not ranked has a user that is not ranked either: going from user to
 * user comes round.  It is told in the other direction. */
static int fail_cycle(const struct dw_depmod_job *job, uint32_t *users,
		      uint32_t *user_of, struct dw_err *err)
{
	uint32_t at = 0, start, *next = users;
	struct dw_buf text = { 0 };
	int ret;

	for (uint32_t i = 0; i < job->mods_nr; i++)
		for (size_t d = 0; users[i] && d < job->mods[i].deps_nr; d++)
			user_of[job->mods[i].deps[d]] = i;
	while (!users[at])
		at++;
	for (size_t n = 0; n < job->mods_nr; n++)
		at = user_of[at];
	start = at;
	do {
		next[user_of[at]] = at;
		at = user_of[at];
	} while (at != start);
	dw_buf_adds(&text, job->mods[start].name);
	do {
		at = next[at];
		dw_buf_printf(&text, " -> %s", job->mods[at].name);
	} while (at != start);
	ret = dw_buf_check(&text, err);
	if (!ret)
		ret = dw_fail(err, DW_CORRUPT, "modules that need each other: "
			      "%s", text.data);
	dw_buf_free(&text);
	return ret;
}

/* Whose users are all ranked comes next, the one found last first: kmod's
 * order. */
static int rank(struct dw_depmod_job *job, uint32_t *roots, uint32_t *users,
		struct dw_err *err)
{
	size_t roots_nr = 0, ranked_nr = 0;

	for (uint32_t i = 0; i < job->mods_nr; i++)
		if (!users[i])
			roots[roots_nr++] = i;
	while (roots_nr) {
		uint32_t i = roots[--roots_nr];
		struct dw_depmod_mod *m = &job->mods[i];

		m->rank = (uint32_t)ranked_nr;
		job->ranked[ranked_nr++] = i;
		for (size_t d = 0; d < m->deps_nr; d++)
			if (!--users[m->deps[d]])
				roots[roots_nr++] = m->deps[d];
	}
	if (ranked_nr < job->mods_nr)
		return fail_cycle(job, users, roots, err);
	return 0;
}

int dw_depmod_resolve(struct dw_depmod_job *job, struct dw_err *err)
{
	struct symbols syms = { 0 };
	uint32_t *marks = calloc(job->mods_nr + 1, sizeof(*marks));
	uint32_t *users = calloc(job->mods_nr + 1, sizeof(*users));
	int ret = 0;

	job->ranked = calloc(job->mods_nr + 1, sizeof(*job->ranked));
	if (!marks || !users || !job->ranked)
		ret = dw_fail_nomem(err);
	if (!ret)
		ret = collect(job, &syms, err);
	if (!ret)
		ret = add_deps(job, &syms, marks, users, err);
	if (!ret)
		ret = rank(job, marks, users, err);
	if (!ret)
		ret = put_symbols(job, &syms, err);
	free(syms.items);
	free(marks);
	free(users);
	return ret;
}
