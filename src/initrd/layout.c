/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How an initrd is laid out: its folders, links, and where its modules lie. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "initrd/family.h"

#define HELD_MAX 100000

struct scan {
	struct dw_initrd_build *b;
	char below[2][512];	/* "lib/modules/VERSION/", that of usr */
	bool usr_lib, lib;	/* modules or folders of theirs seen */
	bool lib_link;
	int ret;
	struct dw_err *err;
};

static int hold(struct scan *s, const char *path)
{
	struct dw_initrd_layout *l = &s->b->layout;
	struct dw_initrd_held *h;
	char name[DW_MODULE_NAME];

	if (!dw_module_name(dw_span_of(path), name))
		return 0;
	if (l->held_nr == HELD_MAX)
		return dw_fail(s->err, DW_LIMIT,
			       "initrd: more than %u modules", HELD_MAX);
	if (l->held_nr == l->held_cap) {
		size_t cap = l->held_cap * 2 + 64;

		h = realloc(l->held, cap * sizeof(*h));
		if (!h)
			return dw_fail_nomem(s->err);
		l->held = h;
		l->held_cap = cap;
	}
	h = &l->held[l->held_nr];
	h->seq = l->held_nr;
	memcpy(h->name, name, sizeof(name));
	h->path = strdup(path);
	if (!h->path)
		return dw_fail_nomem(s->err);
	l->held_nr++;
	return 0;
}

static enum dw_cpio_next on_entry(void *arg, const struct dw_cpio_entry *e)
{
	struct scan *s = arg;

	/* A folder in a link's place would take it away.  One that is there
	 * comes once more, as tools unpack each archive by itself. */
	if (S_ISLNK(e->mode))
		dw_cpio_has(&s->b->w, e->name);
	if (!strcmp(e->name, "lib"))
		s->lib_link = S_ISLNK(e->mode);
	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(s->below[i]);

		if (strncmp(e->name, s->below[i], len))
			continue;
		*(i ? &s->usr_lib : &s->lib) = true;
		if (S_ISREG(e->mode) || S_ISLNK(e->mode))
			s->ret = hold(s, e->name + len);
	}
	if (s->b->w.ret && !s->ret) {
		s->ret = s->b->w.ret;
		if (s->err)
			*s->err = s->b->w.err;
	}
	return s->ret ? DW_CPIO_STOP : DW_CPIO_SKIP;
}

/* By name, those of one name as they came. */
static int by_name(const void *a, const void *b)
{
	const struct dw_initrd_held *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* A module that is there twice stays with the path that came last. */
static void sort_held(struct dw_initrd_layout *l)
{
	size_t kept = 0;

	if (!l->held_nr)
		return;
	qsort(l->held, l->held_nr, sizeof(*l->held), by_name);
	for (size_t i = 0; i < l->held_nr; i++) {
		if (kept && !strcmp(l->held[i].name, l->held[kept - 1].name))
			free(l->held[--kept].path);
		l->held[kept++] = l->held[i];
	}
	l->held_nr = kept;
	for (size_t i = 0; i < kept; i++)
		l->reads_packed |= dw_module_is_packed(
						dw_span_of(l->held[i].path));
}

/* In an initrd without modules a link tells, or a folder beside. */
static void choose_dir(struct scan *s, const char *version)
{
	struct dw_initrd_layout *l = &s->b->layout;
	bool usr = s->usr_lib || (!s->lib && s->lib_link);

	snprintf(l->dir, sizeof(l->dir), "%slib/modules/%s",
		 usr ? "usr/" : "", version);
}

int dw_initrd_scan(struct dw_initrd_build *b, struct dw_err *err)
{
	const struct dw_initrd_target *t = b->target;
	const char *version = t->kernel->version;
	struct scan s = { .b = b, .err = err };
	struct dw_cpio_visitor visitor = {
		on_entry, NULL, &s, &b->layout.tail,
	};
	struct dw_initrd_file file;
	int ret;

	if (!*version || strchr(version, '/') || strlen(version) > 200)
		return dw_fail(err, DW_UNSUPPORTED, "initrd: the version of "
			       "the kernel is not known");
	snprintf(s.below[0], sizeof(s.below[0]), "lib/modules/%s/", version);
	snprintf(s.below[1], sizeof(s.below[1]), "usr/%.500s", s.below[0]);
	ret = dw_initrd_file(t->fs, b->path, &file, err);
	if (!ret)
		ret = dw_cpio_walk(t->ctx, &file.src, &visitor, err);
	if (!ret)
		ret = s.ret;
	sort_held(&b->layout);
	choose_dir(&s, version);
	return ret ? dw_err_prefix(err, ret, "%s", b->path) : 0;
}

void dw_initrd_layout_forget(struct dw_initrd_layout *l)
{
	for (size_t i = 0; i < l->held_nr; i++)
		free(l->held[i].path);
	l->held_nr = 0;
}

void dw_initrd_layout_free(struct dw_initrd_layout *l)
{
	dw_initrd_layout_forget(l);
	free(l->held);
	memset(l, 0, sizeof(*l));
}
