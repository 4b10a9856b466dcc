/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Boot configurations: what the three dialects share. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "boot/bootconf_impl.h"

const struct dw_bootconf_ops *dw_bootconf_ops_of(enum dw_bootconf_kind kind)
{
	switch (kind) {
	case DW_BOOTCONF_EXTLINUX:
		return &dw_extlinux_ops;
	case DW_BOOTCONF_MENULST:
		return &dw_menulst_ops;
	default:
		return &dw_grubcfg_ops;
	}
}

static void free_entry(struct dw_boot_entry *e)
{
	unsigned i;

	free(e->title);
	free(e->label);
	free(e->kernel);
	free(e->args);
	free(e->root);
	for (i = 0; i < e->initrds_nr; i++)
		free(e->initrds[i]);
}

/* Forgets what was read, but for the text. */
static void clear(struct dw_bootconf *bc)
{
	size_t i;

	for (i = 0; i < bc->entries_nr; i++)
		free_entry(&bc->entries[i]);
	free(bc->entries);
	for (i = 0; i < bc->includes_nr; i++)
		free(bc->includes[i]);
	free(bc->includes);
	free(bc->default_spec);
	bc->entries = NULL;
	bc->entries_nr = 0;
	bc->includes = NULL;
	bc->includes_nr = 0;
	bc->default_spec = NULL;
	bc->default_nr = -1;
	bc->timeout_ds = -1;
}

void dw_bootconf_free(struct dw_bootconf *bc)
{
	if (!bc)
		return;
	clear(bc);
	dw_text_free(bc->text);
	free(bc);
}

int dw_bootconf_reread(struct dw_bootconf *bc, struct dw_err *err)
{
	int ret;

	clear(bc);
	ret = dw_bootconf_ops_of(bc->kind)->read(bc, err);
	if (ret)
		return ret;
	if (bc->default_nr >= 0 && (size_t)bc->default_nr < bc->entries_nr)
		bc->entries[bc->default_nr].is_default = true;
	return 0;
}

int dw_bootconf_parse(enum dw_bootconf_kind kind, const char *data, size_t len,
		      struct dw_bootconf **out, struct dw_err *err)
{
	struct dw_bootconf *bc;
	int ret;

	*out = NULL;
	bc = calloc(1, sizeof(*bc));
	if (!bc)
		return dw_fail_nomem(err);
	bc->kind = kind;
	ret = dw_text_parse(data, len, &bc->text, err);
	if (!ret)
		ret = dw_bootconf_reread(bc, err);
	if (ret)
		dw_bootconf_free(bc);
	else
		*out = bc;
	return ret;
}

int dw_bootconf_edit_entry(struct dw_bootconf *bc, size_t entry_nr,
			   const struct dw_arg_edit *edits, size_t edits_nr,
			   struct dw_err *err)
{
	const struct dw_boot_entry *e;

	if (entry_nr >= bc->entries_nr)
		return dw_fail(err, DW_USAGE, "entry %zu of %zu", entry_nr,
			       bc->entries_nr);
	e = &bc->entries[entry_nr];
	if (e->is_other || !e->kernel)
		return 0;
	return dw_bootconf_ops_of(bc->kind)->edit_entry(bc, e, edits, edits_nr,
							err);
}

/*
 * Lines of defaults are one part of a command line, the rest of which a guest
 * adds: what is not there must not be added to each of them.
 */
int dw_bootconf_edit_defaults(struct dw_bootconf *bc,
			      const struct dw_arg_edit *edits, size_t edits_nr,
			      struct dw_err *err)
{
	struct dw_arg_edit *own;
	size_t i;
	int ret;

	if (!edits_nr)
		return 0;
	own = calloc(edits_nr, sizeof(*own));
	if (!own)
		return dw_fail_nomem(err);
	for (i = 0; i < edits_nr; i++) {
		own[i] = edits[i];
		if (own[i].op == DW_ARG_SET)
			own[i].op = DW_ARG_REPLACE;
	}
	ret = dw_bootconf_ops_of(bc->kind)->edit_defaults(bc, own, edits_nr,
							  err);
	free(own);
	return ret;
}

int dw_bootconf_set_partition(struct dw_bootconf *bc, unsigned part_nr,
			      struct dw_err *err)
{
	if (part_nr < 1 || part_nr > 128)
		return dw_fail(err, DW_USAGE, "partition number %u", part_nr);
	return dw_bootconf_ops_of(bc->kind)->set_partition(bc, part_nr, err);
}

static int replace_in_line(struct dw_text *t, uint32_t line, const char *from,
			   const char *to, struct dw_err *err)
{
	struct dw_span s = t->lines[line].now;
	size_t len = strlen(from);
	struct dw_buf b = { 0 };
	const char *hit;
	int ret;

	while ((hit = memmem(s.p, s.len, from, len))) {
		dw_buf_add(&b, s.p, (size_t)(hit - s.p));
		dw_buf_adds(&b, to);
		s.len -= (size_t)(hit - s.p) + len;
		s.p = hit + len;
	}
	if (!b.len)
		return dw_buf_check(&b, err);
	dw_buf_add(&b, s.p, s.len);
	ret = dw_buf_check(&b, err);
	if (!ret)
		ret = dw_text_set(t, line, b.data, b.len, err);
	dw_buf_free(&b);
	return ret;
}

int dw_bootconf_replace(struct dw_bootconf *bc, const char *from,
			const char *to, struct dw_err *err)
{
	struct dw_text *t = bc->text;
	uint32_t i;
	int ret;

	if (!*from || !*to)
		return dw_fail(err, DW_USAGE, "nothing cannot be replaced");
	for (i = t->first; i != DW_NO_LINE; i = t->lines[i].next) {
		if (t->lines[i].removed)
			continue;
		ret = replace_in_line(t, i, from, to, err);
		if (ret)
			return ret;
	}
	return 0;
}

int dw_bootconf_new_entry(struct dw_bootconf *bc, struct dw_boot_entry **out,
			  struct dw_err *err)
{
	struct dw_boot_entry *e;

	*out = NULL;
	if (bc->entries_nr == DW_BOOT_MAX_ENTRIES)
		return dw_fail(err, DW_LIMIT, "more than %u boot entries",
			       DW_BOOT_MAX_ENTRIES);
	/* Grows by doubling: at powers of two the array is full. */
	if (!(bc->entries_nr & (bc->entries_nr - 1))) {
		size_t cap = bc->entries_nr ? bc->entries_nr * 2 : 1;

		e = realloc(bc->entries, cap * sizeof(*e));
		if (!e)
			return dw_fail_nomem(err);
		bc->entries = e;
	}
	*out = &bc->entries[bc->entries_nr++];
	memset(*out, 0, sizeof(**out));
	return 0;
}

int dw_boot_set(char **field, struct dw_span s, struct dw_err *err)
{
	char *copy = dw_span_dup(s);

	if (!copy)
		return dw_fail_nomem(err);
	free(*field);
	*field = copy;
	return 0;
}

int dw_boot_add_initrd(struct dw_boot_entry *e, struct dw_span s,
		       struct dw_err *err)
{
	if (!s.len || e->initrds_nr == DW_BOOT_MAX_INITRDS)
		return 0;
	e->initrds[e->initrds_nr] = dw_span_dup(s);
	if (!e->initrds[e->initrds_nr])
		return dw_fail_nomem(err);
	e->initrds_nr++;
	return 0;
}

struct dw_span dw_span_word(struct dw_span *rest)
{
	struct dw_span s = dw_span_trim(*rest), word = s;

	*rest = s;
	if (!s.len)
		return s;
	word.len = 0;
	while (word.len < s.len && s.p[word.len] != ' ' &&
	       s.p[word.len] != '\t')
		word.len++;
	*rest = dw_span_trim((struct dw_span){ s.p + word.len,
					       s.len - word.len });
	return word;
}

bool dw_span_number(struct dw_span s, long *out)
{
	long v = 0;
	size_t i;

	for (i = 0; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		v = v > (LONG_MAX - 9) / 10 ? LONG_MAX / 10
					    : v * 10 + (s.p[i] - '0');
	*out = v;
	return i > 0;
}

struct dw_span dw_line_trimmed(const struct dw_text *t, uint32_t line,
			       size_t *off)
{
	struct dw_span all = t->lines[line].now;
	struct dw_span s = dw_span_trim(all);

	*off = (size_t)(s.p - all.p);
	return s;
}
