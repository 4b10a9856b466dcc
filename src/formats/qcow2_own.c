/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a qcow2 image may write where it lies, and what it gives up when that
 * is not so: clusters of data, and L2 tables. */
#include <inttypes.h>

#include "formats/qcow2_write.h"

int dw_qcow2_check_place(struct dw_qcow2 *q, uint64_t off, uint64_t len,
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

int dw_qcow2_make_room(struct dw_qcow2 *q, struct dw_err *err)
{
	/* A run for each entry, then a few tables. */
	unsigned need = q->l2.slice_len / 8 + 8;

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
	if (!(entry->word & DW_QCOW2_COMPRESSED) &&
	    (entry->word & DW_QCOW2_OFF_MASK) % q->cluster_len)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: a cluster at %" PRIu64 ", not aligned to"
			       " %" PRIu32, entry->word & DW_QCOW2_OFF_MASK,
			       q->cluster_len);
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

bool dw_qcow2_is_owned(const struct dw_qcow2 *q,
		       const struct dw_qcow2_entry *e)
{
	return !(e->word & DW_QCOW2_COMPRESSED) &&
	       e->word & DW_QCOW2_COPIED && dw_qcow2_has_cluster(q, e->word);
}

int dw_qcow2_point(struct dw_qcow2 *q, uint64_t off, uint64_t host_off,
		   uint64_t bitmap, struct dw_err *err)
{
	struct dw_qcow2_entry old, new = {
		.word = host_off | DW_QCOW2_COPIED, .bitmap = bitmap,
	};
	int rc;

	rc = dw_qcow2_get_entry(q, off, &old, err);
	if (!rc)
		rc = dw_qcow2_set_entry(q, off, &new, err);
	if (!rc && !(dw_qcow2_is_owned(q, &old) &&
		     (old.word & DW_QCOW2_OFF_MASK) == host_off))
		dw_qcow2_free_entry(q, &old, false);
	return rc;
}
