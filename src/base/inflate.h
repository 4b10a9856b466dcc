/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One gzip stream, unpacked by ISA-L where the build has it, else by zlib. */
#ifndef DW_BASE_INFLATE_H
#define DW_BASE_INFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct dw_inflate;

int dw_inflate_new(struct dw_inflate **out, struct dw_err *err);
void dw_inflate_free(struct dw_inflate *z);
/* Makes it ready for another stream. */
void dw_inflate_reset(struct dw_inflate *z);

/*
 * Unpacks on, at most UINT32_MAX bytes at a time.  *in_len and *out_len come
 * in as what there is and go out as what was used and made.  *ended: the
 * stream, its checksum included, is complete.  False where it is damaged.
 */
bool dw_inflate_step(struct dw_inflate *z, const uint8_t *in, size_t *in_len,
		     uint8_t *out, size_t *out_len, bool *ended);

#endif
