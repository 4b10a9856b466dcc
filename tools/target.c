/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a result goes, and in which format. */
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

static bool is_same(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) && S_ISBLK(b->st_mode))
		return a->st_rdev == b->st_rdev;
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool cli_target_given(const struct cli_target *t)
{
	return t->format || t->subformat || t->compress || t->cluster_len;
}

int cli_target_choose(struct cli_target *t, const char *path,
		      struct dw_err *err)
{
	if (t->cluster_len > UINT32_MAX)
		return cli_fail(err, DW_USAGE, "--cluster-size: %" PRIu64
				" bytes are too many", t->cluster_len);
	return t->format ? 0 : dw_convert_format(path, &t->format, err);
}

/* The image of a locator is one of its beginnings. */
static bool is_image_of(const char *locator, const struct stat *to)
{
	char name[PATH_MAX];
	struct stat from;
	size_t end = strlen(locator);

	/* No file has a longer name. */
	if (end >= sizeof(name))
		return false;
	memcpy(name, locator, end + 1);
	for (; end; end--) {
		if (name[end] && name[end] != '@')
			continue;
		name[end] = '\0';
		if (!stat(name, &from) && is_same(&from, to))
			return true;
	}
	return false;
}

static bool is_in_folder(const char *folder, const struct stat *to)
{
	DIR *dir = opendir(folder);
	struct dirent *item;
	struct stat st;
	bool found = false;

	while (dir && !found && (item = readdir(dir)))
		found = !fstatat(dirfd(dir), item->d_name, &st, 0) &&
			is_same(&st, to);
	if (dir)
		closedir(dir);
	return found;
}

int cli_check_apart(const struct cli_common *common, const char *source,
		    const char *target, const char *more, struct dw_err *err)
{
	struct stat to;
	bool same;

	if (stat(target, &to))
		return 0;
	if (is_image_of(source, &to))
		return cli_fail(err, DW_USAGE, "%s: is SOURCE and TARGET at"
				" once%s", target, more);
	same = common->pv_dir && is_in_folder(common->pv_dir, &to);
	for (size_t i = 0; i < common->pvs_nr && !same; i++)
		same = is_image_of(common->pvs[i], &to);
	if (same)
		return cli_fail(err, DW_USAGE, "%s: is the TARGET, and --pv or"
				" --pv-dir names it as a source", target);
	return 0;
}
