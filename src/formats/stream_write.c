/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new compressed stream: units packed by others, put in a row. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/stream.h"

/* Packed zeros are written many at a time. */
#define ZEROS_BUF_LEN (256u << 10)

static struct dw_stream_writer *writer_of(struct dw_writer *w)
{
	return (struct dw_stream_writer *)w;
}

int dw_stream_append(struct dw_stream_writer *s, const void *buf, size_t len,
		     struct dw_err *err)
{
	int rc = dw_dev_resize(s->file, s->file_len + len, err);

	if (!rc)
		rc = dw_dev_pwrite(s->file, s->file_len, buf, len, err);
	s->file_len += len;
	return rc;
}

/* ---- the index -------------------------------------------------------------- */

static int grow_runs(struct dw_stream_writer *s, struct dw_err *err)
{
	size_t cap = s->runs_cap ? 2 * s->runs_cap : 64;
	struct dw_stream_run *runs;

	if (cap > s->ctx->memory_cap_len / sizeof(*runs))
		return dw_fail(err, DW_LIMIT, "%s: an index of more than %zu "
			       "units needs more memory than allowed",
			       s->file->name, s->runs_nr);
	runs = reallocarray(s->runs, cap, sizeof(*runs));
	if (!runs)
		return dw_fail_nomem(err);
	s->runs = runs;
	s->runs_cap = cap;
	return 0;
}

/* Notes nr packed units, all alike, that are written. */
static int note(struct dw_stream_writer *s, const uint8_t *packed, size_t len,
		uint64_t unit_len, uint64_t nr, struct dw_err *err)
{
	struct dw_stream_run run = {
		.packed_len = s->packing->measure ?
			s->packing->measure(packed, len) : (uint32_t)len,
		.len = (uint32_t)unit_len,
		.nr = nr,
	};
	struct dw_stream_run *last = NULL;
	int rc;

	s->done_off += unit_len * nr;
	if (!s->packing->end)
		return 0;
	if (s->runs_nr)
		last = &s->runs[s->runs_nr - 1];
	if (last && last->packed_len == run.packed_len &&
	    last->len == run.len) {
		last->nr += nr;
		return 0;
	}
	rc = s->runs_nr < s->runs_cap ? 0 : grow_runs(s, err);
	if (!rc)
		s->runs[s->runs_nr++] = run;
	return rc;
}

/* ---- zeros ------------------------------------------------------------------ */

/* As many copies of a packed unit as one write is good for. */
static int write_copies(struct dw_stream_writer *s, const uint8_t *packed,
			size_t len, uint64_t nr, struct dw_err *err)
{
	size_t at_once = dw_max(ZEROS_BUF_LEN / len, 1), i;
	uint8_t *buf;
	int rc = 0;

	at_once = dw_min(at_once, nr);
	buf = malloc(at_once * len);
	if (!buf)
		return dw_fail_nomem(err);
	for (i = 0; i < at_once; i++)
		memcpy(buf + i * len, packed, len);
	for (; nr && !rc; nr -= at_once) {
		at_once = dw_min(at_once, nr);
		rc = dw_ctx_check(s->ctx, err);
		if (!rc)
			rc = dw_stream_append(s, buf, at_once * len, err);
	}
	free(buf);
	return rc;
}

/* nr units of zeros, packed only once. */
static int write_zeros(struct dw_stream_writer *s, uint32_t unit_len,
		       uint64_t nr, struct dw_err *err)
{
	size_t cap = dw_pack_bound(&s->w.codec, unit_len), len = 0;
	uint8_t *zeros = calloc(1, dw_max(unit_len, 1)), *packed = malloc(cap);
	int rc = zeros && packed ? 0 : dw_fail_nomem(err);

	if (!rc)
		rc = dw_pack(s->packer, zeros, unit_len, packed, cap, &len,
			     err);
	free(zeros);
	if (!rc && !len)
		rc = dw_fail(err, DW_LIMIT, "%s: zeros cannot be packed",
			     s->file->name);
	if (!rc)
		rc = write_copies(s, packed, len, nr, err);
	if (!rc)
		rc = note(s, packed, len, unit_len, nr, err);
	free(packed);
	return rc;
}

/* From where the stream is up to 'off', a unit's start or the disk's end. */
static int fill_gap(struct dw_stream_writer *s, uint64_t off,
		    struct dw_err *err)
{
	const uint32_t steps[] = { s->packing->zeros_len, s->w.unit_len };
	uint64_t nr;
	size_t i;
	int rc = 0;

	for (i = 0; i < 2 && !rc; i++) {
		nr = (off - s->done_off) / steps[i];
		if (nr)
			rc = write_zeros(s, steps[i], nr, err);
	}
	if (!rc && s->done_off < off)
		rc = write_zeros(s, (uint32_t)(off - s->done_off), 1, err);
	return rc;
}

/* ---- the writer ------------------------------------------------------------- */

static int stream_place(struct dw_writer *w, uint64_t off,
			uint64_t payload_len, struct dw_place *out,
			struct dw_err *err)
{
	writer_of(w)->placed_off = off;
	out->host_off = writer_of(w)->file_len;
	out->len = payload_len;
	return 0;
}

static int stream_put(struct dw_writer *w, const struct dw_place *place,
		      const void *payload, struct dw_err *err)
{
	struct dw_stream_writer *s = writer_of(w);
	uint64_t len = dw_min(w->unit_len, w->size - s->placed_off);
	int rc;

	rc = fill_gap(s, s->placed_off, err);
	if (!rc)
		rc = dw_stream_append(s, payload, place->len, err);
	if (!rc)
		rc = note(s, payload, place->len, len, 1, err);
	return rc;
}

static int stream_finish(struct dw_writer *w, struct dw_err *err)
{
	struct dw_stream_writer *s = writer_of(w);
	int rc;

	/* Of nothing, too, there is something: an empty file is no stream. */
	rc = w->size ? fill_gap(s, w->size, err) : write_zeros(s, 0, 1, err);
	if (!rc && s->packing->end)
		rc = s->packing->end(s, err);
	return rc;
}

static void stream_free(struct dw_writer *w)
{
	struct dw_stream_writer *s = writer_of(w);

	dw_packer_free(s->packer);
	free(s->runs);
	free(s);
}

static const struct dw_writer_driver stream_driver = {
	.place = stream_place,
	.put = stream_put,
	.finish = stream_finish,
	.free = stream_free,
};

/* The level may come without a kind, or with the stream's own. */
static int choose_codec(struct dw_stream_writer *s,
			const struct dw_format_options *options,
			struct dw_err *err)
{
	static const struct dw_format_options none;
	enum dw_codec_kind kind;

	options = options ? options : &none;
	kind = options->codec.kind;
	if (options->cluster_len || options->subformat)
		return dw_fail(err, DW_USAGE, "a %s stream has neither "
			       "clusters nor subformats",
			       dw_codec_name(s->packing->codec));
	if (kind != DW_CODEC_NONE && kind != s->packing->codec)
		return dw_fail(err, DW_USAGE, "a %s stream is not packed by %s",
			       dw_codec_name(s->packing->codec),
			       dw_codec_name(kind));
	s->w.codec = (struct dw_codec){
		.kind = s->packing->codec, .level = options->codec.level,
		.checksum = s->packing->checksum,
	};
	return dw_packer_new(&s->w.codec, &s->packer, err);
}

int dw_stream_create(struct dw_ctx *ctx, struct dw_dev *file, uint64_t size,
		     const struct dw_stream_packing *packing,
		     const struct dw_format_options *options,
		     struct dw_writer **out, struct dw_err *err)
{
	struct dw_stream_writer *s;
	int rc;

	*out = NULL;
	/* What is behind the stream would be damage. */
	if (file->size)
		return dw_fail(err, DW_UNSUPPORTED, "%s: a block device cannot "
			       "hold a %s stream", file->name,
			       dw_codec_name(packing->codec));
	s = calloc(1, sizeof(*s));
	if (!s)
		return dw_fail_nomem(err);
	s->w = (struct dw_writer){
		.driver = &stream_driver, .unit_len = packing->unit_len,
		.maps = true, .must_pack = true, .sequential = true,
		.size = size,
	};
	s->packing = packing;
	s->ctx = ctx;
	s->file = file;
	rc = choose_codec(s, options, err);
	if (!rc && packing->begin)
		rc = packing->begin(s, err);
	if (rc) {
		stream_free(&s->w);
		return rc;
	}
	*out = &s->w;
	return 0;
}
