/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes kernel arguments and devices in a grub.cfg. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/bootconf_impl.h"
#include "boot/grubcfg.h"

/*
 * Several statements may share a line, so changes are noted while walking and
 * made from the last to the first: what was noted stays where it was.  Each
 * change copies a line, so their number has an end.
 */
#define MAX_NOTES 8192

struct note {
	struct dw_words words;	/* kernel arguments from words.w[from] on */
	size_t from;
	bool no_add;
	char *with;		/* or: what the one word becomes */
};

struct notes {
	struct note *list;
	size_t nr, cap;
};

static void free_notes(struct notes *n)
{
	size_t i;

	for (i = 0; i < n->nr; i++) {
		dw_words_free(&n->list[i].words);
		free(n->list[i].with);
	}
	free(n->list);
}

static int add_note(struct notes *n, struct note **out, struct dw_err *err)
{
	struct note *list;

	if (n->nr == MAX_NOTES)
		return dw_fail(err, DW_LIMIT, "grub.cfg: more than %u places "
			       "to change", MAX_NOTES);
	if (n->nr == n->cap) {
		list = realloc(n->list, (n->cap + n->cap / 2 + 8) *
			       sizeof(*list));
		if (!list)
			return dw_fail_nomem(err);
		n->list = list;
		n->cap += n->cap / 2 + 8;
	}
	*out = &n->list[n->nr++];
	memset(*out, 0, sizeof(**out));
	return 0;
}

/* What does not add: for the lines of modules, which may be initrds.  All in
 * one go, for the first change moves the words behind it. */
static int edit_words_there(struct dw_text *t, const struct note *n,
			    const struct dw_arg_edit *edits, size_t edits_nr,
			    struct dw_err *err)
{
	struct dw_arg_edit *kept;
	size_t i, nr = 0;
	int ret;

	kept = calloc(edits_nr + 1, sizeof(*kept));
	if (!kept)
		return dw_fail_nomem(err);
	for (i = 0; i < edits_nr; i++) {
		if (edits[i].op == DW_ARG_ADD)
			continue;
		kept[nr] = edits[i];
		if (kept[nr].op == DW_ARG_SET)
			kept[nr].op = DW_ARG_REPLACE;
		nr++;
	}
	ret = dw_words_edit(t, &n->words, n->from, kept, nr, err);
	free(kept);
	return ret;
}

static int apply_note(struct dw_text *t, const struct note *n,
		      const struct dw_arg_edit *edits, size_t edits_nr,
		      struct dw_err *err)
{
	if (n->with)
		return dw_text_splice(t, n->words.w[0].line, n->words.w[0].off,
				      n->words.w[0].len, n->with,
				      strlen(n->with), err);
	if (n->no_add)
		return edit_words_there(t, n, edits, edits_nr, err);
	return dw_words_edit(t, &n->words, n->from, edits, edits_nr, err);
}

static int apply(struct dw_text *t, const struct notes *n,
		 const struct dw_arg_edit *edits, size_t edits_nr,
		 struct dw_err *err)
{
	size_t i;
	int ret = 0;

	for (i = n->nr; i-- > 0 && !ret; )
		ret = apply_note(t, &n->list[i], edits, edits_nr, err);
	return ret;
}

/* ---- arguments of one entry -------------------------------------------- */

struct entry_walk {
	long entry_nr;
	struct notes notes;
};

static int note_kernel(void *arg, const struct dw_text *t,
		       const struct dw_grubcfg_stmt *s, struct dw_err *err)
{
	struct entry_walk *w = arg;
	struct note *n;
	size_t i;
	int ret;

	if (s->entry_nr != w->entry_nr || s->event != DW_GRUB_STMT ||
	    s->words.nr < 2 ||
	    (!dw_grubcfg_is_linux(t, s) && !dw_grubcfg_is_module(t, s)))
		return 0;
	ret = add_note(&w->notes, &n, err);
	for (i = 0; i < s->words.nr && !ret; i++)
		ret = dw_words_add(&n->words, s->words.w[i].line,
				   s->words.w[i].off, s->words.w[i].len, err);
	if (ret)
		return ret;
	n->from = 2;
	n->no_add = dw_grubcfg_is_module(t, s);
	return 0;
}

int dw_grubcfg_edit_entry(struct dw_bootconf *bc,
			  const struct dw_boot_entry *e,
			  const struct dw_arg_edit *edits, size_t edits_nr,
			  struct dw_err *err)
{
	struct entry_walk w = { .entry_nr = e - bc->entries };
	int ret;

	ret = dw_grubcfg_walk(bc->text, note_kernel, &w, err);
	if (!ret)
		ret = apply(bc->text, &w.notes, edits, edits_nr, err);
	free_notes(&w.notes);
	return ret;
}

/* ---- set kernelopts="..." ---------------------------------------------- */

static int split_value(struct dw_words *out, const struct dw_word *w,
		       size_t off, struct dw_span v, struct dw_err *err)
{
	size_t i = 0, start;
	int ret = 0;

	while (i < v.len && !ret) {
		while (i < v.len && strchr(" \t\"'", v.p[i]))
			i++;
		start = i;
		while (i < v.len && !strchr(" \t\"'", v.p[i]))
			i++;
		if (i > start)
			ret = dw_words_add(out, w->line, w->off + off + start,
					   i - start, err);
	}
	return ret;
}

static int note_kernelopts(void *arg, const struct dw_text *t,
			   const struct dw_grubcfg_stmt *s, struct dw_err *err)
{
	struct notes *notes = arg;
	struct dw_span v;
	struct note *n;
	size_t off;
	int ret;

	if (!dw_grubcfg_is_set(t, s, "kernelopts", &v, &off) &&
	    !dw_grubcfg_is_set(t, s, "default_kernelopts", &v, &off))
		return 0;
	ret = add_note(notes, &n, err);
	return ret ? ret : split_value(&n->words, &s->words.w[1], off, v, err);
}

int dw_grubcfg_edit_defaults(struct dw_bootconf *bc,
			     const struct dw_arg_edit *edits, size_t edits_nr,
			     struct dw_err *err)
{
	struct notes notes = { 0 };
	int ret;

	ret = dw_grubcfg_walk(bc->text, note_kernelopts, &notes, err);
	if (!ret)
		ret = apply(bc->text, &notes, edits, edits_nr, err);
	free_notes(&notes);
	return ret;
}

/* ---- the disk becomes a partition -------------------------------------- */

struct part_walk {
	unsigned part_nr;
	struct notes notes;
};

static int note_word(struct notes *notes, const struct dw_word *w, size_t off,
		     size_t len, const char *with, struct dw_err *err)
{
	struct note *n;
	int ret = add_note(notes, &n, err);

	if (!ret)
		ret = dw_words_add(&n->words, w->line, w->off + off, len, err);
	if (ret)
		return ret;
	n->with = strdup(with);
	return n->with ? 0 : dw_fail_nomem(err);
}

/* The first disk as a whole: hd0, and the names that GRUB's own tools make up
 * in a Xen guest; PyGrub understands the first and the last. */
static bool is_first_disk(struct dw_span v)
{
	return dw_span_is(v, "hd0") || dw_span_starts(v, "xen/") ||
	       dw_span_starts(v, "hostdisk/") || dw_span_is(v, "/dev/xvda");
}

static int note_set_root(struct part_walk *w, const struct dw_grubcfg_stmt *s,
			 struct dw_span v, size_t off, struct dw_err *err)
{
	char with[32];

	if (v.len >= 2 && (v.p[0] == '"' || v.p[0] == '\'')) {
		v = (struct dw_span){ v.p + 1, v.len - 2 };
		off++;
	}
	if (v.len >= 2 && v.p[0] == '(') {
		v = (struct dw_span){ v.p + 1, v.len - 2 };
		off++;
	}
	if (!is_first_disk(v))
		return 0;
	snprintf(with, sizeof(with), "hd0,msdos%u", w->part_nr);
	return note_word(&w->notes, &s->words.w[1], off, v.len, with, err);
}

/* (hd0)/boot/... */
static int note_path(struct part_walk *w, const struct dw_text *t,
		     const struct dw_word *word, struct dw_err *err)
{
	struct dw_span s = dw_word_span(t, *word);
	size_t off = s.len && (s.p[0] == '"' || s.p[0] == '\'');
	char with[32];

	s = (struct dw_span){ s.p + off, s.len - off };
	if (!dw_span_starts(s, "(hd0)"))
		return 0;
	snprintf(with, sizeof(with), "(hd0,msdos%u)", w->part_nr);
	return note_word(&w->notes, word, off, strlen("(hd0)"), with, err);
}

static int note_disk(void *arg, const struct dw_text *t,
		     const struct dw_grubcfg_stmt *s, struct dw_err *err)
{
	struct part_walk *w = arg;
	struct dw_span v;
	size_t off, i;
	int ret = 0;

	if (dw_grubcfg_is_set(t, s, "root", &v, &off))
		return note_set_root(w, s, v, off, err);
	if (dw_grubcfg_is_linux(t, s) || dw_grubcfg_is_multiboot(t, s) ||
	    dw_grubcfg_is_module(t, s))
		return s->words.nr > 1 ? note_path(w, t, &s->words.w[1], err)
				       : 0;
	if (dw_grubcfg_is_initrd(t, s))
		for (i = 1; i < s->words.nr && !ret; i++)
			ret = note_path(w, t, &s->words.w[i], err);
	return ret;
}

int dw_grubcfg_set_partition(struct dw_bootconf *bc, unsigned part_nr,
			     struct dw_err *err)
{
	struct part_walk w = { .part_nr = part_nr };
	int ret;

	ret = dw_grubcfg_walk(bc->text, note_disk, &w, err);
	if (!ret)
		ret = apply(bc->text, &w.notes, NULL, 0, err);
	free_notes(&w.notes);
	return ret;
}
