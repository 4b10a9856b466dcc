/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2: single refcounts in a refcount block, of 1 to 64 bits. */
#ifndef DW_FORMATS_QCOW2_REFBITS_H
#define DW_FORMATS_QCOW2_REFBITS_H

#include <stdint.h>

/* The highest refcount of 2^order bits; order is at most 6. */
static inline uint64_t dw_qcow2_refcount_max(unsigned order)
{
	return UINT64_MAX >> (64 - (1u << order));
}

/* Refcount i of a block: below a byte the lowest bits come first, others are
 * big endian. */
uint64_t dw_qcow2_refcount_get(const uint8_t *block, unsigned order,
			       uint64_t i);
void dw_qcow2_refcount_put(uint8_t *block, unsigned order, uint64_t i,
			   uint64_t value);

#endif
