/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2 images with wrong bytes: refused or read, never a crash, a hang or
 * memory without bound.  Worth most under AddressSanitizer. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "dev/kinds.h"
#include "formats/format.h"
#include "lib/run.h"

#define ROUNDS_NR 1500

static struct dw_ctx *ctx;
static struct dw_err err;

static const char *const seeds[] = {
	"good-v2", "good-v2-zlib", "good-zstd", "good-zero", "good-extl2",
	"good-snapshot", "unsupported-feature", "unsupported-backing",
	"unsupported-data-file",
};

#define SEEDS_NR ((int)(sizeof(seeds) / sizeof(*seeds)))

static struct dw_dev *fixture(const char *name)
{
	struct dw_dev *dev;
	char path[256];

	snprintf(path, sizeof(path), "tests/images/%s.qcow2", name);
	ck_assert_int_eq(dw_file_open(ctx, path, 0, &dev, &err), 0);
	return dev;
}

/* Places where a change matters: the header, L1, the first L2, its data. */
static uint64_t choose_off(struct dw_dev *file, unsigned *seed)
{
	uint8_t buf[8];
	uint64_t l1, l2;

	ck_assert_int_eq(dw_dev_pread(file, 40, buf, 8, &err), 0);
	l1 = dw_be64(buf);
	if (!dw_in_range(l1, 8, file->size))
		return (uint64_t)rand_r(seed) % 160;
	ck_assert_int_eq(dw_dev_pread(file, l1, buf, 8, &err), 0);
	l2 = dw_be64(buf) & 0x00fffffffffffe00;
	switch (rand_r(seed) % 5) {
	case 0:
		return (uint64_t)rand_r(seed) % 160;
	case 1:
		return l1 + (unsigned)rand_r(seed) % 64;
	case 2:
	case 3:
		return l2 + (unsigned)rand_r(seed) % 512;
	default:
		return (uint64_t)rand_r(seed) % file->size;
	}
}

static void mutate(struct dw_dev *file, unsigned *seed)
{
	static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xff };
	uint64_t off = choose_off(file, seed);
	uint8_t b = rand_r(seed) % 2 ? edges[rand_r(seed) % 5]
				     : (uint8_t)rand_r(seed);

	if (off < file->size)
		ck_assert_int_eq(dw_dev_pwrite(file, off, &b, 1, &err), 0);
}

/* Walks a bounded part of the disk, whatever size it claims. */
static void use(struct dw_dev *disk, unsigned *seed)
{
	uint8_t *buf = malloc(65536);
	struct dw_extent e;
	uint64_t off = 0;
	unsigned n;

	for (n = 0; n < 20 && off < disk->size; n++) {
		if (dw_dev_extent(disk, off, disk->size - off, &e, &err))
			break;
		ck_assert_uint_gt(e.len, 0);
		ck_assert_uint_le(e.len, disk->size - off);
		off += e.len;
	}
	for (n = 0; n < 8 && disk->size; n++) {
		off = n ? (uint64_t)rand_r(seed) * 4099 % disk->size : 0;
		dw_dev_pread(disk, off, buf,
			     (size_t)dw_min(65536, disk->size - off), &err);
	}
	free(buf);
}

START_TEST(mutations_never_crash)
{
	struct dw_dev *good = fixture(seeds[_i]), *file, *disk;
	unsigned seed = (unsigned)_i, n, k;
	struct rusage usage;

	for (n = 0; n < ROUNDS_NR; n++) {
		ck_assert_int_eq(dw_overlay_new(good, 512, 1 << 20, &file,
						&err), 0);
		for (k = 0; k <= n % 4; k++)
			mutate(file, &seed);
		err.text[0] = '\0';
		if (!dw_format_open(ctx, file, "qcow2", NULL, &disk, &err))
			use(disk, &seed);
		else
			ck_assert(err.text[0]);
		dw_dev_close(disk, NULL);
		dw_dev_close(file, NULL);
	}
	dw_dev_close(good, NULL);
	getrusage(RUSAGE_SELF, &usage);
#ifndef __SANITIZE_ADDRESS__
	ck_assert_int_lt(usage.ru_maxrss, 100 << 10);
#endif
}
END_TEST

/* The file may be cut off anywhere. */
START_TEST(truncation_is_an_error_or_harmless)
{
	struct dw_dev *good = fixture(seeds[_i]), *file, *disk;
	unsigned seed = 1;
	uint64_t len;

	for (len = 0; len < good->size; len += 331) {
		ck_assert_int_eq(dw_window_new(good, 0, len, "cut", &file,
					       &err), 0);
		if (!dw_format_open(ctx, file, "qcow2", NULL, &disk, &err))
			use(disk, &seed);
		dw_dev_close(disk, NULL);
		dw_dev_close(file, NULL);
	}
	dw_dev_close(good, NULL);
}
END_TEST

/* Each read of the host fails once: an error each time, and no leak. */
START_TEST(failing_reads_are_errors)
{
	struct dw_dev *good = fixture(seeds[_i]), *file, *disk;
	struct dw_fault fault = { 0 };
	uint8_t *buf = malloc(98816);
	uint64_t n, reads_nr = 1;
	int rc;

	for (n = 0; n <= reads_nr; n++) {
		fault = (struct dw_fault){ .fail_read_at = n };
		ck_assert_int_eq(dw_fault_new(good, &fault, &file, &err), 0);
		rc = dw_format_open(ctx, file, NULL, NULL, &disk, &err);
		if (!rc)
			rc = dw_dev_pread(disk, 0, buf, disk->size, &err);
		if (n)
			ck_assert_int_eq(rc, DW_IO);
		else
			reads_nr = fault.reads_nr;
		dw_dev_close(disk, NULL);
		dw_dev_close(file, NULL);
	}
	dw_dev_close(good, NULL);
	free(buf);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("hostile");
	int failed_nr;

	dw_ctx_new(&ctx, NULL);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, mutations_never_crash, 0, SEEDS_NR);
	tcase_add_loop_test(t, truncation_is_an_error_or_harmless, 0,
			    SEEDS_NR);
	tcase_add_loop_test(t, failing_reads_are_errors, 0, SEEDS_NR);
	failed_nr = dw_test_run("qcow2 hostile", t);
	dw_ctx_free(ctx);
	return failed_nr;
}
