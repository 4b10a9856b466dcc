/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making the disk in a qcow2 image larger.
 *
 * The header names L1 and the size, so that each becomes real by one write of
 * it: first a longer L1 where the size needs it, then whatever the tables
 * hold behind the old end is made to read as zeros, then the size.  A crash
 * in between leaves the disk as it was.
 */
#include <inttypes.h>

#include "base/checked.h"
#include "formats/qcow2_write.h"

/* Durable tables, then a header that says what q->h says, durable too. */
static int publish(struct dw_qcow2 *q, struct dw_err *err)
{
	int rc;

	rc = dw_qcow2_write_header(q, err);
	return rc ? rc : dw_qcow2_flush_file(q, err);
}

static int grow_l1(struct dw_qcow2 *q, uint64_t nr, struct dw_err *err)
{
	struct dw_qcow2_table *l1 = &q->w->l1;
	uint64_t old_nr = dw_div_up((uint64_t)q->h.l1_nr * 8, q->cluster_len);
	uint64_t old_first = q->h.l1_off / q->cluster_len;
	struct dw_qcow2_taken a;
	int rc;

	rc = dw_qcow2_commit(q, err);
	if (!rc)
		rc = dw_qcow2_alloc_meta(q, dw_div_up(nr * 8, q->cluster_len),
					 DW_QCOW2_L1, &a, err);
	if (rc)
		return rc;
	rc = dw_qcow2_table_grow(l1, nr, err);
	q->l1 = l1->entries;
	if (rc)
		return rc;
	dw_qcow2_table_move(l1, a.first * q->cluster_len);
	/* Nothing on disk names the new table before the header does. */
	rc = dw_qcow2_commit(q, err);
	if (rc)
		return rc;
	q->h.l1_off = l1->off;
	q->h.l1_nr = (uint32_t)nr;
	rc = publish(q, err);
	if (rc || !old_nr)
		return rc;
	dw_qcow2_meta_remove(q, old_first, old_nr);
	dw_qcow2_free_later(q, old_first, old_nr, false);
	return 0;
}

static int check_size(struct dw_qcow2 *q, uint64_t size, struct dw_err *err)
{
	uint64_t nr = dw_div_up(size, dw_qcow2_l2_span(&q->h));

	if (size < q->dev.size)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: a qcow2 image cannot be made smaller (from "
			       "%" PRIu64 " to %" PRIu64 " bytes)", q->dev.name,
			       q->dev.size, size);
	/* Their entries in version 2 do not say how large the disk was. */
	if (q->h.version < 3 && q->h.snapshots_nr)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: a qcow2 image of version 2 that has "
			       "snapshots cannot be resized", q->dev.name);
	if (size > INT64_MAX || size % 512)
		return dw_fail(err, DW_USAGE, "%s: %" PRIu64 " bytes are no "
			       "size of a disk", q->dev.name, size);
	if (nr > DW_QCOW2_L1_MAX_LEN / 8)
		return dw_fail(err, DW_LIMIT,
			       "%s: %" PRIu64 " bytes need larger clusters than"
			       " %" PRIu32, q->dev.name, size, q->cluster_len);
	return 0;
}

/* What lies behind the old end: rests of a last cluster, of states of a
 * machine, or of the backing file. */
static int clear_behind(struct dw_qcow2 *q, uint64_t old_size,
			struct dw_err *err)
{
	return dw_qcow2_zero_range(q, old_size, q->dev.size - old_size, err);
}

static int grow(struct dw_qcow2 *q, uint64_t size, struct dw_err *err)
{
	uint64_t nr = dw_div_up(size, dw_qcow2_l2_span(&q->h));
	uint64_t old_size = q->dev.size, old_nr = q->l1_nr;
	int rc = 0;

	if (nr > q->h.l1_nr)
		rc = grow_l1(q, nr, err);
	if (!rc && dw_qcow2_has_data_file(q) && size > q->data_file->size)
		rc = dw_dev_resize(q->data_file, size, err);
	if (rc)
		return rc;
	q->l1_nr = nr;
	q->dev.size = size;
	rc = clear_behind(q, old_size, err);
	if (!rc)
		rc = dw_qcow2_commit(q, err);
	if (!rc) {
		q->h.size = size;
		rc = publish(q, err);
	}
	if (rc) {
		q->l1_nr = old_nr;
		q->dev.size = old_size;
	}
	return rc;
}

int dw_qcow2_resize(struct dw_dev *dev, uint64_t size, struct dw_err *err)
{
	struct dw_qcow2 *q = (struct dw_qcow2 *)dev;
	int rc;

	rc = check_size(q, size, err);
	if (!rc)
		rc = dw_qcow2_lock(q, err);
	if (rc)
		return rc;
	rc = grow(q, size, err);
	dw_qcow2_unlock(q);
	return rc;
}
