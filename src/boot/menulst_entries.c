/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The default of a menu.lst or grub.conf, and a new entry at its end. */
#include <stdio.h>
#include <string.h>

#include "base/lines.h"
#include "boot/bootconf_impl.h"
#include "boot/menulst.h"

/* "default=0" keeps its '=', "default 0" its blank. */
static int set_value(struct dw_text *t, uint32_t line,
		     const struct dw_menulst_line *l, const char *nr,
		     struct dw_err *err)
{
	char whole[40];

	if (l->rest.len)
		return dw_text_splice(t, line, l->off, l->rest.len, nr,
				      strlen(nr), err);
	snprintf(whole, sizeof(whole), "default %s", nr);
	return dw_text_set(t, line, whole, strlen(whole), err);
}

int dw_menulst_set_default(struct dw_bootconf *bc, size_t entry_nr,
			   struct dw_err *err)
{
	struct dw_text *t = bc->text;
	uint32_t i, last = DW_NO_LINE, before = DW_NO_LINE;
	bool has_command = false, found = false;
	struct dw_menulst_line l;
	char nr[24], line[40];
	int ret = 0;

	snprintf(nr, sizeof(nr), "%zu", entry_nr);
	for (i = t->first; i != DW_NO_LINE && !ret; i = t->lines[i].next) {
		if (t->lines[i].removed)
			continue;
		if (dw_menulst_cut(t, i, &l)) {
			if (!has_command)
				before = last;
			has_command = true;
			if (dw_span_is(l.command, "title"))
				break;
			if (dw_span_is(l.command, "default")) {
				found = true;
				ret = set_value(t, i, &l, nr, err);
			}
		}
		last = i;
	}
	if (ret || found)
		return ret;
	/* In front of the first command, behind what is said above it. */
	snprintf(line, sizeof(line), "default %s", nr);
	return dw_text_insert(t, has_command ? before : last, line, strlen(line), err);
}

static uint32_t last_line(const struct dw_text *t)
{
	uint32_t i, last = DW_NO_LINE;

	for (i = t->first; i != DW_NO_LINE; i = t->lines[i].next)
		last = i;
	return last;
}

int dw_menulst_add_entry(struct dw_bootconf *bc,
			 const struct dw_boot_spec_entry *entry,
			 const char *root, struct dw_err *err)
{
	uint32_t at = last_line(bc->text), added;
	struct dw_buf b = { 0 };
	struct dw_lines walk;
	struct dw_line line;
	int ret;

	ret = dw_menulst_entry_text(&b, root, entry, err);
	walk = (struct dw_lines){ .p = b.data, .len = b.len };
	while (!ret && dw_lines_next(&walk, &line)) {
		added = bc->text->lines_nr;
		ret = dw_text_insert(bc->text, at, line.text.p, line.text.len,
				     err);
		at = added;
	}
	dw_buf_free(&b);
	return ret;
}
