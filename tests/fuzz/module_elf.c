/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Modules and what depmod makes of them: an ELF object, depmod.d, an index of
 * the words of a text, and modules that need each other as a text says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/lines.h"
#include "fuzz.h"
#include "kmod/depmod_conf.h"
#include "kmod/depmod_impl.h"

enum { OBJECT, CONFIGURATION, INDEX, GRAPH, MODES_NR };

#define MODS_MAX 300u

/* ---- indexes ------------------------------------------------------------- */

struct reader {
	const uint8_t *p, *end;
};

static uint32_t next32(struct reader *r)
{
	if (r->end - r->p < 4)
		fuzz_fail("an index ends too soon");
	r->p += 4;
	return dw_be32(r->p - 4);
}

static const char *next_string(struct reader *r)
{
	const uint8_t *s = r->p;

	r->p = memchr(s, 0, (size_t)(r->end - s));
	if (!r->p)
		fuzz_fail("a string in an index does not end");
	r->p++;
	return (const char *)s;
}

/* The node of a child, 0 for none; r is behind the table then. */
static uint32_t next_child(struct reader *r, uint8_t c)
{
	uint32_t ref = 0, child;
	uint8_t first, last;

	if (r->end - r->p < 2)
		fuzz_fail("an index ends in a node");
	first = *r->p++;
	last = *r->p++;
	for (unsigned at = first; at <= last; at++) {
		child = next32(r);
		if (at == c)
			ref = child;
	}
	return ref;
}

/* How often an index has a value under a key, as modprobe looks it up. */
static size_t find(const struct dw_buf *file, const char *key, const char *value)
{
	const uint8_t *start = (const uint8_t *)file->data;
	uint32_t ref = dw_be32(start + 8);
	size_t found = 0;

	for (;;) {
		struct reader r = { start + (ref & 0xfffffff),
				    start + file->len };
		uint32_t child = 0, nr;

		if (r.p > r.end)
			fuzz_fail("a node of an index is outside");
		if (ref & 0x80000000) {
			const char *prefix = next_string(&r);
			size_t len = strlen(prefix);

			if (strncmp(prefix, key, len))
				return 0;
			key += len;
		}
		if (ref & 0x20000000)
			child = next_child(&r, (uint8_t)*key);
		if (!*key) {
			nr = ref & 0x40000000 ? next32(&r) : 0;
			while (nr--) {
				next32(&r);
				found += !strcmp(next_string(&r), value);
			}
			return found;
		}
		if (!child)
			return 0;
		ref = child;
		key++;
	}
}

/* Each entry is found as often as it was added. */
static void write_index(struct fuzz *z, const struct dw_index *index)
{
	struct dw_buf file = { 0 };

	if (!fuzz_result(z, dw_index_write(index, &file, &z->err)))
		for (size_t i = 0; i < index->nr && i < 200; i++) {
			const char *text = index->text.data;
			const char *key = text + index->entries[i].key;
			const char *value = text + index->entries[i].value;
			size_t want = 0;

			for (size_t k = 0; k < index->nr; k++)
				want += !strcmp(text + index->entries[k].key,
						key) &&
					!strcmp(text + index->entries[k].value,
						value);
			if (find(&file, key, value) != want)
				fuzz_fail("'%s' of '%s' is not %zu times there",
					  value, key, want);
		}
	dw_buf_free(&file);
}

static void index_words(struct fuzz *z)
{
	struct dw_span text = { (const char *)z->data, z->len }, word;
	struct dw_index index = { 0 };
	char key[512];
	size_t pos = 0;
	int ret = 0;

	for (uint32_t i = 0; !ret && i < 2000 &&
	     dw_word_next(text, &pos, &word); i++) {
		dw_span_copy(word, key, sizeof(key));
		ret = dw_index_add(&index, key, key + strlen(key) / 2,
				   i % (1u + z->ctl[FUZZ_OWN]), &z->err);
	}
	if (!fuzz_result(z, ret))
		write_index(z, &index);
	dw_index_free(&index);
}

/* ---- modules ------------------------------------------------------------- */

static void object(struct fuzz *z)
{
	struct dw_index index = { 0 };
	struct dw_module_facts facts;
	char alias[DW_DEPMOD_ALIAS_MAX];
	const char *s = NULL;
	int ret;

	ret = fuzz_result(z, dw_module_facts((const char *)z->data, z->len,
					     &facts, &z->err));
	if (facts.damage.code && facts.damage.code != DW_CORRUPT)
		fuzz_fail("damage of %d", (int)facts.damage.code);
	while (!ret && (s = dw_fact_next(&facts.list[DW_FACT_ALIAS], s)))
		if (dw_depmod_alias(s, alias))
			ret = dw_index_add(&index, alias, "m", 0, &z->err);
	if (!ret)
		write_index(z, &index);
	dw_index_free(&index);
	dw_module_facts_free(&facts);
}

static void configuration(struct fuzz *z)
{
	static const struct dw_depmod_place places[] = {
		{ "/m/kernel/a.ko", 3, 11 },
		{ "/m/updates/a.ko", 3, 12 },
		{ "/opt/a.ko", 0, 6 },
	};
	struct dw_depmod_conf conf = { 0 };

	if (!fuzz_result(z, dw_depmod_conf_parse(&conf, (const char *)z->data,
						 z->len, "6.1.0-50-amd64",
						 &z->err))) {
		dw_depmod_excludes(&conf, "kernel");
		for (int i = 0; i < 9; i++)
			dw_depmod_stays(&conf, &places[i / 3], &places[i % 3]);
	}
	dw_depmod_conf_free(&conf);
}

/* A line is a module: what it exports, and behind ':' what it needs. */
static void add_words(struct dw_module_facts *facts, struct dw_span line)
{
	enum dw_fact fact = DW_FACT_EXPORT;
	struct dw_span word;
	size_t pos = 0;

	line.len = strnlen(line.p, line.len);
	while (dw_word_next(line, &pos, &word)) {
		if (dw_span_is(word, ":")) {
			fact = DW_FACT_NEED;
			continue;
		}
		dw_buf_add(&facts->list[fact], word.p, word.len);
		dw_buf_add(&facts->list[fact], "", 1);
	}
}

static void graph(struct fuzz *z)
{
	static struct dw_depmod_mod mods[MODS_MAX];
	static char names[MODS_MAX][16];
	struct dw_lines walk = { .p = (const char *)z->data, .len = z->len };
	struct dw_depmod lists = { 0 };
	struct dw_depmod_job job = {
		.ctx = z->ctx, .dir = "/m", .mods = mods, .out = &lists,
	};
	struct dw_line line;
	int ret;

	while (job.mods_nr < MODS_MAX && dw_lines_next(&walk, &line)) {
		struct dw_depmod_mod *m = &mods[job.mods_nr];

		memset(m, 0, sizeof(*m));
		snprintf(names[job.mods_nr], sizeof(names[0]), "m%zu",
			 job.mods_nr);
		m->name = names[job.mods_nr++];
		m->path = m->name;
		add_words(&m->facts, line.text);
	}
	ret = fuzz_result(z, dw_depmod_resolve(&job, &z->err));
	if (!ret)
		ret = fuzz_result(z, dw_depmod_put_deps(&job, &z->err));
	if (!ret && lists.files_nr != 4)
		fuzz_fail("%zu lists", lists.files_nr);
	for (size_t i = 0; i < job.mods_nr; i++) {
		dw_module_facts_free(&mods[i].facts);
		free(mods[i].deps);
	}
	free(job.ranked);
	dw_depmod_free(&lists);
}

static void run(struct fuzz *z)
{
	static void (*const modes[])(struct fuzz *z) = {
		object, configuration, index_words, graph,
	};

	modes[z->mode](z);
}

const struct fuzz_target fuzz_target = {
	.name = "module_elf",
	.modes_nr = MODES_NR,
	.plain = true,
	.run = run,
};
