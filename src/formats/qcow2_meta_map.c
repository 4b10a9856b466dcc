/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which clusters of a qcow2 file hold metadata, so that nothing else is ever
 * written there, whatever the refcounts and the tables of an image say. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/checked.h"
#include "formats/qcow2_meta.h"
#include "formats/qcow2_write.h"

static const char *const names[] = {
	[DW_QCOW2_NO_META] = "nothing",
	[DW_QCOW2_HEADER] = "the header",
	[DW_QCOW2_L1] = "the L1 table",
	[DW_QCOW2_L2] = "an L2 table",
	[DW_QCOW2_REFTABLE] = "the refcount table",
	[DW_QCOW2_REFBLOCK] = "a refcount block",
	[DW_QCOW2_SNAPSHOTS] = "the snapshot table",
	[DW_QCOW2_SNAPSHOT_L1] = "the L1 table of a snapshot",
};

int dw_qcow2_meta_add(struct dw_qcow2 *q, uint64_t first, uint64_t nr,
		      enum dw_qcow2_meta kind, struct dw_err *err)
{
	uint64_t at, there;
	int rc;

	for (at = first; at < first + nr; at++) {
		there = dw_radix_get(&q->w->meta, at);
		if (there)
			return dw_fail(err, DW_CORRUPT,
				       "qcow2: %s at %" PRIu64 " overlaps %s",
				       names[kind], at * q->cluster_len,
				       names[there]);
		rc = dw_radix_set(&q->w->meta, at, kind, err);
		if (rc)
			return rc;
	}
	return 0;
}

void dw_qcow2_meta_remove(struct dw_qcow2 *q, uint64_t first, uint64_t nr)
{
	uint64_t at;

	/* Setting 0 never fails. */
	for (at = first; at < first + nr; at++)
		dw_radix_set(&q->w->meta, at, DW_QCOW2_NO_META, NULL);
}

int dw_qcow2_check_no_meta(struct dw_qcow2 *q, uint64_t off, uint64_t len,
			   struct dw_err *err)
{
	uint64_t found, kind;

	if (!dw_radix_next(&q->w->meta, off / q->cluster_len, &found, &kind) ||
	    found * q->cluster_len >= off + len)
		return 0;
	return dw_fail(err, DW_CORRUPT,
		       "qcow2: data of %" PRIu64 " bytes at %" PRIu64
		       " would overwrite %s at %" PRIu64, len, off, names[kind],
		       found * q->cluster_len);
}

int dw_qcow2_check_meta(struct dw_qcow2 *q, uint64_t off,
			enum dw_qcow2_meta kind, struct dw_err *err)
{
	uint64_t there = dw_radix_get(&q->w->meta, off / q->cluster_len);

	if (there == kind)
		return 0;
	return dw_fail(err, DW_CORRUPT,
		       "qcow2: %s at %" PRIu64 " would overwrite %s",
		       names[kind], off, names[there]);
}

/* A table that the header or a snapshot names. */
static int add_table(struct dw_qcow2 *q, uint64_t off, uint64_t len,
		     enum dw_qcow2_meta kind, struct dw_err *err)
{
	if (!len)
		return 0;
	if (off % q->cluster_len || !dw_in_range(off, len, q->file->size))
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: %s of %" PRIu64 " bytes at %" PRIu64
			       " in a file of %" PRIu64 " bytes", names[kind],
			       len, off, q->file->size);
	return dw_qcow2_meta_add(q, off / q->cluster_len,
				 dw_div_up(len, q->cluster_len), kind, err);
}

static int add_snapshots(struct dw_qcow2 *q, struct dw_err *err)
{
	struct dw_qcow2_snapshots list;
	uint64_t len;
	size_t i;
	int rc;

	rc = dw_qcow2_snapshots_read(q->file, &q->h, &list, err);
	if (rc)
		goto out;
	/* The file may end before the padding of the last entry. */
	len = dw_min(list.table_len, q->file->size - q->h.snapshots_off);
	rc = add_table(q, q->h.snapshots_off, list.nr ? len : 0,
		       DW_QCOW2_SNAPSHOTS, err);
	for (i = 0; !rc && i < list.nr; i++)
		rc = add_table(q, list.items[i].l1_off,
			       (uint64_t)list.items[i].l1_nr * 8,
			       DW_QCOW2_SNAPSHOT_L1, err);
out:
	dw_qcow2_snapshots_free(&list);
	return rc;
}

/* What the entries of a table name: a cluster each. */
static int add_named(struct dw_qcow2 *q, const struct dw_qcow2_table *t,
		     uint64_t mask, enum dw_qcow2_meta kind,
		     struct dw_err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < t->nr; i++)
		if (t->entries[i] & mask)
			rc = add_table(q, t->entries[i] & mask, q->cluster_len,
				       kind, err);
	return rc;
}

int dw_qcow2_meta_load(struct dw_qcow2 *q, struct dw_err *err)
{
	struct dw_qcow2_writer *w = q->w;
	int rc;

	rc = dw_qcow2_meta_add(q, 0, 1, DW_QCOW2_HEADER, err);
	if (!rc)
		rc = add_table(q, w->l1.off, w->l1.nr * 8, DW_QCOW2_L1, err);
	if (!rc)
		rc = add_table(q, w->reftable.off, w->reftable.nr * 8,
			       DW_QCOW2_REFTABLE, err);
	if (!rc)
		rc = add_snapshots(q, err);
	/* Bits 0 to 8 of a refcount table's entry are reserved. */
	if (!rc)
		rc = add_named(q, &w->reftable, ~UINT64_C(0x1ff),
			       DW_QCOW2_REFBLOCK, err);
	if (!rc)
		rc = add_named(q, &w->l1, DW_QCOW2_OFF_MASK, DW_QCOW2_L2, err);
	return rc;
}
