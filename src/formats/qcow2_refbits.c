/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2: single refcounts in a refcount block, of 1 to 64 bits. */
#include "base/bytes.h"
#include "formats/qcow2_refbits.h"

uint64_t dw_qcow2_refcount_get(const uint8_t *block, unsigned order, uint64_t i)
{
	unsigned bits = 1u << order;

	switch (order) {
	case 6:
		return dw_be64(block + i * 8);
	case 5:
		return dw_be32(block + i * 4);
	case 4:
		return dw_be16(block + i * 2);
	case 3:
		return block[i];
	default:
		return block[i * bits / 8] >> (i * bits % 8) &
		       dw_qcow2_refcount_max(order);
	}
}

void dw_qcow2_refcount_put(uint8_t *block, unsigned order, uint64_t i,
			   uint64_t value)
{
	unsigned bits = 1u << order;
	unsigned shift = (unsigned)(i * bits % 8);
	uint8_t mask;

	switch (order) {
	case 6:
		dw_put_be64(block + i * 8, value);
		return;
	case 5:
		dw_put_be32(block + i * 4, (uint32_t)value);
		return;
	case 4:
		dw_put_be16(block + i * 2, (uint16_t)value);
		return;
	case 3:
		block[i] = (uint8_t)value;
		return;
	default:
		mask = (uint8_t)(dw_qcow2_refcount_max(order) << shift);
		block[i * bits / 8] &= (uint8_t)~mask;
		block[i * bits / 8] |= (uint8_t)(value << shift) & mask;
	}
}
