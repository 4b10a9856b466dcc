/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images with wrong bytes: refused or read, never a crash, a hang or memory
 * without bound.  Worth most under AddressSanitizer. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lib/images.h"
#include "lib/run.h"

#define ROUNDS_NR 1400

static struct dw_ctx *ctx;
static struct dw_err err;

static const struct seed {
	const char *name, *format;
	bool is_refused;
} seeds[] = {
	{ "good-dynamic.vhd", "vhd", false },
	{ "good-bitmap.vhd", "vhd", false },
	{ "good-fixed.vhd", "vhd", false },
	{ "unsupported-parent.vhd", "vhd", true },
	{ "good-zeroed.vmdk", "vmdk", false },
	{ "good-tables.vmdk", "vmdk", false },
	{ "good-stream.vmdk", "vmdk", false },
	{ "good-stream-tables.vmdk", "vmdk", false },
	{ "unsupported-flat.vmdk", "vmdk", true },
	{ "good-v2.qcow2", "qcow2", false },
	{ "good-v2-zlib.qcow2", "qcow2", false },
	{ "good-zstd.qcow2", "qcow2", false },
	{ "good-zero.qcow2", "qcow2", false },
	{ "good-extl2.qcow2", "qcow2", false },
	{ "good-snapshot.qcow2", "qcow2", false },
	{ "unsupported-feature.qcow2", "qcow2", true },
	{ "unsupported-backing.qcow2", "qcow2", true },
	{ "unsupported-data-file.qcow2", "qcow2", true },
};

#define SEEDS_NR ((int)(sizeof(seeds) / sizeof(*seeds)))

/* ---- making them wrong -------------------------------------------------- */

/* Makes VHD's checksum at sum_off right, so that the change is looked at. */
static void seal(struct dw_dev *file, uint64_t off, size_t len, size_t sum_off)
{
	uint8_t buf[1024];
	uint32_t sum = 0;
	size_t i;

	if (!dw_in_range(off, len, file->size))
		return;
	ck_assert_int_eq(dw_dev_pread(file, off, buf, len, &err), 0);
	dw_put_be32(buf + sum_off, 0);
	for (i = 0; i < len; i++)
		sum += buf[i];
	dw_put_be32(buf + sum_off, ~sum);
	ck_assert_int_eq(dw_dev_pwrite(file, off, buf, len, &err), 0);
}

/* Mostly where headers and tables are: in front, and at the end. */
static uint64_t choose_off_at_ends(const struct dw_dev *file, unsigned *seed)
{
	uint64_t head = dw_min(file->size, 4608), tail = dw_min(file->size,
								2048);

	switch (rand_r(seed) % 6) {
	case 0:
	case 1:
		return (unsigned)rand_r(seed) % dw_min(head, 128);
	case 2:
	case 3:
		return (unsigned)rand_r(seed) % head;
	case 4:
		return file->size - 1 - (unsigned)rand_r(seed) % tail;
	default:
		return (unsigned)rand_r(seed) % file->size;
	}
}

static uint64_t be64_at(struct dw_dev *file, uint64_t off)
{
	uint8_t buf[8];

	ck_assert_int_eq(dw_dev_pread(file, off, buf, sizeof(buf), &err), 0);
	return dw_be64(buf);
}

/* The header of qcow2, its L1, the first L2, data. */
static uint64_t choose_off_in_qcow2(struct dw_dev *file, unsigned *seed)
{
	uint64_t l1 = be64_at(file, 40), l2;

	if (!dw_in_range(l1, 8, file->size))
		return (uint64_t)rand_r(seed) % 160;
	l2 = be64_at(file, l1) & 0x00fffffffffffe00;
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

static void mutate(struct dw_dev *file, const struct seed *s, unsigned *seed)
{
	static const uint8_t edges[] = { 0, 1, 2, 0x7f, 0x80, 0xff };
	uint64_t off = strcmp(s->format, "qcow2")
		? choose_off_at_ends(file, seed)
		: choose_off_in_qcow2(file, seed);
	uint8_t b = rand_r(seed) % 2 ? edges[rand_r(seed) % 6]
				     : (uint8_t)rand_r(seed);

	if (off < file->size)
		ck_assert_int_eq(dw_dev_pwrite(file, off, &b, 1, &err), 0);
}

/* ---- using them --------------------------------------------------------- */

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

static void look(struct dw_dev *file, const char *format)
{
	struct dw_image_info info = { 0 };

	dw_format_by_name(format)->info(ctx, file, &info, &err);
	free(info.subformat);
	free(info.backing_name);
	free(info.data_file);
}

START_TEST(mutations_never_crash)
{
	const struct seed *s = &seeds[_i];
	struct dw_dev *good = open_fixture(ctx, s->name), *file, *disk;
	unsigned seed = (unsigned)_i, n, k;
	struct rusage usage;

	for (n = 0; n < ROUNDS_NR; n++) {
		ck_assert_int_eq(dw_overlay_new(good, 512, 1 << 20, &file,
						&err), 0);
		for (k = 0; k <= n % 4; k++)
			mutate(file, s, &seed);
		if (!strcmp(s->format, "vhd") && n % 8) {
			seal(file, 0, 512, 64);
			seal(file, 512, 1024, 36);
			seal(file, file->size - 512, 512, 64);
		}
		err.text[0] = '\0';
		if (!dw_format_open(ctx, file, s->format, NULL, &disk, &err))
			use(disk, &seed);
		else
			ck_assert(err.text[0]);
		look(file, s->format);
		dw_dev_close(disk, NULL);
		dw_dev_close(file, NULL);
	}
	dw_dev_close(good, NULL);
	getrusage(RUSAGE_SELF, &usage);
#ifndef __SANITIZE_ADDRESS__
	ck_assert_int_lt(usage.ru_maxrss, 64 << 10);
#endif
}
END_TEST

/* The file may be cut off anywhere. */
START_TEST(truncation_is_an_error_or_harmless)
{
	const struct seed *s = &seeds[_i];
	struct dw_dev *good = open_fixture(ctx, s->name), *file, *disk;
	unsigned seed = 1;
	uint64_t len;

	for (len = 0; len < good->size; len += 211) {
		ck_assert_int_eq(dw_window_new(good, 0, len, "cut", &file,
					       &err), 0);
		if (!dw_format_open(ctx, file, s->format, NULL, &disk, &err))
			use(disk, &seed);
		look(file, s->format);
		dw_dev_close(disk, NULL);
		dw_dev_close(file, NULL);
	}
	dw_dev_close(good, NULL);
}
END_TEST

/* Each read of the host fails once: an error each time, and no leak. */
START_TEST(failing_reads_are_errors)
{
	const struct seed *s = &seeds[_i];
	struct dw_dev *good, *file, *disk;
	uint8_t *buf = malloc(PATTERN_LEN);
	struct dw_fault fault;
	uint64_t n, reads_nr = 1;
	int rc;

	good = open_fixture(ctx, s->name);
	for (n = 0; n <= reads_nr && !s->is_refused; n++) {
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

/* ---- writing ------------------------------------------------------------ */

static const struct {
	const char *format, *subformat;
} kinds[] = {
	{ "vhd", "dynamic" },
	{ "vhd", "fixed" },
	{ "vmdk", "monolithicSparse" },
	{ "vmdk", "streamOptimized" },
};

#define KINDS_NR ((int)(sizeof(kinds) / sizeof(*kinds)))

/* Makes a small image; a packed unit may as well be no deflate. */
static int make(struct dw_dev *file, int kind)
{
	struct dw_format_options options = {
		.subformat = kinds[kind].subformat,
	};
	const struct dw_format_driver *format =
		dw_format_by_name(kinds[kind].format);
	struct dw_writer *w = NULL;
	uint8_t buf[4096] = "data";
	struct dw_place place;
	uint64_t off;
	int rc;

	rc = format->create(ctx, file, 80 << 20, &options, &w, &err);
	for (off = 0; !rc && off < 80 << 20; off += 24 << 20) {
		rc = dw_writer_place(w, off, sizeof(buf), &place, &err);
		if (!rc)
			rc = dw_writer_put(w, &place, buf, &err);
	}
	if (!rc)
		rc = dw_writer_finish(w, &err);
	dw_writer_free(w);
	return rc;
}

/* One write fails, and all after it: an error, and no image that opens, unless
 * only the copy of a dynamic VHD's footer is missing. */
START_TEST(failing_writes_leave_no_image)
{
	struct dw_dev *mem, *file, *disk;
	uint64_t n, writes_nr = 1;
	struct dw_fault fault;
	int rc;

	for (n = 0; n <= writes_nr; n++) {
		mem = mem_dev(0);
		fault = (struct dw_fault){ .fail_write_at = n, .sticky = true };
		ck_assert_int_eq(dw_fault_new(mem, &fault, &file, &err), 0);
		rc = make(file, _i);
		ck_assert_int_eq(rc, n ? DW_IO : 0);
		if (!n)
			writes_nr = fault.writes_nr;
		rc = dw_format_open(ctx, mem, kinds[_i].format, NULL, &disk,
				    &err);
		ck_assert_int_eq(!rc, !n || (!_i && n == writes_nr));
		dw_dev_close(disk, NULL);
		dw_dev_close(file, NULL);
		dw_dev_close(mem, NULL);
	}
	ck_assert_uint_gt(writes_nr, 4);
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
	tcase_add_loop_test(t, failing_writes_leave_no_image, 0, KINDS_NR);
	failed_nr = dw_test_run("images hostile", t);
	dw_ctx_free(ctx);
	return failed_nr;
}
