/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes ext superblock, inode 8 and a journal's blocks; see jbuild.h. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/sum.h"
#include "jbuild.h"

#define MAGIC	0xc03b3998u

static const uint8_t uuid[16] = "jbuild-uuid-000";

static void put(struct jb *b, uint64_t blk, const uint8_t *block)
{
	ck_assert_int_eq(dw_dev_pwrite(b->dev, blk * JB_BLOCK_LEN, block,
				       JB_BLOCK_LEN, NULL), 0);
}

static void get(struct jb *b, uint64_t blk, uint8_t *block)
{
	ck_assert_int_eq(dw_dev_pread(b->dev, blk * JB_BLOCK_LEN, block,
				      JB_BLOCK_LEN, NULL), 0);
}

uint32_t jb_blk(uint32_t log)
{
	return log < 512 ? JB_PIECE_A + log : JB_PIECE_B + (log - 512);
}

static uint32_t seed(void)
{
	return dw_crc32c(~0u, uuid, 16);
}

/* The next block of the log, which wraps. */
static uint32_t next_blk(struct jb *b)
{
	uint32_t blk = jb_blk(b->pos);

	if (++b->pos == JB_LOG_NR - b->fc_nr)
		b->pos = 1;
	b->last_blk = blk;
	return blk;
}

static void header(struct jb *b, uint8_t *block, uint32_t type)
{
	memset(block, 0, JB_BLOCK_LEN);
	dw_put_be32(block, MAGIC);
	dw_put_be32(block + 4, type);
	dw_put_be32(block + 8, b->now);
}

static void tail_sum(struct jb *b, uint8_t *block)
{
	if (b->csum >= 2)
		dw_put_be32(block + JB_BLOCK_LEN - 4,
			    dw_crc32c(seed(), block, JB_BLOCK_LEN));
}

static uint32_t data_sum(struct jb *b, const uint8_t *data)
{
	uint8_t be[4];

	dw_put_be32(be, b->now);
	return dw_crc32c(dw_crc32c(seed(), be, 4), data, JB_BLOCK_LEN);
}

/* What the log holds of a block: without the magic, where it has that. */
static void make_data(const struct jb_write *w, uint8_t *data)
{
	memset(data, w->fill, JB_BLOCK_LEN);
	if (w->is_escaped)
		memset(data, 0, 4);
}

static unsigned put_tag(struct jb *b, uint8_t *p, const struct jb_write *w,
			bool is_last)
{
	uint32_t flags = (w->is_escaped ? 1 : 0) | (b->has_uuids ? 0 : 2) |
			 (is_last ? 8 : 0), sum;
	uint8_t data[JB_BLOCK_LEN];
	unsigned len = b->csum == 3 ? 16 :
		       8 + (b->is_64bit ? 4 : 0) + (b->csum == 2 ? 2 : 0);

	make_data(w, data);
	sum = data_sum(b, data) ^ w->has_bad_sum;
	dw_put_be32(p, w->home);
	if (b->csum == 3) {
		dw_put_be32(p + 4, flags);
		dw_put_be32(p + 12, sum);
	} else {
		dw_put_be16(p + 4, b->csum == 2 ? (uint16_t)sum : 0);
		dw_put_be16(p + 6, (uint16_t)flags);
	}
	/* Ignored in a journal of 32 bits, whatever it is. */
	if (b->csum == 3 && !b->is_64bit)
		dw_put_be32(p + 8, 0xdeadbeef);
	return len + (b->has_uuids ? 16 : 0);
}

void jb_data(struct jb *b, const struct jb_write *writes, unsigned nr)
{
	uint8_t block[JB_BLOCK_LEN], data[JB_BLOCK_LEN];
	unsigned i, pos = 12;

	header(b, block, 1);
	for (i = 0; i < nr; i++)
		pos += put_tag(b, block + pos, &writes[i], i == nr - 1);
	ck_assert_uint_le(pos, JB_BLOCK_LEN - 4);
	tail_sum(b, block);
	b->last_desc_blk = next_blk(b);
	put(b, b->last_desc_blk, block);
	b->sum = dw_crc32_be(b->sum, block, JB_BLOCK_LEN);
	for (i = 0; i < nr; i++) {
		make_data(&writes[i], data);
		put(b, next_blk(b), data);
		b->sum = dw_crc32_be(b->sum, data, JB_BLOCK_LEN);
	}
}

void jb_revoke(struct jb *b, const uint32_t *blks, unsigned nr)
{
	unsigned i, len = b->is_64bit ? 8 : 4;
	uint8_t block[JB_BLOCK_LEN];

	header(b, block, 5);
	dw_put_be32(block + 12, 16 + nr * len);
	for (i = 0; i < nr; i++)
		dw_put_be32(block + 16 + i * len + (len - 4), blks[i]);
	tail_sum(b, block);
	put(b, next_blk(b), block);
}

void jb_commit(struct jb *b, uint64_t time)
{
	uint8_t block[JB_BLOCK_LEN];

	header(b, block, 2);
	dw_put_be64(block + 48, time);
	if (b->csum == 1) {
		block[12] = 1;
		block[13] = 4;
		dw_put_be32(block + 16, b->sum);
	} else if (b->csum) {
		dw_put_be32(block + 16,
			    dw_crc32c(seed(), block, JB_BLOCK_LEN));
	}
	put(b, next_blk(b), block);
	b->now++;
	b->sum = ~0u;
}

void jb_write_one(struct jb *b, uint32_t home, uint8_t fill, uint64_t time)
{
	struct jb_write w = { home, fill, false, false };

	jb_data(b, &w, 1);
	jb_commit(b, time);
}

void jb_flip(struct jb *b, uint64_t off, uint8_t mask)
{
	uint8_t byte;

	ck_assert_int_eq(dw_dev_pread(b->dev, off, &byte, 1, NULL), 0);
	byte ^= mask;
	ck_assert_int_eq(dw_dev_pwrite(b->dev, off, &byte, 1, NULL), 0);
}

void jb_seal_journal(struct jb *b)
{
	uint8_t block[JB_BLOCK_LEN];

	if (b->csum < 2)
		return;
	get(b, JB_PIECE_A, block);
	dw_put_be32(block + 252, 0);
	dw_put_be32(block + 252, dw_crc32c(~0u, block, 1024));
	put(b, JB_PIECE_A, block);
}

void jb_seal_super(struct jb *b)
{
	uint8_t sb[JB_BLOCK_LEN];

	get(b, 1, sb);
	dw_put_le32(sb + 1020, dw_crc32c(~0u, sb, 1020));
	put(b, 1, sb);
}

static void put_journal_super(struct jb *b)
{
	uint32_t incompat = 1 | (b->is_64bit ? 2 : 0) | (b->is_async ? 4 : 0) |
			    (b->csum == 2 ? 8 : 0) | (b->csum == 3 ? 16 : 0) |
			    (b->fc_nr ? 32 : 0);
	uint8_t block[JB_BLOCK_LEN];

	header(b, block, 4);
	dw_put_be32(block + 8, 0);
	dw_put_be32(block + 12, JB_BLOCK_LEN);
	dw_put_be32(block + 16, JB_LOG_NR);
	dw_put_be32(block + 20, 1);
	dw_put_be32(block + 24, b->sequence);
	dw_put_be32(block + 28, b->start);
	dw_put_be32(block + 36, b->csum == 1);
	dw_put_be32(block + 40, incompat);
	memcpy(block + 48, uuid, 16);
	dw_put_be32(block + 64, 1);
	if (b->csum >= 2)
		block[80] = 4;
	dw_put_be32(block + 84, b->fc_nr);
	put(b, JB_PIECE_A, block);
	jb_seal_journal(b);
}

/* One group of 4096 blocks with 32 inodes, checksums on. */
static void put_super(struct jb *b)
{
	uint8_t sb[JB_BLOCK_LEN] = { 0 };

	dw_put_le32(sb, 32);
	dw_put_le32(sb + 4, JB_BLOCKS_NR);
	dw_put_le32(sb + 20, 1);
	dw_put_le32(sb + 32, 8192);
	dw_put_le32(sb + 36, 8192);
	dw_put_le32(sb + 40, 32);
	dw_put_le16(sb + 56, 0xef53);
	dw_put_le16(sb + 58, 1);
	dw_put_le32(sb + 76, 1);
	dw_put_le32(sb + 84, 11);
	dw_put_le16(sb + 88, 128);
	dw_put_le32(sb + 92, 0x4);
	dw_put_le32(sb + 96, 0x2 | 0x4 | 0x40);
	dw_put_le32(sb + 100, 0x400);
	dw_put_le32(sb + 224, 8);
	put(b, 1, sb);
	jb_seal_super(b);
}

static void put_extents(uint8_t *i_block)
{
	static const uint32_t piece[2] = { JB_PIECE_A, JB_PIECE_B };
	unsigned i;

	dw_put_le16(i_block, 0xf30a);
	dw_put_le16(i_block + 2, 2);
	dw_put_le16(i_block + 4, 4);
	for (i = 0; i < 2; i++) {
		uint8_t *p = i_block + 12 + 12 * i;

		dw_put_le32(p, 512 * i);
		dw_put_le16(p + 4, 512);
		dw_put_le32(p + 8, piece[i]);
	}
}

/* 12 direct blocks, 256 behind block 20, the rest behind 21 and 22... */
static void put_lists(struct jb *b, uint8_t *i_block)
{
	uint8_t list[JB_BLOCK_LEN], two[JB_BLOCK_LEN] = { 0 };
	uint32_t log, i, node;

	for (log = 0; log < 12; log++)
		dw_put_le32(i_block + 4 * log, jb_blk(log));
	for (node = 0; log < JB_LOG_NR; node++) {
		memset(list, 0, sizeof(list));
		for (i = 0; i < 256 && log < JB_LOG_NR; i++, log++)
			dw_put_le32(list + 4 * i, jb_blk(log));
		put(b, 20 + node, list);
		if (node)
			dw_put_le32(two + 4 * (node - 1), 20 + node);
	}
	dw_put_le32(i_block + 48, 20);
	dw_put_le32(i_block + 52, 30);
	put(b, 30, two);
}

static void put_inode(struct jb *b)
{
	uint8_t table[JB_BLOCK_LEN] = { 0 }, desc[JB_BLOCK_LEN] = { 0 };
	uint8_t *inode = table + 7 * 128;

	dw_put_le32(desc + 8, 5);
	put(b, 2, desc);
	dw_put_le16(inode, 0100600);
	dw_put_le32(inode + 4, JB_LOG_NR * JB_BLOCK_LEN);
	dw_put_le16(inode + 26, 1);
	if (b->use_lists) {
		put_lists(b, inode + 40);
	} else {
		dw_put_le32(inode + 32, 0x80000);
		put_extents(inode + 40);
	}
	put(b, 5, table);
}

void jb_new(struct jb *b)
{
	ck_assert_int_eq(dw_mem_new("jbuild", JB_BLOCKS_NR * JB_BLOCK_LEN,
				    &b->dev, NULL), 0);
	if (!b->start)
		b->start = 1;
	b->pos = b->start;
	b->now = b->sequence;
	b->sum = ~0u;
	put_super(b);
	put_inode(b);
}

void jb_finish(struct jb *b)
{
	put_journal_super(b);
}

void jb_free(struct jb *b)
{
	dw_dev_close(b->dev, NULL);
	b->dev = NULL;
}
