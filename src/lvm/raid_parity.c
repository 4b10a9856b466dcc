/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * P and Q of RAID: sums over GF(256) with the polynomial 11D, as H. Peter
 * Anvin's "The mathematics of RAID-6" has them and the kernel writes them.
 */
#include <string.h>

#include "lvm/raid.h"

/* The remainder of x^8 divided by the polynomial. */
#define POLYNOMIAL_LOW 0x1du

static void add(uint8_t *dst, const uint8_t *src, size_t len)
{
	uint64_t a, b;
	size_t i;

	for (i = 0; i + sizeof(a) <= len; i += sizeof(a)) {
		memcpy(&a, dst + i, sizeof(a));
		memcpy(&b, src + i, sizeof(b));
		a ^= b;
		memcpy(dst + i, &a, sizeof(a));
	}
	for (; i < len; i++)
		dst[i] ^= src[i];
}

static uint8_t twice(uint8_t v)
{
	return (uint8_t)(v << 1 ^ (v & 0x80 ? POLYNOMIAL_LOW : 0));
}

static uint8_t multiply(uint8_t a, uint8_t b)
{
	uint8_t sum = 0;

	for (; b; b >>= 1, a = twice(a))
		if (b & 1)
			sum ^= a;
	return sum;
}

static uint8_t power_of_two(unsigned exponent)
{
	uint8_t v = 1;

	while (exponent--)
		v = twice(v);
	return v;
}

/* v^255 is 1 for every v but 0, so that v^254 is the inverse. */
static uint8_t inverse(uint8_t v)
{
	uint8_t r = 1;
	unsigned i;

	for (i = 0; i < 254; i++)
		r = multiply(r, v);
	return r;
}

/* All multiples of one factor, so that a byte costs one look-up. */
struct multiples {
	uint8_t of[256];
};

static void fill(struct multiples *m, uint8_t factor)
{
	unsigned i;

	for (i = 0; i < 256; i++)
		m->of[i] = multiply(factor, (uint8_t)i);
}

static void add_multiple(uint8_t *dst, uint8_t factor, const uint8_t *src,
			 size_t len)
{
	struct multiples m;
	size_t i;

	fill(&m, factor);
	for (i = 0; i < len; i++)
		dst[i] ^= m.of[src[i]];
}

static void set_multiple(uint8_t *dst, uint8_t factor, const uint8_t *src,
			 size_t len)
{
	struct multiples m;
	size_t i;

	fill(&m, factor);
	for (i = 0; i < len; i++)
		dst[i] = m.of[src[i]];
}

void dw_raid_sums_add(const struct dw_raid_sums *s, enum dw_raid_role role,
		      unsigned exponent, const uint8_t *src, size_t len)
{
	if (s->p && role != DW_RAID_ROLE_Q)
		add(s->p, src, len);
	if (!s->q || role == DW_RAID_ROLE_P)
		return;
	if (role == DW_RAID_ROLE_Q)
		add(s->q, src, len);
	else
		add_multiple(s->q, power_of_two(exponent), src, len);
}

/*
 * With X and Y lost, p = X + Y and q = 2^x X + 2^y Y, so that
 * q + 2^y p = (2^x + 2^y) X.  x and y differ and are below 255, so that the
 * factor has an inverse.
 */
void dw_raid_solve(const struct dw_raid_sums *s, unsigned x, unsigned y,
		   uint8_t *out, size_t len)
{
	uint8_t gx = power_of_two(x), gy = power_of_two(y);

	if (!s->q) {
		memcpy(out, s->p, len);
	} else if (!s->p) {
		set_multiple(out, inverse(gx), s->q, len);
	} else {
		add_multiple(s->q, gy, s->p, len);
		set_multiple(out, inverse(gx ^ gy), s->q, len);
	}
}
