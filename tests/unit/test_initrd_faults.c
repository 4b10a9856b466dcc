/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adding to initrds while the device fails, and while the caller cancels. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "dev/kinds.h"
#include "initrd/family.h"
#include "lib/fsimg.h"
#include "lib/initrdimg.h"
#include "lib/run.h"

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)

static struct initrdimg g;
static struct dw_err err;

static void setup(void)
{
	initrdimg_open(&g, "zst", "mkdir initrd/conf\n"
		       "echo > initrd/conf/initramfs.conf\n"
		       "mkdir root/etc/initramfs-tools; take ext4 jbd2 crc16\n"
		       "pack zstd -qc\n");
	fsimg_close(g.fs, g.path);
	g.fs = NULL;
}

static void teardown(void)
{
	initrdimg_close(&g);
}

/* All of it on an overlay of the device, from opening on. */
static int change(struct dw_dev *dev)
{
	struct dw_initrd_target t = g.target;
	struct dw_initrd_change c = { 0 };
	struct dw_module_list want = { 0 };
	struct dw_edits edits = { 0 };
	struct dw_initrd *initrd = NULL;
	struct dw_modules *mods = NULL;
	struct dw_dev *overlay = NULL;
	struct dw_fs *fs = NULL;
	int ret;

	memset(&err, 0, sizeof(err));
	ret = dw_overlay_new(dev, 4096, 64 << 20, &overlay, &err);
	if (!ret)
		ret = dw_fs_open(g.ctx, overlay, DW_FS_WRITE, &fs, &err);
	if (!ret)
		ret = dw_modules_open(fs, VER, &mods, &err);
	t.fs = fs;
	t.mods = mods;
	if (!ret)
		ret = dw_initrd_read(g.ctx, fs, "/boot/initrd", VER, &initrd,
				     &err);
	if (!ret)
		ret = dw_initrd_wanted(&t, initrd, DW_SIDE_KVM, &want, &err);
	if (!ret)
		ret = dw_initrd_add(&t, initrd, &want, &c, &err);
	if (!ret)
		ret = dw_initrd_keep(&t, initrd->family, &want, &edits, &err);
	if (!ret)
		ret = dw_initrd_apply(&c, fs, &err);
	if (!ret)
		ret = dw_edits_apply(&edits, fs, &err);
	if (!ret)
		ret = dw_fs_flush(fs, &err);
	ck_assert(ret || c.added.nr == 8);
	dw_initrd_change_free(&c);
	dw_edits_free(&edits);
	dw_module_list_free(&want);
	dw_initrd_free(initrd);
	dw_modules_free(mods);
	dw_fs_close(fs);
	dw_dev_close(overlay, NULL);
	return ret;
}

static struct dw_dev *open_faulty(struct dw_fault *fault)
{
	struct dw_dev *file, *dev;

	OK(dw_file_open(g.ctx, g.path, 0, &file, &err));
	OK(dw_fault_new(file, fault, &dev, &err));
	dw_dev_close(file, NULL);
	return dev;
}

/* Whichever read fails: an error in one line, or nobody needed it. */
START_TEST(each_read_fails)
{
	uint64_t failed_nr = 0;

	for (uint64_t at = 1;; at++) {
		struct dw_fault fault = { .fail_read_at = at };
		struct dw_dev *dev = open_faulty(&fault);
		int ret = change(dev);

		dw_dev_close(dev, NULL);
		if (ret) {
			ck_assert_int_eq(err.code, ret);
			ck_assert_msg(ret == DW_IO, "%d %s", ret, err.text);
			ck_assert_ptr_null(strchr(err.text, '\n'));
			failed_nr++;
		}
		if (fault.reads_nr < at)
			break;
	}
	ck_assert_uint_ge(failed_nr, 20);
}
END_TEST

START_TEST(cancelled)
{
	struct dw_fault fault = { 0 };
	struct dw_dev *dev = open_faulty(&fault);

	OK(change(dev));
	dw_ctx_cancel(g.ctx);
	ck_assert_int_eq(change(dev), DW_CANCELLED);
	dw_dev_close(dev, NULL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("faults");

	fsimg_require_tools();
	tcase_set_timeout(tc, 0);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_read_fails);
	tcase_add_test(tc, cancelled);
	return dw_test_run("initrd_faults", tc);
}
