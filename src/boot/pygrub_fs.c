/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What PyGrub would boot from an open filesystem. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/notes.h"
#include "boot/pygrub.h"
#include "fs/fs.h"

/* PyGrub starts at the root, whether a name has its first slash or not. */
static char *absolute(const char *path)
{
	char *out;

	if (path[0] == '/')
		return strdup(path);
	return asprintf(&out, "/%s", path) < 0 ? NULL : out;
}

/* A directory has nothing that PyGrub could hand out. */
static bool file_exists(void *arg, const char *path)
{
	char *abs = absolute(path);
	struct dw_stat st;
	bool found;

	found = abs && !dw_fs_stat(arg, abs, &st, NULL) &&
		S_ISREG(st.mode);
	free(abs);
	return found;
}

/*
 * Of a file that lies inside of its inode libext2fs hands out the whole of the
 * 60 bytes there, zeros behind the end, where PyGrub then finds a last line.
 */
#define INLINE_LEN 60u
#define INLINE_DATA_FL 0x10000000u	/* EXT4_INLINE_DATA_FL */

static size_t pad_inline(const struct dw_stat *st, char *data, size_t len)
{
	if (!(st->inode_flags & INLINE_DATA_FL) || !len ||
	    len >= INLINE_LEN)
		return len;
	memset(data + len, 0, INLINE_LEN - len);
	return INLINE_LEN;
}

static int file_read(void *arg, const char *path, size_t max_len, char **data,
		     size_t *len, struct dw_err *err)
{
	struct dw_stat st;
	size_t want;
	int ret;

	*data = NULL;
	ret = dw_fs_stat(arg, path, &st, err);
	if (ret)
		return ret;
	want = st.size < max_len ? (size_t)st.size : max_len;
	*data = malloc(want + INLINE_LEN);
	if (!*data)
		return dw_fail_nomem(err);
	ret = dw_fs_pread(arg, st.ino, 0, *data, want, len, err);
	if (ret) {
		free(*data);
		*data = NULL;
		return ret;
	}
	*len = pad_inline(&st, *data, *len);
	return 0;
}

static int barred(const char *bar, struct dw_pygrub_result **out,
		  struct dw_err *err)
{
	struct dw_pygrub_result *r = calloc(1, sizeof(*r));

	if (!r)
		return dw_fail_nomem(err);
	r->why = DW_PYGRUB_NO_CONFIG;
	r->v.reason = strdup(bar);
	if (!r->v.reason) {
		dw_pygrub_free(r);
		return dw_fail_nomem(err);
	}
	*out = r;
	return 0;
}

int dw_pygrub_lint_fs(enum dw_pygrub_rules rules, struct dw_fs *fs,
		      struct dw_pygrub_result **out, struct dw_err *err)
{
	struct dw_pygrub_files files = { fs, file_exists, file_read };
	struct dw_fs_info info;
	const char *bar;
	int ret;

	*out = NULL;
	ret = dw_fs_get_info(fs, &info, err);
	if (ret)
		return ret;
	bar = dw_pygrub_fs_bar(info.type, info.features, info.block_len ?
			       info.size / info.block_len : 0);
	if (bar)
		return barred(bar, out, err);
	return dw_pygrub_lint(rules, &files, out, err);
}
