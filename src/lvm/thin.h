/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The metadata of a thin pool, inside this room. */
#ifndef DW_LVM_THIN_H
#define DW_LVM_THIN_H

#include "lvm/pdata.h"
#include "lvm/targets.h"

struct dw_thin_super {
	uint64_t magic;
	uint32_t version;
	uint32_t incompat;
	uint64_t transaction_id;	/* of the last one */
	uint64_t mapping_root_blk;
	uint64_t details_root_blk;
	uint32_t chunk_sectors_nr;
	uint32_t block_sectors_nr;	/* of the metadata */
	uint64_t blocks_nr;		/* likewise */
};

void dw_thin_super_decode(const uint8_t p[DW_PDATA_BLOCK_LEN],
			  struct dw_thin_super *out);
/* chunk_len: as LVM has it. */
int dw_thin_super_check(const struct dw_thin_super *super, uint32_t chunk_len,
			struct dw_err *err);

/* What the pool knows of one volume. */
struct dw_thin_volume {
	struct dw_pdata *pd;
	bool has_tree;		/* false: nothing is mapped */
	uint64_t tree_blk;
	uint64_t mapped_nr;	/* chunks */
};

int dw_thin_volume_open(struct dw_ctx *ctx,
			const struct dw_thin_params *params,
			struct dw_thin_volume *out, struct dw_err *err);
/* All zero is allowed. */
void dw_thin_volume_close(struct dw_thin_volume *v);

/* A run of chunks that are all unmapped, or lie behind each other in the
 * pool's data. */
struct dw_thin_run {
	bool is_mapped;
	uint64_t nr;
	uint64_t data_chunk;	/* the first, if mapped */
};

/* The run that starts at 'chunk', of at most nr; what is unmapped is passed
 * over in one step, however much it is. */
int dw_thin_map(const struct dw_thin_volume *v, uint64_t chunk, uint64_t nr,
		struct dw_thin_run *out, struct dw_err *err);

#endif
