/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The used blocks by reference: the groups' own, and those of all inodes. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fs/ext_cache.h"
#include "fs/ext_used.h"

#define PIECE_LEN (1u << 20)

/* A reference to something that is read again. */
static int reference(struct dw_used_scan *s, uint64_t first, uint64_t nr,
		     struct dw_err *err)
{
	int ret = dw_used_note_written(s, first, nr, err);

	return ret ? ret : dw_used_reference(s, first, nr, err);
}

static int reference_run(void *arg, const struct dw_ext_run *run,
			 struct dw_err *err)
{
	int ret;

	if (!run->unwritten)
		return reference(arg, run->pblk, run->nr, err);
	ret = dw_used_note_unwritten(arg, run->pblk, run->nr, err);
	return ret ? ret : dw_used_reference(arg, run->pblk, run->nr, err);
}

/*
 * The maps of all inodes together cannot have more blocks than the filesystem:
 * without this bound each inode of a hostile image could lead through them
 * all.
 */
static int reference_meta(void *arg, const struct dw_ext_run *run,
			  struct dw_err *err)
{
	struct dw_used_scan *s = arg;

	if (!s->meta_left--)
		return dw_fail(err, DW_LIMIT, "ext: the maps of the inodes "
			       "have more blocks than the filesystem");
	return reference(s, run->pblk, run->nr, err);
}

static bool in_fs(const struct dw_used_scan *s, uint64_t blk, uint64_t nr)
{
	return dw_in_range(blk, nr, ext2fs_blocks_count(s->fs->super));
}

/* What a group itself takes; a number out of range is left to e2fsck. */
static int group_metadata(struct dw_used_scan *s, dgrp_t g, struct dw_err *err)
{
	blk64_t super, old_desc, new_desc;
	uint64_t old_nr = s->fs->desc_blocks;
	struct { uint64_t blk, nr; } parts[6];
	unsigned nr = 0;
	int ret = 0;

	ext2fs_super_and_bgd_loc2(s->fs, g, &super, &old_desc, &new_desc,
				  NULL);
	if (ext2fs_has_feature_meta_bg(s->fs->super))
		old_nr = dw_min(old_nr, s->fs->super->s_first_meta_bg);
	old_nr += s->fs->super->s_reserved_gdt_blocks;
	parts[nr].blk = super;
	parts[nr++].nr = super || !g;
	parts[nr].blk = old_desc;
	parts[nr++].nr = old_desc ? old_nr : 0;
	parts[nr].blk = new_desc;
	parts[nr++].nr = new_desc ? 1 : 0;
	parts[nr].blk = ext2fs_block_bitmap_loc(s->fs, g);
	parts[nr++].nr = 1;
	parts[nr].blk = ext2fs_inode_bitmap_loc(s->fs, g);
	parts[nr++].nr = 1;
	parts[nr].blk = ext2fs_inode_table_loc(s->fs, g);
	parts[nr++].nr = s->fs->inode_blocks_per_group;
	for (unsigned i = 0; !ret && i < nr; i++)
		if (in_fs(s, parts[i].blk, parts[i].nr))
			ret = reference(s, parts[i].blk, parts[i].nr, err);
	return ret;
}

/* The one block that is the resize inode's own. */
static int resize_root(struct dw_used_scan *s, const struct dw_ext_node *n,
		       struct dw_err *err)
{
	uint32_t blk = dw_le32(n->i_block + 4 * EXT2_DIND_BLOCK);

	return blk && in_fs(s, blk, 1) ? reference(s, blk, 1, err) : 0;
}

/*
 * An inode whose map is damaged keeps what was met before the damage, and what
 * the bitmaps have: that is all that can be known of it.
 */
static int one_inode(struct dw_used_scan *s, const uint8_t *p, ext2_ino_t ino,
		     struct dw_err *err)
{
	struct dw_ext_node n;
	struct dw_err own;
	int ret = 0;

	dw_ext_node_decode(p, ino, &n);
	/* The list of bad blocks, inode 1, has no links. */
	if (!n.links_nr && ino != EXT2_BAD_INO)
		return 0;
	if (!err)
		err = &own;
	if (n.acl_blk && in_fs(s, n.acl_blk, 1))
		ret = reference(s, n.acl_blk, 1, err);
	/* The blocks kept for growth are a group's; there are as many pointers
	 * to them as the other files have together. */
	if (ino == EXT2_RESIZE_INO)
		return ret ? ret : resize_root(s, &n, err);
	if (!ret)
		ret = dw_ext_map_walk(s->fs, &n, reference_run, reference_meta,
				      s, err);
	if (ret == DW_CORRUPT) {
		s->damaged_nr++;
		ret = 0;
	}
	return ret;
}

/* How many inodes of a group were ever used. */
static uint32_t used_inodes(ext2_filsys fs, dgrp_t g)
{
	uint32_t all = fs->super->s_inodes_per_group;
	uint32_t unused;

	if (!ext2fs_has_group_desc_csum(fs) ||
	    !ext2fs_group_desc_csum_verify(fs, g))
		return all;
	if (ext2fs_bg_flags_test(fs, g, EXT2_BG_INODE_UNINIT))
		return 0;
	unused = ext2fs_bg_itable_unused(fs, g);
	return unused > all ? all : all - unused;
}

/* Old filesystems do not count their unused inodes; holes tell as well. */
static bool is_hole(struct dw_used_scan *s, uint64_t off, uint64_t len)
{
	struct dw_extent e;

	return !dw_dev_extent(s->f->dev, off, len, &e, NULL) &&
	       e.len == len && (e.kind == DW_EXTENT_UNMAPPED ||
				e.kind == DW_EXTENT_ZERO);
}

static int scan_piece(struct dw_used_scan *s, uint64_t off, uint32_t nr,
		      ext2_ino_t ino, uint8_t *buf, struct dw_err *err)
{
	struct dw_ext_io *io = s->fs->priv_data;
	uint32_t inode_len = EXT2_INODE_SIZE(s->fs->super);
	uint64_t len = (uint64_t)nr * inode_len;
	int ret = dw_ctx_check(s->f->ctx, err);

	if (ret || is_hole(s, off, len))
		return ret;
	ret = dw_ext_cache_read(io->cache, off, buf, len, err);
	for (uint32_t i = 0; !ret && i < nr; i++)
		ret = one_inode(s, buf + (size_t)i * inode_len, ino + i, err);
	return ret;
}

static int scan_group(struct dw_used_scan *s, dgrp_t g, uint8_t *buf,
		      struct dw_err *err)
{
	uint32_t inode_len = EXT2_INODE_SIZE(s->fs->super);
	uint32_t per_piece = PIECE_LEN / inode_len;
	uint32_t nr = used_inodes(s->fs, g), part;
	uint64_t table = ext2fs_inode_table_loc(s->fs, g);
	ext2_ino_t ino = g * s->fs->super->s_inodes_per_group + 1;

	if (!in_fs(s, table, s->fs->inode_blocks_per_group))
		return dw_fail(err, DW_CORRUPT, "ext: the inode table of group "
			       "%u is at block %llu", g,
			       (unsigned long long)table);
	for (uint32_t i = 0; i < nr; i += part) {
		uint64_t off = table * s->fs->blocksize +
			       (uint64_t)i * inode_len;
		int ret;

		part = nr - i < per_piece ? nr - i : per_piece;
		ret = scan_piece(s, off, part, ino + i, buf, err);
		if (ret)
			return ret;
	}
	return 0;
}

int dw_used_scan_groups(struct dw_used_scan *s, struct dw_err *err)
{
	uint8_t *buf = malloc(PIECE_LEN);
	uint64_t mmp = 0;
	int ret = 0;

	if (!buf)
		return dw_fail_nomem(err);
	if (ext2fs_has_feature_mmp(s->fs->super))
		mmp = s->fs->super->s_mmp_block;
	if (mmp && in_fs(s, mmp, 1))
		ret = reference(s, mmp, 1, err);
	for (dgrp_t g = 0; !ret && g < s->fs->group_desc_count; g++) {
		ret = group_metadata(s, g, err);
		if (!ret)
			ret = scan_group(s, g, buf, err);
	}
	free(buf);
	return ret;
}

