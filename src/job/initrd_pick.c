/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which kernels and initrds a locator and its options mean. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "job/initrd_pick.h"

static bool is_called(const struct dw_kernel *k, const char *name)
{
	return !strcmp(k->version, name) || !strcmp(k->path, name) ||
	       !strcmp(k->name, name);
}

/* One initrd: of the kernel whose own it is, by whichever name. */
static int pick_path(struct dw_fs *fs, struct dw_guest *guest,
		     const char *path, struct dw_initrd_picks *out,
		     struct dw_err *err)
{
	struct dw_kernels *kernels = &guest->kernels;
	struct dw_stat want, have;
	int ret = dw_fs_stat(fs, path, &want, err);

	if (!ret && !S_ISREG(want.mode))
		ret = dw_fail(err, DW_USAGE, "%s: is no regular file", path);
	if (ret)
		return ret;
	out->items[0].path = path;
	out->nr = 1;
	for (size_t i = 0; i < kernels->nr; i++)
		if (kernels->items[i].initrd_path &&
		    !dw_fs_stat(fs, kernels->items[i].initrd_path, &have,
				NULL) && have.ino == want.ino) {
			out->items[0].kernel = &kernels->items[i];
			break;
		}
	return 0;
}

static int pick_kernels(struct dw_guest *guest, const char *path,
			const char *name, struct dw_initrd_picks *out,
			struct dw_err *err)
{
	struct dw_kernels *kernels = &guest->kernels;

	for (size_t i = 0; i < kernels->nr; i++) {
		struct dw_kernel *k = &kernels->items[i];

		if (name && !is_called(k, name))
			continue;
		out->items[out->nr].kernel = k;
		out->items[out->nr++].path = path ? path : k->initrd_path;
	}
	if (out->nr)
		return 0;
	if (!name)
		return dw_fail(err, DW_NOENT, "there is no kernel in /boot");
	return dw_fail(err, DW_NOENT, "there is no kernel %s; %s%s", name,
		       kernels->nr ? "the newest is " : "nor any other",
		       kernels->nr ? kernels->items[0].version : "");
}

int dw_initrd_pick_all(struct dw_fs *fs, struct dw_guest *guest,
		       const char *path, const char *kernel,
		       struct dw_initrd_picks *out, struct dw_err *err)
{
	memset(out, 0, sizeof(*out));
	out->one_meant = path || kernel;
	out->items = calloc(guest->kernels.nr + 1, sizeof(*out->items));
	if (!out->items)
		return dw_fail_nomem(err);
	if (path && !kernel)
		return pick_path(fs, guest, path, out, err);
	return pick_kernels(guest, path, kernel, out, err);
}
