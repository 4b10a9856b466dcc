/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing ext2/3/4 of every kind: e2fsck finds nothing after each step. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fsimg.h"
#include "lib/fskinds.h"

static struct dw_err err;
static struct dw_ctx *ctx;

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)

static char *pattern(size_t len, unsigned seed)
{
	char *p = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		p[i] = (char)((i * 7 + i / 251 + seed) & 0xff);
	return p;
}

static void put(struct dw_fs *fs, const char *path, size_t len, unsigned seed)
{
	char *p = pattern(len, seed);

	OK(dw_fs_write_file(fs, path, p, len, NULL, &err));
	free(p);
}

static void expect(struct dw_fs *fs, const char *path, size_t len,
		   unsigned seed)
{
	char *p = pattern(len, seed), *got;
	size_t n;

	OK(dw_fs_read_file(fs, path, 1 << 30, &got, &n, &err));
	ck_assert_msg(n == len && !memcmp(got, p, len), "%s: %zu bytes", path,
		      n);
	free(got);
	free(p);
}

static const size_t sizes[] = {
	0, 1, 59, 60, 61, 100, 159, 160, 161, 500, 900, 1023, 1024, 1025, 4096,
	5000, 12 * 1024, 65536, 65537, 300000, 5000000,
};
#define SIZES_NR (sizeof(sizes) / sizeof(sizes[0]))

/* Each length after each other, in one file and in one file each. */
START_TEST(contents_of_every_length)
{
	const struct fskind *k = &kinds[_i];
	const char *path = fsimg_make(k->name, k->size, k->args);
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);
	char name[32];

	for (size_t i = 0; i < SIZES_NR; i++) {
		snprintf(name, sizeof(name), "/file%zu", i);
		put(fs, name, sizes[i], 1);
	}
	fsimg_close(fs, path);
	fs = fsimg_open(ctx, path, DW_FS_WRITE);
	for (size_t i = 0; i < SIZES_NR; i++) {
		snprintf(name, sizeof(name), "/file%zu", i);
		expect(fs, name, sizes[i], 1);
		put(fs, name, sizes[SIZES_NR - 1 - i], 2);
		expect(fs, name, sizes[SIZES_NR - 1 - i], 2);
	}
	fsimg_close(fs, path);
	fs = fsimg_open(ctx, path, DW_FS_WRITE);
	for (size_t i = 0; i < SIZES_NR; i++) {
		snprintf(name, sizeof(name), "/file%zu", i);
		expect(fs, name, sizes[SIZES_NR - 1 - i], 2);
		OK(dw_fs_unlink(fs, name, &err));
	}
	fsimg_close(fs, path);
}
END_TEST

START_TEST(names_come_and_go)
{
	const struct fskind *k = &kinds[_i];
	const char *path = fsimg_make(k->name, k->size, k->args);
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);
	char name[200], slow[200] = "/d/", *target;
	struct dw_stat st;

	OK(dw_fs_mkdir(fs, "/d/e/f", true, NULL, &err));
	OK(dw_fs_mkdir(fs, "/d/e/f", true, NULL, &err));
	for (int i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "/d/a_rather_long_file_name_that_"
			 "fills_directories_quickly_%04d", i);
		put(fs, name, 10, (unsigned)i);
		if (i == 200) {
			fsimg_close(fs, path);
			fs = fsimg_open(ctx, path, DW_FS_WRITE);
		}
	}
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "/d/e/dir%d", i);
		OK(dw_fs_mkdir(fs, name, false, NULL, &err));
	}
	fsimg_close(fs, path);

	fs = fsimg_open(ctx, path, DW_FS_WRITE);
	OK(dw_fs_stat(fs, "/d/e", &st, &err));
	ck_assert_uint_eq(st.links_nr, 33);
	memset(slow + 3, 'x', 150);
	OK(dw_fs_symlink(fs, "e/f/../dir3", "/d/fast", &err));
	OK(dw_fs_symlink(fs, slow, "/d/slow", &err));
	OK(dw_fs_readlink(fs, "/d/slow", &target, &err));
	ck_assert_str_eq(target, slow);
	free(target);
	OK(dw_fs_realpath(fs, "/d/fast/../../../..//d/fast", &target, &err));
	ck_assert_str_eq(target, "/d/e/dir3");
	free(target);
	ck_assert_int_eq(dw_fs_symlink(fs, "x", "/d/fast", &err), DW_EXISTS);
	for (int i = 0; i < 400; i += 2) {
		snprintf(name, sizeof(name), "/d/a_rather_long_file_name_that_"
			 "fills_directories_quickly_%04d", i);
		OK(dw_fs_unlink(fs, name, &err));
	}
	OK(dw_fs_unlink(fs, "/d/fast", &err));
	OK(dw_fs_unlink(fs, "/d/slow", &err));
	fsimg_close(fs, path);

	fs = fsimg_open(ctx, path, DW_FS_WRITE);
	put(fs, "/a", 3000, 5);
	put(fs, "/b", 70000, 6);
	OK(dw_fs_rename(fs, "/a", "/b", &err));
	expect(fs, "/b", 3000, 5);
	ck_assert(!dw_fs_exists(fs, "/a"));
	OK(dw_fs_rename(fs, "/d/e", "/moved", &err));
	ck_assert_int_eq(dw_fs_rename(fs, "/moved", "/moved/f/x", &err),
			 DW_EXISTS);
	ck_assert_int_eq(dw_fs_unlink(fs, "/moved", &err), DW_UNSUPPORTED);
	OK(dw_fs_realpath(fs, "/moved/f/..", &target, &err));
	ck_assert_str_eq(target, "/moved");
	free(target);
	fsimg_close(fs, path);
}
END_TEST

static int count_attr(void *arg, const char *name, const void *value,
		      size_t len, struct dw_err *e)
{
	++*(int *)arg;
	return 0;
}

START_TEST(attributes_and_modes)
{
	const struct fskind *k = &kinds[_i];
	const char *path = fsimg_make(k->name, k->size, k->args), *out;
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);
	const struct dw_new new = { 70000, 80000, 04750 };
	char *big = pattern(900, 3), *got;
	struct dw_stat st;
	size_t len;
	int nr = 0;

	OK(dw_fs_setxattr(fs, "/", "security.selinux", "u:r:t:s0", 9, &err));
	OK(dw_fs_mkdir(fs, "/etc", false, NULL, &err));
	OK(dw_fs_write_file(fs, "/etc/f", "hello", 5, &new, &err));
	OK(dw_fs_getxattr(fs, "/etc/f", "security.selinux", &got, &len, &err));
	ck_assert_uint_eq(len, 9);
	ck_assert_str_eq(got, "u:r:t:s0");
	free(got);
	OK(dw_fs_setxattr(fs, "/etc/f", "user.small", "v", 1, &err));
	OK(dw_fs_setxattr(fs, "/etc/f", "user.big", big, 800, &err));
	OK(dw_fs_setxattr(fs, "/etc/f", "user.empty", "", 0, &err));
	OK(dw_fs_listxattr(fs, "/etc/f", count_attr, &nr, &err));
	ck_assert_int_eq(nr, 4);
	OK(dw_fs_stat(fs, "/etc/f", &st, &err));
	ck_assert_uint_eq(st.uid, 70000);
	ck_assert_uint_eq(st.gid, 80000);
	ck_assert_uint_eq(st.mode, 0104750);
	fsimg_close(fs, path);

	fs = fsimg_open(ctx, path, DW_FS_WRITE);
	put(fs, "/etc/f", 9000, 9);
	OK(dw_fs_getxattr(fs, "/etc/f", "user.big", &got, &len, &err));
	ck_assert_uint_eq(len, 800);
	ck_assert(!memcmp(got, big, 800));
	free(got);
	OK(dw_fs_chmod(fs, "/etc/f", 0600, &err));
	OK(dw_fs_chown(fs, "/etc/f", 5, 100000, &err));
	OK(dw_fs_set_times(fs, "/etc/f", 1000000000, 2000000000, &err));
	OK(dw_fs_set_inode_flags(fs, "/etc/f", 0x10, &err));
	OK(dw_fs_stat(fs, "/etc/f", &st, &err));
	ck_assert_uint_eq(st.mode, 0100600);
	ck_assert_int_eq(st.mtime, 2000000000);
	fsimg_close(fs, path);
	fsimg_run(&out, "debugfs -R 'stat /etc/f' %s", path);
	ck_assert_msg(strstr(out, "Mode:  0600") &&
		      strstr(out, "User:     5   Group: 100000") &&
		      strstr(out, "mtime: 0x77359400") &&
		      strstr(out, "user.big (800)"), "debugfs: %s", out);

	fs = fsimg_open(ctx, path, DW_FS_WRITE);
	OK(dw_fs_unlink(fs, "/etc/f", &err));
	fsimg_close(fs, path);
	free(big);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fs-write");
	TCase *tc = tcase_create("kinds");
	SRunner *r;
	int failed;

	fsimg_require_tools();
	dw_ctx_new(&ctx, NULL);
	dw_ctx_set_clock(ctx, 1700000000);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, contents_of_every_length, 0, KINDS_NR);
	tcase_add_loop_test(tc, names_come_and_go, 0, KINDS_NR);
	tcase_add_loop_test(tc, attributes_and_modes, 0, KINDS_NR);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	dw_ctx_free(ctx);
	return failed ? 1 : 0;
}
