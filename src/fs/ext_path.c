/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths: names and symbolic links, never out of the filesystem. */
#include <stdlib.h>
#include <string.h>

#include "fs/ext_internal.h"

#define MAX_DEPTH 1024
#define MAX_LINKS 40		/* as the kernel */
#define MAX_PENDING (16 * DW_EXT_PATH_MAX)

/*
 * ".." goes back along the way that was come, not by the entry on disk, so
 * that a damaged one leads nowhere and the root has nothing above it.
 */
struct walk {
	struct dw_fs *f;
	struct dw_ext_where *at;
	size_t path_len;
	unsigned depth;
	unsigned links_nr;
	ext2_ino_t inos[MAX_DEPTH + 1];
	char *pending;		/* what is still to be walked */
};

static int too_long(const char *what, struct dw_err *err)
{
	return dw_fail(err, DW_LIMIT, "ext: a path has too many %s", what);
}

static void go_up(struct walk *w)
{
	if (!w->depth)
		return;
	w->depth--;
	while (w->at->path[--w->path_len] != '/')
		;
	w->at->path[w->path_len] = '\0';
}

static int go_down(struct walk *w, const char *name, size_t len, ext2_ino_t ino,
		   struct dw_err *err)
{
	if (w->depth == MAX_DEPTH)
		return too_long("folders", err);
	if (w->path_len + 1 + len >= sizeof(w->at->path))
		return too_long("characters", err);
	w->at->path[w->path_len++] = '/';
	memcpy(w->at->path + w->path_len, name, len);
	w->path_len += len;
	w->at->path[w->path_len] = '\0';
	w->inos[++w->depth] = ino;
	return 0;
}

/* The target takes the link's place in front of what is still to be walked. */
static int follow_link(struct walk *w, const struct dw_ext_node *n,
		       const char *rest, struct dw_err *err)
{
	char *target, *joined;
	size_t len;
	int ret;

	if (++w->links_nr > MAX_LINKS)
		return too_long("symbolic links", err);
	ret = dw_ext_read_whole(w->f, n, DW_EXT_PATH_MAX, &target, &len, err);
	if (ret)
		return ret;
	len = strlen(target);
	if (len + strlen(rest) + 2 > MAX_PENDING) {
		free(target);
		return too_long("characters", err);
	}
	joined = malloc(len + strlen(rest) + 2);
	if (!joined) {
		free(target);
		return dw_fail_nomem(err);
	}
	memcpy(joined, target, len);
	joined[len] = '/';
	strcpy(joined + len + 1, rest);
	if (target[0] == '/') {
		w->depth = 0;
		w->path_len = 0;
		w->at->path[0] = '\0';
	}
	free(target);
	free(w->pending);
	w->pending = joined;
	return 0;
}

static bool is_last(const char *rest)
{
	return rest[strspn(rest, "/")] == '\0';
}

/* One name; *next is where the walk goes on. */
static int step(struct walk *w, const char *name, size_t len, bool follow,
		const char **next, struct dw_err *err)
{
	const char *rest = name + len;
	struct dw_ext_node n;
	ext2_ino_t ino;
	int ret;

	*next = rest;
	if (len == 1 && name[0] == '.')
		return 0;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		go_up(w);
		return 0;
	}
	if (len > EXT2_NAME_LEN)
		return dw_fail(err, DW_NOENT, "ext: a name of %zu bytes", len);
	ret = dw_ext_dir_lookup(w->f, w->inos[w->depth], name, len, &ino, err);
	if (ret == DW_NOENT && is_last(rest))
		return go_down(w, name, len, 0, err);
	if (!ret)
		ret = dw_ext_node_read(w->f->fs, ino, &n, err);
	if (ret)
		return ret;
	if (LINUX_S_ISLNK(n.mode) && (follow || !is_last(rest))) {
		ret = follow_link(w, &n, rest, err);
		*next = w->pending;
		return ret;
	}
	if (!is_last(rest) && !LINUX_S_ISDIR(n.mode))
		return dw_fail(err, DW_NOENT,
			       "ext: '%.*s' is not a directory", (int)len,
			       name);
	return go_down(w, name, len, ino, err);
}

static int walk_all(struct walk *w, bool follow, struct dw_err *err)
{
	const char *p = w->pending;

	for (;;) {
		size_t len;
		int ret;

		p += strspn(p, "/");
		len = strcspn(p, "/");
		if (!len)
			return 0;
		ret = step(w, p, len, follow, &p, err);
		if (ret)
			return ret;
	}
}

static void finish(struct walk *w)
{
	struct dw_ext_where *at = w->at;

	at->ino = w->inos[w->depth];
	at->dir = w->inos[w->depth ? w->depth - 1 : 0];
	if (w->depth)
		at->name = strrchr(at->path, '/') + 1;
	else
		at->name = strcpy(at->path, "/") + 1;
}

int dw_ext_resolve(struct dw_fs *f, const char *path, bool follow,
		   struct dw_ext_where *out, struct dw_err *err)
{
	struct walk *w = calloc(1, sizeof(*w));
	int ret;

	memset(out, 0, sizeof(*out));
	if (!w)
		return dw_fail_nomem(err);
	w->f = f;
	w->at = out;
	w->inos[0] = EXT2_ROOT_INO;
	w->pending = strdup(path);
	if (w->pending)
		ret = walk_all(w, follow, err);
	else
		ret = dw_fail_nomem(err);
	if (ret)
		dw_err_prefix(err, ret, "%.80s", path);
	else
		finish(w);
	free(w->pending);
	free(w);
	return ret;
}

int dw_ext_find(struct dw_fs *f, const char *path, bool follow,
		ext2_ino_t *ino, struct dw_err *err)
{
	struct dw_ext_where at;
	int ret = dw_ext_resolve(f, path, follow, &at, err);

	*ino = at.ino;
	if (ret)
		return ret;
	if (!at.ino)
		return dw_fail(err, DW_NOENT, "ext: no such file: %.200s",
			       path);
	return 0;
}

bool dw_fs_exists(struct dw_fs *f, const char *path)
{
	ext2_ino_t ino;

	return !dw_ext_find(f, path, true, &ino, NULL);
}

int dw_fs_realpath(struct dw_fs *f, const char *path, char **out,
		   struct dw_err *err)
{
	struct dw_ext_where at;
	int ret;

	*out = NULL;
	ret = dw_ext_resolve(f, path, true, &at, err);
	if (ret)
		return ret;
	if (!at.ino)
		return dw_fail(err, DW_NOENT, "ext: no such file: %.200s",
			       path);
	*out = strdup(at.path);
	return *out ? 0 : dw_fail_nomem(err);
}

static int stat_path(struct dw_fs *f, const char *path, bool follow,
		     struct dw_stat *out, struct dw_err *err)
{
	struct ext2_inode_large *inode;
	ext2_ino_t ino;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = dw_ext_find(f, path, follow, &ino, err);
	if (!ret)
		ret = dw_ext_inode_load(f->fs, ino, &inode, err);
	if (ret)
		return ret;
	dw_ext_inode_stat(f->fs, ino, inode, out);
	free(inode);
	return 0;
}

int dw_fs_stat(struct dw_fs *f, const char *path, struct dw_stat *out,
	       struct dw_err *err)
{
	return stat_path(f, path, true, out, err);
}

int dw_fs_lstat(struct dw_fs *f, const char *path, struct dw_stat *out,
		struct dw_err *err)
{
	return stat_path(f, path, false, out, err);
}
