/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing files: new ones, and new content for those that are there. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "fs/ext_internal.h"

int dw_ext_begin(struct dw_fs *f, struct dw_err *err)
{
	if (!f->writable)
		return dw_fail(err, DW_READONLY,
			       "ext: opened without leave to write");
	dw_ext_map_clear(&f->map);
	return 0;
}

int dw_ext_check_replaceable(struct dw_fs *f, const struct dw_ext_node *n,
			     struct dw_err *err)
{
	uint32_t first = EXT2_FIRST_INODE(f->fs->super);

	if (!LINUX_S_ISREG(n->mode) || n->ino < first)
		return dw_fail(err, DW_UNSUPPORTED, "ext: inode %u is not a "
			       "regular file (mode %06o)", n->ino, n->mode);
	if (n->flags & (EXT4_ENCRYPT_FL | EXT4_VERITY_FL))
		return dw_fail(err, DW_UNSUPPORTED, "ext: inode %u is %s",
			       n->ino, n->flags & EXT4_ENCRYPT_FL ?
			       "encrypted" : "sealed by fs-verity");
	return 0;
}

/*
 * Before anything is given up: whether the new content will fit.  What the map
 * itself takes is at most one block in block_len / 4, and some for its roots.
 */
static int check_room(struct dw_fs *f, ext2_ino_t ino, size_t len,
		      struct dw_err *err)
{
	ext2_filsys fs = f->fs;
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(fs);
	uint64_t nr = dw_div_up(len, fs->blocksize);
	uint64_t need = nr + nr / (fs->blocksize / 4) + 4 * ratio;
	uint64_t have = ext2fs_free_blocks_count(fs->super);
	struct ext2_inode inode;
	errcode_t rc = ext2fs_read_inode(fs, ino, &inode);

	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: inode %u", ino);
	if (!(inode.i_flags & EXT4_INLINE_DATA_FL))
		have += ext2fs_inode_i_blocks(fs, &inode) /
			(fs->blocksize / 512);
	if (need <= have || nr == 0)
		return 0;
	return dw_fail(err, DW_NOSPACE, "ext: %llu blocks of %u bytes are "
		       "needed, %llu are free", (unsigned long long)need,
		       fs->blocksize, (unsigned long long)have);
}

static int set_inline(struct dw_fs *f, ext2_ino_t ino, const void *data,
		      size_t len, struct dw_err *err)
{
	size_t room = dw_max(len, EXT4_MIN_INLINE_DATA_SIZE);
	struct ext2_inode inode;
	errcode_t rc = ext2fs_read_inode(f->fs, ino, &inode);
	uint8_t *copy;

	if (rc)
		return dw_ext_fail(err, f->fs, rc, "ext: inode %u", ino);
	/* libext2fs reads 60 bytes whatever the length is. */
	copy = calloc(1, room);
	if (!copy)
		return dw_fail_nomem(err);
	if (len)
		memcpy(copy, data, len);
	inode.i_flags |= EXT4_INLINE_DATA_FL;
	inode.i_flags &= ~EXT4_EXTENTS_FL;
	inode.i_size = (__u32)len;
	rc = ext2fs_write_inode(f->fs, ino, &inode);
	if (!rc)
		rc = ext2fs_inline_data_init(f->fs, ino);
	if (!rc)
		rc = ext2fs_inline_data_set(f->fs, ino, NULL, copy, room);
	free(copy);
	if (rc)
		return dw_ext_fail(err, f->fs, rc, "ext: inline data of inode "
				   "%u", ino);
	return 0;
}

int dw_ext_choose_map(struct dw_fs *f, ext2_ino_t ino, bool was_inline,
		      struct dw_err *err)
{
	struct ext2_inode inode;
	errcode_t rc = ext2fs_read_inode(f->fs, ino, &inode);

	if (!rc && was_inline && ext2fs_has_feature_extents(f->fs->super)) {
		inode.i_flags |= EXT4_EXTENTS_FL;
		dw_ext_map_init(inode.i_flags, inode.i_block);
		rc = ext2fs_write_inode(f->fs, ino, &inode);
	}
	if (rc)
		return dw_ext_fail(err, f->fs, rc, "ext: inode %u", ino);
	return 0;
}

int dw_ext_touch_content(struct dw_fs *f, ext2_ino_t ino, struct dw_err *err)
{
	struct ext2_inode_large *inode;
	int ret = dw_ext_inode_load(f->fs, ino, &inode, err);

	if (ret)
		return ret;
	dw_ext_inode_touch(f->fs, inode, DW_EXT_MTIME | DW_EXT_CTIME,
			   f->fs->now);
	ret = dw_ext_inode_store(f->fs, ino, inode, err);
	free(inode);
	return ret;
}

int dw_ext_set_content(struct dw_fs *f, ext2_ino_t ino, const void *data,
		       size_t len, bool in_blocks, uint64_t goal,
		       struct dw_err *err)
{
	struct dw_ext_node n;
	bool was_inline;
	int ret = dw_ext_node_read(f->fs, ino, &n, err);

	if (!ret)
		ret = dw_ext_check_replaceable(f, &n, err);
	if (!ret)
		ret = check_room(f, ino, len, err);
	if (!ret)
		ret = dw_ext_free_content(f, ino, err);
	if (ret)
		return ret;
	was_inline = n.flags & EXT4_INLINE_DATA_FL;
	if (was_inline && !in_blocks && len < EXT2_INODE_SIZE(f->fs->super)) {
		ret = set_inline(f, ino, data, len, err);
		if (ret != DW_NOSPACE)
			return ret ? ret : dw_ext_touch_content(f, ino, err);
		/* Only the attempt tells; the attributes take room too. */
		ret = dw_ext_free_content(f, ino, err);
	}
	if (!ret)
		ret = dw_ext_choose_map(f, ino, was_inline, err);
	if (!ret && len)
		ret = dw_ext_fill_blocks(f, ino, goal, data, len, err);
	return ret ? ret : dw_ext_touch_content(f, ino, err);
}

static int write_new(struct dw_fs *f, const struct dw_ext_where *at,
		     const void *data, size_t len, const struct dw_new *new,
		     struct dw_err *err)
{
	uint32_t mode = LINUX_S_IFREG | 0644;
	ext2_ino_t ino = 0;
	int ret;

	if (new && new->mode)
		mode = LINUX_S_IFREG | (new->mode & 07777);
	ret = dw_ext_new_file(f, at->dir, at->dir, mode, new, &ino, err);
	if (!ret)
		ret = dw_ext_set_content(f, ino, data, len, false, 0, err);
	if (!ret)
		ret = dw_ext_link(f, at->dir, at->name, ino, mode, err);
	if (ret && ino)
		dw_ext_free_inode(f, ino, NULL);
	return ret;
}

int dw_fs_write_file(struct dw_fs *f, const char *path, const void *data,
		     size_t len, const struct dw_new *new, struct dw_err *err)
{
	struct dw_ext_where at;
	int ret = dw_ext_begin(f, err);

	if (!ret)
		ret = dw_ext_resolve(f, path, true, &at, err);
	if (ret)
		return ret;
	if (at.ino)
		ret = dw_ext_set_content(f, at.ino, data, len, false, 0, err);
	else
		ret = write_new(f, &at, data, len, new, err);
	return ret ? dw_err_prefix(err, ret, "%.80s", path) : 0;
}
