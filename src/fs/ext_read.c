/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading files. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "fs/ext_cache.h"
#include "fs/ext_internal.h"

int dw_ext_inline_get(ext2_filsys fs, ext2_ino_t ino, uint8_t **out,
		      size_t *len, struct dw_err *err)
{
	errcode_t rc;

	*out = NULL;
	*len = 0;
	rc = ext2fs_inline_data_size(fs, ino, len);
	if (rc)
		goto fail;
	/* An attribute's value may live in an inode of its own, of any
	 * length; data inline is bounded by the inode. */
	if (*len > fs->blocksize)
		return dw_fail(err, DW_CORRUPT, "ext: inode %u holds %zu bytes "
			       "of inline data", ino, *len);
	*out = calloc(1, *len + 1);
	if (!*out)
		return dw_fail_nomem(err);
	rc = ext2fs_inline_data_get(fs, ino, NULL, *out, len);
	if (!rc)
		return 0;
	free(*out);
	*out = NULL;
fail:
	return dw_ext_fail(err, fs, rc, "ext: inline data of inode %u", ino);
}

static int read_inline(struct dw_fs *f, const struct dw_ext_node *n,
		       uint64_t off, void *buf, size_t len, struct dw_err *err)
{
	size_t have, part;
	uint8_t *data;
	int ret = dw_ext_inline_get(f->fs, n->ino, &data, &have, err);

	if (ret)
		return ret;
	part = off < have ? dw_min(len, have - off) : 0;
	if (part)
		memcpy(buf, data + off, part);
	memset((char *)buf + part, 0, len - part);
	free(data);
	return 0;
}

/* The first run that ends behind lblk. */
static size_t find_run(const struct dw_ext_map *map, uint64_t lblk)
{
	size_t lo = 0, hi = map->runs_nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (map->runs[mid].lblk + map->runs[mid].nr <= lblk)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int read_mapped(struct dw_fs *f, const struct dw_ext_node *n,
		       uint64_t off, uint8_t *buf, size_t len,
		       struct dw_err *err)
{
	struct dw_ext_io *io = f->fs->priv_data;
	uint64_t block_len = f->fs->blocksize;
	size_t i;
	int ret;

	if (f->map.ino != n->ino) {
		ret = dw_ext_map_load(f->fs, n, &f->map, err);
		if (ret)
			return ret;
	}
	for (i = find_run(&f->map, off / block_len); len; ) {
		const struct dw_ext_run *run =
			i < f->map.runs_nr ? &f->map.runs[i] : NULL;
		bool hole = !run || run->lblk * block_len > off;
		uint64_t end = UINT64_MAX;
		size_t part;

		if (run)
			end = (run->lblk + (hole ? 0 : run->nr)) * block_len;
		part = dw_min(len, end - off);
		if (hole || run->unwritten)
			memset(buf, 0, part);
		else if ((ret = dw_ext_cache_read(io->cache,
				run->pblk * block_len + off -
				run->lblk * block_len, buf, part, err)))
			return ret;
		if (!hole)
			i++;
		buf += part;
		off += part;
		len -= part;
	}
	return 0;
}

int dw_ext_read(struct dw_fs *f, const struct dw_ext_node *n, uint64_t off,
		void *buf, size_t len, struct dw_err *err)
{
	int ret = dw_ctx_check(f->ctx, err);

	if (ret || !len)
		return ret;
	if (n->flags & EXT4_ENCRYPT_FL)
		return dw_fail(err, DW_UNSUPPORTED, "ext: inode %u is "
			       "encrypted", n->ino);
	if (n->flags & EXT4_INLINE_DATA_FL)
		return read_inline(f, n, off, buf, len, err);
	if (!dw_ext_node_has_map(n)) {
		/* A short symbolic link. */
		memcpy(buf, n->i_block + off, len);
		return 0;
	}
	return read_mapped(f, n, off, buf, len, err);
}

int dw_ext_read_whole(struct dw_fs *f, const struct dw_ext_node *n,
		      size_t max_len, char **out, size_t *len,
		      struct dw_err *err)
{
	char *buf;
	int ret;

	*out = NULL;
	*len = 0;
	if (n->size > max_len)
		return dw_fail(err, DW_LIMIT, "ext: inode %u has %llu bytes, "
			       "more than the limit of %zu", n->ino,
			       (unsigned long long)n->size, max_len);
	buf = malloc(n->size + 1);
	if (!buf)
		return dw_fail_nomem(err);
	ret = dw_ext_read(f, n, 0, buf, n->size, err);
	if (ret) {
		free(buf);
		return ret;
	}
	buf[n->size] = '\0';
	*out = buf;
	*len = n->size;
	return 0;
}

static int regular_node(struct dw_fs *f, ext2_ino_t ino, struct dw_ext_node *n,
			struct dw_err *err)
{
	int ret = dw_ext_node_read(f->fs, ino, n, err);

	if (!ret && !LINUX_S_ISREG(n->mode))
		ret = dw_fail(err, DW_UNSUPPORTED, "ext: inode %u is not a "
			      "regular file (mode %06o)", ino, n->mode);
	return ret;
}

int dw_fs_read_file(struct dw_fs *f, const char *path, size_t max_len,
		    char **out, size_t *len, struct dw_err *err)
{
	struct dw_ext_node n;
	size_t got = 0;
	ext2_ino_t ino;
	int ret;

	*out = NULL;
	ret = dw_ext_find(f, path, true, &ino, err);
	if (!ret)
		ret = regular_node(f, ino, &n, err);
	if (!ret)
		ret = dw_ext_read_whole(f, &n, max_len, out, &got, err);
	if (len)
		*len = got;
	return ret;
}

int dw_fs_pread(struct dw_fs *f, uint64_t ino, uint64_t off, void *buf,
		size_t len, size_t *got, struct dw_err *err)
{
	struct dw_ext_node n;
	int ret;

	*got = 0;
	if (ino > UINT32_MAX)
		return dw_fail(err, DW_RANGE, "ext: no inode %llu",
			       (unsigned long long)ino);
	ret = regular_node(f, (ext2_ino_t)ino, &n, err);
	if (ret || off >= n.size)
		return ret;
	len = dw_min(len, n.size - off);
	ret = dw_ext_read(f, &n, off, buf, len, err);
	if (!ret)
		*got = len;
	return ret;
}

int dw_fs_readlink(struct dw_fs *f, const char *path, char **out,
		   struct dw_err *err)
{
	struct dw_ext_node n;
	ext2_ino_t ino;
	size_t len;
	int ret;

	*out = NULL;
	ret = dw_ext_find(f, path, false, &ino, err);
	if (!ret)
		ret = dw_ext_node_read(f->fs, ino, &n, err);
	if (ret)
		return ret;
	if (!LINUX_S_ISLNK(n.mode))
		return dw_fail(err, DW_UNSUPPORTED,
			       "ext: not a symbolic link: %.200s", path);
	return dw_ext_read_whole(f, &n, DW_EXT_PATH_MAX, out, &len, err);
}
