/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PyGrub's reading of grub.cfg, line by line and without evaluation. */
#include <stdlib.h>
#include <string.h>

#include "boot/pygrub_text.h"

/*
 * The two pieces of a line.  "set NAME=VALUE" must split into exactly NAME and
 * VALUE, which a second '=' or, without one in the first place, a blank
 * spoils; quotes around VALUE go, and what stands behind them.
 */
struct command {
	struct dw_span name;
	struct dw_span arg;
	bool is_set;
};

static struct dw_span unquote(struct dw_span s)
{
	const char *close;

	if (s.len < 2 || (s.p[0] != '"' && s.p[0] != '\''))
		return s;
	close = memrchr(s.p + 1, s.p[0], s.len - 1);
	if (!close)
		return s;
	return (struct dw_span){ s.p + 1, (size_t)(close - s.p) - 1 };
}

static bool cut(struct dw_pygrub_conf *c, const struct dw_pygrub_line *l,
		struct command *out)
{
	struct dw_span piece[3] = { { NULL, 0 }, { "", 0 }, { NULL, 0 } };

	dw_pygrub_split(c->py, l->s, 2, piece);
	out->is_set = dw_span_is(piece[0], "set");
	if (out->is_set) {
		if (dw_pygrub_split(c->py, piece[1], 3, piece) != 2)
			return dw_pygrub_fault(c, DW_PYGRUB_BAD_VALUE, l->nr,
					       "PyGrub stops at a 'set' that "
					       "is not NAME=VALUE with one "
					       "'='");
		piece[1] = unquote(piece[1]);
	}
	out->name = piece[0];
	out->arg = dw_py_strip(c->py, piece[1]);
	return true;
}

static bool is_linux(struct dw_pygrub_conf *c, struct dw_span name)
{
	return dw_span_is(name, "linux") ||
	       (c->rules != DW_PYGRUB_4_4 && dw_span_is(name, "linux16"));
}

static bool is_initrd(struct dw_pygrub_conf *c, struct dw_span name)
{
	return dw_span_is(name, "initrd") ||
	       (c->rules != DW_PYGRUB_4_4 && dw_span_is(name, "initrd16"));
}

static bool read_entry_line(struct dw_pygrub_conf *c,
			    struct dw_pygrub_image *i,
			    const struct dw_pygrub_line *l)
{
	struct command com;

	if (!cut(c, l, &com))
		return false;
	if (com.is_set)
		return !dw_span_is(com.name, "root") ||
		       dw_pygrub_check_disk(c, com.arg, l->nr);
	if (is_linux(c, com.name))
		return dw_pygrub_set_kernel(c, i, com.arg, l->nr);
	if (is_initrd(c, com.name))
		return dw_pygrub_get_path(c, com.arg, l->nr, &i->initrd);
	return true;
}

static bool read_global(struct dw_pygrub_conf *c,
			const struct dw_pygrub_line *l)
{
	struct command com;

	if (!cut(c, l, &com))
		return false;
	if (!com.is_set)
		return true;
	if (dw_span_is(com.name, "default")) {
		if (dw_span_is(com.arg, "${saved_entry}") ||
		    dw_span_is(com.arg, "${next_entry}"))
			com.arg = (struct dw_span){ "0", 1 };
		return dw_pygrub_set_default(c, com.arg, l->nr);
	}
	if (dw_span_is(com.name, "timeout")) {
		c->timeout = com.arg;
		c->timeout_line_nr = l->nr;
	}
	return true;
}

/*
 * "menuentry", one space, a quote, the title, a quote, a space, and somewhere
 * behind it a brace.  The title ends at the first quote that a space follows
 * (4.17), or at the last such before the last brace (4.4).
 */
static bool is_entry(struct dw_pygrub_conf *c, struct dw_span s,
		     struct dw_span *title)
{
	static const char start[] = "menuentry ";
	size_t first = strlen(start) + 1, i, end = 0;
	const char *brace = s.len ? memrchr(s.p, '{', s.len) : NULL;

	if (!brace || !dw_span_starts(s, start) || first > s.len ||
	    (s.p[first - 1] != '"' && s.p[first - 1] != '\''))
		return false;
	for (i = first; s.p + i + 2 <= brace; i++) {
		if ((s.p[i] != '"' && s.p[i] != '\'') || s.p[i + 1] != ' ')
			continue;
		end = i;
		if (c->rules != DW_PYGRUB_4_4)
			break;
	}
	*title = (struct dw_span){ s.p + first, end ? end - first : 0 };
	return end;
}

struct parser {
	struct dw_pygrub_conf *c;
	bool in_function;
	bool in_entry;
	size_t menus_nr;	/* open submenus */
	struct dw_span title;
	uint32_t title_nr;
	struct dw_pygrub_lines lines;
};

static int add_entry(struct parser *p, struct dw_err *err)
{
	struct dw_pygrub_conf *c = p->c;
	struct dw_pygrub_image *i;
	size_t k;
	int ret = dw_pygrub_new_image(c, &i, err);

	if (ret)
		return ret;
	i->title = dw_py_strip(c->py, p->title);
	i->line_nr = p->title_nr;
	for (k = 0; k < p->lines.nr; k++)
		if (!read_entry_line(c, i, &p->lines.l[k]))
			break;
	p->in_entry = false;
	return 0;
}

static int close_brace(struct parser *p, uint32_t line_nr, struct dw_err *err)
{
	if (p->in_entry)
		return add_entry(p, err);
	if (p->menus_nr)
		p->menus_nr--;
	else
		dw_pygrub_fault(p->c, DW_PYGRUB_SYNTAX, line_nr,
				"closing brace without menuentry");
	return 0;
}

static int read_line(struct parser *p, const struct dw_pygrub_line *l,
		     struct dw_err *err)
{
	struct dw_span title;

	if (!l->s.len || l->s.p[0] == '#')
		return 0;
	if (dw_span_starts(l->s, "function")) {
		p->in_function = true;
		return 0;
	}
	if (p->in_function) {
		p->in_function = l->s.p[0] != '}';
		return 0;
	}
	if (is_entry(p->c, l->s, &title)) {
		if (p->in_entry)
			dw_pygrub_fault(p->c, DW_PYGRUB_SYNTAX, l->nr,
					"a menuentry inside of another");
		p->in_entry = true;
		p->title = title;
		p->title_nr = l->nr;
		p->lines.nr = 0;
		return 0;
	}
	if (dw_span_starts(l->s, "submenu")) {
		p->menus_nr++;
		return 0;
	}
	if (l->s.p[0] == '}')
		return close_brace(p, l->nr, err);
	if (p->in_entry)
		return dw_pygrub_keep_line(&p->lines, l, err);
	read_global(p->c, l);
	return 0;
}

int dw_pygrub_read_grub2(struct dw_pygrub_conf *c, struct dw_span text,
			 struct dw_err *err)
{
	struct parser p = { .c = c };
	struct dw_pygrub_line l = { .nr = 0 };
	size_t off = 0;
	int ret = 0;

	while (!ret && c->why == DW_PYGRUB_BOOTS &&
	       dw_pygrub_next_line(c->py, text, &off, &l))
		ret = read_line(&p, &l, err);
	if (!ret && c->why == DW_PYGRUB_BOOTS && p.in_entry)
		dw_pygrub_fault(c, DW_PYGRUB_SYNTAX, p.title_nr,
				"a menuentry that is not closed");
	free(p.lines.l);
	return ret;
}
