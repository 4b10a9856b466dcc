/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The qcow2 header: decode, check, encode, without any I/O. */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/qcow2.h"

enum {
	OFF_VERSION = 4,
	OFF_BACKING = 8,
	OFF_BACKING_LEN = 16,
	OFF_CLUSTER_BITS = 20,
	OFF_SIZE = 24,
	OFF_CRYPT = 32,
	OFF_L1_NR = 36,
	OFF_L1 = 40,
	OFF_REFTABLE = 48,
	OFF_REFTABLE_CLUSTERS = 56,
	OFF_SNAPSHOTS_NR = 60,
	OFF_SNAPSHOTS = 64,
	OFF_INCOMPAT = 72,
	OFF_COMPAT = 80,
	OFF_AUTOCLEAR = 88,
	OFF_REFCOUNT_ORDER = 96,
	OFF_HEADER_LEN = 100,
	OFF_COMPRESSION = 104,
};

static void decode_v2(const uint8_t *buf, struct dw_qcow2_header *out)
{
	out->backing_off = dw_be64(buf + OFF_BACKING);
	out->backing_len = dw_be32(buf + OFF_BACKING_LEN);
	out->cluster_bits = dw_be32(buf + OFF_CLUSTER_BITS);
	out->size = dw_be64(buf + OFF_SIZE);
	out->crypt_method = dw_be32(buf + OFF_CRYPT);
	out->l1_nr = dw_be32(buf + OFF_L1_NR);
	out->l1_off = dw_be64(buf + OFF_L1);
	out->reftable_off = dw_be64(buf + OFF_REFTABLE);
	out->reftable_clusters_nr = dw_be32(buf + OFF_REFTABLE_CLUSTERS);
	out->snapshots_nr = dw_be32(buf + OFF_SNAPSHOTS_NR);
	out->snapshots_off = dw_be64(buf + OFF_SNAPSHOTS);
	out->refcount_order = 4;
	out->header_len = DW_QCOW2_V2_LEN;
}

static void decode_v3(const uint8_t *buf, size_t len,
		      struct dw_qcow2_header *out)
{
	out->incompat = dw_be64(buf + OFF_INCOMPAT);
	out->compat = dw_be64(buf + OFF_COMPAT);
	out->autoclear = dw_be64(buf + OFF_AUTOCLEAR);
	out->refcount_order = dw_be32(buf + OFF_REFCOUNT_ORDER);
	out->header_len = dw_be32(buf + OFF_HEADER_LEN);
	if (out->header_len > OFF_COMPRESSION && len > OFF_COMPRESSION)
		out->compression = buf[OFF_COMPRESSION];
}

int dw_qcow2_decode(const uint8_t *buf, size_t len, struct dw_qcow2_header *out,
		    struct dw_err *err)
{
	size_t need_len = DW_QCOW2_V2_LEN;

	memset(out, 0, sizeof(*out));
	if (len < 4 || dw_be32(buf) != DW_QCOW2_MAGIC)
		return dw_fail(err, DW_NOT_MINE, "qcow2: no magic number");
	if (len < need_len)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: the file ends at byte %zu, inside the "
			       "header", len);
	out->version = dw_be32(buf + OFF_VERSION);
	if (out->version != 2 && out->version != 3)
		return dw_fail(err, DW_UNSUPPORTED,
			       "qcow2: version %" PRIu32 " is not supported "
			       "(2 and 3 are)", out->version);
	decode_v2(buf, out);
	if (out->version == 2)
		return 0;
	if (len < DW_QCOW2_V3_LEN)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: the file ends at byte %zu, inside the "
			       "header", len);
	decode_v3(buf, len, out);
	return 0;
}

uint64_t dw_qcow2_l2_span(const struct dw_qcow2_header *h)
{
	unsigned entry_bits = h->incompat & DW_QCOW2_INCOMPAT_EXT_L2 ? 4 : 3;

	return UINT64_C(1) << (2 * h->cluster_bits - entry_bits);
}

/* One table: aligned to clusters, behind the header, inside the file. */
static int check_table(const char *what, uint64_t off, uint64_t len,
		       uint64_t cluster_len, uint64_t file_len,
		       struct dw_err *err)
{
	if (off % cluster_len)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: the %s at %" PRIu64 " is not aligned to "
			       "clusters of %" PRIu64, what, off, cluster_len);
	if (off < cluster_len)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: the %s at %" PRIu64 " overlaps the "
			       "header", what, off);
	if (!dw_in_range(off, len, file_len))
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: the %s of %" PRIu64 " bytes at %" PRIu64
			       " ends past the end of the file at %" PRIu64,
			       what, len, off, file_len);
	return 0;
}

static int check_l1(const struct dw_qcow2_header *h, uint64_t file_len,
		    struct dw_err *err)
{
	uint64_t need_nr = dw_div_up(h->size, dw_qcow2_l2_span(h));

	if (h->l1_nr > DW_QCOW2_L1_MAX_LEN / 8)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: an L1 table of %" PRIu32 " entries (at "
			       "most %u)", h->l1_nr, DW_QCOW2_L1_MAX_LEN / 8);
	if (h->l1_nr < need_nr)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: an L1 table of %" PRIu32 " entries is "
			       "too short for %" PRIu64 " bytes, which need %"
			       PRIu64, h->l1_nr, h->size, need_nr);
	if (!h->l1_nr)
		return 0;
	return check_table("L1 table", h->l1_off, (uint64_t)h->l1_nr * 8,
			   UINT64_C(1) << h->cluster_bits, file_len, err);
}

static int check_refcounts(const struct dw_qcow2_header *h, uint64_t file_len,
			   struct dw_err *err)
{
	uint64_t cluster_len = UINT64_C(1) << h->cluster_bits;
	uint64_t len = h->reftable_clusters_nr * cluster_len;

	if (h->refcount_order > 6)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: refcounts of order %" PRIu32
			       " (at most 6)", h->refcount_order);
	if (!len || len > DW_QCOW2_REFTABLE_MAX_LEN)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: a refcount table of %" PRIu32
			       " clusters (1 byte to %u allowed)",
			       h->reftable_clusters_nr,
			       DW_QCOW2_REFTABLE_MAX_LEN);
	return check_table("refcount table", h->reftable_off, len, cluster_len,
			   file_len, err);
}

static int check_snapshots(const struct dw_qcow2_header *h, uint64_t file_len,
			   struct dw_err *err)
{
	if (!h->snapshots_nr)
		return 0;
	if (h->snapshots_nr > DW_QCOW2_SNAPSHOTS_MAX)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: %" PRIu32 " snapshots (at most %u)",
			       h->snapshots_nr, DW_QCOW2_SNAPSHOTS_MAX);
	/* An entry takes at least 40 bytes. */
	return check_table("snapshot table", h->snapshots_off,
			   (uint64_t)h->snapshots_nr * 40,
			   UINT64_C(1) << h->cluster_bits, file_len, err);
}

static int check_backing(const struct dw_qcow2_header *h, struct dw_err *err)
{
	uint64_t cluster_len = UINT64_C(1) << h->cluster_bits;

	if (!h->backing_off)
		return 0;
	if (h->backing_len > DW_QCOW2_BACKING_MAX_LEN ||
	    !dw_in_range(h->backing_off, h->backing_len, cluster_len) ||
	    h->backing_off < h->header_len)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: a backing file name of %" PRIu32
			       " bytes at %" PRIu64 " in a first cluster of %"
			       PRIu64, h->backing_len, h->backing_off,
			       cluster_len);
	return 0;
}

static int check_features(const struct dw_qcow2_header *h, struct dw_err *err)
{
	bool has_type = h->incompat & DW_QCOW2_INCOMPAT_COMPRESSION;

	if (has_type != (h->compression != DW_QCOW2_ZLIB))
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: compression type %u, but incompatible "
			       "features 0x%" PRIx64, h->compression,
			       h->incompat);
	if (h->incompat & DW_QCOW2_INCOMPAT_EXT_L2 && h->cluster_bits < 14)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: extended L2 entries with clusters of %u "
			       "bytes (at least 16384)", 1u << h->cluster_bits);
	return 0;
}

int dw_qcow2_check(const struct dw_qcow2_header *h, uint64_t file_len,
		   struct dw_err *err)
{
	int rc;

	/* First of all, because every other check shifts by it. */
	if (h->cluster_bits < DW_QCOW2_CLUSTER_BITS_MIN ||
	    h->cluster_bits > DW_QCOW2_CLUSTER_BITS_MAX)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: clusters of 2^%" PRIu32 " bytes (2^%d to "
			       "2^%d allowed)", h->cluster_bits,
			       DW_QCOW2_CLUSTER_BITS_MIN,
			       DW_QCOW2_CLUSTER_BITS_MAX);
	if (h->version >= 3 &&
	    (h->header_len < DW_QCOW2_V3_LEN || h->header_len % 8 ||
	     h->header_len > 1u << h->cluster_bits))
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: a header of %" PRIu32 " bytes",
			       h->header_len);
	if (h->size > INT64_MAX)
		return dw_fail(err, DW_CORRUPT,
			       "qcow2: a virtual size of %" PRIu64 " bytes",
			       h->size);
	rc = check_features(h, err);
	if (!rc)
		rc = check_backing(h, err);
	if (!rc)
		rc = check_l1(h, file_len, err);
	if (!rc)
		rc = check_refcounts(h, file_len, err);
	if (!rc)
		rc = check_snapshots(h, file_len, err);
	return rc;
}

void dw_qcow2_encode(const struct dw_qcow2_header *h,
		     uint8_t buf[DW_QCOW2_HEADER_LEN])
{
	memset(buf, 0, DW_QCOW2_HEADER_LEN);
	dw_put_be32(buf, DW_QCOW2_MAGIC);
	dw_put_be32(buf + OFF_VERSION, h->version);
	dw_put_be64(buf + OFF_BACKING, h->backing_off);
	dw_put_be32(buf + OFF_BACKING_LEN, h->backing_len);
	dw_put_be32(buf + OFF_CLUSTER_BITS, h->cluster_bits);
	dw_put_be64(buf + OFF_SIZE, h->size);
	dw_put_be32(buf + OFF_CRYPT, h->crypt_method);
	dw_put_be32(buf + OFF_L1_NR, h->l1_nr);
	dw_put_be64(buf + OFF_L1, h->l1_off);
	dw_put_be64(buf + OFF_REFTABLE, h->reftable_off);
	dw_put_be32(buf + OFF_REFTABLE_CLUSTERS, h->reftable_clusters_nr);
	dw_put_be32(buf + OFF_SNAPSHOTS_NR, h->snapshots_nr);
	dw_put_be64(buf + OFF_SNAPSHOTS, h->snapshots_off);
	dw_put_be64(buf + OFF_INCOMPAT, h->incompat);
	dw_put_be64(buf + OFF_COMPAT, h->compat);
	dw_put_be64(buf + OFF_AUTOCLEAR, h->autoclear);
	dw_put_be32(buf + OFF_REFCOUNT_ORDER, h->refcount_order);
	dw_put_be32(buf + OFF_HEADER_LEN, h->header_len);
	buf[OFF_COMPRESSION] = h->compression;
}
