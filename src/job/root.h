/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root filesystem of a disk, recovered and opened. */
#ifndef DW_JOB_ROOT_H
#define DW_JOB_ROOT_H

#include "fs/fs.h"
#include "part/part.h"

struct dw_root {
	struct dw_dev *disk;
	struct dw_part_table *table;	/* NULL: the disk is the filesystem */
	unsigned part_nr;		/* 0: no partition */
	uint64_t start_off, len;	/* of the device that holds it */
	struct dw_dev *overlay;		/* over that device; recovered */
	struct dw_recovery recovery;
	struct dw_fs *fs;		/* on the overlay */
};

/*
 * Finds the filesystem that a guest on this disk runs from, recovers it in
 * memory and opens it with 'fs_flags' (enum dw_fs_flags).  Refused by name:
 * GPT, LVM, a separate /boot, and what is no filesystem that we handle.
 * disk is only read; root is dw_root_close()d after an error too.
 */
int dw_root_open(struct dw_ctx *ctx, struct dw_dev *disk, unsigned fs_flags,
		 struct dw_root *root, struct dw_err *err);
void dw_root_close(struct dw_root *root);

#endif
