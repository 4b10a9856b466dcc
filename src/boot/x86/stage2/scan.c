/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds kernels in /boot where no configuration leads to one any more.
 */
#include "scan.h"

struct scan {
	const char *before;
	char *best;
};

/* One pass keeps the best name so far, so the directory may be of any size. */
static bool look_at(void *arg, const char *name, uint32_t len, uint32_t nr)
{
	struct scan *s = arg;
	char found[SCAN_NAME_MAX];

	if (!scan_is_kernel(name, len))
		return false;
	memcpy(found, name, len);
	found[len] = 0;
	if ((!*s->before || scan_compare(found, s->before) < 0) &&
	    (!*s->best || scan_compare(found, s->best) > 0))
		memcpy(s->best, found, len + 1);
	return false;
}

fault scan_next(struct ext *fs, const struct ext_inode *dir,
		const char *before, char *best)
{
	struct scan s = { before, best };

	best[0] = 0;
	return ext_list(fs, dir, look_at, &s);
}

void scan_initrd(struct ext *fs, const struct ext_inode *dir,
		 const char *kernel, char *out)
{
	struct ext_inode inode;
	uint32_t i;

	for (i = 0; scan_initrd_name(i, kernel, out); i++)
		if (ext_lookup(fs, dir->nr, out, &inode) != ext_not_found)
			return;
	out[0] = 0;
}
