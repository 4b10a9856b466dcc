/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The blocks of an orphan: checked one by one, then given back. */
#include "fs/blockmap.h"
#include "fs/orphan.h"

struct block_walk {
	struct dw_orphans *o;
	ext2_ino_t ino;
	uint64_t last_cluster;	/* of data, freed last */
};

static int fetch(void *arg, uint64_t blk, uint8_t *buf, struct dw_err *err)
{
	struct block_walk *w = arg;
	ext2_filsys fs = w->o->fs;
	errcode_t rc = io_channel_read_blk64(fs->io, blk, 1, buf);
	int ret = dw_ctx_check(w->o->ctx, err);

	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: inode %u: block %llu",
				   w->ino, (unsigned long long)blk);
	return ret;
}

static int check_run(void *arg, uint64_t log, uint64_t blk, uint32_t nr,
		     struct dw_err *err)
{
	struct block_walk *w = arg;
	ext2_filsys fs = w->o->fs;
	uint64_t end = blk + nr;

	for (; blk < end; blk++)
		if (blk < fs->super->s_first_data_block ||
		    !ext2fs_test_block_bitmap2(fs->block_map, blk))
			return dw_fail(err, DW_CORRUPT, "ext: orphan inode %u "
				       "has block %llu, which is not in use",
				       w->ino, (unsigned long long)blk);
	return 0;
}

static int check_node(void *arg, uint64_t blk, struct dw_err *err)
{
	return check_run(arg, 0, blk, 1, err);
}

/* Frees the cluster of a block; without clusters that is the block. */
static int free_cluster(struct block_walk *w, uint64_t blk, struct dw_err *err)
{
	ext2_filsys fs = w->o->fs;

	if (!ext2fs_test_block_bitmap2(fs->block_map, blk))
		return dw_fail(err, DW_CORRUPT, "ext: orphan inode %u has "
			       "block %llu twice", w->ino,
			       (unsigned long long)blk);
	ext2fs_block_alloc_stats2(fs, blk, -1);
	return 0;
}

static int free_run(void *arg, uint64_t log, uint64_t blk, uint32_t nr,
		    struct dw_err *err)
{
	struct block_walk *w = arg;
	uint64_t cluster, end = blk + nr;
	int ret = 0;

	for (; !ret && blk < end; blk++) {
		/* Neighbours in a file may share a cluster. */
		cluster = EXT2FS_B2C(w->o->fs, blk);
		if (cluster == w->last_cluster)
			continue;
		ret = free_cluster(w, blk, err);
		w->last_cluster = cluster;
	}
	return ret;
}

/* A node never shares its cluster, and lies between data that may do so. */
static int free_node(void *arg, uint64_t blk, struct dw_err *err)
{
	return free_cluster(arg, blk, err);
}

int dw_orphan_walk_blocks(struct dw_orphans *o, ext2_ino_t ino,
			  const struct ext2_inode *inode, bool release,
			  struct dw_err *err)
{
	struct block_walk w = { o, ino, UINT64_MAX };
	struct dw_blockmap blocks = {
		.what = "ext: orphan inode", .ino = ino,
		.block_len = o->fs->blocksize,
		.blocks_nr = ext2fs_blocks_count(o->fs->super),
		.arg = &w, .fetch = fetch,
		.run = release ? free_run : check_run,
		.node = release ? free_node : check_node,
	};

	/* Symbolic links, devices and inline data keep something else there. */
	if (!ext2fs_inode_has_valid_blocks2(o->fs,
					    (struct ext2_inode *)inode))
		return 0;
	return dw_blockmap_walk(&blocks, (const uint8_t *)inode->i_block,
				inode->i_flags & EXT4_EXTENTS_FL, err);
}
