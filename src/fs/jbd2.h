/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* On-disk structures of a jbd2 journal: pure decoding and checksums. */
#ifndef DW_FS_JBD2_H
#define DW_FS_JBD2_H

#include "base/err.h"

/*
 * Every integer of a journal is big endian.  Field offsets and meanings were
 * taken from the format's description in the kernel's documentation
 * (Documentation/filesystems/ext4/journal.rst) and measured; see NOTES.md.
 */
#define DW_JBD2_MAGIC		0xc03b3998u
#define DW_JBD2_SUPER_LEN	1024u
#define DW_JBD2_HEADER_LEN	12u
#define DW_JBD2_MIN_BLOCKS	1024u
#define DW_JBD2_UUID_LEN	16u
#define DW_JBD2_COMMIT_CSUM	16u	/* offset in a commit block */

enum dw_jbd2_type {
	DW_JBD2_DESCRIPTOR = 1,
	DW_JBD2_COMMIT = 2,
	DW_JBD2_SUPER_V1 = 3,
	DW_JBD2_SUPER_V2 = 4,
	DW_JBD2_REVOKE = 5,
};

enum dw_jbd2_compat {
	DW_JBD2_COMPAT_CHECKSUM = 0x1,
};

enum dw_jbd2_incompat {
	DW_JBD2_INCOMPAT_REVOKE = 0x1,
	DW_JBD2_INCOMPAT_64BIT = 0x2,
	DW_JBD2_INCOMPAT_ASYNC = 0x4,
	DW_JBD2_INCOMPAT_CSUM_V2 = 0x8,
	DW_JBD2_INCOMPAT_CSUM_V3 = 0x10,
	DW_JBD2_INCOMPAT_FAST_COMMIT = 0x20,
	DW_JBD2_INCOMPAT_KNOWN = 0x3f,
};

enum dw_jbd2_tag_flags {
	DW_JBD2_TAG_ESCAPE = 0x1,	/* its first 4 bytes were the magic */
	DW_JBD2_TAG_SAME_UUID = 0x2,	/* no 16 bytes of UUID follow */
	DW_JBD2_TAG_LAST = 0x8,
};

struct dw_jbd2_super {
	uint32_t type;		/* DW_JBD2_SUPER_V1 or _V2 */
	uint32_t block_len;
	uint32_t blocks_nr;
	uint32_t first;		/* first block of the log */
	uint32_t sequence;	/* first transaction expected in it */
	uint32_t start;		/* where that begins; 0: the log is empty */
	uint32_t errnum;
	uint32_t compat;	/* features are 0 in a version 1 superblock */
	uint32_t incompat;
	uint32_t ro_compat;
	uint8_t uuid[16];
	uint32_t users_nr;
	uint8_t csum_type;
	uint32_t fc_nr;		/* blocks kept for fast commits, as stored */
	uint32_t csum;
};

/* What follows from the features: the sizes and sums of the log's blocks. */
struct dw_jbd2_format {
	uint32_t block_len;
	uint32_t tag_len;
	uint32_t tail_len;	/* checksum at the end of a block of ours: 4/0 */
	unsigned csum;		/* 0, 1 (whole transactions), 2 or 3 */
	bool is_64bit;
	bool is_async;
	uint32_t seed;
	uint32_t end;		/* one past the last block of the log */
	uint32_t fc_first;	/* first block of fast commits, 0: none */
};

struct dw_jbd2_tag {
	uint64_t blk;
	uint32_t flags;
	uint32_t csum;
};

struct dw_jbd2_commit {
	uint8_t csum_type;
	uint8_t csum_len;
	uint32_t csum;
	uint64_t time;
};

/* buf holds DW_JBD2_SUPER_LEN bytes. */
void dw_jbd2_decode_super(const uint8_t *buf, struct dw_jbd2_super *out);

/*
 * Whether a superblock can be used on a filesystem with blocks of block_len
 * bytes whose journal file has inode_blk_nr blocks; 'out' says how its blocks
 * are to be read.  DW_CORRUPT, or DW_UNSUPPORTED for features not known.
 */
int dw_jbd2_check_super(const uint8_t *buf, const struct dw_jbd2_super *sb,
			uint32_t block_len, uint64_t inode_blk_nr,
			struct dw_jbd2_format *out, struct dw_err *err);

/* Marks the log empty and free of errors, with 'sequence' as its next
 * transaction; sets the checksum. */
void dw_jbd2_encode_empty(uint8_t *buf, const struct dw_jbd2_format *fmt,
			  uint32_t sequence);

/* Marks the log as holding one transaction, from block 'start' on. */
void dw_jbd2_encode_start(uint8_t *buf, const struct dw_jbd2_format *fmt,
			  uint32_t sequence, uint32_t start);

/* False where the block does not begin with the journal's magic number. */
bool dw_jbd2_decode_header(const uint8_t *block, uint32_t *type,
			   uint32_t *sequence);

/*
 * Takes the tag at *pos of a descriptor block and steps over it; start with
 * DW_JBD2_HEADER_LEN.  False after the last one: *pos grows with each tag, so
 * a block has at most block_len / tag_len of them.
 */
bool dw_jbd2_next_tag(const struct dw_jbd2_format *fmt, const uint8_t *block,
		      uint32_t *pos, struct dw_jbd2_tag *out);

/* The number of tags, that is of data blocks behind a descriptor block. */
uint32_t dw_jbd2_count_tags(const struct dw_jbd2_format *fmt,
			    const uint8_t *block);

/* The bytes of revoke records, header included, with the size of one record;
 * false where that is more than the block can hold. */
bool dw_jbd2_decode_revoke(const struct dw_jbd2_format *fmt,
			   const uint8_t *block, uint32_t *used_len,
			   uint32_t *record_len);
#define DW_JBD2_REVOKE_HEADER_LEN	16u

void dw_jbd2_decode_commit(const uint8_t *block, struct dw_jbd2_commit *out);

/* Checksums; each is true where the format has none of that kind. */
bool dw_jbd2_block_sum_ok(const struct dw_jbd2_format *fmt,
			  const uint8_t *block);
bool dw_jbd2_commit_sum_ok(const struct dw_jbd2_format *fmt,
			   const uint8_t *block);
bool dw_jbd2_data_sum_ok(const struct dw_jbd2_format *fmt,
			 const struct dw_jbd2_tag *tag, uint32_t sequence,
			 const uint8_t *block);

/* ---- writing (jbd2_encode.c) -------------------------------------------- */

/* The most tags that fit behind the header of a descriptor block. */
uint32_t dw_jbd2_tags_cap(const struct dw_jbd2_format *fmt);

/*
 * A descriptor block and the data blocks behind it, which lie in 'group' from
 * the second block on: fills the first block with nr tags (1 to the cap), and
 * escapes the data.  homes: where the data blocks belong.
 */
void dw_jbd2_encode_group(const struct dw_jbd2_format *fmt, uint8_t *group,
			  const uint64_t *homes, uint32_t nr,
			  const uint8_t uuid[16], uint32_t sequence);

/* A commit block; sum is that of version 1, over all groups. */
void dw_jbd2_encode_commit(const struct dw_jbd2_format *fmt, uint8_t *block,
			   uint32_t sequence, int64_t time, uint32_t sum);

/* CRC-32C of len bytes with the 4 bytes at hole_off taken as zeros. */
uint32_t dw_jbd2_sum_with_hole(uint32_t seed, const uint8_t *buf, uint32_t len,
			       uint32_t hole_off);

#endif
