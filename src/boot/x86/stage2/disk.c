/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Byte ranges of the filesystem, read through the bounce buffer: the BIOS
 * reaches only the first MiB, and some cannot cross a 64 KiB boundary.
 */
#include "disk.h"

#include "bios.h"
#include "boot/x86/memmap.h"

fault disk_read(struct disk *disk, uint64_t off, void *dst, uint32_t len)
{
	uint8_t *out = dst;

	while (len) {
		uint32_t skip = off & (SECTOR_LEN - 1);
		uint32_t part = BIOS_READ_MAX * SECTOR_LEN - skip;
		const uint8_t *in;
		fault f;

		if (part > len)
			part = len;
		f = bios_read(disk->drive, disk->base_lba + (off >> 9),
			      (skip + part + SECTOR_LEN - 1) >> 9, &in);
		if (f)
			return f;
		memcpy(out, in + skip, part);
		out += part;
		off += part;
		len -= part;
	}
	return NULL;
}
