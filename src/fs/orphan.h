/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inodes that were being deleted or truncated; internal to src/fs. */
#ifndef DW_FS_ORPHAN_H
#define DW_FS_ORPHAN_H

#include "fs/ext_internal.h"

struct dw_orphans {
	struct dw_ctx *ctx;
	ext2_filsys fs;			/* writable, bitmaps loaded */
	struct dw_recovery *stats;
	ext2fs_inode_bitmap seen;	/* an inode is an orphan once */
	struct ext2_inode *inode;	/* the one at hand, extra fields too */
	char *block_buf;		/* one block */
};

/*
 * Releases all orphans of a filesystem: those on the list that begins in the
 * superblock, then those in the orphan file; both are empty afterwards.  What
 * is on disk is changed with the next dw_ext_flush_raw().  DW_CORRUPT where
 * an entry makes no sense: nothing must then be written.
 */
int dw_orphans_release(struct dw_ctx *ctx, ext2_filsys fs,
		       struct dw_recovery *stats, struct dw_err *err);

/*
 * Releases one: without links it is deleted, with links it is cut off at its
 * size.  *next receives the number that its list goes on with (orphan_inode.c).
 */
int dw_orphan_release(struct dw_orphans *o, ext2_ino_t ino, ext2_ino_t *next,
		      struct dw_err *err);

/* Frees the blocks of an inode and itself, but not its attributes; 'inode'
 * is as read, with its extra fields. */
int dw_orphan_free_inode(struct dw_orphans *o, ext2_ino_t ino,
			 struct ext2_inode *inode, struct dw_err *err);

/* Gives back the attribute block and the inodes that hold large attributes
 * (orphan_xattr.c); the inode is not written. */
int dw_orphan_drop_xattrs(struct dw_orphans *o, ext2_ino_t ino,
			  struct ext2_inode *inode, struct dw_err *err);

/* Checks all blocks of an inode, as libext2fs does not: in range and marked
 * used.  Then, with 'release', frees them (orphan_blocks.c). */
int dw_orphan_walk_blocks(struct dw_orphans *o, ext2_ino_t ino,
			  const struct ext2_inode *inode, bool release,
			  struct dw_err *err);

/* The entries of the orphan file (orphan_file.c). */
int dw_orphan_file_release(struct dw_orphans *o, struct dw_err *err);

#endif
