/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the blocks of the journal file lie on the device. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fs/journal.h"

#define INODE_LEN		128u
#define EXTENT_MAGIC		0xf30au
#define EXTENT_MAX_DEPTH	5u
#define EXTENTS_FL		0x80000u
#define EXTENT_ENTRY_LEN	12u
#define EXTENT_INIT_MAX		32768u
#define NDIR_BLOCKS		12u
#define S_IFMT_MASK		0xf000u
#define S_IFREG_BITS		0x8000u

/* 64 GiB of 4 KiB blocks; mke2fs stops far below. */
#define JOURNAL_MAX_BLOCKS	(16u << 20)

/* What the walk over either kind of block list works on. */
struct map_walk {
	struct dw_dev *dev;
	const struct dw_journal_fs *fs;
	struct dw_journal_map *map;
	uint64_t want_nr;	/* blocks of the file */
};

void dw_journal_map_free(struct dw_journal_map *map)
{
	free(map->runs);
	map->runs = NULL;
	map->runs_nr = map->runs_cap = 0;
	map->blk_nr = 0;
}

static int grow(struct dw_journal_map *map, struct dw_err *err)
{
	size_t cap = map->runs_cap ? 2 * map->runs_cap : 16;
	struct dw_journal_run *runs;

	runs = realloc(map->runs, cap * sizeof(*runs));
	if (!runs)
		return dw_fail_nomem(err);
	map->runs = runs;
	map->runs_cap = cap;
	return 0;
}

/* Appends the file's next nr blocks (nr > 0), which lie at blk. */
static int append(struct map_walk *w, uint64_t blk, uint64_t nr,
		  struct dw_err *err)
{
	struct dw_journal_map *map = w->map;
	struct dw_journal_run *last;
	int ret;

	nr = dw_min(nr, w->want_nr - map->blk_nr);
	if (!nr)
		return 0;
	if (blk == 0 || !dw_in_range(blk, nr, w->fs->dev_blk_nr))
		return dw_fail(err, DW_CORRUPT, "journal: its block %llu lies "
			       "at %llu of %llu",
			       (unsigned long long)map->blk_nr,
			       (unsigned long long)blk,
			       (unsigned long long)w->fs->dev_blk_nr);
	last = map->runs_nr ? &map->runs[map->runs_nr - 1] : NULL;
	if (last && last->blk + last->nr == blk) {
		last->nr += (uint32_t)nr;
		map->blk_nr += nr;
		return 0;
	}
	if (map->runs_nr == map->runs_cap) {
		ret = grow(map, err);
		if (ret)
			return ret;
	}
	map->runs[map->runs_nr++] = (struct dw_journal_run) {
		.log = (uint32_t)map->blk_nr, .nr = (uint32_t)nr, .blk = blk,
	};
	map->blk_nr += nr;
	return 0;
}

/* Fetches a block of block numbers or extents; the caller frees it. */
static int fetch_node(struct map_walk *w, uint64_t blk, uint8_t **out,
		      struct dw_err *err)
{
	uint32_t len = w->fs->block_len;
	int ret;

	*out = NULL;
	if (blk == 0 || blk >= w->fs->dev_blk_nr)
		return dw_fail(err, DW_CORRUPT, "journal: block list at block "
			       "%llu of %llu", (unsigned long long)blk,
			       (unsigned long long)w->fs->dev_blk_nr);
	*out = malloc(len);
	if (!*out)
		return dw_fail_nomem(err);
	ret = dw_dev_pread(w->dev, blk * len, *out, len, err);
	if (ret) {
		free(*out);
		*out = NULL;
	}
	return ret;
}

/* ---- extents ------------------------------------------------------------ */

static int check_node(const uint8_t *node, uint32_t len, unsigned depth,
		      struct dw_err *err)
{
	uint32_t entries = dw_le16(node + 2);

	if (dw_le16(node) != EXTENT_MAGIC || dw_le16(node + 6) != depth)
		return dw_fail(err, DW_CORRUPT, "journal: extent node with "
			       "magic number 0x%04x and depth %u, not %u",
			       dw_le16(node), dw_le16(node + 6), depth);
	if (entries == 0 || entries > (len - 12) / EXTENT_ENTRY_LEN)
		return dw_fail(err, DW_CORRUPT, "journal: extent node with %u "
			       "entries in %u bytes", entries, len);
	return 0;
}

static int leaf_entry(struct map_walk *w, const uint8_t *p,
		      struct dw_err *err)
{
	uint32_t log = dw_le32(p), nr = dw_le16(p + 4);
	uint64_t blk = (uint64_t)dw_le16(p + 6) << 32 | dw_le32(p + 8);

	/* A length above the maximum marks blocks not written yet; for a
	 * journal these are as good as the others. */
	if (nr > EXTENT_INIT_MAX)
		nr -= EXTENT_INIT_MAX;
	if (log != w->map->blk_nr || nr == 0)
		return dw_fail(err, DW_CORRUPT, "journal: extent of %u blocks "
			       "at block %u of the file, expected at %llu", nr,
			       log, (unsigned long long)w->map->blk_nr);
	return append(w, blk, nr, err);
}

/*
 * Ends because depth falls by one with each level, each node has a bounded
 * number of entries, and each leaf must add blocks up to want_nr.
 */
static int walk_extents(struct map_walk *w, const uint8_t *node, uint32_t len,
			unsigned depth, struct dw_err *err)
{
	const uint8_t *p = node + 12;
	uint32_t i, entries;
	uint8_t *child;
	int ret;

	ret = check_node(node, len, depth, err);
	if (ret)
		return ret;
	entries = dw_le16(node + 2);
	for (i = 0; i < entries && w->map->blk_nr < w->want_nr;
	     i++, p += EXTENT_ENTRY_LEN) {
		if (depth == 0) {
			ret = leaf_entry(w, p, err);
		} else {
			ret = fetch_node(w, dw_le32(p + 4) |
					 (uint64_t)dw_le16(p + 8) << 32,
					 &child, err);
			if (!ret)
				ret = walk_extents(w, child, w->fs->block_len,
						   depth - 1, err);
			free(child);
		}
		if (ret)
			return ret;
	}
	return 0;
}

/* ---- block lists -------------------------------------------------------- */

/* level 0: blk holds data; n: it holds numbers of blocks of level n - 1.
 * Ends because level falls and each block adds to the file or is refused. */
static int walk_list(struct map_walk *w, uint64_t blk, unsigned level,
		     struct dw_err *err)
{
	uint8_t *list = NULL;
	uint32_t i;
	int ret;

	if (w->map->blk_nr >= w->want_nr)
		return 0;
	if (level == 0)
		return append(w, blk, 1, err);
	ret = fetch_node(w, blk, &list, err);
	for (i = 0; !ret && i < w->fs->block_len / 4; i++)
		ret = walk_list(w, dw_le32(list + 4 * i), level - 1, err);
	free(list);
	return ret;
}

static int walk_blocks(struct map_walk *w, const uint8_t *i_block,
		       struct dw_err *err)
{
	unsigned i, level;
	int ret = 0;

	for (i = 0; !ret && i < NDIR_BLOCKS + 3; i++) {
		level = i < NDIR_BLOCKS ? 0 : i - NDIR_BLOCKS + 1;
		ret = walk_list(w, dw_le32(i_block + 4 * i), level, err);
	}
	return ret;
}

/* ---- the inode ---------------------------------------------------------- */

/* The superblock's copy of the block list comes without the inode's flags.
 * For a list of blocks to look like this, its second block would have to be 4,
 * which no filesystem gives away. */
static bool looks_like_extents(const uint8_t *i_block)
{
	return dw_le16(i_block) == EXTENT_MAGIC && dw_le16(i_block + 4) == 4 &&
	       dw_le16(i_block + 6) <= EXTENT_MAX_DEPTH;
}

static int map_blocks(struct dw_dev *dev, const struct dw_journal_fs *fs,
		      const uint8_t *i_block, bool is_extents, uint64_t size,
		      struct dw_journal_map *map, struct dw_err *err)
{
	struct map_walk w = { dev, fs, map, size / fs->block_len };
	unsigned depth = dw_le16(i_block + 6);
	int ret;

	if (w.want_nr < DW_JBD2_MIN_BLOCKS)
		return dw_fail(err, DW_CORRUPT, "journal: inode %u has only "
			       "%llu blocks", fs->journal_ino,
			       (unsigned long long)w.want_nr);
	if (w.want_nr > JOURNAL_MAX_BLOCKS)
		return dw_fail(err, DW_LIMIT, "journal: %llu blocks, more than "
			       "%u", (unsigned long long)w.want_nr,
			       JOURNAL_MAX_BLOCKS);
	if (!is_extents)
		ret = walk_blocks(&w, i_block, err);
	else if (depth > EXTENT_MAX_DEPTH)
		ret = dw_fail(err, DW_CORRUPT, "journal: extents %u levels "
			      "deep", depth);
	else
		ret = walk_extents(&w, i_block, DW_JOURNAL_INODE_BLOCKS_LEN,
				   depth, err);
	if (!ret && map->blk_nr < w.want_nr)
		ret = dw_fail(err, DW_CORRUPT, "journal: %llu of its %llu "
			      "blocks are missing",
			      (unsigned long long)(w.want_nr - map->blk_nr),
			      (unsigned long long)w.want_nr);
	return ret;
}

/* Where the journal's inode is; with meta_bg only the descriptors of the
 * first group of groups lie where they do without it. */
static int find_inode(struct dw_dev *dev, const struct dw_journal_fs *fs,
		      uint64_t *off, struct dw_err *err)
{
	uint64_t index = fs->journal_ino - 1, group, table, desc_off;
	uint8_t desc[64] = { 0 };
	int ret;

	if (fs->journal_ino == 0)
		return dw_fail(err, DW_CORRUPT, "journal: inode number 0");
	group = index / fs->inodes_per_group;
	if (fs->is_meta_bg && group >= fs->block_len / fs->desc_len)
		return dw_fail(err, DW_UNSUPPORTED, "journal: inode %u is far "
			       "from the first group (meta_bg)",
			       fs->journal_ino);
	desc_off = (fs->block_len == 1024 ? 2 : 1) * (uint64_t)fs->block_len +
		   group * fs->desc_len;
	if (!dw_in_range(desc_off, fs->desc_len, dev->size))
		return dw_fail(err, DW_CORRUPT, "journal: inode %u is beyond "
			       "the device", fs->journal_ino);
	ret = dw_dev_pread(dev, desc_off, desc, dw_min(fs->desc_len, 64), err);
	if (ret)
		return ret;

	table = dw_le32(desc + 8) | (uint64_t)dw_le32(desc + 40) << 32;
	if (table == 0 || table >= fs->dev_blk_nr)
		return dw_fail(err, DW_CORRUPT, "ext: inode table of group "
			       "%llu at block %llu of %llu",
			       (unsigned long long)group,
			       (unsigned long long)table,
			       (unsigned long long)fs->dev_blk_nr);
	*off = table * fs->block_len +
	       index % fs->inodes_per_group * fs->inode_len;
	if (!dw_in_range(*off, fs->inode_len, dev->size))
		return dw_fail(err, DW_CORRUPT, "journal: inode %u is beyond "
			       "the device", fs->journal_ino);
	return 0;
}

static int map_inode(struct dw_dev *dev, const struct dw_journal_fs *fs,
		     struct dw_journal_map *map, struct dw_err *err)
{
	uint8_t inode[INODE_LEN];
	uint64_t off = 0, size;
	int ret;

	ret = find_inode(dev, fs, &off, err);
	if (!ret)
		ret = dw_dev_pread(dev, off, inode, sizeof(inode), err);
	if (ret)
		return ret;
	if ((dw_le16(inode) & S_IFMT_MASK) != S_IFREG_BITS ||
	    dw_le16(inode + 26) == 0)
		return dw_fail(err, DW_CORRUPT, "journal: inode %u has mode "
			       "0%o and %u links", fs->journal_ino,
			       dw_le16(inode), dw_le16(inode + 26));
	size = dw_le32(inode + 4) | (uint64_t)dw_le32(inode + 108) << 32;
	return map_blocks(dev, fs, inode + 40,
			  dw_le32(inode + 32) & EXTENTS_FL, size, map, err);
}

int dw_journal_map_load(struct dw_dev *dev, const struct dw_journal_fs *fs,
			struct dw_journal_map *out, struct dw_err *err)
{
	int ret;

	memset(out, 0, sizeof(*out));
	ret = map_inode(dev, fs, out, err);
	if (ret == DW_CORRUPT && fs->has_backup) {
		dw_journal_map_free(out);
		out->from_backup = true;
		/* Where the copy is no better, the first error stays. */
		if (map_blocks(dev, fs, fs->backup,
			       looks_like_extents(fs->backup),
			       fs->backup_size, out, NULL) == 0)
			return 0;
	}
	if (ret)
		dw_journal_map_free(out);
	return ret;
}

uint64_t dw_journal_map_get(const struct dw_journal_map *map, uint32_t log,
			    uint32_t *nr)
{
	size_t low = 0, high = map->runs_nr, mid;
	const struct dw_journal_run *run;

	/* Runs follow each other without holes from 0 on. */
	while (high - low > 1) {
		mid = low + (high - low) / 2;
		if (map->runs[mid].log <= log)
			low = mid;
		else
			high = mid;
	}
	run = &map->runs[low];
	*nr = run->nr - (log - run->log);
	return run->blk + (log - run->log);
}
