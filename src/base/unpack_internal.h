/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside the unpacker: its state, and the formats that are read by offset. */
#ifndef DW_BASE_UNPACK_INTERNAL_H
#define DW_BASE_UNPACK_INTERNAL_H

#include <bzlib.h>
#include <lzma.h>
#include <zstd.h>

#include "base/inflate.h"
#include "base/unpack.h"

/* Legacy LZ4 frames have chunks that unpack to 8 MiB each. */
#define DW_LZ4_MAGIC		0x184c2102u
#define DW_LZ4_CHUNK_LEN	(8u << 20)
/* The longest block of lzop, and of what kernels take. */
#define DW_LZO_BLOCK_LEN	(256u << 10)

struct dw_unpack {
	enum dw_packing kind;
	const struct dw_source *src;
	uint64_t read_off;	/* of what follows the input buffer */
	uint8_t *in, *out;
	size_t in_len, in_pos;
	bool ended;
	bool full;		/* the last output may not have been all */
	struct dw_inflate *gzip;
	lzma_stream lzma;
	ZSTD_DStream *zstd;
	bz_stream bzip2;
	bool bzip2_open;
	uint8_t *block;		/* LZ4, LZO: one as it is stored */
	uint32_t lzo_flags;
	bool lzo_begun;
};

/* Each puts the next block into u->out: *len bytes, or 0 and maybe u->ended. */
int dw_unpack_step_lz4(struct dw_unpack *u, size_t *len, struct dw_err *err);
int dw_unpack_step_lzo(struct dw_unpack *u, size_t *len, struct dw_err *err);

int dw_unpack_damaged(const struct dw_unpack *u, struct dw_err *err);

#endif
