/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Integers in on-disk byte order, by bytes: no alignment, no casts. */
#ifndef DW_BASE_BYTES_H
#define DW_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t dw_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t dw_le32(const uint8_t *p)
{
	return dw_le16(p) | (uint32_t)dw_le16(p + 2) << 16;
}

static inline uint64_t dw_le64(const uint8_t *p)
{
	return dw_le32(p) | (uint64_t)dw_le32(p + 4) << 32;
}

static inline uint16_t dw_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t dw_be32(const uint8_t *p)
{
	return (uint32_t)dw_be16(p) << 16 | dw_be16(p + 2);
}

static inline uint64_t dw_be64(const uint8_t *p)
{
	return (uint64_t)dw_be32(p) << 32 | dw_be32(p + 4);
}

static inline void dw_put_le16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void dw_put_le32(uint8_t *p, uint32_t v)
{
	dw_put_le16(p, (uint16_t)v);
	dw_put_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void dw_put_le64(uint8_t *p, uint64_t v)
{
	dw_put_le32(p, (uint32_t)v);
	dw_put_le32(p + 4, (uint32_t)(v >> 32));
}

static inline void dw_put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void dw_put_be32(uint8_t *p, uint32_t v)
{
	dw_put_be16(p, (uint16_t)(v >> 16));
	dw_put_be16(p + 2, (uint16_t)v);
}

static inline void dw_put_be64(uint8_t *p, uint64_t v)
{
	dw_put_be32(p, (uint32_t)(v >> 32));
	dw_put_be32(p + 4, (uint32_t)v);
}

/* Whether a buffer holds nothing but zero bytes; len 0 is all zero. */
bool dw_is_zero(const void *buf, size_t len);

#endif
