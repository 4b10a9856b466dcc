/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's persistent-data library, read only: blocks with checksums, and
 * the btrees, arrays and bitsets made of them, which thin and cache metadata
 * are.
 */
#ifndef DW_LVM_PDATA_H
#define DW_LVM_PDATA_H

#include "base/ctx.h"
#include "dev/dev.h"

#define DW_PDATA_BLOCK_LEN 4096u

/* What a block is; each has a salt of its own in its checksum. */
#define DW_PDATA_SALT_THIN_SUPER 160774u
#define DW_PDATA_SALT_CACHE_SUPER 9031977u
#define DW_PDATA_SALT_BTREE 121107u
#define DW_PDATA_SALT_ARRAY 595846735u

/* A metadata device, with a bounded cache of checked blocks.  Any number of
 * threads may use it. */
struct dw_pdata;

/* 'what' names it in errors, as long as it is open: "thin metadata".  Blocks at
 * or behind blocks_nr are refused; the superblock, which tells the true number,
 * may be read first with that of the device.  Keeps a reference on dev. */
int dw_pdata_open(struct dw_ctx *ctx, struct dw_dev *dev, const char *what,
		  struct dw_pdata **out, struct dw_err *err);
int dw_pdata_set_blocks_nr(struct dw_pdata *pd, uint64_t blocks_nr,
			   struct dw_err *err);
void dw_pdata_close(struct dw_pdata *pd);

/* What it was opened as, and whether the caller gave up: for those who read
 * what its blocks make up. */
const char *dw_pdata_what(const struct dw_pdata *pd);
int dw_pdata_check_cancel(struct dw_pdata *pd, struct dw_err *err);

/* Reads a block and checks its checksum and that it knows its own number. */
int dw_pdata_read(struct dw_pdata *pd, uint64_t blk, uint32_t salt,
		  uint8_t buf[DW_PDATA_BLOCK_LEN], struct dw_err *err);

/* The value of exactly this key; DW_NOENT where there is none. */
int dw_btree_lookup(struct dw_pdata *pd, uint64_t root_blk, uint64_t key,
		    void *value, size_t value_len, struct dw_err *err);
/* The value of the lowest key that is not below 'key', which is set to it;
 * DW_NOENT behind the last. */
int dw_btree_next(struct dw_pdata *pd, uint64_t root_blk, uint64_t *key,
		  void *value, size_t value_len, struct dw_err *err);

/* Each key with its value, ascending.  It ends: depth is bounded, and keys
 * that do not ascend are DW_CORRUPT, so that no block is met twice. */
typedef int (*dw_btree_fn)(void *arg, uint64_t key, const uint8_t *value,
			   struct dw_err *err);
int dw_btree_walk(struct dw_pdata *pd, uint64_t root_blk, size_t value_len,
		  dw_btree_fn fn, void *arg, struct dw_err *err);

/* Each of the first nr entries of an array; a bitset is an array of 64-bit
 * words.  The key given to fn is the entry's index. */
int dw_parray_walk(struct dw_pdata *pd, uint64_t root_blk, uint64_t nr,
		   size_t value_len, dw_btree_fn fn, void *arg,
		   struct dw_err *err);

#endif
