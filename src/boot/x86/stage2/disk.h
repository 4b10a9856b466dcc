/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filesystem's bytes, from wherever they come.
 */
#ifndef STAGE2_DISK_H
#define STAGE2_DISK_H

#include "lib.h"

struct disk {
	uint8_t drive;		/* as the BIOS numbers it */
	uint64_t base_lba;	/* first sector of the filesystem */
};

/* Reads len bytes at byte off of the filesystem. Tests have their own. */
fault disk_read(struct disk *disk, uint64_t off, void *dst, uint32_t len);

#endif
