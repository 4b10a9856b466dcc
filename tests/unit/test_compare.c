/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* compare: the first byte that differs, for any number of threads. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "dev/kinds.h"
#include "lib/run.h"

#define SIZE (9u << 20)
#define HOLE_OFF (3u << 20)	/* nothing is stored from here ... */
#define HOLE_END (6u << 20)	/* ... to here */

static struct dw_err err;
static struct dw_ctx *ctx;

/* Two disks of the same noise, with a hole. */
static void make_pair(struct dw_dev *sides[2], uint64_t size)
{
	uint8_t *buf = malloc(1u << 20);
	unsigned seed = 7;
	uint64_t off;
	size_t i;

	ck_assert_int_eq(dw_mem_new("a", SIZE, &sides[0], &err), 0);
	ck_assert_int_eq(dw_mem_new("b", size, &sides[1], &err), 0);
	for (off = 0; off < SIZE; off += 1u << 20) {
		for (i = 0; i < 1u << 20; i++)
			buf[i] = (uint8_t)rand_r(&seed);
		if (off >= HOLE_OFF && off < HOLE_END)
			continue;
		ck_assert_int_eq(dw_dev_pwrite(sides[0], off, buf, 1u << 20,
					       &err), 0);
		ck_assert_int_eq(dw_dev_pwrite(sides[1], off, buf, 1u << 20,
					       &err), 0);
	}
	free(buf);
}

static void close_pair(struct dw_dev *sides[2])
{
	dw_dev_close(sides[0], NULL);
	dw_dev_close(sides[1], NULL);
}

static void flip(struct dw_dev *dev, uint64_t off)
{
	uint8_t byte;

	ck_assert_int_eq(dw_dev_pread(dev, off, &byte, 1, &err), 0);
	byte ^= 0x40;
	ck_assert_int_eq(dw_dev_pwrite(dev, off, &byte, 1, &err), 0);
}

static struct dw_compare_report compare(struct dw_dev *sides[2], unsigned flags)
{
	struct dw_compare_report report;

	ck_assert_int_eq(dw_compare(ctx, sides[0], sides[1], flags, &report,
				    &err), 0);
	return report;
}

/* For 1 to 8 threads, in both orders. */
static void differs_at(struct dw_dev *sides[2], uint64_t off)
{
	struct dw_dev *swapped[2] = { sides[1], sides[0] };
	struct dw_compare_report report;

	for (unsigned n = 1; n <= 8; n++) {
		dw_ctx_set_threads(ctx, n);
		report = compare(n % 2 ? sides : swapped, 0);
		ck_assert(!report.equal);
		ck_assert_uint_eq(report.first_off, off);
		ck_assert_uint_eq(report.compared_len, 0);
	}
}

START_TEST(equal_disks)
{
	struct dw_compare_report report;
	struct dw_dev *sides[2];

	make_pair(sides, SIZE);
	for (unsigned n = 1; n <= 8; n++) {
		dw_ctx_set_threads(ctx, n);
		report = compare(sides, DW_COMPARE_STRICT);
		ck_assert(report.equal && !report.sizes_differ);
		/* What neither side stores was not read. */
		ck_assert_uint_eq(report.compared_len,
				  SIZE - (HOLE_END - HOLE_OFF));
	}
	close_pair(sides);
}
END_TEST

/* From the last byte to the first: always the lowest one is told. */
START_TEST(the_first_byte_that_differs)
{
	static const uint64_t offs[] = {
		SIZE - 1, 7340033, HOLE_END, HOLE_END - 1, HOLE_OFF + 4097,
		HOLE_OFF, HOLE_OFF - 1, 524288, 524287, 1, 0,
	};
	struct dw_dev *sides[2];

	make_pair(sides, SIZE);
	for (size_t i = 0; i < sizeof(offs) / sizeof(*offs); i++) {
		flip(sides[i % 2], offs[i]);
		differs_at(sides, offs[i]);
	}
	close_pair(sides);
}
END_TEST

START_TEST(a_longer_disk)
{
	struct dw_compare_report report;
	struct dw_dev *sides[2];

	make_pair(sides, SIZE + 1000001);
	report = compare(sides, 0);
	ck_assert(report.equal && report.sizes_differ);
	report = compare(sides, DW_COMPARE_STRICT);
	ck_assert(!report.equal && report.sizes_differ);
	ck_assert_uint_eq(report.first_off, SIZE);
	flip(sides[1], SIZE + 1000000);
	differs_at(sides, SIZE + 1000000);
	flip(sides[1], SIZE);
	differs_at(sides, SIZE);
	close_pair(sides);
}
END_TEST

START_TEST(empty_disks)
{
	struct dw_compare_report report;
	struct dw_dev *sides[2];

	ck_assert_int_eq(dw_mem_new("a", 0, &sides[0], &err), 0);
	ck_assert_int_eq(dw_mem_new("b", 0, &sides[1], &err), 0);
	report = compare(sides, DW_COMPARE_STRICT);
	ck_assert(report.equal);
	close_pair(sides);
}
END_TEST

/* Stored zeros against a hole: only the stored side is read. */
START_TEST(zeros_against_a_hole)
{
	static const uint8_t zeros[65536];
	struct dw_compare_report report;
	struct dw_fault faults[2] = { { 0 } };
	struct dw_dev *sides[2], *seen[2];

	for (int i = 0; i < 2; i++) {
		dw_mem_new("disk", SIZE, &sides[i], &err);
		dw_fault_new(sides[i], &faults[i], &seen[i], &err);
	}
	dw_dev_pwrite(sides[0], 1u << 20, zeros, sizeof(zeros), &err);
	report = compare(seen, 0);
	ck_assert(report.equal);
	ck_assert_uint_gt(faults[0].reads_nr, 0);
	ck_assert_uint_eq(faults[1].reads_nr, 0);
	close_pair(seen);
	close_pair(sides);
}
END_TEST

/* A failure above the first difference does not hide it; below it, it is the
 * result, and never "equal". */
START_TEST(every_failing_read)
{
	struct dw_compare_report report;
	struct dw_dev *sides[2], *seen[2];
	struct dw_fault fault;
	uint64_t n;
	int ret = DW_IO;

	make_pair(sides, SIZE);
	flip(sides[1], 5 << 20);
	dw_ctx_set_threads(ctx, 1);
	for (n = 1; ret; n++) {
		fault = (struct dw_fault){ .fail_read_at = n };
		dw_fault_new(sides[0], &fault, &seen[0], &err);
		seen[1] = sides[1];
		ret = dw_compare(ctx, seen[0], seen[1], 0, &report, &err);
		ck_assert_int_eq(ret, n <= fault.reads_nr ? DW_IO : 0);
		ck_assert(!report.equal);
		dw_dev_close(seen[0], NULL);
	}
	ck_assert_uint_gt(n, 6);
	ck_assert_uint_eq(report.first_off, 5 << 20);
	close_pair(sides);
}
END_TEST

START_TEST(cancelled)
{
	struct dw_compare_report report;
	struct dw_dev *sides[2];

	make_pair(sides, SIZE);
	dw_ctx_cancel(ctx);
	ck_assert_int_eq(dw_compare(ctx, sides[0], sides[1], 0, &report, &err),
			 DW_CANCELLED);
	ck_assert(!report.equal);
	close_pair(sides);
}
END_TEST

static void set_up(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
}

static void tear_down(void)
{
	dw_ctx_free(ctx);
}

int main(void)
{
	TCase *tc = tcase_create("compare");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, equal_disks);
	tcase_add_test(tc, the_first_byte_that_differs);
	tcase_add_test(tc, a_longer_disk);
	tcase_add_test(tc, empty_disks);
	tcase_add_test(tc, zeros_against_a_hole);
	tcase_add_test(tc, every_failing_read);
	tcase_add_test(tc, cancelled);
	return dw_test_run("compare", tc);
}
