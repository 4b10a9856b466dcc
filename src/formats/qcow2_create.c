/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new qcow2 image (version 3), written as a stream. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/grow.h"
#include "formats/qcow2_create.h"

/* Of deflate, as QEMU writes and reads it. */
#define WINDOW_BITS 12
/* The fastest level of zlib and zstd alike.  In units as small as clusters the
 * slow ones gain little: not a tenth for ten times the time. */
#define LEVEL_DEFAULT 1

struct qcow2_writer {
	struct dw_writer w;
	struct dw_grow grow;
	uint32_t cluster_len;
	struct dw_qcow2_layout layout;
	struct dw_qcow2_alloc alloc;
};

static struct qcow2_writer *writer_of(struct dw_writer *w)
{
	return (struct qcow2_writer *)w;
}

static int qcow2_place(struct dw_writer *w, uint64_t off, uint64_t payload_len,
		       struct dw_place *out, struct dw_err *err)
{
	struct qcow2_writer *q = writer_of(w);
	uint64_t guest_cl = off / q->cluster_len;
	bool is_end = off + payload_len == w->size;

	out->len = payload_len;
	/* Where units come packed, a short one at the disk's end is too. */
	if (payload_len % q->cluster_len == 0 || (is_end && !w->codec.kind))
		return dw_qcow2_alloc_plain(&q->alloc, guest_cl,
					    dw_div_up(payload_len,
						      q->cluster_len),
					    &out->host_off, err);
	if (payload_len < q->cluster_len)
		return dw_qcow2_alloc_packed(&q->alloc, guest_cl,
					     (uint32_t)payload_len,
					     &out->host_off, err);
	return dw_fail(err, DW_USAGE,
		       "qcow2: a payload of %" PRIu64 " bytes for clusters of %"
		       PRIu32, payload_len, q->cluster_len);
}

static int qcow2_put(struct dw_writer *w, const struct dw_place *place,
		     const void *payload, struct dw_err *err)
{
	return dw_grow_put(&writer_of(w)->grow, place->host_off, payload,
			   place->len, err);
}

static int write_header(struct qcow2_writer *q, struct dw_err *err)
{
	const struct dw_qcow2_layout *l = &q->layout;
	struct dw_qcow2_header h = {
		.version = 3,
		.cluster_bits = q->alloc.cluster_bits,
		/* QEMU counts a disk in sectors. */
		.size = dw_round_up(q->w.size, 512),
		.l1_nr = (uint32_t)l->l1_nr,
		.l1_off = l->l1_off,
		.reftable_off = l->reftable_off,
		.reftable_clusters_nr = (uint32_t)l->reftable_clusters_nr,
		.refcount_order = 4,
		.header_len = DW_QCOW2_HEADER_LEN,
	};
	uint8_t buf[512] = { 0 };

	if (q->w.codec.kind == DW_CODEC_ZSTD) {
		h.incompat = DW_QCOW2_INCOMPAT_COMPRESSION;
		h.compression = DW_QCOW2_ZSTD;
	}
	dw_qcow2_encode(&h, buf);
	return dw_dev_pwrite(q->grow.file, 0, buf, sizeof(buf), err);
}

/* What lies between the end of an odd disk and the end of its last cluster
 * shows when the disk is made larger. */
static int zero_tail(struct qcow2_writer *q, struct dw_err *err)
{
	const struct dw_qcow2_alloc *a = &q->alloc;
	const struct dw_qcow2_placed *last;
	uint64_t in_cl = q->w.size % q->cluster_len;
	uint64_t last_off;

	if (q->grow.is_fresh || !in_cl || !a->placed_nr)
		return 0;
	last = &a->placed[a->placed_nr - 1];
	if (last->entry & DW_QCOW2_COMPRESSED ||
	    last->guest_cl + last->nr <= q->w.size / q->cluster_len)
		return 0;
	last_off = (last->entry & DW_QCOW2_OFF_MASK) +
		   (last->nr - 1) * q->cluster_len;
	return dw_dev_zero(q->grow.file, last_off + in_cl,
			   q->cluster_len - in_cl, err);
}

/*
 * Data, L2 tables, refcounts, L1, and the header that makes it an image last.
 * The caller flushes what it keeps; on a block device, where an old image may
 * have been, everything is made durable before the header.
 */
static int qcow2_finish(struct dw_writer *w, struct dw_err *err)
{
	struct qcow2_writer *q = writer_of(w);
	int rc;

	rc = dw_qcow2_alloc_end(&q->alloc, err);
	if (!rc)
		rc = dw_qcow2_layout_end(&q->layout, &q->alloc, err);
	if (rc)
		return rc;
	rc = dw_grow_end(&q->grow, q->layout.end_off, err);
	if (!rc)
		rc = zero_tail(q, err);
	if (!rc)
		rc = dw_qcow2_write_tables(q->grow.file, &q->layout, &q->alloc,
					   q->grow.is_fresh, err);
	if (!rc && !q->grow.is_fresh)
		rc = dw_dev_flush(q->grow.file, err);
	return rc ? rc : write_header(q, err);
}

static void qcow2_free(struct dw_writer *w)
{
	struct qcow2_writer *q = writer_of(w);

	dw_qcow2_alloc_free(&q->alloc);
	dw_grow_free(&q->grow);
	free(q);
}

static const struct dw_writer_driver qcow2_writer_driver = {
	.place = qcow2_place,
	.put = qcow2_put,
	.finish = qcow2_finish,
	.free = qcow2_free,
};

static int check_cluster_len(uint32_t len, struct dw_err *err)
{
	if (dw_is_pow2(len) && len >= 1u << DW_QCOW2_CLUSTER_BITS_MIN &&
	    len <= 1u << DW_QCOW2_CLUSTER_BITS_MAX)
		return 0;
	return dw_fail(err, DW_USAGE,
		       "qcow2: clusters of %" PRIu32 " bytes (a power of two "
		       "from 512 to 2097152)", len);
}

/* "zlib" is bare deflate here, in the small window that readers allow for. */
static int choose_codec(const struct dw_codec *asked, struct dw_codec *out,
			struct dw_err *err)
{
	*out = *asked;
	if (!out->level)
		out->level = LEVEL_DEFAULT;
	switch (asked->kind) {
	case DW_CODEC_NONE:
		return 0;
	case DW_CODEC_DEFLATE:
	case DW_CODEC_ZLIB:
		out->kind = DW_CODEC_DEFLATE;
		out->window_bits = WINDOW_BITS;
		return dw_codec_check(out, err);
	case DW_CODEC_ZSTD:
		return dw_codec_check(out, err);
	default:
		return dw_fail(err, DW_USAGE,
			       "qcow2: compressed by %s (zlib or zstd)",
			       dw_codec_name(asked->kind));
	}
}

int dw_qcow2_create(struct dw_ctx *ctx, struct dw_dev *file, uint64_t size,
		    const struct dw_format_options *options,
		    struct dw_writer **out, struct dw_err *err)
{
	static const struct dw_format_options defaults;
	struct qcow2_writer *q;
	struct dw_codec codec;
	uint32_t cluster_len;
	int rc;

	*out = NULL;
	if (!options)
		options = &defaults;
	cluster_len = options->cluster_len ? options->cluster_len :
					     DW_QCOW2_CLUSTER_LEN;
	rc = check_cluster_len(cluster_len, err);
	if (!rc)
		rc = choose_codec(&options->codec, &codec, err);
	if (rc)
		return rc;
	q = calloc(1, sizeof(*q));
	if (!q)
		return dw_fail_nomem(err);
	dw_grow_init(&q->grow, file);
	q->w = (struct dw_writer){
		.driver = &qcow2_writer_driver, .unit_len = cluster_len,
		.maps = true, .codec = codec, .size = size,
	};
	q->cluster_len = cluster_len;
	q->alloc.cluster_bits = (uint32_t)__builtin_ctz(cluster_len);
	q->alloc.cap_len = ctx->memory_cap_len;
	rc = dw_qcow2_layout_front(&q->layout, size, q->alloc.cluster_bits,
				   err);
	q->alloc.next_off = q->layout.data_off;
	/* No old header may make sense of what is written from now on. */
	if (!rc && !q->grow.is_fresh)
		rc = dw_dev_zero(file, 0, dw_min(cluster_len, file->size), err);
	if (rc) {
		qcow2_free(&q->w);
		return rc;
	}
	*out = &q->w;
	return 0;
}
