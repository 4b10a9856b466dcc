/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adding modules to initrds of each family, and to what builds the next. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initrd/family.h"
#include "lib/fsimg.h"
#include "lib/initrdimg.h"
#include "lib/run.h"

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)
#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct initrdimg g;
static struct dw_err err;

static void teardown(void)
{
	initrdimg_close(&g);
}

static void is(const char *file, const char *want)
{
	ck_assert_str_eq(initrdimg_sh("cat new/%s", file), want);
}

/* With a library of the initrd that reads /etc/cmdline.d, and one of 2010. */
START_TEST(dracut)
{
	initrdimg_open(&g, "", "mkdir -p initrd/usr/lib initrd/etc\n"
		       "ln -s usr/lib initrd/lib\n"
		       "echo 'for i in /etc/cmdline.d/*.conf' > "
		       "initrd/usr/lib/dracut-lib.sh\n"
		       "mv root/lib root/usr-lib; mkdir root/usr; "
		       "mv root/usr-lib root/usr/lib; ln -s usr/lib root/lib\n"
		       "L=usr/lib take ext4 jbd2 crc16; pack\n");
	ck_assert_int_eq(g.initrd->family, DW_INITRD_DRACUT);
	initrdimg_add(&g, NAMES("virtio_pci", "virtio_blk"));
	is("etc/modules-load.d/90-diskwright.conf", "virtio_pci\nvirtio_blk\n");
	is("etc/cmdline.d/90-diskwright.conf",
	   "rd.driver.pre=virtio_pci\nrd.driver.pre=virtio_blk\n");
	/* What was added before stays. */
	initrdimg_add(&g, NAMES("sd_mod"));
	is("etc/modules-load.d/90-diskwright.conf",
	   "virtio_pci\nvirtio_blk\nsd_mod\n");
	is("etc/cmdline.d/90-diskwright.conf", "rd.driver.pre=virtio_pci\n"
	   "rd.driver.pre=virtio_blk\nrd.driver.pre=sd_mod\n");
	initrdimg_sh("test -L new/lib -a ! -e new/etc/cmdline");
}
END_TEST

START_TEST(dracut_004)
{
	initrdimg_open(&g, "", "mkdir -p initrd/lib initrd/etc\n"
		       "echo 'done </etc/cmdline' > initrd/lib/dracut-lib.sh\n"
		       "echo rd_NO_LUKS > initrd/etc/cmdline\n"
		       "take ext4 jbd2 crc16; pack\n");
	ck_assert_int_eq(g.initrd->family, DW_INITRD_DRACUT);
	initrdimg_add(&g, NAMES("virtio_pci", "virtio_blk"));
	is("etc/cmdline", "rd_NO_LUKS\nrdloaddriver=virtio_pci\n"
	   "rdloaddriver=virtio_blk\n");
	initrdimg_sh("test ! -e new/etc/cmdline.d");
}
END_TEST

START_TEST(mkinitcpio)
{
	initrdimg_open(&g, "", "mkdir -p initrd/usr/lib initrd/etc\n"
		       "ln -s usr/lib initrd/lib; touch initrd/init_functions\n"
		       "printf 'MODULES=\"ext4\"\\nHOOKS=\"udev\"\\n' > "
		       "initrd/config\npack\n");
	ck_assert_int_eq(g.initrd->family, DW_INITRD_MKINITCPIO);
	initrdimg_add(&g, NAMES("virtio_pci", "virtio_blk"));
	ck_assert_str_eq(initrdimg_sh(". new/config; echo $MODULES, $HOOKS"),
			 "ext4 virtio_pci virtio_blk, udev\n");
	initrdimg_add(&g, NAMES("sd_mod", "virtio_blk"));
	ck_assert_str_eq(initrdimg_sh(". new/config; echo $MODULES"),
			 "ext4 virtio_pci virtio_blk sd_mod\n");
	is("etc/modules-load.d/90-diskwright.conf",
	   "virtio_pci\nvirtio_blk\nsd_mod\n");
}
END_TEST

START_TEST(mkinitfs)
{
	initrdimg_open(&g, "", "mkdir -p initrd/sbin initrd/etc initrd/lib\n"
		       "touch initrd/sbin/nlplug-findfs\n"
		       "take ext4 jbd2 crc16; pack\n");
	ck_assert_int_eq(g.initrd->family, DW_INITRD_MKINITFS);
	initrdimg_add(&g, NAMES("virtio_pci", "virtio_blk"));
	is("etc/modules", "virtio_pci\nvirtio_blk\n");
	initrdimg_sh("test -f new/lib/modules/" VER "/kernel/drivers/block/"
		     "virtio_blk.ko");
}
END_TEST

/* The kernel would write into the file under all of its names. */
START_TEST(linked)
{
	struct dw_module_list list = { 0 };
	struct dw_initrd_change c;
	char *data;
	size_t len;

	initrdimg_open(&g, "", "mkdir -p initrd/conf initrd/z\n"
		       "echo > initrd/conf/initramfs.conf\n"
		       "echo sd_mod > initrd/conf/modules\n"
		       "ln initrd/conf/modules initrd/z/same; pack\n");
	OK(dw_initrd_get(&g.target, "/boot/initrd", "conf/modules", &data,
			 &len, &err));
	ck_assert_str_eq(data, "sd_mod\n");
	free(data);
	OK(dw_module_list_add(&list, "virtio_blk", &err));
	ck_assert_int_eq(dw_initrd_add(&g.target, g.initrd, &list, &c, &err),
			 DW_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.text, "other names"));
	dw_module_list_free(&list);
}
END_TEST

/* The same bytes each time, whatever the order of the guest's folders. */
START_TEST(deterministic)
{
	struct dw_module_list list = { 0 };
	struct dw_initrd_change a, b;

	initrdimg_open(&g, "zst", "mkdir -p initrd/conf\n"
		       "echo > initrd/conf/initramfs.conf; pack lz4 -qlc\n");
	OK(dw_module_list_add(&list, "virtio_blk", &err));
	OK(dw_initrd_add(&g.target, g.initrd, &list, &a, &err));
	OK(dw_initrd_add(&g.target, g.initrd, &list, &b, &err));
	ck_assert_uint_eq(a.len, b.len);
	ck_assert_mem_eq(a.bytes, b.bytes, a.len);
	ck_assert_mem_eq(a.bytes, "\2\41\114\30", 4);
	dw_initrd_change_free(&a);
	dw_initrd_change_free(&b);
	dw_module_list_free(&list);
}
END_TEST

/* ---- what the guest's own programs read ------------------------------------ */

/* Plans and applies; twice, where the second time plans nothing. */
static void keep(enum dw_initrd_family family, const char *const *names)
{
	struct dw_module_list list = { 0 };

	for (; *names; names++)
		OK(dw_module_list_add(&list, *names, &err));
	for (int i = 0; i < 2; i++) {
		struct dw_edits edits = { 0 };

		OK(dw_initrd_keep(&g.target, family, &list, &edits, &err));
		ck_assert_uint_eq(edits.nr > 0, i == 0);
		ck_assert(dw_changes_any(&edits.changes) == (i == 0));
		OK(dw_edits_apply(&edits, g.fs, &err));
		dw_edits_free(&edits);
	}
	dw_module_list_free(&list);
}

static void guest_is(const char *path, const char *want)
{
	char *data;
	size_t len;

	OK(dw_fs_read_file(g.fs, path, 1 << 20, &data, &len, &err));
	ck_assert_str_eq(data, want);
	free(data);
}

#define MADE "mkdir -p initrd/conf; echo > initrd/conf/initramfs.conf; pack\n"

START_TEST(keep_initramfs_tools)
{
	initrdimg_open(&g, "", MADE "mkdir root/etc/initramfs-tools; printf "
		       "'# one a line\\nxen-blkfront\\nvirtio-blk a=1' > "
		       "root/etc/initramfs-tools/modules\n");
	keep(DW_INITRD_INITRAMFS_TOOLS,
	     NAMES("virtio_pci", "virtio_blk", "xen_blkfront"));
	guest_is("/etc/initramfs-tools/modules", "# one a line\nxen-blkfront\n"
		 "virtio-blk a=1\nvirtio_pci\n");
}
END_TEST

START_TEST(keep_dracut)
{
	initrdimg_open(&g, "", MADE);
	keep(DW_INITRD_DRACUT, NAMES("virtio_pci", "virtio_blk"));
	keep(DW_INITRD_DRACUT, NAMES("virtio_blk", "sd_mod"));
	guest_is("/etc/dracut.conf.d/90-diskwright.conf",
		 "add_drivers+=\" virtio_pci \"\n"
		 "add_drivers+=\" virtio_blk \"\nadd_drivers+=\" sd_mod \"\n");
}
END_TEST

START_TEST(keep_mkinitfs)
{
	initrdimg_open(&g, "", MADE "mkdir -p root/etc/mkinitfs/features.d; "
		       "echo 'features=\"base ext4\"' > "
		       "root/etc/mkinitfs/mkinitfs.conf\n");
	keep(DW_INITRD_MKINITFS, NAMES("virtio_pci", "xen-blkfront"));
	guest_is("/etc/mkinitfs/mkinitfs.conf",
		 "features=\"base ext4 diskwright\"\n");
	guest_is("/etc/mkinitfs/features.d/diskwright.modules",
		 "kernel/drivers/virtio/virtio_pci.ko*\n"
		 "kernel/drivers/block/xen-blkfront.ko*\n");
}
END_TEST

static const struct {
	const char *before, *after;
} mkinitcpio_confs[] = {
	{ "MODULES=()\nHOOKS=(base virtio_blk)\n",
	  "MODULES=(virtio_blk sd_mod)\nHOOKS=(base virtio_blk)\n" },
	{ "# MODULES=(x)\nMODULES=(ext4 sd-mod) # mine\n",
	  "# MODULES=(x)\nMODULES=(ext4 sd-mod virtio_blk) # mine\n" },
	{ "MODULES=\"\"\n", "MODULES=\"virtio_blk sd_mod\"\n" },
	{ "MODULES='ext4 '", "MODULES='ext4 virtio_blk sd_mod'" },
	{ "MODULES=ext4\n", "MODULES=\"ext4 virtio_blk sd_mod\"\n" },
	{ "MODULES=\n", "MODULES=\"virtio_blk sd_mod\"\n" },
	{ "MODULES=(\n  ext4\n  sd_mod\n)\n",
	  "MODULES=(\n  ext4\n  sd_mod\n)\nMODULES+=(virtio_blk)\n" },
	{ "MODULES=\"ext4\nxfs\"\n",
	  "MODULES=\"ext4\nxfs\"\nMODULES+=\" virtio_blk sd_mod\"\n" },
	{ "MODULES=(a 'b)')\n",
	  "MODULES=(a 'b)')\nMODULES+=(virtio_blk sd_mod)\n" },
	{ "HOOKS=(base)", "HOOKS=(base)\nMODULES=(virtio_blk sd_mod)\n" },
	/* What shells do not take for words of it. */
	{ "MODULES=()  # e.g. virtio_blk\n",
	  "MODULES=(virtio_blk sd_mod)  # e.g. virtio_blk\n" },
	{ "MODULES=(virtio_blk)\nMODULES=(ext4)\n",
	  "MODULES=(virtio_blk)\nMODULES=(ext4 virtio_blk sd_mod)\n" },
	{ "MODULES=(\n  ext4 # for virtio_blk (old)\n)\n",
	  "MODULES=(\n  ext4 # for virtio_blk (old)\n)\n"
	  "MODULES+=(virtio_blk sd_mod)\n" },
	{ "MODULES=(a#sd_mod ' # )' sd_mod)\n",
	  "MODULES=(a#sd_mod ' # )' sd_mod)\nMODULES+=(virtio_blk)\n" },
	{ "MODULES=(a)\nMODULES+=(b)\n",
	  "MODULES=(a)\nMODULES+=(b virtio_blk sd_mod)\n" },
};

/* bash agrees that both are there, each as a word of its own. */
START_TEST(keep_mkinitcpio)
{
	FILE *f;

	initrdimg_open(&g, "", MADE "touch root/etc/mkinitcpio.conf\n");
	f = fopen(fsimg_path("work/conf"), "w");
	ck_assert_ptr_nonnull(f);
	fputs(mkinitcpio_confs[_i].after, f);
	fclose(f);
	OK(dw_fs_write_file(g.fs, "/etc/mkinitcpio.conf",
			    mkinitcpio_confs[_i].before,
			    strlen(mkinitcpio_confs[_i].before), NULL, &err));
	keep(DW_INITRD_MKINITCPIO, NAMES("virtio_blk", "sd_mod"));
	guest_is("/etc/mkinitcpio.conf", mkinitcpio_confs[_i].after);
	initrdimg_sh("bash -c '. ./conf; [[ ${MODULES@a} == *a* ]] || "
		     "MODULES=($MODULES); printf \"%%s\\n\" \"${MODULES[@]}\"' "
		     "> words; grep -qx virtio_blk words; "
		     "grep -qx 'sd[_-]mod' words");
}
END_TEST

/* A later file of the folder has the last word. */
START_TEST(keep_mkinitcpio_folder)
{
	initrdimg_open(&g, "", MADE "cd root/etc; mkdir mkinitcpio.conf.d\n"
		       "echo 'MODULES=(a)' > mkinitcpio.conf\n"
		       "echo 'MODULES=(b)' > mkinitcpio.conf.d/20-b.conf\n"
		       "echo 'MODULES=(c)' > mkinitcpio.conf.d/10-c.conf\n"
		       "echo 'HOOKS=(d)' > mkinitcpio.conf.d/30-d.conf\n"
		       "echo 'MODULES=(e)' > mkinitcpio.conf.d/40-e\n");
	keep(DW_INITRD_MKINITCPIO, NAMES("sd_mod"));
	guest_is("/etc/mkinitcpio.conf", "MODULES=(a)\n");
	guest_is("/etc/mkinitcpio.conf.d/20-b.conf", "MODULES=(b sd_mod)\n");
	guest_is("/etc/mkinitcpio.conf.d/10-c.conf", "MODULES=(c)\n");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("families");

	fsimg_require_tools();
	tcase_set_timeout(tc, 0);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, dracut);
	tcase_add_test(tc, dracut_004);
	tcase_add_test(tc, mkinitcpio);
	tcase_add_test(tc, mkinitfs);
	tcase_add_test(tc, linked);
	tcase_add_test(tc, deterministic);
	tcase_add_test(tc, keep_initramfs_tools);
	tcase_add_test(tc, keep_dracut);
	tcase_add_test(tc, keep_mkinitfs);
	tcase_add_loop_test(tc, keep_mkinitcpio, 0,
			    sizeof(mkinitcpio_confs) /
			    sizeof(*mkinitcpio_confs));
	tcase_add_test(tc, keep_mkinitcpio_folder);
	return dw_test_run("initrd_families", tc);
}
