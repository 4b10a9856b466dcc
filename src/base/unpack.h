/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streaming decompression of what kernels accept as an initrd. */
#ifndef DW_BASE_UNPACK_H
#define DW_BASE_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Where bytes come from: a file of a guest, or memory in a test.  read fills
 * *got short only at the end. */
struct dw_source {
	int (*read)(void *arg, uint64_t off, void *buf, size_t len,
		    size_t *got, struct dw_err *err);
	void *arg;
	uint64_t size;
};

enum dw_packing {
	DW_PACK_NONE = 0,
	DW_PACK_GZIP,
	DW_PACK_XZ,
	DW_PACK_LZMA,
	DW_PACK_ZSTD,
	DW_PACK_LZ4,		/* the legacy frame, the only one of kernels */
	DW_PACK_BZIP2,
	DW_PACK_LZO,		/* as lzop writes it, blocks of 256 KiB */
};

const char *dw_packing_name(enum dw_packing kind);

/* By the first six bytes; NONE where no magic is known. */
enum dw_packing dw_packing_of(const uint8_t *p, size_t len);

struct dw_unpack;

/*
 * Starts to unpack one compressed stream at byte off.  memory_cap_len bounds
 * what the decoder may allocate for its window (DW_LIMIT).  The source must
 * outlive the handle.
 */
int dw_unpack_open(enum dw_packing kind, const struct dw_source *src,
		   uint64_t off, uint64_t memory_cap_len,
		   struct dw_unpack **out, struct dw_err *err);
void dw_unpack_close(struct dw_unpack *u);

/* The next unpacked bytes, valid until the next call; *len 0 at the end of
 * the stream.  A stream that breaks off is DW_CORRUPT. */
int dw_unpack_next(struct dw_unpack *u, const uint8_t **p, size_t *len,
		   struct dw_err *err);

/* Once the end was reached: where in the source the stream ended. */
uint64_t dw_unpack_end_off(const struct dw_unpack *u);

#endif
