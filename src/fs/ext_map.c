/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The block map of a file: extents, or direct and indirect blocks. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fs/ext_cache.h"
#include "fs/ext_internal.h"

/* An extent tree: a header, then 12 bytes an entry; see NOTES.md. */
#define EH_MAGIC 0xf30a
#define EH_LEN 12
#define EE_LEN 12
#define MAX_DEPTH 5
#define MAX_INIT_LEN 32768
#define LBLK_END (UINT64_C(1) << 32)

struct walk {
	ext2_filsys fs;
	const struct dw_ext_node *n;
	dw_ext_run_fn data, meta;
	void *arg;
	uint64_t meta_left;	/* map blocks that may still be read */
	struct dw_ext_run run;	/* indirect: collected so far, nr 0: none */
};

static int corrupt(struct walk *w, const char *what, uint64_t number,
		   struct dw_err *err)
{
	return dw_fail(err, DW_CORRUPT, "ext: inode %u: %s %llu", w->n->ino,
		       what, (unsigned long long)number);
}

static bool blocks_ok(ext2_filsys fs, uint64_t blk, uint64_t nr)
{
	return blk > fs->super->s_first_data_block &&
	       dw_in_range(blk, nr, ext2fs_blocks_count(fs->super));
}

/*
 * Reads one block of the map.  An honest map has fewer blocks than the
 * filesystem; a map that leads back into itself runs into that bound.
 */
static int read_meta(struct walk *w, uint64_t blk, uint8_t **out,
		     struct dw_err *err)
{
	struct dw_ext_run run = { .pblk = blk, .nr = 1 };
	struct dw_ext_io *io = w->fs->priv_data;
	uint32_t len = w->fs->blocksize;
	int ret;

	*out = NULL;
	if (!blocks_ok(w->fs, blk, 1))
		return corrupt(w, "a part of its map is at block", blk, err);
	if (!w->meta_left--)
		return corrupt(w, "its map leads in circles at block", blk,
			       err);
	if (w->meta) {
		ret = w->meta(w->arg, &run, err);
		if (ret)
			return ret;
	}
	*out = malloc(len);
	if (!*out)
		return dw_fail_nomem(err);
	ret = dw_ext_cache_read(io->cache, blk * len, *out, len, err);
	if (ret) {
		free(*out);
		*out = NULL;
	}
	return ret;
}

static int walk_node(struct walk *w, const uint8_t *p, size_t len,
		     unsigned depth, uint64_t first, uint64_t end,
		     struct dw_err *err);

static int walk_leaf(struct walk *w, const uint8_t *p, unsigned nr,
		     uint64_t first, uint64_t end, struct dw_err *err)
{
	for (unsigned i = 0; i < nr; i++, p += EE_LEN) {
		struct dw_ext_run run = {
			.lblk = dw_le32(p),
			.pblk = dw_le32(p + 8) | (uint64_t)dw_le16(p + 6) << 32,
			.nr = dw_le16(p + 4),
		};
		int ret;

		if (run.nr > MAX_INIT_LEN) {
			run.nr -= MAX_INIT_LEN;
			run.unwritten = true;
		}
		if (!run.nr || run.lblk < first || run.lblk + run.nr > end)
			return corrupt(w, "an extent is out of order at block",
				       run.lblk, err);
		if (!blocks_ok(w->fs, run.pblk, run.nr))
			return corrupt(w, "an extent leads to block", run.pblk,
				       err);
		ret = w->data(w->arg, &run, err);
		if (ret)
			return ret;
		first = run.lblk + run.nr;
	}
	return 0;
}

static int walk_child(struct walk *w, uint64_t blk, unsigned depth,
		      uint64_t first, uint64_t end, struct dw_err *err)
{
	uint8_t *buf;
	int ret = read_meta(w, blk, &buf, err);

	if (ret)
		return ret;
	if (!(w->fs->flags & EXT2_FLAG_IGNORE_CSUM_ERRORS) &&
	    dw_le16(buf) == EH_MAGIC &&
	    EH_LEN + EE_LEN * (uint32_t)dw_le16(buf + 4) + 4 <=
	    w->fs->blocksize &&
	    !ext2fs_extent_block_csum_verify(w->fs, w->n->ino, (void *)buf))
		ret = corrupt(w, "the checksum is wrong in extent block", blk,
			      err);
	else
		ret = walk_node(w, buf, w->fs->blocksize, depth, first, end,
				err);
	free(buf);
	return ret;
}

static int walk_index(struct walk *w, const uint8_t *p, unsigned nr,
		      unsigned depth, uint64_t first, uint64_t end,
		      struct dw_err *err)
{
	for (unsigned i = 0; i < nr; i++, p += EE_LEN) {
		uint64_t from = dw_le32(p);
		uint64_t to = i + 1 < nr ? dw_le32(p + EE_LEN) : end;
		uint64_t blk = dw_le32(p + 4) |
			       (uint64_t)dw_le16(p + 8) << 32;
		int ret;

		if (from < first || to <= from || to > end)
			return corrupt(w, "an extent index is out of order at "
				       "block", from, err);
		ret = walk_child(w, blk, depth - 1, from, to, err);
		if (ret)
			return ret;
		first = to;
	}
	return 0;
}

/* The depth must fall by one a level, so the recursion ends. */
static int walk_node(struct walk *w, const uint8_t *p, size_t len,
		     unsigned depth, uint64_t first, uint64_t end,
		     struct dw_err *err)
{
	unsigned nr = dw_le16(p + 2);

	if (dw_le16(p) != EH_MAGIC)
		return corrupt(w, "an extent header has the magic number",
			       dw_le16(p), err);
	if (nr > dw_le16(p + 4) || EH_LEN + (size_t)nr * EE_LEN > len)
		return corrupt(w, "an extent header counts entries:", nr, err);
	if (dw_le16(p + 6) != depth)
		return corrupt(w, "an extent header has the depth",
			       dw_le16(p + 6), err);
	if (!depth)
		return walk_leaf(w, p + EH_LEN, nr, first, end, err);
	return walk_index(w, p + EH_LEN, nr, depth, first, end, err);
}

static int flush_run(struct walk *w, struct dw_err *err)
{
	struct dw_ext_run run = w->run;

	w->run.nr = 0;
	return run.nr ? w->data(w->arg, &run, err) : 0;
}

static int add_block(struct walk *w, uint64_t lblk, uint32_t blk,
		     struct dw_err *err)
{
	int ret;

	if (!blocks_ok(w->fs, blk, 1))
		return corrupt(w, "its map leads to block", blk, err);
	if (w->run.nr && w->run.lblk + w->run.nr == lblk &&
	    w->run.pblk + w->run.nr == blk) {
		w->run.nr++;
		return 0;
	}
	ret = flush_run(w, err);
	w->run = (struct dw_ext_run){ .lblk = lblk, .pblk = blk, .nr = 1 };
	return ret;
}

/* level 0 is a data block.  span is what one pointer of this level covers. */
static int walk_pointer(struct walk *w, uint32_t blk, unsigned level,
			uint64_t lblk, uint64_t span, struct dw_err *err)
{
	unsigned per_block = w->fs->blocksize / 4;
	uint8_t *buf;
	int ret;

	if (!blk)
		return 0;
	if (!level)
		return add_block(w, lblk, blk, err);
	ret = read_meta(w, blk, &buf, err);
	span /= per_block;
	for (unsigned i = 0; !ret && i < per_block; i++)
		ret = walk_pointer(w, dw_le32(buf + 4 * i), level - 1,
				   lblk + i * span, span, err);
	free(buf);
	return ret;
}

static int walk_indirect(struct walk *w, struct dw_err *err)
{
	const uint8_t *p = w->n->i_block;
	uint64_t lblk = EXT2_NDIR_BLOCKS, span = 1;
	int ret = 0;

	for (unsigned i = 0; !ret && i < EXT2_NDIR_BLOCKS; i++)
		ret = walk_pointer(w, dw_le32(p + 4 * i), 0, i, 1, err);
	for (unsigned level = 1; !ret && level <= 3; level++) {
		span *= w->fs->blocksize / 4;
		ret = walk_pointer(w, dw_le32(p + 4 * (11 + level)), level,
				   lblk, span, err);
		lblk += span;
	}
	return ret ? ret : flush_run(w, err);
}

int dw_ext_map_walk(ext2_filsys fs, const struct dw_ext_node *n,
		    dw_ext_run_fn data, dw_ext_run_fn meta, void *arg,
		    struct dw_err *err)
{
	struct walk w = {
		.fs = fs, .n = n, .data = data, .meta = meta, .arg = arg,
		.meta_left = ext2fs_blocks_count(fs->super),
	};
	unsigned depth;

	if (!dw_ext_node_has_map(n))
		return 0;
	if (!(n->flags & EXT4_EXTENTS_FL))
		return walk_indirect(&w, err);
	depth = dw_le16(n->i_block + 6);
	if (depth > MAX_DEPTH)
		return corrupt(&w, "an extent header has the depth", depth,
			       err);
	return walk_node(&w, n->i_block, sizeof(n->i_block), depth, 0,
			 LBLK_END, err);
}

static int add_run(void *arg, const struct dw_ext_run *run, struct dw_err *err)
{
	struct dw_ext_map *map = arg;
	struct dw_ext_run *grown;
	size_t cap;

	if (map->runs_nr == map->cap) {
		cap = map->cap ? map->cap * 2 : 16;
		if (cap * sizeof(*run) > map->max_len)
			return dw_fail(err, DW_LIMIT, "ext: inode %u: its map "
				       "of more than %zu runs needs more "
				       "memory than the cap of %llu bytes",
				       map->ino, map->runs_nr,
				       (unsigned long long)map->max_len);
		grown = realloc(map->runs, cap * sizeof(*run));
		if (!grown)
			return dw_fail_nomem(err);
		map->runs = grown;
		map->cap = cap;
	}
	map->runs[map->runs_nr++] = *run;
	return 0;
}

int dw_ext_map_load(ext2_filsys fs, const struct dw_ext_node *n,
		    struct dw_ext_map *map, struct dw_err *err)
{
	int ret;

	map->ino = n->ino;
	map->runs_nr = 0;
	ret = dw_ext_map_walk(fs, n, add_run, NULL, map, err);
	if (ret)
		map->ino = 0;
	return ret;
}

void dw_ext_map_clear(struct dw_ext_map *map)
{
	free(map->runs);
	*map = (struct dw_ext_map){ .max_len = map->max_len };
}
