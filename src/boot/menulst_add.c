/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adds an entry for one more kernel to menu.lst or grub.conf. */
#include <stdio.h>
#include <string.h>

#include "boot/bootconf_impl.h"
#include "boot/menulst.h"

/* "initrd" as the kernel's line is written, where the other entry has none. */
static int add_initrd(struct dw_boot_copy *copy, uint32_t line,
		      const struct dw_menulst_line *l, struct dw_err *err)
{
	struct dw_span s = copy->t->lines[line].now;
	const char *after = l->command.p + l->command.len;

	dw_buf_add(&copy->line, s.p, (size_t)(l->command.p - s.p));
	dw_buf_adds(&copy->line, "initrd");
	dw_buf_add(&copy->line, after, (size_t)(l->rest.p - after));
	dw_buf_adds(&copy->line, copy->add->initrd);
	return dw_boot_copy_line(copy, err);
}

static int copy_line(struct dw_boot_copy *copy, uint32_t line,
		     struct dw_err *err)
{
	struct dw_span s = copy->t->lines[line].now;
	struct dw_menulst_line l;
	int ret;

	if (!dw_menulst_cut(copy->t, line, &l) ||
	    (dw_span_is(l.command, "initrd") && !copy->add->initrd))
		return 0;
	dw_boot_copy_text(copy, s);
	if (dw_span_is(l.command, "title") && copy->line.len == s.len &&
	    !memcmp(copy->line.data, s.p, s.len))
		dw_buf_printf(&copy->line, " (%s)", copy->add->version);
	ret = dw_boot_copy_line(copy, err);
	if (!ret && dw_span_is(l.command, "kernel") && !copy->e->initrds_nr &&
	    copy->add->initrd)
		ret = add_initrd(copy, line, &l, err);
	return ret;
}

static int copy_entry(struct dw_boot_copy *copy, struct dw_err *err)
{
	const struct dw_boot_entry *e = copy->e;
	bool first = copy->add->make_default;
	uint32_t nr;
	int ret = 0;

	copy->after = first ? dw_boot_line_before(e->first_line)
			    : e->last_line - 1;
	if (!first)
		ret = dw_boot_copy_line(copy, err);
	for (nr = e->first_line; nr <= e->last_line && !ret; nr++)
		ret = copy_line(copy, nr - 1, err);
	if (!ret && first)
		ret = dw_boot_copy_line(copy, err);
	return ret;
}

/* ---- entries are counted from 0 ----------------------------------------- */

/* "fallback 1 2": what stands behind the new entry counts one more. */
static int shift_numbers(struct dw_text *t, uint32_t line,
			 const struct dw_menulst_line *l, long at,
			 struct dw_err *err)
{
	struct dw_span rest = l->rest, word;
	struct dw_buf b = { 0 };
	bool all = true;
	long v;
	int ret;

	while ((word = dw_span_word(&rest)).len) {
		all &= dw_span_number(word, &v);
		dw_buf_printf(&b, "%s%ld", b.len ? " " : "",
			      all && v >= at ? v + 1 : v);
	}
	ret = dw_buf_check(&b, err);
	if (!ret && all && b.len)
		ret = dw_text_splice(t, line, l->off, l->rest.len, b.data,
				     b.len, err);
	dw_buf_free(&b);
	return ret;
}

static int set_default(struct dw_text *t, uint32_t line,
		       const struct dw_menulst_line *l, long nr,
		       struct dw_err *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", nr);
	return dw_text_splice(t, line, l->off, l->rest.len, text,
			      strlen(text), err);
}

static int edit_numbers(struct dw_bootconf *bc, const struct dw_boot_add *add,
			struct dw_err *err)
{
	long at = (long)add->like + !add->make_default;
	uint32_t end = bc->entries[0].first_line - 1, line;
	struct dw_menulst_line l;
	struct dw_text *t = bc->text;
	bool has_default = false;
	int ret = 0;

	for (line = 0; line < end && !ret; line++) {
		if (!dw_menulst_cut(t, line, &l))
			continue;
		if (dw_span_is(l.command, "fallback")) {
			ret = shift_numbers(t, line, &l, at, err);
		} else if (dw_span_is(l.command, "default")) {
			has_default = true;
			ret = add->make_default
				? set_default(t, line, &l, at, err)
				: shift_numbers(t, line, &l, at, err);
		}
	}
	if (!ret && !has_default && add->make_default && at) {
		char text[40];

		snprintf(text, sizeof(text), "default %ld", at);
		ret = dw_text_insert(t, DW_NO_LINE, text, strlen(text), err);
	}
	return ret;
}

int dw_menulst_add(struct dw_bootconf *bc, const struct dw_boot_add *add,
		   struct dw_err *err)
{
	struct dw_boot_copy copy;
	int ret = edit_numbers(bc, add, err);

	dw_boot_copy_init(&copy, bc, add);
	if (!ret)
		ret = copy_entry(&copy, err);
	dw_buf_free(&copy.line);
	return ret;
}
