/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metadata of device-mapper in memory, block by block: sound, or as wrong as a
 * test wants it. */
#ifndef TESTS_UNIT_PDIMG_H
#define TESTS_UNIT_PDIMG_H

#include "dev/kinds.h"
#include "lvm/pdata.h"

/* Blocks are taken in ascending order, the first one for a superblock. */
struct pdimg {
	struct dw_dev *dev;
	uint64_t next_blk;
};

void pdimg_new(struct pdimg *img, uint64_t blocks_nr);
void pdimg_free(struct pdimg *img);

/* Writes a block with its number and its checksum. */
void pdimg_put(struct pdimg *img, uint64_t blk, uint32_t salt,
	       uint8_t block[DW_PDATA_BLOCK_LEN]);
/* Changes a number of 'width' bytes in a block, and its checksum. */
void pdimg_poke(struct pdimg *img, uint64_t blk, uint32_t salt, unsigned off,
		unsigned width, uint64_t value);

/* Where things lie in a node, for pdimg_poke(). */
#define PDIMG_FLAGS 4u
#define PDIMG_NR 16u
#define PDIMG_MAX_NR 20u
#define PDIMG_VALUE_LEN 24u
#define PDIMG_KEY(i) (32u + 8u * (i))
/* In a node that is no leaf. */
#define PDIMG_CHILD(i) (32u + 8u * 252u + 8u * (i))

/* One node, at block blk; values: nr of value_len bytes. */
void pdimg_node(struct pdimg *img, uint64_t blk, bool is_leaf,
		const uint64_t *keys, const void *values, uint32_t nr,
		uint32_t value_len);

/* A tree of nodes with at most 'fan' entries, which makes it deep; returns its
 * root. */
uint64_t pdimg_tree(struct pdimg *img, const uint64_t *keys,
		    const void *values, size_t nr, uint32_t value_len,
		    uint32_t fan);

/* An array of full blocks; returns its root. */
uint64_t pdimg_array(struct pdimg *img, const void *values, size_t nr,
		     uint32_t value_len);

#endif
