/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a file longer: the blocks that it has stay. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "fs/ext_cache.h"
#include "fs/ext_internal.h"

struct append {
	struct dw_fs *f;
	struct dw_ext_node n;
	const uint8_t *data;
	size_t len;
	dw_fs_run_fn told;	/* NULL: the bytes are written here */
	void *arg;
	/* What the walk over the old blocks found. */
	uint64_t old_nr;	/* blocks that the old length takes */
	uint64_t last_pblk;	/* the last of them; 0: a hole, or unwritten */
	bool beyond;		/* there are blocks behind the old end */
};

static int look(void *arg, const struct dw_ext_run *run, struct dw_err *err)
{
	struct append *a = arg;

	if (run->lblk + run->nr > a->old_nr)
		a->beyond = true;
	else if (run->lblk + run->nr == a->old_nr && !run->unwritten)
		a->last_pblk = run->pblk + run->nr - 1;
	return 0;
}

/* Whether blocks can just be put behind those that are there. */
static int is_plain(struct append *a, bool *plain, struct dw_err *err)
{
	ext2_filsys fs = a->f->fs;
	int ret = 0;

	*plain = false;
	/* The blocks of one cluster belong together. */
	if (!dw_ext_node_has_map(&a->n) || EXT2FS_CLUSTER_RATIO(fs) > 1)
		return 0;
	a->old_nr = dw_div_up(a->n.size, fs->blocksize);
	ret = dw_ext_map_walk(fs, &a->n, look, NULL, a, err);
	*plain = !a->beyond && (a->last_pblk || !a->n.size);
	return ret;
}

/* What still goes into the last old block; *used is how much that is. */
static int fill_last(struct append *a, size_t *used, struct dw_err *err)
{
	struct dw_ext_io *io = a->f->fs->priv_data;
	uint64_t block_len = a->f->fs->blocksize;
	size_t from = a->n.size % block_len;
	uint8_t *block;
	int ret;

	*used = from ? dw_min(block_len - from, a->len) : 0;
	if (!*used)
		return 0;
	block = calloc(1, block_len);
	if (!block)
		return dw_fail_nomem(err);
	ret = dw_ext_read(a->f, &a->n, a->n.size - from, block, from, err);
	memcpy(block + from, a->data, *used);
	if (!ret)
		ret = dw_ext_cache_write(io->cache, a->last_pblk * block_len,
					 block, block_len, err);
	free(block);
	return ret;
}

static int next(void *arg, uint64_t from_lblk, uint64_t *lblk, uint64_t *end,
		struct dw_err *err)
{
	const struct append *a = arg;

	*lblk = dw_max(from_lblk, a->old_nr);
	*end = dw_div_up(a->n.size + a->len, a->f->fs->blocksize);
	return 0;
}

static int place(void *arg, const struct dw_ext_run *run, struct dw_err *err)
{
	const struct append *a = arg;
	struct dw_ext_io *io = a->f->fs->priv_data;
	uint64_t block_len = a->f->fs->blocksize;
	size_t from = run->lblk * block_len - a->n.size;

	if (a->told)
		return a->told(a->arg, from, run->pblk * block_len,
			       run->nr * block_len, err);
	return dw_ext_write_run(io->cache, run, block_len, a->data + from,
				a->len - from, err);
}

/* Before anything changes; what the map takes more is at most one block in
 * block_len / 16, and a new root. */
static int check_room(const struct append *a, struct dw_err *err)
{
	ext2_filsys fs = a->f->fs;
	uint64_t nr = dw_div_up(a->len, fs->blocksize);
	uint64_t need = nr + nr / (fs->blocksize / 16) + 4;
	uint64_t have = ext2fs_free_blocks_count(fs->super);

	if (need <= have)
		return 0;
	return dw_fail(err, DW_NOSPACE, "ext: %llu blocks of %u bytes are "
		       "needed, %llu are free", (unsigned long long)need,
		       fs->blocksize, (unsigned long long)have);
}

static int extend(struct append *a, struct dw_err *err)
{
	struct dw_ext_source from = {
		.len = a->n.size + a->len, .next = next, .place = place,
		.arg = a,
	};
	size_t used;
	int ret = check_room(a, err);

	if (!ret)
		ret = fill_last(a, &used, err);
	if (!ret)
		ret = dw_ext_fill(a->f, a->n.ino, a->last_pblk, &from, err);
	return ret ? ret : dw_ext_touch_content(a->f, a->n.ino, err);
}

/* The general way: all of it anew. */
static int rewrite(struct append *a, struct dw_err *err)
{
	char *old = NULL, *all = NULL;
	size_t len;
	int ret;

	ret = dw_ext_read_whole(a->f, &a->n, SIZE_MAX / 4, &old, &len, err);
	if (!ret) {
		all = realloc(old, len + a->len + 1);
		if (!all)
			ret = dw_fail_nomem(err);
		else
			old = all;
	}
	if (!ret) {
		memcpy(all + len, a->data, a->len);
		ret = dw_ext_set_content(a->f, a->n.ino, all, len + a->len,
					 false, 0, err);
	}
	free(old);
	return ret;
}

/* Looks at the file; 'plain' as is_plain() has it. */
static int begin(struct append *a, const char *path, bool *plain,
		 struct dw_err *err)
{
	ext2_ino_t ino;
	int ret = dw_ext_begin(a->f, err);

	*plain = false;
	if (!ret)
		ret = dw_ext_find(a->f, path, true, &ino, err);
	if (!ret)
		ret = dw_ext_node_read(a->f->fs, ino, &a->n, err);
	if (!ret)
		ret = dw_ext_check_replaceable(a->f, &a->n, err);
	return ret ? ret : is_plain(a, plain, err);
}

int dw_fs_append_file(struct dw_fs *f, const char *path, const void *data,
		      size_t len, struct dw_err *err)
{
	struct append a = { .f = f, .data = data, .len = len };
	bool plain;
	int ret = begin(&a, path, &plain, err);

	if (!ret && len)
		ret = plain ? extend(&a, err) : rewrite(&a, err);
	return ret ? dw_err_prefix(err, ret, "%.80s", path) : 0;
}

int dw_fs_place_behind(struct dw_fs *f, const char *path, const void *data,
		       size_t len, dw_fs_run_fn told, void *arg, bool *done,
		       struct dw_err *err)
{
	struct append a = {
		.f = f, .data = data, .len = len, .told = told, .arg = arg,
	};
	int ret = begin(&a, path, done, err);

	if (!ret && *done && len)
		ret = extend(&a, err);
	return ret ? dw_err_prefix(err, ret, "%.80s", path) : 0;
}
