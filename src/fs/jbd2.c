/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The blocks of a jbd2 journal as bytes: headers, tags, revokes, commits. */
#include <string.h>

#include "base/bytes.h"
#include "base/sum.h"
#include "fs/jbd2.h"

#define CSUM_CRC32C	4u
#define FC_DEFAULT_NR	256u

#define SB_SEQUENCE	24u
#define SB_START	28u
#define SB_ERRNO	32u
#define SB_COMPAT	36u
#define SB_INCOMPAT	40u
#define SB_CSUM		252u

void dw_jbd2_decode_super(const uint8_t *buf, struct dw_jbd2_super *out)
{
	memset(out, 0, sizeof(*out));
	if (dw_be32(buf) == DW_JBD2_MAGIC)
		out->type = dw_be32(buf + 4);
	out->block_len = dw_be32(buf + 12);
	out->blocks_nr = dw_be32(buf + 16);
	out->first = dw_be32(buf + 20);
	out->sequence = dw_be32(buf + SB_SEQUENCE);
	out->start = dw_be32(buf + SB_START);
	out->errnum = dw_be32(buf + SB_ERRNO);
	/* Version 1 ends here; what follows it may be anything. */
	if (out->type != DW_JBD2_SUPER_V2)
		return;
	out->compat = dw_be32(buf + SB_COMPAT);
	out->incompat = dw_be32(buf + SB_INCOMPAT);
	out->ro_compat = dw_be32(buf + 44);
	memcpy(out->uuid, buf + 48, DW_JBD2_UUID_LEN);
	out->users_nr = dw_be32(buf + 64);
	out->csum_type = buf[80];
	out->fc_nr = dw_be32(buf + 84);
	out->csum = dw_be32(buf + SB_CSUM);
}

uint32_t dw_jbd2_sum_with_hole(uint32_t seed, const uint8_t *buf, uint32_t len,
			       uint32_t hole_off)
{
	static const uint8_t zeros[4];
	uint32_t sum = dw_crc32c(seed, buf, hole_off);

	sum = dw_crc32c(sum, zeros, sizeof(zeros));
	return dw_crc32c(sum, buf + hole_off + 4, len - hole_off - 4);
}

static uint32_t super_sum(const uint8_t *buf)
{
	return dw_jbd2_sum_with_hole(~0u, buf, DW_JBD2_SUPER_LEN, SB_CSUM);
}

static int check_features(const uint8_t *buf, const struct dw_jbd2_super *sb,
			  struct dw_err *err)
{
	bool v2 = sb->incompat & DW_JBD2_INCOMPAT_CSUM_V2;
	bool v3 = sb->incompat & DW_JBD2_INCOMPAT_CSUM_V3;

	if (sb->incompat & ~DW_JBD2_INCOMPAT_KNOWN || sb->ro_compat)
		return dw_fail(err, DW_UNSUPPORTED, "journal: unknown features "
			       "(incompatible 0x%x, read-only 0x%x)",
			       sb->incompat & ~DW_JBD2_INCOMPAT_KNOWN,
			       sb->ro_compat);
	if ((v2 && v3) ||
	    ((v2 || v3) && sb->compat & DW_JBD2_COMPAT_CHECKSUM))
		return dw_fail(err, DW_CORRUPT, "journal: more than one kind of "
			       "checksum (features 0x%x, 0x%x)", sb->compat,
			       sb->incompat);
	if (!v2 && !v3)
		return 0;
	if (sb->csum_type != CSUM_CRC32C)
		return dw_fail(err, DW_CORRUPT, "journal: checksum type %u is "
			       "not crc32c", sb->csum_type);
	if (sb->csum != super_sum(buf))
		return dw_fail(err, DW_CORRUPT, "journal: checksum of its "
			       "superblock is wrong (0x%08x is stored)",
			       sb->csum);
	return 0;
}

static void derive_format(const struct dw_jbd2_super *sb,
			  struct dw_jbd2_format *out)
{
	memset(out, 0, sizeof(*out));
	out->block_len = sb->block_len;
	out->is_64bit = sb->incompat & DW_JBD2_INCOMPAT_64BIT;
	out->is_async = sb->incompat & DW_JBD2_INCOMPAT_ASYNC;
	if (sb->incompat & DW_JBD2_INCOMPAT_CSUM_V3)
		out->csum = 3;
	else if (sb->incompat & DW_JBD2_INCOMPAT_CSUM_V2)
		out->csum = 2;
	else if (sb->compat & DW_JBD2_COMPAT_CHECKSUM)
		out->csum = 1;

	if (out->csum == 3)
		out->tag_len = 16;
	else
		out->tag_len = 8 + (out->is_64bit ? 4 : 0) +
			       (out->csum == 2 ? 2 : 0);
	if (out->csum >= 2) {
		out->tail_len = 4;
		out->seed = dw_crc32c(~0u, sb->uuid, DW_JBD2_UUID_LEN);
	}
	out->end = sb->blocks_nr;
}

/* Fast commits have the end of the journal to themselves. */
static int split_fast_commits(const struct dw_jbd2_super *sb,
			      struct dw_jbd2_format *out, struct dw_err *err)
{
	uint32_t nr = sb->fc_nr ? sb->fc_nr : FC_DEFAULT_NR;

	if (!(sb->incompat & DW_JBD2_INCOMPAT_FAST_COMMIT))
		return 0;
	if (nr > sb->blocks_nr || sb->blocks_nr - nr < DW_JBD2_MIN_BLOCKS)
		return dw_fail(err, DW_CORRUPT, "journal: %u of its %u blocks "
			       "are for fast commits", nr, sb->blocks_nr);
	out->end = sb->blocks_nr - nr;
	/* The writer leaves the first of these blocks out. */
	out->fc_first = out->end + 1;
	return 0;
}

static int check_geometry(const struct dw_jbd2_super *sb, uint32_t block_len,
			  uint64_t inode_blk_nr, struct dw_err *err)
{
	if (sb->block_len != block_len)
		return dw_fail(err, DW_CORRUPT, "journal: blocks of %u bytes on "
			       "a filesystem with %u", sb->block_len,
			       block_len);
	if (sb->blocks_nr > inode_blk_nr)
		return dw_fail(err, DW_CORRUPT, "journal: %u blocks in a file "
			       "of %llu", sb->blocks_nr,
			       (unsigned long long)inode_blk_nr);
	if (sb->blocks_nr < DW_JBD2_MIN_BLOCKS)
		return dw_fail(err, DW_CORRUPT, "journal: only %u blocks",
			       sb->blocks_nr);
	if (sb->users_nr > 1)
		return dw_fail(err, DW_CORRUPT, "journal: %u filesystems share "
			       "an internal one", sb->users_nr);
	return 0;
}

int dw_jbd2_check_super(const uint8_t *buf, const struct dw_jbd2_super *sb,
			uint32_t block_len, uint64_t inode_blk_nr,
			struct dw_jbd2_format *out, struct dw_err *err)
{
	int rc;

	if (sb->type != DW_JBD2_SUPER_V1 && sb->type != DW_JBD2_SUPER_V2)
		return dw_fail(err, DW_CORRUPT, "journal: no superblock "
			       "(it begins with 0x%08x, type %u)",
			       dw_be32(buf), dw_be32(buf + 4));
	rc = check_features(buf, sb, err);
	if (!rc)
		rc = check_geometry(sb, block_len, inode_blk_nr, err);
	if (rc)
		return rc;

	derive_format(sb, out);
	rc = split_fast_commits(sb, out, err);
	if (rc)
		return rc;
	if (sb->first == 0 || sb->first >= out->end)
		return dw_fail(err, DW_CORRUPT, "journal: the log begins at "
			       "block %u of %u", sb->first, out->end);
	if (sb->start && (sb->start < sb->first || sb->start >= out->end))
		return dw_fail(err, DW_CORRUPT, "journal: the first "
			       "transaction at block %u is outside of the log "
			       "(%u to %u)", sb->start, sb->first, out->end);
	return 0;
}

void dw_jbd2_encode_start(uint8_t *buf, const struct dw_jbd2_format *fmt,
			  uint32_t sequence, uint32_t start)
{
	dw_put_be32(buf + SB_SEQUENCE, sequence);
	dw_put_be32(buf + SB_START, start);
	dw_put_be32(buf + SB_ERRNO, 0);
	if (fmt->csum >= 2)
		dw_put_be32(buf + SB_CSUM, super_sum(buf));
}

void dw_jbd2_encode_empty(uint8_t *buf, const struct dw_jbd2_format *fmt,
			  uint32_t sequence)
{
	dw_jbd2_encode_start(buf, fmt, sequence, 0);
}

bool dw_jbd2_decode_header(const uint8_t *block, uint32_t *type,
			   uint32_t *sequence)
{
	if (dw_be32(block) != DW_JBD2_MAGIC)
		return false;
	*type = dw_be32(block + 4);
	*sequence = dw_be32(block + 8);
	return true;
}

/* A tag of version 3 has 32 bits of flags and its sum at the end; the others
 * keep 16 bits of each where version 3 has its flags. */
static void decode_tag(const struct dw_jbd2_format *fmt, const uint8_t *p,
		       struct dw_jbd2_tag *out)
{
	out->blk = dw_be32(p);
	if (fmt->csum == 3) {
		out->flags = dw_be32(p + 4);
		out->csum = dw_be32(p + 12);
	} else {
		out->csum = dw_be16(p + 4);
		out->flags = dw_be16(p + 6);
	}
	if (fmt->is_64bit)
		out->blk |= (uint64_t)dw_be32(p + 8) << 32;
}

bool dw_jbd2_next_tag(const struct dw_jbd2_format *fmt, const uint8_t *block,
		      uint32_t *pos, struct dw_jbd2_tag *out)
{
	uint32_t limit = fmt->block_len - fmt->tail_len;

	if (*pos > limit || fmt->tag_len > limit - *pos)
		return false;
	decode_tag(fmt, block + *pos, out);
	*pos += fmt->tag_len;
	if (!(out->flags & DW_JBD2_TAG_SAME_UUID))
		*pos += DW_JBD2_UUID_LEN;
	if (out->flags & DW_JBD2_TAG_LAST)
		*pos = fmt->block_len;
	return true;
}

uint32_t dw_jbd2_count_tags(const struct dw_jbd2_format *fmt,
			    const uint8_t *block)
{
	struct dw_jbd2_tag tag;
	uint32_t pos = DW_JBD2_HEADER_LEN, nr = 0;

	while (dw_jbd2_next_tag(fmt, block, &pos, &tag))
		nr++;
	return nr;
}

bool dw_jbd2_decode_revoke(const struct dw_jbd2_format *fmt,
			   const uint8_t *block, uint32_t *used_len,
			   uint32_t *record_len)
{
	*used_len = dw_be32(block + DW_JBD2_HEADER_LEN);
	*record_len = fmt->is_64bit ? 8 : 4;
	return *used_len <= fmt->block_len - fmt->tail_len;
}

void dw_jbd2_decode_commit(const uint8_t *block, struct dw_jbd2_commit *out)
{
	out->csum_type = block[12];
	out->csum_len = block[13];
	out->csum = dw_be32(block + DW_JBD2_COMMIT_CSUM);
	out->time = dw_be64(block + 48);
}

bool dw_jbd2_block_sum_ok(const struct dw_jbd2_format *fmt,
			  const uint8_t *block)
{
	uint32_t off = fmt->block_len - 4;

	return fmt->csum < 2 ||
	       dw_be32(block + off) ==
	       dw_jbd2_sum_with_hole(fmt->seed, block, fmt->block_len,
				     off);
}

bool dw_jbd2_commit_sum_ok(const struct dw_jbd2_format *fmt,
			   const uint8_t *block)
{
	return fmt->csum < 2 ||
	       dw_be32(block + DW_JBD2_COMMIT_CSUM) ==
	       dw_jbd2_sum_with_hole(fmt->seed, block, fmt->block_len,
				     DW_JBD2_COMMIT_CSUM);
}

bool dw_jbd2_data_sum_ok(const struct dw_jbd2_format *fmt,
			 const struct dw_jbd2_tag *tag, uint32_t sequence,
			 const uint8_t *block)
{
	uint8_t be[4];
	uint32_t sum;

	if (fmt->csum < 2)
		return true;
	dw_put_be32(be, sequence);
	sum = dw_crc32c(fmt->seed, be, sizeof(be));
	sum = dw_crc32c(sum, block, fmt->block_len);
	return tag->csum == (fmt->csum == 3 ? sum : sum & 0xffff);
}
