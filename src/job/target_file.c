/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file inside an image that a job writes to. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/notes.h"
#include "job/target_file.h"

/* As in the inode, see struct dw_stat. */
#define FLAG_IMMUTABLE 0x10u
#define FLAG_APPEND 0x20u

int dw_target_path_given(const struct dw_stack *stack, const char *locator,
			 struct dw_err *err)
{
	if (stack->path)
		return 0;
	return dw_fail(err, DW_USAGE, "%s: no path inside it is given, as in "
		       "%s:/etc/fstab", locator, locator);
}

static int check_flags(const char *path, const struct dw_stat *st, bool force,
		       struct dw_err *err)
{
	if (force || !(st->inode_flags & (FLAG_IMMUTABLE | FLAG_APPEND)))
		return 0;
	return dw_fail(err, DW_DENIED, "%s: is marked %s; --force changes it "
		       "all the same", path,
		       st->inode_flags & FLAG_IMMUTABLE ? "immutable" :
		       "append-only");
}

static int check_type(const char *path, const struct dw_stat *st,
		      struct dw_err *err)
{
	if (S_ISREG(st->mode))
		return 0;
	if (S_ISDIR(st->mode))
		return dw_fail(err, DW_USAGE, "%s: is a directory; name the "
			       "file in it", path);
	return dw_fail(err, DW_USAGE, "%s: is no regular file", path);
}

char *dw_target_folder(const char *path)
{
	const char *last = strrchr(path, '/');

	return last && last != path ? strndup(path, (size_t)(last - path))
				    : strdup("/");
}

/* The folder of a link that leads to nothing is not looked for: what would be
 * made is elsewhere. */
static int check_folder(struct dw_fs *fs, const char *path, bool force,
			struct dw_notes *notes, struct dw_err *err)
{
	char *folder = dw_target_folder(path), *value = NULL;
	struct dw_stat st;
	size_t len;
	int ret;

	if (!folder)
		return dw_fail_nomem(err);
	ret = dw_fs_stat(fs, folder, &st, err);
	if (!ret)
		ret = check_flags(folder, &st, force, err);
	if (!ret && !dw_fs_getxattr(fs, folder, "system.posix_acl_default",
				    &value, &len, NULL))
		dw_notes_add(notes, "%s has a default ACL, which the new file "
			     "does not get", folder);
	free(value);
	free(folder);
	return ret;
}

int dw_target_file_find(struct dw_fs *fs, const char *path, bool force,
			struct dw_target_file *out, struct dw_notes *notes,
			struct dw_err *err)
{
	struct dw_stat st;
	int ret;

	memset(out, 0, sizeof(*out));
	if (path[strlen(path) - 1] == '/')
		return dw_fail(err, DW_USAGE, "%s: is a directory; name the "
			       "file in it", path);
	ret = dw_fs_stat(fs, path, &st, err);
	if (ret == DW_NOENT)
		return check_folder(fs, path, force, notes, err);
	if (!ret)
		ret = check_type(path, &st, err);
	if (!ret)
		ret = check_flags(path, &st, force, err);
	out->exists = true;
	out->size = st.size;
	return ret;
}
