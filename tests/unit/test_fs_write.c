/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing ext2/3/4 of every kind: e2fsck finds nothing after each step. */
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

/* Blocks or inodes run out: an error, and what is there stays whole. */
START_TEST(a_full_filesystem_stays_clean)
{
	static const char *const args[] = {
		"-t ext2 -b 1024", "-t ext4 -b 1024 -N 32",
		"-t ext4 -b 4096 -O ^has_journal", "-t ext4 -O inline_data",
	};
	const char *path = fsimg_make("full", "8M", args[_i]);
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);
	char *data = pattern(150000, 4), name[64];
	int ret = 0, i;

	OK(dw_fs_write_file(fs, "/kept", data, 5000, NULL, &err));
	for (i = 0; !ret && i < 1000; i++) {
		snprintf(name, sizeof(name), "/f%d", i);
		ret = dw_fs_write_file(fs, name, data, 150000, NULL, &err);
	}
	ck_assert_msg(ret == DW_NOSPACE, "%d %s", ret, err.text);
	/* Refused before the old content is given up. */
	if (dw_fs_write_file(fs, "/kept", data, 150000, NULL, &err))
		expect(fs, "/kept", 5000, 4);
	for (ret = 0, i = 0; !ret && i < 100000; i++) {
		snprintf(name, sizeof(name), "/d%d", i);
		ret = dw_fs_mkdir(fs, name, false, NULL, &err);
	}
	ck_assert_msg(ret == DW_NOSPACE, "%d %s", ret, err.text);
	memset(data, 's', 900);
	data[900] = '\0';
	for (ret = 0, i = 0; !ret && i < 100000; i++) {
		snprintf(name, sizeof(name), "/s%d", i);
		ret = dw_fs_symlink(fs, data, name, &err);
	}
	ck_assert_msg(ret == DW_NOSPACE, "%d %s", ret, err.text);
	free(data);
	fsimg_close(fs, path);
}
END_TEST

START_TEST(hashed_folders_take_names)
{
	static const char *const args[] = {
		"-t ext4 -b 1024", "-t ext3 -b 1024", "-t ext4 -b 4096",
	};
	const char *path = fsimg_make("hashed", "48M", args[_i]), *out;
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);
	char name[64];

	OK(dw_fs_mkdir(fs, "/d", false, NULL, &err));
	for (int i = 0; i < 1500; i++) {
		snprintf(name, sizeof(name), "/d/name_number_%d", i);
		OK(dw_fs_symlink(fs, "x", name, &err));
	}
	fsimg_close(fs, path);
	fsimg_run(NULL, "e2fsck -fyD %s", path);
	fsimg_run(&out, "debugfs -R 'stat /d' %s", path);
	ck_assert_msg(strstr(out, "Flags: 0x81000") ||
		      strstr(out, "Flags: 0x1000"), "%s", out);
	fs = fsimg_open(ctx, path, DW_FS_WRITE);
	for (int i = 0; i < 1500; i++) {
		snprintf(name, sizeof(name), "/d/another_%d", i);
		OK(dw_fs_symlink(fs, "y", name, &err));
		if (i % 3)
			continue;
		snprintf(name, sizeof(name), "/d/name_number_%d", i);
		OK(dw_fs_unlink(fs, name, &err));
	}
	ck_assert(!dw_fs_exists(fs, "/d/name_number_3"));
	fsimg_close(fs, path);
}
END_TEST

/* A hard link, and a file with holes: both made by debugfs. */
START_TEST(a_replaced_file_stays_itself)
{
	const struct fskind *k = &kinds[_i];
	const char *path = fsimg_make(k->name, k->size, k->args);
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);
	struct dw_stat a, b;

	put(fs, "/one", 30000, 1);
	OK(dw_fs_chmod(fs, "/one", 04711, &err));
	OK(dw_fs_chown(fs, "/one", 7, 8, &err));
	fsimg_close(fs, path);
	fsimg_run(NULL, "printf 'ln /one /two\\nsif /one links_count 2\\n"
		  "punch /one 1 3\\n' | debugfs -w -f - %s", path);
	fsimg_check(path);
	fs = fsimg_open(ctx, path, DW_FS_WRITE);
	OK(dw_fs_stat(fs, "/one", &a, &err));
	put(fs, "/one", 90000, 2);
	expect(fs, "/two", 90000, 2);
	OK(dw_fs_stat(fs, "/two", &b, &err));
	ck_assert(a.ino == b.ino && a.mode == b.mode && b.uid == 7 &&
		  b.gid == 8 && b.links_nr == 2);
	OK(dw_fs_unlink(fs, "/one", &err));
	expect(fs, "/two", 90000, 2);
	fsimg_close(fs, path);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("kinds");
	int failed;

	fsimg_require_tools();
	dw_ctx_new(&ctx, NULL);
	dw_ctx_set_clock(ctx, 1700000000);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, contents_of_every_length, 0, KINDS_NR);
	tcase_add_loop_test(tc, names_come_and_go, 0, KINDS_NR);
	tcase_add_loop_test(tc, attributes_and_modes, 0, KINDS_NR);
	tcase_add_loop_test(tc, a_replaced_file_stays_itself, 0, KINDS_NR);
	tcase_add_loop_test(tc, a_full_filesystem_stays_clean, 0, 4);
	tcase_add_loop_test(tc, hashed_folders_take_names, 0, 3);
	failed = dw_test_run("fs-write", tc);
	dw_ctx_free(ctx);
	return failed;
}
