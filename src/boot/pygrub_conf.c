/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What PyGrub's parsers share: lines, devices, kernels, faults. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/pygrub_text.h"

bool dw_pygrub_next_line(struct dw_py py, struct dw_span text, size_t *off,
			 struct dw_pygrub_line *line)
{
	const char *p = text.p + *off, *lf;
	size_t left, len;

	if (*off > text.len)
		return false;
	left = text.len - *off;
	lf = left ? memchr(p, '\n', left) : NULL;
	len = lf ? (size_t)(lf - p) : left;
	line->s = dw_py_strip(py, (struct dw_span){ p, len });
	line->nr++;
	*off += len + 1;
	return true;
}

int dw_pygrub_keep_line(struct dw_pygrub_lines *lines,
			const struct dw_pygrub_line *line, struct dw_err *err)
{
	struct dw_pygrub_line *l;
	size_t cap;

	if (lines->nr == lines->cap) {
		cap = lines->cap * 2 + 16;
		l = realloc(lines->l, cap * sizeof(*l));
		if (!l)
			return dw_fail_nomem(err);
		lines->l = l;
		lines->cap = cap;
	}
	lines->l[lines->nr++] = *line;
	return 0;
}

int dw_pygrub_new_image(struct dw_pygrub_conf *c, struct dw_pygrub_image **out,
			struct dw_err *err)
{
	struct dw_pygrub_image *images;
	size_t cap;

	*out = NULL;
	if (c->images_nr == c->images_cap) {
		cap = c->images_cap * 2 + 8;
		images = realloc(c->images, cap * sizeof(*images));
		if (!images)
			return dw_fail_nomem(err);
		c->images = images;
		c->images_cap = cap;
	}
	*out = &c->images[c->images_nr++];
	memset(*out, 0, sizeof(**out));
	return 0;
}

int dw_pygrub_own(struct dw_pygrub_conf *c, char *p, struct dw_err *err)
{
	char **own;
	size_t cap;

	if (c->own_nr == c->own_cap) {
		cap = c->own_cap * 2 + 8;
		own = realloc(c->own, cap * sizeof(*own));
		if (!own) {
			free(p);
			return dw_fail_nomem(err);
		}
		c->own = own;
		c->own_cap = cap;
	}
	c->own[c->own_nr++] = p;
	return 0;
}

void dw_pygrub_conf_free(struct dw_pygrub_conf *c)
{
	size_t i;

	for (i = 0; i < c->own_nr; i++)
		free(c->own[i]);
	free(c->own);
	free(c->images);
}

bool dw_pygrub_fault(struct dw_pygrub_conf *c, enum dw_pygrub_why why,
		     uint32_t line_nr, const char *fmt, ...)
{
	va_list ap;

	c->why = why;
	c->line_nr = line_nr;
	va_start(ap, fmt);
	vsnprintf(c->reason, sizeof(c->reason), fmt, ap);
	va_end(ap);
	return false;
}

/* How much of a value a reason shows. */
static int shown(struct dw_span s)
{
	return s.len < 60 ? (int)s.len : 60;
}

static bool not_a_disk(struct dw_pygrub_conf *c, struct dw_span s,
		       uint32_t line_nr)
{
	return dw_pygrub_fault(c, DW_PYGRUB_BAD_VALUE, line_nr,
			       "'%.*s' is no disk that PyGrub understands",
			       shown(s), s.p);
}

/* A device name without its parentheses, which go wherever they stand.  What
 * is longer than any number of a disk is no disk (Python would take some
 * hundreds of leading zeros). */
struct plain_name {
	char text[256];
	struct dw_span s;
};

static bool drop_parens(struct dw_span s, struct plain_name *out)
{
	size_t i, len = 0;

	for (i = 0; i < s.len; i++) {
		if (s.p[i] == '(' || s.p[i] == ')')
			continue;
		if (len == sizeof(out->text))
			return false;
		out->text[len++] = s.p[i];
	}
	out->s = (struct dw_span){ out->text, len };
	return true;
}

/* The disk: "hd" or any two characters and a number, or /dev/xvd and a letter,
 * behind which nothing is looked at. */
static bool check_disk_name(struct dw_pygrub_conf *c, struct dw_span s,
			    uint32_t line_nr)
{
	static const char xvd[] = "/dev/xvd";
	bool negative;
	uint32_t v;

	if (dw_span_starts(s, xvd)) {
		return s.len > strlen(xvd) ||
		       dw_pygrub_fault(c, DW_PYGRUB_BAD_DISK, line_nr,
				       "'%.*s' is not /dev/xvd and a letter",
				       shown(s), s.p);
	}
	if (dw_py_int(c->py, dw_py_skip(c->py, s, 2), &negative, &v))
		return true;
	return not_a_disk(c, s, line_nr);
}

/* The partition: a number, msdos or gpt before it. */
static bool check_part(struct dw_pygrub_conf *c, struct dw_span s,
		       uint32_t line_nr)
{
	bool negative;
	uint32_t v;

	if (dw_span_starts(s, "msdos"))
		s = dw_py_skip(c->py, s, 5);
	if (dw_span_starts(s, "gpt"))
		s = dw_py_skip(c->py, s, 3);
	if (dw_py_int(c->py, s, &negative, &v))
		return true;
	return dw_pygrub_fault(c, DW_PYGRUB_BAD_VALUE, line_nr,
			       "'%.*s' is no partition number", shown(s), s.p);
}

bool dw_pygrub_check_disk(struct dw_pygrub_conf *c, struct dw_span s,
			  uint32_t line_nr)
{
	const char *comma = s.len ? memchr(s.p, ',', s.len) : NULL;
	struct dw_span disk = s, part = { NULL, 0 };
	struct plain_name name;

	if (comma) {
		disk.len = (size_t)(comma - s.p);
		part = (struct dw_span){ comma + 1, s.len - disk.len - 1 };
		if (part.len && memchr(part.p, ',', part.len))
			return not_a_disk(c, s, line_nr);
	}
	if (!drop_parens(disk, &name))
		return not_a_disk(c, s, line_nr);
	if (!check_disk_name(c, name.s, line_nr) || !comma)
		return c->why == DW_PYGRUB_BOOTS;
	if (!drop_parens(part, &name))
		return not_a_disk(c, s, line_nr);
	return check_part(c, name.s, line_nr);
}

bool dw_pygrub_get_path(struct dw_pygrub_conf *c, struct dw_span s,
			uint32_t line_nr, struct dw_span *path)
{
	const char *close;
	size_t len;

	*path = s;
	if (!s.len || s.p[0] != '(')
		return true;
	close = memchr(s.p, ')', s.len);
	if (!close)
		return dw_pygrub_fault(c, DW_PYGRUB_BAD_VALUE, line_nr,
				       "'%.*s' has no ')'", shown(s), s.p);
	len = (size_t)(close - s.p);
	*path = (struct dw_span){ close + 1, s.len - len - 1 };
	return dw_pygrub_check_disk(c, (struct dw_span){ s.p, len }, line_nr);
}

/* The name ends at white space, but only where a space proper is among what
 * follows: "kernel /v<tab>ro" names the file "/v<tab>ro". */
bool dw_pygrub_set_kernel(struct dw_pygrub_conf *c, struct dw_pygrub_image *i,
			  struct dw_span s, uint32_t line_nr)
{
	struct dw_span rest = s, word = s;

	i->line_nr = line_nr;
	i->args = (struct dw_span){ NULL, 0 };
	if (dw_py_has(s, " ")) {
		word = dw_py_split_word(c->py, &rest);
		if (!rest.len)
			return dw_pygrub_fault(c, DW_PYGRUB_BAD_VALUE, line_nr,
					       "a quoted kernel with a space "
					       "but without arguments");
		i->args = rest;
	}
	return dw_pygrub_get_path(c, word, line_nr, &i->kernel);
}

bool dw_pygrub_set_default(struct dw_pygrub_conf *c, struct dw_span s,
			   uint32_t line_nr)
{
	bool negative, old = c->rules == DW_PYGRUB_4_4;

	c->default_nr = 0;
	if (dw_span_is(s, "saved"))
		return true;
	if (!dw_py_int(c->py, s, &negative, &c->default_nr)) {
		c->default_nr = 0;
		return !old || dw_pygrub_fault(c, DW_PYGRUB_BAD_VALUE, line_nr,
					       "default '%.*s' is no number",
					       shown(s), s.p);
	}
	return !negative || dw_pygrub_fault(c, DW_PYGRUB_BAD_VALUE, line_nr,
					    "the default is negative");
}
