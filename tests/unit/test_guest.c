/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole guests on real filesystems: looked at, planned, edited. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "initrd/boot_check.h"
#include "guest/guest.h"
#include "lib/fsimg.h"
#include "lib/run.h"

#define UUID "11111111-2222-3333-4444-555555555555"

static struct dw_err err;
static struct dw_ctx *ctx;
static const char *img;
static struct dw_fs *fs;
static struct dw_guest *guest;
static struct dw_edits edits;
static struct dw_guest_needs needs;

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)

static void setup(void)
{
	img = fsimg_make("guest.img", "24M", "-t ext4");
	fs = fsimg_open(ctx, img, DW_FS_WRITE);
}

static void teardown(void)
{
	fsimg_close(fs, img);
	dw_guest_free(guest);
	dw_edits_free(&edits);
	guest = NULL;
}

static void put_bytes(const char *path, const void *data, size_t len)
{
	char folder[256];

	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	if (*folder)
		OK(dw_fs_mkdir(fs, folder, true, NULL, &err));
	OK(dw_fs_write_file(fs, path, data, len, NULL, &err));
}

static void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

static void put_link(const char *target, const char *path)
{
	put(path, "");
	OK(dw_fs_unlink(fs, path, &err));
	OK(dw_fs_symlink(fs, target, path, &err));
}

static void put_kernel(const char *path, const char *version)
{
	static uint8_t head[4096];

	memset(head, 0, sizeof(head));
	head[0x1f1] = 4;
	dw_put_le16(head + 0x1fe, 0xaa55);
	memcpy(head + 0x202, "HdrS", 4);
	dw_put_le16(head + 0x206, 0x204);
	dw_put_le16(head + 0x20e, 0x300);
	head[0x211] = 1;
	snprintf((char *)head + 0x500, 100, "%s (x@y) #1", version);
	put_bytes(path, head, sizeof(head));
}

/* A plain newc archive of empty files. */
static void put_initrd(const char *path, const char *const *names)
{
	struct dw_buf b = { 0 };

	for (; *names; names++) {
		size_t len = strlen(*names) + 1;

		dw_buf_printf(&b, "070701%08x%08x%072x%08x%08x", 1, 0100644, 0,
			      (unsigned)len, 0);
		dw_buf_add(&b, *names, len);
		dw_buf_add(&b, "\0\0\0", (4 - (110 + len) % 4) % 4);
	}
	put_bytes(path, b.data, b.len);
	dw_buf_free(&b);
}

static void plan(void)
{
	struct dw_guest_edit_opts opts = { 0 };
	struct dw_names names;

	OK(dw_guest_inspect(ctx, fs, &guest, &err));
	OK(dw_guest_names(guest, fs, NULL, &names, &err));
	opts.names = &names;
	OK(dw_guest_plan(guest, fs, &opts, &edits, &needs, &err));
}

static void apply(void)
{
	OK(dw_edits_apply(&edits, fs, &err));
}

static void expect(const char *path, const char *want)
{
	char *text;
	size_t len;

	OK(dw_fs_read_file(fs, path, 65536, &text, &len, &err));
	ck_assert_str_eq(text, want);
	free(text);
}

#define MODS "usr/lib/modules/6.1.0-50-amd64/kernel/"

START_TEST(debian_12)
{
	static const char *const xen_only[] = {
		"conf/initramfs.conf", MODS "xen-blkfront.ko", MODS "ext4.ko",
		"TRAILER!!!", NULL,
	};
	static const char *const both[] = {
		"conf/initramfs.conf", MODS "xen-blkfront.ko", MODS "ext4.ko",
		MODS "virtio_blk.ko", MODS "virtio_pci.ko", "TRAILER!!!", NULL,
	};
	struct dw_root_fs root = { "ext4", false };
	struct dw_boot_check check;

	put("/usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n"
	    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
	put_link("../usr/lib/os-release", "/etc/os-release");
	put_link("usr/lib", "/lib");
	put("/usr/lib/systemd/systemd", "ELF");
	put_link("/lib/systemd/systemd", "/sbin/init");
	put("/usr/lib/udev/rules.d/80-net-setup-link.rules", "x");
	put("/etc/network/interfaces", "auto eth0\niface eth0 inet dhcp\n");
	put("/etc/initramfs-tools/conf.d/resume", "RESUME=/dev/xvdb\n");
	put("/etc/fstab", "/dev/xvda / ext4 defaults 0 1\n"
	    "/dev/xvdb none swap sw 0 0\n");
	put_kernel("/boot/vmlinuz-6.1.0-9-amd64", "6.1.0-9-amd64");
	put_kernel("/boot/vmlinuz-6.1.0-50-amd64", "6.1.0-50-amd64");
	put("/boot/config-6.1.0-50-amd64", "CONFIG_X86_64=y\nCONFIG_XEN=y\n"
	    "CONFIG_XEN_PV=y\nCONFIG_XEN_BLKDEV_FRONTEND=m\n"
	    "CONFIG_VIRTIO_BLK=m\nCONFIG_VIRTIO_PCI=m\nCONFIG_EXT4_FS=m\n"
	    "CONFIG_BLK_DEV_INITRD=y\n");
	put_initrd("/boot/initrd.img-6.1.0-50-amd64", both);
	put("/lib/modules/6.1.0-50-amd64/modules.dep", "kernel/xen-blkfront.ko:"
	    "\nkernel/virtio_blk.ko:\nkernel/virtio_pci.ko:\n"
	    "kernel/ext4.ko:\n");
	put_link("boot/vmlinuz-6.1.0-50-amd64", "/vmlinuz");
	put_link("boot/initrd.img-6.1.0-50-amd64", "/initrd.img");
	plan();
	ck_assert_int_eq(guest->release.distro, DW_DISTRO_DEBIAN);
	ck_assert_int_eq(guest->release.init, DW_INIT_SYSTEMD);
	ck_assert(guest->release.usr_merged && guest->release.renames_net);
	ck_assert(needs.net_ifnames && needs.noresume);
	ck_assert_str_eq(guest->root_spec, "/dev/xvda");
	ck_assert_uint_eq(guest->kernels.nr, 2);
	ck_assert_str_eq(guest->kernels.items[0].version, "6.1.0-50-amd64");
	ck_assert_str_eq(guest->kernels.items[0].initrd_path,
			 "/boot/initrd.img-6.1.0-50-amd64");
	ck_assert_ptr_null(guest->kernels.items[1].initrd_path);
	ck_assert_str_eq(guest->kernels.link_kernel, "/vmlinuz");
	ck_assert_str_eq(guest->kernels.link_initrd, "/initrd.img");
	OK(dw_boot_check(ctx, fs, &guest->kernels.items[0], &root, &check,
			 &err));
	ck_assert_msg(check.kvm_ok && check.xen_ok, "%s %s", check.kvm_why,
		      check.xen_why);
	dw_boot_check_clear(&check);

	put_initrd("/boot/initrd.img-6.1.0-50-amd64", xen_only);
	OK(dw_boot_check(ctx, fs, &guest->kernels.items[0], &root, &check,
			 &err));
	ck_assert(!check.kvm_ok && check.xen_ok);
	ck_assert_str_eq(check.kvm_why, "/boot/initrd.img-6.1.0-50-amd64 lacks "
			 "virtio_pci, virtio_blk");
	dw_boot_check_clear(&check);

	put("/boot/initrd.img-6.1.0-50-amd64", "BZh9 is not for kernels");
	OK(dw_boot_check(ctx, fs, &guest->kernels.items[0], &root, &check,
			 &err));
	ck_assert(!check.kvm_ok && !check.xen_ok && check.initrd_failed);
	dw_boot_check_clear(&check);
	/* No initrd at all. */
	OK(dw_boot_check(ctx, fs, &guest->kernels.items[1], &root, &check,
			 &err));
	ck_assert(!check.kvm_ok);
	dw_boot_check_clear(&check);

	apply();
	expect("/etc/fstab", "UUID=" UUID " / ext4 defaults 0 1\n/dev/xvdb none "
	       "swap sw,nofail,x-systemd.device-timeout=5s 0 0\n");
}
END_TEST

START_TEST(rhel_5)
{
	put("/etc/redhat-release", "CentOS release 5.11 (Final)\n");
	put("/sbin/init", "ELF");
	put("/sbin/agetty", "ELF");
	put("/etc/inittab", "id:3:initdefault:\n"
	    "co:2345:respawn:/sbin/agetty xvc0 9600 vt100-nav\n");
	put("/etc/securetty", "console\ntty1\nxvc0\n");
	put("/etc/fstab", "/dev/xvda1 / ext3 defaults 1 1\n"
	    "/dev/xvda2 swap swap defaults 0 0\n");
	put("/etc/sysconfig/network-scripts/ifcfg-eth0",
	    "DEVICE=eth0\nHWADDR=00:16:3e:00:00:01\n");
	put("/boot/grub/device.map", "(hd0)     /dev/xvda1\n");
	put_kernel("/boot/vmlinuz-2.6.18-398.el5", "2.6.18-398.el5");
	put_bytes("/boot/vmlinuz-2.6.18-398.el5xen", "\x1f\x8b\x08\0", 4);
	put("/boot/initrd-2.6.18-398.el5xen.img", "x");
	put("/boot/config-2.6.18-398.el5xen", "CONFIG_X86_64_XEN=y\n"
	    "CONFIG_XEN_BLKDEV_FRONTEND=m\nCONFIG_BLK_DEV_INITRD=y\n");
	put("/boot/config-2.6.18-398.el5", "CONFIG_VIRTIO_PCI=m\n"
	    "CONFIG_VIRTIO_BLK=m\nCONFIG_BLK_DEV_INITRD=y\n");
	plan();
	ck_assert(guest->release.old_mount && !guest->release.renames_net);
	ck_assert_int_eq(guest->release.init, DW_INIT_SYSV);
	ck_assert(!needs.net_ifnames);
	ck_assert_uint_eq(guest->kernels.nr, 2);
	for (size_t i = 0; i < 2; i++) {
		struct dw_kernel *k = &guest->kernels.items[i];
		bool xen = strstr(k->path, "xen");

		ck_assert_msg(k->xen_ok == xen && k->kvm_ok == !xen, "%s %s %s",
			      k->path, k->kvm_why, k->xen_why);
		if (xen)
			ck_assert_str_eq(k->initrd_path, "/boot/initrd-2.6.18"
					 "-398.el5xen.img");
	}
	apply();
	expect("/etc/fstab", "UUID=" UUID " / ext3 defaults 1 1\n"
	       "/dev/xvda2 swap swap defaults,noauto 0 0\n");
	expect("/etc/inittab", "id:3:initdefault:\n"
	       "co:2345:respawn:/sbin/agetty xvc0 9600 vt100-nav\n"
	       "t1:2345:respawn:/sbin/agetty 38400 tty1\n"
	       "S0:2345:respawn:/sbin/agetty -L ttyS0 115200 vt102\n");
	expect("/etc/securetty", "console\ntty1\nxvc0\nttyS0\n");
	expect("/etc/sysconfig/network-scripts/ifcfg-eth0", "DEVICE=eth0\n"
	       "# disabled by diskwright: HWADDR=00:16:3e:00:00:01\n");
	expect("/boot/grub/device.map", "(hd0)     /dev/xvda\n");
	for (size_t i = 0; i < edits.changes.nr; i++)
		ck_assert_ptr_nonnull(edits.changes.items[i].path);
}
END_TEST

START_TEST(ubuntu_10)
{
	put("/etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\n");
	put("/etc/debian_version", "squeeze/sid\n");
	put("/etc/init/rc-sysinit.conf", "x");
	put("/etc/init/tty1.conf", "respawn\nexec /sbin/getty -8 38400 tty1\n");
	put("/etc/init/hvc0.conf", "mine");
	put("/etc/udev/rules.d/70-persistent-net.rules",
	    "ATTR{address}==\"00:16\", NAME=\"eth0\"\n");
	plan();
	ck_assert_int_eq(guest->release.distro, DW_DISTRO_UBUNTU);
	ck_assert_int_eq(guest->release.init, DW_INIT_UPSTART);
	apply();
	expect("/etc/init/ttyS0.conf",
	       "respawn\nexec /sbin/getty -8 115200 ttyS0\n");
	expect("/etc/init/hvc0.conf", "mine");
	expect("/etc/udev/rules.d/70-persistent-net.rules", "# disabled by "
	       "diskwright: ATTR{address}==\"00:16\", NAME=\"eth0\"\n");
}
END_TEST

START_TEST(xen_names_of_systemd)
{
	put("/usr/lib/udev/rules.d/80-net-setup-link.rules", "x");
	put("/etc/network/interfaces", "iface enX0 inet dhcp\n");
	plan();
	ck_assert(!needs.net_ifnames);
	ck_assert_uint_eq(edits.nr, 1);
	apply();
	ck_assert(dw_fs_exists(fs, "/etc/systemd/network/10-diskwright.link"));
	dw_edits_free(&edits);
	dw_guest_free(guest);
	/* The names are masked: eth0 is wanted, and enX0 a mistake. */
	put_link("/dev/null", "/etc/udev/rules.d/80-net-setup-link.rules");
	plan();
	ck_assert(!guest->release.renames_net);
	ck_assert_uint_eq(edits.nr, 0);
}
END_TEST

/* The module folder is known from the header alone. */
START_TEST(alpine)
{
	put("/etc/alpine-release", "3.20.1\n");
	put_link("/bin/busybox", "/sbin/init");
	put("/bin/busybox", "ELF");
	put("/sbin/openrc", "ELF");
	put("/etc/inittab", "tty1::respawn:/sbin/getty 38400 tty1\n");
	put_kernel("/boot/vmlinuz-virt", "6.6.31-0-virt");
	put("/boot/initramfs-virt", "x");
	put("/boot/config-6.6.31-0-virt", "CONFIG_XEN_PV=y\n"
	    "CONFIG_XEN_BLKDEV_FRONTEND=m\nCONFIG_VIRTIO_PCI=y\n"
	    "CONFIG_VIRTIO_BLK=m\nCONFIG_BLK_DEV_INITRD=y\n");
	put("/lib/modules/6.6.31-0-virt/modules.dep", "");
	plan();
	ck_assert_int_eq(guest->release.init, DW_INIT_OPENRC);
	ck_assert_uint_eq(guest->kernels.nr, 1);
	ck_assert_str_eq(guest->kernels.items[0].version, "6.6.31-0-virt");
	ck_assert_str_eq(guest->kernels.items[0].initrd_path,
			 "/boot/initramfs-virt");
	ck_assert(guest->kernels.items[0].config.known &&
		  guest->kernels.items[0].kvm_ok &&
		  guest->kernels.items[0].xen_ok);
}
END_TEST

/* One file under two names is edited once; what cannot be edited stays. */
START_TEST(hostile)
{
	static char big[5 << 20];

	put_link("/etc/loop2", "/etc/os-release");
	put_link("/etc/os-release", "/etc/loop2");
	put("/etc/debian_version/folder", "x");
	put("/etc/redhat-release", "");
	put_link("/etc/fstab", "/etc/fstab");
	memset(big, ':', sizeof(big));
	put_bytes("/etc/inittab", big, sizeof(big));
	put("/etc/network", "a file");
	put("/etc/systemd/network/x.network/y", "a folder");
	put_link("nowhere", "/boot/vmlinuz-1.0");
	put_link("vmlinuz-3.0", "/boot/vmlinuz-3.0");
	put("/boot/vmlinuz-2.0", "");
	put("/boot/vmlinuz-4.0/x", "a folder");
	put("/boot/config-2.0/x", "a folder");
	put("/lib/modules/2.0/modules.dep/x", "a folder");
	put_link("../boot/../boot/device.map", "/boot/grub/device.map");
	put_link("/boot/grub/device.map", "/boot/device.map");
	put("/etc/default/grub", "X=\"root=/dev/sda9\"\n");
	put_link("../default/grub", "/etc/sysconfig/grub");
	plan();
	ck_assert_uint_eq(guest->kernels.nr, 1);
	ck_assert(!guest->kernels.items[0].kvm_ok);
	ck_assert_ptr_null(guest->root_spec);
	ck_assert_uint_eq(edits.nr, 0);
	/* The long inittab, and sda9 once. */
	ck_assert_uint_eq(edits.changes.nr, 2);
	apply();
}
END_TEST

START_TEST(nothing_there)
{
	plan();
	ck_assert(!dw_guest_is_system(guest));
	ck_assert_uint_eq(edits.nr, 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("guest");
	int failed;

	fsimg_require_tools();
	if (dw_ctx_new(&ctx, NULL))
		return EXIT_FAILURE;
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, debian_12);
	tcase_add_test(tc, rhel_5);
	tcase_add_test(tc, ubuntu_10);
	tcase_add_test(tc, xen_names_of_systemd);
	tcase_add_test(tc, alpine);
	tcase_add_test(tc, hostile);
	tcase_add_test(tc, nothing_there);
	failed = dw_test_run("guest", tc);
	dw_ctx_free(ctx);
	return failed;
}
