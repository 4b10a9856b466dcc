/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files whose bytes somebody else writes: they get new blocks, and the old ones
 * stay as they are until all of it is committed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "fs/ext_internal.h"

struct placing {
	struct dw_fs *f;
	const struct dw_fs_content *content;
};

static int next_range(void *arg, uint64_t from_lblk, uint64_t *lblk,
		      uint64_t *end, struct dw_err *err)
{
	const struct placing *p = arg;
	uint64_t len = p->f->fs->blocksize, off = 0, data_len = 0;
	uint64_t unit = len * (uint64_t)EXT2FS_CLUSTER_RATIO(p->f->fs);
	int ret = p->content->next_data(p->content->arg, from_lblk * len, unit,
					&off, &data_len, err);

	if (!data_len)
		off = p->content->len;
	*lblk = dw_div_up(off, len);
	*end = dw_div_up(off + data_len, len);
	return ret;
}

static int place_run(void *arg, const struct dw_ext_run *run,
		     struct dw_err *err)
{
	const struct placing *p = arg;
	uint64_t len = p->f->fs->blocksize;

	return p->content->place(p->content->arg, run->lblk * len,
				 run->pblk * len, run->nr * len, err);
}

/* 32 bits number the blocks of a file with extents; three levels of indirect
 * blocks reach less far. */
static int check_length(struct dw_fs *f, ext2_ino_t ino, uint64_t len,
			struct dw_err *err)
{
	uint64_t per = f->fs->blocksize / 4;
	uint64_t most = UINT32_MAX;
	struct dw_ext_node n;
	int ret = dw_ext_node_read(f->fs, ino, &n, err);

	if (ret)
		return ret;
	if (!(n.flags & EXT4_EXTENTS_FL))
		most = dw_min(most, 12 + per + per * per + per * per * per);
	if (dw_div_up(len, f->fs->blocksize) <= most)
		return 0;
	return dw_fail(err, DW_LIMIT, "ext: a file of %llu bytes; with blocks "
		       "of %u it can have %llu", (unsigned long long)len,
		       f->fs->blocksize,
		       (unsigned long long)(most * f->fs->blocksize));
}

static int place(struct dw_fs *f, ext2_ino_t ino,
		 const struct dw_fs_content *content, struct dw_err *err)
{
	struct placing p = { f, content };
	struct dw_ext_source from = {
		.len = content->len, .next = next_range, .place = place_run,
		.arg = &p,
	};
	uint64_t free_nr = ext2fs_free_blocks_count(f->fs->super);
	int ret = dw_ext_fill(f, ino, 0, &from, err);

	if (ret == DW_NOSPACE)
		ret = dw_fail(err, DW_NOSPACE, "ext: %llu bytes take up to "
			      "%llu blocks of %u, %llu are free",
			      (unsigned long long)content->len,
			      (unsigned long long)dw_div_up(content->len,
							   f->fs->blocksize),
			      f->fs->blocksize, (unsigned long long)free_nr);
	return ret;
}

/* Until the commit the old blocks are those of the old file, so that none of
 * them may be taken for new content, be it that of another file. */
static int give_up_later(struct dw_fs *f, const struct dw_ext_node *old,
			 struct dw_err *err)
{
	struct dw_ext_node *all;

	all = realloc(f->given_up, (f->given_up_nr + 1) * sizeof(*all));
	if (!all)
		return dw_fail_nomem(err);
	f->given_up = all;
	all[f->given_up_nr++] = *old;
	return 0;
}

int dw_ext_give_up(struct dw_fs *f, struct dw_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < f->given_up_nr && !ret; i++)
		ret = dw_ext_release_blocks(f, &f->given_up[i], err);
	f->given_up_nr = 0;
	return ret;
}

static int replace(struct dw_fs *f, ext2_ino_t ino,
		   const struct dw_fs_content *content, struct dw_err *err)
{
	struct dw_ext_node old;
	int ret = dw_ext_node_read(f->fs, ino, &old, err);

	if (!ret)
		ret = dw_ext_check_replaceable(f, &old, err);
	if (!ret)
		ret = dw_ext_clear_content(f, &old, err);
	if (!ret)
		ret = dw_ext_choose_map(f, ino, old.flags & EXT4_INLINE_DATA_FL,
					err);
	if (!ret)
		ret = check_length(f, ino, content->len, err);
	if (!ret)
		ret = place(f, ino, content, err);
	if (!ret)
		ret = give_up_later(f, &old, err);
	return ret ? ret : dw_ext_touch_content(f, ino, err);
}

static int place_new(struct dw_fs *f, const struct dw_ext_where *at,
		     const struct dw_fs_content *content,
		     const struct dw_new *new, struct dw_err *err)
{
	uint32_t mode = LINUX_S_IFREG | 0644;
	ext2_ino_t ino = 0;
	int ret;

	if (new && new->mode)
		mode = LINUX_S_IFREG | (new->mode & 07777);
	ret = dw_ext_new_file(f, at->dir, at->dir, mode, new, &ino, err);
	if (!ret)
		ret = replace(f, ino, content, err);
	return ret ? ret : dw_ext_link(f, at->dir, at->name, ino, mode, err);
}

/* Bytes that lie in the inode are a part of the filesystem itself. */
static int write_small(struct dw_fs *f, const char *path,
		       const struct dw_fs_content *content,
		       const struct dw_new *new, struct dw_err *err)
{
	size_t len = (size_t)content->len;
	uint8_t *data = malloc(len ? len : 1);
	int ret = data ? 0 : dw_fail_nomem(err);

	if (!ret && len)
		ret = content->read(content->arg, 0, data, len, err);
	if (!ret)
		ret = dw_fs_write_file(f, path, data, len, new, err);
	free(data);
	return ret;
}

int dw_fs_place_file(struct dw_fs *f, const char *path,
		     const struct dw_fs_content *content,
		     const struct dw_new *new, struct dw_err *err)
{
	struct dw_ext_where at;
	int ret = dw_ext_begin(f, err);

	if (!ret && ext2fs_has_feature_inline_data(f->fs->super) &&
	    content->len < EXT2_INODE_SIZE(f->fs->super))
		return write_small(f, path, content, new, err);
	if (!ret)
		ret = dw_ext_resolve(f, path, true, &at, err);
	if (ret)
		return ret;
	if (at.ino)
		ret = replace(f, at.ino, content, err);
	else
		ret = place_new(f, &at, content, new, err);
	return ret ? dw_err_prefix(err, ret, "%.80s", path) : 0;
}
