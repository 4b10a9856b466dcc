/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the bytes of a qcow2 disk lie: L1, L2 and a bounded cache of L2. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/qcow2.h"

/*
 * L2 tables are read in slices, because a table of a large cluster stands for
 * far more of the disk than one reader looks at.  512 slices of 4 KiB take
 * 2 MiB and stand for 16 GiB of a disk with clusters of 64 KiB.
 */
#define SLICE_LEN 4096u
#define SETS_NR 128u
#define WAYS_NR 4u

struct dw_qcow2_slice {
	uint64_t off;		/* in the file; 0: empty */
	uint64_t used;		/* tick of the last use */
	uint8_t *data;
};

/* How one cluster or subcluster lies. */
struct granule {
	enum dw_extent_kind kind;
	bool backed;
	uint64_t host_off;
	uint64_t host_len;
};

int dw_qcow2_caches_new(struct dw_qcow2 *q, struct dw_err *err)
{
	pthread_mutex_init(&q->lock, NULL);
	q->slices = calloc(SETS_NR * WAYS_NR, sizeof(*q->slices));
	return q->slices ? 0 : dw_fail_nomem(err);
}

void dw_qcow2_caches_free(struct dw_qcow2 *q)
{
	unsigned i;

	for (i = 0; q->slices && i < SETS_NR * WAYS_NR; i++)
		free(q->slices[i].data);
	free(q->slices);
	dw_qcow2_inflated_free(q);
	pthread_mutex_destroy(&q->lock);
}

/* The slot that holds off, or the one that was longest unused. */
static struct dw_qcow2_slice *find_slot(struct dw_qcow2 *q, uint64_t off,
					uint32_t slice_len)
{
	struct dw_qcow2_slice *set, *oldest;
	unsigned i;

	set = q->slices + off / slice_len % SETS_NR * WAYS_NR;
	oldest = set;
	for (i = 0; i < WAYS_NR; i++) {
		if (set[i].off == off)
			return &set[i];
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	return oldest;
}

/* Under the lock. */
static int get_slice(struct dw_qcow2 *q, uint64_t off, const uint8_t **data,
		     struct dw_err *err)
{
	uint32_t len = (uint32_t)dw_min(SLICE_LEN, q->cluster_len);
	struct dw_qcow2_slice *s = find_slot(q, off, len);
	int rc;

	*data = NULL;
	if (s->off != off) {
		s->off = 0;
		if (!s->data)
			s->data = malloc(len);
		if (!s->data)
			return dw_fail_nomem(err);
		rc = dw_dev_pread(q->file, off, s->data, len, err);
		if (rc)
			return dw_err_prefix(err, rc, "qcow2: an L2 table");
		s->off = off;
	}
	s->used = ++q->tick;
	*data = s->data;
	return 0;
}

/* Bit 63 of an entry in a file apart tells offset 0 from none. */
static bool has_cluster(const struct dw_qcow2 *q, uint64_t e)
{
	return e & DW_QCOW2_OFF_MASK ||
	       (q->data_file != q->file && e & DW_QCOW2_COPIED);
}

static bool has_ext_l2(const struct dw_qcow2 *q)
{
	return q->h.incompat & DW_QCOW2_INCOMPAT_EXT_L2;
}

/*
 * x = 62 - (cluster_bits - 8) low bits are the host offset in bytes, the bits
 * above them count the 512-byte sectors after the first.
 */
static int decode_compressed(struct dw_qcow2 *q, uint64_t guest_off, uint64_t e,
			     struct granule *out, struct dw_err *err)
{
	unsigned off_bits = 62 - (q->h.cluster_bits - 8);
	uint64_t off = e & ((UINT64_C(1) << off_bits) - 1);
	uint64_t more_nr = (e & (DW_QCOW2_COMPRESSED - 1)) >> off_bits;
	uint64_t last_off = dw_round_down(off, 512) + more_nr * 512;

	if (q->data_file != q->file)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: a compressed cluster for offset %" PRIu64
			       ", though data lies in a file of its own",
			       guest_off);
	/* The file may end anywhere in the last sector. */
	if (off >= q->file->size || last_off >= q->file->size)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: the compressed cluster for offset %"
			       PRIu64 " lies at %" PRIu64 " to %" PRIu64
			       ", past the end of the file at %" PRIu64,
			       guest_off, off, last_off + 512, q->file->size);
	out->kind = DW_EXTENT_COMPRESSED;
	out->host_off = off;
	out->host_len = dw_min(last_off + 512, q->file->size) - off;
	return 0;
}

/* Chooses the kind of a standard cluster from its entry. */
static int decode_standard(struct dw_qcow2 *q, uint64_t guest_off, uint64_t e,
			   struct granule *out, struct dw_err *err)
{
	bool is_allocated = has_cluster(q, e);

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

	if (is_allocated && (is_zero || !has_cluster(q, e)))
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: subcluster %u of offset %" PRIu64
			       " is allocated %s (bitmap 0x%016" PRIx64 ")",
			       sub, guest_off,
			       is_zero ? "and zero" : "without a cluster",
			       bitmap);
	if (is_allocated)
		out->kind = DW_EXTENT_DATA;
	else if (is_zero && has_cluster(q, e))
		out->kind = DW_EXTENT_ZERO;
	else
		out->kind = DW_EXTENT_UNMAPPED;
	out->backed = !is_allocated && !is_zero && q->backing;
	out->host_off += (uint64_t)sub * sub_len;
	return 0;
}

/* len bytes of the disk at guest_off need as many in the file. */
static int check_data(struct dw_qcow2 *q, uint64_t guest_off, uint64_t len,
		      const struct granule *g, struct dw_err *err)
{
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
	if (out->host_off % q->cluster_len)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: the cluster for offset %" PRIu64
			       " lies at %" PRIu64 ", not aligned to %" PRIu32,
			       guest_off, out->host_off, q->cluster_len);
	if (has_ext_l2(q))
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
	       g->host_off == run->host_off + run->len;
}

static void start_run(struct dw_qcow2_run *run, const struct granule *g,
		      uint64_t skip)
{
	run->kind = g->kind;
	run->backed = g->backed;
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
	unsigned entry_len = has_ext_l2(q) ? 16 : 8;
	uint64_t end = dw_min(off + len, slice_guest_off + slice_span);
	uint64_t at, next, g_len;
	struct granule g;
	const uint8_t *p;
	int rc;

	for (at = off; at < end; at = next) {
		p = slice + (at - slice_guest_off) / q->cluster_len * entry_len;
		g_len = q->cluster_len;
		if (has_ext_l2(q) && !(dw_be64(p) & DW_QCOW2_COMPRESSED))
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

	while (i < q->l1_nr && !q->l1[i] && i * span < off + len)
		i++;
	out->kind = DW_EXTENT_UNMAPPED;
	out->backed = q->backing;
	out->len = i < q->l1_nr ? dw_min(i * span - off, len) : len;
}

int dw_qcow2_map(struct dw_qcow2 *q, uint64_t off, uint64_t len,
		 struct dw_qcow2_run *out, struct dw_err *err)
{
	uint64_t l2_span = dw_qcow2_l2_span(&q->h);
	uint64_t l2_off = q->l1[off / l2_span];
	uint32_t slice_len = (uint32_t)dw_min(SLICE_LEN, q->cluster_len);
	uint64_t slice_span = l2_span / (q->cluster_len / slice_len);
	uint64_t slice_off;
	const uint8_t *slice;
	int rc;

	memset(out, 0, sizeof(*out));
	if (!l2_off) {
		map_no_l2(q, off, len, out);
		return 0;
	}
	if (l2_off % q->cluster_len ||
	    !dw_in_range(l2_off, q->cluster_len, q->file->size))
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: the L2 table for offset %" PRIu64
			       " lies at %" PRIu64 " in a file of %" PRIu64
			       " bytes with clusters of %" PRIu32, off, l2_off,
			       q->file->size, q->cluster_len);
	slice_off = l2_off + off % l2_span / slice_span * slice_len;
	pthread_mutex_lock(&q->lock);
	rc = get_slice(q, slice_off, &slice, err);
	if (!rc)
		rc = map_slice(q, off, len, slice,
			       dw_round_down(off, slice_span), slice_span, out,
			       err);
	pthread_mutex_unlock(&q->lock);
	return rc;
}
