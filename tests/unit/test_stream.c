/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks in gzip, xz and zstd: threads, limits, failures.  What the tools think
 * of them is the matter of tests/cli/streams.sh. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "dev/kinds.h"
#include "formats/stream.h"
#include "job/copy.h"

#define SIZE (9u * 1000 * 1000 + 17)

static const struct dw_format_driver *const formats[] = {
	&dw_gzip_format, &dw_xz_format, &dw_zstd_format,
};
#define FORMATS_NR 3

static struct dw_ctx *ctx;
static struct dw_err err;

static struct dw_dev *mem(uint64_t size)
{
	struct dw_dev *dev;

	ck_assert_int_eq(dw_mem_new("mem", size, &dev, &err), 0);
	return dev;
}

/* Words that tell where they are, so that nothing can be mixed up. */
static void fill_words(uint64_t off, uint8_t *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += 8)
		dw_put_le64(buf + i, (off + i) * 0x9e3779b97f4a7c15u >> 20);
}

/* Noise and holes of a mebibyte in turn. */
static struct dw_dev *make_disk(uint64_t size)
{
	static uint8_t buf[1u << 20];
	struct dw_dev *disk = mem(size);
	uint64_t off;

	for (off = 0; off < size; off += 2 * sizeof(buf)) {
		fill_words(off, buf, sizeof(buf));
		ck_assert_int_eq(dw_dev_pwrite(disk, off, buf,
					       dw_min(sizeof(buf), size - off),
					       &err), 0);
	}
	return disk;
}

static int write_to(const struct dw_format_driver *format,
		    struct dw_dev *disk, struct dw_dev *file)
{
	struct dw_format_options options = { .codec.level = 1 };
	struct dw_used_run all = { .off = 0, .len = disk->size };
	struct dw_copy copy = { .disk = disk, .runs = &all, .runs_nr = 1 };
	int rc;

	rc = format->create(ctx, file, disk->size, &options, &copy.writer,
			    &err);
	if (!rc)
		rc = dw_copy_run(ctx, &copy, &err);
	if (!rc)
		rc = dw_writer_finish(copy.writer, &err);
	dw_writer_free(copy.writer);
	return rc;
}

static struct dw_dev *pack(const struct dw_format_driver *format,
			   struct dw_dev *disk)
{
	struct dw_dev *file = mem(0);
	int rc = write_to(format, disk, file);

	ck_assert_msg(!rc, "%s", err.text);
	return file;
}

static int open_disk(struct dw_dev *file, struct dw_dev **out)
{
	return dw_format_open(ctx, file, NULL, NULL, out, &err);
}

/* ---- threads -------------------------------------------------------------- */

struct reader {
	struct dw_dev *want, *have;
	unsigned seed;
	bool in_turn;		/* a copy: chunks in order, shared with others */
	atomic_uint *next;
	bool same;
};

static void *read_pieces(void *arg)
{
	enum { LEN = 300000 };
	struct reader *r = arg;
	uint8_t *a = malloc(LEN), *b = malloc(LEN);
	struct dw_err e;
	uint64_t off;
	size_t n;
	unsigned i;

	r->same = true;
	for (i = 0; r->same && i < 100; i++) {
		off = r->in_turn ? (uint64_t)LEN * atomic_fetch_add(r->next, 1)
				 : (uint64_t)rand_r(&r->seed) % SIZE;
		if (off >= SIZE)
			break;
		n = dw_min(r->in_turn ? LEN : 1 + rand_r(&r->seed) % LEN,
			   SIZE - off);
		r->same = !dw_dev_pread(r->want, off, a, n, &e) &&
			  !dw_dev_pread(r->have, off, b, n, &e) &&
			  !memcmp(a, b, n);
	}
	free(a);
	free(b);
	return NULL;
}

static void read_by_threads(struct dw_dev *want, struct dw_dev *have,
			    bool in_turn)
{
	struct reader readers[5];
	pthread_t threads[5];
	atomic_uint next = 0;
	unsigned i;

	for (i = 0; i < 5; i++) {
		readers[i] = (struct reader){ want, have, i, in_turn, &next,
					      false };
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_pieces,
						&readers[i]), 0);
	}
	for (i = 0; i < 5; i++) {
		pthread_join(threads[i], NULL);
		ck_assert(readers[i].same);
	}
}

/* Also where memory is for one unpacked block only. */
START_TEST(threads_read_the_same)
{
	const struct dw_format_driver *format = formats[_i % FORMATS_NR];
	struct dw_dev *disk = make_disk(SIZE), *have;
	struct dw_dev *file = pack(format, disk);

	dw_ctx_set_threads(ctx, 5);
	if (_i >= FORMATS_NR)
		dw_ctx_set_memory_cap(ctx, 5u << 20);
	ck_assert_msg(!open_disk(file, &have), "%s", err.text);
	ck_assert_uint_eq(have->size, SIZE);
	ck_assert_str_eq(have->driver->kind, format->name);
	read_by_threads(disk, have, true);
	read_by_threads(disk, have, false);
	dw_dev_close(have, NULL);
	dw_dev_close(file, NULL);
	dw_dev_close(disk, NULL);
}
END_TEST

/* ---- limits --------------------------------------------------------------- */

/* An index of 70 blocks, and memory for fewer. */
START_TEST(the_index_is_bounded)
{
	struct dw_dev *disk = mem(70ull * (8u << 20)), *file, *have;

	file = pack(formats[1 + _i], disk);
	dw_ctx_set_memory_cap(ctx, 2048);
	ck_assert_int_eq(open_disk(file, &have), DW_LIMIT);
	ck_assert_ptr_null(have);
	dw_dev_close(file, NULL);
	dw_dev_close(disk, NULL);
}
END_TEST

START_TEST(cancelled_while_it_is_unpacked)
{
	struct dw_dev *disk = make_disk(SIZE), *have;
	struct dw_dev *file = pack(&dw_gzip_format, disk);

	dw_ctx_cancel(ctx);
	ck_assert_int_eq(open_disk(file, &have), DW_CANCELLED);
	dw_dev_close(file, NULL);
	dw_dev_close(disk, NULL);
}
END_TEST

START_TEST(a_device_that_keeps_its_size_is_refused)
{
	struct dw_dev *disk = mem(4096), *file = mem(8192);

	ck_assert_int_eq(write_to(formats[_i], disk, file), DW_UNSUPPORTED);
	dw_dev_close(file, NULL);
	dw_dev_close(disk, NULL);
}
END_TEST

/* ---- failures ------------------------------------------------------------- */

static int read_all(struct dw_dev *file, struct dw_dev *want)
{
	static uint8_t a[1u << 20], b[1u << 20];
	struct dw_dev *have;
	uint64_t off;
	size_t n;
	int rc = open_disk(file, &have);

	for (off = 0; !rc && off < have->size; off += n) {
		n = dw_min(sizeof(a), have->size - off);
		rc = dw_dev_pread(have, off, a, n, &err);
		if (rc)
			break;
		ck_assert_int_eq(dw_dev_pread(want, off, b, n, &err), 0);
		ck_assert_mem_eq(a, b, n);
	}
	dw_dev_close(have, NULL);
	return rc;
}

/* The n-th read of the file fails, for each n there is. */
START_TEST(each_failing_read_is_told)
{
	struct dw_dev *disk = mem(SIZE), *file, *faulty;
	struct dw_fault fault = { 0 };
	uint8_t buf[5000];
	unsigned n;
	int rc = DW_IO;

	fill_words(0, buf, sizeof(buf));
	ck_assert_int_eq(dw_dev_pwrite(disk, 70000, buf, 5000, &err), 0);
	file = pack(formats[_i], disk);
	for (n = 1; rc && n < 1000; n++) {
		fault = (struct dw_fault){ .fail_read_at = n };
		ck_assert_int_eq(dw_fault_new(file, &fault, &faulty, &err), 0);
		rc = read_all(faulty, disk);
		ck_assert(!rc || rc == DW_IO);
		dw_dev_close(faulty, NULL);
	}
	ck_assert_uint_gt(n, 3);
	ck_assert_int_eq(rc, 0);
	dw_dev_close(file, NULL);
	dw_dev_close(disk, NULL);
}
END_TEST

START_TEST(each_failing_write_is_told)
{
	struct dw_dev *disk = make_disk(3u << 20), *file, *faulty;
	struct dw_fault fault = { 0 };
	unsigned n;
	int rc = DW_IO;

	for (n = 1; rc && n < 1000; n++) {
		file = mem(0);
		fault = (struct dw_fault){ .fail_write_at = n };
		ck_assert_int_eq(dw_fault_new(file, &fault, &faulty, &err), 0);
		rc = write_to(formats[_i], disk, faulty);
		ck_assert(!rc || rc == DW_IO);
		dw_dev_close(faulty, NULL);
		dw_dev_close(file, NULL);
	}
	ck_assert_uint_gt(n, 3);
	ck_assert_int_eq(rc, 0);
	dw_dev_close(disk, NULL);
}
END_TEST

static void setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
}

static void teardown(void)
{
	dw_ctx_free(ctx);
}

int main(void)
{
	Suite *suite = suite_create("stream");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, threads_read_the_same, 0, 2 * FORMATS_NR);
	tcase_add_loop_test(tc, the_index_is_bounded, 0, 2);
	tcase_add_test(tc, cancelled_while_it_is_unpacked);
	tcase_add_loop_test(tc, a_device_that_keeps_its_size_is_refused, 0,
			    FORMATS_NR);
	tcase_add_loop_test(tc, each_failing_read_is_told, 0, FORMATS_NR);
	tcase_add_loop_test(tc, each_failing_write_is_told, 0, FORMATS_NR);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
