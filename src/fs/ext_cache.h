/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small write-back cache with readahead, between libext2fs and a device. */
#ifndef DW_FS_EXT_CACHE_H
#define DW_FS_EXT_CACHE_H

#include "dev/dev.h"

struct dw_ext_cache;

/* Borrows dev, which must outlive the cache. */
int dw_ext_cache_new(struct dw_dev *dev, struct dw_ext_cache **out,
		     struct dw_err *err);

/* Frees it and forgets what was not written back.  NULL is allowed. */
void dw_ext_cache_free(struct dw_ext_cache *c);

/* Any offset and length inside the device; outside is DW_RANGE. */
int dw_ext_cache_read(struct dw_ext_cache *c, uint64_t off, void *buf,
		      size_t len, struct dw_err *err);

/*
 * A failed write back sticks: it may belong to data of an earlier call, so
 * every later write and flush fails with the same error.
 */
int dw_ext_cache_write(struct dw_ext_cache *c, uint64_t off, const void *buf,
		       size_t len, struct dw_err *err);

/* Hands everything to the device, ascending.  Durability is the matter of
 * dw_dev_flush(). */
int dw_ext_cache_flush(struct dw_ext_cache *c, struct dw_err *err);

#endif
