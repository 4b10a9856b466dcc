/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal's inode, written anew from the copy in the superblock. */
#include <string.h>

#include "fs/journal.h"
#include "fs/recover.h"

static int fetch(void *arg, uint64_t blk, uint8_t *buf, struct dw_err *err)
{
	ext2_filsys fs = arg;
	errcode_t rc = io_channel_read_blk64(fs->io, blk, 1, buf);

	return rc ? dw_ext_fail(err, fs, rc, "ext: journal inode") : 0;
}

static int ignore_run(void *arg, uint64_t log, uint64_t blk, uint32_t nr,
		      struct dw_err *err)
{
	return 0;
}

/* The copy has the blocks and the size; the number of blocks is counted. */
static int make_inode(ext2_filsys fs, const struct dw_journal_fs *from,
		      struct ext2_inode_large *inode, struct dw_err *err)
{
	bool is_extents = dw_blockmap_looks_like_extents(from->backup);
	struct dw_blockmap blocks = {
		.what = "journal inode", .ino = from->journal_ino,
		.block_len = from->block_len, .blocks_nr = from->dev_blk_nr,
		.arg = fs, .fetch = fetch, .run = ignore_run,
	};
	int ret = dw_blockmap_walk(&blocks, from->backup, is_extents, err);

	if (ret)
		return ret;
	memset(inode, 0, sizeof(*inode));
	inode->i_mode = LINUX_S_IFREG | 0600;
	inode->i_links_count = 1;
	inode->i_size = (uint32_t)from->backup_size;
	inode->i_size_high = (uint32_t)(from->backup_size >> 32);
	inode->i_flags = is_extents ? EXT4_EXTENTS_FL : 0;
	memcpy(inode->i_block, from->backup, sizeof(inode->i_block));
	if (from->inode_len > EXT2_GOOD_OLD_INODE_SIZE)
		inode->i_extra_isize = sizeof(*inode) -
				       EXT2_GOOD_OLD_INODE_SIZE;
	ext2fs_iblk_set(fs, (struct ext2_inode *)inode,
			blocks.seen_nr + blocks.nodes_nr);
	return 0;
}

int dw_recover_journal_inode(ext2_filsys fs, struct dw_dev *dev,
			     struct dw_err *err)
{
	struct ext2_inode_large inode;
	struct dw_journal_map map;
	struct dw_journal_fs from;
	errcode_t rc;
	int ret;

	ret = dw_journal_read_fs(dev, &from, err);
	if (!ret)
		ret = dw_journal_map_load(dev, &from, &map, err);
	if (ret)
		return ret;
	dw_journal_map_free(&map);
	if (!map.from_backup)
		return 0;
	ret = make_inode(fs, &from, &inode, err);
	if (ret)
		return ret;
	rc = ext2fs_write_inode_full(fs, from.journal_ino,
				     (struct ext2_inode *)&inode,
				     sizeof(inode));
	return rc ? dw_ext_fail(err, fs, rc, "ext: journal inode") : 0;
}
