/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New inodes and the end of old ones. */
#include <stdlib.h>
#include <string.h>

#include "fs/ext_internal.h"

#define LABEL "security.selinux"

static void set_owner(struct ext2_inode_large *inode, uint32_t uid,
		      uint32_t gid)
{
	inode->i_uid = (__u16)uid;
	inode->osd2.linux2.l_i_uid_high = (__u16)(uid >> 16);
	inode->i_gid = (__u16)gid;
	inode->osd2.linux2.l_i_gid_high = (__u16)(gid >> 16);
}

static int copy_label(struct dw_fs *f, ext2_ino_t dir, ext2_ino_t ino,
		      struct dw_err *err)
{
	char *value;
	size_t len;
	int ret = dw_ext_attr_get(f, dir, LABEL, &value, &len, err);

	if (ret == DW_NOENT)
		return 0;
	if (!ret)
		ret = dw_ext_attr_set(f, ino, LABEL, value, len, err);
	free(value);
	return ret;
}

int dw_ext_adopt(struct dw_fs *f, ext2_ino_t dir, ext2_ino_t ino,
		 uint32_t mode, const struct dw_new *new, struct dw_err *err)
{
	struct ext2_inode_large *parent, *inode = NULL;
	struct dw_stat st;
	int ret = dw_ext_inode_load(f->fs, dir, &parent, err);

	if (!ret)
		ret = dw_ext_inode_load(f->fs, ino, &inode, err);
	if (ret)
		goto out;
	dw_ext_inode_stat(f->fs, dir, parent, &st);
	if (new && new->uid >= 0)
		st.uid = (uint32_t)new->uid;
	if (new && new->gid >= 0)
		st.gid = (uint32_t)new->gid;
	set_owner(inode, st.uid, st.gid);
	inode->i_mode = (__u16)mode;
	/* Below a folder that hands its group on, folders do so as well. */
	if (LINUX_S_ISDIR(mode))
		inode->i_mode |= st.mode & LINUX_S_ISGID;
	dw_ext_inode_touch(f->fs, inode, DW_EXT_ATIME | DW_EXT_MTIME |
			   DW_EXT_CTIME | DW_EXT_CRTIME, f->fs->now);
	ret = dw_ext_inode_store(f->fs, ino, inode, err);
	if (!ret)
		ret = copy_label(f, dir, ino, err);
out:
	free(inode);
	free(parent);
	return ret;
}

/*
 * The generation number, random in the kernel, stays 0: the same input gives
 * the same bytes.  Nothing but NFS handles looks at it.
 */
int dw_ext_new_file(struct dw_fs *f, ext2_ino_t dir, ext2_ino_t near,
		    uint32_t mode, const struct dw_new *new, ext2_ino_t *ino,
		    struct dw_err *err)
{
	ext2_filsys fs = f->fs;
	struct ext2_inode inode;
	errcode_t rc;
	int ret;

	*ino = 0;
	rc = ext2fs_new_inode(fs, near, (int)mode, NULL, ino);
	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: no new inode");
	memset(&inode, 0, sizeof(inode));
	inode.i_mode = (__u16)mode;
	inode.i_links_count = 1;
	inode.i_atime = inode.i_mtime = inode.i_ctime = (__u32)fs->now;
	if (LINUX_S_ISREG(mode) && ext2fs_has_feature_inline_data(fs->super))
		inode.i_flags = EXT4_INLINE_DATA_FL;
	else if (LINUX_S_ISREG(mode) && ext2fs_has_feature_extents(fs->super))
		inode.i_flags = EXT4_EXTENTS_FL;
	dw_ext_map_init(inode.i_flags, inode.i_block);
	rc = ext2fs_write_new_inode(fs, *ino, &inode);
	ext2fs_inode_alloc_stats2(fs, *ino, +1, 0);
	if (!rc && inode.i_flags & EXT4_INLINE_DATA_FL)
		rc = ext2fs_inline_data_init(fs, *ino);
	ret = rc ? dw_ext_fail(err, fs, rc, "ext: new inode %u", *ino) :
		   dw_ext_adopt(f, dir, *ino, mode, new, err);
	if (ret) {
		dw_ext_free_inode(f, *ino, NULL);
		*ino = 0;
	}
	return ret;
}

int dw_ext_free_inode(struct dw_fs *f, ext2_ino_t ino, struct dw_err *err)
{
	struct ext2_inode_large *inode;
	bool is_dir;
	int ret = dw_ext_free_content(f, ino, err);

	dw_ext_names_forget(f, ino);
	if (!ret)
		ret = dw_ext_attr_drop(f, ino, err);
	if (!ret)
		ret = dw_ext_inode_load(f->fs, ino, &inode, err);
	if (ret)
		return ret;
	is_dir = LINUX_S_ISDIR(inode->i_mode);
	inode->i_links_count = 0;
	inode->i_dtime = (__u32)f->fs->now;
	ret = dw_ext_inode_store(f->fs, ino, inode, err);
	free(inode);
	if (!ret)
		ext2fs_inode_alloc_stats2(f->fs, ino, -1, is_dir);
	return ret;
}
