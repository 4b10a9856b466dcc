/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making files of ext2/3/4 longer: what is there stays where it is. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fsimg.h"
#include "lib/fskinds.h"
#include "lib/run.h"

static struct dw_err err;
static struct dw_ctx *ctx;

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)
#define LEN_MAX 2000000

static char pattern[LEN_MAX];

static void setup(void)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (char)((i * 7 + i / 251) & 0xff);
	OK(dw_ctx_new(&ctx, &err));
}

static void teardown(void)
{
	dw_ctx_free(ctx);
}

static void expect(struct dw_fs *fs, const char *path, size_t len)
{
	char *got;
	size_t n;

	OK(dw_fs_read_file(fs, path, 1 << 30, &got, &n, &err));
	ck_assert_msg(n == len && !memcmp(got, pattern, len),
		      "%s: %zu bytes of %zu", path, n, len);
	free(got);
}

static const size_t lengths[] = {
	0, 1, 59, 61, 160, 1000, 1024, 4096, 5000, 12 * 1024, 65536, 300001,
};
#define LENGTHS_NR (sizeof(lengths) / sizeof(lengths[0]))

/* Each length behind each other. */
START_TEST(any_length_behind_any)
{
	const struct fskind *k = &kinds[_i];
	const char *path = fsimg_make(k->name, k->size, k->args);
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);
	char name[32];

	for (size_t i = 0; i < LENGTHS_NR; i++) {
		size_t len = lengths[i];

		snprintf(name, sizeof(name), "/file%zu", i);
		OK(dw_fs_write_file(fs, name, pattern, len, NULL, &err));
		for (size_t j = 0; j < LENGTHS_NR; j++) {
			OK(dw_fs_append_file(fs, name, pattern + len,
					     lengths[j], &err));
			len += lengths[j];
		}
	}
	fsimg_close(fs, path);
	fs = fsimg_open(ctx, path, 0);
	for (size_t i = 0; i < LENGTHS_NR; i++) {
		size_t len = lengths[i];

		for (size_t j = 0; j < LENGTHS_NR; j++)
			len += lengths[j];
		snprintf(name, sizeof(name), "/file%zu", i);
		expect(fs, name, len);
	}
	fsimg_close(fs, path);
}
END_TEST

/* Blocks that were given ahead, holes at the end, a link, many pieces. */
START_TEST(odd_files)
{
	const char *path = fsimg_make("odd", "40M", "-t ext4 -b 1024");
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);
	struct dw_stat before, after;

	memset(pattern + 5000, 0, 10000);
	OK(dw_fs_write_file(fs, "/ahead", pattern, 3000, NULL, &err));
	OK(dw_fs_write_file(fs, "/hole", pattern, 5000, NULL, &err));
	OK(dw_fs_write_file(fs, "/many", pattern, 10, NULL, &err));
	OK(dw_fs_symlink(fs, "many", "/link", &err));
	fsimg_close(fs, path);
	ck_assert_int_eq(fsimg_run(NULL, "debugfs -w -R 'fallocate /ahead 3 "
				   "40' %s", path), 0);
	ck_assert_int_eq(fsimg_run(NULL, "debugfs -w -R 'sif /hole size "
				   "15000' %s", path), 0);
	fs = fsimg_open(ctx, path, DW_FS_WRITE);
	OK(dw_fs_append_file(fs, "/ahead", pattern + 3000, 90000, &err));
	OK(dw_fs_append_file(fs, "/hole", pattern + 15000, 90000, &err));
	OK(dw_fs_stat(fs, "/many", &before, &err));
	for (size_t i = 10; i < 100010; i += 1000) {
		OK(dw_fs_append_file(fs, "/link", pattern + i, 1000, &err));
		OK(dw_fs_write_file(fs, "/between", pattern, i, NULL, &err));
	}
	OK(dw_fs_stat(fs, "/many", &after, &err));
	ck_assert_uint_eq(before.ino, after.ino);
	fsimg_close(fs, path);
	fs = fsimg_open(ctx, path, 0);
	expect(fs, "/ahead", 93000);
	expect(fs, "/hole", 105000);
	expect(fs, "/many", 100010);
	fsimg_close(fs, path);
}
END_TEST

static int note_run(void *arg, uint64_t file_off, uint64_t dev_off,
		    uint64_t len, struct dw_err *e)
{
	if (!file_off)
		*(uint64_t *)arg = dev_off;
	return 0;
}

START_TEST(blocks_stay)
{
	const char *path = fsimg_make("stay", "40M", "-t ext4 -b 1024");
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);
	uint64_t before = 0, after = 0;
	struct dw_stat st;

	OK(dw_fs_write_file(fs, "/a", pattern, 5000, NULL, &err));
	OK(dw_fs_stat(fs, "/a", &st, &err));
	OK(dw_fs_file_runs(fs, st.ino, note_run, &before, &err));
	OK(dw_fs_append_file(fs, "/a", pattern + 5000, 50000, &err));
	OK(dw_fs_file_runs(fs, st.ino, note_run, &after, &err));
	ck_assert_uint_eq(before, after);
	ck_assert_uint_ne(before, 0);
	fsimg_close(fs, path);
}
END_TEST

/* Nothing is changed where it does not fit. */
START_TEST(refusals)
{
	const char *path = fsimg_make("small", "1M", "-t ext4 -b 1024 -O "
				      "^has_journal");
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);

	OK(dw_fs_write_file(fs, "/a", pattern, 5000, NULL, &err));
	ck_assert_int_eq(dw_fs_append_file(fs, "/a", pattern + 5000, 1500000,
					   &err), DW_NOSPACE);
	expect(fs, "/a", 5000);
	ck_assert_int_eq(dw_fs_append_file(fs, "/b", pattern, 1, &err),
			 DW_NOENT);
	ck_assert_int_eq(dw_fs_append_file(fs, "/lost+found", pattern, 1,
					   &err), DW_UNSUPPORTED);
	fsimg_close(fs, path);
	fs = fsimg_open(ctx, path, 0);
	ck_assert_int_eq(dw_fs_append_file(fs, "/a", pattern, 1, &err),
			 DW_READONLY);
	dw_fs_close(fs);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("append");

	fsimg_require_tools();
	tcase_set_timeout(tc, 0);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, any_length_behind_any, 0, KINDS_NR);
	tcase_add_test(tc, odd_files);
	tcase_add_test(tc, blocks_stay);
	tcase_add_test(tc, refusals);
	return dw_test_run("fs_append", tc);
}
