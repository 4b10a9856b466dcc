/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Zeros and discards on the disk in a qcow2 image.  Whole clusters are given
 * up and read as zeros: by their flag in version 3, else by being unallocated,
 * which is only as good where there is no backing file.  Subclusters get their
 * bit; the rest is written.
 */

#include "base/checked.h"
#include "formats/qcow2_write.h"

/* Whether whole clusters can read as zeros without having any. */
static bool can_give_up(const struct dw_qcow2 *q)
{
	return q->h.version >= 3 || !q->backing;
}

/* The run at off.  Behind the end of the backing file nothing is backed. */
static int next_run(struct dw_qcow2 *q, uint64_t off, uint64_t len,
		    struct dw_qcow2_run *out, struct dw_err *err)
{
	int rc;

	rc = dw_qcow2_map(q, off, len, out, err);
	if (rc || !out->backed)
		return rc;
	if (off >= q->backing->size)
		out->backed = false;
	else
		out->len = dw_min(out->len, dw_round_up(q->backing->size - off,
							q->cluster_len));
	return 0;
}

static bool reads_zero(const struct dw_qcow2_run *run)
{
	return !run->backed && (run->kind == DW_EXTENT_UNMAPPED ||
				run->kind == DW_EXTENT_ZERO);
}

/* Plain zeros, where the disk does not read so anyway. */
static int write_zeros(struct dw_qcow2 *q, uint64_t off, uint64_t len,
		       struct dw_err *err)
{
	static const uint8_t zeros[65536];
	struct dw_qcow2_run run;
	uint64_t step;
	int rc = 0;

	for (; !rc && len; off += step, len -= step) {
		rc = next_run(q, off, len, &run, err);
		if (rc)
			return rc;
		step = run.len;
		if (!reads_zero(&run)) {
			step = dw_min(step, sizeof(zeros));
			rc = dw_qcow2_write_run(q, off, zeros, step, err);
		}
	}
	return rc;
}

/* The entry of a cluster of zeros that has no place. */
static struct dw_qcow2_entry zero_entry(const struct dw_qcow2 *q)
{
	struct dw_qcow2_entry e = { 0 };

	if (dw_qcow2_has_ext_l2(q))
		e.bitmap = DW_QCOW2_ALL_ZERO;
	else if (q->h.version >= 3)
		e.word = DW_QCOW2_READS_ZERO;
	return e;
}

/* Gives up the clusters in off..off+len that one L2 slice has, as far as they
 * have data; *done says how far that is. */
static int give_up(struct dw_qcow2 *q, uint64_t off, uint64_t len,
		   bool is_discard, uint64_t *done, struct dw_err *err)
{
	uint64_t entry_len = dw_qcow2_has_ext_l2(q) ? 16 : 8;
	uint64_t slice_span = q->l2.slice_len / entry_len * q->cluster_len;
	uint64_t end = dw_min(off + len, dw_round_down(off, slice_span) +
				      slice_span);
	const struct dw_qcow2_entry zero = zero_entry(q);
	struct dw_qcow2_entry old;
	int rc;

	*done = end - off;
	rc = dw_qcow2_make_room(q, err);
	if (!rc)
		rc = dw_qcow2_own_l2(q, off, err);
	for (; !rc && off < end; off += q->cluster_len) {
		rc = dw_qcow2_get_entry(q, off, &old, err);
		if (rc || (old.word == zero.word && old.bitmap == zero.bitmap))
			continue;
		/* What reads as zeros already need not be told so. */
		if (!old.word && !old.bitmap && !q->backing)
			continue;
		rc = dw_qcow2_check_entry(q, &old, err);
		if (!rc)
			rc = dw_qcow2_set_entry(q, off, &zero, err);
		if (!rc)
			dw_qcow2_free_entry(q, &old, is_discard);
	}
	return rc;
}

/* Whole clusters; what has nothing is passed over in long strides. */
static int give_up_range(struct dw_qcow2 *q, uint64_t off, uint64_t len,
			 bool is_discard, struct dw_err *err)
{
	uint64_t done, end = off + len, stop = dw_min(end, q->dev.size);
	struct dw_qcow2_run run;
	int rc = 0;

	for (; !rc && off < end; off += done) {
		rc = next_run(q, off, stop - off, &run, err);
		if (rc)
			return rc;
		done = dw_round_down(run.len, q->cluster_len);
		if (off + run.len == stop)
			done = end - off;
		if (run.kind != DW_EXTENT_UNMAPPED || run.backed || !done)
			rc = give_up(q, off, end - off, is_discard, &done,
				     err);
	}
	return rc;
}

/* Subclusters of one cluster; the cluster keeps its place. */
static int zero_subclusters(struct dw_qcow2 *q, uint64_t off, uint64_t len,
			    struct dw_err *err)
{
	uint32_t sub_len = q->cluster_len / DW_QCOW2_SUBCLUSTERS_NR;
	unsigned first = (unsigned)(off % q->cluster_len / sub_len);
	uint64_t bits = ((UINT64_C(1) << len / sub_len) - 1) << first;
	struct dw_qcow2_entry entry;
	int rc;

	rc = dw_qcow2_make_room(q, err);
	if (!rc)
		rc = dw_qcow2_own_l2(q, off, err);
	if (!rc)
		rc = dw_qcow2_get_entry(q, off, &entry, err);
	if (rc)
		return rc;
	if (entry.word & DW_QCOW2_COMPRESSED)
		return write_zeros(q, off, len, err);
	entry.bitmap &= ~bits;
	entry.bitmap |= bits << DW_QCOW2_SUBCLUSTERS_NR;
	return dw_qcow2_set_entry(q, off, &entry, err);
}

/* Less than a cluster, all of it in one. */
static int zero_part(struct dw_qcow2 *q, uint64_t off, uint64_t len,
		     struct dw_err *err)
{
	uint64_t sub_len = q->cluster_len / DW_QCOW2_SUBCLUSTERS_NR;
	uint64_t start = dw_round_up(off, sub_len);
	uint64_t end = dw_round_down(off + len, sub_len);
	struct dw_qcow2_run run;
	int rc;

	rc = next_run(q, off, len, &run, err);
	if (rc || (run.len >= len && reads_zero(&run)))
		return rc;
	if (!dw_qcow2_has_ext_l2(q) || start >= end)
		return write_zeros(q, off, len, err);
	rc = write_zeros(q, off, start - off, err);
	if (!rc)
		rc = zero_subclusters(q, start, end - start, err);
	return rc ? rc : write_zeros(q, end, off + len - end, err);
}

/* Where the disk's end cuts a cluster, what lies behind it does not count. */
static uint64_t whole_end(const struct dw_qcow2 *q, uint64_t end)
{
	return end == q->dev.size ? dw_round_up(end, q->cluster_len)
				  : dw_round_down(end, q->cluster_len);
}

int dw_qcow2_zero_range(struct dw_qcow2 *q, uint64_t off, uint64_t len,
			struct dw_err *err)
{
	uint64_t start = dw_round_up(off, q->cluster_len), end = off + len;
	uint64_t stop = whole_end(q, end);
	int rc;

	if (dw_qcow2_is_raw_external(q))
		return dw_dev_zero(q->data_file, off, len, err);
	if (!can_give_up(q))
		return write_zeros(q, off, len, err);
	if (start >= end)
		return zero_part(q, off, len, err);
	rc = start > off ? zero_part(q, off, start - off, err) : 0;
	if (!rc && start < stop)
		rc = give_up_range(q, start, stop - start, false, err);
	if (!rc && stop < end)
		rc = zero_part(q, stop, end - stop, err);
	return rc;
}

int dw_qcow2_zero(struct dw_dev *dev, uint64_t off, uint64_t len,
		  struct dw_err *err)
{
	struct dw_qcow2 *q = (struct dw_qcow2 *)dev;
	int rc;

	rc = dw_qcow2_lock(q, err);
	if (rc)
		return rc;
	rc = dw_qcow2_zero_range(q, off, len, err);
	dw_qcow2_unlock(q);
	return rc;
}

/* Whole clusters only: the rest is not worth a change. */
int dw_qcow2_discard(struct dw_dev *dev, uint64_t off, uint64_t len,
		     struct dw_err *err)
{
	struct dw_qcow2 *q = (struct dw_qcow2 *)dev;
	uint64_t start = dw_round_up(off, q->cluster_len);
	uint64_t stop = whole_end(q, off + len);
	int rc;

	if (start >= stop || !can_give_up(q))
		return 0;
	rc = dw_qcow2_lock(q, err);
	if (rc)
		return rc;
	if (dw_qcow2_is_raw_external(q))
		rc = dw_dev_zero(q->data_file, start,
				 dw_min(stop, dev->size) - start, err);
	else
		rc = give_up_range(q, start, stop - start, true, err);
	dw_qcow2_unlock(q);
	return rc;
}
