/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ends that libFuzzer holds: running an input, and changing one. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_one(data, size);
	return 0;
}

static const uint64_t edges[] = {
	0, 1, 2, 3, 7, 8, 16, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512,
	1023, 1024, 4095, 4096, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff,
	0x80000000, 0xffffffff, 0x100000000, INT64_MAX, UINT64_MAX,
	UINT64_MAX - 511, UINT64_C(1) << 62, UINT64_C(1) << 63,
};

#define EDGES_NR (sizeof(edges) / sizeof(edges[0]))

static uint64_t get(const uint8_t *p, unsigned width, bool big)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < width; i++)
		v |= (uint64_t)p[big ? width - 1 - i : i] << 8 * i;
	return v;
}

static void put(uint8_t *p, unsigned width, bool big, uint64_t v)
{
	for (unsigned i = 0; i < width; i++)
		p[big ? width - 1 - i : i] = (uint8_t)(v >> 8 * i);
}

/* Changes one number of 1, 2, 4 or 8 bytes where it stands. */
static void change_number(uint8_t *p, size_t len, unsigned *seed)
{
	unsigned width = 1u << rand_r(seed) % 4;
	bool big = rand_r(seed) % 2;
	uint8_t *at;
	uint64_t v;

	while (width > len)
		width /= 2;
	if (!width)
		return;
	at = p + dw_round_down((uint64_t)rand_r(seed) % (len - width + 1),
			       width);
	v = get(at, width, big);
	switch (rand_r(seed) % 6) {
	case 0:
		v = edges[(unsigned)rand_r(seed) % EDGES_NR];
		break;
	case 1:
		v += (unsigned)rand_r(seed) % 17 - 8;
		break;
	case 2:
		v ^= UINT64_C(1) << rand_r(seed) % (8 * width);
		break;
	case 3:	/* what stands elsewhere: offsets, block numbers */
		v = get(p + (unsigned)rand_r(seed) % (len - width + 1), width,
			rand_r(seed) % 2);
		break;
	case 4:
		v = rand_r(seed) % 2 ? v * 2 : v / 2;
		break;
	default:
		v = (uint64_t)rand_r(seed) << rand_r(seed) % 33;
	}
	put(at, width, big, v);
}

/* A piece of the image, each as likely as the other. */
static bool choose_piece(const uint8_t *data, size_t size, unsigned *seed,
			 struct fuzz_piece *out)
{
	struct fuzz_layout l;
	struct fuzz_piece p;
	unsigned nr = 0;
	size_t at = 0;

	fuzz_layout(data, size, &l);
	while (fuzz_next_piece(data, size, &l, &at, &p))
		if ((unsigned)rand_r(seed) % ++nr == 0)
			*out = p;
	return nr && out->len;
}

/* Most changes leave what an input is made of in its place. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned seed)
{
	unsigned what = (unsigned)rand_r(&seed) % 16, n;
	struct fuzz_piece p;
	struct fuzz_layout l;

	if (fuzz_target.plain || what < 2)
		return LLVMFuzzerMutate(data, size, max_size);
	fuzz_layout(data, size, &l);
	if (what < 4) {
		change_number(data, dw_min(size, l.image_at), &seed);
		return size;
	}
	for (n = 1 + (unsigned)rand_r(&seed) % 3; n; n--) {
		if (!choose_piece(data, size, &seed, &p))
			return LLVMFuzzerMutate(data, size, max_size);
		if (what < 7)
			LLVMFuzzerMutate(data + p.at, p.len, p.len);
		else
			change_number(data + p.at, p.len, &seed);
	}
	return size;
}
