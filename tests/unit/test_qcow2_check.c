/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2 check: packed refcounts, the fixtures' figures, memory, bad bytes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/ctx.h"
#include "base/notes.h"
#include "dev/kinds.h"
#include "formats/format.h"
#include "formats/qcow2_meta.h"
#include "formats/qcow2_refbits.h"
#include "lib/run.h"

#define ROUNDS_NR 600

static struct dw_ctx *ctx;
static struct dw_err err;

static void setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
}

static void teardown(void)
{
	dw_ctx_free(ctx);
}

/* A fixture that can be written without being changed. */
static struct dw_dev *fixture(const char *name)
{
	struct dw_dev *file, *dev;
	char path[256];

	snprintf(path, sizeof(path), "tests/images/%s.qcow2", name);
	ck_assert_int_eq(dw_file_open(ctx, path, 0, &file, &err), 0);
	ck_assert_int_eq(dw_overlay_new(file, 512, 1 << 20, &dev, &err), 0);
	dw_dev_close(file, NULL);
	return dev;
}

START_TEST(refcounts_of_every_width)
{
	uint8_t block[64], other[64];
	uint64_t max = dw_qcow2_refcount_max((unsigned)_i);
	unsigned i, nr = 512u >> _i;

	memset(block, 0, sizeof(block));
	for (i = 0; i < nr; i++)
		dw_qcow2_refcount_put(block, (unsigned)_i, i, i * 77 & max);
	for (i = 0; i < nr; i++)
		ck_assert_uint_eq(dw_qcow2_refcount_get(block, (unsigned)_i, i),
				  i * 77 & max);
	/* The neighbours of one stay what they are. */
	memset(other, 0xff, sizeof(other));
	dw_qcow2_refcount_put(other, (unsigned)_i, 5, 0);
	for (i = 0; i < nr; i++)
		ck_assert_uint_eq(dw_qcow2_refcount_get(other, (unsigned)_i, i),
				  i == 5 ? 0 : max);
}
END_TEST

/* Below a byte the lowest bits come first, above the highest byte does. */
START_TEST(refcounts_lie_as_specified)
{
	uint8_t block[8] = { 0 };

	dw_qcow2_refcount_put(block, 0, 1, 1);
	ck_assert_uint_eq(block[0], 2);
	dw_qcow2_refcount_put(block, 2, 3, 9);
	ck_assert_uint_eq(block[1], 0x90);
	dw_qcow2_refcount_put(block, 4, 2, 0x1234);
	ck_assert_uint_eq(block[4], 0x12);
	ck_assert_uint_eq(block[5], 0x34);
}
END_TEST

struct figures {
	const char *name;
	uint64_t corruptions_nr, leaks_nr, allocated_nr, image_end_off;
};

/* As qemu-img check has them. */
static const struct figures figures[] = {
	{ "good-v3", 0, 0, 29, 34816 },
	{ "good-snapshot", 0, 0, 193, 146432 },
	{ "good-data-file", 0, 0, 193, 4096 },
	{ "good-backing", 0, 0, 93, 51200 },
	{ "good-extl2", 0, 0, 4, 147456 },
	{ "good-refcount-low", 2, 0, 57, 32768 },
	{ "good-refcount-high", 1, 1, 57, 32768 },
	{ "good-refblock-none", 123, 0, 57, 32768 },
	{ "good-refblock-shared", 2, 0, 57, 32768 },
	{ "good-copied", 2, 0, 57, 32768 },
	{ "good-leak", 0, 1, 57, 33280 },
};

START_TEST(counts_what_qemu_counts)
{
	const struct figures *f = &figures[_i];
	struct dw_image_check c = { 0 };
	struct dw_dev *file = fixture(f->name);

	ck_assert_int_eq(dw_qcow2_check_image(ctx, file, false, &c, &err), 0);
	ck_assert_uint_eq(c.corruptions_nr, f->corruptions_nr);
	ck_assert_uint_eq(c.leaks_nr, f->leaks_nr);
	ck_assert_uint_eq(c.allocated_nr, f->allocated_nr);
	ck_assert_uint_eq(c.image_end_off, f->image_end_off);
	ck_assert_uint_eq(c.notes.nr, dw_min(f->corruptions_nr, 20));
	dw_notes_free(&c.notes);
	dw_dev_close(file, NULL);
}
END_TEST

/* Where something is wrong, the numbers of cluster and refcounts are told. */
START_TEST(notes_say_what_is_wrong)
{
	struct dw_dev *file = fixture("good-refcount-low");
	struct dw_image_check c = { 0 };

	ck_assert_int_eq(dw_qcow2_check_image(ctx, file, false, &c, &err), 0);
	ck_assert_str_eq(c.notes.items[0],
			 "cluster 5 has refcount 0, but 1 refer to it");
	dw_notes_free(&c.notes);
	dw_dev_close(file, NULL);
}
END_TEST

START_TEST(repairs_and_says_so)
{
	struct dw_dev *file = fixture("good-refcount-high");
	struct dw_image_check c = { 0 };

	ck_assert_int_eq(dw_qcow2_check_image(ctx, file, true, &c, &err), 0);
	ck_assert_uint_eq(c.corruptions_nr, 0);
	ck_assert_uint_eq(c.corruptions_fixed_nr, 1);
	ck_assert_uint_eq(c.leaks_nr, 0);
	ck_assert_uint_eq(c.leaks_fixed_nr, 1);
	dw_notes_free(&c.notes);
	dw_dev_close(file, NULL);
}
END_TEST

static uint64_t incompat_of(struct dw_dev *file)
{
	struct dw_qcow2_header h;

	ck_assert_int_eq(dw_qcow2_read_header(file, &h, &err), 0);
	return h.incompat;
}

START_TEST(a_dirty_image_gets_its_refcounts)
{
	struct dw_dev *file = fixture("good-dirty");

	ck_assert_uint_eq(incompat_of(file), DW_QCOW2_INCOMPAT_DIRTY);
	ck_assert_int_eq(dw_qcow2_rebuild_refcounts(ctx, file, &err), 0);
	ck_assert_uint_eq(incompat_of(file), 0);
	dw_dev_close(file, NULL);
}
END_TEST

/* An entry that points past the file cannot be mended, and stays corrupt. */
START_TEST(the_corrupt_bit_stays_with_what_is_left)
{
	struct dw_dev *file = fixture("bad-cluster-past-end");
	struct dw_image_check c = { 0 };
	uint8_t bits[8] = { 0 };

	bits[7] = DW_QCOW2_INCOMPAT_CORRUPT | DW_QCOW2_INCOMPAT_DIRTY;
	ck_assert_int_eq(dw_dev_pwrite(file, 72, bits, 8, &err), 0);
	ck_assert_int_eq(dw_qcow2_check_image(ctx, file, true, &c, &err), 0);
	ck_assert_uint_eq(c.corruptions_nr, 1);
	ck_assert_uint_eq(incompat_of(file), DW_QCOW2_INCOMPAT_CORRUPT);
	ck_assert_int_eq(dw_qcow2_rebuild_refcounts(ctx, file, &err),
			 DW_CORRUPT);
	dw_notes_free(&c.notes);
	dw_dev_close(file, NULL);
}
END_TEST

/* An L1 table that lies on the snapshot table: what would be a wrong flag in
 * the one is part of the time in the other. */
START_TEST(tables_on_each_other_are_left_alone)
{
	struct dw_dev *file = fixture("good-snapshot");
	struct dw_image_check c = { 0 };
	uint8_t off[8], clock[8], was[72], is[72];

	ck_assert_int_eq(dw_dev_pread(file, 64, off, 8, &err), 0);
	ck_assert_int_eq(dw_dev_pwrite(file, 40, off, 8, &err), 0);
	ck_assert_int_eq(dw_dev_pread(file, dw_be64(off), clock, 8, &err), 0);
	clock[0] = 0x80;
	ck_assert_int_eq(dw_dev_pwrite(file, dw_be64(off) + 24, clock, 8,
				       &err), 0);
	ck_assert_int_eq(dw_dev_pread(file, dw_be64(off), was, 72, &err), 0);
	ck_assert_int_eq(dw_qcow2_check_image(ctx, file, true, &c, &err), 0);
	ck_assert_uint_gt(c.corruptions_nr, 0);
	ck_assert_int_eq(dw_dev_pread(file, dw_be64(off), is, 72, &err), 0);
	ck_assert_mem_eq(was, is, sizeof(was));
	dw_notes_free(&c.notes);
	dw_dev_close(file, NULL);
}
END_TEST

/* 2 TiB with clusters of 512 bytes, which no memory cap bears. */
START_TEST(memory_is_bounded)
{
	struct dw_dev *file = fixture("good-v2"), *large;
	const struct dw_map_piece pieces[] = {
		{ file, 0, file->size }, { NULL, 0, UINT64_C(2) << 40 },
	};
	struct dw_image_check c = { 0 };

	ck_assert_int_eq(dw_map_new("large", pieces, 2, &large, &err), 0);
	ck_assert_int_eq(dw_qcow2_check_image(ctx, large, false, &c, &err),
			 DW_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "268435456 are allowed"));
	dw_dev_close(large, NULL);
	dw_dev_close(file, NULL);
}
END_TEST

static const char *const seeds[] = {
	"good-v2", "good-snapshot", "good-extl2", "good-zstd", "good-data-file",
	"good-refblock-none",
};

#define SEEDS_NR ((int)(sizeof(seeds) / sizeof(*seeds)))

/* Header, tables, or anywhere. */
static void mutate(struct dw_dev *file, unsigned *seed)
{
	static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xff };
	uint64_t off = (unsigned)rand_r(seed) %
		       (rand_r(seed) % 3 ? dw_min(file->size, 4096)
					 : file->size);
	uint8_t b = rand_r(seed) % 2 ? edges[rand_r(seed) % 5]
				     : (uint8_t)rand_r(seed);

	ck_assert_int_eq(dw_dev_pwrite(file, off, &b, 1, &err), 0);
}

static void free_info(struct dw_image_info *info)
{
	free(info->backing_name);
	free(info->backing_format);
	free(info->data_file);
	for (size_t i = 0; i < info->snapshots_nr; i++) {
		free(info->snapshots[i].id);
		free(info->snapshots[i].name);
	}
	free(info->snapshots);
}

START_TEST(mutations_never_crash)
{
	unsigned seed = (unsigned)_i, n, k;
	struct rusage usage;

	for (n = 0; n < ROUNDS_NR; n++) {
		struct dw_dev *file = fixture(seeds[_i]);
		struct dw_image_info info = { 0 };
		struct dw_image_check c = { 0 };

		for (k = 0; k <= n % 4; k++)
			mutate(file, &seed);
		err.text[0] = '\0';
		if (dw_qcow2_info(ctx, file, &info, &err))
			ck_assert(err.text[0]);
		err.text[0] = '\0';
		if (dw_qcow2_check_image(ctx, file, n % 2, &c, &err))
			ck_assert(err.text[0]);
		free_info(&info);
		dw_notes_free(&c.notes);
		dw_dev_close(file, NULL);
	}
	getrusage(RUSAGE_SELF, &usage);
#ifndef __SANITIZE_ADDRESS__
	ck_assert_int_lt(usage.ru_maxrss, 300 << 10);
#endif
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("check");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, refcounts_of_every_width, 0, 7);
	tcase_add_test(tc, refcounts_lie_as_specified);
	tcase_add_loop_test(tc, counts_what_qemu_counts, 0,
			    sizeof(figures) / sizeof(*figures));
	tcase_add_test(tc, notes_say_what_is_wrong);
	tcase_add_test(tc, repairs_and_says_so);
	tcase_add_test(tc, a_dirty_image_gets_its_refcounts);
	tcase_add_test(tc, the_corrupt_bit_stays_with_what_is_left);
	tcase_add_test(tc, tables_on_each_other_are_left_alone);
	tcase_add_test(tc, memory_is_bounded);
	tcase_add_loop_test(tc, mutations_never_crash, 0, SEEDS_NR);
	return dw_test_run("qcow2 check", tc);
}
