/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names: mkdir, symlink, unlink, rename. */
#include <stdlib.h>
#include <string.h>

#include "fs/ext_internal.h"

#define LINK_MAX_EXT 65000

static int type_of(uint32_t mode)
{
	switch (mode & LINUX_S_IFMT) {
	case LINUX_S_IFREG:
		return EXT2_FT_REG_FILE;
	case LINUX_S_IFDIR:
		return EXT2_FT_DIR;
	case LINUX_S_IFLNK:
		return EXT2_FT_SYMLINK;
	case LINUX_S_IFCHR:
		return EXT2_FT_CHRDEV;
	case LINUX_S_IFBLK:
		return EXT2_FT_BLKDEV;
	case LINUX_S_IFIFO:
		return EXT2_FT_FIFO;
	default:
		return EXT2_FT_SOCK;
	}
}

static int touch_dir(struct dw_fs *f, ext2_ino_t dir, struct dw_err *err)
{
	struct ext2_inode_large *inode;
	int ret = dw_ext_inode_load(f->fs, dir, &inode, err);

	if (ret)
		return ret;
	dw_ext_inode_touch(f->fs, inode, DW_EXT_MTIME | DW_EXT_CTIME,
			   f->fs->now);
	ret = dw_ext_inode_store(f->fs, dir, inode, err);
	free(inode);
	return ret;
}

/* Whether names can be put into a directory the way libext2fs does it. */
static int check_dir(struct dw_fs *f, ext2_ino_t dir, bool *hashed,
		     struct dw_err *err)
{
	struct dw_ext_node n;
	int ret = dw_ext_node_read(f->fs, dir, &n, err);

	if (ret)
		return ret;
	if (!LINUX_S_ISDIR(n.mode))
		return dw_fail(err, DW_NOENT,
			       "ext: inode %u is not a directory", dir);
	if (n.flags & (EXT4_ENCRYPT_FL | EXT4_CASEFOLD_FL))
		return dw_fail(err, DW_UNSUPPORTED, "ext: directory inode %u "
			       "is %s: names cannot be changed", dir,
			       n.flags & EXT4_ENCRYPT_FL ? "encrypted" :
			       "casefolded");
	*hashed = n.flags & EXT2_INDEX_FL;
	return 0;
}

int dw_ext_link(struct dw_fs *f, ext2_ino_t dir, const char *name,
		ext2_ino_t ino, uint32_t mode, struct dw_err *err)
{
	int type = 0;
	bool hashed;
	errcode_t rc;
	int ret = check_dir(f, dir, &hashed, err);

	if (ret)
		return ret;
	dw_ext_names_forget(f, dir);
	if (ext2fs_has_feature_filetype(f->fs->super))
		type = type_of(mode);
	rc = ext2fs_link(f->fs, dir, name, ino, type);
	/* A hashed one grows by itself; a block put behind it would not be
	 * found through its index. */
	if (rc == EXT2_ET_DIR_NO_SPACE && !hashed) {
		rc = ext2fs_expand_dir(f->fs, dir);
		if (!rc)
			rc = ext2fs_link(f->fs, dir, name, ino, type);
	}
	if (rc)
		return dw_ext_fail(err, f->fs, rc, "ext: adding '%.100s' to "
				   "directory inode %u", name, dir);
	return touch_dir(f, dir, err);
}

int dw_ext_unlink(struct dw_fs *f, ext2_ino_t dir, const char *name,
		  ext2_ino_t ino, struct dw_err *err)
{
	bool hashed;
	errcode_t rc;
	int ret = check_dir(f, dir, &hashed, err);

	if (ret)
		return ret;
	dw_ext_names_forget(f, dir);
	rc = ext2fs_unlink(f->fs, dir, name, ino, 0);
	if (rc)
		return dw_ext_fail(err, f->fs, rc, "ext: removing '%.100s' "
				   "from directory inode %u", name, dir);
	return touch_dir(f, dir, err);
}

int dw_ext_dir_links_add(struct dw_fs *f, ext2_ino_t dir, int n,
			 struct dw_err *err)
{
	struct ext2_inode_large *inode;
	uint32_t links;
	int ret = dw_ext_inode_load(f->fs, dir, &inode, err);

	if (ret)
		return ret;
	links = inode->i_links_count;
	if (links == 1)
		goto out;	/* no longer counted */
	links += (uint32_t)n;
	if (links >= LINK_MAX_EXT) {
		if (!ext2fs_has_feature_dir_nlink(f->fs->super)) {
			ret = dw_fail(err, DW_LIMIT, "ext: directory inode %u "
				      "has %u folders already", dir,
				      inode->i_links_count - 2u);
			goto out;
		}
		links = 1;
	}
	inode->i_links_count = (__u16)links;
	ret = dw_ext_inode_store(f->fs, dir, inode, err);
out:
	free(inode);
	return ret;
}

/*
 * ext2fs_mkdir() without a name makes the folder and raises its parent's link
 * count; that is put back, because only the rule above knows dir_nlink.
 */
static int make_unlinked_dir(struct dw_fs *f, ext2_ino_t dir, ext2_ino_t *ino,
			     struct dw_err *err)
{
	ext2_filsys fs = f->fs;
	struct ext2_inode inode;
	uint16_t links = 0;
	errcode_t rc;

	rc = ext2fs_read_inode(fs, dir, &inode);
	if (!rc) {
		links = inode.i_links_count;
		rc = ext2fs_new_inode(fs, dir, LINUX_S_IFDIR | 0755, NULL, ino);
	}
	if (!rc)
		rc = ext2fs_mkdir(fs, dir, *ino, NULL);
	if (!rc)
		rc = ext2fs_read_inode(fs, dir, &inode);
	if (!rc) {
		inode.i_links_count = links;
		rc = ext2fs_write_inode(fs, dir, &inode);
	}
	if (!rc)
		return 0;
	*ino = 0;
	return dw_ext_fail(err, fs, rc, "ext: making a directory");
}

static int make_dir(struct dw_fs *f, const struct dw_ext_where *at,
		    const struct dw_new *new, struct dw_err *err)
{
	uint32_t mode = LINUX_S_IFDIR | 0755;
	ext2_ino_t ino = 0;
	bool hashed;
	int ret = check_dir(f, at->dir, &hashed, err);

	if (new && new->mode)
		mode = LINUX_S_IFDIR | (new->mode & 07777);
	if (!ret)
		ret = make_unlinked_dir(f, at->dir, &ino, err);
	if (!ret)
		ret = dw_ext_adopt(f, at->dir, ino, mode, new, err);
	if (!ret)
		ret = dw_ext_link(f, at->dir, at->name, ino, mode, err);
	if (!ret)
		return dw_ext_dir_links_add(f, at->dir, 1, err);
	if (ino)
		dw_ext_free_inode(f, ino, NULL);
	return ret;
}

static int mkdir_one(struct dw_fs *f, const char *path,
		     const struct dw_new *new, struct dw_err *err)
{
	struct dw_ext_where at;
	struct dw_ext_node n;
	int ret = dw_ext_resolve(f, path, true, &at, err);

	if (ret)
		return ret;
	if (!at.ino)
		return make_dir(f, &at, new, err);
	ret = dw_ext_node_read(f->fs, at.ino, &n, err);
	if (!ret && !LINUX_S_ISDIR(n.mode))
		ret = dw_fail(err, DW_EXISTS,
			      "ext: not a directory: %.200s", path);
	return ret;
}

int dw_fs_mkdir(struct dw_fs *f, const char *path, bool parents,
		const struct dw_new *new, struct dw_err *err)
{
	char *part;
	int ret = dw_ext_begin(f, err);

	if (ret || !parents)
		return ret ? ret : mkdir_one(f, path, new, err);
	part = strdup(path);
	if (!part)
		return dw_fail_nomem(err);
	/* Each of "/a", "/a/b", ... in turn. */
	for (char *p = part + strspn(part, "/"); !ret && *p; ) {
		char *end = p + strcspn(p, "/");
		char kept = *end;

		*end = '\0';
		ret = mkdir_one(f, part, new, err);
		*end = kept;
		p = end + strspn(end, "/");
	}
	free(part);
	return ret;
}

int dw_fs_symlink(struct dw_fs *f, const char *target, const char *path,
		  struct dw_err *err)
{
	uint32_t mode = LINUX_S_IFLNK | 0777;
	struct dw_ext_where at;
	ext2_ino_t ino = 0;
	errcode_t rc;
	int ret = dw_ext_begin(f, err);

	if (!ret)
		ret = dw_ext_resolve(f, path, false, &at, err);
	if (ret)
		return ret;
	if (at.ino)
		return dw_fail(err, DW_EXISTS, "ext: exists: %.200s", path);
	if (!*target || strlen(target) >= f->fs->blocksize)
		return dw_fail(err, DW_RANGE, "ext: a symbolic link of %zu "
			       "bytes", strlen(target));
	rc = ext2fs_new_inode(f->fs, at.dir, (int)mode, NULL, &ino);
	if (!rc)
		rc = ext2fs_symlink(f->fs, at.dir, ino, NULL, target);
	if (rc)
		return dw_ext_fail(err, f->fs, rc, "ext: symbolic link %.100s",
				   path);
	ret = dw_ext_adopt(f, at.dir, ino, mode, NULL, err);
	if (!ret)
		ret = dw_ext_link(f, at.dir, at.name, ino, mode, err);
	if (ret)
		dw_ext_free_inode(f, ino, NULL);
	return ret;
}

/* One link less; the last takes the inode with it. */
static int drop_link(struct dw_fs *f, ext2_ino_t ino, struct dw_err *err)
{
	struct ext2_inode_large *inode;
	int ret = dw_ext_inode_load(f->fs, ino, &inode, err);

	if (ret)
		return ret;
	if (inode->i_links_count <= 1) {
		free(inode);
		return dw_ext_free_inode(f, ino, err);
	}
	inode->i_links_count--;
	dw_ext_inode_touch(f->fs, inode, DW_EXT_CTIME, f->fs->now);
	ret = dw_ext_inode_store(f->fs, ino, inode, err);
	free(inode);
	return ret;
}

static int unlink_at(struct dw_fs *f, const struct dw_ext_where *at,
		     struct dw_err *err)
{
	struct dw_ext_node n;
	int ret = dw_ext_node_read(f->fs, at->ino, &n, err);

	if (!ret && LINUX_S_ISDIR(n.mode))
		ret = dw_fail(err, DW_UNSUPPORTED, "ext: is a directory: "
			      "%.200s", at->path);
	if (!ret)
		ret = dw_ext_unlink(f, at->dir, at->name, at->ino, err);
	return ret ? ret : drop_link(f, at->ino, err);
}

int dw_fs_unlink(struct dw_fs *f, const char *path, struct dw_err *err)
{
	struct dw_ext_where at;
	int ret = dw_ext_begin(f, err);

	if (!ret)
		ret = dw_ext_resolve(f, path, false, &at, err);
	if (!ret && !at.ino)
		ret = dw_fail(err, DW_NOENT, "ext: no such file: %.200s", path);
	return ret ? ret : unlink_at(f, &at, err);
}

static int set_parent(struct ext2_dir_entry *de, int offset, int blocksize,
		      char *buf, void *arg)
{
	if (ext2fs_dirent_name_len(de) != 2 || memcmp(de->name, "..", 2))
		return 0;
	de->inode = *(ext2_ino_t *)arg;
	return DIRENT_ABORT | DIRENT_CHANGED;
}

/* ".." of a folder that moved, and the link counts of both its parents. */
static int move_parent(struct dw_fs *f, ext2_ino_t ino, ext2_ino_t from,
		       ext2_ino_t to, struct dw_err *err)
{
	errcode_t rc;
	int ret;

	if (from == to)
		return 0;
	rc = ext2fs_dir_iterate(f->fs, ino, 0, NULL, set_parent, &to);
	if (rc)
		return dw_ext_fail(err, f->fs, rc, "ext: directory inode %u",
				   ino);
	ret = dw_ext_dir_links_add(f, to, 1, err);
	return ret ? ret : dw_ext_dir_links_add(f, from, -1, err);
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (path[len] == '/' || !path[len]);
}

static int rename_at(struct dw_fs *f, const struct dw_ext_where *from,
		     const struct dw_ext_where *to, struct dw_err *err)
{
	struct dw_ext_node n;
	int ret = dw_ext_node_read(f->fs, from->ino, &n, err);

	if (ret || from->ino == to->ino)
		return ret;
	if (!from->name[0] || (LINUX_S_ISDIR(n.mode) &&
			       (to->ino || is_below(to->path, from->path))))
		return dw_fail(err, DW_EXISTS, "ext: directory %.100s cannot "
			       "become %.100s", from->path, to->path);
	if (to->ino)
		ret = unlink_at(f, to, err);
	if (!ret)
		ret = dw_ext_link(f, to->dir, to->name, from->ino, n.mode, err);
	if (!ret)
		ret = dw_ext_unlink(f, from->dir, from->name, from->ino, err);
	if (!ret && LINUX_S_ISDIR(n.mode))
		ret = move_parent(f, from->ino, from->dir, to->dir, err);
	return ret;
}

int dw_fs_rename(struct dw_fs *f, const char *from, const char *to,
		 struct dw_err *err)
{
	struct dw_ext_where a, b;
	int ret = dw_ext_begin(f, err);

	if (!ret)
		ret = dw_ext_resolve(f, from, false, &a, err);
	if (!ret && !a.ino)
		ret = dw_fail(err, DW_NOENT, "ext: no such file: %.200s", from);
	if (!ret)
		ret = dw_ext_resolve(f, to, false, &b, err);
	return ret ? ret : rename_at(f, &a, &b, err);
}
