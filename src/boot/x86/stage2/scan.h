/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds kernels in /boot where no configuration leads to one any more.
 */
#ifndef STAGE2_SCAN_H
#define STAGE2_SCAN_H

#include "cmdline.h"
#include "ext.h"
#include "scan_names.h"

/*
 * The kernel in a directory that is tried behind 'before' ("": the first of
 * all); best, of SCAN_NAME_MAX bytes, is "" where there is none.
 */
fault scan_next(struct ext *fs, const struct ext_inode *dir,
		const char *before, char *best);

/* The initrd of a kernel in the same directory; "": it has none. */
void scan_initrd(struct ext *fs, const struct ext_inode *dir,
		 const char *kernel, char *out);

/* scan_boot.c: tells what it does and why, and tries the kernels; returns if
 * none of them could be started. old_args: of the entry that was the default,
 * or NULL. */
void scan_boot(struct ext *fs, const char *old_args, struct cmdline *cl);

#endif
