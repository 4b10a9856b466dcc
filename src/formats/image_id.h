/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A unique id for a new image that is the same each time it is made. */
#ifndef DW_FORMATS_IMAGE_ID_H
#define DW_FORMATS_IMAGE_ID_H

#include "dev/dev.h"

/*
 * An id from the length of 'file' and what it begins with, 2 MiB: its tables,
 * and of the disk the partition table and the first filesystem's superblock
 * with its ids and times.  'purpose' keeps formats apart.
 */
int dw_image_id(struct dw_dev *file, const char *purpose, uint8_t id[16],
		struct dw_err *err);

#endif
