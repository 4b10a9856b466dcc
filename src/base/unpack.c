/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streaming decompression of what kernels accept as an initrd. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/unpack_internal.h"

#define IN_LEN	(256u << 10)
#define OUT_LEN	(256u << 10)

static const struct {
	const char *name;
	uint8_t len;
	uint8_t magic[6];
} kinds[] = {
	[DW_PACK_NONE] = { "none", 0, { 0 } },
	[DW_PACK_GZIP] = { "gzip", 2, { 0x1f, 0x8b } },
	[DW_PACK_XZ] = { "xz", 6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
	[DW_PACK_LZMA] = { "lzma", 3, { 0x5d, 0, 0 } },
	[DW_PACK_ZSTD] = { "zstd", 4, { 0x28, 0xb5, 0x2f, 0xfd } },
	[DW_PACK_LZ4] = { "lz4", 4, { 0x02, 0x21, 0x4c, 0x18 } },
	[DW_PACK_BZIP2] = { "bzip2", 3, { 'B', 'Z', 'h' } },
	[DW_PACK_LZO] = { "lzo", 4, { 0x89, 'L', 'Z', 'O' } },
};
#define KINDS_NR (sizeof(kinds) / sizeof(kinds[0]))

const char *dw_packing_name(enum dw_packing kind)
{
	return (size_t)kind < KINDS_NR ? kinds[kind].name : "?";
}

enum dw_packing dw_packing_of(const uint8_t *p, size_t len)
{
	for (size_t i = 1; i < KINDS_NR; i++)
		if (len >= kinds[i].len &&
		    !memcmp(p, kinds[i].magic, kinds[i].len))
			return (enum dw_packing)i;
	return DW_PACK_NONE;
}

/* Window sizes are powers of two; the decoder refuses larger ones. */
static int window_log(uint64_t cap_len)
{
	int log = 20;

	while (log < 27 && (2ull << log) <= cap_len)
		log++;
	return log;
}

static int start(struct dw_unpack *u, uint64_t cap_len, struct dw_err *err)
{
	static const lzma_stream init = LZMA_STREAM_INIT;
	int ret = 0;

	u->lzma = init;
	switch (u->kind) {
	case DW_PACK_GZIP:
		return dw_inflate_new(&u->gzip, err);
	case DW_PACK_XZ:
		ret = lzma_stream_decoder(&u->lzma, cap_len, 0) != LZMA_OK;
		break;
	case DW_PACK_LZMA:
		ret = lzma_alone_decoder(&u->lzma, cap_len) != LZMA_OK;
		break;
	case DW_PACK_ZSTD:
		u->zstd = ZSTD_createDStream();
		ret = !u->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd,
			ZSTD_d_windowLogMax, window_log(cap_len)));
		break;
	case DW_PACK_LZ4:
		u->read_off += 4;
		break;
	case DW_PACK_LZO:
		break;
	case DW_PACK_BZIP2:
		ret = BZ2_bzDecompressInit(&u->bzip2, 0, 0) != BZ_OK;
		u->bzip2_open = !ret;
		break;
	default:
		return dw_fail(err, DW_UNSUPPORTED,
			       "initrd: %s compression is not supported",
			       dw_packing_name(u->kind));
	}
	return ret ? dw_fail_nomem(err) : 0;
}

int dw_unpack_open(enum dw_packing kind, const struct dw_source *src,
		   uint64_t off, uint64_t memory_cap_len,
		   struct dw_unpack **out, struct dw_err *err)
{
	struct dw_unpack *u = calloc(1, sizeof(*u));
	int ret;

	*out = NULL;
	if (!u)
		return dw_fail_nomem(err);
	u->kind = kind;
	u->src = src;
	u->read_off = off;
	u->in = malloc(IN_LEN);
	u->out = malloc(kind == DW_PACK_LZ4 ? DW_LZ4_CHUNK_LEN : OUT_LEN);
	ret = u->in && u->out ? start(u, memory_cap_len, err) :
				dw_fail_nomem(err);
	if (ret)
		dw_unpack_close(u);
	else
		*out = u;
	return ret;
}

void dw_unpack_close(struct dw_unpack *u)
{
	if (!u)
		return;
	dw_inflate_free(u->gzip);
	if (u->kind == DW_PACK_XZ || u->kind == DW_PACK_LZMA)
		lzma_end(&u->lzma);
	ZSTD_freeDStream(u->zstd);
	if (u->bzip2_open)
		BZ2_bzDecompressEnd(&u->bzip2);
	free(u->block);
	free(u->in);
	free(u->out);
	free(u);
}

uint64_t dw_unpack_end_off(const struct dw_unpack *u)
{
	return u->read_off - (u->in_len - u->in_pos);
}

static int fill(struct dw_unpack *u, struct dw_err *err)
{
	int ret;

	u->in_pos = 0;
	ret = u->src->read(u->src->arg, u->read_off, u->in, IN_LEN, &u->in_len,
			   err);
	if (ret) {
		u->in_len = 0;
		return ret;
	}
	u->read_off += u->in_len;
	if (!u->in_len)
		return dw_fail(err, DW_CORRUPT,
			       "initrd: %s stream breaks off at byte %llu",
			       dw_packing_name(u->kind),
			       (unsigned long long)u->read_off);
	return 0;
}

int dw_unpack_damaged(const struct dw_unpack *u, struct dw_err *err)
{
	return dw_fail(err, DW_CORRUPT,
		       "initrd: %s stream is damaged near byte %llu",
		       dw_packing_name(u->kind),
		       (unsigned long long)dw_unpack_end_off(u));
}

static int too_big(const struct dw_unpack *u, struct dw_err *err)
{
	return dw_fail(err, DW_LIMIT,
		       "initrd: %s stream needs more memory than allowed",
		       dw_packing_name(u->kind));
}

/* Each step takes from the input buffer and says how much it put out. */
static int step_gzip(struct dw_unpack *u, size_t *len, struct dw_err *err)
{
	size_t used = u->in_len - u->in_pos;
	bool ok;

	*len = OUT_LEN;
	ok = dw_inflate_step(u->gzip, u->in + u->in_pos, &used, u->out, len,
			     &u->ended);
	u->in_pos += used;
	return ok ? 0 : dw_unpack_damaged(u, err);
}

static int step_lzma(struct dw_unpack *u, size_t *len, struct dw_err *err)
{
	lzma_ret ret;

	u->lzma.next_in = u->in + u->in_pos;
	u->lzma.avail_in = u->in_len - u->in_pos;
	u->lzma.next_out = u->out;
	u->lzma.avail_out = OUT_LEN;
	ret = lzma_code(&u->lzma, LZMA_RUN);
	u->in_pos = u->in_len - u->lzma.avail_in;
	*len = OUT_LEN - u->lzma.avail_out;
	u->ended = ret == LZMA_STREAM_END;
	if (ret == LZMA_MEM_ERROR)
		return dw_fail_nomem(err);
	if (ret == LZMA_MEMLIMIT_ERROR)
		return too_big(u, err);
	return ret == LZMA_OK || u->ended || ret == LZMA_BUF_ERROR ? 0 :
		dw_unpack_damaged(u, err);
}

static int step_zstd(struct dw_unpack *u, size_t *len, struct dw_err *err)
{
	ZSTD_inBuffer in = { u->in, u->in_len, u->in_pos };
	ZSTD_outBuffer out = { u->out, OUT_LEN, 0 };
	size_t ret = ZSTD_decompressStream(u->zstd, &out, &in);

	u->in_pos = in.pos;
	*len = out.pos;
	if (ZSTD_isError(ret)) {
		/* The window that the frame asks for is over the limit. */
		if (strstr(ZSTD_getErrorName(ret), "memory"))
			return too_big(u, err);
		return dw_unpack_damaged(u, err);
	}
	u->ended = !ret;
	return 0;
}

static int step_bzip2(struct dw_unpack *u, size_t *len, struct dw_err *err)
{
	int ret;

	u->bzip2.next_in = (char *)u->in + u->in_pos;
	u->bzip2.avail_in = (unsigned)(u->in_len - u->in_pos);
	u->bzip2.next_out = (char *)u->out;
	u->bzip2.avail_out = OUT_LEN;
	ret = BZ2_bzDecompress(&u->bzip2);
	u->in_pos = u->in_len - u->bzip2.avail_in;
	*len = OUT_LEN - u->bzip2.avail_out;
	u->ended = ret == BZ_STREAM_END;
	if (ret == BZ_MEM_ERROR)
		return dw_fail_nomem(err);
	return ret == BZ_OK || u->ended ? 0 : dw_unpack_damaged(u, err);
}

static int step(struct dw_unpack *u, size_t *len, struct dw_err *err)
{
	int ret;

	if (u->kind == DW_PACK_LZ4)
		return dw_unpack_step_lz4(u, len, err);
	if (u->kind == DW_PACK_LZO)
		return dw_unpack_step_lzo(u, len, err);
	if (u->in_pos == u->in_len && !u->full) {
		ret = fill(u, err);
		if (ret)
			return ret;
	}
	if (u->kind == DW_PACK_GZIP)
		return step_gzip(u, len, err);
	if (u->kind == DW_PACK_ZSTD)
		return step_zstd(u, len, err);
	if (u->kind == DW_PACK_BZIP2)
		return step_bzip2(u, len, err);
	return step_lzma(u, len, err);
}

/* Ends: each round takes input, of which there is only so much, puts out
 * something (then it returns), or finds the end. */
int dw_unpack_next(struct dw_unpack *u, const uint8_t **p, size_t *len,
		   struct dw_err *err)
{
	int ret = 0;

	*p = u->out;
	*len = 0;
	while (!ret && !*len && !u->ended) {
		uint64_t before = dw_unpack_end_off(u);
		bool was_full = u->full;

		ret = step(u, len, err);
		u->full = *len == OUT_LEN;
		if (!ret && !*len && !u->ended && !was_full &&
		    dw_unpack_end_off(u) == before)
			ret = dw_unpack_damaged(u, err);
	}
	return ret;
}
