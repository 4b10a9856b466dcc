/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Refcounts of a qcow2 image that is being changed. */
#include <inttypes.h>

#include "base/checked.h"
#include "formats/qcow2_refbits.h"
#include "formats/qcow2_write.h"

#define REFBLOCK_MASK (~UINT64_C(0x1ff))

/* Clusters that one refcount block counts. */
uint64_t dw_qcow2_refblock_span(const struct dw_qcow2 *q)
{
	return (uint64_t)q->cluster_len * 8 >> q->h.refcount_order;
}

/* The slice that has the count of a cluster, as number *i; *off is 0 where no
 * block has it. */
static void find_count(const struct dw_qcow2 *q, uint64_t cluster,
		       uint64_t *off, uint64_t *i)
{
	const struct dw_qcow2_table *t = &q->w->reftable;
	uint64_t span = dw_qcow2_refblock_span(q), block = cluster / span;
	uint64_t slice_nr = (uint64_t)q->w->refs.slice_len * 8 >>
			    q->h.refcount_order;

	*off = block < t->nr ? t->entries[block] & REFBLOCK_MASK : 0;
	*i = cluster % span;
	if (*off)
		*off += *i / slice_nr * q->w->refs.slice_len;
	*i %= slice_nr;
}

int dw_qcow2_refs_get(struct dw_qcow2 *q, uint64_t cluster, uint64_t *out,
			  struct dw_err *err)
{
	uint64_t off, i;
	uint8_t *p;
	int rc;

	*out = 0;
	find_count(q, cluster, &off, &i);
	if (!off)
		return 0;
	rc = dw_qcow2_cache_get(q, &q->w->refs, off, false, &p, err);
	if (!rc)
		*out = dw_qcow2_refcount_get(p, q->h.refcount_order, i);
	return rc;
}

/* With lazy refcounts the dirty bit is there before the first of them. */
static int begin_lazy(struct dw_qcow2 *q, struct dw_err *err)
{
	int rc;

	if (!(q->h.compat & DW_QCOW2_COMPAT_LAZY_REFCOUNTS) ||
	    q->h.incompat & DW_QCOW2_INCOMPAT_DIRTY)
		return 0;
	q->h.incompat |= DW_QCOW2_INCOMPAT_DIRTY;
	rc = dw_qcow2_write_header(q, err);
	return rc ? rc : dw_qcow2_flush_file(q, err);
}

int dw_qcow2_refs_set(struct dw_qcow2 *q, uint64_t cluster, uint64_t value,
			  struct dw_err *err)
{
	uint64_t off, i;
	uint8_t *p;
	int rc;

	find_count(q, cluster, &off, &i);
	if (!off)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: no refcount block has cluster %" PRIu64,
			       cluster);
	rc = begin_lazy(q, err);
	if (!rc)
		rc = dw_qcow2_cache_get(q, &q->w->refs, off, true, &p, err);
	if (!rc)
		dw_qcow2_refcount_put(p, q->h.refcount_order, i, value);
	return rc;
}

int dw_qcow2_check_used(struct dw_qcow2 *q, uint64_t first, uint64_t nr,
			bool once, struct dw_err *err)
{
	uint64_t at, refs;
	int rc;

	for (at = first; at < first + nr; at++) {
		rc = dw_qcow2_refs_get(q, at, &refs, err);
		if (rc)
			return rc;
		if (!refs || (once && refs != 1))
			return dw_fail(err, DW_CORRUPT,
				       "qcow2: the cluster at %" PRIu64
				       " is in use%s, but its refcount is %"
				       PRIu64, at * q->cluster_len,
				       once ? " once" : "", refs);
	}
	return 0;
}

void dw_qcow2_free_later(struct dw_qcow2 *q, uint64_t first, uint64_t nr,
			 bool is_discard)
{
	struct dw_qcow2_writer *w = q->w;
	struct dw_qcow2_freed *last = w->freed + w->freed_nr - 1;

	if (w->freed_nr && last->is_discard == is_discard &&
	    last->first + last->nr == first) {
		last->nr += nr;
		return;
	}
	w->freed[w->freed_nr++] = (struct dw_qcow2_freed){
		.first = first, .nr = nr, .is_discard = is_discard,
	};
}

/* One reference less; *is_free where that was the last. */
static int put_cluster(struct dw_qcow2 *q, uint64_t cluster, bool *is_free,
		       struct dw_err *err)
{
	uint64_t refs;
	int rc;

	*is_free = false;
	rc = dw_qcow2_check_used(q, cluster, 1, false, err);
	if (!rc)
		rc = dw_qcow2_refs_get(q, cluster, &refs, err);
	if (!rc)
		rc = dw_qcow2_refs_set(q, cluster, refs - 1, err);
	if (rc || refs > 1)
		return rc;
	*is_free = true;
	dw_qcow2_meta_remove(q, cluster, 1);
	q->w->hint = dw_min(q->w->hint, cluster);
	return 0;
}

/* The host may have back the place of clusters that a discard gave up. */
static int discard(struct dw_qcow2 *q, uint64_t first, uint64_t nr,
		   struct dw_err *err)
{
	uint64_t off = first * q->cluster_len;

	if (!nr || off >= q->file->size)
		return 0;
	return dw_dev_discard(q->file, off,
			      dw_min(nr * q->cluster_len, q->file->size - off),
			      err);
}

static int put_run(struct dw_qcow2 *q, const struct dw_qcow2_freed *run,
		   struct dw_err *err)
{
	uint64_t at, free_nr = 0;
	bool is_free;
	int rc = 0;

	for (at = run->first; !rc && at < run->first + run->nr; at++) {
		rc = put_cluster(q, at, &is_free, err);
		if (is_free) {
			free_nr++;
			continue;
		}
		if (!rc && run->is_discard)
			rc = discard(q, at - free_nr, free_nr, err);
		free_nr = 0;
	}
	if (!rc && run->is_discard)
		rc = discard(q, at - free_nr, free_nr, err);
	return rc;
}

int dw_qcow2_free_now(struct dw_qcow2 *q, struct dw_err *err)
{
	unsigned i, nr = q->w->freed_nr;
	int rc = 0;

	/* What fails stays in use: a leak, no more. */
	q->w->freed_nr = 0;
	for (i = 0; !rc && i < nr; i++)
		rc = put_run(q, &q->w->freed[i], err);
	return rc;
}

void dw_qcow2_unalloc(struct dw_qcow2 *q, uint64_t first, uint64_t nr)
{
	bool is_free;
	uint64_t at;

	for (at = first; at < first + nr; at++)
		if (put_cluster(q, at, &is_free, NULL))
			return;
}
