/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gzip: a raw disk in one member or several that follow each other. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/inflate.h"
#include "formats/stream.h"

static const uint8_t magic[] = { 0x1f, 0x8b, 8 };

enum place {
	IN_MEMBER,
	BETWEEN,	/* another member, padding, or nothing may follow */
	IN_PADDING,	/* zeros up to the end, as tapes have them */
};

struct unpacker {
	struct dw_inflate *inflate;
	enum place place;
};

static void gzip_end(void *state)
{
	struct unpacker *u = state;

	if (u)
		dw_inflate_free(u->inflate);
	free(u);
}

static int gzip_start(uint64_t memory_cap_len, void **state,
		      struct dw_err *err)
{
	struct unpacker *u = calloc(1, sizeof(*u));
	int rc;

	*state = u;
	if (!u)
		return dw_fail_nomem(err);
	rc = dw_inflate_new(&u->inflate, err);
	return rc;
}

static int step_between(struct unpacker *u, struct dw_stream_io *io,
			struct dw_err *err)
{
	io->complete = true;
	if (!io->in_len)
		return 0;
	if (u->place == BETWEEN && io->in[0] == magic[0]) {
		dw_inflate_reset(u->inflate);
		u->place = IN_MEMBER;
		return 0;
	}
	u->place = IN_PADDING;
	if (!dw_is_zero(io->in, io->in_len))
		return dw_fail(err, DW_CORRUPT,
			       "bytes that are no gzip member follow the last");
	io->used_len = io->in_len;
	return 0;
}

static int step_member(struct unpacker *u, struct dw_stream_io *io,
		       struct dw_err *err)
{
	bool ended, ok;

	io->used_len = io->in_len;
	io->made_len = io->out_len;
	ok = dw_inflate_step(u->inflate, io->in, &io->used_len, io->out,
			     &io->made_len, &ended);
	if (!ok)
		return dw_fail(err, DW_CORRUPT,
			       "it is damaged, or its checksum is wrong");
	if (ended)
		u->place = BETWEEN;
	return 0;
}

static int gzip_step(void *state, struct dw_stream_io *io, struct dw_err *err)
{
	struct unpacker *u = state;
	int rc = 0;

	if (u->place != IN_MEMBER)
		rc = step_between(u, io, err);
	/* What follows a member may be the next one's first byte. */
	if (!rc && u->place == IN_MEMBER) {
		io->complete = false;
		rc = step_member(u, io, err);
	}
	return rc;
}

static const struct dw_stream_unpacker unpacker = {
	.name = "gzip",
	.start = gzip_start,
	.step = gzip_step,
	.end = gzip_end,
};

static int gzip_probe(struct dw_dev *file, struct dw_err *err)
{
	return dw_stream_probe(file, 0, "gzip", magic, sizeof(magic), err);
}

/* The length at its end is modulo 2^32, and of the last member only: how long
 * the disk is shows when it is unpacked. */
static int gzip_open(struct dw_ctx *ctx, struct dw_dev *file,
		     const struct dw_format_how *how, struct dw_dev **out,
		     struct dw_err *err)
{
	int rc = dw_stream_check_how(file, "gzip", how, err);

	*out = NULL;
	if (!rc)
		rc = dw_stream_spool_open(ctx, file, &unpacker,
					  DW_STREAM_SIZE_UNKNOWN, out, err);
	return rc ? rc : dw_stream_check_content(out, "gzip", err);
}

/* A member for each unit; hardly longer than one of everything. */
static const struct dw_stream_packing packing = {
	.codec = DW_CODEC_GZIP,
	.unit_len = 1u << 20,
	.zeros_len = 1u << 20,
};

static int gzip_create(struct dw_ctx *ctx, struct dw_dev *file, uint64_t size,
		       const struct dw_format_options *options,
		       struct dw_writer **out, struct dw_err *err)
{
	return dw_stream_create(ctx, file, size, &packing, options, out, err);
}

const struct dw_format_driver dw_gzip_format = {
	.name = "gzip",
	.alias = "gz",
	.suffix = ".gz",
	.in_sequence = true,
	.probe = gzip_probe,
	.open = gzip_open,
	.create = gzip_create,
};
