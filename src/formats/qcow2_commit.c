/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In what order a changed qcow2 image reaches the disk.
 *
 * A crash may lose any of the writes that were not flushed, and keep any
 * others.  Whatever is left, each cluster that tables on disk name has to
 * hold what belongs there and a refcount that is high enough; a refcount that
 * is too high only leaks.  So a flush lies between:
 *
 *	1. refcount blocks, with every increment; data; new L2 tables, which
 *	   have zeros then, or what the table has that they are a copy of
 *	2. the refcount table, where it names new blocks
 *	3. the header, where the refcount table has moved
 *	4. changes of L2 tables, and of L1
 *	5. decrements, for clusters that no table names after 4
 *
 * Steps without anything to do take their flush with them: data alone costs
 * one, new clusters two.  All of it waits in memory until somebody flushes or
 * memory is used up, so that a thousand small writes cost as many flushes as
 * one.
 *
 * Refcounts in memory get their increments at once and their decrements in
 * step 5, so that they never say less than the disk needs: a slice of them can
 * be written at any time, and a cluster given up is not used again before
 * nothing on disk names it.  In step 4 each entry changes by itself: all that
 * the old one and the new one name is there, so that it does not matter which
 * of them a crash leaves.
 *
 * Lazy refcounts leave out what 1 to 3 write of refcounts: the dirty bit,
 * durable before the first change, has them made anew after a crash.
 *
 * After a failed flush nobody knows what the disk has.  So a failure of any of
 * these steps ends all writing, and the image stays as a crash leaves it.
 */
#include "formats/qcow2_write.h"

static bool is_lazy(const struct dw_qcow2 *q)
{
	return q->h.incompat & DW_QCOW2_INCOMPAT_DIRTY;
}

/* Keeps the first failure. */
static int note_failure(struct dw_qcow2 *q, int rc)
{
	int none = 0;

	if (rc)
		atomic_compare_exchange_strong(&q->w->failed, &none, rc);
	return rc;
}

int dw_qcow2_flush_file(struct dw_qcow2 *q, struct dw_err *err)
{
	int rc = 0;

	if (dw_qcow2_has_data_file(q))
		rc = dw_dev_flush(q->data_file, err);
	if (!rc)
		rc = dw_dev_flush(q->file, err);
	return note_failure(q, rc);
}

/* All known fields lie in the first sector, so that this is one change. */
int dw_qcow2_write_header(struct dw_qcow2 *q, struct dw_err *err)
{
	uint8_t buf[DW_QCOW2_HEADER_LEN];

	dw_qcow2_encode(&q->h, buf);
	return note_failure(q, dw_dev_pwrite(q->file, 0, buf,
					     q->h.version < 3
						? DW_QCOW2_V2_LEN
						: DW_QCOW2_V3_LEN, err));
}

static int write_reftable(struct dw_qcow2 *q, struct dw_err *err)
{
	struct dw_qcow2_table *t = &q->w->reftable;
	int rc;

	rc = dw_qcow2_flush_file(q, err);
	if (!rc)
		rc = dw_qcow2_table_write(q, t, DW_QCOW2_REFTABLE, err);
	if (rc || !q->w->reftable_moved)
		return rc;
	rc = dw_qcow2_flush_file(q, err);
	if (rc)
		return rc;
	q->h.reftable_off = t->off;
	q->h.reftable_clusters_nr = (uint32_t)(t->nr * 8 / q->cluster_len);
	rc = dw_qcow2_write_header(q, err);
	q->w->reftable_moved = rc;
	return rc;
}

int dw_qcow2_write_refs(struct dw_qcow2 *q, struct dw_err *err)
{
	int rc = dw_qcow2_cache_write(q, &q->w->refs, err);

	if (!rc && q->w->reftable.is_dirty)
		rc = write_reftable(q, err);
	return note_failure(q, rc);
}

int dw_qcow2_write_back_l2(struct dw_qcow2 *q, struct dw_err *err)
{
	int rc = q->w->failed;

	if (rc)
		return dw_fail(err, rc, "%s: an earlier write failed",
			       q->file->name);
	rc = is_lazy(q) ? 0 : dw_qcow2_write_refs(q, err);
	if (!rc)
		rc = dw_qcow2_flush_file(q, err);
	if (!rc)
		rc = dw_qcow2_cache_write(q, &q->l2, err);
	return note_failure(q, rc);
}

static int write_tables(struct dw_qcow2 *q, struct dw_err *err)
{
	struct dw_qcow2_table *l1 = &q->w->l1;
	int rc = 0;

	if (q->l2.dirty_nr || l1->is_dirty)
		rc = dw_qcow2_write_back_l2(q, err);
	else if (!is_lazy(q))
		rc = dw_qcow2_write_refs(q, err);
	if (!rc)
		rc = dw_qcow2_table_write(q, l1, DW_QCOW2_L1, err);
	return note_failure(q, rc);
}

int dw_qcow2_commit(struct dw_qcow2 *q, struct dw_err *err)
{
	int rc = q->w->failed;

	if (rc)
		return dw_fail(err, rc, "%s: an earlier write failed",
			       q->file->name);
	rc = write_tables(q, err);
	if (!rc)
		rc = dw_qcow2_flush_file(q, err);
	return rc ? rc : dw_qcow2_free_now(q, err);
}
