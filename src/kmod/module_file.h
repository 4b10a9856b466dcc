/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A module's file in a guest, unpacked where it is stored compressed. */
#ifndef DW_KMOD_MODULE_FILE_H
#define DW_KMOD_MODULE_FILE_H

#include "fs/fs.h"

/* Longest module that is read, unpacked; the largest of any distribution, a
 * graphics driver with debug information, has some 100 MiB. */
#define DW_MODULE_LEN_MAX (256u << 20)

/*
 * The ELF bytes of a module file: .ko as it is, .ko.gz, .ko.xz and .ko.zst
 * unpacked, told by content and not by name.  DW_CORRUPT for a stream that is
 * damaged, DW_LIMIT for one that unpacks to more than DW_MODULE_LEN_MAX.  The
 * caller frees *data.
 */
int dw_module_read(struct dw_ctx *ctx, struct dw_fs *fs, const char *path,
		   char **data, size_t *len, struct dw_err *err);

/* The second half of it, which needs no filesystem: replaces the bytes of a
 * file by those that it packs.  After an error *data is NULL. */
int dw_module_unpack(struct dw_ctx *ctx, char **data, size_t *len,
		     struct dw_err *err);

#endif
