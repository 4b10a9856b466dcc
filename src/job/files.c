/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files inside an image: listing a directory, reading a file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dev/kinds.h"
#include "fs/fs.h"
#include "stack/stack.h"

#define OVERLAY_BLOCK_LEN 4096
#define PIECE_LEN (256u << 10)
/* Names of one directory held for sorting: 1 million of 255 bytes. */
#define NAMES_CAP_LEN (256u << 20)

struct opened {
	struct dw_stack stack;
	struct dw_dev *dev;		/* its top, seen through */
	struct dw_dev *overlay;		/* NULL: no recovery was needed */
	struct dw_fs *fs;
};

static void close_all(struct opened *o)
{
	dw_fs_close(o->fs);
	dw_dev_close(o->overlay, NULL);
	dw_dev_close(o->dev, NULL);
	dw_stack_close(&o->stack, NULL);
}

/* What a filesystem says has the path in it, but not the image. */
static int say_where(const struct opened *o, int code, struct dw_err *err)
{
	return code ? dw_err_prefix(err, code, "%s", o->stack.dev->name) : 0;
}

/* A disk with a table is most likely meant to be used by its partitions, a
 * physical volume by the volumes of its group. */
static int explain_no_fs(struct dw_ctx *ctx, const struct opened *o, int code,
			 struct dw_err *err)
{
	if (dw_stack_explain(ctx, o->dev, DW_USAGE, err))
		return DW_USAGE;
	return say_where(o, code, err);
}

static int open_fs(struct dw_ctx *ctx, struct opened *o, bool recover,
		   struct dw_err *err)
{
	int ret;

	if (!recover)
		return dw_fs_open(ctx, o->dev, 0, &o->fs, err);
	ret = dw_overlay_new(o->dev, OVERLAY_BLOCK_LEN,
			     ctx->memory_cap_len, &o->overlay, err);
	if (!ret)
		ret = dw_fs_recover(ctx, o->overlay, NULL, err);
	if (!ret)
		ret = dw_fs_open(ctx, o->overlay, 0, &o->fs, err);
	return ret;
}

static int open_all(struct dw_ctx *ctx, const char *locator,
		    const char *format, unsigned flags, struct opened *o,
		    struct dw_err *err)
{
	struct dw_fs_info info;
	int ret;

	memset(o, 0, sizeof(*o));
	ret = dw_stack_open(ctx, locator, format, flags, &o->stack, err);
	if (ret)
		return ret;
	ret = dw_stack_see_through(o->stack.dev, &o->dev, err);
	if (ret)
		return say_where(o, ret, err);
	ret = dw_fs_identify(o->dev, &info, err);
	if (!ret && info.partial)
		ret = dw_fs_open(ctx, o->dev, 0, &o->fs, err);
	if (ret)
		return explain_no_fs(ctx, o, ret, err);
	ret = open_fs(ctx, o, info.needs_recovery || info.has_orphans, err);
	return say_where(o, ret, err);
}

struct names {
	char **items;
	size_t nr, cap;
	size_t held_len;
};

static int add_name(void *arg, const char *name, uint64_t ino,
		    uint32_t type_mode, struct dw_err *err)
{
	struct names *n = arg;
	char *copy;

	if (n->nr == n->cap) {
		size_t cap = n->cap ? 2 * n->cap : 64;
		char **items = realloc(n->items, cap * sizeof(*items));

		if (!items)
			return dw_fail_nomem(err);
		n->items = items;
		n->cap = cap;
	}
	n->held_len += strlen(name) + 1;
	if (n->held_len > NAMES_CAP_LEN)
		return dw_fail(err, DW_LIMIT, "the names of a directory take"
			       " more than %u bytes", NAMES_CAP_LEN);
	copy = strdup(name);
	if (!copy)
		return dw_fail_nomem(err);
	n->items[n->nr++] = copy;
	return 0;
}

static void free_names(struct names *n)
{
	for (size_t i = 0; i < n->nr; i++)
		free(n->items[i]);
	free(n->items);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One item: 'name' as shown, 'path' as found. */
static int report(struct opened *o, const char *path, const char *name,
		  dw_dir_item_fn fn, void *arg, struct dw_err *err)
{
	struct dw_dir_item item = { .name = name };
	char *target = NULL;
	struct dw_stat st;
	int ret;

	ret = dw_fs_lstat(o->fs, path, &st, err);
	if (!ret && S_ISLNK(st.mode))
		ret = dw_fs_readlink(o->fs, path, &target, err);
	say_where(o, ret, err);
	if (!ret) {
		item.mode = st.mode;
		item.uid = st.uid;
		item.gid = st.gid;
		item.size = st.size;
		item.mtime = st.mtime;
		item.target = target;
		item.rdev_major = st.rdev_major;
		item.rdev_minor = st.rdev_minor;
		ret = fn(arg, &item, err);
	}
	free(target);
	return ret;
}

static int report_names(struct dw_ctx *ctx, struct opened *o, const char *dir,
			const struct names *names, dw_dir_item_fn fn, void *arg,
			struct dw_err *err)
{
	char *path = NULL;
	int ret = 0;

	for (size_t i = 0; !ret && i < names->nr; i++) {
		ret = dw_ctx_check(ctx, err);
		if (!ret && asprintf(&path, "%s/%s", dir, names->items[i]) < 0)
			ret = dw_fail_nomem(err);
		if (ret)
			break;
		ret = report(o, path, names->items[i], fn, arg, err);
		free(path);
	}
	return ret;
}

int dw_list(struct dw_ctx *ctx, const char *locator, const char *format,
	    unsigned flags, dw_dir_item_fn fn, void *arg, struct dw_err *err)
{
	struct names names = { 0 };
	struct dw_stat st;
	struct opened o;
	const char *path;
	int ret;

	ret = open_all(ctx, locator, format, flags, &o, err);
	if (ret)
		goto out;
	path = o.stack.path ? o.stack.path : "/";
	/* A link that leads nowhere is an item too. */
	if (dw_fs_stat(o.fs, path, &st, NULL) || !S_ISDIR(st.mode)) {
		ret = report(&o, path, path, fn, arg, err);
		goto out;
	}
	ret = say_where(&o, dw_fs_readdir(o.fs, path, add_name, &names, err),
			err);
	if (ret)
		goto out;
	if (names.nr)
		qsort(names.items, names.nr, sizeof(*names.items), by_bytes);
	ret = report_names(ctx, &o, path, &names, fn, arg, err);
out:
	free_names(&names);
	close_all(&o);
	return ret;
}

static int read_pieces(struct dw_ctx *ctx, struct opened *o,
		       const struct dw_stat *st, dw_bytes_fn fn, void *arg,
		       struct dw_err *err)
{
	char *buf = malloc(PIECE_LEN);
	uint64_t off = 0;
	size_t got = 0;
	int ret = buf ? 0 : dw_fail_nomem(err);

	while (!ret && off < st->size) {
		ret = dw_ctx_check(ctx, err);
		if (!ret)
			ret = say_where(o, dw_fs_pread(o->fs, st->ino, off,
						       buf, PIECE_LEN, &got,
						       err), err);
		if (!ret && !got)
			break;
		if (!ret)
			ret = fn(arg, buf, got, err);
		off += got;
	}
	free(buf);
	return ret;
}

int dw_read_path(struct dw_ctx *ctx, const char *locator, const char *format,
		 unsigned flags, dw_bytes_fn fn, void *arg, struct dw_err *err)
{
	struct opened o;
	struct dw_stat st;
	int ret;

	ret = open_all(ctx, locator, format, flags, &o, err);
	if (!ret && !o.stack.path)
		ret = dw_fail(err, DW_USAGE, "%s: no path inside it is given,"
			      " as in %s:/etc/fstab", locator, locator);
	if (!ret)
		ret = say_where(&o, dw_fs_stat(o.fs, o.stack.path, &st, err),
				err);
	if (!ret && !S_ISREG(st.mode))
		ret = dw_fail(err, DW_USAGE, "%s: %s is %s", o.stack.dev->name,
			      o.stack.path, S_ISDIR(st.mode) ? "a directory" :
			      "no regular file");
	if (!ret)
		ret = read_pieces(ctx, &o, &st, fn, arg, err);
	close_all(&o);
	return ret;
}
