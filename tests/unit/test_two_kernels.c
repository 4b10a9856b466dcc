/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dualboot of guests whose kernels run on one side each, as RHEL 5 has them. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "lib/fsimg.h"
#include "lib/guestimg.h"
#include "lib/run.h"

#define VERSION "2.6.18-398.el5"
#define ROOT "ro root=LABEL=/"

/* Shell: the kernels of the guest, "el5" for KVM and "el5xen" for Xen. */
#define RELEASE "cd boot; mv vmlinuz-6.1.0-test kernel.bin; rm config-*; "    \
	"rm ../etc/os-release; "					      \
	"echo CentOS release 5.11 > ../etc/redhat-release; "
#define BUILTIN "CONFIG_EXT4_FS=y CONFIG_CRYPTO_CRC32C=y CONFIG_X86_64=y "    \
	"CONFIG_BLK_DEV_INITRD=y "
#define EL5 "cp kernel.bin vmlinuz-" VERSION "; printf \"%s\\n\" " BUILTIN   \
	"CONFIG_VIRTIO_PCI=y CONFIG_VIRTIO_BLK=y > config-" VERSION "; "
#define EL5XEN "cp kernel.bin vmlinuz-" VERSION "xen; printf \"%s\\n\" "     \
	BUILTIN "CONFIG_XEN=y CONFIG_X86_64_XEN=y "			      \
	"CONFIG_XEN_BLKDEV_FRONTEND=y > config-" VERSION "xen; "
/* An initrd that finds its root by label, for both. */
#define INITRDS "printf \"#!/bin/nash\\nmkrootdev LABEL=/\\n\" > init; "    \
	"for v in " VERSION " " VERSION "xen; do echo init | "		      \
	"cpio -o -H newc --quiet > initrd-$v.img; done; rm init; "
#define MENU(text) "rm kernel.bin; printf \"" text "\" > grub/menu.lst; cd ..; "
#define ENTRY_EL5 "title el5\\n\\troot (hd0,0)\\n\\tkernel /boot/vmlinuz-"    \
	VERSION " " ROOT "\\n\\tinitrd /boot/initrd-" VERSION ".img\\n"
#define ENTRY_XEN "title pv\\n\\troot (hd0,0)\\n\\tkernel /boot/vmlinuz-"     \
	VERSION "xen " ROOT " console=xvc0\\n\\tinitrd /boot/"	      \
	"initrd-" VERSION "xen.img\\n"
#define ENTRY_DOM0 "title dom0\\n\\troot (hd0,0)\\n\\tkernel /boot/xen.gz\\n" \
	"\\tmodule /boot/vmlinuz-" VERSION "xen " ROOT "\\n"

static struct dw_err err;
static struct dw_ctx *ctx;
static struct dw_dualboot_plan *plan;

static void planned(const char *more)
{
	int ret = guestimg_plan(ctx, more, &plan, &err);

	ck_assert_msg(!ret, "%s", err.text);
}

static const struct dw_change *change(const char *path, size_t n)
{
	return guestimg_change(plan, path, n);
}

/* Both sides boot their own kernel, the PV one by the label it had. */
static void both_boot(void)
{
	ck_assert_str_eq(plan->kvm.kernel, "/boot/vmlinuz-" VERSION);
	ck_assert(plan->kvm.boots && plan->pygrub.boots);
	ck_assert(!plan->kvm.advice.text && !plan->pygrub.advice.text);
	ck_assert_str_eq(plan->pygrub.kernel, "/boot/vmlinuz-" VERSION "xen");
	dw_dualboot_plan_free(plan);
}

#define MENU_LST "/boot/grub/menu.lst"
#define BOTH RELEASE EL5 EL5XEN INITRDS

START_TEST(the_default_becomes_one_for_xen)
{
	const struct dw_change *c;

	planned(BOTH MENU("default=0\\ntimeout=5\\n" ENTRY_EL5 ENTRY_XEN));
	c = change(MENU_LST, 0);
	ck_assert_str_eq(c->before, "default=0");
	ck_assert_str_eq(c->after, "default=1");
	ck_assert_ptr_null(change(MENU_LST, 1));
	ck_assert(guestimg_noted(plan, "its default el5 would not boot under "
				 "Xen (it was built without Xen PV "
				 "(CONFIG_XEN_PV)); now it is pv"));
	both_boot();
}
END_TEST

/* "default saved" is entry 0 for PyGrub; no line is, too. */
START_TEST(a_default_is_added)
{
	planned(BOTH MENU("# mine\\ntimeout=5\\n" ENTRY_EL5 ENTRY_XEN));
	ck_assert_ptr_null(change(MENU_LST, 0)->before);
	ck_assert_uint_eq(change(MENU_LST, 0)->line_nr, 1);
	ck_assert_str_eq(change(MENU_LST, 0)->after, "default 1");
	both_boot();
	planned(BOTH MENU("default saved\\n" ENTRY_EL5 ENTRY_XEN));
	ck_assert_str_eq(change(MENU_LST, 0)->after, "default 1");
	both_boot();
}
END_TEST

START_TEST(a_right_default_stays)
{
	planned(BOTH MENU("default=1\\n" ENTRY_EL5 ENTRY_XEN));
	ck_assert_ptr_null(change(MENU_LST, 0));
	both_boot();
}
END_TEST

START_TEST(a_dom0_entry_is_no_default)
{
	planned(BOTH MENU("default=0\\n" ENTRY_DOM0
			  "title single\\nkernel /boot/vmlinuz-" VERSION
			  "xen single " ROOT " console=xvc0\\n" ENTRY_EL5
			  ENTRY_XEN));
	ck_assert_str_eq(change(MENU_LST, 0)->after, "default=3");
	ck_assert_ptr_null(change(MENU_LST, 1));
	ck_assert(guestimg_noted(plan, "default dom0 would not boot under Xen "
				 "(it starts a hypervisor); now it is pv"));
	both_boot();
}
END_TEST

START_TEST(an_entry_is_added_where_none_runs)
{
	planned(BOTH MENU("default=0\\n" ENTRY_DOM0));
	ck_assert_str_eq(change(MENU_LST, 0)->after, "default=1");
	ck_assert_str_eq(change(MENU_LST, 2)->after, "title " VERSION "xen");
	ck_assert_str_eq(change(MENU_LST, 3)->after, "root (hd0,0)");
	ck_assert_str_eq(change(MENU_LST, 4)->after, "kernel /boot/vmlinuz-"
			 VERSION "xen root=UUID=" GUESTIMG_UUID
			 " ro console=xvc0");
	ck_assert_str_eq(change(MENU_LST, 5)->after, "initrd /boot/initrd-"
			 VERSION "xen.img");
	ck_assert(guestimg_noted(plan, "now it is a new entry, " VERSION
				 "xen"));
	both_boot();
}
END_TEST

START_TEST(only_kernels_that_run_are_in_the_menus)
{
	planned(BOTH "ln -s vmlinuz-" VERSION "xen vmlinuz; "
		"ln -s initrd-" VERSION "xen.img initrd; "
		"rm kernel.bin grub/menu.lst; cd ..; ");
	ck_assert_ptr_nonnull(change(MENU_LST, 0));
	ck_assert_str_eq(plan->kvm.entry, VERSION);
	ck_assert_str_eq(plan->pygrub.entry, VERSION "xen");
	ck_assert_ptr_nonnull(strstr(plan->pygrub.args, "console=xvc0"));
	both_boot();
}
END_TEST

static void lacks(const char *more, const char *side, const char *text)
{
	char want[200];

	ck_assert_int_eq(guestimg_plan(ctx, more, &plan, &err), DW_NOBOOT);
	snprintf(want, sizeof(want), "plan.img: would not boot under %s: no "
		 "kernel of it runs there; package %s", side, text);
	ck_assert_msg(strstr(err.text, want), "%s", err.text);
	dw_dualboot_plan_free(plan);
}

START_TEST(a_kernel_for_one_side_is_not_enough)
{
	lacks(RELEASE EL5XEN INITRDS MENU("default=0\\n" ENTRY_XEN), "KVM",
	      "kernel (of 5.3 or later, 2.6.18-128) would help: diskwright "
	      "add-kernel IMAGE --package kernel-*.x86_64.rpm");
	lacks(RELEASE EL5 INITRDS MENU("default=0\\n" ENTRY_EL5), "PyGrub",
	      "kernel-xen would help: diskwright add-kernel IMAGE --package "
	      "kernel-xen-*.x86_64.rpm");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("two kernels");
	int failed;

	fsimg_require_tools();
	if (dw_ctx_new(&ctx, &err))
		return 1;
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, the_default_becomes_one_for_xen);
	tcase_add_test(tc, a_default_is_added);
	tcase_add_test(tc, a_right_default_stays);
	tcase_add_test(tc, a_dom0_entry_is_no_default);
	tcase_add_test(tc, an_entry_is_added_where_none_runs);
	tcase_add_test(tc, only_kernels_that_run_are_in_the_menus);
	tcase_add_test(tc, a_kernel_for_one_side_is_not_enough);
	failed = dw_test_run("two_kernels", tc);
	dw_ctx_free(ctx);
	return failed;
}
