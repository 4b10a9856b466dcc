/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a system sleeps on a disk.  One that wakes up from its swap space
 * goes on where it was, with what it knew of its filesystems: they must be
 * found as it left them, journals and all.
 */
#ifndef DW_JOB_AWAKE_H
#define DW_JOB_AWAKE_H

#include "fs/fs.h"
#include "lvm/lvm.h"
#include "part/part.h"

/*
 * Each is DW_UNSUPPORTED where the memory of a suspended system is there, and
 * says in what.  What is damaged, unknown or not there sleeps for nobody, so
 * that all other errors are failures of the host.
 */

/* dev, or what it shows as a member of a mirror, as swap space or as a
 * physical volume. */
int dw_awake_check(struct dw_ctx *ctx, struct dw_dev *dev, struct dw_err *err);
/* The partitions of a disk. */
int dw_awake_check_parts(struct dw_ctx *ctx, struct dw_dev *disk,
			 const struct dw_part_table *table,
			 struct dw_err *err);
/* A disk, with partitions or without. */
int dw_awake_check_disk(struct dw_ctx *ctx, struct dw_dev *disk,
			struct dw_err *err);
/* All volumes of a group, as far as its physical volumes are there. */
int dw_awake_check_group(struct dw_ctx *ctx, const struct dw_vg *vg,
			 struct dw_err *err);
/* The files that systems swap to: by their usual names in the root folder, and
 * by what an fstab says. */
int dw_awake_check_fs(struct dw_fs *fs, struct dw_err *err);

#endif
