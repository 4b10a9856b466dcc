/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a boot loader needs: a file that stays where it is, and where it is. */
#include <stdlib.h>

#include "base/checked.h"
#include "fs/ext_cache.h"
#include "fs/ext_internal.h"

static int remove_old(struct dw_fs *f, const struct dw_ext_where *at,
		      struct dw_err *err)
{
	return at->ino ? dw_fs_unlink(f, at->path, err) : 0;
}

/* Shrinking moves inodes of groups that go away; group 0 never does. */
static int new_in_group_0(struct dw_fs *f, ext2_ino_t dir, ext2_ino_t *ino,
			  struct dw_err *err)
{
	const struct dw_new new = { .uid = 0, .gid = 0, .mode = 0 };
	uint32_t mode = LINUX_S_IFREG | 0444;
	int ret;

	ret = dw_ext_new_file(f, dir, EXT2_ROOT_INO, mode, &new, ino, err);
	if (ret || *ino <= f->fs->super->s_inodes_per_group)
		return ret;
	dw_ext_free_inode(f, *ino, NULL);
	*ino = 0;
	return dw_fail(err, DW_NOSPACE, "ext: block group 0 has no free inode "
		       "(%u in all)", f->fs->super->s_inodes_per_group);
}

static int make_immutable(struct dw_fs *f, ext2_ino_t ino, struct dw_err *err)
{
	struct ext2_inode_large *inode;
	int ret = dw_ext_inode_load(f->fs, ino, &inode, err);

	if (ret)
		return ret;
	inode->i_flags |= EXT2_IMMUTABLE_FL;
	ret = dw_ext_inode_store(f->fs, ino, inode, err);
	free(inode);
	return ret;
}

static int write_at(struct dw_fs *f, const struct dw_ext_where *at,
		    const void *data, size_t len, ext2_ino_t *ino,
		    struct dw_err *err)
{
	uint64_t goal = f->fs->super->s_first_data_block + 1;
	int ret;

	ret = new_in_group_0(f, at->dir, ino, err);
	if (!ret)
		ret = dw_ext_set_content(f, *ino, data, len, true, goal, err);
	if (!ret)
		ret = make_immutable(f, *ino, err);
	if (!ret)
		ret = dw_ext_link(f, at->dir, at->name, *ino, LINUX_S_IFREG,
				  err);
	if (ret && *ino)
		dw_ext_free_inode(f, *ino, NULL);
	return ret;
}

int dw_fs_write_boot_file(struct dw_fs *f, const char *path, const void *data,
			  size_t len, uint64_t *ino, struct dw_err *err)
{
	struct dw_ext_where at;
	ext2_ino_t nr = 0;
	int ret = dw_ext_begin(f, err);

	*ino = 0;
	if (!ret)
		ret = dw_ext_resolve(f, path, false, &at, err);
	if (!ret)
		ret = remove_old(f, &at, err);
	if (!ret)
		ret = write_at(f, &at, data, len, &nr, err);
	if (ret)
		return dw_err_prefix(err, ret, "%.80s", path);
	*ino = nr;
	return 0;
}

struct runs {
	uint64_t block_len;
	dw_fs_run_fn fn;
	void *arg;
};

static int give_run(void *arg, const struct dw_ext_run *run, struct dw_err *err)
{
	struct runs *r = arg;

	/* Reads as zeros, whatever lies there. */
	if (run->unwritten)
		return 0;
	return r->fn(r->arg, run->lblk * r->block_len,
		     run->pblk * r->block_len, run->nr * r->block_len, err);
}

int dw_fs_file_runs(struct dw_fs *f, uint64_t ino, dw_fs_run_fn fn, void *arg,
		    struct dw_err *err)
{
	struct runs r = { f->fs->blocksize, fn, arg };
	struct dw_ext_node n;
	int ret;

	if (!ino || ino > f->fs->super->s_inodes_count)
		return dw_fail(err, DW_RANGE, "ext: no inode %llu",
			       (unsigned long long)ino);
	ret = dw_ext_node_read(f->fs, (ext2_ino_t)ino, &n, err);
	if (!ret && n.flags & EXT4_INLINE_DATA_FL)
		ret = dw_fail(err, DW_UNSUPPORTED, "ext: inode %u holds its "
			      "data itself, not in blocks", n.ino);
	return ret ? ret : dw_ext_map_walk(f->fs, &n, give_run, NULL, &r, err);
}

struct overwrite {
	struct dw_ext_cache *cache;
	const uint8_t *data;
	uint64_t len, done;
};

static int overwrite_run(void *arg, uint64_t file_off, uint64_t dev_off,
			 uint64_t len, struct dw_err *err)
{
	struct overwrite *o = arg;

	if (file_off >= o->len)
		return 0;
	len = dw_min(len, o->len - file_off);
	o->done += len;
	return dw_ext_cache_write(o->cache, dev_off, o->data + file_off, len,
				  err);
}

int dw_fs_overwrite_boot_file(struct dw_fs *f, uint64_t ino, const void *data,
			      size_t len, struct dw_err *err)
{
	struct dw_ext_io *io = f->fs->priv_data;
	struct overwrite o = { .cache = io->cache, .data = data, .len = len };
	int ret = dw_ext_begin(f, err);

	if (!ret)
		ret = dw_fs_file_runs(f, ino, overwrite_run, &o, err);
	if (!ret && o.done != len)
		ret = dw_fail(err, DW_USAGE, "ext: inode %llu has blocks for "
			      "%llu of %zu bytes", (unsigned long long)ino,
			      (unsigned long long)o.done, len);
	return ret;
}
