/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which blocks an inode of ext2/3/4 has: a bounded walk over hostile bytes. */
#ifndef DW_FS_BLOCKMAP_H
#define DW_FS_BLOCKMAP_H

#include "base/err.h"

#define DW_BLOCKMAP_LEN	60u		/* bytes of i_block */

/*
 * Every block number given to a function below lies in 1..blocks_nr - 1, runs
 * with all of their blocks, and 'log' (the block in the file) only grows.  The
 * walk visits at most blocks_nr blocks of each kind: a file that has more is
 * damaged.  A non-zero return of a function ends the walk and is returned.
 */
struct dw_blockmap {
	const char *what;		/* "journal", "inode": for errors */
	uint32_t ino;
	uint32_t block_len;
	uint64_t blocks_nr;
	void *arg;
	int (*fetch)(void *arg, uint64_t blk, uint8_t *buf,
		     struct dw_err *err);
	int (*run)(void *arg, uint64_t log, uint64_t blk, uint32_t nr,
		   struct dw_err *err);
	/* A block of block numbers or extents; after its content.  Optional. */
	int (*node)(void *arg, uint64_t blk, struct dw_err *err);

	uint64_t seen_nr, nodes_nr, next_log;	/* of the walk */
};

/* DW_CORRUPT where the numbers make no sense. */
int dw_blockmap_walk(struct dw_blockmap *map, const uint8_t *i_block,
		     bool is_extents, struct dw_err *err);

/* For a block list without its inode's flags: is it the root of extents? */
bool dw_blockmap_looks_like_extents(const uint8_t *i_block);

#endif
