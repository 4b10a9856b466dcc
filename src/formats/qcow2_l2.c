/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the bytes of a qcow2 disk lie, by L1 and L2. */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/qcow2.h"

/* How one cluster or subcluster lies. */
struct granule {
	enum dw_extent_kind kind;
	bool backed, owned;
	uint64_t host_off;
	uint64_t host_len;
};

int dw_qcow2_caches_new(struct dw_qcow2 *q, struct dw_err *err)
{
	pthread_mutex_init(&q->lock, NULL);
	pthread_rwlock_init(&q->io_lock, NULL);
	dw_inflated_init(&q->inflated, q->cluster_len);
	return dw_qcow2_cache_init(&q->l2, q->cluster_len, "an L2 table", err);
}

void dw_qcow2_caches_free(struct dw_qcow2 *q)
{
	dw_qcow2_cache_free(&q->l2);
	dw_inflated_free(&q->inflated);
	pthread_rwlock_destroy(&q->io_lock);
	pthread_mutex_destroy(&q->lock);
}

/*
 * x = 62 - (cluster_bits - 8) low bits are the host offset in bytes, the bits
 * above them count the 512-byte sectors after the first.
 */
void dw_qcow2_compressed_place(const struct dw_qcow2_header *h, uint64_t word,
			       uint64_t *off, uint64_t *end)
{
	unsigned off_bits = 62 - (h->cluster_bits - 8);
	uint64_t more_nr = (word & (DW_QCOW2_COMPRESSED - 1)) >> off_bits;

	*off = word & ((UINT64_C(1) << off_bits) - 1);
	*end = dw_round_down(*off, 512) + (more_nr + 1) * 512;
}

static int decode_compressed(struct dw_qcow2 *q, uint64_t guest_off, uint64_t e,
			     struct granule *out, struct dw_err *err)
{
	uint64_t off, end;

	dw_qcow2_compressed_place(&q->h, e, &off, &end);
	if (q->data_file != q->file)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: a compressed cluster for offset %" PRIu64
			       ", though data lies in a file of its own",
			       guest_off);
	/* The file may end anywhere in the last sector. */
	if (off >= q->file->size || end - 512 >= q->file->size)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: the compressed cluster for offset %"
			       PRIu64 " lies at %" PRIu64 " to %" PRIu64
			       ", past the end of the file at %" PRIu64,
			       guest_off, off, end, q->file->size);
	out->kind = DW_EXTENT_COMPRESSED;
	out->host_off = off;
	out->host_len = dw_min(end, q->file->size) - off;
	return 0;
}

/* Chooses the kind of a standard cluster from its entry. */
static int decode_standard(struct dw_qcow2 *q, uint64_t guest_off, uint64_t e,
			   struct granule *out, struct dw_err *err)
{
	bool is_allocated = dw_qcow2_has_cluster(q, e);

	if (!(e & DW_QCOW2_READS_ZERO)) {
		out->kind = is_allocated ? DW_EXTENT_DATA : DW_EXTENT_UNMAPPED;
		out->backed = !is_allocated && q->backing;
		return 0;
	}
	if (q->h.version < 3)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: a zero cluster at offset %" PRIu64
			       " in an image of version 2", guest_off);
	out->kind = is_allocated ? DW_EXTENT_ZERO : DW_EXTENT_UNMAPPED;
	return 0;
}

/* The bitmap has 32 "allocated" bits, and above them 32 "reads as zeros". */
static int decode_subcluster(struct dw_qcow2 *q, uint64_t guest_off,
			     uint64_t e, uint64_t bitmap, struct granule *out,
			     struct dw_err *err)
{
	uint32_t sub_len = q->cluster_len / 32;
	unsigned sub = (unsigned)(guest_off % q->cluster_len / sub_len);
	bool is_allocated = bitmap >> sub & 1;
	bool is_zero = bitmap >> (sub + 32) & 1;

	if (is_allocated && (is_zero || !dw_qcow2_has_cluster(q, e)))
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: subcluster %u of offset %" PRIu64
			       " is allocated %s (bitmap 0x%016" PRIx64 ")",
			       sub, guest_off,
			       is_zero ? "and zero" : "without a cluster",
			       bitmap);
	if (is_allocated)
		out->kind = DW_EXTENT_DATA;
	else if (is_zero && dw_qcow2_has_cluster(q, e))
		out->kind = DW_EXTENT_ZERO;
	else
		out->kind = DW_EXTENT_UNMAPPED;
	out->backed = !is_allocated && !is_zero && q->backing;
	out->host_off += (uint64_t)sub * sub_len;
	return 0;
}

/* len bytes of the disk at guest_off need as many in the file, and in a file
 * apart the same place. */
static int check_data(struct dw_qcow2 *q, uint64_t guest_off, uint64_t len,
		      const struct granule *g, struct dw_err *err)
{
	if (q->data_file != q->file && g->host_off != guest_off)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: the cluster for offset %" PRIu64
			       " lies at %" PRIu64 " of the data file",
			       guest_off, g->host_off);
	if (dw_in_range(g->host_off, len, q->data_file->size))
		return 0;
	return dw_fail(err, DW_CORRUPT,
		       "qcow2: the cluster for offset %" PRIu64 " lies at %"
		       PRIu64 " to %" PRIu64 ", past the end of the file at %"
		       PRIu64, guest_off, g->host_off, g->host_off + len,
		       q->data_file->size);
}

/* p: the L2 entry of the granule of len bytes that starts at guest_off. */
static int decode_entry(struct dw_qcow2 *q, uint64_t guest_off, uint64_t len,
			const uint8_t *p, struct granule *out,
			struct dw_err *err)
{
	uint64_t e = dw_be64(p);
	int rc;

	memset(out, 0, sizeof(*out));
	if (e & DW_QCOW2_COMPRESSED)
		return decode_compressed(q, guest_off, e, out, err);
	out->host_off = e & DW_QCOW2_OFF_MASK;
	out->owned = e & DW_QCOW2_COPIED;
	if (out->host_off % q->cluster_len)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: the cluster for offset %" PRIu64
			       " lies at %" PRIu64 ", not aligned to %" PRIu32,
			       guest_off, out->host_off, q->cluster_len);
	if (dw_qcow2_has_ext_l2(q))
		rc = decode_subcluster(q, guest_off, e, dw_be64(p + 8), out,
				       err);
	else
		rc = decode_standard(q, guest_off, e, out, err);
	if (!rc && out->kind == DW_EXTENT_DATA)
		rc = check_data(q, guest_off, len, out, err);
	return rc;
}

/* Whether granule g goes on where a run ends. */
static bool continues(const struct dw_qcow2_run *run, const struct granule *g)
{
	if (g->kind != run->kind || g->backed != run->backed ||
	    g->kind == DW_EXTENT_COMPRESSED)
		return false;
	return g->kind != DW_EXTENT_DATA ||
	       (g->host_off == run->host_off + run->len &&
		g->owned == run->owned);
}

static void start_run(struct dw_qcow2_run *run, const struct granule *g,
		      uint64_t skip)
{
	run->kind = g->kind;
	run->backed = g->backed;
	run->owned = g->owned;
	run->host_len = g->host_len;
	run->host_off = g->host_off;
	if (g->kind == DW_EXTENT_DATA)
		run->host_off += skip;
}

/* The run at off, within the entries that one slice holds. */
static int map_slice(struct dw_qcow2 *q, uint64_t off, uint64_t len,
		     const uint8_t *slice, uint64_t slice_guest_off,
		     uint64_t slice_span, struct dw_qcow2_run *out,
		     struct dw_err *err)
{
	unsigned entry_len = dw_qcow2_has_ext_l2(q) ? 16 : 8;
	uint64_t end = dw_min(off + len, slice_guest_off + slice_span);
	uint64_t at, next, g_len;
	struct granule g;
	const uint8_t *p;
	int rc;

	for (at = off; at < end; at = next) {
		p = slice + (at - slice_guest_off) / q->cluster_len * entry_len;
		g_len = q->cluster_len;
		if (dw_qcow2_has_ext_l2(q) &&
		    !(dw_be64(p) & DW_QCOW2_COMPRESSED))
			g_len /= 32;
		next = dw_round_down(at, g_len);
		rc = decode_entry(q, next, dw_min(g_len, q->dev.size - next), p,
				  &g, at == off ? err : NULL);
		/* A fault further on is told when it is asked for. */
		if (rc)
			return at == off ? rc : 0;
		if (at == off)
			start_run(out, &g, at - next);
		else if (!continues(out, &g))
			return 0;
		next += g_len;
		out->len = dw_min(next, end) - off;
	}
	return 0;
}

/* Everything up to the next used L1 entry. */
static void map_no_l2(const struct dw_qcow2 *q, uint64_t off, uint64_t len,
		      struct dw_qcow2_run *out)
{
	uint64_t span = dw_qcow2_l2_span(&q->h);
	uint64_t i = off / span;

	while (i < q->l1_nr && !(q->l1[i] & DW_QCOW2_OFF_MASK) &&
	       i * span < off + len)
		i++;
	out->kind = DW_EXTENT_UNMAPPED;
	out->backed = q->backing;
	out->len = i < q->l1_nr ? dw_min(i * span - off, len) : len;
}

/* Where in the file the L2 entry for off lies; *entry_off is 0 where there is
 * no table. */
static int find_entry(const struct dw_qcow2 *q, uint64_t off,
		      uint64_t *entry_off, struct dw_err *err)
{
	uint64_t l2_span = dw_qcow2_l2_span(&q->h);
	uint64_t l2_off = q->l1[off / l2_span] & DW_QCOW2_OFF_MASK;
	unsigned entry_len = dw_qcow2_has_ext_l2(q) ? 16 : 8;

	*entry_off = 0;
	if (!l2_off)
		return 0;
	if (l2_off % q->cluster_len ||
	    !dw_in_range(l2_off, q->cluster_len, q->file->size))
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: the L2 table for offset %" PRIu64
			       " lies at %" PRIu64 " in a file of %" PRIu64
			       " bytes with clusters of %" PRIu32, off, l2_off,
			       q->file->size, q->cluster_len);
	*entry_off = l2_off + off % l2_span / q->cluster_len * entry_len;
	return 0;
}

int dw_qcow2_map(struct dw_qcow2 *q, uint64_t off, uint64_t len,
		 struct dw_qcow2_run *out, struct dw_err *err)
{
	uint64_t l2_span = dw_qcow2_l2_span(&q->h);
	uint64_t slice_span = l2_span / (q->cluster_len / q->l2.slice_len);
	uint64_t entry_off;
	uint8_t *slice;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = find_entry(q, off, &entry_off, err);
	if (rc)
		return rc;
	if (!entry_off) {
		map_no_l2(q, off, len, out);
		return 0;
	}
	pthread_mutex_lock(&q->lock);
	rc = dw_qcow2_cache_get(q, &q->l2,
				dw_round_down(entry_off, q->l2.slice_len),
				false, &slice, err);
	if (!rc)
		rc = map_slice(q, off, len, slice,
			       dw_round_down(off, slice_span), slice_span, out,
			       err);
	pthread_mutex_unlock(&q->lock);
	out->owned &= !!(q->l1[off / l2_span] & DW_QCOW2_COPIED);
	return rc;
}

int dw_qcow2_get_entry(struct dw_qcow2 *q, uint64_t off,
		       struct dw_qcow2_entry *out, struct dw_err *err)
{
	uint64_t entry_off;
	uint8_t *p;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = find_entry(q, off, &entry_off, err);
	if (rc || !entry_off)
		return rc;
	rc = dw_qcow2_cache_get(q, &q->l2, entry_off, false, &p, err);
	if (rc)
		return rc;
	out->word = dw_be64(p);
	if (dw_qcow2_has_ext_l2(q))
		out->bitmap = dw_be64(p + 8);
	return 0;
}

int dw_qcow2_set_entry(struct dw_qcow2 *q, uint64_t off,
		       const struct dw_qcow2_entry *entry, struct dw_err *err)
{
	uint64_t entry_off;
	uint8_t *p;
	int rc;

	rc = find_entry(q, off, &entry_off, err);
	if (rc)
		return rc;
	rc = dw_qcow2_cache_get(q, &q->l2, entry_off, true, &p, err);
	if (rc)
		return rc;
	dw_put_be64(p, entry->word);
	if (dw_qcow2_has_ext_l2(q))
		dw_put_be64(p + 8, entry->bitmap);
	return 0;
}
