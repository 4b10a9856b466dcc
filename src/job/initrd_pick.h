/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which kernels and initrds a locator and its options mean. */
#ifndef DW_JOB_INITRD_PICK_H
#define DW_JOB_INITRD_PICK_H

#include "guest/guest.h"

struct dw_initrd_pick {
	struct dw_kernel *kernel;	/* of the guest; NULL: an initrd that is
					 * no kernel's, at 'path' */
	const char *path;		/* of the initrd, or NULL: there is none;
					 * not always the kernel's own */
};

struct dw_initrd_picks {
	size_t nr;
	struct dw_initrd_pick *items;
	bool one_meant;		/* by kernel or path, not just all */
};

/*
 * path (NULL: none) is that of the locator, kernel (NULL: none) a version, a
 * path, or a name as it follows "vmlinuz-".  With both, the initrd at path is
 * taken for the kernel's.  DW_NOENT where there is none.  What is picked points
 * into the guest and path.
 */
int dw_initrd_pick_all(struct dw_fs *fs, struct dw_guest *guest,
		       const char *path, const char *kernel,
		       struct dw_initrd_picks *out, struct dw_err *err);

#endif
