/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inodes: decoding, loading, storing, and what stat says of them. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fs/ext_internal.h"

/* Offsets in the first 128 bytes of an inode; see NOTES.md. */
enum {
	I_MODE = 0x00,
	I_SIZE = 0x04,
	I_LINKS = 0x1a,
	I_FLAGS = 0x20,
	I_BLOCK = 0x28,
	I_GENERATION = 0x64,
	I_FILE_ACL = 0x68,
	I_SIZE_HIGH = 0x6c,
	I_FILE_ACL_HIGH = 0x76,
};

static bool is_type(uint32_t mode, uint32_t type)
{
	return (mode & LINUX_S_IFMT) == type;
}

void dw_ext_node_decode(const uint8_t *p, ext2_ino_t ino,
			struct dw_ext_node *n)
{
	n->ino = ino;
	n->mode = dw_le16(p + I_MODE);
	n->links_nr = dw_le16(p + I_LINKS);
	n->flags = dw_le32(p + I_FLAGS);
	n->generation = dw_le32(p + I_GENERATION);
	n->size = dw_le32(p + I_SIZE);
	/* The field was the directory ACL in ext2: only files and directories
	 * of ext4 have a high half. */
	if (is_type(n->mode, LINUX_S_IFREG) || is_type(n->mode, LINUX_S_IFDIR))
		n->size |= (uint64_t)dw_le32(p + I_SIZE_HIGH) << 32;
	n->acl_blk = dw_le32(p + I_FILE_ACL) |
		     (uint64_t)dw_le16(p + I_FILE_ACL_HIGH) << 32;
	memcpy(n->i_block, p + I_BLOCK, sizeof(n->i_block));
}

/* libext2fs keeps block numbers in the host's order, all else as on disk. */
static void i_block_to_disk(const struct ext2_inode *inode, uint8_t *out)
{
	if (inode->i_flags & (EXT4_EXTENTS_FL | EXT4_INLINE_DATA_FL) ||
	    (is_type(inode->i_mode, LINUX_S_IFLNK) && inode->i_size < 60)) {
		memcpy(out, inode->i_block, 60);
		return;
	}
	for (unsigned i = 0; i < EXT2_N_BLOCKS; i++)
		dw_put_le32(out + 4 * i, inode->i_block[i]);
}

int dw_ext_node_read(ext2_filsys fs, ext2_ino_t ino, struct dw_ext_node *n,
		     struct dw_err *err)
{
	struct ext2_inode inode;
	errcode_t rc;

	memset(n, 0, sizeof(*n));
	rc = ext2fs_read_inode(fs, ino, &inode);
	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: inode %u", ino);
	n->ino = ino;
	n->mode = inode.i_mode;
	n->links_nr = inode.i_links_count;
	n->flags = inode.i_flags;
	n->generation = inode.i_generation;
	n->size = inode.i_size;
	if (is_type(n->mode, LINUX_S_IFREG) || is_type(n->mode, LINUX_S_IFDIR))
		n->size |= (uint64_t)inode.i_size_high << 32;
	n->acl_blk = ext2fs_file_acl_block(fs, &inode);
	i_block_to_disk(&inode, n->i_block);
	return 0;
}

bool dw_ext_node_has_map(const struct dw_ext_node *n)
{
	if (n->flags & EXT4_INLINE_DATA_FL)
		return false;
	switch (n->mode & LINUX_S_IFMT) {
	case LINUX_S_IFCHR:
	case LINUX_S_IFBLK:
	case LINUX_S_IFIFO:
	case LINUX_S_IFSOCK:
		return false;
	case LINUX_S_IFLNK:
		return n->size >= sizeof(n->i_block) ||
		       n->flags & EXT4_EXTENTS_FL;
	default:
		return true;
	}
}

int dw_ext_inode_load(ext2_filsys fs, ext2_ino_t ino,
		      struct ext2_inode_large **out, struct dw_err *err)
{
	size_t len = EXT2_INODE_SIZE(fs->super);
	struct ext2_inode_large *inode;
	errcode_t rc;

	*out = NULL;
	inode = calloc(1, dw_max(len, sizeof(*inode)));
	if (!inode)
		return dw_fail_nomem(err);
	rc = ext2fs_read_inode_full(fs, ino, ext2fs_inode(inode), (int)len);
	if (rc) {
		free(inode);
		return dw_ext_fail(err, fs, rc, "ext: inode %u", ino);
	}
	*out = inode;
	return 0;
}

int dw_ext_inode_store(ext2_filsys fs, ext2_ino_t ino,
		       struct ext2_inode_large *inode, struct dw_err *err)
{
	errcode_t rc = ext2fs_write_inode_full(fs, ino, ext2fs_inode(inode),
					       EXT2_INODE_SIZE(fs->super));

	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: writing inode %u", ino);
	return 0;
}

/* The low two bits of the extra field extend the seconds beyond 2038. */
static int64_t time_of(uint32_t seconds, bool has_extra, uint32_t extra)
{
	int64_t t = (int32_t)seconds;

	return has_extra ? t + ((int64_t)(extra & EXT4_EPOCH_MASK) << 32) : t;
}

static void device_number(const struct ext2_inode_large *inode,
			  struct dw_stat *out)
{
	uint32_t old = inode->i_block[0], new = inode->i_block[1];

	if (old) {
		out->rdev_major = old >> 8 & 0xff;
		out->rdev_minor = old & 0xff;
	} else {
		out->rdev_major = new >> 8 & 0xfff;
		out->rdev_minor = (new & 0xff) | (new >> 12 & 0xfff00);
	}
}

void dw_ext_inode_stat(ext2_filsys fs, ext2_ino_t ino,
		       const struct ext2_inode_large *i, struct dw_stat *out)
{
	memset(out, 0, sizeof(*out));
	out->ino = ino;
	out->mode = i->i_mode;
	out->uid = i->i_uid | (uint32_t)i->osd2.linux2.l_i_uid_high << 16;
	out->gid = i->i_gid | (uint32_t)i->osd2.linux2.l_i_gid_high << 16;
	out->links_nr = i->i_links_count;
	out->size = i->i_size;
	if (is_type(i->i_mode, LINUX_S_IFREG) ||
	    is_type(i->i_mode, LINUX_S_IFDIR))
		out->size |= (uint64_t)i->i_size_high << 32;
	out->atime = time_of(i->i_atime, DW_EXT_HAS_FIELD(fs, i, i_atime_extra),
			     i->i_atime_extra);
	out->mtime = time_of(i->i_mtime, DW_EXT_HAS_FIELD(fs, i, i_mtime_extra),
			     i->i_mtime_extra);
	out->ctime = time_of(i->i_ctime, DW_EXT_HAS_FIELD(fs, i, i_ctime_extra),
			     i->i_ctime_extra);
	out->inode_flags = i->i_flags;
	if (is_type(i->i_mode, LINUX_S_IFCHR) ||
	    is_type(i->i_mode, LINUX_S_IFBLK))
		device_number(i, out);
}
