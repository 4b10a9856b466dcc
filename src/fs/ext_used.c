/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The used blocks: what the bitmaps say, united with what is referenced. */
#include <stdlib.h>

#include "base/checked.h"
#include "fs/ext_cache.h"
#include "fs/ext_used.h"

int dw_spans_add(struct dw_fs *f, struct dw_spans *s, uint64_t first,
		 uint64_t end, struct dw_err *err)
{
	struct dw_span *grown;
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
	s->v[s->nr++] = (struct dw_span){ first, end };
	return 0;
}

static int take_bitmap(struct dw_used_scan *s, struct dw_err *err)
{
	uint64_t end = ext2fs_blocks_count(s->fs->super);
	blk64_t first = s->fs->super->s_first_data_block, to;
	int ret = dw_ext_load_block_bitmap(s->fs, err);

	/* The boot record is nobody's in the bitmap of 1 KiB blocks. */
	if (!ret)
		ret = dw_spans_add(s->f, &s->marked, 0, 1, err);
	if (!first)
		first = 1;
	while (!ret && first < end &&
	       !ext2fs_find_first_set_block_bitmap2(s->fs->block_map, first,
						    end - 1, &first)) {
		if (ext2fs_find_first_zero_block_bitmap2(s->fs->block_map,
							 first, end - 1, &to))
			to = end;
		ret = dw_spans_add(s->f, &s->marked, first, to, err);
		first = to;
	}
	return ret;
}

/* The last marked span that starts at or before blk. */
static size_t find_marked(struct dw_used_scan *s, uint64_t blk)
{
	const struct dw_span *v = s->marked.v;
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
int dw_used_reference(struct dw_used_scan *s, uint64_t first, uint64_t nr,
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
		ret = dw_spans_add(s->f, &s->extra, first, gap_end, err);
		if (ret)
			return ret;
		first = gap_end;
	}
	return 0;
}

static int by_first(const void *a, const void *b)
{
	const struct dw_span *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Two files may claim the same block: overlaps fall together here. */
void dw_spans_join(struct dw_spans *s)
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
static void mark_extra(struct dw_used_scan *s)
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

int dw_used_subtract(struct dw_used *u, const struct dw_used_run *runs,
		     size_t runs_nr, struct dw_err *err)
{
	/* Each run splits one used run at most. */
	struct dw_used_run *out = calloc(u->runs_nr + runs_nr, sizeof(*out));
	size_t nr = 0, i, k = 0;
	uint64_t off, end;

	if (!out)
		return dw_fail_nomem(err);
	u->total_len = 0;
	for (i = 0; i < u->runs_nr; i++) {
		off = u->runs[i].off;
		end = off + u->runs[i].len;
		while (k < runs_nr && runs[k].off + runs[k].len <= off)
			k++;
		for (; k < runs_nr && runs[k].off < end; k++) {
			if (runs[k].off > off)
				out[nr++] = (struct dw_used_run){
					off, runs[k].off - off };
			off = dw_min(end, runs[k].off + runs[k].len);
			if (off == end)
				break;
		}
		if (off < end)
			out[nr++] = (struct dw_used_run){ off, end - off };
	}
	for (i = 0; i < nr; i++)
		u->total_len += out[i].len;
	free(u->runs);
	u->runs = out;
	u->runs_nr = nr;
	return 0;
}

static int make_used(struct dw_used_scan *s, struct dw_used *u,
		     struct dw_err *err)
{
	uint64_t block_len = s->fs->blocksize;
	int ret = 0;

	dw_spans_join(&s->extra);
	for (size_t i = 0; i < s->extra.nr; i++)
		u->unmarked_blk_nr += s->extra.v[i].end - s->extra.v[i].first;
	if (s->extra.nr)
		u->first_unmarked_blk = s->extra.v[0].first;
	u->damaged_inodes_nr = s->damaged_nr;
	if (s->f->writable && s->extra.nr)
		mark_extra(s);
	for (size_t i = 0; !ret && i < s->extra.nr; i++)
		ret = dw_spans_add(s->f, &s->marked, s->extra.v[i].first,
			       s->extra.v[i].end, err);
	if (ret)
		return ret;
	dw_spans_join(&s->marked);
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
	struct dw_used_scan s = {
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
		ret = dw_used_scan_groups(&s, err);
	if (!ret)
		ret = make_used(&s, u, err);
	if (!ret)
		ret = dw_used_leave_unwritten_out(&s, u, err);
	if (!ret)
		ret = dw_ext_leave_log_out(f, u, err);
	free(s.marked.v);
	free(s.extra.v);
	free(s.written.v);
	free(s.unwritten.v);
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
