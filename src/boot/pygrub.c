/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows PyGrub from the configuration to the kernel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"
#include "boot/pygrub_text.h"
#include "boot/text_words.h"

/* PyGrub reads no more of a configuration. */
#define MAX_READ_LEN (1u << 20)

typedef int (*read_fn)(struct dw_pygrub_conf *c, struct dw_span text,
		       struct dw_err *err);

/* In PyGrub's order; the first that exists is taken, good or bad. */
static const struct {
	const char *path;
	read_fn read;
	bool since_4_5;
} configs[] = {
	{ "/boot/grub/grub.cfg", dw_pygrub_read_grub2, false },
	{ "/grub/grub.cfg", dw_pygrub_read_grub2, false },
	{ "/boot/grub2/grub.cfg", dw_pygrub_read_grub2, false },
	{ "/grub2/grub.cfg", dw_pygrub_read_grub2, false },
	{ "/boot/isolinux/isolinux.cfg", dw_pygrub_read_extlinux, false },
	{ "/boot/extlinux/extlinux.conf", dw_pygrub_read_extlinux, false },
	{ "/boot/extlinux.conf", dw_pygrub_read_extlinux, false },
	{ "/extlinux/extlinux.conf", dw_pygrub_read_extlinux, true },
	{ "/extlinux.conf", dw_pygrub_read_extlinux, true },
	{ "/boot/grub/menu.lst", dw_pygrub_read_grub1, false },
	{ "/boot/grub/grub.conf", dw_pygrub_read_grub1, false },
	{ "/grub/menu.lst", dw_pygrub_read_grub1, false },
	{ "/grub/grub.conf", dw_pygrub_read_grub1, false },
};

#define CONFIGS_NR (sizeof(configs) / sizeof(*configs))

const char *dw_pygrub_name(enum dw_pygrub_rules rules)
{
	return rules == DW_PYGRUB_4_4 ? "PyGrub of Xen 4.4"
				      : "PyGrub of Xen 4.17";
}

void dw_pygrub_free(struct dw_pygrub_result *r)
{
	if (!r)
		return;
	dw_verdict_free(&r->v);
	free(r);
}

struct lint {
	const struct dw_pygrub_files *files;
	struct dw_pygrub_result *r;
	struct dw_pygrub_conf c;
};

static int fail(struct lint *l, enum dw_pygrub_why why, uint32_t line_nr,
		const char *reason, struct dw_err *err)
{
	char *p;
	int len;

	l->r->why = why;
	l->r->line_nr = line_nr;
	if (l->r->v.config && line_nr)
		len = asprintf(&l->r->v.reason, "%s line %u: %s",
			       l->r->v.config, line_nr, reason);
	else if (l->r->v.config)
		len = asprintf(&l->r->v.reason, "%s: %s", l->r->v.config,
			       reason);
	else
		len = asprintf(&l->r->v.reason, "%s", reason);
	if (len < 0) {
		l->r->v.reason = NULL;
		return dw_fail_nomem(err);
	}
	/* It is one line for a terminal, whatever the guest's file holds. */
	for (p = l->r->v.reason; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return 0;
}

static long find_config(struct lint *l)
{
	size_t i;

	for (i = 0; i < CONFIGS_NR; i++)
		if (!(configs[i].since_4_5 && l->c.rules == DW_PYGRUB_4_4) &&
		    l->files->exists(l->files->arg, configs[i].path))
			return (long)i;
	return -1;
}

static int set_string(char **out, size_t *len, struct dw_span s,
		      struct dw_err *err)
{
	*out = dw_span_dup(s);
	if (!*out)
		return dw_fail_nomem(err);
	if (len)
		*len = s.len;
	return 0;
}

/* What does not stop "pygrub -q", but does or may stop a guest. */
static void warn(struct lint *l, const struct dw_pygrub_image *i, size_t len)
{
	struct dw_notes *w = &l->r->v.warnings;
	const char *path = l->r->v.config;
	bool negative;
	uint32_t v;

	if (len == MAX_READ_LEN)
		dw_notes_add(w, "%s: %s reads no more than the first MiB",
			     path, dw_pygrub_name(l->c.rules));
	if (l->c.timeout.p &&
	    !dw_py_int(l->c.py, l->c.timeout, &negative, &v))
		dw_notes_add(w, "%s line %u: the timeout is no number, at "
			     "which PyGrub stops when it shows its menu "
			     "(without -q)", path, l->c.timeout_line_nr);
	if (i && i->ignored_nr && !i->initrd.p)
		dw_notes_add(w, "%s line %u: PyGrub knows no INITRD, only "
			     "initrd= in APPEND; the kernel boots without",
			     path, i->ignored_nr);
}

static bool is_missing(struct lint *l, const char *path, size_t len)
{
	/* A name with a NUL in it is refused by Python itself. */
	return strlen(path) != len ||
	       !l->files->exists(l->files->arg, path);
}

static int fail_missing(struct lint *l, enum dw_pygrub_why why,
			const char *what, const char *path, struct dw_err *err)
{
	char text[DW_ERR_TEXT];
	const char *hint = "";

	if (strchr(path, '\t'))
		hint = ": PyGrub ends a name at a space, not at a tab";
	else if (strchr(path, ' '))
		hint = ": PyGrub takes the whole line as one name";
	snprintf(text, sizeof(text), "%s '%.150s' is not there%s", what, path,
		 hint);
	return fail(l, why, l->r->line_nr, text, err);
}

/* The entry is chosen: its strings, and whether its files are there. */
static int take_entry(struct lint *l, const struct dw_pygrub_image *i,
		      struct dw_err *err)
{
	struct dw_pygrub_result *r = l->r;
	struct dw_span root;
	int ret;

	r->line_nr = i->line_nr;
	ret = set_string(&r->v.entry, &r->entry_len, i->title, err);
	if (!ret && i->kernel.p)
		ret = set_string(&r->v.kernel, &r->kernel_len, i->kernel, err);
	if (!ret && i->initrd.p && i->initrd.len)
		ret = set_string(&r->v.initrd, &r->initrd_len, i->initrd, err);
	if (!ret && i->args.p && i->args.len)
		ret = set_string(&r->v.args, &r->args_len, i->args, err);
	if (!ret && dw_args_get(i->args, "root", &root) && root.p)
		ret = set_string(&r->v.root, NULL, root, err);
	if (ret)
		return ret;
	if (!i->kernel.p)
		return fail(l, DW_PYGRUB_NO_KERNEL, i->line_nr,
			    i->ignored_nr ? "the entry has no KERNEL line, "
			    "and PyGrub knows no LINUX" : "the entry names no "
			    "kernel that PyGrub understands", err);
	if (!i->kernel.len)
		return fail(l, DW_PYGRUB_EMPTY_KERNEL, i->line_nr,
			    "the kernel's name is empty", err);
	if (is_missing(l, r->v.kernel, r->kernel_len))
		return fail_missing(l, DW_PYGRUB_MISSING_KERNEL, "kernel",
				    r->v.kernel, err);
	if (r->v.initrd && is_missing(l, r->v.initrd, r->initrd_len))
		return fail_missing(l, DW_PYGRUB_MISSING_INITRD, "initrd",
				    r->v.initrd, err);
	r->v.boots = true;
	return 0;
}

/* An entry that is asked for but not there gives way to the first. */
static int choose(struct lint *l, size_t len, struct dw_err *err)
{
	const struct dw_pygrub_image *i = NULL;
	int ret;

	if (l->c.images_nr)
		i = &l->c.images[l->c.default_nr < l->c.images_nr ?
				 l->c.default_nr : 0];
	warn(l, i, len);
	ret = i ? take_entry(l, i, err)
		: fail(l, DW_PYGRUB_NO_ENTRY, 0, len ? "it has no entry that "
		       "PyGrub understands" : "it is empty", err);
	return ret ? ret : dw_notes_check(&l->r->v.warnings, err);
}

static int read_config(struct lint *l, read_fn read, const char *data,
		       size_t len, struct dw_err *err)
{
	char text[DW_ERR_TEXT];
	size_t bad;
	int ret;

	if (l->c.py.unicode) {
		bad = dw_py_utf8(data, len);
		if (bad < len) {
			snprintf(text, sizeof(text), "byte %zu (%02x) is not "
				 "UTF-8", bad, (unsigned char)data[bad]);
			return fail(l, DW_PYGRUB_NOT_UTF8, 0, text, err);
		}
	}
	ret = read(&l->c, (struct dw_span){ data, len }, err);
	if (ret)
		return dw_err_prefix(err, ret, "%s", l->r->v.config);
	if (l->c.why != DW_PYGRUB_BOOTS)
		return fail(l, l->c.why, l->c.line_nr, l->c.reason, err);
	return choose(l, len, err);
}

static int run(struct lint *l, struct dw_err *err)
{
	char *data = NULL;
	size_t len = 0;
	long nr = find_config(l);
	int ret;

	if (nr < 0)
		return fail(l, DW_PYGRUB_NO_CONFIG, 0, "no grub.cfg, "
			    "extlinux.conf, menu.lst or grub.conf where PyGrub "
			    "looks for one", err);
	l->r->v.config = strdup(configs[nr].path);
	if (!l->r->v.config)
		return dw_fail_nomem(err);
	ret = l->files->read(l->files->arg, configs[nr].path, MAX_READ_LEN,
			     &data, &len, err);
	if (!ret)
		ret = read_config(l, configs[nr].read, data, len, err);
	free(data);
	return ret;
}

int dw_pygrub_lint(enum dw_pygrub_rules rules,
		   const struct dw_pygrub_files *files,
		   struct dw_pygrub_result **out, struct dw_err *err)
{
	struct lint l = { .files = files };
	int ret;

	*out = NULL;
	l.r = calloc(1, sizeof(*l.r));
	if (!l.r)
		return dw_fail_nomem(err);
	l.c.rules = rules;
	l.c.py.unicode = rules != DW_PYGRUB_4_4;
	ret = run(&l, err);
	dw_pygrub_conf_free(&l.c);
	if (ret)
		dw_pygrub_free(l.r);
	else
		*out = l.r;
	return ret;
}
