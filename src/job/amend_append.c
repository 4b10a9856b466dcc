/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing files where they lie: longer ones, and copies beside them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev/kinds.h"
#include "job/amend.h"

/* The whole of a file in memory, with room for 'more' bytes behind it. */
static int read_whole(struct dw_amend *a, const char *path, size_t more,
		      char **out, size_t *len, struct dw_err *err)
{
	uint64_t cap_len = a->ctx->memory_cap_len;
	char *all;
	int ret = dw_fs_read_file(a->fs, path, cap_len, out, len, err);

	if (ret)
		return ret;
	all = realloc(*out, *len + more + 1);
	if (!all) {
		free(*out);
		*out = NULL;
		return dw_fail_nomem(err);
	}
	*out = all;
	return 0;
}

/* Old and new bytes into fresh blocks. */
static int rewrite(struct dw_amend *a, const char *path, const void *bytes,
		   size_t len, struct dw_err *err)
{
	struct dw_dev *content = NULL;
	char *all = NULL;
	size_t old_len;
	int ret = read_whole(a, path, len, &all, &old_len, err);

	if (!ret) {
		memcpy(all + old_len, bytes, len);
		ret = dw_mem_from(path, all, old_len + len, &content, err);
	}
	free(all);
	if (!ret)
		ret = dw_amend_file(a, path, content, true, NULL, err);
	dw_dev_close(content, NULL);
	return ret;
}

int dw_amend_append(struct dw_amend *a, const char *path, const void *bytes,
		    size_t len, struct dw_err *err)
{
	struct dw_amend_source source = { .a = a };
	struct dw_stat st;
	bool done = false;
	int ret = dw_fs_stat(a->fs, path, &st, err);

	if (!ret)
		ret = dw_mem_from(path, bytes, len, &source.content, err);
	if (!ret)
		ret = dw_fs_place_behind(a->fs, path, bytes, len,
					 dw_amend_add_run, &source, &done, err);
	if (!ret && done)
		ret = dw_amend_add_file(a, path, source.content, st.size, err);
	if (!ret && !done)
		ret = rewrite(a, path, bytes, len, err);
	dw_dev_close(source.content, NULL);
	return ret;
}

/* ---- copies ------------------------------------------------------------- */

struct copying {
	struct dw_fs *fs;
	const char *path;
};

static int copy_attribute(void *arg, const char *name, const void *value,
			  size_t len, struct dw_err *err)
{
	const struct copying *c = arg;

	return dw_fs_setxattr(c->fs, c->path, name, value, len, err);
}

static int copy_content(struct dw_amend *a, const char *path,
			const char *backup, const struct dw_stat *st,
			struct dw_err *err)
{
	const struct dw_new new = {
		.uid = st->uid, .gid = st->gid, .mode = st->mode,
	};
	struct dw_dev *content = NULL;
	char *bytes = NULL;
	size_t len;
	int ret = read_whole(a, path, 0, &bytes, &len, err);

	if (!ret)
		ret = dw_mem_from(backup, bytes, len, &content, err);
	free(bytes);
	if (!ret)
		ret = dw_amend_file(a, backup, content, false, &new, err);
	dw_dev_close(content, NULL);
	return ret;
}

int dw_amend_check_backup(struct dw_amend *a, const char *backup,
			  struct dw_err *err)
{
	struct dw_stat st;
	int ret = dw_fs_lstat(a->fs, backup, &st, err);

	if (!ret)
		return dw_fail(err, DW_EXISTS, "%s: the backup is there "
			       "already", backup);
	return ret == DW_NOENT ? 0 : ret;
}

int dw_amend_backup(struct dw_amend *a, const char *path, const char *backup,
		    struct dw_err *err)
{
	struct copying c = { a->fs, backup };
	struct dw_stat st;
	int ret = dw_amend_check_backup(a, backup, err);

	if (!ret)
		ret = dw_fs_stat(a->fs, path, &st, err);
	if (!ret)
		ret = copy_content(a, path, backup, &st, err);
	if (!ret)
		ret = dw_fs_chmod(a->fs, backup, st.mode, err);
	if (!ret)
		ret = dw_fs_listxattr(a->fs, path, copy_attribute, &c, err);
	return ret ? ret : dw_fs_set_times(a->fs, backup, st.atime, st.mtime,
					   err);
}

int dw_amend_name_backup(const char *path, const char *suffix, char **out,
			 struct dw_err *err)
{
	*out = NULL;
	if (!*suffix || strchr(suffix, '/'))
		return dw_fail(err, DW_USAGE, "'%s' is no suffix for a backup",
			       suffix);
	if (asprintf(out, "%s%s", path, suffix) >= 0)
		return 0;
	*out = NULL;
	return dw_fail_nomem(err);
}
