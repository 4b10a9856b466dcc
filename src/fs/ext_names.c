/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directories that were read, kept sorted: names are looked up many times. */
#include <stdlib.h>
#include <string.h>

#include "fs/ext_internal.h"

/* What is kept in all, and so the most of one directory. */
#define MAX_LEN (4u << 20)
#define DIRS_NR 64

struct name {
	uint32_t off;		/* in text */
	uint32_t len;
	ext2_ino_t ino;
	uint32_t order;		/* of two that are equal the first counts */
};

struct dir {
	ext2_ino_t ino;		/* 0: free */
	bool is_partial;	/* damaged or too large: there may be more */
	struct name *names;
	uint32_t nr, cap;
	char *text;
	uint32_t text_len, text_cap;
};

struct dw_ext_names {
	struct dir dirs[DIRS_NR];
};

static size_t len_of(const struct dir *d)
{
	return d->cap * sizeof(*d->names) + d->text_cap;
}

static void free_dir(struct dir *d)
{
	free(d->names);
	free(d->text);
	memset(d, 0, sizeof(*d));
}

static void free_all(struct dw_ext_names *n)
{
	for (unsigned i = 0; i < DIRS_NR; i++)
		free_dir(&n->dirs[i]);
}

void dw_ext_names_free(struct dw_ext_names *n)
{
	if (!n)
		return;
	free_all(n);
	free(n);
}

static bool grow(struct dir *d, uint32_t len)
{
	if (d->nr == d->cap) {
		uint32_t cap = d->cap ? 2 * d->cap : 32;
		struct name *grown = realloc(d->names, cap * sizeof(*grown));

		if (!grown)
			return false;
		d->names = grown;
		d->cap = cap;
	}
	if (len > d->text_cap - d->text_len) {
		uint32_t cap = 2 * d->text_cap + 512;
		char *grown = realloc(d->text, cap);

		if (!grown)
			return false;
		d->text = grown;
		d->text_cap = cap;
	}
	return true;
}

#define TOO_LARGE 1

static int add(void *arg, const struct dw_ext_entry *e, struct dw_err *err)
{
	struct dir *d = arg;

	if (!grow(d, e->name_len))
		return dw_fail_nomem(err);
	if (len_of(d) > MAX_LEN)
		return TOO_LARGE;
	d->names[d->nr] = (struct name){ d->text_len, e->name_len, e->ino,
					 d->nr };
	memcpy(d->text + d->text_len, e->name, e->name_len);
	d->text_len += e->name_len;
	d->nr++;
	return 0;
}

static int compare(const char *a, uint32_t a_len, const char *b,
		   uint32_t b_len)
{
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return memcmp(a, b, a_len);
}

static int by_name(const void *a, const void *b, void *text)
{
	const struct name *x = a, *y = b;
	int c = compare((char *)text + x->off, x->len, (char *)text + y->off,
			y->len);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static ext2_ino_t search(const struct dir *d, const char *name, uint32_t len)
{
	uint32_t lo = 0, hi = d->nr;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct name *n = &d->names[mid];

		if (compare(d->text + n->off, n->len, name, len) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < d->nr && !compare(d->text + d->names[lo].off,
				   d->names[lo].len, name, len))
		return d->names[lo].ino;
	return 0;
}

/* Two places for a folder, so that two which are asked for in turn seldom
 * drive each other out. */
static struct dir *place(struct dw_ext_names *n, ext2_ino_t ino)
{
	struct dir *a = &n->dirs[ino % DIRS_NR];
	struct dir *b = &n->dirs[ino / DIRS_NR * 31 % DIRS_NR];

	return a->ino == ino || (!a->ino && b->ino != ino) ? a : b;
}

static int load(struct dw_fs *f, ext2_ino_t ino, struct dir *out,
		struct dw_err *err)
{
	struct dw_ext_node n;
	int ret = dw_ext_node_read(f->fs, ino, &n, err);

	memset(out, 0, sizeof(*out));
	if (!ret)
		ret = dw_ext_dir_each(f, &n, add, out, err);
	out->is_partial = ret == DW_CORRUPT || ret == TOO_LARGE;
	if (ret && !out->is_partial) {
		free_dir(out);
		return ret;
	}
	if (out->nr)
		qsort_r(out->names, out->nr, sizeof(*out->names), by_name,
			out->text);
	out->ino = ino;
	return 0;
}

static void make_room(struct dw_ext_names *n, const struct dir *d)
{
	size_t len = len_of(d);

	for (unsigned i = 0; i < DIRS_NR; i++)
		len += len_of(&n->dirs[i]);
	if (len > MAX_LEN)
		free_all(n);
}

int dw_ext_names_lookup(struct dw_fs *f, ext2_ino_t dir, const char *name,
			size_t name_len, ext2_ino_t *ino, struct dw_err *err)
{
	struct dir loaded, *d;
	int ret;

	*ino = 0;
	if (!f->names)
		f->names = calloc(1, sizeof(*f->names));
	if (!f->names)
		return dw_fail_nomem(err);
	d = place(f->names, dir);
	if (d->ino != dir) {
		ret = load(f, dir, &loaded, err);
		if (ret)
			return ret;
		make_room(f->names, &loaded);
		free_dir(d);
		*d = loaded;
	}
	*ino = search(d, name, (uint32_t)name_len);
	return *ino || !d->is_partial ? 0 : DW_EXT_NOT_KEPT;
}

void dw_ext_names_forget(struct dw_fs *f, ext2_ino_t dir)
{
	struct dir *d;

	if (!f->names)
		return;
	d = place(f->names, dir);
	if (d->ino == dir)
		free_dir(d);
}
