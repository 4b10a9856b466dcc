/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The beginning and the end of changing a qcow2 image. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/qcow2_meta.h"
#include "formats/qcow2_write.h"

static void writer_reset(struct dw_qcow2 *q)
{
	struct dw_qcow2_writer *w = q->w;

	dw_qcow2_cache_free(&w->refs);
	dw_qcow2_meta_free(&w->meta);
	if (w->l1.entries != q->l1)
		free(w->l1.entries);
	free(w->l1.dirty);
	free(w->reftable.entries);
	free(w->reftable.dirty);
	free(w->freed);
	free(w->bounce);
	memset(w, 0, sizeof(*w));
}

static int make_clean(struct dw_ctx *ctx, struct dw_qcow2 *q,
		      struct dw_err *err)
{
	int rc;

	if (!(q->h.incompat & DW_QCOW2_INCOMPAT_DIRTY))
		return 0;
	rc = dw_qcow2_rebuild_refcounts(ctx, q->file, err);
	return rc ? rc : dw_qcow2_read_header(q->file, &q->h, err);
}

int dw_qcow2_writer_new(struct dw_ctx *ctx, struct dw_qcow2 *q,
			struct dw_err *err)
{
	int rc;

	if (q->h.incompat & DW_QCOW2_INCOMPAT_CORRUPT)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: is marked as corrupt, and must not be "
			       "written before it is repaired");
	rc = make_clean(ctx, q, err);
	if (rc)
		return rc;
	q->w = calloc(1, sizeof(*q->w));
	if (!q->w)
		return dw_fail_nomem(err);
	q->dev.readonly = false;
	return 0;
}

static int check_refs_write(struct dw_qcow2 *q, uint64_t off,
			    struct dw_err *err)
{
	return dw_qcow2_check_meta(q, off, DW_QCOW2_REFBLOCK, err);
}

static int write_back_refs(struct dw_qcow2 *q, struct dw_err *err)
{
	return dw_qcow2_cache_write(q, &q->w->refs, err);
}

static int check_l2_write(struct dw_qcow2 *q, uint64_t off, struct dw_err *err)
{
	return dw_qcow2_check_meta(q, off, DW_QCOW2_L2, err);
}

static int make_memory(struct dw_qcow2 *q, struct dw_err *err)
{
	struct dw_qcow2_writer *w = q->w;
	int rc;

	rc = dw_qcow2_cache_init(&w->refs, q->cluster_len, "a refcount block",
				 err);
	if (rc)
		return rc;
	w->refs.write_back = write_back_refs;
	w->refs.check_write = check_refs_write;
	q->l2.write_back = dw_qcow2_write_back_l2;
	q->l2.check_write = check_l2_write;
	w->freed = calloc(DW_QCOW2_FREED_MAX, sizeof(*w->freed));
	w->bounce = malloc(q->cluster_len);
	return w->freed && w->bounce ? 0 : dw_fail_nomem(err);
}

/* What a write makes wrong, unless it knows how to keep it right: bitmaps
 * of what changed, and whatever else we have never heard of. */
static int clear_autoclear(struct dw_qcow2 *q, struct dw_err *err)
{
	uint64_t keep = dw_qcow2_is_raw_external(q)
		? DW_QCOW2_AUTOCLEAR_RAW_EXTERNAL : 0;
	int rc;

	if (q->h.autoclear == keep)
		return 0;
	q->h.autoclear = keep;
	rc = dw_qcow2_write_header(q, err);
	return rc ? rc : dw_qcow2_flush_file(q, err);
}

static int load(struct dw_qcow2 *q, struct dw_err *err)
{
	struct dw_qcow2_writer *w = q->w;
	int rc;

	rc = make_memory(q, err);
	if (!rc)
		rc = dw_qcow2_table_load(q, &w->l1, q->h.l1_off, q->h.l1_nr,
					 "L1 table", err);
	if (!rc)
		rc = dw_qcow2_table_load(q, &w->reftable, q->h.reftable_off,
					 (size_t)q->h.reftable_clusters_nr *
					 (q->cluster_len / 8),
					 "refcount table", err);
	return rc ? rc : dw_qcow2_meta_load(q, err);
}

/* A last cluster that is cut short gets the rest of itself; a block device
 * has what it has. */
static int complete_last(struct dw_qcow2 *q, uint64_t end, struct dw_err *err)
{
	int rc = dw_dev_resize(q->file, end, err);

	return rc == DW_NOSPACE ? 0 : rc;
}

int dw_qcow2_begin(struct dw_qcow2 *q, struct dw_err *err)
{
	struct dw_qcow2_writer *w = q->w;
	uint64_t end = dw_div_up(q->file->size, q->cluster_len);
	int rc;

	rc = load(q, err);
	if (!rc)
		rc = complete_last(q, end * q->cluster_len, err);
	if (!rc && dw_qcow2_has_data_file(q) &&
	    q->data_file->size < q->dev.size)
		rc = dw_dev_resize(q->data_file, q->dev.size, err);
	if (!rc)
		rc = clear_autoclear(q, err);
	if (rc) {
		writer_reset(q);
		return rc;
	}
	free(q->l1);
	q->l1 = w->l1.entries;
	w->end = end;
	atomic_store(&w->begun, true);
	return 0;
}

/* What only a clean end writes: the last decrements, lazy refcounts. */
static int settle(struct dw_qcow2 *q, struct dw_err *err)
{
	int rc;

	if (!q->w->refs.dirty_nr && !q->w->reftable.is_dirty)
		return 0;
	rc = dw_qcow2_write_refs(q, err);
	return rc ? rc : dw_qcow2_flush_file(q, err);
}

static int clear_dirty(struct dw_qcow2 *q, struct dw_err *err)
{
	int rc;

	if (!(q->h.incompat & DW_QCOW2_INCOMPAT_DIRTY))
		return 0;
	q->h.incompat &= ~(uint64_t)DW_QCOW2_INCOMPAT_DIRTY;
	rc = dw_qcow2_write_header(q, err);
	return rc ? rc : dw_qcow2_flush_file(q, err);
}

static int finish(struct dw_qcow2 *q, struct dw_err *err)
{
	uint64_t len = q->w->end * q->cluster_len;
	int rc;

	rc = dw_qcow2_commit(q, err);
	if (!rc)
		rc = settle(q, err);
	if (!rc)
		rc = clear_dirty(q, err);
	if (!rc && len < q->file->size)
		rc = dw_dev_resize(q->file, len, err);
	return rc;
}

int dw_qcow2_writer_close(struct dw_qcow2 *q, struct dw_err *err)
{
	int rc = 0;

	if (!q->w)
		return 0;
	if (q->w->begun)
		rc = finish(q, err);
	writer_reset(q);
	free(q->w);
	q->w = NULL;
	return rc;
}
