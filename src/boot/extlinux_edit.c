/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes kernel arguments in extlinux.conf and syslinux.cfg. */
#include <string.h>

#include "boot/bootconf_impl.h"

static int edit_words(struct dw_text *t, uint32_t line, size_t from,
		      const struct dw_arg_edit *edits, size_t edits_nr,
		      struct dw_err *err)
{
	struct dw_words words = { 0 };
	int ret;

	ret = dw_words_split(t, line, 0, &words, err);
	if (!ret && words.nr)
		ret = dw_words_edit(t, &words, from, edits, edits_nr, err);
	dw_words_free(&words);
	return ret;
}

/* "APPEND -" stands for no arguments: the dash goes once there are some. */
static int drop_dash(struct dw_text *t, uint32_t line, struct dw_err *err)
{
	struct dw_words words = { 0 };
	int ret;

	ret = dw_words_split(t, line, 0, &words, err);
	if (!ret && words.nr > 2 &&
	    dw_span_is(dw_word_span(t, words.w[1]), "-"))
		ret = dw_text_splice(t, line, words.w[1].off,
				     words.w[2].off - words.w[1].off, "", 0,
				     err);
	dw_words_free(&words);
	return ret;
}

static int edit_append(struct dw_text *t, uint32_t line,
		       const struct dw_arg_edit *edits, size_t edits_nr,
		       struct dw_err *err)
{
	int ret = edit_words(t, line, 1, edits, edits_nr, err);

	return ret ? ret : drop_dash(t, line, err);
}

static bool is_global_append(const struct dw_bootconf *bc, uint32_t line)
{
	struct dw_span rest = bc->text->lines[line].now;
	uint32_t nr = bc->text->lines[line].nr;

	return !bc->text->lines[line].removed &&
	       dw_span_is_nocase(dw_span_word(&rest), "append") &&
	       (!bc->entries_nr || nr < bc->entries[0].first_line);
}

/* What an entry without arguments of its own takes; p NULL: nothing. */
static struct dw_span global_append(const struct dw_bootconf *bc)
{
	const struct dw_text *t = bc->text;
	struct dw_span rest = { NULL, 0 };
	uint32_t i;

	for (i = t->first; i != DW_NO_LINE; i = t->lines[i].next) {
		if (!is_global_append(bc, i))
			continue;
		rest = t->lines[i].now;
		dw_span_word(&rest);
	}
	return rest;
}

/*
 * Gives an entry an APPEND line of its own, right behind its KERNEL line
 * (PyGrub wants that order), and drops it again where the edits ask for
 * nothing that the global one does not say.
 */
static int add_append(struct dw_bootconf *bc, const struct dw_boot_entry *e,
		      const struct dw_arg_edit *edits, size_t edits_nr,
		      struct dw_err *err)
{
	uint32_t after = (e->kernel_line ? e->kernel_line : e->first_line) - 1;
	struct dw_text *t = bc->text;
	struct dw_span global = global_append(bc), key = t->lines[after].now;
	struct dw_buf b = { 0 };
	uint32_t line;
	size_t off;
	int ret;

	dw_line_trimmed(t, after, &off);
	dw_buf_add(&b, key.p, off);
	dw_buf_adds(&b, key.len > off && key.p[off] >= 'a' ? "append"
							    : "APPEND");
	if (global.len) {
		dw_buf_adds(&b, " ");
		dw_buf_add(&b, global.p, global.len);
	}
	ret = dw_buf_check(&b, err);
	if (!ret)
		ret = dw_text_insert(t, after, b.data, b.len, err);
	if (ret)
		goto out;
	line = t->lines[after].next;
	ret = edit_append(t, line, edits, edits_nr, err);
	if (ret || (t->lines[line].now.len == b.len &&
		    !memcmp(t->lines[line].now.p, b.data, b.len)))
		dw_text_remove(t, line);
out:
	dw_buf_free(&b);
	return ret;
}

/* Arguments may stand behind KERNEL's file as well; nothing is added there. */
static int edit_kernel_line(struct dw_text *t, uint32_t line,
			    const struct dw_arg_edit *edits, size_t edits_nr,
			    struct dw_err *err)
{
	struct dw_arg_edit e;
	int ret = 0;
	size_t i;

	for (i = 0; i < edits_nr && !ret; i++) {
		e = edits[i];
		if (e.op == DW_ARG_ADD)
			continue;
		if (e.op == DW_ARG_SET)
			e.op = DW_ARG_REPLACE;
		ret = edit_words(t, line, 2, &e, 1, err);
	}
	return ret;
}

int dw_extlinux_edit_entry(struct dw_bootconf *bc,
			   const struct dw_boot_entry *e,
			   const struct dw_arg_edit *edits, size_t edits_nr,
			   struct dw_err *err)
{
	int ret = 0;

	if (e->is_module)
		return 0;
	if (e->kernel_line)
		ret = edit_kernel_line(bc->text, e->kernel_line - 1, edits,
				       edits_nr, err);
	if (ret)
		return ret;
	if (e->stmt == SIZE_MAX)
		return add_append(bc, e, edits, edits_nr, err);
	return edit_append(bc->text, (uint32_t)e->stmt, edits, edits_nr, err);
}

int dw_extlinux_edit_defaults(struct dw_bootconf *bc,
			      const struct dw_arg_edit *edits, size_t edits_nr,
			      struct dw_err *err)
{
	struct dw_text *t = bc->text;
	int ret = 0;
	uint32_t i;

	for (i = t->first; i != DW_NO_LINE && !ret; i = t->lines[i].next)
		if (is_global_append(bc, i))
			ret = edit_append(t, i, edits, edits_nr, err);
	return ret;
}

/* The names of GRUB's disks mean nothing to extlinux. */
int dw_extlinux_set_partition(struct dw_bootconf *bc, unsigned part_nr,
			      struct dw_err *err)
{
	return 0;
}
