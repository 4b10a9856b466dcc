/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which hooks a guest gets, by what its own tools run. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "dev/kinds.h"
#include "guest/hook.h"
#include "guest/hook/texts.h"
#include "lib/fsimg.h"
#include "lib/run.h"

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)

static struct dw_err err;
static struct dw_ctx *ctx;
static const char *img;
static struct dw_fs *fs;
static struct dw_edits edits;
static struct dw_notes notes;
static char *script;

static void setup(void)
{
	img = fsimg_make("guest.img", "8M", "-t ext4");
	fs = fsimg_open(ctx, img, DW_FS_WRITE);
	OK(dw_fs_mkdir(fs, "/sbin", false, NULL, &err));
}

static void forget(void)
{
	dw_edits_free(&edits);
	dw_notes_free(&notes);
	free(script);
	script = NULL;
}

static void teardown(void)
{
	forget();
	fsimg_close(fs, img);
}

static void folder(const char *path)
{
	OK(dw_fs_mkdir(fs, path, true, NULL, &err));
}

static void put(const char *path, const char *text)
{
	OK(dw_fs_write_file(fs, path, text, strlen(text), NULL, &err));
}

static void plan(enum dw_distro distro)
{
	struct dw_release release = { .distro = distro };

	forget();
	OK(dw_hook_plan(&release, fs, &edits, &notes, &script, &err));
}

/* The plan writes these, and the script last. */
static void writes(const char *const *paths)
{
	size_t i;

	for (i = 0; paths[i]; i++) {
		ck_assert_uint_lt(i, edits.nr);
		ck_assert_str_eq(edits.items[i].path, paths[i]);
		ck_assert_str_eq(edits.items[i].data, dw_hook_text_run);
		ck_assert_uint_eq(edits.items[i].mode, 0755);
	}
	ck_assert_uint_eq(edits.nr, i + 1);
	ck_assert_str_eq(edits.items[i].data, dw_hook_text_update);
	ck_assert_uint_eq(edits.items[i].mode, 0755);
	ck_assert_str_eq(edits.items[i].path, script);
	ck_assert_uint_eq(edits.changes.nr, i + 1);
}

#define WRITES(...) writes((const char *const []){ __VA_ARGS__, NULL })

static void notes_say(const char *text)
{
	ck_assert_uint_eq(notes.nr, 1);
	ck_assert_msg(strstr(notes.items[0], text), "%s", notes.items[0]);
}

START_TEST(debian)
{
	plan(DW_DISTRO_DEBIAN);
	WRITES("/etc/kernel/postinst.d/zz-diskwright",
	       "/etc/kernel/postrm.d/zz-diskwright",
	       "/etc/initramfs/post-update.d/zz-diskwright");
	ck_assert_str_eq(script, "/sbin/diskwright-update");
	ck_assert_uint_eq(notes.nr, 0);
}
END_TEST

/* Links are resolved, so that what is shown is what will be there. */
START_TEST(usr_merged)
{
	struct dw_stat st;

	folder("/usr/sbin");
	OK(dw_fs_symlink(fs, "usr/sbin", "/bin", &err));
	OK(dw_fs_rename(fs, "/sbin", "/old", &err));
	OK(dw_fs_rename(fs, "/bin", "/sbin", &err));
	plan(DW_DISTRO_UBUNTU);
	ck_assert_str_eq(script, "/usr/sbin/diskwright-update");
	OK(dw_edits_apply(&edits, fs, &err));
	OK(dw_fs_stat(fs, "/sbin/diskwright-update", &st, &err));
	ck_assert_uint_eq(st.mode & 07777, 0755);
	ck_assert_uint_eq(st.uid, 0);
	ck_assert_uint_eq(st.gid, 0);
}
END_TEST

START_TEST(rhel)
{
	folder("/etc/rc.d/rc0.d");
	folder("/etc/rc.d/rc6.d");
	put("/sbin/new-kernel-pkg", "#!/bin/bash\ndoInstall() { :; }\n");
	plan(DW_DISTRO_RHEL);
	WRITES("/etc/rc.d/rc0.d/S00diskwright",
	       "/etc/rc.d/rc6.d/S00diskwright");
	notes_say("when the guest halts or restarts");

	put("/sbin/new-kernel-pkg", "for f in /etc/kernel/postinst.d/*; do");
	plan(DW_DISTRO_RHEL);
	WRITES("/etc/kernel/postinst.d/zz-diskwright",
	       "/etc/kernel/prerm.d/zz-diskwright");
	ck_assert_uint_eq(notes.nr, 0);

	folder("/usr/bin");
	put("/usr/bin/kernel-install", "x");
	plan(DW_DISTRO_RHEL);
	WRITES("/etc/kernel/postinst.d/zz-diskwright",
	       "/etc/kernel/prerm.d/zz-diskwright",
	       "/etc/kernel/install.d/95-diskwright.install");

	OK(dw_fs_unlink(fs, "/sbin/new-kernel-pkg", &err));
	plan(DW_DISTRO_FEDORA);
	WRITES("/etc/kernel/install.d/95-diskwright.install");
}
END_TEST

START_TEST(suse)
{
	plan(DW_DISTRO_SLES);
	ck_assert_uint_eq(edits.nr, 0);
	folder("/etc/cron.hourly");
	plan(DW_DISTRO_SLES);
	WRITES("/etc/cron.hourly/diskwright");
	notes_say("every hour");
	folder("/etc/grub.d");
	plan(DW_DISTRO_OPENSUSE);
	WRITES("/etc/grub.d/99_diskwright");
	ck_assert_uint_eq(notes.nr, 0);
}
END_TEST

START_TEST(alpine_and_arch)
{
	plan(DW_DISTRO_ALPINE);
	WRITES("/etc/kernel-hooks.d/diskwright",
	       "/etc/local.d/diskwright.stop");
	notes_say("rc-update add local");
	folder("/etc/runlevels/default/local");
	plan(DW_DISTRO_ALPINE);
	ck_assert_uint_eq(notes.nr, 0);

	plan(DW_DISTRO_ARCH);
	ck_assert_uint_eq(edits.nr, 2);
	ck_assert_str_eq(edits.items[0].path,
			 "/etc/pacman.d/hooks/zz-diskwright.hook");
	ck_assert_str_eq(edits.items[0].data, dw_hook_text_pacman);
	ck_assert_uint_eq(edits.items[0].mode, 0644);
}
END_TEST

START_TEST(unknown)
{
	plan(DW_DISTRO_UNKNOWN);
	ck_assert_uint_eq(edits.nr, 0);
	ck_assert_ptr_null(script);
	notes_say("nothing in this guest");
	folder("/etc/kernel/postinst.d");
	plan(DW_DISTRO_GENTOO);
	WRITES("/etc/kernel/postinst.d/zz-diskwright",
	       "/etc/kernel/postrm.d/zz-diskwright",
	       "/etc/initramfs/post-update.d/zz-diskwright");
}
END_TEST

START_TEST(twice)
{
	struct dw_stat st;

	plan(DW_DISTRO_DEBIAN);
	OK(dw_edits_apply(&edits, fs, &err));
	plan(DW_DISTRO_DEBIAN);
	ck_assert_uint_eq(edits.nr, 0);
	ck_assert_uint_eq(edits.changes.nr, 0);
	ck_assert_uint_eq(notes.nr, 0);
	ck_assert_str_eq(script, "/sbin/diskwright-update");

	/* An older one is renewed; who took its mode away keeps that. */
	put("/etc/kernel/postrm.d/zz-diskwright",
	    "#!/bin/sh\n# Put here by diskwright: 0.0.1\n");
	OK(dw_fs_chmod(fs, "/etc/kernel/postrm.d/zz-diskwright", 0644, &err));
	plan(DW_DISTRO_DEBIAN);
	ck_assert_uint_eq(edits.nr, 1);
	ck_assert_ptr_nonnull(strstr(edits.changes.items[0].note, "renewed"));
	OK(dw_edits_apply(&edits, fs, &err));
	OK(dw_fs_stat(fs, "/etc/kernel/postrm.d/zz-diskwright", &st, &err));
	ck_assert_uint_eq(st.mode & 07777, 0644);
}
END_TEST

START_TEST(of_others)
{
	folder("/etc/kernel/postinst.d");
	put("/etc/kernel/postinst.d/zz-diskwright", "#!/bin/sh\nmine\n");
	folder("/etc/initramfs/post-update.d/zz-diskwright");
	plan(DW_DISTRO_DEBIAN);
	WRITES("/etc/kernel/postrm.d/zz-diskwright");
	ck_assert_uint_eq(notes.nr, 2);
	ck_assert_ptr_nonnull(strstr(notes.items[0], "postinst.d/zz-diskwright "
				     "is there and not diskwright's"));

	/* The script's place is taken: hooks would run something else. */
	put("/sbin/diskwright-update", "#!/bin/sh\nmine too\n");
	plan(DW_DISTRO_DEBIAN);
	ck_assert_ptr_null(script);
	ck_assert_uint_eq(edits.nr, 0);
}
END_TEST

/* Each read that fails is an error, or nothing that mattered. */
START_TEST(faults)
{
	struct dw_release release = { .distro = DW_DISTRO_RHEL };
	struct dw_fault fault = { 0 };
	struct dw_dev *file, *dev;
	unsigned failed_nr = 0;
	int ret = DW_IO;

	put("/sbin/new-kernel-pkg", "for f in /etc/kernel/postinst.d/*; do");
	folder("/etc/kernel/prerm.d");
	put("/etc/kernel/prerm.d/zz-diskwright", "mine");
	fsimg_close(fs, img);
	for (uint64_t i = 1; ret; i++) {
		forget();
		OK(dw_file_open(ctx, img, 0, &file, &err));
		fault = (struct dw_fault){ 0 };
		OK(dw_fault_new(file, &fault, &dev, &err));
		OK(dw_fs_open(ctx, dev, 0, &fs, &err));
		fault.fail_read_at = fault.reads_nr + i;
		fault.sticky = true;
		ret = dw_hook_plan(&release, fs, &edits, &notes, &script,
				   &err);
		if (ret) {
			ck_assert_int_eq(ret, DW_IO);
			ck_assert_ptr_null(script);
			failed_nr++;
		}
		dw_fs_close(fs);
		dw_dev_close(dev, NULL);
		dw_dev_close(file, NULL);
	}
	ck_assert_uint_gt(failed_nr, 3);
	WRITES("/etc/kernel/postinst.d/zz-diskwright");
	fs = fsimg_open(ctx, img, DW_FS_WRITE);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("hook");
	int failed;

	fsimg_require_tools();
	if (dw_ctx_new(&ctx, NULL))
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, debian);
	tcase_add_test(tc, usr_merged);
	tcase_add_test(tc, rhel);
	tcase_add_test(tc, suse);
	tcase_add_test(tc, alpine_and_arch);
	tcase_add_test(tc, unknown);
	tcase_add_test(tc, twice);
	tcase_add_test(tc, of_others);
	tcase_add_test(tc, faults);
	failed = dw_test_run("hook", tc);
	dw_ctx_free(ctx);
	return failed;
}
