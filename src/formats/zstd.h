/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the zstd driver. */
#ifndef DW_FORMATS_ZSTD_H
#define DW_FORMATS_ZSTD_H

#include "formats/stream_index.h"

/* Frames that hold what they like: u32 magic, of which the low bits are a
 * number, u32 length of what follows. */
#define DW_ZSTD_SKIPPABLE 0x184d2a50u
#define DW_ZSTD_SKIPPABLE_MASK 0xfffffff0u

/* The seek table of the seekable format: a skippable frame at the end of the
 * file, little endian.
 *   u32 SKIPPABLE_MAGIC, u32 length of what follows
 *   an entry a frame: u32 packed length, u32 length, u32 checksum (optional)
 *   u32 entries, u8 descriptor, u32 SEEKABLE_MAGIC */
#define DW_ZSTD_SKIPPABLE_MAGIC 0x184d2a5eu
#define DW_ZSTD_SEEKABLE_MAGIC 0x8f92eab1u
#define DW_ZSTD_SKIPPABLE_LEN 8u
#define DW_ZSTD_SEEK_FOOTER_LEN 9u
#define DW_ZSTD_SEEK_FRAMES_MAX 0x8000000u
#define DW_ZSTD_SEEK_CHECKSUMS 0x80u	/* of the descriptor */

/* The frames, by the seek table or else by their headers; DW_NOT_MINE where
 * one does not tell its content's length.  *out is empty after an error. */
int dw_zstd_read_index(struct dw_ctx *ctx, struct dw_dev *file,
		       struct dw_stream_index *out, struct dw_err *err);
int dw_zstd_unpack_block(struct dw_dev *file,
			 const struct dw_stream_block *block, uint8_t *dst,
			 size_t len, struct dw_err *err);

extern const struct dw_stream_packing dw_zstd_packing;

#endif
