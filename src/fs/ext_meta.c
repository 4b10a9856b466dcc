/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing what stat says: mode, owner, times, flags. */
#include <stdlib.h>

#include "fs/ext_internal.h"

/* Flags that say how data is laid out are not the caller's. */
#define SETTABLE_FLAGS \
	(EXT2_SECRM_FL | EXT2_UNRM_FL | EXT2_SYNC_FL | EXT2_IMMUTABLE_FL | \
	 EXT2_APPEND_FL | EXT2_NODUMP_FL | EXT2_NOATIME_FL | \
	 EXT2_NOTAIL_FL | EXT2_DIRSYNC_FL | EXT2_TOPDIR_FL)

#define SET_TIME(fs, inode, field, t) do {				\
	(inode)->field = (__u32)(t);					\
	if (DW_EXT_HAS_FIELD(fs, inode, field ## _extra))		\
		(inode)->field ## _extra =				\
			epoch_bits((t), (inode)->field);		\
} while (0)

/* What must be added to the signed 32 bits, in units of 2^32. */
static uint32_t epoch_bits(int64_t t, uint32_t low)
{
	return (uint32_t)((t - (int32_t)low) >> 32) & EXT4_EPOCH_MASK;
}

void dw_ext_inode_touch(ext2_filsys fs, struct ext2_inode_large *inode,
			unsigned which, int64_t t)
{
	if (which & DW_EXT_ATIME)
		SET_TIME(fs, inode, i_atime, t);
	if (which & DW_EXT_MTIME)
		SET_TIME(fs, inode, i_mtime, t);
	if (which & DW_EXT_CTIME)
		SET_TIME(fs, inode, i_ctime, t);
	if (which & DW_EXT_CRTIME && DW_EXT_HAS_FIELD(fs, inode, i_crtime))
		SET_TIME(fs, inode, i_crtime, t);
}

struct change {
	struct dw_fs *f;
	ext2_ino_t ino;
	struct ext2_inode_large *inode;
};

static int begin(struct dw_fs *f, const char *path, struct change *c,
		 struct dw_err *err)
{
	int ret = dw_ext_begin(f, err);

	c->f = f;
	if (!ret)
		ret = dw_ext_find(f, path, true, &c->ino, err);
	if (!ret)
		ret = dw_ext_inode_load(f->fs, c->ino, &c->inode, err);
	return ret;
}

static int finish(struct change *c, struct dw_err *err)
{
	int ret;

	dw_ext_inode_touch(c->f->fs, c->inode, DW_EXT_CTIME, c->f->fs->now);
	ret = dw_ext_inode_store(c->f->fs, c->ino, c->inode, err);
	free(c->inode);
	return ret;
}

int dw_fs_chmod(struct dw_fs *f, const char *path, uint32_t mode,
		struct dw_err *err)
{
	struct change c;
	int ret = begin(f, path, &c, err);

	if (ret)
		return ret;
	c.inode->i_mode = (__u16)((c.inode->i_mode & LINUX_S_IFMT) |
				  (mode & 07777));
	return finish(&c, err);
}

int dw_fs_chown(struct dw_fs *f, const char *path, uint32_t uid, uint32_t gid,
		struct dw_err *err)
{
	struct change c;
	int ret = begin(f, path, &c, err);

	if (ret)
		return ret;
	c.inode->i_uid = (__u16)uid;
	c.inode->osd2.linux2.l_i_uid_high = (__u16)(uid >> 16);
	c.inode->i_gid = (__u16)gid;
	c.inode->osd2.linux2.l_i_gid_high = (__u16)(gid >> 16);
	return finish(&c, err);
}

int dw_fs_set_times(struct dw_fs *f, const char *path, int64_t atime,
		    int64_t mtime, struct dw_err *err)
{
	struct change c;
	int ret = begin(f, path, &c, err);

	if (ret)
		return ret;
	dw_ext_inode_touch(f->fs, c.inode, DW_EXT_ATIME, atime);
	dw_ext_inode_touch(f->fs, c.inode, DW_EXT_MTIME, mtime);
	return finish(&c, err);
}

int dw_fs_set_inode_flags(struct dw_fs *f, const char *path, uint32_t flags,
			  struct dw_err *err)
{
	struct change c;
	int ret = begin(f, path, &c, err);

	if (ret)
		return ret;
	c.inode->i_flags = (c.inode->i_flags & ~SETTABLE_FLAGS) |
			   (flags & SETTABLE_FLAGS);
	return finish(&c, err);
}
