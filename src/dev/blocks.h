/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Equal blocks of bytes in memory, by number: what writes leave behind. */
#ifndef DW_DEV_BLOCKS_H
#define DW_DEV_BLOCKS_H

#include "base/radix.h"

/* Not locked: the device that owns it locks. */
struct dw_blocks {
	struct dw_radix tree;
	uint32_t block_len;
	uint64_t held_len;
	uint64_t cap_len;	/* more is DW_LIMIT */
};

void dw_blocks_init(struct dw_blocks *blocks, uint32_t block_len,
		    uint64_t cap_len);
void dw_blocks_free(struct dw_blocks *blocks);

/* NULL where nothing is held. */
uint8_t *dw_blocks_get(const struct dw_blocks *blocks, uint64_t blk);

/* What is held, or a new block of zeros. */
int dw_blocks_make(struct dw_blocks *blocks, uint64_t blk, uint8_t **data,
		   struct dw_err *err);

void dw_blocks_drop(struct dw_blocks *blocks, uint64_t blk);

/* The first held block >= blk, UINT64_MAX where there is none. */
uint64_t dw_blocks_next(const struct dw_blocks *blocks, uint64_t blk);

#endif
