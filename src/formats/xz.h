/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the xz driver. */
#ifndef DW_FORMATS_XZ_H
#define DW_FORMATS_XZ_H

#include "formats/stream_index.h"

/* The blocks of all streams.  *out is empty after an error. */
int dw_xz_read_index(struct dw_ctx *ctx, struct dw_dev *file,
		     struct dw_stream_index *out, struct dw_err *err);
int dw_xz_unpack_block(struct dw_dev *file, const struct dw_stream_block *block,
		       uint8_t *dst, size_t len, struct dw_err *err);

extern const struct dw_stream_packing dw_xz_packing;

#endif
