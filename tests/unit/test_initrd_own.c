/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests for which our own /init does not do, and such for which it does. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initrd/make.h"
#include "initrd/own_root.h"
#include "lib/fsimg.h"
#include "lib/initrdimg.h"
#include "lib/run.h"

static struct initrdimg g;
static struct dw_err err;

static void teardown(void)
{
	initrdimg_close(&g);
}

#define MENU "mkdir root/boot/grub; printf 'title x\\n root (hd0,0)\\n " \
	"kernel /boot/%s %s\\n' > root/boot/grub/menu.lst\n"
#define RHEL6 "mkdir -p root/etc/selinux; echo SELINUX=%s > " \
	"root/etc/selinux/config\n"

static const struct {
	const char *why;	/* NULL: it does */
	const char *script, *a, *b;
	bool new_root;
	enum dw_init init;
} guests[] = {
	{ .why = NULL, .script = "" },
	/* fstab */
	{ .why = NULL,
	  .script = "echo '%s / ext4 defaults 0 1' > root/etc/fstab\n",
	  .a = "/dev/disk/by-id/ata-x-part1" },
	{ .why = NULL,
	  .script = "echo '%s / ext4 defaults 0 1' > root/etc/fstab\n",
	  .a = "UUID=0b5d5ef0-8d47-4b5b-9d6a-1f2e3d4c5b6a" },
	{ .why = "/dev/mapper/luks-1",
	  .script = "echo '%s / ext4 x 0 1' > root/etc/fstab\n",
	  .a = "/dev/mapper/luks-1" },
	{ .why = "logical volume",
	  .script = "echo '%s / ext4 x 0 1' > root/etc/fstab\n",
	  .a = "/dev/vg0/root" },
	{ .why = "RAID", .script = "echo '%s / ext4 x 0 1' > root/etc/fstab\n",
	  .a = "/dev/md0" },
	{ .why = NULL, .script = "echo '%s / ext4 x 0 1' > root/etc/fstab\n",
	  .a = "/dev/md0", .new_root = true },
	/* menus: by the kernel's name, else the entry it would get */
	{ .why = NULL, .script = MENU, .a = "vmlinuz", .b = "root=/dev/sda1" },
	{ .why = "by that kind of link", .script = MENU, .a = "vmlinuz",
	  .b = "root=/dev/disk/by-id/scsi-1-part2" },
	{ .why = "LVM", .script = MENU, .a = "vmlinuz-other",
	  .b = "root=/dev/mapper/vg-root" },
	{ .why = "no root=", .script = MENU, .a = "vmlinuz", .b = "quiet" },
	{ .why = NULL, .script = MENU, .a = "vmlinuz",
	  .b = "root=/dev/mapper/vg-root", .new_root = true },
	/* SELinux */
	{ .why = "SELinux", .script = RHEL6, .a = "enforcing",
	  .init = DW_INIT_UPSTART },
	{ .why = "SELinux", .script = RHEL6, .a = "permissive",
	  .init = DW_INIT_UPSTART },
	{ .why = NULL, .script = RHEL6, .a = "disabled",
	  .init = DW_INIT_UPSTART },
	{ .why = NULL, .script = RHEL6, .a = "enforcing",
	  .init = DW_INIT_SYSTEMD },
	{ .why = NULL, .script = "", .init = DW_INIT_UPSTART },
	/* /usr */
	{ .why = "/sbin is in /usr",
	  .script = "ln -s usr/sbin root/sbin; echo '%s /usr ext4 "
	  "x 0 1' > root/etc/fstab\n", .a = "/dev/sda3", .new_root = true },
	{ .why = NULL,
	  .script = "mkdir root/sbin; echo '%s /usr ext4 x 0 1' > "
	  "root/etc/fstab\n", .a = "/dev/sda3" },
};
#define GUESTS_NR ((int)(sizeof(guests) / sizeof(*guests)))

static void open_guest(int i)
{
	char script[1000];

	snprintf(script, sizeof(script), guests[i].script, guests[i].a,
		 guests[i].b);
	strcat(script, "mkdir initrd/x; pack\n");
	initrdimg_open(&g, "", script);
	g.release.distro = DW_DISTRO_RHEL;
	g.release.init = guests[i].init;
	g.target.new_root = guests[i].new_root;
}

START_TEST(guest_fits)
{
	const char *why = guests[_i].why;
	char *data;
	size_t len;
	int ret;

	open_guest(_i);
	ret = dw_initrd_synth(&g.target, NULL, &data, &len, &err);
	ck_assert_msg(ret == (why ? DW_UNSUPPORTED : 0), "%d %s", ret,
		      err.text);
	if (why)
		ck_assert_msg(strstr(err.text, why), "%s", err.text);
	ck_assert_int_eq(!!data, !why);
	free(data);
}
END_TEST

START_TEST(lies_on)
{
	open_guest(0);
	g.target.root_on = "LVM";
	ck_assert_int_eq(dw_own_check_guest(&g.target, &err), DW_UNSUPPORTED);
	ck_assert_msg(strstr(err.text, "on LVM"), "%s", err.text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("own");

	fsimg_require_tools();
	tcase_set_timeout(tc, 0);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, guest_fits, 0, GUESTS_NR);
	tcase_add_test(tc, lies_on);
	return dw_test_run("initrd_own", tc);
}
