/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The metadata of dm-cache. */
#ifndef DW_LVM_CACHE_H
#define DW_LVM_CACHE_H

#include "lvm/chunkmap.h"
#include "lvm/pdata.h"

#define DW_CACHE_MAGIC UINT64_C(0x18c403)

enum dw_cache_flags {
	DW_CACHE_CLEAN = 1 << 0,	/* dirty marks are to be trusted */
	DW_CACHE_NEEDS_CHECK = 1 << 1,	/* asks for cache_check, no more */
};

struct dw_cache_super {
	uint64_t magic;
	uint32_t version, flags, incompat_flags;
	uint64_t metadata_blk_nr;
	uint32_t metadata_block_lba;
	uint32_t block_lba;		/* of a cached block */
	uint32_t blocks_nr;		/* of the cache */
	uint64_t mapping_root_blk, dirty_root_blk;
};

/* What the metadata is to fit to. */
struct dw_cache_shape {
	uint32_t chunk_len;		/* as lvm's text has it */
	uint64_t metadata_len;
	uint64_t origin_nr, data_nr;	/* whole chunks of these devices */
};

void dw_cache_super_decode(const uint8_t buf[DW_PDATA_BLOCK_LEN],
			   struct dw_cache_super *out);
int dw_cache_super_check(const struct dw_cache_super *s,
			 const struct dw_cache_shape *shape,
			 struct dw_err *err);

/* Adds the chunks whose newest content lies in the cache. */
int dw_cache_load(struct dw_pdata *pd, const struct dw_cache_super *s,
		  const struct dw_cache_shape *shape, struct dw_chunkmap *map,
		  struct dw_err *err);

#endif
