/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing to the disk in a qcow2 image.
 *
 * Bytes whose cluster is the image's own go there, several threads at once.
 * Everything else changes tables and is done by one thread alone, so that
 * nobody reads from or writes to a place while it is given up: whole clusters
 * in runs (write_whole), anything less by itself (write_part).
 */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "formats/qcow2_write.h"

#define SUBCLUSTERS_NR 32u
#define ALL_ALLOCATED UINT64_C(0xffffffff)

int dw_qcow2_lock(struct dw_qcow2 *q, struct dw_err *err)
{
	int rc = 0;

	pthread_rwlock_wrlock(&q->io_lock);
	if (!q->w->begun)
		rc = dw_qcow2_begin(q, err);
	if (!rc && q->w->failed)
		rc = dw_fail(err, q->w->failed, "%s: an earlier write failed, "
			     "no more is written", q->dev.name);
	if (rc)
		pthread_rwlock_unlock(&q->io_lock);
	return rc;
}

void dw_qcow2_unlock(struct dw_qcow2 *q)
{
	pthread_rwlock_unlock(&q->io_lock);
}

/* A place in the file that takes data: counted once, no metadata. */
static int check_place(struct dw_qcow2 *q, uint64_t off, uint64_t len,
		       struct dw_err *err)
{
	uint64_t first = off / q->cluster_len;
	uint64_t last = (off + len - 1) / q->cluster_len;
	int rc;

	if (dw_qcow2_has_data_file(q))
		return 0;
	rc = dw_qcow2_check_no_meta(q, off, len, err);
	return rc ? rc : dw_qcow2_check_used(q, first, last - first + 1, true,
					     err);
}

/* Writes what needs no change of a table, from the start of buf on: *done
 * bytes, none where the first ones need one. */
static int write_in_place(struct dw_qcow2 *q, uint64_t off, const void *buf,
			  size_t len, size_t *done, struct dw_err *err)
{
	struct dw_qcow2_run run;
	int rc;

	*done = 0;
	rc = dw_qcow2_map(q, off, len, &run, err);
	if (rc || run.kind != DW_EXTENT_DATA || !run.owned)
		return rc;
	pthread_mutex_lock(&q->lock);
	rc = check_place(q, run.host_off, run.len, err);
	pthread_mutex_unlock(&q->lock);
	if (!rc)
		rc = dw_dev_pwrite(q->data_file, run.host_off, buf, run.len,
				   err);
	*done = run.len;
	return rc;
}

int dw_qcow2_make_room(struct dw_qcow2 *q, struct dw_err *err)
{
	/* A compressed cluster touches at most two; then a few tables. */
	unsigned need = 2 * (q->l2.slice_len / 8) + 8;

	if (q->w->freed_nr + need <= DW_QCOW2_FREED_MAX)
		return 0;
	return dw_qcow2_commit(q, err);
}

/* Fills a new L2 table with what the old one has, which a snapshot keeps. */
static int copy_l2(struct dw_qcow2 *q, uint64_t from, uint64_t to,
		   struct dw_err *err)
{
	int rc;

	rc = dw_dev_pread(q->file, from, q->w->bounce, q->cluster_len, err);
	return rc ? rc : dw_dev_pwrite(q->file, to, q->w->bounce,
				       q->cluster_len, err);
}

int dw_qcow2_own_l2(struct dw_qcow2 *q, uint64_t off, struct dw_err *err)
{
	uint64_t i = off / dw_qcow2_l2_span(&q->h);
	uint64_t old = q->l1[i] & DW_QCOW2_OFF_MASK, new;
	struct dw_qcow2_taken a;
	int rc;

	if (old) {
		rc = dw_qcow2_check_used(q, old / q->cluster_len, 1,
					 q->l1[i] & DW_QCOW2_COPIED, err);
		if (rc || q->l1[i] & DW_QCOW2_COPIED)
			return rc;
	}
	rc = dw_qcow2_alloc_meta(q, 1, DW_QCOW2_L2, &a, err);
	if (rc)
		return rc;
	new = a.first * q->cluster_len;
	rc = old ? copy_l2(q, old, new, err) : dw_qcow2_zero_new(q, &a, err);
	if (rc) {
		dw_qcow2_unalloc(q, a.first, 1);
		return rc;
	}
	if (old) {
		dw_qcow2_meta_remove(q, old / q->cluster_len, 1);
		dw_qcow2_free_later(q, old / q->cluster_len, 1, false);
	}
	dw_qcow2_table_set(&q->w->l1, i, new | DW_QCOW2_COPIED);
	return 0;
}

/* The clusters of the file that an entry names. */
static void clusters_of(struct dw_qcow2 *q, const struct dw_qcow2_entry *entry,
			uint64_t *first, uint64_t *nr)
{
	uint64_t off, end;

	*first = *nr = 0;
	if (dw_qcow2_has_data_file(q))
		return;
	if (entry->word & DW_QCOW2_COMPRESSED) {
		dw_qcow2_compressed_place(&q->h, entry->word, &off, &end);
		*first = off / q->cluster_len;
		*nr = (end - 1) / q->cluster_len - *first + 1;
	} else if (entry->word & DW_QCOW2_OFF_MASK) {
		*first = (entry->word & DW_QCOW2_OFF_MASK) / q->cluster_len;
		*nr = 1;
	}
}

int dw_qcow2_check_entry(struct dw_qcow2 *q,
			 const struct dw_qcow2_entry *entry,
			 struct dw_err *err)
{
	uint64_t first, nr;
	int rc;

	clusters_of(q, entry, &first, &nr);
	if (!nr)
		return 0;
	rc = dw_qcow2_check_no_meta(q, first * q->cluster_len,
				    nr * q->cluster_len, err);
	return rc ? rc : dw_qcow2_check_used(q, first, nr, false, err);
}

void dw_qcow2_free_entry(struct dw_qcow2 *q,
			 const struct dw_qcow2_entry *entry, bool is_discard)
{
	uint64_t first, nr;

	clusters_of(q, entry, &first, &nr);
	if (nr)
		dw_qcow2_free_later(q, first, nr, is_discard);
}

/* Whether the cluster that an entry names may be written where it lies. */
static bool is_owned(const struct dw_qcow2 *q, const struct dw_qcow2_entry *e)
{
	return !(e->word & DW_QCOW2_COMPRESSED) &&
	       e->word & DW_QCOW2_COPIED && dw_qcow2_has_cluster(q, e->word);
}

/* How many of the nr clusters from off on, all of one L2 slice, need a new
 * place; those that follow the first one. */
static int count_unowned(struct dw_qcow2 *q, uint64_t off, uint64_t nr,
			 uint64_t *out, struct dw_err *err)
{
	struct dw_qcow2_entry entry;
	int rc = 0;

	for (*out = 0; *out < nr; ++*out) {
		rc = dw_qcow2_get_entry(q, off + *out * q->cluster_len, &entry,
					err);
		if (rc || is_owned(q, &entry))
			break;
		rc = dw_qcow2_check_entry(q, &entry, err);
		if (rc)
			break;
	}
	return rc;
}

/* Makes the entry of a cluster one that names host_off; what it named before
 * is given up. */
static int point(struct dw_qcow2 *q, uint64_t off, uint64_t host_off,
		 uint64_t bitmap, struct dw_err *err)
{
	struct dw_qcow2_entry old, new = {
		.word = host_off | DW_QCOW2_COPIED, .bitmap = bitmap,
	};
	int rc;

	rc = dw_qcow2_get_entry(q, off, &old, err);
	if (!rc)
		rc = dw_qcow2_set_entry(q, off, &new, err);
	if (!rc && !(is_owned(q, &old) &&
		     (old.word & DW_QCOW2_OFF_MASK) == host_off))
		dw_qcow2_free_entry(q, &old, false);
	return rc;
}

/* Whole clusters that need a place: as many as one L2 slice and one run of
 * free clusters take.  *done is 0 where the first one has a place. */
static int write_whole(struct dw_qcow2 *q, uint64_t off, const void *buf,
		       uint64_t nr, size_t *done, struct dw_err *err)
{
	uint64_t entry_len = dw_qcow2_has_ext_l2(q) ? 16 : 8;
	uint64_t slice_nr = q->l2.slice_len / entry_len, i;
	struct dw_qcow2_taken a;
	int rc;

	*done = 0;
	nr = dw_min(nr, slice_nr - off / q->cluster_len % slice_nr);
	rc = count_unowned(q, off, nr, &nr, err);
	if (rc || !nr)
		return rc;
	rc = dw_qcow2_alloc(q, 1, nr, &a, err);
	if (rc)
		return rc;
	rc = dw_dev_pwrite(q->file, a.first * q->cluster_len, buf,
			   a.nr * q->cluster_len, err);
	for (i = 0; !rc && i < a.nr; i++) {
		rc = point(q, off + i * q->cluster_len,
			   (a.first + i) * q->cluster_len, ALL_ALLOCATED, err);
		if (!rc)
			*done += q->cluster_len;
	}
	if (rc)
		dw_qcow2_unalloc(q, a.first + *done / q->cluster_len,
				 a.nr - *done / q->cluster_len);
	return rc;
}

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
		return ALL_ALLOCATED;
	for (unit = 0; unit < SUBCLUSTERS_NR; unit++) {
		if (!is_written(p, unit))
			continue;
		bitmap |= UINT64_C(1) << unit;
		bitmap &= ~(UINT64_C(1) << (unit + SUBCLUSTERS_NR));
	}
	return bitmap;
}

/* Chooses where the cluster is to lie. */
static int choose_place(struct dw_qcow2 *q, struct part *p, struct dw_err *err)
{
	struct dw_qcow2_taken a;
	int rc;

	p->has_place = is_owned(q, &p->old);
	p->host_off = p->old.word & DW_QCOW2_OFF_MASK;
	if (dw_qcow2_has_data_file(q)) {
		p->host_off = p->off;
		return 0;
	}
	if (p->has_place)
		return check_place(q, p->host_off, q->cluster_len, err);
	rc = dw_qcow2_check_entry(q, &p->old, err);
	if (!rc)
		rc = dw_qcow2_alloc(q, 1, 1, &a, err);
	if (rc)
		return rc;
	p->host_off = a.first * q->cluster_len;
	p->is_fresh = a.is_fresh;
	return 0;
}

static int write_part(struct dw_qcow2 *q, uint64_t off, const void *buf,
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
		p.unit_len /= SUBCLUSTERS_NR;
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
		rc = point(q, p.off, p.host_off, new_bitmap(q, &p), err);
	if (rc && !p.has_place && !dw_qcow2_has_data_file(q))
		dw_qcow2_unalloc(q, p.host_off / q->cluster_len, 1);
	return rc;
}

/* Writes some bytes from the start of buf on, changing tables. */
static int write_some(struct dw_qcow2 *q, uint64_t off, const void *buf,
		      size_t len, size_t *done, struct dw_err *err)
{
	uint32_t in_off = (uint32_t)(off % q->cluster_len);
	int rc;

	*done = 0;
	rc = dw_qcow2_make_room(q, err);
	if (!rc)
		rc = dw_qcow2_own_l2(q, off, err);
	if (!rc && !in_off && len >= q->cluster_len &&
	    !dw_qcow2_has_data_file(q))
		rc = write_whole(q, off, buf, len / q->cluster_len, done, err);
	if (rc || *done)
		return rc;
	*done = dw_min(len, q->cluster_len - in_off);
	return write_part(q, off, buf, (uint32_t)*done, err);
}

/* The same, where clusters that wait to become free may be what is missing. */
static int write_or_wait(struct dw_qcow2 *q, uint64_t off, const void *buf,
			 size_t len, size_t *done, struct dw_err *err)
{
	int rc = write_some(q, off, buf, len, done, err);

	if (rc != DW_NOSPACE || !q->w->freed_nr)
		return rc;
	rc = dw_qcow2_commit(q, err);
	return rc ? rc : write_some(q, off, buf, len, done, err);
}

int dw_qcow2_write_run(struct dw_qcow2 *q, uint64_t off, const void *buf,
		       size_t len, struct dw_err *err)
{
	const uint8_t *p = buf;
	size_t done;
	int rc;

	for (; len; off += done, p += done, len -= done) {
		rc = write_in_place(q, off, p, len, &done, err);
		if (!rc && !done)
			rc = write_or_wait(q, off, p, len, &done, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Alone, whatever the bytes need. */
static int write_alone(struct dw_qcow2 *q, uint64_t off, const void *buf,
		       size_t len, size_t *done, struct dw_err *err)
{
	int rc;

	rc = dw_qcow2_lock(q, err);
	if (rc)
		return rc;
	rc = write_in_place(q, off, buf, len, done, err);
	if (!rc && !*done)
		rc = write_or_wait(q, off, buf, len, done, err);
	dw_qcow2_unlock(q);
	return rc;
}

int dw_qcow2_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
		    size_t len, struct dw_err *err)
{
	struct dw_qcow2 *q = (struct dw_qcow2 *)dev;
	const uint8_t *p = buf;
	size_t done;
	int rc = 0;

	for (; !rc && len; off += done, p += done, len -= done) {
		done = 0;
		pthread_rwlock_rdlock(&q->io_lock);
		if (q->w->begun && !q->w->failed)
			rc = write_in_place(q, off, p, len, &done, err);
		pthread_rwlock_unlock(&q->io_lock);
		if (!rc && !done)
			rc = write_alone(q, off, p, len, &done, err);
	}
	return rc;
}
