/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which clusters of a qcow2 file hold metadata, so that nothing else is ever
 * written there, whatever the refcounts and the tables of an image say. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

/*
 * A sorted array of keys, cluster * 16 + kind.  What is met while the image is
 * loaded comes in any order and is sorted once; what comes later is allocated
 * from the front of the file to its end, so that little has to move.
 */
#define KIND_BITS 4u
#define KIND_MASK ((1u << KIND_BITS) - 1)

/* L1 and the refcount table can name five million clusters. */
#define KEYS_MAX (8u << 20)

static uint64_t make_key(uint64_t cluster, enum dw_qcow2_meta kind)
{
	return cluster << KIND_BITS | kind;
}

/* The first key that does not lie before a cluster. */
static size_t find(const struct dw_qcow2_meta_map *m, uint64_t cluster)
{
	size_t low = 0, high = m->nr, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (m->keys[mid] >> KIND_BITS < cluster)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static enum dw_qcow2_meta kind_of(const struct dw_qcow2_meta_map *m,
				  uint64_t cluster)
{
	size_t i = find(m, cluster);

	if (i == m->nr || m->keys[i] >> KIND_BITS != cluster)
		return DW_QCOW2_NO_META;
	return m->keys[i] & KIND_MASK;
}

static int make_room(struct dw_qcow2_meta_map *m, uint64_t nr,
		     struct dw_err *err)
{
	uint64_t need = m->nr + nr, cap;
	uint64_t *keys;

	if (need <= m->cap)
		return 0;
	if (nr > KEYS_MAX || need > KEYS_MAX)
		return dw_fail(err, DW_LIMIT, "qcow2: more than %u clusters of "
			       "metadata", KEYS_MAX);
	cap = dw_min(dw_max(need + need / 2, 64), KEYS_MAX);
	keys = realloc(m->keys, cap * sizeof(*keys));
	if (!keys)
		return dw_fail_nomem(err);
	m->keys = keys;
	m->cap = cap;
	return 0;
}

static int fail_overlap(const struct dw_qcow2 *q, uint64_t cluster,
			enum dw_qcow2_meta a, enum dw_qcow2_meta b,
			struct dw_err *err)
{
	return dw_fail(err, DW_CORRUPT, "qcow2: %s at %" PRIu64 " overlaps %s",
		       names[a], cluster * q->cluster_len, names[b]);
}

int dw_qcow2_meta_add(struct dw_qcow2 *q, uint64_t first, uint64_t nr,
		      enum dw_qcow2_meta kind, struct dw_err *err)
{
	struct dw_qcow2_meta_map *m = &q->w->meta;
	size_t at = find(m, first), i;
	int rc;

	if (at < m->nr && m->keys[at] >> KIND_BITS < first + nr)
		return fail_overlap(q, m->keys[at] >> KIND_BITS, kind,
				    m->keys[at] & KIND_MASK, err);
	rc = make_room(m, nr, err);
	if (rc)
		return rc;
	memmove(m->keys + at + nr, m->keys + at,
		(m->nr - at) * sizeof(*m->keys));
	for (i = 0; i < nr; i++)
		m->keys[at + i] = make_key(first + i, kind);
	m->nr += nr;
	return 0;
}

void dw_qcow2_meta_remove(struct dw_qcow2 *q, uint64_t first, uint64_t nr)
{
	struct dw_qcow2_meta_map *m = &q->w->meta;
	size_t at = find(m, first), end = find(m, first + nr);

	memmove(m->keys + at, m->keys + end,
		(m->nr - end) * sizeof(*m->keys));
	m->nr -= end - at;
}

void dw_qcow2_meta_free(struct dw_qcow2_meta_map *m)
{
	free(m->keys);
	memset(m, 0, sizeof(*m));
}

int dw_qcow2_check_no_meta(struct dw_qcow2 *q, uint64_t off, uint64_t len,
			   struct dw_err *err)
{
	const struct dw_qcow2_meta_map *m = &q->w->meta;
	size_t i = find(m, off / q->cluster_len);
	uint64_t found;

	if (i == m->nr)
		return 0;
	found = (m->keys[i] >> KIND_BITS) * q->cluster_len;
	if (found >= off + len)
		return 0;
	return dw_fail(err, DW_CORRUPT,
		       "qcow2: data of %" PRIu64 " bytes at %" PRIu64
		       " would overwrite %s at %" PRIu64, len, off,
		       names[m->keys[i] & KIND_MASK], found);
}

int dw_qcow2_check_meta(struct dw_qcow2 *q, uint64_t off,
			enum dw_qcow2_meta kind, struct dw_err *err)
{
	enum dw_qcow2_meta there = kind_of(&q->w->meta, off / q->cluster_len);

	if (there == kind)
		return 0;
	return dw_fail(err, DW_CORRUPT,
		       "qcow2: %s at %" PRIu64 " would overwrite %s",
		       names[kind], off, names[there]);
}

/* While loading: at the end, to be sorted later. */
static int push(struct dw_qcow2 *q, uint64_t first, uint64_t nr,
		enum dw_qcow2_meta kind, struct dw_err *err)
{
	struct dw_qcow2_meta_map *m = &q->w->meta;
	uint64_t i;
	int rc;

	rc = make_room(m, nr, err);
	for (i = 0; !rc && i < nr; i++)
		m->keys[m->nr++] = make_key(first + i, kind);
	return rc;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int sort(struct dw_qcow2 *q, struct dw_err *err)
{
	struct dw_qcow2_meta_map *m = &q->w->meta;
	size_t i;

	qsort(m->keys, m->nr, sizeof(*m->keys), compare);
	for (i = 1; i < m->nr; i++)
		if (m->keys[i] >> KIND_BITS == m->keys[i - 1] >> KIND_BITS)
			return fail_overlap(q, m->keys[i] >> KIND_BITS,
					    m->keys[i] & KIND_MASK,
					    m->keys[i - 1] & KIND_MASK, err);
	return 0;
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
	return push(q, off / q->cluster_len, dw_div_up(len, q->cluster_len),
		    kind, err);
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

	rc = push(q, 0, 1, DW_QCOW2_HEADER, err);
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
	return rc ? rc : sort(q, err);
}
