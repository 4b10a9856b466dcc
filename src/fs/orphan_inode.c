/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One orphan: deleted where it has no links, else cut off at its size. */
#include <string.h>

#include "base/checked.h"
#include "fs/orphan.h"

static int write_inode(struct dw_orphans *o, ext2_ino_t ino,
		       struct ext2_inode *inode, struct dw_err *err)
{
	errcode_t rc = ext2fs_write_inode_full(o->fs, ino, inode,
					       EXT2_INODE_SIZE(o->fs->super));

	if (rc)
		return dw_ext_fail(err, o->fs, rc, "ext: orphan inode %u", ino);
	return 0;
}

/*
 * The time of deletion shares its field with the link of the orphan list.  A
 * number that could be an inode would be taken for such a link by e2fsck.
 */
static uint32_t deletion_time(ext2_filsys fs)
{
	return (uint32_t)dw_max((uint64_t)fs->now & 0xffffffff,
				(uint64_t)fs->super->s_inodes_count + 1);
}

int dw_orphan_free_inode(struct dw_orphans *o, ext2_ino_t ino,
			 struct ext2_inode *inode, struct dw_err *err)
{
	int ret;

	/* All is checked before the first block is given back. */
	ret = dw_orphan_walk_blocks(o, ino, inode, false, err);
	if (!ret)
		ret = dw_orphan_walk_blocks(o, ino, inode, true, err);
	if (ret)
		return ret;
	memset(inode->i_block, 0, sizeof(inode->i_block));
	inode->i_flags &= ~(EXT4_EXTENTS_FL | EXT4_INLINE_DATA_FL);
	inode->i_size = 0;
	inode->i_size_high = 0;
	inode->i_blocks = 0;
	inode->osd2.linux2.l_i_blocks_hi = 0;
	inode->i_links_count = 0;
	inode->i_dtime = deletion_time(o->fs);
	ext2fs_inode_alloc_stats2(o->fs, ino, -1,
				  LINUX_S_ISDIR(inode->i_mode));
	return write_inode(o, ino, inode, err);
}

static int delete_inode(struct dw_orphans *o, ext2_ino_t ino,
			struct dw_err *err)
{
	int ret;

	ret = dw_orphan_drop_xattrs(o, ino, o->inode, err);
	if (!ret)
		ret = dw_orphan_free_inode(o, ino, o->inode, err);
	if (!ret)
		o->stats->orphans_deleted_nr++;
	return ret;
}

/*
 * What lies behind the end of a file in its last block must read as zeros
 * when the file grows.  Blocks that were never written read so already, and
 * of an encrypted file only the owner of the key can tell.
 */
static int zero_tail(struct dw_orphans *o, ext2_ino_t ino, uint64_t size,
		     struct dw_err *err)
{
	struct ext2_inode *inode = o->inode;
	uint32_t block_len = o->fs->blocksize, used = size % block_len;
	int flags = 0;
	errcode_t rc;
	blk64_t blk = 0;

	if (!used || inode->i_flags & EXT4_ENCRYPT_FL)
		return 0;
	rc = ext2fs_bmap2(o->fs, ino, inode, NULL, 0, size / block_len, &flags,
			  &blk);
	if (!rc && blk && !(flags & BMAP_RET_UNINIT)) {
		rc = io_channel_read_blk64(o->fs->io, blk, 1, o->block_buf);
		memset(o->block_buf + used, 0, block_len - used);
		if (!rc)
			rc = io_channel_write_blk64(o->fs->io, blk, 1,
						    o->block_buf);
	}
	if (rc)
		return dw_ext_fail(err, o->fs, rc,
				   "ext: orphan inode %u: its last block", ino);
	return 0;
}

/* Called with the inode in inode_buf. */
static int truncate_blocks(struct dw_orphans *o, ext2_ino_t ino,
			   struct dw_err *err)
{
	struct ext2_inode *inode = o->inode;
	uint64_t size = EXT2_I_SIZE(inode);
	errcode_t rc;
	int ret;

	if (!ext2fs_inode_has_valid_blocks2(o->fs, inode))
		return 0;
	ret = dw_orphan_walk_blocks(o, ino, inode, false, err);
	if (!ret)
		ret = zero_tail(o, ino, size, err);
	if (ret)
		return ret;
	/* Changes the inode in the buffer, and for extents that on disk. */
	rc = ext2fs_punch(o->fs, ino, inode, NULL,
			  dw_div_up(size, o->fs->blocksize), ~0ULL);
	if (rc)
		return dw_ext_fail(err, o->fs, rc, "ext: orphan inode %u: "
				   "blocks behind its %llu bytes", ino,
				   (unsigned long long)size);
	return 0;
}

static int truncate_inode(struct dw_orphans *o, ext2_ino_t ino,
			  struct dw_err *err)
{
	int ret = truncate_blocks(o, ino, err);

	if (ret)
		return ret;
	o->inode->i_dtime = 0;
	o->stats->orphans_truncated_nr++;
	return write_inode(o, ino, o->inode, err);
}

/* Where the numbers come from: a list that goes round, or meets the orphan
 * file, would release an inode twice. */
static int check_number(struct dw_orphans *o, ext2_ino_t ino,
			struct dw_err *err)
{
	ext2_filsys fs = o->fs;

	if (ino < EXT2_FIRST_INODE(fs->super) ||
	    ino > fs->super->s_inodes_count)
		return dw_fail(err, DW_CORRUPT, "ext: orphan inode %u is not "
			       "among %u to %u", ino,
			       EXT2_FIRST_INODE(fs->super),
			       fs->super->s_inodes_count);
	if (ext2fs_mark_inode_bitmap2(o->seen, ino))
		return dw_fail(err, DW_CORRUPT, "ext: inode %u is twice among "
			       "the orphans", ino);
	if (!ext2fs_test_inode_bitmap2(fs->inode_map, ino))
		return dw_fail(err, DW_CORRUPT, "ext: orphan inode %u is not "
			       "in use", ino);
	return 0;
}

int dw_orphan_release(struct dw_orphans *o, ext2_ino_t ino, ext2_ino_t *next,
		      struct dw_err *err)
{
	errcode_t rc;
	int ret;

	*next = 0;
	ret = dw_ctx_check(o->ctx, err);
	if (!ret)
		ret = check_number(o, ino, err);
	if (ret)
		return ret;
	rc = ext2fs_read_inode_full(o->fs, ino, o->inode,
				    EXT2_INODE_SIZE(o->fs->super));
	if (rc)
		return dw_ext_fail(err, o->fs, rc, "ext: orphan inode %u", ino);
	*next = o->inode->i_dtime;
	if (o->inode->i_links_count)
		return truncate_inode(o, ino, err);
	return delete_inode(o, ino, err);
}
