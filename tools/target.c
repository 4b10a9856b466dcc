/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a result goes, and in which format. */
#include <inttypes.h>
#include <stdlib.h>
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
int cli_check_apart(const char *source, const char *target, const char *more,
		    struct dw_err *err)
{
	struct stat to, from;
	char *name;
	bool same = false;

	if (stat(target, &to))
		return 0;
	name = strdup(source);
	if (!name)
		return cli_fail(err, DW_NOMEM, "out of memory");
	for (size_t end = strlen(name); end && !same; end--) {
		if (name[end] && name[end] != '@')
			continue;
		name[end] = '\0';
		same = !stat(name, &from) && is_same(&from, &to);
	}
	free(name);
	if (!same)
		return 0;
	return cli_fail(err, DW_USAGE, "%s: is SOURCE and TARGET at once%s",
			target, more);
}
