/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The virtual disk of a qcow2 image as a block device. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/qcow2_write.h"

/* A backing disk that is shorter goes on with zeros. */
static int read_backing(struct dw_qcow2 *q, uint64_t off, uint8_t *buf,
			uint64_t len, struct dw_err *err)
{
	uint64_t there = 0;

	if (off < q->backing->size)
		there = dw_min(len, q->backing->size - off);
	memset(buf + there, 0, len - there);
	return dw_dev_pread(q->backing, there ? off : 0, buf, there, err);
}

static int read_run(struct dw_qcow2 *q, const struct dw_qcow2_run *run,
		    uint64_t off, void *buf, struct dw_err *err)
{
	if (run->backed)
		return read_backing(q, off, buf, run->len, err);
	switch (run->kind) {
	case DW_EXTENT_DATA:
		return dw_dev_pread(q->data_file, run->host_off, buf, run->len,
				    err);
	case DW_EXTENT_COMPRESSED:
		return dw_qcow2_read_compressed(q, run,
						(uint32_t)(off % q->cluster_len),
						buf, (uint32_t)run->len, err);
	default:
		memset(buf, 0, run->len);
		return 0;
	}
}

/* What the file below says has the name in it already. */
static int say_where(struct dw_dev *dev, int rc, struct dw_err *err)
{
	return rc == DW_CORRUPT ? dw_err_prefix(err, rc, "%s", dev->name) : rc;
}

int dw_qcow2_read_range(struct dw_qcow2 *q, uint64_t off, void *buf,
			uint64_t len, struct dw_err *err)
{
	struct dw_qcow2_run run;
	uint8_t *p = buf;
	int rc;

	/* It ends because a run is never empty. */
	while (len) {
		rc = dw_qcow2_map(q, off, len, &run, err);
		if (!rc)
			rc = read_run(q, &run, off, p, err);
		if (rc)
			return rc;
		p += run.len;
		off += run.len;
		len -= run.len;
	}
	return 0;
}

/* No cluster is given up while somebody reads it. */
static void lock_shared(struct dw_qcow2 *q)
{
	if (q->w)
		pthread_rwlock_rdlock(&q->io_lock);
}

static void unlock_shared(struct dw_qcow2 *q)
{
	if (q->w)
		pthread_rwlock_unlock(&q->io_lock);
}

static int qcow2_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		       struct dw_err *err)
{
	struct dw_qcow2 *q = (struct dw_qcow2 *)dev;
	int rc;

	lock_shared(q);
	rc = dw_qcow2_read_range(q, off, buf, len, err);
	unlock_shared(q);
	return say_where(dev, rc, err);
}

static int qcow2_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
			size_t len, struct dw_err *err)
{
	return say_where(dev, dw_qcow2_pwrite(dev, off, buf, len, err), err);
}

static int qcow2_zero(struct dw_dev *dev, uint64_t off, uint64_t len,
		      struct dw_err *err)
{
	return say_where(dev, dw_qcow2_zero(dev, off, len, err), err);
}

static int qcow2_discard(struct dw_dev *dev, uint64_t off, uint64_t len,
			 struct dw_err *err)
{
	return say_where(dev, dw_qcow2_discard(dev, off, len, err), err);
}

static int qcow2_resize(struct dw_dev *dev, uint64_t size, struct dw_err *err)
{
	return say_where(dev, dw_qcow2_resize(dev, size, err), err);
}

static int qcow2_flush(struct dw_dev *dev, struct dw_err *err)
{
	struct dw_qcow2 *q = (struct dw_qcow2 *)dev;
	int rc = 0;

	if (!q->w)
		return 0;
	pthread_rwlock_wrlock(&q->io_lock);
	if (q->w->begun)
		rc = dw_qcow2_commit(q, err);
	pthread_rwlock_unlock(&q->io_lock);
	return say_where(dev, rc, err);
}

/* A hole of the file is an allocated cluster that reads as zeros. */
static int extent_of_data(struct dw_qcow2 *q, const struct dw_qcow2_run *run,
			  struct dw_extent *out, struct dw_err *err)
{
	uint64_t off = out->off;
	int rc;

	rc = dw_dev_extent(q->data_file, run->host_off, run->len, out, err);
	if (rc)
		return rc;
	out->off = off;
	if (out->kind == DW_EXTENT_UNMAPPED)
		out->kind = DW_EXTENT_ZERO;
	return 0;
}

/* The chain is one disk: what is not here is what lies below. */
static int extent_of_backing(struct dw_qcow2 *q, const struct dw_qcow2_run *run,
			     struct dw_extent *out, struct dw_err *err)
{
	int rc;

	out->kind = DW_EXTENT_UNMAPPED;
	out->len = run->len;
	if (out->off >= q->backing->size)
		return 0;
	rc = dw_dev_extent(q->backing, out->off, run->len, out, err);
	out->depth++;
	return rc;
}

static int find_extent(struct dw_qcow2 *q, struct dw_extent *out,
		       struct dw_err *err)
{
	struct dw_qcow2_run run;
	int rc;

	rc = dw_qcow2_map(q, out->off, out->len, &run, err);
	if (rc)
		return rc;
	if (run.backed)
		return extent_of_backing(q, &run, out, err);
	out->kind = run.kind;
	out->len = run.len;
	if (run.kind == DW_EXTENT_DATA)
		return extent_of_data(q, &run, out, err);
	return 0;
}

static int qcow2_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
			struct dw_extent *out, struct dw_err *err)
{
	struct dw_qcow2 *q = (struct dw_qcow2 *)dev;
	int rc;

	lock_shared(q);
	rc = find_extent(q, out, err);
	unlock_shared(q);
	return say_where(dev, rc, err);
}

static int qcow2_check_unchanged(struct dw_dev *dev, struct dw_err *err)
{
	struct dw_qcow2 *q = (struct dw_qcow2 *)dev;
	int rc;

	rc = dw_dev_check_unchanged(q->file, err);
	if (!rc && q->data_file != q->file)
		rc = dw_dev_check_unchanged(q->data_file, err);
	if (!rc && q->backing)
		rc = dw_dev_check_unchanged(q->backing, err);
	return rc;
}

static int qcow2_close(struct dw_dev *dev, struct dw_err *err)
{
	struct dw_qcow2 *q = (struct dw_qcow2 *)dev;
	int rc, one;

	rc = say_where(dev, dw_qcow2_writer_close(q, err), err);
	dw_qcow2_caches_free(q);
	free(q->l1);
	dw_dev_close(q->backing, NULL);
	one = dw_dev_close(q->data_file, rc ? NULL : err);
	rc = rc ? rc : one;
	one = dw_dev_close(q->file, rc ? NULL : err);
	return rc ? rc : one;
}

const struct dw_dev_driver dw_qcow2_dev_driver = {
	.kind = "qcow2",
	.pread = qcow2_pread,
	.pwrite = qcow2_pwrite,
	.zero = qcow2_zero,
	.discard = qcow2_discard,
	.resize = qcow2_resize,
	.flush = qcow2_flush,
	.extent = qcow2_extent,
	.check_unchanged = qcow2_check_unchanged,
	.close = qcow2_close,
};
