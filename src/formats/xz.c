/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xz: a raw disk in one stream or several that follow each other. */
#include <lzma.h>
#include <stdlib.h>

#include "formats/xz.h"

static const uint8_t magic[] = { 0xfd, '7', 'z', 'X', 'Z', 0 };

static void xz_end(void *state)
{
	if (state)
		lzma_end(state);
	free(state);
}

static int xz_start(uint64_t memory_cap_len, void **state, struct dw_err *err)
{
	static const lzma_stream init = LZMA_STREAM_INIT;
	lzma_stream *z = malloc(sizeof(*z));

	*state = z;
	if (!z)
		return dw_fail_nomem(err);
	*z = init;
	if (lzma_stream_decoder(z, memory_cap_len, LZMA_CONCATENATED |
				LZMA_TELL_UNSUPPORTED_CHECK) != LZMA_OK)
		return dw_fail_nomem(err);
	return 0;
}

static int say(lzma_ret ret, struct dw_err *err)
{
	switch (ret) {
	case LZMA_OK:
	case LZMA_BUF_ERROR:
	case LZMA_STREAM_END:
		return 0;
	case LZMA_MEM_ERROR:
		return dw_fail_nomem(err);
	case LZMA_MEMLIMIT_ERROR:
		return dw_fail(err, DW_LIMIT,
			       "needs more memory than allowed");
	case LZMA_UNSUPPORTED_CHECK:
	case LZMA_OPTIONS_ERROR:
		return dw_fail(err, DW_UNSUPPORTED,
			       "a filter or a check that liblzma does not know");
	default:
		return dw_fail(err, DW_CORRUPT,
			       "it is damaged, or its checksum is wrong");
	}
}

static int xz_step(void *state, struct dw_stream_io *io, struct dw_err *err)
{
	lzma_stream *z = state;
	lzma_ret ret;

	z->next_in = io->in;
	z->avail_in = io->in_len;
	z->next_out = io->out;
	z->avail_out = io->out_len;
	ret = lzma_code(z, io->in_ends ? LZMA_FINISH : LZMA_RUN);
	io->used_len = io->in_len - z->avail_in;
	io->made_len = io->out_len - z->avail_out;
	io->complete = ret == LZMA_STREAM_END;
	return say(ret, err);
}

static const struct dw_stream_unpacker unpacker = {
	.name = "xz",
	.start = xz_start,
	.step = xz_step,
	.end = xz_end,
};

static int xz_probe(struct dw_dev *file, struct dw_err *err)
{
	return dw_stream_probe(file, 0, "xz", magic, sizeof(magic), err);
}

/* At random where the blocks are short enough, else in order. */
static int open_disk(struct dw_ctx *ctx, struct dw_dev *file,
		     struct dw_dev **out, struct dw_err *err)
{
	struct dw_stream_index index;
	uint64_t size;
	int rc = dw_xz_read_index(ctx, file, &index, err);

	if (rc)
		return rc;
	if (!index.too_long)
		return dw_stream_blocks_open_take(ctx, file, &index,
						  dw_xz_unpack_block, out,
						  err);
	size = index.size;
	dw_stream_index_free(&index);
	return dw_stream_spool_open(ctx, file, &unpacker, size, out, err);
}

static int xz_open(struct dw_ctx *ctx, struct dw_dev *file,
		   const struct dw_format_how *how, struct dw_dev **out,
		   struct dw_err *err)
{
	int rc = dw_stream_check_how(file, "xz", how, err);

	*out = NULL;
	if (!rc)
		rc = open_disk(ctx, file, out, err);
	return rc ? rc : dw_stream_check_content(out, "xz", err);
}

static int xz_create(struct dw_ctx *ctx, struct dw_dev *file, uint64_t size,
		   const struct dw_format_options *options,
		   struct dw_writer **out, struct dw_err *err)
{
	return dw_stream_create(ctx, file, size, &dw_xz_packing, options, out,
				err);
}

const struct dw_format_driver dw_xz_format = {
	.name = "xz",
	.suffix = ".xz",
	.probe = xz_probe,
	.open = xz_open,
	.create = xz_create,
};
