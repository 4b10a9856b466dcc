/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What modprobe loads before a module that does not depend on it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/read_text.h"
#include "kmod/softdep.h"

/* A distribution has some 10 KiB of the one and 1 MiB of the other. */
#define SOFTDEP_CAP_LEN (1u << 20)
#define ALIAS_CAP_LEN	(16u << 20)
/* Modules of one alias; those of ciphers have ten. */
#define TARGETS_MAX	1000

struct pair {
	char name[DW_MODULE_NAME];
	struct dw_span rest;	/* of its line */
};

struct pairs {
	char *text;
	struct pair *items;	/* sorted by name */
	size_t nr, cap;
};

struct dw_softdeps {
	struct pairs softdep, alias;
};

/* False where it is too long for a module. */
static bool copy_name(struct dw_span s, char out[DW_MODULE_NAME])
{
	if (!s.len || s.len >= DW_MODULE_NAME)
		return false;
	dw_span_copy(s, out, DW_MODULE_NAME);
	for (char *p = out; *p; p++)
		if (*p == '-')
			*p = '_';
	return true;
}

static int add(struct pairs *p, struct dw_span name, struct dw_span rest,
	       struct dw_err *err)
{
	struct pair *item;

	if (p->nr == p->cap) {
		size_t cap = p->cap * 2 + 64;

		item = realloc(p->items, cap * sizeof(*item));
		if (!item)
			return dw_fail_nomem(err);
		p->items = item;
		p->cap = cap;
	}
	item = &p->items[p->nr];
	item->rest = rest;
	p->nr += copy_name(name, item->name);
	return 0;
}

/* Lines "KEYWORD NAME REST"; names with any of 'but' in them are left out. */
static int parse(struct pairs *p, const char *text, size_t len,
		 const char *keyword, const char *but, struct dw_err *err)
{
	struct dw_lines walk;
	struct dw_line line;
	int ret = 0;

	if (!text)
		return 0;
	p->text = malloc(len + 1);
	if (!p->text)
		return dw_fail_nomem(err);
	memcpy(p->text, text, len);
	p->text[len] = '\0';
	walk = (struct dw_lines){ .p = p->text, .len = len };
	while (!ret && dw_lines_next(&walk, &line)) {
		struct dw_span word, name;
		size_t pos = 0;

		if (!dw_word_next(line.text, &pos, &word) ||
		    !dw_span_is(word, keyword) ||
		    !dw_word_next(line.text, &pos, &name))
			continue;
		for (word = name; word.len && !strchr(but, word.p[0]);)
			word = dw_span_skip(word, 1);
		if (!word.len)
			ret = add(p, name, dw_span_skip(line.text, pos), err);
	}
	return ret;
}

/* Of one name in the order of the text. */
static int by_name(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : x->rest.p < y->rest.p ? -1 : x->rest.p > y->rest.p;
}

int dw_softdeps_parse(const char *softdep, size_t softdep_len,
		      const char *alias, size_t alias_len,
		      struct dw_softdeps **out, struct dw_err *err)
{
	struct dw_softdeps *s = calloc(1, sizeof(*s));
	int ret;

	*out = NULL;
	if (!s)
		return dw_fail_nomem(err);
	ret = parse(&s->softdep, softdep, softdep_len, "softdep", "", err);
	if (!ret)
		ret = parse(&s->alias, alias, alias_len, "alias", "*?[:", err);
	if (ret) {
		dw_softdeps_free(s);
		return ret;
	}
	if (s->softdep.nr)
		qsort(s->softdep.items, s->softdep.nr, sizeof(struct pair),
		      by_name);
	if (s->alias.nr)
		qsort(s->alias.items, s->alias.nr, sizeof(struct pair),
		      by_name);
	*out = s;
	return 0;
}

void dw_softdeps_free(struct dw_softdeps *s)
{
	if (!s)
		return;
	free(s->softdep.items);
	free(s->softdep.text);
	free(s->alias.items);
	free(s->alias.text);
	free(s);
}

int dw_softdeps_open(struct dw_fs *fs, const struct dw_modules *mods,
		     struct dw_softdeps **out, struct dw_err *err)
{
	char path[600], *softdep = NULL, *alias = NULL;
	size_t softdep_len, alias_len = 0;
	int ret;

	*out = NULL;
	snprintf(path, sizeof(path), "%s/modules.softdep",
		 dw_modules_dir(mods));
	ret = dw_fs_read_text(fs, path, SOFTDEP_CAP_LEN, &softdep,
			      &softdep_len, err);
	snprintf(path, sizeof(path), "%s/modules.alias", dw_modules_dir(mods));
	if (!ret && softdep)
		ret = dw_fs_read_text(fs, path, ALIAS_CAP_LEN, &alias,
				      &alias_len, err);
	if (!ret)
		ret = dw_softdeps_parse(softdep, softdep_len, alias, alias_len,
					out, err);
	free(softdep);
	free(alias);
	return ret;
}

/* The first that comes at or, with 'behind', behind a name. */
static size_t bound(const struct pairs *p, const char *key, bool behind)
{
	size_t low = 0, high = p->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(p->items[mid].name, key) < behind)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The range of those of a name. */
static size_t find(const struct pairs *p, const char *name, size_t *end)
{
	char key[DW_MODULE_NAME];

	*end = 0;
	if (!copy_name(dw_span_of(name), key))
		return 0;
	*end = bound(p, key, true);
	return bound(p, key, false);
}

/* "pre: a b post: c" */
static int pre_of(struct dw_span rest, dw_module_fn fn, void *arg)
{
	char name[DW_MODULE_NAME];
	struct dw_span word;
	bool pre = false;
	size_t pos = 0;
	int ret = 0;

	while (!ret && dw_word_next(rest, &pos, &word)) {
		if (word.p[word.len - 1] == ':')
			pre = dw_span_is(word, "pre:");
		else if (pre && copy_name(word, name))
			ret = fn(arg, name);
	}
	return ret;
}

int dw_softdeps_pre(const struct dw_softdeps *s, const char *name,
		    dw_module_fn fn, void *arg)
{
	size_t end, i = find(&s->softdep, name, &end);
	int ret = 0;

	for (; !ret && i < end; i++)
		ret = pre_of(s->softdep.items[i].rest, fn, arg);
	return ret;
}

int dw_softdeps_alias(const struct dw_softdeps *s, const char *alias,
		      dw_module_fn fn, void *arg, struct dw_err *err)
{
	size_t end, i = find(&s->alias, alias, &end);
	char name[DW_MODULE_NAME];
	int ret = 0;

	if (end - i > TARGETS_MAX)
		return dw_fail(err, DW_LIMIT, "modules.alias: %s stands for "
			       "more than %u modules", alias, TARGETS_MAX);
	for (; !ret && i < end; i++)
		if (copy_name(dw_span_trim(s->alias.items[i].rest), name))
			ret = fn(arg, name);
	return ret;
}
