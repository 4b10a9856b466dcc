/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leaves of a btree, for those who want more than a value at a time. */
#ifndef DW_LVM_BTREE_H
#define DW_LVM_BTREE_H

#include "base/bytes.h"
#include "lvm/pdata.h"

/*
 * A checked node.  All its keys, and those of the nodes below it, lie from
 * first to last; of neighbours the one ends where the other begins.
 */
struct dw_btree_node {
	uint64_t blk;
	uint64_t first, last;
	bool is_leaf;
	uint32_t nr;		/* of its entries; 0 only in an empty tree */
	uint32_t max_nr;
	uint32_t value_len;
	uint8_t block[DW_PDATA_BLOCK_LEN];
};

#define DW_BTREE_HEADER_LEN 32u

static inline uint64_t dw_btree_key(const struct dw_btree_node *n, uint32_t i)
{
	return dw_le64(n->block + DW_BTREE_HEADER_LEN + (size_t)i * 8);
}

static inline const uint8_t *dw_btree_value(const struct dw_btree_node *n,
					    uint32_t i)
{
	return n->block + DW_BTREE_HEADER_LEN + (size_t)n->max_nr * 8 +
	       (size_t)i * n->value_len;
}

/*
 * The leaf with the lowest key that is not below 'key', and that key's place
 * in it.  DW_NOENT where the tree has none.
 */
int dw_btree_leaf_from(struct dw_pdata *pd, uint64_t root_blk, uint64_t key,
		       size_t value_len, struct dw_btree_node *out,
		       uint32_t *at, struct dw_err *err);

#endif
