/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps of recovery that are neither journal nor orphans. */
#ifndef DW_FS_RECOVER_H
#define DW_FS_RECOVER_H

#include "fs/ext_internal.h"

struct dw_counts {
	uint64_t free_blocks_nr;	/* clusters, where there are any */
	uint64_t free_inodes_nr;
	uint64_t fixed_nr;
};

/*
 * Sets the free counts of all groups and of the superblock to what the bitmaps
 * say.  The kernel does not log those of the superblock at all.  Counts of
 * directories stay: these are logged with the directories.
 */
int dw_recover_counts(struct dw_ctx *ctx, ext2_filsys fs,
		      struct dw_recovery *stats, struct dw_err *err);

/* After a replay, before anything is changed through fs: where the journal's
 * inode is bad and the superblock's copy of it was used, writes it anew. */
int dw_recover_journal_inode(ext2_filsys fs, struct dw_dev *dev,
			     struct dw_err *err);

#endif
