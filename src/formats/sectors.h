/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of an image, read by the sector as they are needed. */
#ifndef DW_FORMATS_SECTORS_H
#define DW_FORMATS_SECTORS_H

#include <pthread.h>

#include "dev/dev.h"

#define DW_TABLE_SECTOR 512u

struct dw_sectors_slot;

/*
 * Keeps the sectors that were read last, 256 KiB of them, so that memory does
 * not follow the size of a table.  Several threads may read.
 */
struct dw_sectors {
	struct dw_dev *file;	/* borrowed; nobody writes to it */
	pthread_mutex_t lock;
	struct dw_sectors_slot *slots;
};

int dw_sectors_init(struct dw_sectors *s, struct dw_dev *file,
		    struct dw_err *err);
void dw_sectors_free(struct dw_sectors *s);

/* The 512 bytes from off on, which is inside the file and may be odd; what
 * the file does not have of them is zero. */
int dw_sectors_read(struct dw_sectors *s, uint64_t off,
		    uint8_t buf[DW_TABLE_SECTOR], struct dw_err *err);

#endif
