/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ext2/3/4: from a block of a file to a block of the filesystem, by extent
 * tree or by direct and indirect blocks.
 */
#include "ext.h"

#include "boot/x86/memmap.h"

#define DEPTH_MAX	5
#define NODE_HEADER_LEN	12
#define NODE_ENTRIES	2
#define NODE_DEPTH	6
#define ENTRY_FIRST	0
#define INDEX_CHILD_LO	4
#define INDEX_CHILD_HI	8
#define EXTENT_LEN	4
#define EXTENT_START_HI	6
#define EXTENT_START_LO	8
#define EXTENT_WRITTEN_MAX 0x8000	/* a longer one is unwritten */

#define LEVELS		3

/*
 * The last entry of a node that begins at or before blk; NULL if none does.
 * *next is where the one behind it begins, and stays as it is if none follows.
 */
static const uint8_t *find_entry(const uint8_t *node, uint32_t blk,
				 uint64_t *next)
{
	uint32_t low = 0, high = le16(node + NODE_ENTRIES);
	const uint8_t *entries = node + NODE_HEADER_LEN;
	uint32_t nr = high;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (le32(entries + mid * EXT_NODE_ENTRY_LEN) <= blk)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < nr)
		*next = le32(entries + low * EXT_NODE_ENTRY_LEN);
	return low ? entries + (low - 1) * EXT_NODE_ENTRY_LEN : NULL;
}

static bool node_is_sane(const uint8_t *node, uint32_t len, uint32_t depth_max)
{
	return le16(node) == EXT_NODE_MAGIC &&
	       le16(node + NODE_DEPTH) <= depth_max &&
	       le16(node + NODE_ENTRIES) <=
	       (len - NODE_HEADER_LEN) / EXT_NODE_ENTRY_LEN;
}

static void map_leaf(const uint8_t *e, uint32_t blk, uint64_t next,
		     uint64_t *start, uint64_t *run)
{
	uint32_t len = e ? le16(e + EXTENT_LEN) : 0;
	uint32_t skip = e ? blk - le32(e + ENTRY_FIRST) : 0;
	bool written = len <= EXTENT_WRITTEN_MAX;

	if (!written)
		len -= EXTENT_WRITTEN_MAX;
	*start = 0;
	*run = next > blk ? next - blk : 1;
	if (skip >= len)
		return;
	*run = len - skip;
	if (written)
		*start = join64(le16(e + EXTENT_START_HI),
				le32(e + EXTENT_START_LO)) + skip;
}

static fault map_extents(struct ext *fs, const struct ext_inode *inode,
			 uint32_t blk, uint64_t *start, uint64_t *run)
{
	static const char damaged[] = "extent tree is damaged";
	const uint8_t *node = inode->block;
	uint32_t len = EXT_INLINE_LEN;
	uint32_t depth_max = DEPTH_MAX;
	uint64_t next = 1ull << 32;	/* blocks of a file are 32 bits */

	for (;;) {
		const uint8_t *e;
		uint32_t depth;
		fault f;

		if (!node_is_sane(node, len, depth_max))
			return damaged;
		depth = le16(node + NODE_DEPTH);
		e = find_entry(node, blk, &next);
		if (!e || !depth) {
			map_leaf(e, blk, next, start, run);
			return NULL;
		}
		f = ext_block(fs, join64(le16(e + INDEX_CHILD_HI),
					 le32(e + INDEX_CHILD_LO)), &node);
		if (f)
			return f;
		len = fs->block_len;
		depth_max = depth - 1;	/* it shrinks, so this ends */
	}
}

/* How many of the nr pointers at p go on where the first begins. */
static uint32_t run_length(const uint8_t *p, uint32_t nr)
{
	uint32_t first = le32(p), i;

	for (i = 1; i < nr; i++)
		if (le32(p + 4 * i) != (first ? first + i : 0))
			break;
	return i;
}

static fault map_indirect(struct ext *fs, const struct ext_inode *inode,
			  uint64_t blk, uint64_t *start, uint64_t *run)
{
	uint32_t shift = fs->block_shift - 2;	/* log2 of pointers a block */
	uint64_t span = 1;			/* blocks under one pointer */
	const uint8_t *p = inode->block;
	uint32_t level, index = 0;

	if (blk < EXT_DIRECT_NR) {
		*start = le32(p + 4 * blk);
		*run = run_length(p + 4 * blk, EXT_DIRECT_NR - blk);
		return NULL;
	}
	blk -= EXT_DIRECT_NR;
	for (level = 0; blk >> (shift * (level + 1)); level++) {
		if (level == LEVELS - 1)
			return "file is too large";
		blk -= 1ull << (shift * (level + 1));
	}
	p += 4 * (EXT_DIRECT_NR + level);
	for (level++; level && le32(p); level--) {
		fault f = ext_block(fs, le32(p), &p);

		if (f)
			return f;
		index = blk >> (shift * (level - 1)) & ((1u << shift) - 1);
		p += 4 * index;
	}
	*start = le32(p);
	if (level) {				/* no table here: a hole */
		span = 1ull << (shift * level);
		*run = span - (blk & (span - 1));
	} else {
		*run = run_length(p, (1u << shift) - index);
	}
	return NULL;
}

fault ext_map(struct ext *fs, const struct ext_inode *inode, uint64_t blk,
	      uint64_t *start, uint64_t *run)
{
	fault f;

	if (blk >> 32)
		return "file is too large";
	if (inode->flags & EXT_FLAG_EXTENTS)
		f = map_extents(fs, inode, blk, start, run);
	else
		f = map_indirect(fs, inode, blk, start, run);
	if (!f && *start && (*start >= fs->blocks_nr ||
			     *run > fs->blocks_nr - *start))
		return "block number is past the end of the filesystem";
	return f;
}
