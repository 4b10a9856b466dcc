/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deflate by zlib: bare, in a zlib stream, or as a member of a gzip file. */
#include <stdlib.h>
#include <zlib.h>

#include "base/codec_internal.h"

struct packer {
	struct dw_packer p;
	z_stream z;
};

/* How zlib is told which wrapping is wanted. */
static int window_arg(enum dw_codec_kind kind, int bits)
{
	switch (kind) {
	case DW_CODEC_DEFLATE:	return -bits;
	case DW_CODEC_GZIP:	return 16 + bits;
	default:		return bits;
	}
}

static int packer_new(const struct dw_codec *codec, struct dw_packer **out,
		      struct dw_err *err)
{
	struct packer *p = calloc(1, sizeof(*p));
	int level = codec->level ? codec->level : Z_DEFAULT_COMPRESSION;
	int bits = codec->window_bits ? codec->window_bits : 15;

	if (p && deflateInit2(&p->z, level, Z_DEFLATED,
			      window_arg(codec->kind, bits), 9,
			      Z_DEFAULT_STRATEGY) == Z_OK) {
		*out = &p->p;
		return 0;
	}
	free(p);
	return dw_fail_nomem(err);
}

static void packer_free(struct dw_packer *packer)
{
	struct packer *p = (struct packer *)packer;

	deflateEnd(&p->z);
	free(p);
}

/* compressBound() holds for zlib's default window and memory only; this is
 * what deflateBound() says for any, and the longest wrapping. */
static size_t bound(const struct dw_codec *codec, size_t len)
{
	return len + len / 8 + len / 64 + 7 + 18;
}

static int pack(struct dw_packer *packer, const void *src, size_t len,
		void *dst, size_t cap, size_t *packed_len, struct dw_err *err)
{
	struct packer *p = (struct packer *)packer;

	deflateReset(&p->z);
	p->z.next_in = (uint8_t *)src;
	p->z.avail_in = (uInt)len;
	p->z.next_out = dst;
	p->z.avail_out = (uInt)cap;
	if (deflate(&p->z, Z_FINISH) == Z_STREAM_END)
		*packed_len = p->z.total_out;
	return 0;
}

#ifdef DW_HAVE_ISAL
#define UNPACK dw_isal_unpack
#else
#define UNPACK unpack

static int unpack(enum dw_codec_kind kind, const void *src, size_t src_len,
		  void *dst, size_t dst_len, struct dw_err *err)
{
	z_stream z = { 0 };
	int zrc;

	if (inflateInit2(&z, window_arg(kind, 15)) != Z_OK)
		return dw_fail_nomem(err);
	z.next_in = (uint8_t *)src;
	z.avail_in = (uInt)src_len;
	z.next_out = dst;
	z.avail_out = (uInt)dst_len;
	zrc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	/* A full output is enough, whether or not the stream says its end. */
	if (!z.avail_out && (zrc == Z_STREAM_END || zrc == Z_BUF_ERROR))
		return 0;
	return dw_fail(err, DW_CORRUPT,
		       "deflate gives %lu of %zu bytes (zlib says %d)",
		       z.total_out, dst_len, zrc);
}
#endif

#define DEFLATE_DRIVER(NAME) {			\
	.name = NAME,				\
	.level_min = 1,				\
	.level_max = 9,				\
	.packer_new = packer_new,		\
	.packer_free = packer_free,		\
	.bound = bound,				\
	.pack = pack,				\
	.unpack = UNPACK,			\
}

const struct dw_codec_driver dw_codec_deflate = DEFLATE_DRIVER("deflate");
const struct dw_codec_driver dw_codec_zlib = DEFLATE_DRIVER("zlib");
const struct dw_codec_driver dw_codec_gzip = DEFLATE_DRIVER("gzip");
