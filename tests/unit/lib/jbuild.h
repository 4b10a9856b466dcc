/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small ext filesystem in memory whose journal a test writes by hand. */
#ifndef TESTS_UNIT_JBUILD_H
#define TESTS_UNIT_JBUILD_H

#include "dev/kinds.h"

/* Blocks of 1 KiB; the journal takes two pieces of the device. */
#define JB_BLOCK_LEN	1024u
#define JB_BLOCKS_NR	4096u
#define JB_LOG_NR	1024u		/* blocks of the journal */
#define JB_PIECE_A	1024u		/* its blocks 0..511 */
#define JB_PIECE_B	2048u		/* its blocks 512..1023 */
#define JB_HOME		200u		/* from here on blocks are free to use */

/* A journal under construction.  Set the first fields, call jb_new(). */
struct jb {
	unsigned csum;		/* 0, 1, 2 or 3 */
	bool is_64bit;
	bool has_uuids;		/* each tag is followed by a UUID */
	bool is_async;
	bool use_lists;		/* the inode has block lists, no extents */
	uint32_t sequence;	/* of the first transaction */
	uint32_t start;		/* its first block; 0 means 1 */
	uint32_t fc_nr;		/* blocks for fast commits */

	struct dw_dev *dev;
	uint32_t pos;
	uint32_t now;		/* the sequence of the next block */
	uint32_t sum;		/* of a transaction, version 1 */
	uint32_t last_blk;	/* device block written last */
	uint32_t last_desc_blk;
};

struct jb_write {
	uint32_t home;
	uint8_t fill;		/* every byte of the block */
	bool is_escaped;	/* it begins with the journal's magic */
	bool has_bad_sum;
};

void jb_new(struct jb *b);
void jb_free(struct jb *b);

/* A descriptor block and its data. */
void jb_data(struct jb *b, const struct jb_write *writes, unsigned nr);
void jb_revoke(struct jb *b, const uint32_t *blks, unsigned nr);
void jb_commit(struct jb *b, uint64_t time);
/* One block, one transaction. */
void jb_write_one(struct jb *b, uint32_t home, uint8_t fill, uint64_t time);

/* Changes one byte of the device. */
void jb_flip(struct jb *b, uint64_t off, uint8_t mask);
/* Writes the superblocks with what the first fields say. */
void jb_finish(struct jb *b);
/* The device's block that holds a block of the journal. */
uint32_t jb_blk(uint32_t log);
/* Checksums of a superblock that a test changed. */
void jb_seal_journal(struct jb *b);
void jb_seal_super(struct jb *b);

#endif
