/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel packages: whatever is in them, only a kernel's files come out. */
#include <string.h>
#include <sys/stat.h>

#include "base/checked.h"
#include "fuzz.h"
#include "package/package.h"

static void check_entry(const struct dw_package *pkg,
			const struct dw_package_entry *e)
{
	if (dw_package_place(e->path) != DW_PLACE_TAKEN)
		fuzz_fail("%s was taken", e->path);
	if (strstr(e->path, "/../") || strstr(e->path, "//"))
		fuzz_fail("%s is no path", e->path);
	if (!S_ISREG(e->mode) && !S_ISDIR(e->mode) && !S_ISLNK(e->mode))
		fuzz_fail("%s has mode %o", e->path, e->mode);
	if (e->mode & 07000)
		fuzz_fail("%s has mode %o", e->path, e->mode);
	if (!dw_in_range(e->off, e->size, pkg->content->size))
		fuzz_fail("%s lies outside of the content", e->path);
	if (S_ISLNK(e->mode) != (e->target != NULL))
		fuzz_fail("%s has a target, or none", e->path);
}

static void run(struct fuzz *z)
{
	char version[DW_PACKAGE_FIELD];
	struct dw_package *pkg;

	if (fuzz_result(z, dw_package_read(z->ctx, z->dev, &pkg, &z->err)))
		return;
	for (size_t i = 0; i < pkg->entries_nr; i++) {
		check_entry(pkg, &pkg->entries[i]);
		if (i && strcmp(pkg->entries[i - 1].path,
				pkg->entries[i].path) >= 0)
			fuzz_fail("entry %zu is not in order", i);
	}
	fuzz_result(z, dw_package_kernel_version(pkg, version, &z->err));
	dw_package_free(pkg);
}

const struct fuzz_target fuzz_target = {
	.name = "package",
	.modes_nr = 1,
	.run = run,
};
