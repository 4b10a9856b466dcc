/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PyGrub's reading of menu.lst and grub.conf. */
#include <stdlib.h>
#include <string.h>

#include "boot/pygrub_text.h"

/* One line of an entry, split at '=' or white space. */
static bool read_entry_line(struct dw_pygrub_conf *c,
			    struct dw_pygrub_image *i,
			    const struct dw_pygrub_line *l)
{
	struct dw_span piece[2] = { { NULL, 0 }, { "", 0 } };

	dw_pygrub_split(c->py, l->s, 2, piece);
	piece[1] = dw_py_strip(c->py, piece[1]);
	if (dw_span_is(piece[0], "root") ||
	    dw_span_is(piece[0], "rootnoverify"))
		return dw_pygrub_check_disk(c, piece[1], l->nr);
	if (dw_span_is(piece[0], "kernel"))
		return dw_pygrub_set_kernel(c, i, piece[1], l->nr);
	if (dw_span_is(piece[0], "initrd"))
		return dw_pygrub_get_path(c, piece[1], l->nr, &i->initrd);
	return true;
}

static int add_entry(struct dw_pygrub_conf *c, struct dw_span title,
		     uint32_t line_nr, const struct dw_pygrub_lines *lines,
		     struct dw_err *err)
{
	struct dw_pygrub_image *i;
	size_t k;
	int ret = dw_pygrub_new_image(c, &i, err);

	if (ret)
		return ret;
	i->title = dw_py_strip(c->py, title);
	i->line_nr = line_nr;
	for (k = 0; k < lines->nr; k++)
		if (!read_entry_line(c, i, &lines->l[k]))
			break;
	return 0;
}

/* What stands in front of the first title. */
static bool read_global(struct dw_pygrub_conf *c,
			const struct dw_pygrub_line *l)
{
	struct dw_span piece[2] = { { NULL, 0 }, { "", 0 } }, path;

	dw_pygrub_split(c->py, l->s, 2, piece);
	piece[1] = dw_py_strip(c->py, piece[1]);
	if (dw_span_is(piece[0], "default"))
		return dw_pygrub_set_default(c, piece[1], l->nr);
	if (dw_span_is(piece[0], "splashimage"))
		return dw_pygrub_get_path(c, piece[1], l->nr, &path);
	if (dw_span_is(piece[0], "timeout")) {
		c->timeout = piece[1];
		c->timeout_line_nr = l->nr;
	}
	return true;
}

/* A title is what begins so, with or without a blank behind; a last one
 * without any line under it is no entry. */
int dw_pygrub_read_grub1(struct dw_pygrub_conf *c, struct dw_span text,
			 struct dw_err *err)
{
	struct dw_pygrub_lines lines = { 0 };
	struct dw_pygrub_line l = { .nr = 0 };
	struct dw_span title = { "", 0 };
	uint32_t title_nr = 0;
	size_t off = 0;
	int ret = 0;

	while (!ret && c->why == DW_PYGRUB_BOOTS &&
	       dw_pygrub_next_line(c->py, text, &off, &l)) {
		if (!l.s.len || l.s.p[0] == '#')
			continue;
		if (dw_span_starts(l.s, "title")) {
			if (title_nr)
				ret = add_entry(c, title, title_nr, &lines,
						err);
			lines.nr = 0;
			title = dw_py_skip(c->py, l.s, strlen("title "));
			title_nr = l.nr;
		} else if (title_nr) {
			ret = dw_pygrub_keep_line(&lines, &l, err);
		} else {
			read_global(c, &l);
		}
	}
	if (!ret && c->why == DW_PYGRUB_BOOTS && lines.nr)
		ret = add_entry(c, title, title_nr, &lines, err);
	free(lines.l);
	return ret;
}
