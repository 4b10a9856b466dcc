/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2: counting what refers to each cluster, and mending what differs. */
#ifndef DW_FORMATS_QCOW2_CHECK_H
#define DW_FORMATS_QCOW2_CHECK_H

#include "formats/qcow2_meta.h"

/* Bits of an entry of the refcount table that have no meaning yet. */
#define DW_QCOW2_REFTABLE_RESERVED UINT64_C(0x1ff)

/*
 * One check of one image.  'counts' holds a refcount for each cluster of the
 * file, packed as in refcount blocks, so that a part of it is a block; bit i
 * of the bitmaps stands for cluster i.  All together is kept below the memory
 * cap.
 */
struct dw_qcow2_checker {
	struct dw_ctx *ctx;
	struct dw_dev *file;
	struct dw_qcow2_header h;
	struct dw_qcow2_exts exts;
	struct dw_qcow2_snapshots snapshots;
	uint32_t cluster_len;
	uint64_t clusters_nr;		/* counted; the file's, or one more */
	uint64_t clusters_cap;		/* room for so many */
	uint8_t *counts;
	uint8_t *is_single;		/* the refcount in the file is 1 */
	uint8_t *is_meta;		/* used by tables other than L2 */
	uint8_t *reftable;		/* as in the file */
	uint64_t reftable_nr;
	uint8_t *l2, *block;		/* buffers of one cluster */
	bool needs_rebuild;		/* the refcount blocks are no use */
	bool meta_overlaps;		/* two tables other than L2 do */
	uint64_t past_end_off;		/* lowest that is named past the end */
	struct dw_image_check *out;
};

int dw_qcow2_checker_open(struct dw_ctx *ctx, struct dw_dev *file,
			  struct dw_image_check *out,
			  struct dw_qcow2_checker *c, struct dw_err *err);
void dw_qcow2_checker_close(struct dw_qcow2_checker *c);

static inline bool dw_qcow2_bit(const uint8_t *map, uint64_t i)
{
	return map[i / 8] >> i % 8 & 1;
}

static inline void dw_qcow2_set_bit(uint8_t *map, uint64_t i, bool on)
{
	map[i / 8] = (uint8_t)((map[i / 8] & ~(1u << i % 8)) |
			       (unsigned)on << i % 8);
}

/* Counts a corruption; the first ones are noted. */
void dw_qcow2_found(struct dw_qcow2_checker *c, const char *fmt, ...)
	DW_PRINTF(2, 3);

/* Reads what the file has; the rest is zeros, as QEMU sees it. */
int dw_qcow2_read_padded(struct dw_dev *file, uint64_t off, void *buf,
			 uint64_t len, struct dw_err *err);

/* Counts one reference to each cluster of a range. */
void dw_qcow2_refer(struct dw_qcow2_checker *c, uint64_t off, uint64_t len,
		    bool is_meta);

/* Counts every reference of the image, but for those of the refcount blocks
 * and their table, which come with ..._refblocks(). */
int dw_qcow2_count_all(struct dw_qcow2_checker *c, struct dw_err *err);
/* The same again, from nothing. */
int dw_qcow2_recount(struct dw_qcow2_checker *c, struct dw_err *err);
int dw_qcow2_count_bitmaps(struct dw_qcow2_checker *c, struct dw_err *err);
void dw_qcow2_count_refblocks(struct dw_qcow2_checker *c);

/* Compares the counts with the refcounts of the file. */
int dw_qcow2_compare(struct dw_qcow2_checker *c, struct dw_err *err);

/* What the file says of one cluster; 0 where no block does. */
int dw_qcow2_refcount_in_file(struct dw_qcow2_checker *c, uint64_t i,
			      uint64_t *refs, struct dw_err *err);

/* Compares the flags of the active tables with the refcounts of the file. */
int dw_qcow2_check_copied(struct dw_qcow2_checker *c, struct dw_err *err);

/* How many refcounts a block has. */
static inline uint64_t dw_qcow2_refblock_nr(const struct dw_qcow2_checker *c)
{
	return ((uint64_t)c->cluster_len * 8) >> c->h.refcount_order;
}

/* The bytes that 'counts' has room for: a multiple of a block. */
uint64_t dw_qcow2_counts_len(const struct dw_qcow2_checker *c);
/* The clusters that blocks for all of 'counts' take, with their table. */
uint64_t dw_qcow2_new_refs_nr(const struct dw_qcow2_checker *c);

/* Makes refcounts and flags those that are counted.  What else is wrong stays
 * so. */
int dw_qcow2_repair(struct dw_qcow2_checker *c, struct dw_err *err);
int dw_qcow2_clear_incompat(struct dw_dev *file, uint64_t bits,
			    struct dw_err *err);

/* The offset of the refcount block of index i: 0 none, or none usable where
 * *usable is false. */
uint64_t dw_qcow2_refblock_off(const struct dw_qcow2_checker *c, uint64_t i,
			       bool *usable);

#endif
