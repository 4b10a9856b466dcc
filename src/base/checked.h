/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arithmetic on numbers that a disk gave us. */
#ifndef DW_BASE_CHECKED_H
#define DW_BASE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

/* Each returns false, and leaves *r alone, where the result does not fit. */
static inline bool dw_add(uint64_t a, uint64_t b, uint64_t *r)
{
	uint64_t v;

	if (__builtin_add_overflow(a, b, &v))
		return false;
	*r = v;
	return true;
}

static inline bool dw_mul(uint64_t a, uint64_t b, uint64_t *r)
{
	uint64_t v;

	if (__builtin_mul_overflow(a, b, &v))
		return false;
	*r = v;
	return true;
}

/* Whether off..off+len lies within size; never overflows. */
static inline bool dw_in_range(uint64_t off, uint64_t len, uint64_t size)
{
	return off <= size && len <= size - off;
}

static inline uint64_t dw_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t dw_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* align is a power of two.  Rounding up saturates at the highest multiple. */
static inline uint64_t dw_round_down(uint64_t v, uint64_t align)
{
	return v & ~(align - 1);
}

static inline uint64_t dw_round_up(uint64_t v, uint64_t align)
{
	uint64_t r;

	return dw_add(v, align - 1, &r) ? dw_round_down(r, align)
					: dw_round_down(UINT64_MAX, align);
}

static inline uint64_t dw_div_up(uint64_t a, uint64_t b)
{
	return a / b + !!(a % b);
}

static inline bool dw_is_pow2(uint64_t v)
{
	return v && !(v & (v - 1));
}

#endif
