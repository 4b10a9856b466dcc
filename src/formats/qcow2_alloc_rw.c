/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Free clusters of a qcow2 image that is being changed: the first that fit,
 * else new ones at the end.  All of it happens in memory, but for zeros in
 * new tables; qcow2_commit.c says when it reaches the disk.
 *
 * A refcount block counts itself where its part of the file had none, so that
 * finding a place for one never needs another.  Likewise the refcount table
 * first grows in memory, where it can name the blocks for its own new place.
 */
#include <inttypes.h>

#include "base/checked.h"
#include "formats/qcow2_write.h"

/* A file grows by more than is asked for, because that costs a call each
 * time; what is too much is given back at close. */
#define GROW_LEN (1u << 20)

/* Offsets in tables have 56 bits. */
static uint64_t clusters_max(const struct dw_qcow2 *q)
{
	return (UINT64_C(1) << 56) / q->cluster_len;
}

/*
 * Looks for free clusters, from the hint on.  It ends because there are no
 * refcounts far behind the end of the file, where everything is free.
 */
static int find_free(struct dw_qcow2 *q, uint64_t min_nr, uint64_t max_nr,
		     struct dw_qcow2_taken *out, struct dw_err *err)
{
	uint64_t at, refs;
	int rc;

	out->nr = 0;
	for (at = q->w->hint; out->nr < max_nr; at++) {
		if (at >= clusters_max(q))
			return dw_fail(err, DW_LIMIT, "qcow2: the file would "
				       "grow to more than 2^56 bytes");
		rc = dw_qcow2_refs_get(q, at, &refs, err);
		if (rc)
			return rc;
		if (!refs) {
			if (!out->nr++)
				out->first = at;
			continue;
		}
		if (out->nr >= min_nr)
			break;
		out->nr = 0;
	}
	if (min_nr == 1)
		q->w->hint = out->first;
	return dw_qcow2_check_no_meta(q, out->first * q->cluster_len,
				      out->nr * q->cluster_len, err);
}

/* A block that the table on disk can name. */
static bool has_refblock(const struct dw_qcow2 *q, uint64_t block)
{
	const struct dw_qcow2_table *t = &q->w->reftable;

	return block < (q->w->growing ? t->nr : t->home_nr) &&
	       t->entries[block];
}

/* Makes the file long enough for the clusters before end. */
static int reach(struct dw_qcow2 *q, uint64_t end, struct dw_err *err)
{
	uint64_t need = end * q->cluster_len;
	int rc = 0;

	if (need > q->file->size)
		rc = dw_dev_resize(q->file, dw_round_up(need, GROW_LEN), err);
	if (!rc && need > q->file->size)
		rc = dw_fail(err, DW_NOSPACE,
			     "%s: %" PRIu64 " bytes are needed, there are %"
			     PRIu64, q->file->name, need, q->file->size);
	return rc;
}

/* Uses clusters that were found free. */
static int take(struct dw_qcow2 *q, struct dw_qcow2_taken *a,
		struct dw_err *err)
{
	uint64_t at, end = a->first + a->nr;
	int rc;

	rc = reach(q, end, err);
	for (at = a->first; !rc && at < end; at++) {
		rc = dw_qcow2_refs_set(q, at, 1, err);
		if (rc)
			dw_qcow2_unalloc(q, a->first, at - a->first);
	}
	if (rc)
		return rc;
	a->is_fresh = a->first >= q->w->end;
	q->w->end = dw_max(q->w->end, end);
	if (q->w->hint == a->first)
		q->w->hint = end;
	return 0;
}

/* The table has to name block number 'block', and has no place for that. */
static int grow_reftable(struct dw_qcow2 *q, uint64_t block,
			 struct dw_err *err)
{
	struct dw_qcow2_table *t = &q->w->reftable;
	uint64_t per_cluster = q->cluster_len / 8;
	uint64_t old_nr = t->home_nr / per_cluster;
	uint64_t nr = dw_max(block / per_cluster + 2, old_nr * 3 / 2);
	uint64_t old_first = t->off / q->cluster_len;
	struct dw_qcow2_taken a;
	int rc;

	nr = dw_min(nr, DW_QCOW2_REFTABLE_MAX_LEN / q->cluster_len);
	if (block >= nr * per_cluster)
		return dw_fail(err, DW_LIMIT,
			       "qcow2: the refcount table would need more than "
			       "%u bytes", DW_QCOW2_REFTABLE_MAX_LEN);
	rc = nr * per_cluster > t->nr
		? dw_qcow2_table_grow(t, nr * per_cluster, err) : 0;
	if (rc)
		return rc;
	q->w->growing = true;
	rc = dw_qcow2_alloc_meta(q, t->nr / per_cluster, DW_QCOW2_REFTABLE, &a,
				 err);
	q->w->growing = false;
	if (rc)
		return rc;
	dw_qcow2_free_later(q, old_first, old_nr, false);
	dw_qcow2_table_move(t, a.first * q->cluster_len);
	q->w->reftable_moved = true;
	return 0;
}

/* Brings a refcount block nearer that counts the clusters of 'block': makes
 * it, or one that is needed first.  The caller looks again. */
static int add_refblock(struct dw_qcow2 *q, uint64_t block, struct dw_err *err)
{
	uint64_t span = dw_qcow2_refblock_span(q);
	struct dw_qcow2_taken a;
	int rc;

	rc = find_free(q, 1, 1, &a, err);
	if (rc)
		return rc;
	if (!has_refblock(q, a.first / span))
		block = a.first / span;
	if (block >= q->w->reftable.home_nr && !q->w->growing)
		return grow_reftable(q, block, err);
	if (block >= q->w->reftable.nr)
		return dw_fail(err, DW_LIMIT, "qcow2: no room for the refcounts"
			       " of the refcount table");
	rc = reach(q, a.first + 1, err);
	a.is_fresh = a.first >= q->w->end;
	if (!rc)
		rc = dw_qcow2_meta_add(q, a.first, 1, DW_QCOW2_REFBLOCK, err);
	if (!rc)
		rc = dw_qcow2_zero_new(q, &a, err);
	if (rc)
		return rc;
	dw_qcow2_cache_drop(&q->w->refs, a.first * q->cluster_len,
			    q->cluster_len);
	dw_qcow2_table_set(&q->w->reftable, block, a.first * q->cluster_len);
	return take(q, &a, err);
}

int dw_qcow2_alloc(struct dw_qcow2 *q, uint64_t min_nr, uint64_t max_nr,
		   struct dw_qcow2_taken *out, struct dw_err *err)
{
	uint64_t span = dw_qcow2_refblock_span(q), block, last;
	int rc;

	/* It ends because each turn adds a refcount block. */
	for (;;) {
		rc = find_free(q, min_nr, max_nr, out, err);
		if (rc)
			return rc;
		block = out->first / span;
		last = (out->first + out->nr - 1) / span;
		while (block <= last && has_refblock(q, block))
			block++;
		if (block > last)
			return take(q, out, err);
		if (block * span >= out->first + min_nr) {
			out->nr = block * span - out->first;
			return take(q, out, err);
		}
		rc = add_refblock(q, block, err);
		if (rc)
			return rc;
	}
}

int dw_qcow2_alloc_meta(struct dw_qcow2 *q, uint64_t nr,
			enum dw_qcow2_meta kind, struct dw_qcow2_taken *out,
			struct dw_err *err)
{
	int rc;

	rc = dw_qcow2_alloc(q, nr, nr, out, err);
	if (rc)
		return rc;
	rc = dw_qcow2_meta_add(q, out->first, nr, kind, err);
	if (rc) {
		dw_qcow2_unalloc(q, out->first, nr);
		return rc;
	}
	/* What is held of tables that were here before is of no use. */
	dw_qcow2_cache_drop(&q->l2, out->first * q->cluster_len,
			    nr * q->cluster_len);
	return 0;
}

int dw_qcow2_zero_new(struct dw_qcow2 *q, const struct dw_qcow2_taken *a,
		      struct dw_err *err)
{
	if (a->is_fresh)
		return 0;
	return dw_dev_zero(q->file, a->first * q->cluster_len,
			   a->nr * q->cluster_len, err);
}
