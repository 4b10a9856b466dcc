/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checksums of on-disk structures. */
#ifndef DW_BASE_SUM_H
#define DW_BASE_SUM_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli, reflected), as ext4 and jbd2 use it: the seed goes in
 * as it is and nothing is inverted at the end. */
uint32_t dw_crc32c(uint32_t seed, const void *buf, size_t len);

/* CRC-32 with polynomial 04C11DB7, most significant bit first, no final
 * inversion: the transaction checksum of jbd2's COMPAT_CHECKSUM. */
uint32_t dw_crc32_be(uint32_t seed, const void *buf, size_t len);

/* CRC-32 of GPT and zlib. */
uint32_t dw_crc32(const void *buf, size_t len);

#endif
