/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PyGrub's reading of extlinux.conf. */
#include <stdlib.h>
#include <string.h>

#include "boot/bootconf_impl.h"
#include "boot/pygrub_text.h"

/* More than any boot loader ever wrote into one line; each costs a copy of
 * the line. */
#define MAX_INITRDS 16

struct reader {
	struct dw_pygrub_conf *c;
	struct dw_pygrub_image *i;
	uint32_t line_nr;
};

/* A keyword in either case.  Python also makes a 'k' of the Kelvin sign. */
static bool keyword_is(struct dw_py py, struct dw_span s, const char *text)
{
	static const char kelvin[] = "\xe2\x84\xaa";

	if (py.unicode && text[0] == 'k' && dw_span_starts(s, kelvin))
		return dw_span_is_nocase((struct dw_span){ s.p + 3, s.len - 3 },
					 text + 1);
	return dw_span_is_nocase(s, text);
}

/* Double quotes around the whole of a value go. */
static struct dw_span unquote(struct dw_span s)
{
	if (s.len > 2 && s.p[0] == '"' && s.p[s.len - 1] == '"')
		return (struct dw_span){ s.p + 1, s.len - 2 };
	return s;
}

/* KERNEL forgets the arguments that were read before it. */
static bool set_kernel(struct reader *r, struct dw_span s)
{
	struct dw_span rest = s;

	r->i->line_nr = r->line_nr;
	r->i->kernel = s;
	r->i->args = (struct dw_span){ NULL, 0 };
	if (!dw_py_has(s, " "))
		return true;
	r->i->kernel = dw_py_split_word(r->c->py, &rest);
	r->i->args = rest;
	/* "/v " in quotes: Python finds one piece where it wants two */
	return rest.len ||
	       dw_pygrub_fault(r->c, DW_PYGRUB_BAD_VALUE, r->line_nr,
			       "a quoted KERNEL with a blank at its end");
}

/* s without any 'what', malloced */
static int without(struct dw_span s, struct dw_span what, struct dw_span *out,
		   struct dw_pygrub_conf *c, struct dw_err *err)
{
	char *p = malloc(s.len + 1);
	const char *hit;
	size_t len = 0, n;

	if (!p)
		return dw_fail_nomem(err);
	*out = (struct dw_span){ p, 0 };
	while (s.len && (hit = memmem(s.p, s.len, what.p, what.len))) {
		n = (size_t)(hit - s.p);
		memcpy(p + len, s.p, n);
		len += n;
		s.p += n + what.len;
		s.len -= n + what.len;
	}
	if (s.len)
		memcpy(p + len, s.p, s.len);
	out->len = len + s.len;
	return dw_pygrub_own(c, p, err);
}

/*
 * initrd= as it stands between two spaces; each one found replaces that of
 * before and is taken out of the arguments wherever its text occurs.
 */
static int take_initrds(struct reader *r, struct dw_span *arg,
			struct dw_err *err)
{
	struct dw_span rest = dw_py_strip(r->c->py, *arg), word;
	static const struct dw_span name = { "initrd=", 7 };
	unsigned nr = 0;
	const char *sp;
	int ret = 0;

	while (rest.len && !ret) {
		sp = memchr(rest.p, ' ', rest.len);
		word = (struct dw_span){ rest.p, sp ? (size_t)(sp - rest.p)
						    : rest.len };
		rest.p += word.len + !!sp;
		rest.len -= word.len + !!sp;
		if (word.len < name.len ||
		    !dw_span_is_nocase((struct dw_span){ word.p, name.len },
				       name.p))
			continue;
		if (++nr > MAX_INITRDS)
			return dw_fail(err, DW_LIMIT, "line %u: more than %u "
				       "initrd=", r->line_nr, MAX_INITRDS);
		ret = without(word, name, &r->i->initrd, r->c, err);
		if (!ret)
			ret = without(*arg, word, arg, r->c, err);
	}
	return ret;
}

/* mboot.c32: "xen --- kernel --- initrd", or without the hypervisor. */
static bool take_mboot(struct reader *r, struct dw_span arg)
{
	struct dw_span part[4], kernel, initrd;
	size_t nr = 0;
	const char *dashes;

	while (nr < 3 && arg.len && (dashes = memmem(arg.p, arg.len, "---",
						      3))) {
		part[nr] = (struct dw_span){ arg.p, (size_t)(dashes - arg.p) };
		arg.len -= part[nr].len + 3;
		arg.p = dashes + 3;
		nr++;
	}
	part[nr++] = arg;
	if (nr != 2 && nr != 3)
		return true;
	kernel = part[nr - 2];
	initrd = part[nr - 1];
	if (kernel.len && !set_kernel(r, dw_py_strip(r->c->py, kernel)))
		return false;
	if (initrd.len)
		r->i->initrd = dw_py_strip(r->c->py, initrd);
	return true;
}

static bool is_mboot(struct dw_span kernel)
{
	static const char name[] = "mboot.c32";
	size_t len = strlen(name);

	return kernel.p && kernel.len >= len &&
	       !memcmp(kernel.p + kernel.len - len, name, len);
}

static int read_append(struct reader *r, struct dw_span arg,
		       struct dw_err *err)
{
	int ret = 0;

	if (is_mboot(r->i->kernel)) {
		take_mboot(r, arg);
		return 0;
	}
	if (r->i->kernel.p && dw_py_has(arg, "initrd="))
		ret = take_initrds(r, &arg, err);
	r->i->args = unquote(dw_py_strip(r->c->py, arg));
	return ret;
}

static int read_entry_line(struct reader *r, struct dw_span s,
			   struct dw_err *err)
{
	struct dw_span piece[2] = { { NULL, 0 }, { "", 0 } };
	struct dw_py py = r->c->py;

	dw_pygrub_split(py, s, 2, piece);
	if (keyword_is(py, piece[0], "label")) {
		r->i->title = unquote(dw_py_strip(py, piece[1]));
		return 0;
	}
	if (keyword_is(py, piece[0], "kernel")) {
		set_kernel(r, unquote(dw_py_strip(py, piece[1])));
		return 0;
	}
	if (keyword_is(py, piece[0], "append"))
		return read_append(r, piece[1], err);
	if (keyword_is(py, piece[0], "initrd") ||
	    keyword_is(py, piece[0], "linux"))
		r->i->ignored_nr = r->line_nr;
	return 0;
}

static void read_global(struct dw_pygrub_conf *c,
			const struct dw_pygrub_line *l)
{
	struct dw_span piece[2] = { { NULL, 0 }, { "", 0 } };

	dw_pygrub_split(c->py, l->s, 2, piece);
	piece[1] = dw_py_strip(c->py, piece[1]);
	if (keyword_is(c->py, piece[0], "default"))
		c->default_label = piece[1];
	if (keyword_is(c->py, piece[0], "timeout")) {
		c->timeout = piece[1];
		c->timeout_line_nr = l->nr;
	}
}

/* What boots is the first entry of that label, else the first of all. */
static void choose_default(struct dw_pygrub_conf *c)
{
	size_t k;

	for (k = 0; k < c->images_nr && c->default_label.p; k++) {
		struct dw_span t = c->images[k].title;

		if (t.len != c->default_label.len ||
		    (t.len && memcmp(t.p, c->default_label.p, t.len)))
			continue;
		c->default_nr = (uint32_t)k;
		return;
	}
}

int dw_pygrub_read_extlinux(struct dw_pygrub_conf *c, struct dw_span text,
			    struct dw_err *err)
{
	struct reader r = { .c = c };
	struct dw_pygrub_line l = { .nr = 0 };
	size_t off = 0;
	int ret = 0;

	while (!ret && c->why == DW_PYGRUB_BOOTS &&
	       dw_pygrub_next_line(c->py, text, &off, &l)) {
		if (!l.s.len || l.s.p[0] == '#')
			continue;
		if (l.s.len >= 5 && dw_span_is_nocase((struct dw_span){
				l.s.p, 5 }, "label")) {
			ret = dw_pygrub_new_image(c, &r.i, err);
			if (!ret) {
				r.i->line_nr = l.nr;
				r.i->title.p = r.i->args.p = "";
			}
		}
		r.line_nr = l.nr;
		if (!ret && r.i)
			ret = read_entry_line(&r, l.s, err);
		else if (!ret)
			read_global(c, &l);
	}
	if (!ret)
		choose_default(c);
	return ret;
}
