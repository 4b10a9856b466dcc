/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check: what our loader starts where entries, or all of them, are gone. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "boot/x86/memmap.h"
#include "dev/output.h"
#include "lib/fsimg.h"
#include "lib/guestimg.h"
#include "lib/run.h"

#define CONFIG "/boot/syslinux/syslinux.cfg"
#define KERNEL "/boot/vmlinuz-6.1.0-test"

static struct dw_err err;
static struct dw_ctx *ctx;
static struct dw_check_report *report;
static char image[200];

/* A converted guest without a partition table, so that debugfs can change it. */
static void make_guest(void)
{
	const struct dw_dualboot_options options = {
		.size = sizeof(options), .format = "raw",
		.layout = DW_LAYOUT_UNPARTITIONED,
	};
	struct dw_dualboot_report *done;
	struct dw_dualboot_plan *plan;
	struct dw_output *output;
	struct dw_dev *dev;

	snprintf(image, sizeof(image), "%s", fsimg_path("whole.img"));
	ck_assert_int_eq(dw_open(ctx, guestimg_make("guest.img", ""), NULL, 0,
				 &dev, &err), 0);
	ck_assert_int_eq(dw_dualboot_plan(ctx, dev, &options, &plan, &err), 0);
	ck_assert_int_eq(dw_output_open(ctx, image, DW_OUTPUT_FORCE, &output,
					&err), 0);
	ck_assert_int_eq(dw_dualboot_run(plan, output, &done, &err), 0);
	dw_dualboot_report_free(done);
	dw_output_close(output);
	dw_dualboot_plan_free(plan);
	dw_dev_close(dev, NULL);
}

/* Changes the image by debugfs, and its configuration to 'config' where that is
 * not NULL; then looks. */
static void look(const char *commands, const char *config)
{
	struct dw_dev *dev;

	if (config) {
		ck_assert_int_eq(fsimg_run(NULL, "printf '%s' > %s", config,
					   fsimg_path("cfg")), 0);
		guestimg_debugfs(image, "rm " CONFIG);
		ck_assert_int_eq(fsimg_run(NULL, "debugfs -w -R 'write %s "
				"/boot/syslinux/syslinux.cfg' %s",
				fsimg_path("cfg"), image), 0);
	}
	guestimg_debugfs(image, commands);
	ck_assert_int_eq(dw_open(ctx, image, NULL, 0, &dev, &err), 0);
	ck_assert_msg(!dw_check(ctx, dev, &report, &err), "%s", err.text);
	dw_dev_close(dev, NULL);
}

static bool is_warned(const char *text)
{
	for (size_t i = 0; i < report->kvm.warnings.nr; i++)
		if (strstr(report->kvm.warnings.items[i], text))
			return true;
	return false;
}

static void boots(const char *entry, const char *args)
{
	const struct dw_boot_verdict *v = &report->kvm;

	ck_assert_msg(v->boots, "%s", v->reason);
	ck_assert_str_eq(v->entry, entry);
	ck_assert_str_eq(v->kernel, KERNEL);
	ck_assert_str_eq(v->args, args);
	dw_check_report_free(report);
}

static void fails(const char *reason)
{
	ck_assert(!report->kvm.boots);
	ck_assert_msg(strstr(report->kvm.reason, reason), "%s",
		      report->kvm.reason);
	dw_check_report_free(report);
}

START_TEST(the_next_entry)
{
	look("", "DEFAULT a\\nLABEL b\\nLINUX /boot/missing\\n"
	     "LABEL c\\nLINUX ../vmlinuz-6.1.0-test\\nAPPEND root=/dev/vda\\n"
	     "LABEL a\\nLINUX " KERNEL "\\nINITRD /boot/missing\\n");
	ck_assert(is_warned("the default entry cannot be started"));
	ck_assert_str_eq(report->kvm.config, CONFIG);
	ck_assert(!is_warned("scans"));
	ck_assert_str_eq(report->kvm.kernel,
			 "/boot/syslinux/../vmlinuz-6.1.0-test");
	ck_assert(report->kvm.boots);
	dw_check_report_free(report);
}
END_TEST

/* The loader asks for three seconds, and then takes the first that it can. */
START_TEST(no_default)
{
	look("", "LABEL a\\nLINUX /boot/a\\nAPPEND ro\\n"
	     "LABEL b\\nMENU DEFAULT\\nLINUX " KERNEL "\\n"
	     "APPEND root=/dev/vda rw\\n");
	boots("b", "root=/dev/vda rw");
}
END_TEST

START_TEST(all_kernels_are_gone)
{
	look("", "DEFAULT b\\nLABEL a\\nLINUX /boot/a\\n"
	     "LABEL b\\nLINUX /boot/b\\nAPPEND root=/dev/vda rw\\n");
	ck_assert(is_warned("no configured kernel is there"));
	ck_assert_ptr_null(report->kvm.config);
	boots("by scanning /boot", "root=/dev/vda rw");
}
END_TEST

/* No initrd here understands the UUID that the loader would give. */
START_TEST(no_configuration)
{
	look("rm " CONFIG, NULL);
	ck_assert_str_eq(report->kvm.entry, "by scanning /boot");
	ck_assert_str_eq(report->kvm.root, "UUID=" GUESTIMG_UUID);
	fails("without an initrd the kernel does not understand root=UUID");
}
END_TEST

/* Half an update: the newest has no initrd, the one before it has. */
START_TEST(an_initrd_comes_first)
{
	static const char gone[] = "DEFAULT a\\nLABEL a\\nLINUX /boot/a\\n"
				   "APPEND root=/dev/vda rw\\n";
	char commands[400];

	snprintf(commands, sizeof(commands), "write %s /boot/vmlinuz-6.9.0\n"
		 "write %s /boot/initrd.img-6.1.0-test",
		 fsimg_path("root" KERNEL), fsimg_path("root/etc/fstab"));
	look(commands, gone);
	ck_assert_str_eq(report->kvm.entry, "by scanning /boot");
	ck_assert_str_eq(report->kvm.kernel, KERNEL);
	ck_assert_str_eq(report->kvm.initrd, "/boot/initrd.img-6.1.0-test");
	dw_check_report_free(report);
	look("rm /boot/initrd.img-6.1.0-test", NULL);
	ck_assert_str_eq(report->kvm.kernel, "/boot/vmlinuz-6.9.0");
	ck_assert_ptr_null(report->kvm.initrd);
	dw_check_report_free(report);
}
END_TEST

START_TEST(nothing_to_scan)
{
	look("rm " KERNEL, NULL);
	fails("scanning /boot finds none");
	look("rm " CONFIG, NULL);
	fails("it has no kernel");
}
END_TEST

/* Version 1 in its header, and the checksum put right. */
static void age_stage2(void)
{
	static uint8_t head[16];
	FILE *f = fopen(image, "r+");

	ck_assert_ptr_nonnull(f);
	do {
		ck_assert_uint_eq(fread(head, 1, sizeof(head), f), 16);
		fseek(f, SECTOR_LEN - 16, SEEK_CUR);
	} while (dw_le32(head + STAGE2_MAGIC_OFF) != STAGE2_MAGIC);
	fseek(f, -SECTOR_LEN, SEEK_CUR);
	dw_put_le32(head + STAGE2_SUM_OFF, dw_le32(head + STAGE2_SUM_OFF) +
		    dw_le16(head + STAGE2_VERSION_OFF) - 1);
	dw_put_le16(head + STAGE2_VERSION_OFF, 1);
	ck_assert_uint_eq(fwrite(head, 1, sizeof(head), f), 16);
	fclose(f);
}

START_TEST(an_older_loader_is_told)
{
	look("", NULL);
	ck_assert_str_eq(report->loader, "diskwright 2");
	ck_assert_uint_eq(report->notes.nr, 0);
	dw_check_report_free(report);
	age_stage2();
	look("", NULL);
	ck_assert_str_eq(report->loader, "diskwright 1");
	ck_assert(!report->loader_stale);
	ck_assert_ptr_nonnull(strstr(report->notes.items[0],
				     "this program has diskwright 2"));
	dw_check_report_free(report);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("verdict of the loader");
	int failed;

	fsimg_require_tools();
	if (dw_ctx_new(&ctx, &err))
		return 1;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, make_guest, NULL);
	tcase_add_test(tc, the_next_entry);
	tcase_add_test(tc, no_default);
	tcase_add_test(tc, all_kernels_are_gone);
	tcase_add_test(tc, no_configuration);
	tcase_add_test(tc, an_initrd_comes_first);
	tcase_add_test(tc, nothing_to_scan);
	tcase_add_test(tc, an_older_loader_is_told);
	failed = dw_test_run("verdict_loader", tc);
	dw_ctx_free(ctx);
	return failed;
}
