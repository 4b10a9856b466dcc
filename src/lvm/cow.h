/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The persistent exception store of dm-snapshot. */
#ifndef DW_LVM_COW_H
#define DW_LVM_COW_H

#include "base/ctx.h"
#include "dev/dev.h"

#define DW_COW_HEADER_LEN 16u
#define DW_COW_ENTRY_LEN 16u
#define DW_COW_MAGIC 0x70416e53u	/* "SnAp" */
#define DW_COW_VERSION 1u

enum dw_cow_state {
	DW_COW_NEW,		/* not used yet: no exceptions */
	DW_COW_VALID,
	DW_COW_LOST,		/* invalidated: the snapshot is gone */
};

struct dw_cow_header {
	uint32_t magic, valid, version;
	uint32_t chunk_lba;
};

/* What a header that was checked says; the last three are 0 unless VALID. */
struct dw_cow_store {
	enum dw_cow_state state;
	uint32_t chunk_len;
	uint64_t chunks_nr;	/* whole ones, in the store */
	uint64_t stride;	/* from an area of exceptions to the next */
};

void dw_cow_decode(const uint8_t buf[DW_COW_HEADER_LEN],
		   struct dw_cow_header *out);
/* cow_len is the device's. */
int dw_cow_check(const struct dw_cow_header *h, uint64_t cow_len,
		 struct dw_cow_store *out, struct dw_err *err);
int dw_cow_read(struct dw_dev *cow, struct dw_cow_store *out,
		struct dw_err *err);

/* Chunk old_chunk of the origin is chunk new_chunk of the store, a whole one
 * that is neither the header nor an area. */
typedef int (*dw_cow_fn)(void *arg, uint64_t old_chunk, uint64_t new_chunk,
			 struct dw_err *err);
/* Each exception of a VALID store, in the order in which they were made. */
int dw_cow_walk(struct dw_ctx *ctx, struct dw_dev *cow,
		const struct dw_cow_store *store, dw_cow_fn fn, void *arg,
		struct dw_err *err);

#endif
