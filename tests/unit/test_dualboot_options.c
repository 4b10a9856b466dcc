/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dualboot: what each option does, and what is refused by name. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/uuid.h"
#include "dev/output.h"
#include "lib/fsimg.h"
#include "lib/guestimg.h"
#include "lib/run.h"
#include "part/part.h"

static struct dw_err err;
static struct dw_ctx *ctx;
static char target[200];

static struct dw_dualboot_options defaults(void)
{
	return (struct dw_dualboot_options){ .size = sizeof(defaults()) };
}

static int plan(const char *image, const struct dw_dualboot_options *options,
		struct dw_dualboot_plan **out)
{
	struct dw_dev *dev;
	int ret;

	ck_assert_msg(!dw_open(ctx, image, NULL, 0, &dev, &err), "%s",
		      err.text);
	err.text[0] = '\0';
	ret = dw_dualboot_plan(ctx, dev, options, out, &err);
	dw_dev_close(dev, NULL);
	return ret;
}

/* Plans and runs; the result is 'target'. */
static struct dw_dualboot_plan *convert(const char *image,
				const struct dw_dualboot_options *options)
{
	struct dw_dualboot_report *report;
	struct dw_dualboot_plan *p;
	struct dw_output *output;
	int ret;

	ret = plan(image, options, &p);
	ck_assert_msg(!ret, "plan: %s", err.text);
	ck_assert_int_eq(dw_output_open(ctx, target, DW_OUTPUT_FORCE, &output,
					&err), 0);
	ret = dw_dualboot_run(p, output, &report, &err);
	ck_assert_msg(!ret, "run: %s", err.text);
	dw_dualboot_report_free(report);
	dw_output_close(output);
	return p;
}

static void refused(const char *image,
		    const struct dw_dualboot_options *options,
		    enum dw_code code, const char *text)
{
	struct dw_dualboot_plan *p;
	int ret = plan(image, options, &p);

	ck_assert_int_eq(ret, code);
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
	dw_dualboot_plan_free(p);
}

/* A file of the converted guest contains a text. */
static bool file_has(const char *where, const char *path, const char *text)
{
	struct dw_dev *dev, *view;
	struct dw_fs *fs;
	char *data;
	size_t len;
	bool has;

	ck_assert_int_eq(dw_open(ctx, where, NULL, 0, &dev, &err), 0);
	ck_assert_int_eq(dw_overlay_new(dev, 1024, 1 << 20, &view, &err), 0);
	ck_assert_int_eq(dw_fs_open(ctx, view, 0, &fs, &err), 0);
	ck_assert_int_eq(dw_fs_read_file(fs, path, 1 << 20, &data, &len,
					 &err), 0);
	has = strstr(data, text);
	free(data);
	dw_fs_close(fs);
	dw_dev_close(view, NULL);
	dw_dev_close(dev, NULL);
	return has;
}

static const char *part_of_target(void)
{
	static char where[220];

	snprintf(where, sizeof(where), "%s@p1", target);
	return where;
}

static void check_fs_of_target(void)
{
	const char *out;

	ck_assert_int_eq(fsimg_run(&out, "dd if=%s of=%s bs=1M skip=1 "
				   "conv=sparse status=none && e2fsck -fn %s",
				   target, fsimg_path("p1"), fsimg_path("p1")),
			 0);
	ck_assert_msg(!strstr(out, "Fix") && !strstr(out, "wrong"), "%s", out);
}

/* ---- layout ----------------------------------------------------------------- */

START_TEST(the_disk_is_as_large_as_needed)
{
	struct dw_dualboot_options o = defaults();
	struct dw_dualboot_plan *p = convert(guestimg_make("g", ""), &o);

	ck_assert_uint_eq(p->disk_size, 9 << 20);
	ck_assert_uint_eq(p->part_start_off, 1 << 20);
	ck_assert_uint_eq(p->part_len, 8 << 20);
	ck_assert_uint_ne(p->disk_signature, 0);
	dw_dualboot_plan_free(p);
	check_fs_of_target();
}
END_TEST

START_TEST(a_larger_disk_has_a_larger_partition)
{
	struct dw_dualboot_options o = defaults();
	struct dw_dualboot_plan *p;
	bool told = false;

	o.disk_size = 20 << 20;
	p = convert(guestimg_make("g", ""), &o);
	ck_assert_uint_eq(p->part_len, 19 << 20);
	for (size_t i = 0; i < p->notes.nr; i++)
		told |= !!strstr(p->notes.items[i], "resize2fs");
	ck_assert(told);
	dw_dualboot_plan_free(p);
	o.disk_size = 8 << 20;
	refused(guestimg_make("g", ""), &o, DW_USAGE, "needs a disk of");
}
END_TEST

START_TEST(a_table_that_is_there_is_kept)
{
	struct dw_dualboot_options o = defaults();
	struct dw_dualboot_plan *p = convert(guestimg_make("g", ""), &o);
	uint32_t signature = p->disk_signature;
	char first[200];

	dw_dualboot_plan_free(p);
	snprintf(first, sizeof(first), "%s", fsimg_path("first"));
	fsimg_run(NULL, "cp %s %s", target, first);
	p = convert(first, &o);
	ck_assert(p->had_table);
	ck_assert_uint_eq(p->disk_signature, signature);
	ck_assert_uint_eq(p->part_nr, 1);
	dw_dualboot_plan_free(p);

	/* The same with the mark of GRUB in its boot code. */
	fsimg_run(NULL, "dd if=/dev/zero of=%s bs=440 count=1 conv=notrunc; "
		  "printf 'GRUB ' | dd of=%s bs=1 seek=384 conv=notrunc",
		  first, first);
	refused(first, &o, DW_DENIED, "--replace-loader");
	o.replace_loader = true;
	dw_dualboot_plan_free(convert(first, &o));
	o.disk_size = 20 << 20;
	refused(first, &o, DW_UNSUPPORTED, "table");
}
END_TEST

/* ---- names -------------------------------------------------------------------- */

START_TEST(the_copy_can_have_another_uuid)
{
	struct dw_dualboot_options o = defaults();
	struct dw_dualboot_plan *p;
	char text[DW_UUID_TEXT], line[80];

	o.new_uuid = true;
	p = convert(guestimg_make("g", ""), &o);
	dw_uuid_format(p->fs.uuid, text);
	ck_assert_str_ne(text, GUESTIMG_UUID);
	snprintf(line, sizeof(line), "UUID=%s / ", text);
	ck_assert(file_has(part_of_target(), "/etc/fstab", line));
	dw_dualboot_plan_free(p);
	check_fs_of_target();
}
END_TEST

START_TEST(without_a_uuid_the_label_is_the_name)
{
	struct dw_dualboot_options o = defaults();
	char image[200];

	snprintf(image, sizeof(image), "%s", guestimg_make("g", ""));
	ck_assert_int_eq(fsimg_run(NULL, "tune2fs -U clear -L rootfs %s",
				   image), 0);
	dw_dualboot_plan_free(convert(image, &o));
	ck_assert(file_has(part_of_target(), "/etc/fstab", "LABEL=rootfs / "));

	ck_assert_int_eq(fsimg_run(NULL, "tune2fs -L '' %s", image), 0);
	dw_dualboot_plan_free(convert(image, &o));
	ck_assert(file_has(part_of_target(), "/etc/fstab", "UUID="));
	check_fs_of_target();
}
END_TEST

START_TEST(the_caller_can_name_the_roots)
{
	struct dw_dualboot_options o = defaults();

	o.xen_root = "/dev/xvda1";
	o.kvm_root = "/dev/vda1";
	dw_dualboot_plan_free(convert(guestimg_make("g", ""), &o));
	ck_assert(file_has(part_of_target(), "/boot/grub/menu.lst",
			   "root=/dev/xvda1 ro"));
	ck_assert(file_has(part_of_target(), "/boot/syslinux/syslinux.cfg",
			   "root=/dev/vda1 ro"));
}
END_TEST

START_TEST(a_bare_filesystem_can_stay_bare)
{
	struct dw_dualboot_options o = defaults();
	struct dw_dualboot_plan *p;

	o.layout = DW_LAYOUT_UNPARTITIONED;
	p = convert(guestimg_make("g", ""), &o);
	ck_assert_uint_eq(p->part_nr, 0);
	ck_assert_uint_eq(p->disk_size, 8 << 20);
	ck_assert(file_has(target, "/boot/grub/menu.lst", "root (hd0)\n"));
	dw_dualboot_plan_free(p);
	fsimg_check(target);
}
END_TEST

/* ---- refusals ----------------------------------------------------------------- */

START_TEST(what_is_not_handled_is_named)
{
	struct dw_dualboot_options o = defaults();
	char image[200];

	snprintf(image, sizeof(image), "%s", fsimg_path("x"));
	fsimg_run(NULL, "truncate -s 4M %s", image);
	refused(image, &o, DW_UNSUPPORTED, "neither a partition table");
	fsimg_run(NULL, "mkswap %s", image);
	refused(image, &o, DW_UNSUPPORTED, "swap");
	refused(guestimg_make("g", "mv boot/* . ; echo '/dev/xvda2 /boot ext3 "
			      "defaults 0 2' >> etc/fstab; rm vmlinuz*; "),
		&o, DW_UNSUPPORTED, "/boot is a filesystem of its own");
}
END_TEST

START_TEST(what_would_not_boot_is_not_written)
{
	struct dw_dualboot_options o = defaults();
	struct dw_dualboot_report *report;
	struct dw_dualboot_plan *p;
	struct dw_output *output;
	char image[200];

	snprintf(image, sizeof(image), "%s", guestimg_make("g",
		 "sed -i s/CONFIG_VIRTIO_BLK=y// boot/config-6.1.0-test; "));
	ck_assert_int_eq(plan(image, &o, &p), DW_NOBOOT);
	ck_assert(!p->kvm.boots && p->kvm.reason && p->pygrub.boots);
	ck_assert_int_eq(dw_output_open(ctx, target, DW_OUTPUT_FORCE, &output,
					&err), 0);
	ck_assert_int_eq(dw_dualboot_run(p, output, &report, &err), DW_NOBOOT);
	dw_output_close(output);
	dw_dualboot_plan_free(p);
	o.allow_unbootable = true;
	dw_dualboot_plan_free(convert(image, &o));
}
END_TEST

START_TEST(selinux_is_asked_to_label_what_has_no_label)
{
	struct dw_dualboot_options o = defaults();
	const char *enforce = "mkdir etc/selinux; "
		"echo SELINUX=enforcing > etc/selinux/config; ";
	char image[200];

	dw_dualboot_plan_free(convert(guestimg_make("g", enforce), &o));
	ck_assert(file_has(part_of_target(), "/.autorelabel", ""));
	snprintf(image, sizeof(image), "%s", guestimg_make("g", enforce));
	guestimg_debugfs(image, "ea_set /boot security.selinux boot_t");
	dw_dualboot_plan_free(convert(image, &o));
	check_fs_of_target();
	fsimg_run(NULL, "debugfs -R 'ls -l /' %s | grep -q autorelabel && "
		  "touch %s", fsimg_path("p1"), fsimg_path("labelled"));
	ck_assert_int_ne(access(fsimg_path("labelled"), F_OK), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("dualboot-options");
	int failed;

	fsimg_require_tools();
	if (dw_ctx_new(&ctx, &err))
		return 1;
	snprintf(target, sizeof(target), "%s", fsimg_path("target"));
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, the_disk_is_as_large_as_needed);
	tcase_add_test(tc, a_larger_disk_has_a_larger_partition);
	tcase_add_test(tc, a_table_that_is_there_is_kept);
	tcase_add_test(tc, the_copy_can_have_another_uuid);
	tcase_add_test(tc, without_a_uuid_the_label_is_the_name);
	tcase_add_test(tc, the_caller_can_name_the_roots);
	tcase_add_test(tc, a_bare_filesystem_can_stay_bare);
	tcase_add_test(tc, what_is_not_handled_is_named);
	tcase_add_test(tc, what_would_not_boot_is_not_written);
	tcase_add_test(tc, selinux_is_asked_to_label_what_has_no_label);
	failed = dw_test_run("dualboot-options", tc);
	dw_ctx_free(ctx);
	return failed;
}
