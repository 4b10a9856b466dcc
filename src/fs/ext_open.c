/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening ext2/3/4: everything that is checked before the first use. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fs/ext_internal.h"

/* 1 TiB in blocks of 4 KiB. */
#define BIT_ARRAY_MAX_BLK (UINT64_C(1) << 28)

int dw_ext_add_backup(struct dw_dev *dev, int code, struct dw_err *err)
{
	char why[160];
	uint64_t blk;
	uint32_t len;

	if (code != DW_CORRUPT || !err ||
	    !dw_ext_super_find_backup(dev, &blk, &len))
		return code;
	snprintf(why, sizeof(why), "%.159s", err->text);
	return dw_fail(err, DW_CORRUPT, "%s; a backup superblock is at "
		       "block %llu (e2fsck -b %llu -B %u)", why,
		       (unsigned long long)blk, (unsigned long long)blk, len);
}

/*
 * MMP: a node that uses the filesystem keeps changing a sequence number.  We
 * cannot wait and see on an image that may be a copy, so anything but a clean
 * unmount counts as use.  Layout: magic, sequence, time, node[64], device[32].
 */
static int check_mmp(struct dw_dev *dev, const struct dw_ext_super *sb,
		     struct dw_err *err)
{
	uint64_t block_len = UINT64_C(1024) << sb->log_block_len;
	char node[65] = "";
	uint8_t buf[128];
	uint32_t seq;
	int ret;

	if (!(sb->incompat & EXT4_FEATURE_INCOMPAT_MMP))
		return 0;
	if (sb->mmp_blk <= sb->first_data_blk || sb->mmp_blk >= sb->blocks_nr)
		return dw_fail(err, DW_CORRUPT, "ext: the MMP block is at %llu "
			       "of %llu blocks",
			       (unsigned long long)sb->mmp_blk,
			       (unsigned long long)sb->blocks_nr);
	ret = dw_dev_pread(dev, sb->mmp_blk * block_len, buf, sizeof(buf), err);
	if (ret)
		return ret;
	if (dw_le32(buf) != EXT4_MMP_MAGIC)
		return dw_fail(err, DW_CORRUPT, "ext: the MMP block %llu has "
			       "no magic number",
			       (unsigned long long)sb->mmp_blk);
	seq = dw_le32(buf + 4);
	if (seq == EXT4_MMP_SEQ_CLEAN)
		return 0;
	memcpy(node, buf + 16, 64);
	return dw_fail(err, DW_BUSY, "ext: in use%s by node '%s' (MMP sequence "
		       "%08x); if it is not, run tune2fs -f -E clear_mmp",
		       seq == EXT4_MMP_SEQ_FSCK ? " for a check" : "", node,
		       seq);
}

/* The descriptors are held in memory as a whole. */
static int check_memory(struct dw_ctx *ctx, const struct dw_ext_super *sb,
			struct dw_err *err)
{
	uint64_t groups = dw_div_up(sb->blocks_nr - sb->first_data_blk,
				    sb->blocks_per_group);

	if (groups * sb->desc_len <= ctx->memory_cap_len)
		return 0;
	return dw_fail(err, DW_LIMIT, "ext: descriptors of %llu groups need "
		       "more memory than the cap of %llu bytes",
		       (unsigned long long)groups,
		       (unsigned long long)ctx->memory_cap_len);
}

static int check_super(struct dw_ctx *ctx, struct dw_dev *dev, bool writing,
		       struct dw_ext_super *sb, struct dw_err *err)
{
	int ret = dw_ext_super_read(dev, sb, err);

	if (ret)
		return ret;
	ret = dw_ext_super_check(sb, err);
	if (ret)
		return dw_ext_add_backup(dev, ret, err);
	ret = dw_ext_super_fits(sb, dev->size, err);
	if (!ret)
		ret = dw_ext_feature_check(sb, writing, err);
	if (!ret)
		ret = check_memory(ctx, sb, err);
	if (!ret)
		ret = check_mmp(dev, sb, err);
	return ret;
}

/* libext2fs takes the wall clock where now is 0. */
static time_t time_to_stamp(struct dw_ctx *ctx, const struct dw_ext_super *sb)
{
	int64_t from_source = sb->write_time ? sb->write_time : sb->mkfs_time;
	int64_t now = dw_ctx_now(ctx, from_source);

	return now > 0 ? now : 1;
}

int dw_ext_open_raw(struct dw_ctx *ctx, struct dw_dev *dev, unsigned flags,
		    ext2_filsys *out, struct dw_err *err)
{
	int ext2_flags = EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP;
	bool writing = flags & DW_FS_WRITE;
	struct dw_ext_super sb;
	struct dw_err own;
	int ret;

	*out = NULL;
	if (!err)
		err = &own;
	if (writing && dev->readonly)
		return dw_fail(err, DW_READONLY,
			       "ext: the device is read-only");
	if (writing)
		ext2_flags |= EXT2_FLAG_RW;
	ret = check_super(ctx, dev, writing, &sb, err);
	if (ret)
		return ret;
	ret = dw_ext_io_open(dev, ext2_flags, out, err);
	if (ret)
		return dw_ext_add_backup(dev, ret, err);
	(*out)->now = time_to_stamp(ctx, &sb);
	/* A bit for each block of 16 TiB takes 512 MiB; runs take what is
	 * used.  Where the bits take little they are the faster of both. */
	if (ext2fs_blocks_count((*out)->super) > BIT_ARRAY_MAX_BLK)
		(*out)->default_bitmap_type = EXT2FS_BMAP64_RBTREE;
	return 0;
}

int dw_ext_flush_raw(ext2_filsys fs, struct dw_err *err)
{
	int dirty = EXT2_FLAG_DIRTY | EXT2_FLAG_IB_DIRTY | EXT2_FLAG_BB_DIRTY;
	errcode_t rc;

	if (fs->flags & dirty)
		rc = ext2fs_flush(fs);
	else
		rc = io_channel_flush(fs->io);
	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: writing back");
	return 0;
}

static int check_place(ext2_filsys fs, dgrp_t g, const char *what, blk64_t blk,
		       uint64_t nr, struct dw_err *err)
{
	uint64_t end = ext2fs_blocks_count(fs->super);

	if (blk > fs->super->s_first_data_block && dw_in_range(blk, nr, end))
		return 0;
	return dw_fail(err, DW_CORRUPT, "ext: group %u has its %s at block "
		       "%llu, %llu long, of %llu", g, what,
		       (unsigned long long)blk, (unsigned long long)nr,
		       (unsigned long long)end);
}

/* libext2fs marks them in the bitmap of a group that has none on disk; a
 * number outside it would take, but talk about it on standard error. */
static int check_groups(ext2_filsys fs, struct dw_err *err)
{
	int ret = 0;

	for (dgrp_t g = 0; !ret && g < fs->group_desc_count; g++) {
		ret = check_place(fs, g, "block bitmap",
				  ext2fs_block_bitmap_loc(fs, g), 1, err);
		if (!ret)
			ret = check_place(fs, g, "inode bitmap",
					  ext2fs_inode_bitmap_loc(fs, g), 1,
					  err);
		if (!ret)
			ret = check_place(fs, g, "inode table",
					  ext2fs_inode_table_loc(fs, g),
					  fs->inode_blocks_per_group, err);
	}
	return ret;
}

int dw_ext_load_block_bitmap(ext2_filsys fs, struct dw_err *err)
{
	errcode_t rc;
	int ret;

	if (fs->block_map)
		return 0;
	ret = check_groups(fs, err);
	if (ret)
		return ret;
	rc = ext2fs_read_block_bitmap(fs);
	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: block bitmap");
	return 0;
}

int dw_ext_load_bitmaps(ext2_filsys fs, struct dw_err *err)
{
	errcode_t rc;
	int ret;

	if (fs->block_map && fs->inode_map)
		return 0;
	ret = check_groups(fs, err);
	if (ret)
		return ret;
	rc = ext2fs_read_bitmaps(fs);
	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: reading the bitmaps");
	return 0;
}
