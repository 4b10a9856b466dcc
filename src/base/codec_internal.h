/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One method of packing, inside this room. */
#ifndef DW_BASE_CODEC_INTERNAL_H
#define DW_BASE_CODEC_INTERNAL_H

#include "base/codec.h"

/* A packer embeds this as its first member. */
struct dw_packer {
	const struct dw_codec_driver *driver;
	struct dw_codec codec;
};

struct dw_codec_driver {
	const char *name;
	int level_min, level_max;
	int (*packer_new)(const struct dw_codec *codec, struct dw_packer **out,
			  struct dw_err *err);
	void (*packer_free)(struct dw_packer *p);
	size_t (*bound)(const struct dw_codec *codec, size_t len);
	int (*pack)(struct dw_packer *p, const void *src, size_t len, void *dst,
		    size_t cap, size_t *packed_len, struct dw_err *err);
	int (*unpack)(enum dw_codec_kind kind, const void *src, size_t src_len,
		      void *dst, size_t dst_len, struct dw_err *err);
};

extern const struct dw_codec_driver dw_codec_deflate, dw_codec_zlib,
	dw_codec_gzip, dw_codec_zstd, dw_codec_xz;

#ifdef DW_HAVE_ISAL
/* Packs the deflate kinds at levels up to this one. */
#define DW_ISAL_LEVEL_MAX 3
extern const struct dw_codec_driver dw_codec_isal;
/* Unpacks them, whatever packed them. */
int dw_isal_unpack(enum dw_codec_kind kind, const void *src, size_t src_len,
		   void *dst, size_t dst_len, struct dw_err *err);
#endif

#endif
