/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of packing methods, and the checks all of them share. */
#include "base/codec_internal.h"

static const struct dw_codec_driver *driver_of(enum dw_codec_kind kind)
{
	switch (kind) {
	case DW_CODEC_DEFLATE:	return &dw_codec_deflate;
	case DW_CODEC_ZLIB:	return &dw_codec_zlib;
	case DW_CODEC_GZIP:	return &dw_codec_gzip;
	case DW_CODEC_ZSTD:	return &dw_codec_zstd;
	case DW_CODEC_XZ:	return &dw_codec_xz;
	default:		return NULL;
	}
}

/* Who packs this: deflate has two packers. */
static const struct dw_codec_driver *packer_of(const struct dw_codec *codec)
{
	const struct dw_codec_driver *driver = driver_of(codec->kind);

#ifdef DW_HAVE_ISAL
	if ((driver == &dw_codec_deflate || driver == &dw_codec_zlib ||
	     driver == &dw_codec_gzip) && codec->level <= DW_ISAL_LEVEL_MAX)
		return &dw_codec_isal;
#endif
	return driver;
}

const char *dw_codec_name(enum dw_codec_kind kind)
{
	const struct dw_codec_driver *driver = driver_of(kind);

	return driver ? driver->name : "none";
}

int dw_codec_check(const struct dw_codec *codec, struct dw_err *err)
{
	const struct dw_codec_driver *driver = driver_of(codec->kind);

	if (!driver)
		return dw_fail(err, DW_USAGE, "no packing is numbered %d",
			       codec->kind);
	if (codec->level && (codec->level < driver->level_min ||
			     codec->level > driver->level_max))
		return dw_fail(err, DW_USAGE,
			       "%s has the levels %d to %d, not %d",
			       driver->name, driver->level_min,
			       driver->level_max, codec->level);
	return 0;
}

int dw_packer_new(const struct dw_codec *codec, struct dw_packer **out,
		  struct dw_err *err)
{
	int ret = dw_codec_check(codec, err);

	*out = NULL;
	if (!ret)
		ret = packer_of(codec)->packer_new(codec, out, err);
	if (ret)
		return ret;
	(*out)->driver = packer_of(codec);
	(*out)->codec = *codec;
	return 0;
}

void dw_packer_free(struct dw_packer *p)
{
	if (p)
		p->driver->packer_free(p);
}

size_t dw_pack_bound(const struct dw_codec *codec, size_t len)
{
	return packer_of(codec)->bound(codec, len);
}

int dw_pack(struct dw_packer *p, const void *src, size_t len, void *dst,
	    size_t cap, size_t *packed_len, struct dw_err *err)
{
	*packed_len = 0;
	return p->driver->pack(p, src, len, dst, cap, packed_len, err);
}

int dw_unpack_exact(enum dw_codec_kind kind, const void *src, size_t src_len,
		    void *dst, size_t dst_len, struct dw_err *err)
{
	const struct dw_codec_driver *driver = driver_of(kind);

	if (!driver || !driver->unpack)
		return dw_fail(err, DW_USAGE, "no packing is numbered %d",
			       kind);
	return driver->unpack(kind, src, src_len, dst, dst_len, err);
}
