/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Giving blocks to a file and taking them back. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "fs/ext_cache.h"
#include "fs/ext_internal.h"

#define MAX_EXTENT_LEN 32768

/*
 * ext2fs_punch() of 1.47.0 refuses an extent that ends at the last block of
 * the filesystem, so blocks are given back here.  A cluster that is free
 * already is left alone: with bigalloc several runs lie in one.
 */
static int free_run(void *arg, const struct dw_ext_run *run, struct dw_err *err)
{
	ext2_filsys fs = ((struct dw_fs *)arg)->fs;
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(fs);
	uint64_t blk = dw_round_down(run->pblk, ratio);

	for (; blk < run->pblk + run->nr; blk += ratio)
		if (ext2fs_test_block_bitmap2(fs->block_map, blk))
			ext2fs_block_alloc_stats2(fs, blk, -1);
	return 0;
}

static int drop_inline(struct dw_fs *f, ext2_ino_t ino, struct dw_err *err)
{
	struct ext2_xattr_handle *h;
	errcode_t rc = ext2fs_xattrs_open(f->fs, ino, &h);

	if (rc)
		return dw_ext_fail(err, f->fs, rc, "ext: inode %u", ino);
	rc = ext2fs_xattrs_read(h);
	if (!rc)
		rc = ext2fs_xattr_remove(h, "system.data");
	ext2fs_xattrs_close(&h);
	if (rc)
		return dw_ext_fail(err, f->fs, rc, "ext: inline data of inode "
				   "%u", ino);
	return 0;
}

void dw_ext_map_init(uint32_t i_flags, __u32 *i_block)
{
	/* An extent header: no entries of at most 4, depth 0. */
	static const uint8_t empty[8] = { 0x0a, 0xf3, 0, 0, 4, 0, 0, 0 };

	memset(i_block, 0, EXT2_N_BLOCKS * sizeof(*i_block));
	if (i_flags & EXT4_EXTENTS_FL)
		memcpy(i_block, empty, sizeof(empty));
}

int dw_ext_release_blocks(struct dw_fs *f, const struct dw_ext_node *n,
			  struct dw_err *err)
{
	return dw_ext_map_walk(f->fs, n, free_run, free_run, f, err);
}

int dw_ext_clear_content(struct dw_fs *f, const struct dw_ext_node *n,
			 struct dw_err *err)
{
	struct ext2_inode_large *inode;
	int ret = 0;

	if (n->flags & EXT4_INLINE_DATA_FL)
		ret = drop_inline(f, n->ino, err);
	if (!ret)
		ret = dw_ext_inode_load(f->fs, n->ino, &inode, err);
	if (ret)
		return ret;
	inode->i_flags &= ~EXT4_INLINE_DATA_FL;
	dw_ext_map_init(inode->i_flags, inode->i_block);
	inode->i_size = inode->i_size_high = 0;
	ext2fs_iblk_set(f->fs, ext2fs_inode(inode), n->acl_blk ? 1 : 0);
	ret = dw_ext_inode_store(f->fs, n->ino, inode, err);
	free(inode);
	dw_ext_map_clear(&f->map);
	return ret;
}

int dw_ext_free_content(struct dw_fs *f, ext2_ino_t ino, struct dw_err *err)
{
	struct dw_ext_node n;
	int ret = dw_ext_node_read(f->fs, ino, &n, err);

	if (!ret)
		ret = dw_ext_release_blocks(f, &n, err);
	return ret ? ret : dw_ext_clear_content(f, &n, err);
}

struct filling {
	struct dw_fs *f;
	ext2_ino_t ino;
	struct ext2_inode inode;
	ext2_extent_handle_t handle;	/* NULL: indirect blocks */
	const struct dw_ext_source *from;
	uint64_t goal;
};

static errcode_t map_run(struct filling *x, uint64_t lblk, uint64_t pblk,
			 uint64_t nr)
{
	struct ext2fs_extent e = {
		.e_lblk = lblk, .e_pblk = pblk, .e_len = (__u32)nr,
	};
	ext2_filsys fs = x->f->fs;
	errcode_t rc = 0;

	if (x->handle) {
		/* The runs come in order: each goes behind the last. */
		rc = ext2fs_extent_goto(x->handle, lblk);
		if (rc == EXT2_ET_EXTENT_NOT_FOUND)
			rc = 0;
		if (!rc)
			rc = ext2fs_extent_insert(x->handle,
					EXT2_EXTENT_INSERT_AFTER, &e);
		return rc ? rc : ext2fs_extent_fix_parents(x->handle);
	}
	for (uint64_t i = 0; !rc && i < nr; i++) {
		blk64_t blk = pblk + i;

		rc = ext2fs_bmap2(fs, x->ino, &x->inode, NULL,
				  BMAP_SET | BMAP_ALLOC, lblk + i, NULL,
				  &blk);
	}
	return rc;
}

/* One run of free blocks, as long as there is one; *nr is what it came to. */
static int add_run(struct filling *x, uint64_t lblk, uint64_t *nr,
		   struct dw_err *err)
{
	ext2_filsys fs = x->f->fs;
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(fs);
	struct dw_ext_run run = { .lblk = lblk };
	blk64_t start, got;
	uint64_t claimed;
	errcode_t rc;

	rc = ext2fs_new_range(fs, 0, dw_round_down(x->goal, ratio),
			      dw_round_up(*nr, ratio), NULL, &start, &got);
	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: inode %u: no room for "
				   "%llu more blocks", x->ino,
				   (unsigned long long)*nr);
	*nr = run.nr = dw_min(*nr, got);
	run.pblk = start;
	claimed = dw_round_up(*nr, ratio);
	ext2fs_block_alloc_stats_range(fs, start, (blk_t)claimed, +1);
	rc = ext2fs_iblk_add_blocks(fs, &x->inode, claimed / ratio);
	if (!rc)
		rc = map_run(x, lblk, start, *nr);
	x->goal = start + *nr;
	if (x->goal >= ext2fs_blocks_count(fs->super))
		x->goal = fs->super->s_first_data_block;
	if (!rc)
		return x->from->place(x->from->arg, &run, err);
	ext2fs_block_alloc_stats_range(fs, start, (blk_t)claimed, -1);
	return dw_ext_fail(err, fs, rc, "ext: inode %u: mapping block %llu",
			   x->ino, (unsigned long long)lblk);
}

static int fill_range(struct filling *x, uint64_t lblk, uint64_t end,
		      struct dw_err *err)
{
	uint64_t nr;
	int ret = 0;

	for (; lblk < end && !ret; lblk += nr) {
		nr = dw_min(end - lblk, MAX_EXTENT_LEN);
		ret = dw_ctx_check(x->f->ctx, err);
		if (!ret)
			ret = add_run(x, lblk, &nr, err);
	}
	return ret;
}

/* Ends: each range begins behind the one before, and ends with the file. */
static int fill(struct filling *x, struct dw_err *err)
{
	uint64_t end = dw_div_up(x->from->len, x->f->fs->blocksize);
	uint64_t lblk = 0, range_end = 0;
	int ret = 0;

	while (!ret && range_end < end) {
		ret = x->from->next(x->from->arg, range_end, &lblk, &range_end,
				    err);
		if (ret || lblk >= end)
			break;
		ret = fill_range(x, lblk, dw_min(range_end, end), err);
	}
	return ret;
}

int dw_ext_fill(struct dw_fs *f, ext2_ino_t ino, uint64_t goal,
		const struct dw_ext_source *from, struct dw_err *err)
{
	struct filling x = { .f = f, .ino = ino, .from = from, .goal = goal };
	errcode_t rc = ext2fs_read_inode(f->fs, ino, &x.inode);
	int ret = 0;

	if (!rc && x.inode.i_flags & EXT4_EXTENTS_FL)
		rc = ext2fs_extent_open2(f->fs, ino, &x.inode, &x.handle);
	if (rc)
		return dw_ext_fail(err, f->fs, rc, "ext: inode %u", ino);
	if (!goal)
		x.goal = ext2fs_find_inode_goal(f->fs, ino, &x.inode, 0);
	ret = fill(&x, err);
	ext2fs_extent_free(x.handle);
	/* Written in any case: what was mapped must be found to be freed. */
	rc = ext2fs_inode_size_set(f->fs, &x.inode, (ext2_off64_t)from->len);
	if (!rc)
		rc = ext2fs_write_inode(f->fs, ino, &x.inode);
	if (rc && !ret)
		ret = dw_ext_fail(err, f->fs, rc, "ext: inode %u", ino);
	dw_ext_map_clear(&f->map);
	return ret;
}
