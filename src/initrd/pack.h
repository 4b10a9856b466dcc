/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packs archives as every kernel unpacks them. */
#ifndef DW_INITRD_PACK_H
#define DW_INITRD_PACK_H

#include <zlib.h>

#include "base/buf.h"

/* Longest initrd that is made; a BIOS boot loader has to find room for it. */
#define DW_INITRD_LEN_MAX (512u << 20)

/*
 * A gzip member that grows, without name and time; plain: the bytes as they
 * are.  Start with dw_initrd_pack_open(); an error sticks and comes out of
 * dw_initrd_pack_end().
 */
struct dw_initrd_pack {
	struct dw_buf out;
	z_stream z;
	bool plain, open;
	int ret;
	struct dw_err err;
};

void dw_initrd_pack_open(struct dw_initrd_pack *p, bool plain);
void dw_initrd_pack_add(struct dw_initrd_pack *p, const void *data,
			size_t len);
/* The bytes move to *data, which the caller frees; the packer is freed in any
 * case. */
int dw_initrd_pack_end(struct dw_initrd_pack *p, char **data, size_t *len,
		       struct dw_err *err);
void dw_initrd_pack_abort(struct dw_initrd_pack *p);

#endif
