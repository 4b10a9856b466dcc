/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compressed streams that tell where their blocks are. */
#ifndef DW_FORMATS_STREAM_INDEX_H
#define DW_FORMATS_STREAM_INDEX_H

#include "formats/stream.h"

/* Blocks that become longer than this are not unpacked in one go: such a
 * stream goes through a spool. */
#define DW_STREAM_BLOCK_LEN_MAX (32u << 20)

struct dw_stream_block {
	uint64_t in_off;	/* in the file */
	uint64_t off;		/* of the disk; up to the next block's */
	uint32_t in_len;
	uint32_t tag;		/* what the packing wants to know of it */
};

struct dw_stream_index {
	const char *name;	/* of the packing */
	uint64_t memory_cap_len;
	uint64_t size;		/* of the disk */
	uint32_t len_max;	/* of a block */
	bool too_long;		/* a block is: only the size is known */
	struct dw_stream_block *items;
	size_t nr, cap;
};

/* Adds the block that follows: in_len bytes of the file that unpack to len.
 * Blocks of nothing are left out.  DW_LIMIT where the index takes more than
 * memory_cap_len. */
int dw_stream_index_add(struct dw_stream_index *index, uint64_t in_off,
			uint64_t in_len, uint64_t len, uint32_t tag,
			struct dw_err *err);
void dw_stream_index_free(struct dw_stream_index *index);

/* Unpacks exactly len bytes out of exactly the block's; anything else is
 * DW_CORRUPT.  Several threads do so at once. */
typedef int (*dw_stream_unpack_fn)(struct dw_dev *file,
				   const struct dw_stream_block *block,
				   uint8_t *dst, size_t len,
				   struct dw_err *err);

/* Takes what is in index, also after an error. */
int dw_stream_blocks_open_take(struct dw_ctx *ctx, struct dw_dev *file,
			       struct dw_stream_index *index,
			       dw_stream_unpack_fn fn, struct dw_dev **out,
			       struct dw_err *err);

/* Reads a block's bytes into a buffer for the caller to free. */
int dw_stream_fetch_block(struct dw_dev *file,
			  const struct dw_stream_block *block, uint8_t **out,
			  struct dw_err *err);

#endif
