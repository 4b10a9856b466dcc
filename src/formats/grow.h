/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new image file that grows while several threads write to it. */
#ifndef DW_FORMATS_GROW_H
#define DW_FORMATS_GROW_H

#include <pthread.h>

#include "dev/dev.h"

struct dw_grow {
	struct dw_dev *file;	/* borrowed */
	bool is_fresh;		/* an empty file: reads as zeros, grows */
	/* Held for writing while the file grows, for reading while it is
	 * written: the device's size must not change under a write. */
	pthread_rwlock_t lock;
};

void dw_grow_init(struct dw_grow *g, struct dw_dev *file);
void dw_grow_free(struct dw_grow *g);

/* Makes the file at least 'end' bytes long; DW_NOSPACE where it is not fresh
 * and shorter. */
int dw_grow_reach(struct dw_grow *g, uint64_t end, struct dw_err *err);

/* Writes, and makes the file longer first where that is needed. */
int dw_grow_pwrite(struct dw_grow *g, uint64_t off, const void *buf,
		   size_t len, struct dw_err *err);

/* The same with bytes of a disk, written once and never before: a fresh file
 * reads as zeros, so that blocks of the host that would hold only zeros stay
 * holes in it. */
int dw_grow_put(struct dw_grow *g, uint64_t off, const void *buf, size_t len,
		struct dw_err *err);

/* Ends the file at 'end'; one that was not fresh only has to reach it. */
int dw_grow_end(struct dw_grow *g, uint64_t end, struct dw_err *err);

#endif
