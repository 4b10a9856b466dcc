/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Equal blocks of bytes in memory, by number: what writes leave behind. */
#include <inttypes.h>
#include <stdlib.h>

#include "dev/blocks.h"

void dw_blocks_init(struct dw_blocks *blocks, uint32_t block_len,
		    uint64_t cap_len)
{
	*blocks = (struct dw_blocks){
		.block_len = block_len, .cap_len = cap_len,
	};
}

void dw_blocks_free(struct dw_blocks *blocks)
{
	uint64_t blk = 0, data;

	while (dw_radix_next(&blocks->tree, blk, &blk, &data)) {
		free((void *)(uintptr_t)data);
		blk++;
	}
	dw_radix_free(&blocks->tree);
}

uint8_t *dw_blocks_get(const struct dw_blocks *blocks, uint64_t blk)
{
	return (uint8_t *)(uintptr_t)dw_radix_get(&blocks->tree, blk);
}

int dw_blocks_make(struct dw_blocks *blocks, uint64_t blk, uint8_t **data,
		   struct dw_err *err)
{
	int ret;

	*data = dw_blocks_get(blocks, blk);
	if (*data)
		return 0;
	if (blocks->held_len + blocks->block_len > blocks->cap_len)
		return dw_fail(err, DW_LIMIT,
			       "changes of more than %" PRIu64
			       " bytes would have to be held in memory",
			       blocks->cap_len);
	*data = calloc(1, blocks->block_len);
	if (!*data)
		return dw_fail_nomem(err);
	ret = dw_radix_set(&blocks->tree, blk, (uintptr_t)*data, err);
	if (ret) {
		free(*data);
		*data = NULL;
		return ret;
	}
	blocks->held_len += blocks->block_len;
	return 0;
}

void dw_blocks_drop(struct dw_blocks *blocks, uint64_t blk)
{
	uint8_t *data = dw_blocks_get(blocks, blk);

	if (!data)
		return;
	dw_radix_set(&blocks->tree, blk, 0, NULL);
	blocks->held_len -= blocks->block_len;
	free(data);
}

uint64_t dw_blocks_next(const struct dw_blocks *blocks, uint64_t blk)
{
	uint64_t found, data;

	return dw_radix_next(&blocks->tree, blk, &found, &data) ? found
								: UINT64_MAX;
}
