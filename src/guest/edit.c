/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The edits that a plan holds: new contents of files, and what changes. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "guest/edit.h"
#include "fs/read_text.h"

/* Text files of a system that are longer are no configuration. */
#define FILE_CAP_LEN (4u << 20)

void dw_edits_free(struct dw_edits *edits)
{
	for (size_t i = 0; i < edits->nr; i++) {
		free(edits->items[i].path);
		free(edits->items[i].data);
	}
	free(edits->items);
	dw_changes_free(&edits->changes);
	memset(edits, 0, sizeof(*edits));
}

static struct dw_edit *find(const struct dw_edits *edits, const char *path)
{
	for (size_t i = 0; i < edits->nr; i++)
		if (!strcmp(edits->items[i].path, path))
			return &edits->items[i];
	return NULL;
}

/* The path with its links resolved, so that two names of one file are one
 * edit; a file that is not there yet keeps its name. */
static int resolve(struct dw_fs *fs, const char *path, char **out,
		   struct dw_err *err)
{
	int ret = dw_fs_realpath(fs, path, out, err);

	if (ret != DW_NOENT)
		return ret;
	*out = strdup(path);
	return *out ? 0 : dw_fail_nomem(err);
}

/* Puts data (taken over, freed on failure) in as the content of path. */
static int put(struct dw_edits *edits, const char *path, char *data,
	       size_t len, bool is_new, uint32_t mode, struct dw_err *err)
{
	struct dw_edit *e = find(edits, path);

	if (!e && edits->nr == edits->cap) {
		size_t cap = edits->cap * 2 + 8;

		e = realloc(edits->items, cap * sizeof(*e));
		if (!e)
			goto nomem;
		edits->items = e;
		edits->cap = cap;
		e = NULL;
	}
	if (!e) {
		e = &edits->items[edits->nr];
		memset(e, 0, sizeof(*e));
		e->path = strdup(path);
		if (!e->path)
			goto nomem;
		e->is_new = is_new;
		e->mode = mode;
		edits->nr++;
	}
	free(e->data);
	e->data = data;
	e->len = len;
	return 0;
nomem:
	free(data);
	return dw_fail_nomem(err);
}

/* The present content of a resolved path. */
static int read_now(const struct dw_edits *edits, struct dw_fs *fs,
		    const char *path, char **data, size_t *len,
		    struct dw_err *err)
{
	const struct dw_edit *e = find(edits, path);

	*data = NULL;
	*len = 0;
	if (!e)
		return dw_fs_read_file(fs, path, FILE_CAP_LEN, data, len, err);
	*data = malloc(e->len + 1);
	if (!*data)
		return dw_fail_nomem(err);
	if (e->len)
		memcpy(*data, e->data, e->len);
	(*data)[e->len] = '\0';
	*len = e->len;
	return 0;
}

/* What is there, as far as it is a file that can be edited; else NULL. */
static int read_editable(struct dw_edits *edits, struct dw_fs *fs,
			 const char *path, char **data, size_t *len,
			 struct dw_err *err)
{
	struct dw_stat st;
	int ret;

	*data = NULL;
	if (!find(edits, path)) {
		ret = dw_fs_stat(fs, path, &st, err);
		if (ret || !S_ISREG(st.mode))
			return ret;
	}
	ret = read_now(edits, fs, path, data, len, err);
	if (ret == DW_LIMIT) {
		size_t first = edits->changes.nr;

		dw_changes_note(&edits->changes, 0, "longer than %u bytes; "
				"left as it is", FILE_CAP_LEN);
		dw_changes_set_path(&edits->changes, first, path);
	}
	return ret;
}

int dw_edits_run(struct dw_edits *edits, struct dw_fs *fs, const char *path,
		 dw_edit_fn fn, const void *arg, struct dw_err *err)
{
	struct dw_changes changes = { 0 };
	char *real = NULL, *data = NULL;
	struct dw_buf out = { 0 };
	size_t len = 0;
	int ret;

	ret = resolve(fs, path, &real, err);
	if (!ret)
		ret = read_editable(edits, fs, real, &data, &len, err);
	if (ret || !data) {
		ret = dw_fs_has_not(ret) ? 0 : ret;
		goto out;
	}
	ret = fn(data, len, arg, &out, &changes, err);
	if (ret) {
		dw_err_prefix(err, ret, "%s", path);
		goto out;
	}
	if (out.len != len || (len && memcmp(out.data, data, len))) {
		size_t new_len;
		char *new_data = dw_buf_take(&out, &new_len);

		ret = put(edits, real, new_data, new_len, false, 0, err);
	}
	dw_changes_set_path(&changes, 0, path);
	dw_changes_take(&edits->changes, &changes);
	if (!ret)
		ret = dw_changes_check(&edits->changes, err);
out:
	dw_changes_free(&changes);
	dw_buf_free(&out);
	free(data);
	free(real);
	return ret;
}

int dw_edits_set(struct dw_edits *edits, struct dw_fs *fs, const char *path,
		 const char *data, size_t len, uint32_t mode,
		 struct dw_changes *changes, const char *note,
		 struct dw_err *err)
{
	bool exists = dw_fs_exists(fs, path);
	size_t first = edits->changes.nr;
	char *real = NULL, *copy;
	int ret;

	ret = resolve(fs, path, &real, err);
	if (ret)
		return ret;
	copy = malloc(len + 1);
	if (!copy) {
		ret = dw_fail_nomem(err);
		goto out;
	}
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	ret = put(edits, real, copy, len, !exists, mode, err);
	if (ret)
		goto out;
	if (changes && changes->nr)
		dw_changes_take(&edits->changes, changes);
	else
		/* A file made as a whole is shown as a whole. */
		dw_changes_add(&edits->changes, 0, NULL, 0, copy, len, "%s",
			       note ? note : exists ? "replaced" : "new file");
	dw_changes_set_path(&edits->changes, first, path);
	ret = dw_changes_check(&edits->changes, err);
out:
	free(real);
	return ret;
}

int dw_edits_read(const struct dw_edits *edits, struct dw_fs *fs,
		  const char *path, char **data, size_t *len,
		  struct dw_err *err)
{
	char *real = NULL;
	int ret;

	*data = NULL;
	ret = resolve(fs, path, &real, err);
	if (!ret)
		ret = read_now(edits, fs, real, data, len, err);
	free(real);
	return ret;
}

static int make_folder(struct dw_fs *fs, const char *path, struct dw_err *err)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int ret = 0;

	if (!slash || slash == path)
		return 0;
	folder = strndup(path, (size_t)(slash - path));
	if (!folder)
		return dw_fail_nomem(err);
	if (!dw_fs_exists(fs, folder))
		ret = dw_fs_mkdir(fs, folder, true, NULL, err);
	free(folder);
	return ret;
}

int dw_edits_apply(const struct dw_edits *edits, struct dw_fs *fs,
		   struct dw_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < edits->nr; i++) {
		const struct dw_edit *e = &edits->items[i];
		struct dw_new new = { -1, -1, e->mode };

		if (e->is_new)
			ret = make_folder(fs, e->path, err);
		if (!ret)
			ret = dw_fs_write_file(fs, e->path, e->data, e->len,
					       e->is_new ? &new : NULL, err);
		if (ret)
			dw_err_prefix(err, ret, "%s", e->path);
	}
	return ret;
}
