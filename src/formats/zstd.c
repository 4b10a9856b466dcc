/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* zstd: a raw disk in one frame or several that follow each other. */
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/bytes.h"
#include "formats/zstd.h"

static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

struct unpacker {
	ZSTD_DCtx *z;
	bool between;	/* frames; so it is not at the start */
};

static void zstd_end(void *state)
{
	struct unpacker *u = state;

	if (u)
		ZSTD_freeDCtx(u->z);
	free(u);
}

/* Windows are powers of two; frames that ask for larger ones are refused. */
static int window_log(uint64_t cap_len)
{
	int log = 20;

	while (log < 31 && (2ull << log) <= cap_len)
		log++;
	return log;
}

static int zstd_start(uint64_t memory_cap_len, void **state,
		      struct dw_err *err)
{
	struct unpacker *u = calloc(1, sizeof(*u));

	*state = u;
	if (u)
		u->z = ZSTD_createDCtx();
	if (!u || !u->z)
		return dw_fail_nomem(err);
	ZSTD_DCtx_setParameter(u->z, ZSTD_d_windowLogMax,
			       window_log(memory_cap_len));
	return 0;
}

static int say(size_t ret, struct dw_err *err)
{
	switch (ZSTD_getErrorCode(ret)) {
	case ZSTD_error_no_error:
		return 0;
	case ZSTD_error_memory_allocation:
		return dw_fail_nomem(err);
	case ZSTD_error_frameParameter_windowTooLarge:
		return dw_fail(err, DW_LIMIT,
			       "needs more memory than allowed");
	case ZSTD_error_dictionary_wrong:
	case ZSTD_error_version_unsupported:
	case ZSTD_error_frameParameter_unsupported:
		return dw_fail(err, DW_UNSUPPORTED, "%s",
			       ZSTD_getErrorName(ret));
	default:
		return dw_fail(err, DW_CORRUPT, "%s", ZSTD_getErrorName(ret));
	}
}

static int zstd_step(void *state, struct dw_stream_io *io, struct dw_err *err)
{
	struct unpacker *u = state;
	ZSTD_inBuffer in = { io->in, io->in_len, 0 };
	ZSTD_outBuffer out = { io->out, io->out_len, 0 };
	size_t ret;

	io->complete = u->between;
	if (u->between && !io->in_len)
		return 0;
	ret = ZSTD_decompressStream(u->z, &out, &in);
	io->used_len = in.pos;
	io->made_len = out.pos;
	io->complete = u->between = !ret;
	return say(ret, err);
}

static const struct dw_stream_unpacker unpacker = {
	.name = "zstd",
	.start = zstd_start,
	.step = zstd_step,
	.end = zstd_end,
};

/* pzstd puts a skippable frame in front; lz4 has the same ones. */
static int zstd_probe(struct dw_dev *file, struct dw_err *err)
{
	uint8_t head[8] = { 0 };
	uint64_t off = 0;
	int rc = 0;

	if (file->size >= sizeof(head))
		rc = dw_dev_pread(file, 0, head, sizeof(head), err);
	if (rc)
		return rc;
	if ((dw_le32(head) & DW_ZSTD_SKIPPABLE_MASK) == DW_ZSTD_SKIPPABLE)
		off = sizeof(head) + (uint64_t)dw_le32(head + 4);
	return dw_stream_probe(file, off, "zstd", magic, sizeof(magic), err);
}

/* At random where the frames are short enough, else in order. */
static int open_disk(struct dw_ctx *ctx, struct dw_dev *file,
		     struct dw_dev **out, struct dw_err *err)
{
	struct dw_stream_index index;
	uint64_t size;
	int rc = dw_zstd_read_index(ctx, file, &index, err);

	if (rc == DW_NOT_MINE)
		return dw_stream_spool_open(ctx, file, &unpacker,
					    DW_STREAM_SIZE_UNKNOWN, out, err);
	if (rc)
		return rc;
	if (!index.too_long)
		return dw_stream_blocks_open_take(ctx, file, &index,
						  dw_zstd_unpack_block, out,
						  err);
	size = index.size;
	dw_stream_index_free(&index);
	return dw_stream_spool_open(ctx, file, &unpacker, size, out, err);
}

static int zstd_open(struct dw_ctx *ctx, struct dw_dev *file,
		     const struct dw_format_how *how, struct dw_dev **out,
		     struct dw_err *err)
{
	int rc = dw_stream_check_how(file, "zstd", how, err);

	*out = NULL;
	if (!rc)
		rc = open_disk(ctx, file, out, err);
	return rc ? rc : dw_stream_check_content(out, "zstd", err);
}

static int zstd_create(struct dw_ctx *ctx, struct dw_dev *file, uint64_t size,
		       const struct dw_format_options *options,
		       struct dw_writer **out, struct dw_err *err)
{
	return dw_stream_create(ctx, file, size, &dw_zstd_packing, options, out,
				err);
}

const struct dw_format_driver dw_zstd_format = {
	.name = "zstd",
	.alias = "zst",
	.suffix = ".zst",
	.probe = zstd_probe,
	.open = zstd_open,
	.create = zstd_create,
};
