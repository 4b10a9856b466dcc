/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the extended attributes of a deleted inode hold on to. */
#include <stdlib.h>

#include "base/bytes.h"
#include "fs/orphan.h"

#define GOOD_OLD_LEN	128u
#define ATTR_MAGIC	0xea020000u
#define BLOCK_HEADER	32u
#define ENTRY_LEN	16u

/* A large value lives in an inode of its own, which counts its users. */
static int drop_value(struct dw_orphans *o, ext2_ino_t owner, ext2_ino_t ino,
		      struct dw_err *err)
{
	ext2_filsys fs = o->fs;
	uint32_t len = EXT2_INODE_SIZE(fs->super);
	struct ext2_inode *inode;
	uint64_t refs;
	errcode_t rc;
	int ret = 0;

	if (ino < EXT2_FIRST_INODE(fs->super) ||
	    ino > fs->super->s_inodes_count ||
	    !ext2fs_test_inode_bitmap2(fs->inode_map, ino))
		return dw_fail(err, DW_CORRUPT, "ext: orphan inode %u has an "
			       "attribute in inode %u, which is not in use",
			       owner, ino);
	inode = calloc(1, len);
	if (!inode)
		return dw_fail_nomem(err);
	rc = ext2fs_read_inode_full(fs, ino, inode, len);
	refs = ext2fs_get_ea_inode_ref(inode);
	if (rc)
		ret = dw_ext_fail(err, fs, rc, "ext: attribute inode %u", ino);
	else if (!(inode->i_flags & EXT4_EA_INODE_FL) || !refs)
		ret = dw_fail(err, DW_CORRUPT, "ext: inode %u holds no "
			      "attribute, yet inode %u has one there", ino,
			      owner);
	else if (refs == 1)
		ret = dw_orphan_free_inode(o, ino, inode, err);
	if (!ret && refs > 1) {
		ext2fs_set_ea_inode_ref(inode, refs - 1);
		rc = ext2fs_write_inode_full(fs, ino, inode, len);
		if (rc)
			ret = dw_ext_fail(err, fs, rc, "ext: attribute inode "
					  "%u", ino);
	}
	free(inode);
	return ret;
}

/* Entries end with four zero bytes or with the space; each takes 16 bytes at
 * least, so this ends. */
static int drop_values(struct dw_orphans *o, ext2_ino_t owner,
		       const uint8_t *p, uint32_t len, struct dw_err *err)
{
	uint32_t pos = 0, step, ino;
	int ret = 0;

	while (!ret && len - pos >= ENTRY_LEN && dw_le32(p + pos)) {
		ino = dw_le32(p + pos + 4);
		step = (ENTRY_LEN + p[pos] + 3) & ~3u;
		if (step > len - pos)
			return dw_fail(err, DW_CORRUPT, "ext: orphan inode %u: "
				       "attributes pass their %u bytes", owner,
				       len);
		if (ino)
			ret = drop_value(o, owner, ino, err);
		pos += step;
	}
	return ret;
}

/* Attributes in the inode's own extra space. */
static int drop_inline(struct dw_orphans *o, ext2_ino_t ino,
		       const struct ext2_inode *inode, struct dw_err *err)
{
	uint32_t len = EXT2_INODE_SIZE(o->fs->super), off;
	const uint8_t *p = (const uint8_t *)inode;

	if (len <= GOOD_OLD_LEN || !ext2fs_has_feature_ea_inode(o->fs->super))
		return 0;
	off = GOOD_OLD_LEN + dw_le16(p + GOOD_OLD_LEN);
	if (off % 4 || off > len - 4 || dw_le32(p + off) != ATTR_MAGIC)
		return 0;
	return drop_values(o, ino, p + off + 4, len - off - 4, err);
}

/* The last user of an attribute block frees it, with what it refers to. */
static int drop_block(struct dw_orphans *o, ext2_ino_t ino, blk64_t blk,
		      struct dw_err *err)
{
	ext2_filsys fs = o->fs;
	uint8_t *buf = (uint8_t *)o->block_buf;
	uint32_t unused;
	errcode_t rc;
	int ret;

	if (blk >= ext2fs_blocks_count(fs->super) ||
	    blk < fs->super->s_first_data_block ||
	    !ext2fs_test_block_bitmap2(fs->block_map, blk))
		return dw_fail(err, DW_CORRUPT, "ext: orphan inode %u has its "
			       "attributes in block %llu, which is not in use",
			       ino, (unsigned long long)blk);
	rc = ext2fs_read_ext_attr3(fs, blk, buf, ino);
	if (!rc && dw_le32(buf + 4) > 1)
		rc = ext2fs_adjust_ea_refcount3(fs, blk, o->block_buf, -1,
						&unused, ino);
	else if (!rc) {
		ret = ext2fs_has_feature_ea_inode(fs->super) ?
		      drop_values(o, ino, buf + BLOCK_HEADER,
				  fs->blocksize - BLOCK_HEADER, err) : 0;
		if (ret)
			return ret;
		ext2fs_block_alloc_stats2(fs, blk, -1);
	}
	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: orphan inode %u: its "
				   "attributes in block %llu", ino,
				   (unsigned long long)blk);
	return 0;
}

int dw_orphan_drop_xattrs(struct dw_orphans *o, ext2_ino_t ino,
			  struct ext2_inode *inode, struct dw_err *err)
{
	blk64_t blk = ext2fs_file_acl_block(o->fs, inode);
	int ret;

	ret = drop_inline(o, ino, inode, err);
	if (!ret && blk)
		ret = drop_block(o, ino, blk, err);
	ext2fs_file_acl_block_set(o->fs, inode, 0);
	return ret;
}
