/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The superblock of dm-cache's metadata; see NOTES.md. */
#include <inttypes.h>

#include "base/bytes.h"
#include "lvm/cache.h"

#define SECTOR 512u
#define VERSION_MAX 2u
#define KNOWN_FLAGS ((uint32_t)(DW_CACHE_CLEAN | DW_CACHE_NEEDS_CHECK))
/* What Linux takes: 32 KiB to 1 GiB, in steps of the former. */
#define BLOCK_LBA_STEP 64u
#define BLOCK_LBA_MAX (1u << 21)

enum {
	SUPER_FLAGS = 4,
	SUPER_MAGIC = 32,
	SUPER_VERSION = 40,
	SUPER_METADATA_NR = 64,	/* where the root of the space map begins */
	SUPER_MAPPING_ROOT = 192,
	SUPER_BLOCK_LBA = 232,
	SUPER_METADATA_BLOCK_LBA = 236,
	SUPER_BLOCKS_NR = 240,
	SUPER_INCOMPAT = 252,
	SUPER_DIRTY_ROOT = 284,
};

void dw_cache_super_decode(const uint8_t buf[DW_PDATA_BLOCK_LEN],
			   struct dw_cache_super *out)
{
	out->magic = dw_le64(buf + SUPER_MAGIC);
	out->version = dw_le32(buf + SUPER_VERSION);
	out->flags = dw_le32(buf + SUPER_FLAGS);
	out->incompat_flags = dw_le32(buf + SUPER_INCOMPAT);
	out->metadata_blk_nr = dw_le64(buf + SUPER_METADATA_NR);
	out->metadata_block_lba = dw_le32(buf + SUPER_METADATA_BLOCK_LBA);
	out->block_lba = dw_le32(buf + SUPER_BLOCK_LBA);
	out->blocks_nr = dw_le32(buf + SUPER_BLOCKS_NR);
	out->mapping_root_blk = dw_le64(buf + SUPER_MAPPING_ROOT);
	out->dirty_root_blk = dw_le64(buf + SUPER_DIRTY_ROOT);
}

static int check_kind(const struct dw_cache_super *s, struct dw_err *err)
{
	if (s->magic != DW_CACHE_MAGIC)
		return dw_fail(err, DW_CORRUPT, "cache: the superblock has "
			       "magic %" PRIx64 ", not %" PRIx64, s->magic,
			       DW_CACHE_MAGIC);
	if (!s->version || s->version > VERSION_MAX)
		return dw_fail(err, DW_UNSUPPORTED, "cache: metadata of "
			       "version %" PRIu32 ", not 1 to %u", s->version,
			       VERSION_MAX);
	if (s->incompat_flags)
		return dw_fail(err, DW_UNSUPPORTED, "cache: metadata with "
			       "unknown features %" PRIx32, s->incompat_flags);
	if (s->flags & ~KNOWN_FLAGS)
		return dw_fail(err, DW_UNSUPPORTED, "cache: metadata with "
			       "unknown flags %" PRIx32, s->flags);
	if ((uint64_t)s->metadata_block_lba * SECTOR != DW_PDATA_BLOCK_LEN)
		return dw_fail(err, DW_CORRUPT, "cache: metadata in blocks of "
			       "%" PRIu32 " sectors", s->metadata_block_lba);
	return 0;
}

/*
 * Linux takes no cache whose blocks differ from its table's.  Version and size
 * are those of the superblock, as it has them: a table tells of a new cache
 * what version it gets, and a size that differs is one to be changed.
 */
int dw_cache_super_check(const struct dw_cache_super *s,
			 const struct dw_cache_shape *shape,
			 struct dw_err *err)
{
	int rc = check_kind(s, err);

	if (rc)
		return rc;
	if (!s->block_lba || s->block_lba % BLOCK_LBA_STEP ||
	    s->block_lba > BLOCK_LBA_MAX)
		return dw_fail(err, DW_CORRUPT, "cache: blocks of %" PRIu32
			       " sectors, not a multiple of %u up to %u",
			       s->block_lba, BLOCK_LBA_STEP, BLOCK_LBA_MAX);
	if ((uint64_t)s->block_lba * SECTOR != shape->chunk_len)
		return dw_fail(err, DW_CORRUPT, "cache: the metadata has "
			       "blocks of %" PRIu64 " bytes, the volume group "
			       "says %" PRIu32, (uint64_t)s->block_lba * SECTOR,
			       shape->chunk_len);
	/* A mapping takes 8 bytes. */
	if (s->blocks_nr > shape->metadata_len / 8)
		return dw_fail(err, DW_CORRUPT, "cache: %" PRIu32 " blocks do "
			       "not fit into metadata of %" PRIu64 " bytes",
			       s->blocks_nr, shape->metadata_len);
	return 0;
}
