/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checksums of on-disk structures. */
#include <string.h>
#include <zlib.h>

#include "base/sum.h"

/*
 * Four bits at a time: the tables are small enough to be written down, so
 * that there is nothing to initialise and no lock; what is summed is mostly
 * metadata.
 */
static const uint32_t crc32c_nibble[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
	0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
	0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t crc32c_by_nibble(uint32_t crc, const uint8_t *p, size_t len)
{
	while (len--) {
		crc ^= *p++;
		crc = crc >> 4 ^ crc32c_nibble[crc & 15];
		crc = crc >> 4 ^ crc32c_nibble[crc & 15];
	}
	return crc;
}

#ifdef __x86_64__
/* A full journal of 1 GiB is summed up before it is replayed. */
__attribute__((target("sse4.2")))
static uint32_t crc32c_by_processor(uint32_t crc, const uint8_t *p, size_t len)
{
	uint64_t word, sum = crc;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum = __builtin_ia32_crc32di(sum, word);
	}
	return crc32c_by_nibble((uint32_t)sum, p, len);
}
#endif

uint32_t dw_crc32c(uint32_t seed, const void *buf, size_t len)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_by_processor(seed, buf, len);
#endif
	return crc32c_by_nibble(seed, buf, len);
}

static const uint32_t crc32_be_nibble[16] = {
	0x00000000, 0x04c11db7, 0x09823b6e, 0x0d4326d9,
	0x130476dc, 0x17c56b6b, 0x1a864db2, 0x1e475005,
	0x2608edb8, 0x22c9f00f, 0x2f8ad6d6, 0x2b4bcb61,
	0x350c9b64, 0x31cd86d3, 0x3c8ea00a, 0x384fbdbd,
};

uint32_t dw_crc32_be(uint32_t seed, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	uint32_t crc = seed;

	while (len--) {
		crc ^= (uint32_t)*p++ << 24;
		crc = crc << 4 ^ crc32_be_nibble[crc >> 28];
		crc = crc << 4 ^ crc32_be_nibble[crc >> 28];
	}
	return crc;
}

uint32_t dw_crc32(const void *buf, size_t len)
{
	return (uint32_t)crc32(0, buf, (uInt)len);
}
