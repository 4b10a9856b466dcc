/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The boot file, the UUID, and bytes that do not depend on the clock. */
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

#define BOOT_LEN 40000

struct sum {
	uint64_t next_off, len;
	uint64_t highest;
};

static int add_run(void *arg, uint64_t file_off, uint64_t dev_off,
		   uint64_t len, struct dw_err *e)
{
	struct sum *s = arg;

	ck_assert_uint_eq(file_off, s->next_off);
	s->next_off += len;
	s->len += len;
	if (dev_off + len > s->highest)
		s->highest = dev_off + len;
	return 0;
}

START_TEST(boot_file_lies_in_group_0)
{
	const struct fskind *k = &kinds[_i];
	const char *path = fsimg_make(k->name, k->size, k->args), *out;
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);
	char data[BOOT_LEN], *got;
	struct sum s = { 0 };
	struct dw_stat st;
	uint64_t ino, again;
	size_t len;

	memset(data, 'b', sizeof(data));
	OK(dw_fs_mkdir(fs, "/boot/syslinux", true, NULL, &err));
	OK(dw_fs_write_boot_file(fs, "/boot/syslinux/dw.sys", data, 100, &ino,
				 &err));
	OK(dw_fs_write_boot_file(fs, "/boot/syslinux/dw.sys", data,
				 sizeof(data), &again, &err));
	OK(dw_fs_stat(fs, "/boot/syslinux/dw.sys", &st, &err));
	ck_assert_uint_eq(st.ino, again);
	ck_assert_uint_eq(st.inode_flags & 0x10, 0x10);
	OK(dw_fs_file_runs(fs, again, add_run, &s, &err));
	ck_assert_uint_ge(s.len, BOOT_LEN);
	OK(dw_fs_read_file(fs, "/boot/syslinux/dw.sys", BOOT_LEN, &got, &len,
			   &err));
	ck_assert(len == BOOT_LEN && !memcmp(got, data, len));
	free(got);
	fsimg_close(fs, path);
	fsimg_run(&out, "debugfs -R 'imap <%llu>' %s",
		  (unsigned long long)again, path);
	ck_assert_msg(strstr(out, "part of block group 0"), "%s", out);
}
END_TEST

START_TEST(uuid_changes_and_all_checksums_hold)
{
	static const uint8_t uuid[16] = { 0xaa, 1, 2, 3, 4, 5, 6, 7, 8 };
	const struct fskind *k = &kinds[_i];
	const char *path = fsimg_make(k->name, k->size, k->args), *out;
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);
	struct dw_fs_info info;

	OK(dw_fs_mkdir(fs, "/a/b", true, NULL, &err));
	OK(dw_fs_set_uuid(fs, uuid, &err));
	OK(dw_fs_write_file(fs, "/a/b/c", "text", 4, NULL, &err));
	OK(dw_fs_get_info(fs, &info, &err));
	ck_assert(!memcmp(info.uuid, uuid, 16));
	fsimg_close(fs, path);
	fsimg_run(&out, "blkid -p -o value -s UUID %s", path);
	ck_assert_msg(!strncmp(out, "aa010203-0405-0607-0800-000000000000",
			       36), "%s", out);
	/* A second change finds the seed already kept. */
	fs = fsimg_open(ctx, path, DW_FS_WRITE);
	info.uuid[15] = 9;
	OK(dw_fs_set_uuid(fs, info.uuid, &err));
	fsimg_close(fs, path);
}
END_TEST

static void change(const char *path, struct dw_ctx *c)
{
	struct dw_fs *fs = fsimg_open(c, path, DW_FS_WRITE);
	char data[70000], name[32];
	uint64_t ino;

	memset(data, 'r', sizeof(data));
	OK(dw_fs_mkdir(fs, "/new/folder", true, NULL, &err));
	for (int i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "/new/f%d", i);
		OK(dw_fs_write_file(fs, name, data, (size_t)i * 1000, NULL,
				    &err));
	}
	OK(dw_fs_symlink(fs, "f1", "/new/link", &err));
	OK(dw_fs_setxattr(fs, "/new/f7", "user.x", data, 300, &err));
	OK(dw_fs_unlink(fs, "/new/f3", &err));
	OK(dw_fs_write_boot_file(fs, "/new/boot", data, 30000, &ino, &err));
	fsimg_close(fs, path);
}

START_TEST(the_same_changes_give_the_same_bytes)
{
	const struct fskind *k = &kinds[_i];
	const char *one = fsimg_make(k->name, k->size, k->args);
	const char *two = fsimg_path("two"), *out;
	struct dw_ctx *c;

	fsimg_run(NULL, "cp %s %s", one, two);
	OK(dw_ctx_new(&c, &err));
	change(one, c);
	/* Where libext2fs would take the wall clock, a second makes the
	 * difference. */
	fsimg_run(NULL, "sleep 1.1");
	change(two, c);
	ck_assert_msg(!fsimg_run(&out, "cmp %s %s", one, two), "%s", out);
	dw_ctx_free(c);
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
	tcase_add_loop_test(tc, boot_file_lies_in_group_0, 0, KINDS_NR);
	tcase_add_loop_test(tc, uuid_changes_and_all_checksums_hold, 0,
			    KINDS_NR);
	/* A second each: ext3, ext4, inline data. */
	tcase_add_loop_test(tc, the_same_changes_give_the_same_bytes, 2, 3);
	tcase_add_loop_test(tc, the_same_changes_give_the_same_bytes, 4, 5);
	tcase_add_loop_test(tc, the_same_changes_give_the_same_bytes, 14, 15);
	failed = dw_test_run("fs-boot", tc);
	dw_ctx_free(ctx);
	return failed;
}
