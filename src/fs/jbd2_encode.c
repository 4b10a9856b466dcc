/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A transaction of a jbd2 journal as bytes: the mirror of jbd2.c. */
#include <string.h>

#include "base/bytes.h"
#include "base/sum.h"
#include "fs/jbd2.h"

#define CSUM_CRC32	1u
#define CRC32_LEN	4u

#define COMMIT_CSUM_TYPE	12u
#define COMMIT_CSUM_LEN		13u
#define COMMIT_SECONDS		48u

static void encode_header(uint8_t *block, enum dw_jbd2_type type,
			  uint32_t sequence)
{
	dw_put_be32(block, DW_JBD2_MAGIC);
	dw_put_be32(block + 4, type);
	dw_put_be32(block + 8, sequence);
}

/* The first tag is followed by the journal's UUID, the others are not. */
uint32_t dw_jbd2_tags_cap(const struct dw_jbd2_format *fmt)
{
	uint32_t room = fmt->block_len - DW_JBD2_HEADER_LEN - fmt->tail_len;

	return (room - DW_JBD2_UUID_LEN) / fmt->tag_len;
}

static void encode_tag(const struct dw_jbd2_format *fmt, uint8_t *p,
		       const struct dw_jbd2_tag *tag)
{
	dw_put_be32(p, (uint32_t)tag->blk);
	if (fmt->csum == 3) {
		dw_put_be32(p + 4, tag->flags);
		dw_put_be32(p + 12, tag->csum);
	} else {
		dw_put_be16(p + 4, (uint16_t)tag->csum);
		dw_put_be16(p + 6, (uint16_t)tag->flags);
	}
	if (fmt->is_64bit)
		dw_put_be32(p + 8, (uint32_t)(tag->blk >> 32));
}

/* A block that begins as those of the log do would end a replay. */
static bool escape(uint8_t *data)
{
	if (dw_be32(data) != DW_JBD2_MAGIC)
		return false;
	memset(data, 0, 4);
	return true;
}

/* Of the block as it stands in the log. */
static uint32_t data_sum(const struct dw_jbd2_format *fmt, const uint8_t *data,
			 uint32_t sequence)
{
	uint8_t be[4];

	if (fmt->csum < 2)
		return 0;
	dw_put_be32(be, sequence);
	return dw_crc32c(dw_crc32c(fmt->seed, be, sizeof(be)), data,
			 fmt->block_len);
}

void dw_jbd2_encode_group(const struct dw_jbd2_format *fmt, uint8_t *group,
			  const uint64_t *homes, uint32_t nr,
			  const uint8_t uuid[16], uint32_t sequence)
{
	uint8_t *p = group + DW_JBD2_HEADER_LEN;
	uint32_t off = fmt->block_len - fmt->tail_len;

	memset(group, 0, fmt->block_len);
	encode_header(group, DW_JBD2_DESCRIPTOR, sequence);
	for (uint32_t i = 0; i < nr; i++) {
		uint8_t *data = group + (size_t)(i + 1) * fmt->block_len;
		struct dw_jbd2_tag tag = { .blk = homes[i] };

		tag.flags = (escape(data) ? DW_JBD2_TAG_ESCAPE : 0) |
			    (i ? DW_JBD2_TAG_SAME_UUID : 0) |
			    (i + 1 == nr ? DW_JBD2_TAG_LAST : 0);
		tag.csum = data_sum(fmt, data, sequence);
		encode_tag(fmt, p, &tag);
		p += fmt->tag_len;
		if (i)
			continue;
		memcpy(p, uuid, DW_JBD2_UUID_LEN);
		p += DW_JBD2_UUID_LEN;
	}
	if (fmt->tail_len)
		dw_put_be32(group + off,
			    dw_jbd2_sum_with_hole(fmt->seed, group,
						  fmt->block_len, off));
}

void dw_jbd2_encode_commit(const struct dw_jbd2_format *fmt, uint8_t *block,
			   uint32_t sequence, int64_t time, uint32_t sum)
{
	memset(block, 0, fmt->block_len);
	encode_header(block, DW_JBD2_COMMIT, sequence);
	dw_put_be64(block + COMMIT_SECONDS, (uint64_t)time);
	if (fmt->csum == 1) {
		block[COMMIT_CSUM_TYPE] = CSUM_CRC32;
		block[COMMIT_CSUM_LEN] = CRC32_LEN;
		dw_put_be32(block + DW_JBD2_COMMIT_CSUM, sum);
	} else if (fmt->csum >= 2) {
		dw_put_be32(block + DW_JBD2_COMMIT_CSUM,
			    dw_jbd2_sum_with_hole(fmt->seed, block,
						  fmt->block_len,
						  DW_JBD2_COMMIT_CSUM));
	}
}
