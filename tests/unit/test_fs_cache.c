/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cache under libext2fs against plain memory. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "dev/kinds.h"
#include "fs/ext_cache.h"
#include "lib/run.h"

/* More than the cache holds, and not a whole number of its grains. */
#define DEV_LEN ((20u << 20) + 700)

static struct dw_err err;

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)

static uint32_t state;

static uint32_t next_random(void)
{
	state = state * 1664525 + 1013904223;
	return state >> 8;
}

static size_t random_len(void)
{
	static const size_t lens[] = {
		1, 100, 1024, 4096, 4096, 5000, 65536, 200000, 1 << 20,
	};

	return lens[next_random() % 9];
}

static void step(struct dw_ext_cache *c, uint8_t *model, uint8_t *buf)
{
	uint64_t off = ((uint64_t)next_random() << 10 ^ next_random()) %
		       DEV_LEN;
	size_t len = random_len();

	if (next_random() % 3)
		off &= ~(uint64_t)1023;
	if (len > DEV_LEN - off)
		len = DEV_LEN - off;
	if (next_random() % 2) {
		memset(buf, (int)next_random(), len);
		memcpy(model + off, buf, len);
		OK(dw_ext_cache_write(c, off, buf, len, &err));
	} else {
		OK(dw_ext_cache_read(c, off, buf, len, &err));
		ck_assert(!memcmp(buf, model + off, len));
	}
	if (next_random() % 500 == 0)
		OK(dw_ext_cache_flush(c, &err));
}

START_TEST(random_access_equals_memory)
{
	uint8_t *model = calloc(1, DEV_LEN), *buf = malloc(DEV_LEN);
	struct dw_ext_cache *c;
	struct dw_dev *dev;

	state = (uint32_t)_i;
	OK(dw_mem_new("mem", DEV_LEN, &dev, &err));
	OK(dw_ext_cache_new(dev, &c, &err));
	for (int i = 0; i < 5000; i++)
		step(c, model, buf);
	OK(dw_ext_cache_flush(c, &err));
	OK(dw_dev_pread(dev, 0, buf, DEV_LEN, &err));
	ck_assert(!memcmp(buf, model, DEV_LEN));
	ck_assert_int_eq(dw_ext_cache_read(c, DEV_LEN - 1, buf, 2, &err),
			 DW_RANGE);
	ck_assert_int_eq(dw_ext_cache_write(c, UINT64_MAX, buf, 2, &err),
			 DW_RANGE);
	dw_ext_cache_free(c);
	dw_dev_close(dev, NULL);
	free(model);
	free(buf);
}
END_TEST

START_TEST(a_failed_write_is_not_forgotten)
{
	struct dw_fault fault = { .fail_write_at = 1 };
	struct dw_dev *mem, *dev;
	struct dw_ext_cache *c;
	uint8_t b[1024] = { 1 };

	OK(dw_mem_new("mem", DEV_LEN, &mem, &err));
	OK(dw_fault_new(mem, &fault, &dev, &err));
	OK(dw_ext_cache_new(dev, &c, &err));
	OK(dw_ext_cache_write(c, 0, b, sizeof(b), &err));
	ck_assert_int_eq(dw_ext_cache_flush(c, &err), DW_IO);
	/* The device works again, but what it lost stays lost. */
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(dw_ext_cache_flush(c, &err), DW_IO);
	ck_assert_int_eq(err.code, DW_IO);
	ck_assert_int_eq(dw_ext_cache_write(c, 0, b, sizeof(b), &err), DW_IO);
	dw_ext_cache_free(c);
	dw_dev_close(dev, NULL);
	dw_dev_close(mem, NULL);
}
END_TEST

START_TEST(lone_reads_are_short_and_runs_are_long)
{
	struct dw_fault fault = { 0 };
	struct dw_dev *mem, *dev;
	struct dw_ext_cache *c;
	uint8_t b[1024];

	OK(dw_mem_new("mem", DEV_LEN, &mem, &err));
	OK(dw_fault_new(mem, &fault, &dev, &err));
	OK(dw_ext_cache_new(dev, &c, &err));
	for (uint64_t off = 0; off < 1 << 20; off += sizeof(b))
		OK(dw_ext_cache_read(c, off, b, sizeof(b), &err));
	/* 1024 reads; of each 64 KiB one or two reach the device. */
	ck_assert_uint_le(fault.reads_nr, 33);
	for (uint64_t off = 0; off < 1 << 20; off += sizeof(b))
		OK(dw_ext_cache_write(c, off, b, sizeof(b), &err));
	ck_assert_uint_eq(fault.writes_nr, 0);
	OK(dw_ext_cache_flush(c, &err));
	ck_assert_uint_eq(fault.writes_nr, 16);
	dw_ext_cache_free(c);
	dw_dev_close(dev, NULL);
	dw_dev_close(mem, NULL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("cache");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, random_access_equals_memory, 0, 4);
	tcase_add_test(tc, a_failed_write_is_not_forgotten);
	tcase_add_test(tc, lone_reads_are_short_and_runs_are_long);
	return dw_test_run("fs-cache", tc);
}
