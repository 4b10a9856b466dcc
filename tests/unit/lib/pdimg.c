/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metadata of device-mapper in memory, block by block. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/sum.h"
#include "pdimg.h"

#define LEN DW_PDATA_BLOCK_LEN

void pdimg_new(struct pdimg *img, uint64_t blocks_nr)
{
	ck_assert_int_eq(dw_mem_new("meta", blocks_nr * LEN, &img->dev, NULL),
			 0);
	img->next_blk = 1;
}

void pdimg_free(struct pdimg *img)
{
	dw_dev_close(img->dev, NULL);
	img->dev = NULL;
}

void pdimg_put(struct pdimg *img, uint64_t blk, uint32_t salt,
	       uint8_t block[LEN])
{
	dw_put_le64(block + (salt == DW_PDATA_SALT_ARRAY ? 16 : 8), blk);
	dw_put_le32(block, dw_crc32c(~0u, block + 4, LEN - 4) ^ salt);
	ck_assert_int_eq(dw_dev_pwrite(img->dev, blk * LEN, block, LEN, NULL),
			 0);
}

void pdimg_poke(struct pdimg *img, uint64_t blk, uint32_t salt, unsigned off,
		unsigned width, uint64_t value)
{
	uint8_t block[LEN], bytes[8];

	ck_assert_int_eq(dw_dev_pread(img->dev, blk * LEN, block, LEN, NULL),
			 0);
	dw_put_le64(bytes, value);
	memcpy(block + off, bytes, width);
	dw_put_le32(block, dw_crc32c(~0u, block + 4, LEN - 4) ^ salt);
	ck_assert_int_eq(dw_dev_pwrite(img->dev, blk * LEN, block, LEN, NULL),
			 0);
}

void pdimg_node(struct pdimg *img, uint64_t blk, bool is_leaf,
		const uint64_t *keys, const void *values, uint32_t nr,
		uint32_t value_len)
{
	uint32_t max_nr = (LEN - 32) / (8 + value_len) / 3 * 3;
	uint8_t block[LEN] = { 0 };

	ck_assert_uint_le(nr, max_nr);
	dw_put_le32(block + PDIMG_FLAGS, is_leaf ? 2 : 1);
	dw_put_le32(block + PDIMG_NR, nr);
	dw_put_le32(block + PDIMG_MAX_NR, max_nr);
	dw_put_le32(block + PDIMG_VALUE_LEN, value_len);
	for (uint32_t i = 0; i < nr; i++)
		dw_put_le64(block + PDIMG_KEY(i), keys[i]);
	if (nr)
		memcpy(block + 32 + 8 * max_nr, values, nr * value_len);
	pdimg_put(img, blk, DW_PDATA_SALT_BTREE, block);
}

uint64_t pdimg_tree(struct pdimg *img, const uint64_t *keys,
		    const void *values, size_t nr, uint32_t value_len,
		    uint32_t fan)
{
	size_t nodes_nr = nr ? dw_div_up(nr, fan) : 1, i, n;
	uint64_t *first = calloc(nodes_nr, sizeof(*first)), root;
	uint8_t *blks = calloc(nodes_nr, 8);

	for (i = 0; i < nodes_nr; i++) {
		n = dw_min(fan, nr - i * fan);
		pdimg_node(img, img->next_blk, true, keys + i * fan,
			   (const uint8_t *)values + i * fan * value_len,
			   (uint32_t)n, value_len);
		dw_put_le64(blks + 8 * i, img->next_blk++);
		first[i] = nr ? keys[i * fan] : 0;
	}
	/* The nodes above, in place: what is read lies behind what is
	 * written. */
	for (nr = nodes_nr; nr > 1; nr = nodes_nr) {
		nodes_nr = dw_div_up(nr, fan);
		for (i = 0; i < nodes_nr; i++) {
			n = dw_min(fan, nr - i * fan);
			pdimg_node(img, img->next_blk, false, first + i * fan,
				   blks + i * fan * 8, (uint32_t)n, 8);
			dw_put_le64(blks + 8 * i, img->next_blk++);
			first[i] = first[i * fan];
		}
	}
	root = dw_le64(blks);
	free(first);
	free(blks);
	return root;
}

uint64_t pdimg_array(struct pdimg *img, const void *values, size_t nr,
		     uint32_t value_len)
{
	size_t per_block = (LEN - 24) / value_len, i, n;
	size_t blocks_nr = dw_div_up(nr, per_block);
	uint64_t *index = calloc(blocks_nr + 1, sizeof(*index)), root;
	uint8_t *blks = calloc(blocks_nr + 1, 8);

	for (i = 0; i < blocks_nr; i++) {
		uint8_t block[LEN] = { 0 };

		n = dw_min(per_block, nr - i * per_block);
		dw_put_le32(block + 4, (uint32_t)per_block);
		dw_put_le32(block + 8, (uint32_t)n);
		dw_put_le32(block + 12, value_len);
		memcpy(block + 24,
		       (const uint8_t *)values + i * per_block * value_len,
		       n * value_len);
		pdimg_put(img, img->next_blk, DW_PDATA_SALT_ARRAY, block);
		dw_put_le64(blks + 8 * i, img->next_blk++);
		index[i] = i;
	}
	root = pdimg_tree(img, index, blks, blocks_nr, 8, 252);
	free(index);
	free(blks);
	return root;
}
