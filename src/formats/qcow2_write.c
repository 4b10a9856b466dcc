/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing to the disk in a qcow2 image.
 *
 * Bytes whose cluster is the image's own go there, several threads at once.
 * Everything else changes tables and is done by one thread alone, so that
 * nobody reads from or writes to a place while it is given up: whole clusters
 * in runs (write_whole), anything less by itself (write_part).
 */
#include "base/checked.h"
#include "formats/qcow2_write.h"

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
	rc = dw_qcow2_check_place(q, run.host_off, run.len, err);
	pthread_mutex_unlock(&q->lock);
	if (!rc)
		rc = dw_dev_pwrite(q->data_file, run.host_off, buf, run.len,
				   err);
	*done = run.len;
	return rc;
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
		if (rc || dw_qcow2_is_owned(q, &entry))
			break;
		rc = dw_qcow2_check_entry(q, &entry, err);
		if (rc)
			break;
	}
	return rc;
}

/* Whole clusters that need a place: as many as one L2 slice and one run of
 * free clusters take.  *done is 0 where the first one has a place. */
static int write_whole(struct dw_qcow2 *q, uint64_t off, const void *buf,
		       uint64_t nr, size_t *done, struct dw_err *err)
{
	uint64_t entry_len = dw_qcow2_has_ext_l2(q) ? 16 : 8;
	uint64_t slice_nr = q->l2.slice_len / entry_len;
	uint64_t len = q->cluster_len, i = 0;
	struct dw_qcow2_taken a;
	int rc;

	*done = 0;
	nr = dw_min(nr, slice_nr - off / len % slice_nr);
	rc = count_unowned(q, off, nr, &nr, err);
	if (rc || !nr)
		return rc;
	rc = dw_qcow2_alloc(q, 1, nr, &a, err);
	if (rc)
		return rc;
	rc = dw_dev_pwrite(q->file, a.first * len, buf, a.nr * len, err);
	while (!rc && i < a.nr) {
		rc = dw_qcow2_point(q, off + i * len, (a.first + i) * len,
				    DW_QCOW2_ALL_ALLOCATED, err);
		i += !rc;
	}
	*done = i * len;
	if (rc)
		dw_qcow2_unalloc(q, a.first + i, a.nr - i);
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
	return dw_qcow2_write_part(q, off, buf, (uint32_t)*done, err);
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
