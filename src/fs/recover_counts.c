/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Free counts of groups and superblock, taken from the bitmaps again. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "fs/recover.h"

/* Bits that are not set among the first nr of a bitmap. */
static uint32_t count_clear(const uint8_t *bits, uint32_t nr)
{
	uint32_t i, set_nr = 0;

	for (i = 0; i < nr / 8; i++)
		set_nr += (uint32_t)__builtin_popcount(bits[i]);
	if (nr % 8)
		set_nr += (uint32_t)__builtin_popcount(bits[i] &
						       ((1u << nr % 8) - 1));
	return nr - set_nr;
}

/* A bitmap's numbers are clusters where blocks come in clusters. */
static int count_blocks(ext2_filsys fs, dgrp_t group, uint8_t *bits,
			uint32_t *free_nr, struct dw_err *err)
{
	uint64_t first = ext2fs_group_first_block2(fs, group);
	uint64_t last = ext2fs_group_last_block2(fs, group);
	uint32_t nr = (uint32_t)(EXT2FS_B2C(fs, last) -
				 EXT2FS_B2C(fs, first)) + 1;
	errcode_t rc;

	memset(bits, 0, fs->blocksize);
	rc = ext2fs_get_block_bitmap_range2(fs->block_map,
					    EXT2FS_B2C(fs, first), nr, bits);
	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: bitmap of group %u",
				   group);
	*free_nr = count_clear(bits, nr);
	return 0;
}

static int count_inodes(ext2_filsys fs, dgrp_t group, uint8_t *bits,
			uint32_t *free_nr, struct dw_err *err)
{
	uint32_t nr = fs->super->s_inodes_per_group;
	errcode_t rc;

	memset(bits, 0, fs->blocksize);
	rc = ext2fs_get_inode_bitmap_range2(fs->inode_map,
					    (uint64_t)group * nr + 1, nr, bits);
	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: inode bitmap of group "
				   "%u", group);
	*free_nr = count_clear(bits, nr);
	return 0;
}

static int mend_group(ext2_filsys fs, dgrp_t group, uint8_t *bits,
		      struct dw_counts *sum, struct dw_err *err)
{
	uint32_t blocks = 0, inodes = 0;
	int ret;

	ret = count_blocks(fs, group, bits, &blocks, err);
	if (!ret)
		ret = count_inodes(fs, group, bits, &inodes, err);
	if (ret)
		return ret;
	sum->free_blocks_nr += blocks;
	sum->free_inodes_nr += inodes;
	if (ext2fs_bg_free_blocks_count(fs, group) == blocks &&
	    ext2fs_bg_free_inodes_count(fs, group) == inodes)
		return 0;
	ext2fs_bg_free_blocks_count_set(fs, group, blocks);
	ext2fs_bg_free_inodes_count_set(fs, group, inodes);
	ext2fs_group_desc_csum_set(fs, group);
	ext2fs_mark_super_dirty(fs);
	sum->fixed_nr++;
	return 0;
}

/* The superblock counts blocks even where these come in clusters. */
static void mend_super(ext2_filsys fs, struct dw_counts *sum)
{
	uint64_t blocks = EXT2FS_C2B(fs, sum->free_blocks_nr);

	if (ext2fs_free_blocks_count(fs->super) == blocks &&
	    fs->super->s_free_inodes_count == sum->free_inodes_nr)
		return;
	ext2fs_free_blocks_count_set(fs->super, blocks);
	fs->super->s_free_inodes_count = (uint32_t)sum->free_inodes_nr;
	ext2fs_mark_super_dirty(fs);
	sum->fixed_nr++;
}

int dw_recover_counts(struct dw_ctx *ctx, ext2_filsys fs,
		      struct dw_recovery *stats, struct dw_err *err)
{
	struct dw_counts sum = { 0 };
	uint8_t *bits;
	dgrp_t group;
	int ret;

	ret = dw_ext_load_bitmaps(fs, err);
	if (ret)
		return ret;
	bits = malloc(fs->blocksize);
	if (!bits)
		return dw_fail_nomem(err);
	for (group = 0; !ret && group < fs->group_desc_count; group++) {
		ret = dw_ctx_check(ctx, err);
		if (!ret)
			ret = mend_group(fs, group, bits, &sum, err);
	}
	free(bits);
	if (ret)
		return ret;
	mend_super(fs, &sum);
	stats->free_counts_fixed_nr += sum.fixed_nr;
	return 0;
}
