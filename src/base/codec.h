/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packing and unpacking whole buffers, by every method that images use. */
#ifndef DW_BASE_CODEC_H
#define DW_BASE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum dw_codec_kind {
	DW_CODEC_NONE = 0,
	DW_CODEC_DEFLATE,	/* raw, as in qcow2 */
	DW_CODEC_ZLIB,		/* with a zlib header and Adler-32: VMDK */
	DW_CODEC_GZIP,		/* one member, without name and time */
	DW_CODEC_ZSTD,		/* one frame that tells its content's length */
	DW_CODEC_XZ,		/* one block of an xz stream, CRC64 */
};

/*
 * How to pack.  Two equal structs pack equal bytes alike, in every thread and
 * on every host that has the same libraries.
 *
 * Levels: the deflate kinds have 1 to 9; up to 3 they are ISA-L's where the
 * build has it, else all are zlib's.  zstd has 1 to 22.  The default is
 * 1 of ISA-L, else what zlib and zstd themselves take.
 */
struct dw_codec {
	enum dw_codec_kind kind;
	int level;		/* 0: the default of the kind */
	uint8_t window_bits;	/* deflate kinds: 9..15; 0: 15 */
	bool checksum;		/* zstd: of the content, in the frame */
};

const char *dw_codec_name(enum dw_codec_kind kind);
/* DW_USAGE where the level is none of the kind's. */
int dw_codec_check(const struct dw_codec *codec, struct dw_err *err);

/* One thread's packer; costly to make, to be used for many buffers. */
struct dw_packer;

int dw_packer_new(const struct dw_codec *codec, struct dw_packer **out,
		  struct dw_err *err);
void dw_packer_free(struct dw_packer *p);

/* The most that dw_pack() makes of len bytes. */
size_t dw_pack_bound(const struct dw_codec *codec, size_t len);

/*
 * Packs len bytes; *packed_len is 0 where they do not fit into cap, which is
 * no error: cap says what is still worth it.  A packer may give up early on
 * bytes that will not become smaller.
 */
int dw_pack(struct dw_packer *p, const void *src, size_t len, void *dst,
	    size_t cap, size_t *packed_len, struct dw_err *err);

/*
 * Unpacks exactly dst_len bytes; what follows in src is padding.  Fewer bytes
 * are DW_CORRUPT.  Uses memory of the codec's own, bounded whatever src says.
 */
int dw_unpack_exact(enum dw_codec_kind kind, const void *src, size_t src_len,
		    void *dst, size_t dst_len, struct dw_err *err);

#endif
