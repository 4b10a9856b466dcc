/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening: what is refused and how it is said, what is only named. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/sum.h"
#include "dev/kinds.h"
#include "lib/fsimg.h"
#include "lib/fskinds.h"
#include "lib/run.h"

static struct dw_err err;
static struct dw_ctx *ctx;

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)

/* Changes bytes of the superblock; sum: sets its checksum anew. */
static void poke(const char *path, unsigned off, const void *bytes, size_t len,
		 bool sum)
{
	int fd = open(path, O_RDWR);
	uint8_t sb[1024];

	ck_assert(pread(fd, sb, sizeof(sb), 1024) == sizeof(sb));
	memcpy(sb + off, bytes, len);
	if (sum)
		dw_put_le32(sb + 1020, dw_crc32c(~0u, sb, 1020));
	ck_assert(pwrite(fd, sb, sizeof(sb), 1024) == sizeof(sb));
	close(fd);
}

/* The code that opening gives, and its text in err. */
static int try_open(const char *path, unsigned flags)
{
	struct dw_dev *dev;
	struct dw_fs *fs;
	int ret;

	memset(&err, 0, sizeof(err));
	OK(dw_file_open(ctx, path, flags ? DW_OPEN_RDWR : 0, &dev, &err));
	ret = dw_fs_open(ctx, dev, flags, &fs, &err);
	dw_fs_close(fs);
	dw_dev_close(dev, NULL);
	return ret;
}

static void refused(const char *path, unsigned flags, int code,
		    const char *text)
{
	int ret = try_open(path, flags);

	ck_assert_msg(ret == code && strstr(err.text, text),
		      "%d '%s', not %d '%s'", ret, err.text, code, text);
}

START_TEST(a_truncated_image_is_damaged)
{
	const char *path = fsimg_make("t", "40M", "-t ext4");

	ck_assert_int_eq(truncate(path, 30 << 20), 0);
	refused(path, 0, DW_CORRUPT, "truncated");
	refused(path, 0, DW_CORRUPT, "31457280 bytes");
	ck_assert_int_eq(truncate(path, 1500), 0);
	refused(path, 0, DW_NOT_MINE, "no filesystem");
}
END_TEST

START_TEST(a_damaged_superblock_tells_of_its_backup)
{
	const char *path = fsimg_make("d", "40M", "-t ext4 -b 1024");
	const uint8_t junk[4] = { 1, 2, 3, 4 };
	uint8_t zeros[1024] = { 0 };
	struct dw_fs_info info;
	struct dw_dev *dev;

	poke(path, 0x30, junk, 4, false);
	refused(path, 0, DW_CORRUPT, "checksum of the superblock is wrong; a "
		"backup superblock is at block 8193");
	OK(dw_file_open(ctx, path, 0, &dev, &err));
	ck_assert_int_eq(dw_fs_identify(dev, &info, &err), DW_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, "block 8193"));
	dw_dev_close(dev, NULL);
	poke(path, 0, zeros, 1024, false);
	refused(path, 0, DW_CORRUPT, "backup superblock is at block 8193");
	path = fsimg_make("d", "200M", "-t ext2 -b 4096");
	poke(path, 0x58, zeros, 2, false);
	refused(path, 0, DW_CORRUPT, "inodes of 0 bytes; a backup superblock "
		"is at block 32768");
	path = fsimg_make("d", "5M", "-t ext2 -b 1024");
	poke(path, 0x28, zeros, 4, false);
	refused(path, 0, DW_CORRUPT, "groups of 8192 blocks and 0 inodes");
	ck_assert_ptr_null(strstr(err.text, "backup"));
}
END_TEST

START_TEST(features_are_refused_by_name)
{
	const char *path = fsimg_make("f", "8M", "-t ext2");
	uint8_t bits[4];

	dw_put_le32(bits, 0x80000002);
	poke(path, 0x60, bits, 4, false);
	refused(path, 0, DW_UNSUPPORTED, "FEATURE_I31");
	dw_put_le32(bits, 0x3);
	poke(path, 0x60, bits, 4, false);
	refused(path, 0, DW_UNSUPPORTED, "feature compression");
	dw_put_le32(bits, 0x6);
	poke(path, 0x60, bits, 4, false);
	refused(path, 0, DW_UNSUPPORTED, "needs_recovery");
	dw_put_le32(bits, 0x2);
	poke(path, 0x60, bits, 4, false);
	dw_put_le32(bits, 0x4001);
	poke(path, 0x64, bits, 4, false);
	refused(path, DW_FS_WRITE, DW_UNSUPPORTED, "shared_blocks");
	OK(try_open(path, 0));
	path = fsimg_make("j", "8M", "-O journal_dev");
	refused(path, 0, DW_UNSUPPORTED, "external journal");
	path = fsimg_make("q", "8M", "-t ext4 -O quota");
	refused(path, DW_FS_WRITE, DW_UNSUPPORTED, "quota");
	OK(try_open(path, 0));
}
END_TEST

START_TEST(mmp_tells_that_it_is_in_use)
{
	const char *path = fsimg_make("mmp", "8M", "-t ext4 -O mmp");
	struct dw_dev *dev;
	uint8_t sb[1024], seq[4] = { 5, 0, 0, 0 };
	uint64_t off;

	OK(try_open(path, DW_FS_WRITE));
	OK(dw_file_open(ctx, path, DW_OPEN_RDWR, &dev, &err));
	OK(dw_dev_pread(dev, 1024, sb, sizeof(sb), &err));
	off = dw_le64(sb + 0x168) << (10 + dw_le32(sb + 0x18));
	OK(dw_dev_pwrite(dev, off + 4, seq, 4, &err));
	OK(dw_dev_pwrite(dev, off + 16, "node7", 6, &err));
	dw_dev_close(dev, NULL);
	refused(path, 0, DW_BUSY, "in use by node 'node7'");
}
END_TEST

START_TEST(information_is_that_of_dumpe2fs)
{
	const struct fskind *k = &kinds[_i];
	const char *path = fsimg_make(k->name, k->size, k->args);
	struct dw_fs_info info;
	struct dw_dev *dev;
	const char *out;
	char line[512];

	fsimg_run(NULL, "tune2fs -L label-of-16-byte %s", path);
	OK(dw_file_open(ctx, path, 0, &dev, &err));
	OK(dw_fs_identify(dev, &info, &err));
	dw_dev_close(dev, NULL);
	fsimg_run(&out, "dumpe2fs -h %s | tr -s ' '", path);
	snprintf(line, sizeof(line), "Filesystem features: %s\n",
		 info.features);
	ck_assert_msg(strstr(out, line), "%s in %s", line, out);
	snprintf(line, sizeof(line), "Block size: %u\n", info.block_len);
	ck_assert_msg(strstr(out, line), "%s in %s", line, out);
	snprintf(line, sizeof(line), "Free blocks: %llu\n",
		 (unsigned long long)(info.free_len / info.block_len));
	ck_assert_msg(strstr(out, line), "%s in %s", line, out);
	ck_assert_str_eq(info.label, "label-of-16-byte");
	ck_assert_uint_eq(info.uuid[15], 0x55);
	ck_assert(!info.partial && !info.needs_recovery && !info.has_orphans);
	fsimg_run(&out, "blkid -p -o value -s TYPE %s", path);
	ck_assert_msg(!strncmp(out, info.type, 4), "%s, not %s", info.type,
		      out);
}
END_TEST

/* By the descriptor, and by windows where the device has none. */
START_TEST(others_are_named_by_libblkid)
{
	const char *path = fsimg_path("swap");
	struct dw_dev *file, *mem;
	struct dw_fs_info info;
	char *buf = malloc(4 << 20);

	ck_assert_int_eq(fsimg_run(NULL, "truncate -s 4M %s; mkswap -L sw "
				   "-U 12345678-1234-1234-1234-123456789abc %s",
				   path, path), 0);
	OK(dw_file_open(ctx, path, 0, &file, &err));
	OK(dw_fs_identify(file, &info, &err));
	ck_assert_str_eq(info.type, "swap");
	ck_assert(info.partial && info.has_uuid && info.uuid[0] == 0x12);
	OK(dw_dev_pread(file, 0, buf, 4 << 20, &err));
	OK(dw_mem_new("mem", 4 << 20, &mem, &err));
	OK(dw_dev_pwrite(mem, 0, buf, 4 << 20, &err));
	memset(&info, 0, sizeof(info));
	OK(dw_fs_identify(mem, &info, &err));
	ck_assert_str_eq(info.type, "swap");
	ck_assert_str_eq(info.label, "sw");
	dw_dev_close(mem, NULL);
	dw_dev_close(file, NULL);
	refused(path, 0, DW_UNSUPPORTED, "swap");
	free(buf);
}
END_TEST

START_TEST(nothing_is_named_in_zeros)
{
	struct dw_fs_info info;
	struct dw_dev *mem;

	OK(dw_mem_new("mem", 1 << 30, &mem, &err));
	ck_assert_int_eq(dw_fs_identify(mem, &info, &err), DW_NOT_MINE);
	dw_dev_close(mem, NULL);
}
END_TEST

/* All that a job does, on a device that may fail. */
static int work(struct dw_dev *dev)
{
	static char data[100000];
	struct dw_used *used = NULL;
	struct dw_fs *fs;
	uint64_t ino;
	int ret;

	ret = dw_fs_open(ctx, dev, DW_FS_WRITE, &fs, &err);
	if (!ret)
		ret = dw_fs_mkdir(fs, "/a/b", true, NULL, &err);
	if (!ret)
		ret = dw_fs_write_file(fs, "/a/b/c", data, sizeof(data), NULL,
				       &err);
	if (!ret)
		ret = dw_fs_write_file(fs, "/a/b/c", data, 10, NULL, &err);
	if (!ret)
		ret = dw_fs_setxattr(fs, "/a/b/c", "user.x", data, 700, &err);
	if (!ret)
		ret = dw_fs_write_boot_file(fs, "/boot.sys", data, 30000, &ino,
					    &err);
	if (!ret)
		ret = dw_fs_unlink(fs, "/a/b/c", &err);
	if (!ret)
		ret = dw_fs_flush(fs, &err);
	if (!ret)
		ret = dw_fs_used(fs, &used, &err);
	dw_used_free(used);
	dw_fs_close(fs);
	return ret;
}

/* The n-th access fails for every n: an error, and nothing worse. */
START_TEST(every_failing_access_is_reported)
{
	const char *path = fsimg_make("fault", "8M", _i < 2 ? "-t ext4" :
				      "-t ext3 -b 1024");
	struct dw_dev *file, *top, *faulty;
	int ret = 1;

	OK(dw_file_open(ctx, path, 0, &file, &err));
	for (unsigned n = 1; ret; n++) {
		struct dw_fault fault = { 0 };

		if (_i % 2)
			fault.fail_write_at = n;
		else
			fault.fail_read_at = n;
		OK(dw_overlay_new(file, 4096, 64 << 20, &top, &err));
		OK(dw_fault_new(top, &fault, &faulty, &err));
		ret = work(faulty);
		dw_dev_close(faulty, NULL);
		dw_dev_close(top, NULL);
		ck_assert_msg(!ret || ret == DW_IO, "n %u: %d %s", n, ret,
			      err.text);
		if (ret)
			continue;
		/* It went through: there was no n-th access any more. */
		ck_assert_uint_lt(_i % 2 ? fault.writes_nr : fault.reads_nr, n);
	}
	dw_dev_close(file, NULL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("open");
	int failed;

	fsimg_require_tools();
	dw_ctx_new(&ctx, NULL);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_truncated_image_is_damaged);
	tcase_add_test(tc, a_damaged_superblock_tells_of_its_backup);
	tcase_add_test(tc, features_are_refused_by_name);
	tcase_add_test(tc, mmp_tells_that_it_is_in_use);
	tcase_add_loop_test(tc, information_is_that_of_dumpe2fs, 0, KINDS_NR);
	tcase_add_test(tc, others_are_named_by_libblkid);
	tcase_add_test(tc, nothing_is_named_in_zeros);
	tcase_add_loop_test(tc, every_failing_access_is_reported, 0, 4);
	failed = dw_test_run("fs-open", tc);
	dw_ctx_free(ctx);
	return failed;
}
