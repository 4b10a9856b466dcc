/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loader's installer: on every kind of ext, refused, failing, and what it
 * says of boot code it finds. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "boot/install.h"
#include "boot/x86/code.h"
#include "dev/kinds.h"
#include "lib/fsimg.h"
#include "lib/fskinds.h"
#include "lib/run.h"

#define STAGE2 "/boot/syslinux/diskwright.sys"
#define OVERLAY_CAP (64u << 20)

static struct dw_err err;
static struct dw_ctx *ctx;
static const struct dw_loader_place part = { .start_lba = 2048 };
static const struct dw_loader_place whole = { .whole_disk = true };

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)

/* A filesystem open for writing, and the device under it. */
struct lab {
	struct dw_dev *dev;
	struct dw_fs *fs;
};

static struct lab open_lab(const char *path)
{
	struct lab lab;

	OK(dw_file_open(ctx, path, DW_OPEN_RDWR, &lab.dev, &err));
	OK(dw_fs_open(ctx, lab.dev, DW_FS_WRITE, &lab.fs, &err));
	return lab;
}

static void close_lab(struct lab *lab)
{
	dw_fs_close(lab->fs);
	OK(dw_dev_close(lab->dev, &err));
}

static void check_good(struct lab *lab, const struct dw_loader_place *place)
{
	struct dw_loader_state state;

	OK(dw_loader_inspect(lab->fs, lab->dev, place, &state, &err));
	ck_assert_int_eq(state.kind, DW_LOADER_OURS);
	ck_assert_msg(!state.stale, "%s", state.problem);
	ck_assert_str_eq(state.stage2_path, STAGE2);
	ck_assert_uint_eq(state.version, STAGE2_VERSION);
}

START_TEST(installs_on_every_kind)
{
	const struct fskind *k = &kinds[_i];
	const char *path = fsimg_make(k->name, k->size, k->args);
	struct lab lab = open_lab(path);
	uint8_t record[RECORD_LEN];
	struct dw_stat st;

	OK(dw_loader_install(lab.fs, lab.dev, &part, NULL, &err));
	check_good(&lab, &part);
	/* Once more, as after an update of ours. */
	OK(dw_loader_install(lab.fs, lab.dev, &whole, NULL, &err));
	check_good(&lab, &whole);
	OK(dw_fs_stat(lab.fs, STAGE2, &st, &err));
	ck_assert_uint_eq(st.inode_flags & 0x10, 0x10);
	ck_assert_uint_eq(st.mode, 0100444);
	OK(dw_dev_pread(lab.dev, 0, record, sizeof(record), &err));
	ck_assert(dw_is_zero(record + 11, 90 - 11));
	ck_assert(dw_is_zero(record + 440, 510 - 440));
	ck_assert_uint_eq(dw_le16(record + 510), 0xaa55);
	ck_assert_uint_eq(dw_le32(record + RECORD_INODE_OFF), st.ino);
	close_lab(&lab);
	fsimg_check(path);
}
END_TEST

/* The inodes of group 0 are all taken: any other one is found as well. */
START_TEST(full_group_0)
{
	const char *path = fsimg_make("full", "64M",
				      "-t ext4 -b 1024 -N 512"), *out;
	struct lab lab;
	struct dw_stat st;

	ck_assert_msg(!fsimg_run(&out,
		"seq 1 100 | sed 's/.*/mknod n& p/' | debugfs -w -f - '%s' && "
		"dumpe2fs -h '%s' | grep 'Inodes per group: *64$'",
		path, path), "%s", out);
	lab = open_lab(path);
	OK(dw_loader_install(lab.fs, lab.dev, &part, NULL, &err));
	OK(dw_fs_stat(lab.fs, STAGE2, &st, &err));
	ck_assert_uint_gt(st.ino, 64);
	ck_assert_uint_eq(st.inode_flags & 0x10, 0x10);
	check_good(&lab, &part);
	close_lab(&lab);
	fsimg_check(path);
}
END_TEST

START_TEST(encrypted_directory_is_refused)
{
	const char *path = fsimg_make("crypt", "16M", "-t ext4 -O encrypt");
	struct lab lab;

	ck_assert_int_eq(fsimg_run(NULL,
		"printf 'mkdir boot\\nsif boot flags 0x80800\\n' | "
		"debugfs -w -f - '%s'", path), 0);
	lab = open_lab(path);
	ck_assert_int_eq(dw_loader_install(lab.fs, lab.dev, &part, "/boot",
					   &err), DW_UNSUPPORTED);
	ck_assert_msg(strstr(err.text, "encrypt"), "%s", err.text);
	close_lab(&lab);
}
END_TEST

START_TEST(directory_that_cannot_be)
{
	const char *path = fsimg_make("dir", "16M", "-t ext4");
	struct lab lab = open_lab(path);
	char longer[200];

	memset(longer, 'x', sizeof(longer));
	longer[0] = '/';
	longer[sizeof(longer) - 1] = 0;
	ck_assert_int_eq(dw_loader_install(lab.fs, lab.dev, &part, longer,
					   &err), DW_USAGE);
	ck_assert_int_eq(dw_loader_install(lab.fs, lab.dev, &part, "boot",
					   &err), DW_USAGE);
	close_lab(&lab);
}
END_TEST

/* The N-th read, write or flush fails, for every N: an error each time, and
 * never a record without what it finds. */
static bool install_with_fault(const char *path, struct dw_fault *fault)
{
	struct dw_dev *file, *overlay, *dev;
	struct dw_loader_state state;
	struct dw_fs *fs = NULL;
	bool failed;

	OK(dw_file_open(ctx, path, 0, &file, &err));
	OK(dw_overlay_new(file, 4096, OVERLAY_CAP, &overlay, &err));
	OK(dw_fault_new(overlay, fault, &dev, &err));
	err.text[0] = 0;
	failed = dw_fs_open(ctx, dev, DW_FS_WRITE, &fs, &err) ||
		 dw_loader_install(fs, dev, &part, NULL, &err);
	if (failed)
		ck_assert_msg(err.text[0], "no text");
	dw_fs_close(fs);
	dw_dev_close(dev, NULL);

	/* What lies there now, without faults. */
	if (!dw_fs_open(ctx, overlay, 0, &fs, NULL)) {
		OK(dw_loader_inspect(fs, overlay, &part, &state, &err));
		if (!failed)
			ck_assert_int_eq(state.kind, DW_LOADER_OURS);
		ck_assert_msg(!state.stale, "%s", state.problem);
		dw_fs_close(fs);
	}
	dw_dev_close(overlay, NULL);
	dw_dev_close(file, NULL);
	return failed;
}

START_TEST(every_fault_is_reported)
{
	const char *path = fsimg_make("fault", "16M", "-t ext4 -b 1024");
	static const size_t fields[] = {
		offsetof(struct dw_fault, fail_read_at),
		offsetof(struct dw_fault, fail_write_at),
		offsetof(struct dw_fault, fail_flush_at),
	};
	struct dw_fault fault;
	uint64_t n = 0;

	do {
		memset(&fault, 0, sizeof(fault));
		memcpy((char *)&fault + fields[_i], &(uint64_t){ ++n },
		       sizeof(n));
	} while (install_with_fault(path, &fault));
	ck_assert_uint_gt(n, 1);
}
END_TEST

START_TEST(mbr_keeps_signature_and_table)
{
	uint8_t before[SECTOR_LEN], after[SECTOR_LEN];
	struct dw_loader_state state;
	struct dw_dev *disk;

	OK(dw_mem_new("disk", 1 << 20, &disk, &err));
	memset(before, 0x5a, sizeof(before));
	OK(dw_dev_pwrite(disk, 0, before, sizeof(before), &err));
	OK(dw_loader_install_mbr(disk, &err));
	OK(dw_dev_pread(disk, 0, after, sizeof(after), &err));
	ck_assert(!memcmp(after, dw_loader_mbr_code(), MBR_CODE_LEN));
	ck_assert(!memcmp(after + 440, before + 440, 510 - 440));
	ck_assert_uint_eq(dw_le16(after + 510), 0xaa55);
	OK(dw_loader_inspect_sector(disk, &state, &err));
	ck_assert_int_eq(state.kind, DW_LOADER_OURS);
	ck_assert_str_eq(state.name, dw_loader_name());
	dw_dev_close(disk, NULL);
}
END_TEST

static const struct {
	enum dw_loader_kind kind;
	unsigned off;
	const char *text;
	bool magic;
} sectors[] = {
	{ DW_LOADER_NONE, 0, "", false },
	{ DW_LOADER_NONE, 0, "", true },
	{ DW_LOADER_NONE, 3, "SYSLINUX", false },
	{ DW_LOADER_SYSLINUX, 3, "SYSLINUX", true },
	{ DW_LOADER_SYSLINUX, 3, "EXTLINUX", true },
	{ DW_LOADER_GRUB, 0x180, "GRUB ", true },
	{ DW_LOADER_OTHER, 6, "LILO", true },
	{ DW_LOADER_CHAIN, 0x163, "Missing operating system", true },
	{ DW_LOADER_OTHER, 0, "\xfa\xeb", true },
	{ DW_LOADER_OURS, 3, RECORD_NAME, true },
	{ DW_LOADER_OURS, 432, MBR_NAME, true },
};

START_TEST(boot_code_is_named)
{
	struct dw_loader_state state;
	struct dw_dev *disk;

	OK(dw_mem_new("disk", 1 << 20, &disk, &err));
	OK(dw_dev_pwrite(disk, sectors[_i].off, sectors[_i].text,
			 strlen(sectors[_i].text) + 1, &err));
	if (sectors[_i].magic)
		OK(dw_dev_pwrite(disk, 510, "\x55\xaa", 2, &err));
	OK(dw_loader_inspect_sector(disk, &state, &err));
	ck_assert_int_eq(state.kind, sectors[_i].kind);
	ck_assert(!state.name[0] == (state.kind == DW_LOADER_NONE));
	dw_dev_close(disk, NULL);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("all");
	int failed;

	fsimg_require_tools();
	dw_ctx_new(&ctx, NULL);
	dw_ctx_set_clock(ctx, 1700000000);
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, installs_on_every_kind, 0, KINDS_NR);
	tcase_add_test(c, full_group_0);
	tcase_add_test(c, encrypted_directory_is_refused);
	tcase_add_test(c, directory_that_cannot_be);
	tcase_add_loop_test(c, every_fault_is_reported, 0, 3);
	tcase_add_test(c, mbr_keeps_signature_and_table);
	tcase_add_loop_test(c, boot_code_is_named, 0,
			    sizeof(sectors) / sizeof(sectors[0]));
	failed = dw_test_run("loader_install", c);
	dw_ctx_free(ctx);
	return failed;
}
