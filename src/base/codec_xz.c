/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks of an xz stream: LZMA2, CRC64, and their lengths in their headers. */
#include <lzma.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/codec_internal.h"

#define LEVEL_DEFAULT 6

struct packer {
	struct dw_packer p;
	lzma_options_lzma preset;
};

static int packer_new(const struct dw_codec *codec, struct dw_packer **out,
		      struct dw_err *err)
{
	struct packer *p = calloc(1, sizeof(*p));
	uint32_t level = codec->level ? (uint32_t)codec->level : LEVEL_DEFAULT;

	if (!p)
		return dw_fail_nomem(err);
	if (lzma_lzma_preset(&p->preset, level)) {
		free(p);
		return dw_fail(err, DW_UNSUPPORTED,
			       "liblzma has no level %u", level);
	}
	*out = &p->p;
	return 0;
}

static void packer_free(struct dw_packer *packer)
{
	free(packer);
}

static size_t bound(const struct dw_codec *codec, size_t len)
{
	return lzma_block_buffer_bound(len);
}

static int pack(struct dw_packer *packer, const void *src, size_t len,
		void *dst, size_t cap, size_t *packed_len, struct dw_err *err)
{
	lzma_options_lzma options = ((struct packer *)packer)->preset;
	lzma_filter filters[] = {
		{ .id = LZMA_FILTER_LZMA2, .options = &options },
		{ .id = LZMA_VLI_UNKNOWN },
	};
	lzma_block block = { .check = LZMA_CHECK_CRC64, .filters = filters };
	lzma_ret ret;

	/* A dictionary longer than the bytes costs memory and gains nothing. */
	options.dict_size = (uint32_t)dw_min(options.dict_size,
					     dw_max(len, LZMA_DICT_SIZE_MIN));
	ret = lzma_block_buffer_encode(&block, NULL, src, len, dst, packed_len,
				       cap);
	if (ret == LZMA_MEM_ERROR)
		return dw_fail_nomem(err);
	if (ret != LZMA_OK)
		*packed_len = 0;
	return 0;
}

/* How to unpack a block is told by its stream: the drivers of xz files do. */
const struct dw_codec_driver dw_codec_xz = {
	.name = "xz",
	.level_min = 1,
	.level_max = 9,
	.packer_new = packer_new,
	.packer_free = packer_free,
	.bound = bound,
	.pack = pack,
};
