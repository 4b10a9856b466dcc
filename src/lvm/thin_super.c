/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The superblock of a thin pool's metadata. */
#include <inttypes.h>

#include "base/bytes.h"
#include "lvm/thin.h"

/* Offsets in the block; see NOTES.md. */
enum {
	SUPER_MAGIC = 32,
	SUPER_VERSION = 40,
	SUPER_TRANSACTION = 48,
	SUPER_BLOCKS_NR = 192,	/* the first field of the space map's root */
	SUPER_MAPPING = 320,
	SUPER_DETAILS = 328,
	SUPER_CHUNK_SECTORS = 336,
	SUPER_BLOCK_SECTORS = 340,
	SUPER_INCOMPAT = 360,
};

#define MAGIC 27022010u
#define VERSION_MIN 1u
#define VERSION_MAX 2u
#define SECTOR_LEN 512u

/* 64 KiB and 1 GiB. */
#define CHUNK_SECTORS_MIN 128u
#define CHUNK_SECTORS_MAX 2097152u

/*
 * The flag "needs check", set when the kernel could not commit, is not looked
 * at: blocks are never changed where they lie, so that what the superblock
 * leads to is the last transaction that was whole.  The kernel lets such a
 * pool be read, too.
 */
void dw_thin_super_decode(const uint8_t p[DW_PDATA_BLOCK_LEN],
			  struct dw_thin_super *out)
{
	out->magic = dw_le64(p + SUPER_MAGIC);
	out->version = dw_le32(p + SUPER_VERSION);
	out->incompat = dw_le32(p + SUPER_INCOMPAT);
	out->transaction_id = dw_le64(p + SUPER_TRANSACTION);
	out->mapping_root_blk = dw_le64(p + SUPER_MAPPING);
	out->details_root_blk = dw_le64(p + SUPER_DETAILS);
	out->chunk_sectors_nr = dw_le32(p + SUPER_CHUNK_SECTORS);
	out->block_sectors_nr = dw_le32(p + SUPER_BLOCK_SECTORS);
	out->blocks_nr = dw_le64(p + SUPER_BLOCKS_NR);
}

static int check_chunk_len(const struct dw_thin_super *s, uint32_t chunk_len,
			   struct dw_err *err)
{
	if (s->chunk_sectors_nr < CHUNK_SECTORS_MIN ||
	    s->chunk_sectors_nr > CHUNK_SECTORS_MAX ||
	    s->chunk_sectors_nr % CHUNK_SECTORS_MIN)
		return dw_fail(err, DW_CORRUPT,
			       "thin metadata: chunks of %" PRIu32 " sectors",
			       s->chunk_sectors_nr);
	if (s->chunk_sectors_nr * SECTOR_LEN != chunk_len)
		return dw_fail(err, DW_CORRUPT,
			       "thin metadata: chunks of %" PRIu32 " bytes, "
			       "but LVM says %" PRIu32,
			       s->chunk_sectors_nr * SECTOR_LEN, chunk_len);
	return 0;
}

int dw_thin_super_check(const struct dw_thin_super *s, uint32_t chunk_len,
			struct dw_err *err)
{
	if (s->magic != MAGIC)
		return dw_fail(err, DW_CORRUPT, "thin metadata: the magic "
			       "number is %" PRIu64 ", not %u", s->magic,
			       MAGIC);
	if (s->version < VERSION_MIN || s->version > VERSION_MAX)
		return dw_fail(err, DW_UNSUPPORTED,
			       "thin metadata: version %" PRIu32 " is not "
			       "known", s->version);
	if (s->incompat)
		return dw_fail(err, DW_UNSUPPORTED,
			       "thin metadata: incompatible features 0x%"
			       PRIx32 " are not known", s->incompat);
	if ((uint64_t)s->block_sectors_nr * SECTOR_LEN != DW_PDATA_BLOCK_LEN)
		return dw_fail(err, DW_UNSUPPORTED,
			       "thin metadata: blocks of %" PRIu32 " sectors",
			       s->block_sectors_nr);
	return check_chunk_len(s, chunk_len, err);
}
