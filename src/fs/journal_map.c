/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the blocks of the journal file lie on the device. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fs/blockmap.h"
#include "fs/journal.h"

#define INODE_LEN		128u
#define EXTENTS_FL		0x80000u
#define S_IFMT_MASK		0xf000u
#define S_IFREG_BITS		0x8000u

/* 64 GiB of 4 KiB blocks; mke2fs stops far below. */
#define JOURNAL_MAX_BLOCKS	(16u << 20)

struct map_walk {
	struct dw_dev *dev;
	uint32_t block_len;
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

/* Appends a run of the file: its next one, for a journal has no holes. */
static int append(void *arg, uint64_t log, uint64_t blk, uint32_t nr,
		  struct dw_err *err)
{
	struct map_walk *w = arg;
	struct dw_journal_map *map = w->map;
	struct dw_journal_run *last;
	int ret;

	nr = (uint32_t)dw_min(nr, w->want_nr - map->blk_nr);
	if (!nr)
		return 0;
	if (log != map->blk_nr)
		return dw_fail(err, DW_CORRUPT, "journal: its file has a hole "
			       "at block %llu", (unsigned long long)map->blk_nr);
	last = map->runs_nr ? &map->runs[map->runs_nr - 1] : NULL;
	if (last && last->blk + last->nr == blk) {
		last->nr += nr;
		map->blk_nr += nr;
		return 0;
	}
	if (map->runs_nr == map->runs_cap) {
		ret = grow(map, err);
		if (ret)
			return ret;
	}
	map->runs[map->runs_nr++] = (struct dw_journal_run) {
		.log = (uint32_t)log, .nr = nr, .blk = blk,
	};
	map->blk_nr += nr;
	return 0;
}

static int fetch(void *arg, uint64_t blk, uint8_t *buf, struct dw_err *err)
{
	struct map_walk *w = arg;

	return dw_dev_pread(w->dev, blk * w->block_len, buf, w->block_len,
			    err);
}

/* ---- the inode ---------------------------------------------------------- */

static int map_blocks(struct dw_dev *dev, const struct dw_journal_fs *fs,
		      const uint8_t *i_block, bool is_extents, uint64_t size,
		      struct dw_journal_map *map, struct dw_err *err)
{
	struct map_walk w = { dev, fs->block_len, map, size / fs->block_len };
	struct dw_blockmap blocks = {
		.what = "journal inode", .ino = fs->journal_ino,
		.block_len = fs->block_len, .blocks_nr = fs->dev_blk_nr,
		.arg = &w, .fetch = fetch, .run = append,
	};
	int ret;

	if (w.want_nr < DW_JBD2_MIN_BLOCKS)
		return dw_fail(err, DW_CORRUPT, "journal: inode %u has only "
			       "%llu blocks", fs->journal_ino,
			       (unsigned long long)w.want_nr);
	if (w.want_nr > JOURNAL_MAX_BLOCKS)
		return dw_fail(err, DW_LIMIT, "journal: %llu blocks, more than "
			       "%u", (unsigned long long)w.want_nr,
			       JOURNAL_MAX_BLOCKS);
	ret = dw_blockmap_walk(&blocks, i_block, is_extents, err);
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
			       dw_blockmap_looks_like_extents(
				       fs->backup),
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
