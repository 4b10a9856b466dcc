/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing a part of one cluster of a qcow2 disk: in the place that it has, or
 * in a new one.  What is not written comes along as far as it has to.
 */
#include "base/checked.h"
#include "formats/qcow2_write.h"

/* One cluster that is written in part. */
struct part {
	uint64_t off;			/* of its first byte on the disk */
	uint32_t start, end;		/* what is written, in the cluster */
	uint32_t unit_len;		/* a cluster or a subcluster */
	struct dw_qcow2_entry old;
	bool has_place;			/* which it keeps */
	uint64_t host_off;
	bool is_fresh;
};

/* Whether a unit of the cluster has bytes of its own. */
static bool has_data(const struct dw_qcow2 *q, const struct part *p,
		     uint32_t unit)
{
	if (p->old.word & DW_QCOW2_COMPRESSED)
		return true;
	if (dw_qcow2_has_ext_l2(q))
		return p->old.bitmap >> unit & 1;
	return dw_qcow2_has_cluster(q, p->old.word) &&
	       !(p->old.word & DW_QCOW2_READS_ZERO);
}

static bool is_written(const struct part *p, uint32_t unit)
{
	return p->start < (unit + 1) * p->unit_len &&
	       unit * p->unit_len < p->end;
}

/* Zeros at 'at' of the cluster's new place. */
static int fill_zeros(struct dw_qcow2 *q, const struct part *p, uint32_t at,
		      uint64_t len, struct dw_err *err)
{
	if (p->is_fresh)
		return 0;
	return dw_dev_zero(q->data_file, p->host_off + at, len, err);
}

/* Copies what the disk has in start..end of the cluster to its new place. */
static int fill(struct dw_qcow2 *q, const struct part *p, uint32_t start,
		uint32_t end, struct dw_err *err)
{
	/* The last cluster may pass the end of the disk. */
	uint64_t stop = dw_min(end, q->dev.size - p->off), at, len;
	struct dw_qcow2_run run;
	int rc = 0;

	for (at = start; !rc && at < stop; at += len) {
		rc = dw_qcow2_map(q, p->off + at, stop - at, &run, err);
		if (rc)
			break;
		len = run.len;
		if (!run.backed && (run.kind == DW_EXTENT_UNMAPPED ||
				    run.kind == DW_EXTENT_ZERO)) {
			rc = fill_zeros(q, p, (uint32_t)at, len, err);
			continue;
		}
		rc = dw_qcow2_read_range(q, p->off + at, q->w->bounce, len,
					 err);
		if (!rc)
			rc = dw_dev_pwrite(q->data_file, p->host_off + at,
					   q->w->bounce, len, err);
	}
	if (!rc && stop < end && !dw_qcow2_has_data_file(q))
		rc = fill_zeros(q, p, (uint32_t)dw_max(start, stop),
				end - dw_max(start, stop), err);
	return rc;
}

/* The parts of units around what is written that have to come along: where
 * the cluster moves all that has data, and always the rest of a unit that
 * gets data only now. */
static int fill_around(struct dw_qcow2 *q, const struct part *p,
		       struct dw_err *err)
{
	uint32_t unit, start, end, nr = q->cluster_len / p->unit_len;
	int rc = 0;

	for (unit = 0; !rc && unit < nr; unit++) {
		if (has_data(q, p, unit) ? p->has_place : !is_written(p, unit))
			continue;
		start = unit * p->unit_len;
		end = start + p->unit_len;
		if (!is_written(p, unit)) {
			rc = fill(q, p, start, end, err);
			continue;
		}
		if (start < p->start)
			rc = fill(q, p, start, p->start, err);
		if (!rc && p->end < end)
			rc = fill(q, p, p->end, end, err);
	}
	return rc;
}

/* The bitmap of the cluster once it is written: 0 without subclusters. */
static uint64_t new_bitmap(const struct dw_qcow2 *q, const struct part *p)
{
	uint64_t bitmap = p->old.bitmap;
	uint32_t unit;

	if (!dw_qcow2_has_ext_l2(q))
		return 0;
	if (p->old.word & DW_QCOW2_COMPRESSED)
		return DW_QCOW2_ALL_ALLOCATED;
	for (unit = 0; unit < DW_QCOW2_SUBCLUSTERS_NR; unit++) {
		if (!is_written(p, unit))
			continue;
		bitmap |= UINT64_C(1) << unit;
		bitmap &= ~(UINT64_C(1) << (unit + DW_QCOW2_SUBCLUSTERS_NR));
	}
	return bitmap;
}

/* Chooses where the cluster is to lie. */
static int choose_place(struct dw_qcow2 *q, struct part *p, struct dw_err *err)
{
	struct dw_qcow2_taken a;
	int rc;

	p->has_place = dw_qcow2_is_owned(q, &p->old);
	p->host_off = p->old.word & DW_QCOW2_OFF_MASK;
	if (dw_qcow2_has_data_file(q)) {
		p->host_off = p->off;
		return 0;
	}
	if (p->has_place)
		return dw_qcow2_check_place(q, p->host_off, q->cluster_len,
					    err);
	rc = dw_qcow2_check_entry(q, &p->old, err);
	if (!rc)
		rc = dw_qcow2_alloc(q, 1, 1, &a, err);
	if (rc)
		return rc;
	p->host_off = a.first * q->cluster_len;
	p->is_fresh = a.is_fresh;
	return 0;
}

int dw_qcow2_write_part(struct dw_qcow2 *q, uint64_t off, const void *buf,
			uint32_t len, struct dw_err *err)
{
	struct part p = {
		.off = dw_round_down(off, q->cluster_len),
		.start = (uint32_t)(off % q->cluster_len),
		.end = (uint32_t)(off % q->cluster_len) + len,
		.unit_len = q->cluster_len,
	};
	int rc;

	if (dw_qcow2_has_ext_l2(q))
		p.unit_len /= DW_QCOW2_SUBCLUSTERS_NR;
	rc = dw_qcow2_get_entry(q, off, &p.old, err);
	if (!rc)
		rc = choose_place(q, &p, err);
	if (rc)
		return rc;
	rc = fill_around(q, &p, err);
	if (!rc)
		rc = dw_dev_pwrite(q->data_file, p.host_off + p.start, buf,
				   len, err);
	if (!rc)
		rc = dw_qcow2_point(q, p.off, p.host_off, new_bitmap(q, &p),
				    err);
	if (rc && !p.has_place && !dw_qcow2_has_data_file(q))
		dw_qcow2_unalloc(q, p.host_off / q->cluster_len, 1);
	return rc;
}
