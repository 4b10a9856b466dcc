/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices: range checks, windows, maps, overlays, faults, outputs. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/output.h"
#include "lib/run.h"

static struct dw_err err;

static struct dw_dev *mem(uint64_t size)
{
	struct dw_dev *dev;

	ck_assert_int_eq(dw_mem_new("mem", size, &dev, &err), 0);
	return dev;
}

static void fill(struct dw_dev *dev, uint64_t off, uint8_t value, size_t len)
{
	uint8_t *buf = malloc(len);

	memset(buf, value, len);
	ck_assert_int_eq(dw_dev_pwrite(dev, off, buf, len, &err), 0);
	free(buf);
}

static uint8_t byte_at(struct dw_dev *dev, uint64_t off)
{
	uint8_t b = 0xee;

	ck_assert_int_eq(dw_dev_pread(dev, off, &b, 1, &err), 0);
	return b;
}

START_TEST(requests_past_the_end_are_refused)
{
	struct dw_dev *dev = mem(1000);
	uint8_t buf[16];

	ck_assert_int_eq(dw_dev_pread(dev, 985, buf, 16, &err), DW_RANGE);
	ck_assert_int_eq(dw_dev_pread(dev, UINT64_MAX, buf, 16, &err),
			 DW_RANGE);
	ck_assert_int_eq(dw_dev_pwrite(dev, 1000, buf, 1, &err), DW_RANGE);
	ck_assert_int_eq(dw_dev_pread(dev, 1000, buf, 0, &err), 0);
	ck_assert_int_eq(dw_dev_zero(dev, 1, UINT64_MAX, &err), DW_RANGE);
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(memory_shrunk_and_grown_reads_zeros)
{
	struct dw_dev *dev = mem(100000);

	fill(dev, 0, 7, 100000);
	ck_assert_int_eq(dw_dev_resize(dev, 5000, &err), 0);
	ck_assert_int_eq(dw_dev_resize(dev, 100000, &err), 0);
	ck_assert_uint_eq(byte_at(dev, 4999), 7);
	ck_assert_uint_eq(byte_at(dev, 5000), 0);
	ck_assert_uint_eq(byte_at(dev, 9000), 0);
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(memory_tells_runs)
{
	struct dw_dev *dev = mem(1 << 20);
	struct dw_extent e;

	fill(dev, 8192, 1, 8192);
	ck_assert_int_eq(dw_dev_extent(dev, 100, 1 << 20, &e, &err), 0);
	ck_assert_int_eq(e.kind, DW_EXTENT_UNMAPPED);
	ck_assert_uint_eq(e.off + e.len, 8192);
	ck_assert_int_eq(dw_dev_extent(dev, 9000, 1 << 19, &e, &err), 0);
	ck_assert_int_eq(e.kind, DW_EXTENT_DATA);
	ck_assert_uint_eq(e.off + e.len, 16384);
	ck_assert_int_eq(dw_dev_extent(dev, 16384, 1 << 20, &e, &err), 0);
	ck_assert_uint_eq(e.len, (1 << 20) - 16384);
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(a_window_sees_its_part_and_keeps_below_open)
{
	struct dw_dev *dev = mem(10000), *w;

	fill(dev, 4000, 5, 10);
	ck_assert_int_eq(dw_window_new(dev, 4000, 100, "w", &w, &err), 0);
	dw_dev_close(dev, NULL);
	ck_assert_uint_eq(byte_at(w, 0), 5);
	ck_assert_uint_eq(byte_at(w, 10), 0);
	ck_assert_int_eq(dw_window_new(w, 50, 51, "x", &dev, &err), DW_RANGE);
	dw_dev_close(w, NULL);
}
END_TEST

START_TEST(a_map_joins_pieces)
{
	struct dw_dev *a = mem(1000), *b = mem(1000), *map;
	struct dw_map_piece pieces[] = {
		{ a, 900, 100 }, { NULL, 0, 50 }, { b, 0, 0 }, { b, 10, 100 },
	};
	uint8_t buf[250];

	fill(a, 0, 1, 1000);
	fill(b, 0, 2, 1000);
	ck_assert_int_eq(dw_map_new("map", pieces, 4, &map, &err), 0);
	ck_assert_uint_eq(dw_dev_size(map), 250);
	ck_assert_int_eq(dw_dev_pread(map, 0, buf, 250, &err), 0);
	ck_assert(buf[0] == 1 && buf[99] == 1 && buf[100] == 0 &&
		  buf[149] == 0 && buf[150] == 2 && buf[249] == 2);
	ck_assert_int_eq(dw_dev_pwrite(map, 99, buf, 2, &err), DW_READONLY);
	dw_dev_close(map, NULL);
	dw_dev_close(a, NULL);
	dw_dev_close(b, NULL);
}
END_TEST

START_TEST(an_overlay_leaves_below_alone)
{
	struct dw_dev *below = mem(10240), *o;
	uint8_t buf[3072];

	fill(below, 0, 1, 10240);
	ck_assert_int_eq(dw_overlay_new(below, 1024, 1 << 20, &o, &err), 0);
	fill(o, 1500, 2, 1000);
	ck_assert_int_eq(dw_dev_pread(o, 0, buf, sizeof(buf), &err), 0);
	ck_assert(buf[1499] == 1 && buf[1500] == 2 && buf[2499] == 2 &&
		  buf[2500] == 1);
	ck_assert_uint_eq(byte_at(below, 1500), 1);
	dw_dev_close(o, NULL);
	dw_dev_close(below, NULL);
}
END_TEST

static int count_run(void *arg, uint64_t off, uint64_t len, struct dw_err *e)
{
	uint64_t *sum = arg;

	sum[0]++;
	sum[1] += len;
	return 0;
}

START_TEST(an_overlay_redirects_without_copying)
{
	struct dw_dev *below = mem(16384), *o;
	uint64_t sum[2] = { 0, 0 };
	int i;

	for (i = 0; i < 16; i++)
		fill(below, i * 1024, i, 1024);
	/* No room for data at all: redirections need none. */
	ck_assert_int_eq(dw_overlay_new(below, 1024, 1024, &o, &err), 0);
	fill(o, 2048, 99, 1024);
	ck_assert_int_eq(dw_overlay_redirect(o, 2048, 8192, 2048, &err), 0);
	ck_assert_uint_eq(byte_at(o, 2048), 8);
	ck_assert_uint_eq(byte_at(o, 3072), 9);
	ck_assert_uint_eq(byte_at(o, 4096), 4);
	/* A partial write keeps the rest of what is seen. */
	fill(o, 3073, 77, 1);
	ck_assert_uint_eq(byte_at(o, 3072), 9);
	ck_assert_uint_eq(byte_at(o, 3073), 77);
	ck_assert_uint_eq(byte_at(o, 3074), 9);
	ck_assert_int_eq(dw_overlay_changed(o, count_run, sum, &err), 0);
	ck_assert_uint_eq(sum[0], 1);
	ck_assert_uint_eq(sum[1], 2048);
	ck_assert_int_eq(dw_dev_pwrite(o, 0, "x", 1, &err), DW_LIMIT);
	ck_assert_int_eq(dw_overlay_redirect(o, 100, 0, 1024, &err), DW_USAGE);
	dw_dev_close(o, NULL);
	dw_dev_close(below, NULL);
}
END_TEST

START_TEST(the_nth_call_fails)
{
	struct dw_fault fault = { .fail_read_at = 2 };
	struct dw_dev *below = mem(100), *dev;
	uint8_t b;

	ck_assert_int_eq(dw_fault_new(below, &fault, &dev, &err), 0);
	ck_assert_int_eq(dw_dev_pread(dev, 0, &b, 1, &err), 0);
	ck_assert_int_eq(dw_dev_pread(dev, 0, &b, 1, &err), DW_IO);
	ck_assert_int_eq(dw_dev_pread(dev, 0, &b, 1, &err), 0);
	dw_dev_close(dev, NULL);
	dw_dev_close(below, NULL);
}
END_TEST

static char folder[] = "/tmp/dw-test-dev-XXXXXX";

static void path_in(char *path, const char *name)
{
	sprintf(path, "%s/%s", folder, name);
}

START_TEST(a_map_tells_of_changes_below)
{
	struct dw_map_piece pieces[2] = { { .len = 10 } };
	struct dw_dev *file, *map;
	struct dw_ctx *ctx;
	char path[100];

	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	path_in(path, "file");
	ck_assert_int_eq(close(creat(path, 0600)), 0);
	ck_assert_int_eq(truncate(path, 4096), 0);
	ck_assert_int_eq(dw_file_open(ctx, path, 0, &file, &err), 0);
	pieces[1] = (struct dw_map_piece){ file, 100, 200 };
	ck_assert_int_eq(dw_map_new("map", pieces, 2, &map, &err), 0);
	ck_assert_int_eq(dw_dev_check_unchanged(map, &err), 0);
	ck_assert_int_eq(truncate(path, 8192), 0);
	ck_assert_int_eq(dw_dev_check_unchanged(map, &err), DW_BUSY);
	dw_dev_close(map, NULL);
	dw_dev_close(file, NULL);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	dw_ctx_free(ctx);
}
END_TEST

START_TEST(an_output_is_there_only_after_commit)
{
	struct dw_output *out;
	struct dw_ctx *ctx;
	char path[100];

	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	path_in(path, "new");
	ck_assert_int_eq(dw_output_open(ctx, path, 0, &out, &err), 0);
	ck_assert_int_eq(dw_dev_resize(out->dev, 4096, &err), 0);
	fill(out->dev, 0, 3, 10);
	ck_assert_int_ne(access(path, F_OK), 0);
	dw_output_close(out);
	ck_assert_int_ne(access(path, F_OK), 0);

	ck_assert_int_eq(dw_output_open(ctx, path, 0, &out, &err), 0);
	ck_assert_int_eq(dw_output_commit(out, &err), 0);
	dw_output_close(out);
	ck_assert_int_eq(access(path, F_OK), 0);

	ck_assert_int_eq(dw_output_open(ctx, path, 0, &out, &err), DW_EXISTS);
	ck_assert_int_eq(dw_output_open(ctx, path, DW_OUTPUT_FORCE, &out,
					&err), 0);
	ck_assert_int_eq(dw_dev_resize(out->dev, 512, &err), 0);
	ck_assert_int_eq(dw_output_commit(out, &err), 0);
	dw_output_close(out);
	/* Nothing but the file is left, or this fails. */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	dw_ctx_free(ctx);
}
END_TEST

/* Two outputs may be one name to a filesystem; none takes the other away. */
START_TEST(what_came_meanwhile_is_not_replaced)
{
	struct dw_output *first, *second;
	struct dw_ctx *ctx;
	char path[100];

	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	path_in(path, "new");
	ck_assert_int_eq(dw_output_open(ctx, path, DW_OUTPUT_FORCE, &first,
					&err), 0);
	ck_assert_int_eq(dw_output_open(ctx, path, DW_OUTPUT_FORCE, &second,
					&err), 0);
	ck_assert_int_eq(dw_output_commit(first, &err), 0);
	ck_assert_int_eq(dw_output_commit(second, &err), DW_EXISTS);
	ck_assert_ptr_null(strstr(err.text, "--force"));
	dw_output_close(second);
	dw_output_withdraw(first);
	dw_output_close(first);
	ck_assert_int_ne(access(path, F_OK), 0);

	/* A link that leads nowhere was there before. */
	ck_assert_int_eq(symlink("nowhere", path), 0);
	ck_assert_int_eq(dw_output_open(ctx, path, DW_OUTPUT_FORCE, &first,
					&err), 0);
	ck_assert_int_eq(dw_output_commit(first, &err), 0);
	dw_output_close(first);
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	dw_ctx_free(ctx);
}
END_TEST

START_TEST(a_committed_output_can_be_taken_back)
{
	struct dw_output *out;
	struct dw_ctx *ctx;
	char path[100], other[100];

	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	path_in(path, "new");
	path_in(other, "other");
	ck_assert_int_eq(dw_output_open(ctx, path, 0, &out, &err), 0);
	ck_assert_int_eq(dw_output_flush(out, &err), 0);
	ck_assert_int_eq(dw_output_commit(out, &err), 0);
	ck_assert_int_eq(access(path, F_OK), 0);
	dw_output_withdraw(out);
	ck_assert_int_ne(access(path, F_OK), 0);
	dw_output_close(out);

	/* Not what somebody else has put there meanwhile. */
	ck_assert_int_eq(dw_output_open(ctx, path, 0, &out, &err), 0);
	ck_assert_int_eq(dw_output_commit(out, &err), 0);
	ck_assert_int_eq(rename(path, other), 0);
	ck_assert_int_eq(close(creat(path, 0600)), 0);
	dw_output_withdraw(out);
	dw_output_close(out);
	ck_assert_int_eq(unlink(other), 0);

	/* Nor what replaced something, which would leave nothing at all. */
	ck_assert_int_eq(dw_output_open(ctx, path, DW_OUTPUT_FORCE, &out,
					&err), 0);
	ck_assert_int_eq(dw_output_commit(out, &err), 0);
	dw_output_withdraw(out);
	dw_output_close(out);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	dw_ctx_free(ctx);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("dev");

	tcase_add_test(tc, requests_past_the_end_are_refused);
	tcase_add_test(tc, memory_shrunk_and_grown_reads_zeros);
	tcase_add_test(tc, memory_tells_runs);
	tcase_add_test(tc, a_window_sees_its_part_and_keeps_below_open);
	tcase_add_test(tc, a_map_joins_pieces);
	tcase_add_test(tc, a_map_tells_of_changes_below);
	tcase_add_test(tc, an_overlay_leaves_below_alone);
	tcase_add_test(tc, an_overlay_redirects_without_copying);
	tcase_add_test(tc, the_nth_call_fails);
	tcase_add_test(tc, an_output_is_there_only_after_commit);
	tcase_add_test(tc, what_came_meanwhile_is_not_replaced);
	tcase_add_test(tc, a_committed_output_can_be_taken_back);
	return dw_test_run("dev", tc);
}
