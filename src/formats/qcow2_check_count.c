/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts what refers to the clusters of a qcow2 image. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/qcow2_check.h"
#include "formats/qcow2_refbits.h"

/* Bits that have no meaning yet. */
#define L1_RESERVED UINT64_C(0x7f000000000001ff)
#define L2_RESERVED UINT64_C(0x3f000000000001fe)
#define SUB_ALLOCATED UINT64_C(0xffffffff)

/* L1 entries that are held at once. */
#define L1_PART_NR 8192u

/* Which L1 table is walked, and what was seen of it. */
struct walk {
	bool is_active;		/* that of now, whose clusters are counted */
	uint64_t next_off;	/* where the next cluster would go on */
	uint64_t l2_nr;
};

static void refer_cluster(struct dw_qcow2_checker *c, uint64_t i, bool is_meta)
{
	unsigned order = c->h.refcount_order;
	uint64_t refs = dw_qcow2_refcount_get(c->counts, order, i);

	if (i >= c->clusters_nr)
		c->clusters_nr = i + 1;
	if (is_meta) {
		c->meta_overlaps |= dw_qcow2_bit(c->is_meta, i);
		dw_qcow2_set_bit(c->is_meta, i, true);
	}
	if (refs == dw_qcow2_refcount_max(order))
		dw_qcow2_found(c, "more than %" PRIu64 " refer to cluster %"
			       PRIu64 ", which is all that %u bits can count",
			       refs, i, 1u << order);
	else
		dw_qcow2_refcount_put(c->counts, order, i, refs + 1);
}

/* The last cluster of the file may be a part of one. */
void dw_qcow2_refer(struct dw_qcow2_checker *c, uint64_t off, uint64_t len,
		    bool is_meta)
{
	uint64_t end, i;

	if (!len)
		return;
	if (!dw_add(off, len, &end) ||
	    (end > c->file->size && end - c->file->size >= c->cluster_len)) {
		c->past_end_off = dw_min(c->past_end_off, off);
		dw_qcow2_found(c, "%" PRIu64 " bytes at %" PRIu64
			       " are referred to, past the end of the file at %"
			       PRIu64, len, off, c->file->size);
		return;
	}
	for (i = off >> c->h.cluster_bits; i <= (end - 1) >> c->h.cluster_bits;
	     i++)
		refer_cluster(c, i, is_meta);
}

static bool has_data_file(const struct dw_qcow2_checker *c)
{
	return c->h.incompat & DW_QCOW2_INCOMPAT_DATA_FILE;
}

static bool has_ext_l2(const struct dw_qcow2_checker *c)
{
	return c->h.incompat & DW_QCOW2_INCOMPAT_EXT_L2;
}

static void count_compressed(struct dw_qcow2_checker *c, uint64_t e,
			     uint64_t bitmap, const struct walk *walk)
{
	uint64_t off, end;

	dw_qcow2_compressed_place(&c->h, e, &off, &end);
	if (e & DW_QCOW2_COPIED)
		dw_qcow2_found(c, "the compressed cluster at %" PRIu64
			       " is marked as not shared", off);
	if (has_data_file(c) || bitmap) {
		dw_qcow2_found(c, "a compressed cluster at %" PRIu64 " %s", off,
			       bitmap ? "with subclusters"
				      : "of an image with a data file");
		return;
	}
	dw_qcow2_refer(c, off, end - off, false);
	if (!walk->is_active)
		return;
	c->out->allocated_nr++;
	c->out->compressed_nr++;
	/* They share sectors, so that reading them is never one run. */
	c->out->fragmented_nr++;
}

static void count_allocated(struct dw_qcow2_checker *c, uint64_t e,
			    uint64_t bitmap, struct walk *walk)
{
	uint64_t off = e & DW_QCOW2_OFF_MASK;

	if (bitmap & bitmap >> 32)
		dw_qcow2_found(c, "the cluster at %" PRIu64 " has subclusters "
			       "that are allocated and zero (0x%016" PRIx64 ")",
			       off, bitmap);
	if (off % c->cluster_len)
		dw_qcow2_found(c, "a cluster at %" PRIu64
			       ", which is not aligned to %" PRIu32, off,
			       c->cluster_len);
	if (walk->is_active) {
		c->out->allocated_nr++;
		if (walk->next_off && walk->next_off != off)
			c->out->fragmented_nr++;
		walk->next_off = off + c->cluster_len;
	}
	if (!has_data_file(c))
		dw_qcow2_refer(c, off, c->cluster_len, false);
}

static void count_entry(struct dw_qcow2_checker *c, const uint8_t *p,
			struct walk *walk)
{
	uint64_t bitmap = has_ext_l2(c) ? dw_be64(p + 8) : 0;
	uint64_t e = dw_be64(p);

	if (e & DW_QCOW2_COMPRESSED) {
		count_compressed(c, e, bitmap, walk);
		return;
	}
	if (e & L2_RESERVED)
		dw_qcow2_found(c, "the L2 entry 0x%016" PRIx64
			       " has reserved bits", e);
	if (dw_qcow2_names_cluster(&c->h, e))
		count_allocated(c, e, bitmap, walk);
	else if (bitmap & SUB_ALLOCATED)
		dw_qcow2_found(c, "subclusters 0x%016" PRIx64
			       " without a cluster", bitmap);
}

static int count_l2(struct dw_qcow2_checker *c, uint64_t off, struct walk *walk,
		    struct dw_err *err)
{
	uint32_t entry_len = has_ext_l2(c) ? 16 : 8, i;
	int rc = dw_ctx_check(c->ctx, err);

	if (!rc)
		rc = dw_qcow2_read_padded(c->file, off, c->l2, c->cluster_len,
					  err);
	walk->next_off = 0;
	for (i = 0; !rc && i < c->cluster_len; i += entry_len)
		count_entry(c, c->l2 + i, walk);
	return rc;
}

static int count_l1_entry(struct dw_qcow2_checker *c, uint64_t e,
			  struct walk *walk, struct dw_err *err)
{
	uint64_t off = e & DW_QCOW2_OFF_MASK;

	if (!e)
		return 0;
	if (e & L1_RESERVED)
		dw_qcow2_found(c, "the L1 entry 0x%016" PRIx64
			       " has reserved bits", e);
	/* A table that names others again and again would keep us busy. */
	if (++walk->l2_nr > c->clusters_nr)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: an L1 table names more than the %" PRIu64
			       " clusters that the file has", c->clusters_nr);
	dw_qcow2_refer(c, off, c->cluster_len, false);
	if (off % c->cluster_len)
		dw_qcow2_found(c, "an L2 table at %" PRIu64
			       ", which is not aligned to %" PRIu32, off,
			       c->cluster_len);
	return count_l2(c, off, walk, err);
}

/* By how much of the disk its tables were walked. */
static void tell_progress(struct dw_qcow2_checker *c, uint64_t l2_nr)
{
	dw_ctx_progress(c->ctx, "check",
			l2_nr < c->h.l1_nr ? dw_min(l2_nr *
						    dw_qcow2_l2_span(&c->h),
						    c->h.size)
					   : c->h.size, c->h.size);
}

/* It ends: an L1 table leads to L2 tables, these to data, to no third. */
static int count_l1(struct dw_qcow2_checker *c, uint64_t off, uint32_t nr,
		    bool is_active, struct dw_err *err)
{
	struct walk walk = { .is_active = is_active };
	uint8_t *part = malloc(L1_PART_NR * 8);
	uint32_t i, j, n;
	int rc = part ? 0 : dw_fail_nomem(err);

	dw_qcow2_refer(c, off, (uint64_t)nr * 8, true);
	for (i = 0; !rc && i < nr; i += n) {
		n = (uint32_t)dw_min(L1_PART_NR, nr - i);
		rc = dw_qcow2_read_padded(c->file, off + (uint64_t)i * 8, part,
					  n * 8, err);
		for (j = 0; !rc && j < n; j++) {
			rc = count_l1_entry(c, dw_be64(part + j * 8), &walk,
					    err);
			if (!rc && is_active)
				tell_progress(c, (uint64_t)i + j + 1);
		}
	}
	free(part);
	return rc;
}

static int count_snapshots(struct dw_qcow2_checker *c, struct dw_err *err)
{
	/* Each has a table of its own, so all of them fit into the file;
	 * thousands that share a long one would keep us busy. */
	uint64_t len = 0, max_len = c->file->size + DW_QCOW2_L1_MAX_LEN;
	const struct dw_qcow2_snapshot *s;
	int rc = 0;
	size_t i;

	for (i = 0; !rc && i < c->snapshots.nr; i++) {
		s = &c->snapshots.items[i];
		if (s->is_incomplete)
			dw_qcow2_found(c, "snapshot \"%.64s\" does not tell "
				       "the size of its disk", s->name);
		if (s->l1_off % c->cluster_len ||
		    s->l1_nr > DW_QCOW2_L1_MAX_LEN / 8) {
			dw_qcow2_found(c, "snapshot \"%.64s\" has an L1 table "
				       "of %" PRIu32 " entries at %" PRIu64,
				       s->name, s->l1_nr, s->l1_off);
			continue;
		}
		len += (uint64_t)s->l1_nr * 8;
		if (len > max_len)
			return dw_fail(err, DW_CORRUPT,
				       "qcow2: the L1 tables of snapshots take "
				       "%" PRIu64 " bytes in a file of %" PRIu64,
				       len, c->file->size);
		rc = count_l1(c, s->l1_off, s->l1_nr, false, err);
	}
	dw_qcow2_refer(c, c->h.snapshots_off, c->snapshots.table_len, true);
	return rc;
}

int dw_qcow2_count_all(struct dw_qcow2_checker *c, struct dw_err *err)
{
	int rc;

	c->out->clusters_nr = dw_div_up(c->h.size, c->cluster_len);
	dw_qcow2_refer(c, 0, c->cluster_len, true);
	rc = count_l1(c, c->h.l1_off, c->h.l1_nr, true, err);
	if (!rc)
		rc = count_snapshots(c, err);
	if (rc)
		return rc;
	dw_qcow2_refer(c, c->exts.luks_off, c->exts.luks_len, true);
	return dw_qcow2_count_bitmaps(c, err);
}

int dw_qcow2_recount(struct dw_qcow2_checker *c, struct dw_err *err)
{
	c->clusters_nr = dw_div_up(c->file->size, c->cluster_len);
	memset(c->counts, 0, dw_qcow2_counts_len(c));
	memset(c->is_meta, 0, c->clusters_cap / 8 + 1);
	c->meta_overlaps = false;
	return dw_qcow2_count_all(c, err);
}

static void count_refblock(struct dw_qcow2_checker *c, uint64_t i, bool *good)
{
	uint64_t nr = dw_div_up(c->file->size, c->cluster_len), off, cluster;
	unsigned order = c->h.refcount_order;
	bool usable;

	off = dw_qcow2_refblock_off(c, i, &usable);
	cluster = off >> c->h.cluster_bits;
	*good = usable && cluster < nr &&
		!(dw_be64(c->reftable + i * 8) & DW_QCOW2_REFTABLE_RESERVED);
	if (!*good) {
		dw_qcow2_found(c, "refcount block %" PRIu64 " has the entry 0x%"
			       "016" PRIx64 " in a file of %" PRIu64 " bytes",
			       i, dw_be64(c->reftable + i * 8), c->file->size);
		return;
	}
	if (!off)
		return;
	/* A counter of one bit cannot tell a second user afterwards. */
	*good = dw_qcow2_refcount_get(c->counts, order, cluster) == 0;
	dw_qcow2_refer(c, off, c->cluster_len, true);
	if (dw_qcow2_refcount_get(c->counts, order, cluster) != 1)
		dw_qcow2_found(c, "refcount block %" PRIu64 " at %" PRIu64
			       " is used for something else", i, off);
}

void dw_qcow2_count_refblocks(struct dw_qcow2_checker *c)
{
	uint64_t first = c->h.reftable_off >> c->h.cluster_bits, i;
	bool good;

	for (i = first; i < first + c->h.reftable_clusters_nr; i++)
		if (dw_qcow2_refcount_get(c->counts, c->h.refcount_order, i))
			c->needs_rebuild = true;
	dw_qcow2_refer(c, c->h.reftable_off, c->reftable_nr * 8, true);
	for (i = 0; i < c->reftable_nr; i++) {
		count_refblock(c, i, &good);
		if (!good)
			c->needs_rebuild = true;
	}
}
