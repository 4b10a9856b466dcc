/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Zstandard frames. */
#include <stdlib.h>
#include <zstd.h>

#include "base/codec_internal.h"

struct packer {
	struct dw_packer p;
	ZSTD_CCtx *z;
};

static int packer_new(const struct dw_codec *codec, struct dw_packer **out,
		      struct dw_err *err)
{
	struct packer *p = calloc(1, sizeof(*p));

	if (p)
		p->z = ZSTD_createCCtx();
	if (!p || !p->z) {
		free(p);
		return dw_fail_nomem(err);
	}
	ZSTD_CCtx_setParameter(p->z, ZSTD_c_compressionLevel,
			       codec->level ? codec->level : ZSTD_CLEVEL_DEFAULT);
	ZSTD_CCtx_setParameter(p->z, ZSTD_c_checksumFlag, codec->checksum);
	*out = &p->p;
	return 0;
}

static void packer_free(struct dw_packer *packer)
{
	ZSTD_freeCCtx(((struct packer *)packer)->z);
	free(packer);
}

static size_t bound(const struct dw_codec *codec, size_t len)
{
	return ZSTD_compressBound(len);
}

static int pack(struct dw_packer *packer, const void *src, size_t len,
		void *dst, size_t cap, size_t *packed_len, struct dw_err *err)
{
	struct packer *p = (struct packer *)packer;
	size_t ret = ZSTD_compress2(p->z, dst, cap, src, len);

	if (!ZSTD_isError(ret))
		*packed_len = ret;
	return 0;
}

/*
 * One frame or several.  Frames are unpacked whole, straight into dst, so that
 * no window is allocated, whatever size of it a frame asks for.
 */
static int unpack(enum dw_codec_kind kind, const void *src, size_t src_len,
		  void *dst, size_t dst_len, struct dw_err *err)
{
	size_t frame_len, len, done_len = 0;

	/* It ends because a frame takes at least its header from src. */
	while (done_len < dst_len) {
		frame_len = ZSTD_findFrameCompressedSize(src, src_len);
		if (ZSTD_isError(frame_len) || !frame_len)
			break;
		len = ZSTD_decompress((uint8_t *)dst + done_len,
				      dst_len - done_len, src, frame_len);
		if (ZSTD_isError(len))
			return dw_fail(err, DW_CORRUPT, "zstd: %s",
				       ZSTD_getErrorName(len));
		done_len += len;
		src = (const uint8_t *)src + frame_len;
		src_len -= frame_len;
	}
	if (done_len == dst_len)
		return 0;
	return dw_fail(err, DW_CORRUPT, "zstd gives %zu of %zu bytes",
		       done_len, dst_len);
}

const struct dw_codec_driver dw_codec_zstd = {
	.name = "zstd",
	.level_min = 1,
	.level_max = 22,
	.packer_new = packer_new,
	.packer_free = packer_free,
	.bound = bound,
	.pack = pack,
	.unpack = unpack,
};
