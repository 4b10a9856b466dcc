/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of a block device, whoever gives them, and their checksums. */
#ifndef INIT_DISK_H
#define INIT_DISK_H

#include "text.h"

struct disk {
	/* All of the bytes, or false. */
	bool (*read)(void *arg, uint64_t off, void *buf, size_t len);
	void *arg;
	uint64_t size;		/* 0: not known */
};

#define CRC32_POLY	0xedb88320u	/* of GPT; bits reflected */
#define CRC32C_POLY	0x82f63b78u	/* of filesystems */

/* Without the last inversion.  A table would be larger than the loop, and
 * what is summed is small. */
static inline uint32_t crc_of(uint32_t poly, uint32_t crc, const uint8_t *p,
			      size_t len)
{
	while (len--) {
		crc ^= *p++;
		for (unsigned i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? poly : 0);
	}
	return crc;
}

#endif
