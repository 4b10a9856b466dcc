/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading directories: linear, hashed and inline ones. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fs/ext_internal.h"

/* Offsets in a directory entry. */
enum {
	DE_INODE = 0,
	DE_REC_LEN = 4,
	DE_NAME_LEN = 6,
	DE_TYPE = 7,
	DE_NAME = 8,
};

struct scan {
	struct dw_fs *f;
	const struct dw_ext_node *dir;
	dw_ext_entry_fn fn;
	void *arg;
	uint64_t end_blk;	/* blocks of i_size */
	uint64_t blocks_left;
	uint8_t *block;
};

/* In 64 KiB blocks a length of 65536 is stored as 65535 or 0. */
static unsigned rec_len_of(const struct scan *s, const uint8_t *p)
{
	unsigned len = dw_le16(p + DE_REC_LEN);

	if (s->f->fs->blocksize < 65536)
		return len;
	if (len == 65535 || !len)
		return 65536;
	return (len & 65532) | (len & 3) << 16;
}

static int bad_entry(const struct scan *s, size_t off, const char *what,
		     struct dw_err *err)
{
	return dw_fail(err, DW_CORRUPT, "ext: directory inode %u: the entry at "
		       "byte %zu of a block %s", s->dir->ino, off, what);
}

static int one_entry(const struct scan *s, const uint8_t *p, size_t off,
		     struct dw_err *err)
{
	bool has_type = ext2fs_has_feature_filetype(s->f->fs->super);
	struct dw_ext_entry e = {
		.name = (const char *)p + DE_NAME,
		.name_len = p[DE_NAME_LEN],
		.ino = dw_le32(p + DE_INODE),
		.type = has_type ? p[DE_TYPE] & 7 : EXT2_FT_UNKNOWN,
	};

	if (e.ino > s->f->fs->super->s_inodes_count)
		return bad_entry(s, off, "has an inode out of range", err);
	if (!e.name_len || memchr(e.name, '\0', e.name_len) ||
	    memchr(e.name, '/', e.name_len))
		return bad_entry(s, off, "has an impossible name", err);
	return s->fn(s->arg, &e, err);
}

/*
 * The inner blocks of a hash tree look like one empty entry, and the root's
 * like "." and "..", so reading straight through meets every name once.
 */
static int scan_entries(const struct scan *s, const uint8_t *p, size_t len,
			struct dw_err *err)
{
	size_t off = 0;
	int ret;

	while (len - off >= DE_NAME) {
		unsigned rec_len = rec_len_of(s, p + off);

		if (rec_len < DE_NAME || rec_len % 4 || rec_len > len - off ||
		    (unsigned)DE_NAME + p[off + DE_NAME_LEN] > rec_len)
			return bad_entry(s, off, "has a wrong length", err);
		if (dw_le32(p + off)) {
			ret = one_entry(s, p + off, off, err);
			if (ret)
				return ret;
		}
		off += rec_len;
	}
	return 0;
}

static int scan_run(void *arg, const struct dw_ext_run *run, struct dw_err *err)
{
	struct scan *s = arg;
	ext2_filsys fs = s->f->fs;

	for (uint64_t i = 0; i < run->nr; i++) {
		errcode_t rc;
		int ret;

		if (run->lblk + i >= s->end_blk)
			return 0;
		if (!s->blocks_left--)
			return dw_fail(err, DW_CORRUPT, "ext: directory inode "
				       "%u has more blocks than the filesystem",
				       s->dir->ino);
		ret = dw_ctx_check(s->f->ctx, err);
		if (ret)
			return ret;
		rc = ext2fs_read_dir_block4(fs, run->pblk + i, s->block, 0,
					    s->dir->ino);
		if (rc)
			return dw_ext_fail(err, fs, rc, "ext: directory inode "
					   "%u, block %llu", s->dir->ino,
					   (unsigned long long)run->lblk + i);
		ret = scan_entries(s, s->block, fs->blocksize, err);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * An inline directory: the parent's number, entries up to the end of i_block,
 * and more entries in the value of the attribute system.data.
 */
static int scan_inline(const struct scan *s, struct dw_err *err)
{
	struct dw_ext_entry dots[2] = {
		{ ".", 1, s->dir->ino, EXT2_FT_DIR },
		{ "..", 2, 0, EXT2_FT_DIR },
	};
	size_t len, in_inode;
	uint8_t *p;
	int ret = dw_ext_inline_get(s->f->fs, s->dir->ino, &p, &len, err);

	if (ret)
		return ret;
	in_inode = dw_min(len, sizeof(s->dir->i_block));
	if (in_inode < 4) {
		ret = bad_entry(s, 0, "is cut off", err);
		goto out;
	}
	dots[1].ino = dw_le32(p);
	ret = s->fn(s->arg, &dots[0], err);
	if (!ret)
		ret = s->fn(s->arg, &dots[1], err);
	if (!ret)
		ret = scan_entries(s, p + 4, in_inode - 4, err);
	if (!ret)
		ret = scan_entries(s, p + in_inode, len - in_inode, err);
out:
	free(p);
	return ret;
}

int dw_ext_dir_each(struct dw_fs *f, const struct dw_ext_node *dir,
		    dw_ext_entry_fn fn, void *arg, struct dw_err *err)
{
	struct scan s = { .f = f, .dir = dir, .fn = fn, .arg = arg };
	uint32_t block_len = f->fs->blocksize;
	int ret;

	if (!LINUX_S_ISDIR(dir->mode))
		return dw_fail(err, DW_NOENT,
			       "ext: inode %u is not a directory", dir->ino);
	if (dir->flags & EXT4_ENCRYPT_FL)
		return dw_fail(err, DW_UNSUPPORTED,
			       "ext: directory inode %u is encrypted",
			       dir->ino);
	if (dir->flags & EXT4_INLINE_DATA_FL)
		return scan_inline(&s, err);
	s.end_blk = dw_div_up(dir->size, block_len);
	s.blocks_left = ext2fs_blocks_count(f->fs->super);
	s.block = malloc(block_len);
	if (!s.block)
		return dw_fail_nomem(err);
	ret = dw_ext_map_walk(f->fs, dir, scan_run, NULL, &s, err);
	free(s.block);
	return ret;
}

struct wanted {
	const char *name;
	size_t len;
	ext2_ino_t ino;
};

#define FOUND 1

static int compare(void *arg, const struct dw_ext_entry *e, struct dw_err *err)
{
	struct wanted *w = arg;

	if (e->name_len != w->len || memcmp(e->name, w->name, w->len))
		return 0;
	w->ino = e->ino;
	return FOUND;
}

int dw_ext_dir_lookup(struct dw_fs *f, ext2_ino_t dir, const char *name,
		      size_t name_len, ext2_ino_t *ino, struct dw_err *err)
{
	struct wanted w = { name, name_len, 0 };
	struct dw_ext_node n;
	int ret;

	*ino = 0;
	ret = dw_ext_names_lookup(f, dir, name, name_len, &w.ino, err);
	if (ret == DW_EXT_NOT_KEPT) {
		ret = dw_ext_node_read(f->fs, dir, &n, err);
		if (!ret)
			ret = dw_ext_dir_each(f, &n, compare, &w, err);
	}
	if (ret && ret != FOUND)
		return ret;
	*ino = w.ino;
	if (w.ino)
		return 0;
	return dw_fail(err, DW_NOENT, "ext: no '%.*s' in directory inode %u",
		       (int)name_len, name, dir);
}

struct listing {
	struct dw_fs *f;
	dw_dirent_fn fn;
	void *arg;
};

static uint32_t mode_of_type(unsigned type)
{
	static const uint32_t modes[8] = {
		0, LINUX_S_IFREG, LINUX_S_IFDIR, LINUX_S_IFCHR, LINUX_S_IFBLK,
		LINUX_S_IFIFO, LINUX_S_IFSOCK, LINUX_S_IFLNK,
	};

	return modes[type & 7];
}

static bool is_dots(const struct dw_ext_entry *e)
{
	return e->name[0] == '.' &&
	       (e->name_len == 1 || (e->name_len == 2 && e->name[1] == '.'));
}

static int list_entry(void *arg, const struct dw_ext_entry *e,
		      struct dw_err *err)
{
	struct listing *l = arg;
	uint32_t mode = mode_of_type(e->type);
	struct dw_ext_node n;
	char name[256];
	int ret;

	if (is_dots(e))
		return 0;
	if (!mode) {
		ret = dw_ext_node_read(l->f->fs, e->ino, &n, err);
		if (ret)
			return ret;
		mode = n.mode & LINUX_S_IFMT;
	}
	memcpy(name, e->name, e->name_len);
	name[e->name_len] = '\0';
	return l->fn(l->arg, name, e->ino, mode, err);
}

int dw_fs_readdir(struct dw_fs *f, const char *path, dw_dirent_fn fn,
		  void *arg, struct dw_err *err)
{
	struct listing l = { f, fn, arg };
	struct dw_ext_node n;
	ext2_ino_t ino;
	int ret = dw_ext_find(f, path, true, &ino, err);

	if (!ret)
		ret = dw_ext_node_read(f->fs, ino, &n, err);
	if (!ret)
		ret = dw_ext_dir_each(f, &n, list_entry, &l, err);
	return ret;
}
