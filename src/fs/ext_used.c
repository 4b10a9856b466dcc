/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The used blocks: what the bitmaps say, united with what is referenced. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fs/ext_cache.h"
#include "fs/ext_internal.h"

#define PIECE_LEN (1u << 20)

/* A list of runs of blocks, first..end-1. */
struct span {
	uint64_t first, end;
};

struct spans {
	struct span *v;
	size_t nr, cap;
};

struct scan {
	struct dw_fs *f;
	ext2_filsys fs;
	struct spans marked;	/* by the bitmaps; ascending, apart */
	struct spans extra;	/* referenced, not marked; any order */
	size_t hint;		/* where the last search ended */
	uint64_t damaged_nr;
	uint64_t meta_left;	/* map blocks that may still be met */
};

static int add_span(struct dw_fs *f, struct spans *s, uint64_t first,
		    uint64_t end, struct dw_err *err)
{
	struct span *grown;
	size_t cap;

	if (s->nr && s->v[s->nr - 1].end == first) {
		s->v[s->nr - 1].end = end;
		return 0;
	}
	if (s->nr == s->cap) {
		cap = s->cap ? s->cap * 2 : 256;
		if (cap * sizeof(*grown) > f->ctx->memory_cap_len)
			return dw_fail(err, DW_LIMIT, "ext: more than %zu runs "
				       "of used blocks need more memory than "
				       "the cap of %llu bytes", s->nr,
				       (unsigned long long)
				       f->ctx->memory_cap_len);
		grown = realloc(s->v, cap * sizeof(*grown));
		if (!grown)
			return dw_fail_nomem(err);
		s->v = grown;
		s->cap = cap;
	}
	s->v[s->nr++] = (struct span){ first, end };
	return 0;
}

static int load_block_bitmap(ext2_filsys fs, struct dw_err *err)
{
	errcode_t rc;

	if (fs->block_map)
		return 0;
	rc = ext2fs_read_block_bitmap(fs);
	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: block bitmap");
	return 0;
}

static int take_bitmap(struct scan *s, struct dw_err *err)
{
	uint64_t end = ext2fs_blocks_count(s->fs->super);
	blk64_t first = s->fs->super->s_first_data_block, to;
	int ret = load_block_bitmap(s->fs, err);

	/* The boot record is nobody's in the bitmap of 1 KiB blocks. */
	if (!ret)
		ret = add_span(s->f, &s->marked, 0, 1, err);
	if (!first)
		first = 1;
	while (!ret && first < end &&
	       !ext2fs_find_first_set_block_bitmap2(s->fs->block_map, first,
						    end - 1, &first)) {
		if (ext2fs_find_first_zero_block_bitmap2(s->fs->block_map,
							 first, end - 1, &to))
			to = end;
		ret = add_span(s->f, &s->marked, first, to, err);
		first = to;
	}
	return ret;
}

/* The last marked span that starts at or before blk. */
static size_t find_marked(struct scan *s, uint64_t blk)
{
	const struct span *v = s->marked.v;
	size_t lo = 0, hi = s->marked.nr;

	/* Files lie near each other. */
	if (v[s->hint].first <= blk && blk < v[s->hint].end)
		return s->hint;
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid].first <= blk)
			lo = mid;
		else
			hi = mid;
	}
	s->hint = lo;
	return lo;
}

/* Notes the parts of first..first+nr-1 that the bitmaps call free. */
static int reference(struct scan *s, uint64_t first, uint64_t nr,
		     struct dw_err *err)
{
	uint64_t end = first + nr;

	while (first < end) {
		size_t i = find_marked(s, first);
		uint64_t gap_end = end;
		int ret;

		if (first < s->marked.v[i].end) {
			first = s->marked.v[i].end;
			continue;
		}
		if (i + 1 < s->marked.nr)
			gap_end = dw_min(end, s->marked.v[i + 1].first);
		ret = add_span(s->f, &s->extra, first, gap_end, err);
		if (ret)
			return ret;
		first = gap_end;
	}
	return 0;
}

static int reference_run(void *arg, const struct dw_ext_run *run,
			 struct dw_err *err)
{
	return reference(arg, run->pblk, run->nr, err);
}

/*
 * The maps of all inodes together cannot have more blocks than the filesystem:
 * without this bound each inode of a hostile image could lead through them
 * all.
 */
static int reference_meta(void *arg, const struct dw_ext_run *run,
			  struct dw_err *err)
{
	struct scan *s = arg;

	if (!s->meta_left--)
		return dw_fail(err, DW_LIMIT, "ext: the maps of the inodes "
			       "have more blocks than the filesystem");
	return reference(s, run->pblk, run->nr, err);
}

static bool in_fs(const struct scan *s, uint64_t blk, uint64_t nr)
{
	return dw_in_range(blk, nr, ext2fs_blocks_count(s->fs->super));
}

/* What a group itself takes; a number out of range is left to e2fsck. */
static int group_metadata(struct scan *s, dgrp_t g, struct dw_err *err)
{
	blk64_t super, old_desc, new_desc;
	uint64_t old_nr = s->fs->desc_blocks;
	struct { uint64_t blk, nr; } parts[6];
	unsigned nr = 0;
	int ret = 0;

	ext2fs_super_and_bgd_loc2(s->fs, g, &super, &old_desc, &new_desc,
				  NULL);
	if (ext2fs_has_feature_meta_bg(s->fs->super))
		old_nr = dw_min(old_nr, s->fs->super->s_first_meta_bg);
	old_nr += s->fs->super->s_reserved_gdt_blocks;
	parts[nr].blk = super;
	parts[nr++].nr = super || !g;
	parts[nr].blk = old_desc;
	parts[nr++].nr = old_desc ? old_nr : 0;
	parts[nr].blk = new_desc;
	parts[nr++].nr = new_desc ? 1 : 0;
	parts[nr].blk = ext2fs_block_bitmap_loc(s->fs, g);
	parts[nr++].nr = 1;
	parts[nr].blk = ext2fs_inode_bitmap_loc(s->fs, g);
	parts[nr++].nr = 1;
	parts[nr].blk = ext2fs_inode_table_loc(s->fs, g);
	parts[nr++].nr = s->fs->inode_blocks_per_group;
	for (unsigned i = 0; !ret && i < nr; i++)
		if (in_fs(s, parts[i].blk, parts[i].nr))
			ret = reference(s, parts[i].blk, parts[i].nr, err);
	return ret;
}

/* The one block that is the resize inode's own. */
static int resize_root(struct scan *s, const struct dw_ext_node *n,
		       struct dw_err *err)
{
	uint32_t blk = dw_le32(n->i_block + 4 * EXT2_DIND_BLOCK);

	return blk && in_fs(s, blk, 1) ? reference(s, blk, 1, err) : 0;
}

/*
 * An inode whose map is damaged keeps what was met before the damage, and what
 * the bitmaps have: that is all that can be known of it.
 */
static int one_inode(struct scan *s, const uint8_t *p, ext2_ino_t ino,
		     struct dw_err *err)
{
	struct dw_ext_node n;
	struct dw_err own;
	int ret = 0;

	dw_ext_node_decode(p, ino, &n);
	/* The list of bad blocks, inode 1, has no links. */
	if (!n.links_nr && ino != EXT2_BAD_INO)
		return 0;
	if (!err)
		err = &own;
	if (n.acl_blk && in_fs(s, n.acl_blk, 1))
		ret = reference(s, n.acl_blk, 1, err);
	/* The blocks kept for growth are a group's; there are as many pointers
	 * to them as the other files have together. */
	if (ino == EXT2_RESIZE_INO)
		return ret ? ret : resize_root(s, &n, err);
	if (!ret)
		ret = dw_ext_map_walk(s->fs, &n, reference_run, reference_meta,
				      s, err);
	if (ret == DW_CORRUPT) {
		s->damaged_nr++;
		ret = 0;
	}
	return ret;
}

/* How many inodes of a group were ever used. */
static uint32_t used_inodes(ext2_filsys fs, dgrp_t g)
{
	uint32_t all = fs->super->s_inodes_per_group;
	uint32_t unused;

	if (!ext2fs_has_group_desc_csum(fs) ||
	    !ext2fs_group_desc_csum_verify(fs, g))
		return all;
	if (ext2fs_bg_flags_test(fs, g, EXT2_BG_INODE_UNINIT))
		return 0;
	unused = ext2fs_bg_itable_unused(fs, g);
	return unused > all ? all : all - unused;
}

/* Old filesystems do not count their unused inodes; holes tell as well. */
static bool is_hole(struct scan *s, uint64_t off, uint64_t len)
{
	struct dw_extent e;

	return !dw_dev_extent(s->f->dev, off, len, &e, NULL) &&
	       e.len == len && (e.kind == DW_EXTENT_UNMAPPED ||
				e.kind == DW_EXTENT_ZERO);
}

static int scan_piece(struct scan *s, uint64_t off, uint32_t nr, ext2_ino_t ino,
		      uint8_t *buf, struct dw_err *err)
{
	struct dw_ext_io *io = s->fs->priv_data;
	uint32_t inode_len = EXT2_INODE_SIZE(s->fs->super);
	uint64_t len = (uint64_t)nr * inode_len;
	int ret = dw_ctx_check(s->f->ctx, err);

	if (ret || is_hole(s, off, len))
		return ret;
	ret = dw_ext_cache_read(io->cache, off, buf, len, err);
	for (uint32_t i = 0; !ret && i < nr; i++)
		ret = one_inode(s, buf + (size_t)i * inode_len, ino + i, err);
	return ret;
}

static int scan_group(struct scan *s, dgrp_t g, uint8_t *buf,
		      struct dw_err *err)
{
	uint32_t inode_len = EXT2_INODE_SIZE(s->fs->super);
	uint32_t per_piece = PIECE_LEN / inode_len;
	uint32_t nr = used_inodes(s->fs, g), part;
	uint64_t table = ext2fs_inode_table_loc(s->fs, g);
	ext2_ino_t ino = g * s->fs->super->s_inodes_per_group + 1;

	if (!in_fs(s, table, s->fs->inode_blocks_per_group))
		return dw_fail(err, DW_CORRUPT, "ext: the inode table of group "
			       "%u is at block %llu", g,
			       (unsigned long long)table);
	for (uint32_t i = 0; i < nr; i += part) {
		uint64_t off = table * s->fs->blocksize +
			       (uint64_t)i * inode_len;
		int ret;

		part = nr - i < per_piece ? nr - i : per_piece;
		ret = scan_piece(s, off, part, ino + i, buf, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int scan_groups(struct scan *s, struct dw_err *err)
{
	uint8_t *buf = malloc(PIECE_LEN);
	uint64_t mmp = 0;
	int ret = 0;

	if (!buf)
		return dw_fail_nomem(err);
	if (ext2fs_has_feature_mmp(s->fs->super))
		mmp = s->fs->super->s_mmp_block;
	if (mmp && in_fs(s, mmp, 1))
		ret = reference(s, mmp, 1, err);
	for (dgrp_t g = 0; !ret && g < s->fs->group_desc_count; g++) {
		ret = group_metadata(s, g, err);
		if (!ret)
			ret = scan_group(s, g, buf, err);
	}
	free(buf);
	return ret;
}

static int by_first(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Two files may claim the same block: overlaps fall together here. */
static void sort_and_join(struct spans *s)
{
	size_t n = 0;

	if (!s->nr)
		return;
	qsort(s->v, s->nr, sizeof(*s->v), by_first);
	for (size_t i = 1; i < s->nr; i++) {
		if (s->v[i].first <= s->v[n].end)
			s->v[n].end = dw_max(s->v[n].end, s->v[i].end);
		else
			s->v[++n] = s->v[i];
	}
	s->nr = n + 1;
}

/*
 * The count of a group may have been right or as wrong as its bitmap, so it is
 * taken from the bitmap anew.
 */
static void recount_group(ext2_filsys fs, dgrp_t g)
{
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(fs);
	uint64_t blk = ext2fs_group_first_block2(fs, g);
	uint64_t last = ext2fs_group_last_block2(fs, g);
	uint32_t old_nr = ext2fs_bg_free_blocks_count(fs, g), nr = 0;
	uint64_t all = ext2fs_free_blocks_count(fs->super);

	for (; blk <= last; blk += ratio)
		nr += !ext2fs_test_block_bitmap2(fs->block_map, blk);
	ext2fs_bg_free_blocks_count_set(fs, g, nr);
	ext2fs_bg_flags_clear(fs, g, EXT2_BG_BLOCK_UNINIT);
	ext2fs_group_desc_csum_set(fs, g);
	ext2fs_free_blocks_count_set(fs->super,
				     all + ((uint64_t)nr - old_nr) * ratio);
}

/* Nothing new may be put where a file's data lies. */
static void mark_extra(struct scan *s)
{
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(s->fs);
	dgrp_t g, done = UINT32_MAX;

	for (size_t i = 0; i < s->extra.nr; i++) {
		uint64_t blk = dw_round_down(s->extra.v[i].first, ratio);

		for (; blk < s->extra.v[i].end; blk += ratio)
			ext2fs_mark_block_bitmap2(s->fs->block_map, blk);
	}
	for (size_t i = 0; i < s->extra.nr; i++) {
		uint64_t last = s->extra.v[i].end - 1;

		g = ext2fs_group_of_blk2(s->fs, s->extra.v[i].first);
		for (; g <= ext2fs_group_of_blk2(s->fs, last); g++)
			if (g != done)
				recount_group(s->fs, done = g);
	}
	ext2fs_mark_super_dirty(s->fs);
	ext2fs_mark_bb_dirty(s->fs);
}

static int make_used(struct scan *s, struct dw_used *u, struct dw_err *err)
{
	uint64_t block_len = s->fs->blocksize;
	int ret = 0;

	sort_and_join(&s->extra);
	for (size_t i = 0; i < s->extra.nr; i++)
		u->unmarked_blk_nr += s->extra.v[i].end - s->extra.v[i].first;
	if (s->extra.nr)
		u->first_unmarked_blk = s->extra.v[0].first;
	u->damaged_inodes_nr = s->damaged_nr;
	if (s->f->writable && s->extra.nr)
		mark_extra(s);
	for (size_t i = 0; !ret && i < s->extra.nr; i++)
		ret = add_span(s->f, &s->marked, s->extra.v[i].first,
			       s->extra.v[i].end, err);
	if (ret)
		return ret;
	sort_and_join(&s->marked);
	u->runs = calloc(s->marked.nr, sizeof(*u->runs));
	if (!u->runs)
		return dw_fail_nomem(err);
	u->runs_nr = s->marked.nr;
	for (size_t i = 0; i < s->marked.nr; i++) {
		uint64_t first = s->marked.v[i].first;

		u->runs[i].off = first * block_len;
		u->runs[i].len = (s->marked.v[i].end - first) * block_len;
		u->total_len += u->runs[i].len;
	}
	return 0;
}

int dw_fs_used(struct dw_fs *f, struct dw_used **out, struct dw_err *err)
{
	struct scan s = {
		.f = f, .fs = f->fs,
		.meta_left = ext2fs_blocks_count(f->fs->super),
	};
	struct dw_ext_io *io = f->fs->priv_data;
	struct dw_used *u;
	int ret;

	*out = NULL;
	u = calloc(1, sizeof(*u));
	if (!u)
		return dw_fail_nomem(err);
	/* Holes are asked of the device, so it must have everything. */
	ret = dw_ext_cache_flush(io->cache, err);
	if (!ret)
		ret = take_bitmap(&s, err);
	if (!ret)
		ret = scan_groups(&s, err);
	if (!ret)
		ret = make_used(&s, u, err);
	if (!ret)
		ret = dw_ext_leave_log_out(f, u, err);
	free(s.marked.v);
	free(s.extra.v);
	if (ret) {
		dw_used_free(u);
		return ret;
	}
	*out = u;
	return 0;
}

void dw_used_free(struct dw_used *u)
{
	if (!u)
		return;
	free(u->runs);
	free(u);
}
