/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts of our /init that read text, built for the host: the command
 * line, the list of modules, root=, rootflags= and /proc/partitions.
 */
#include <check.h>
#include <stdlib.h>

#include "initrd/own_root.h"
#include "lib/run.h"

/* The sources themselves: what boots is what is tested. */
#include "initrd/init/cmdline.c"
#include "initrd/init/devices.c"
#include "initrd/init/list.c"
#include "initrd/init/root.c"
#include "initrd/init/text.c"

#define ROUNDS 20000

static struct cmdline cmd;
static struct devices devices;
static struct root root;

START_TEST(cmdline_words)
{
	cmdline_parse(&cmd, "BOOT_IMAGE=/vmlinuz root=/dev/sda1  ro quiet\t"
		      "root=\"LABEL=my root\" rootfstype=ext3,ext4 rw "
		      "rootflags=noatime rootdelay=90 rootwait panic=5 "
		      "init=/bin/sh resume=/dev/sda2 break=mount\n");
	ck_assert_str_eq(cmd.root, "LABEL=my root");
	ck_assert_str_eq(cmd.root_type, "ext3,ext4");
	ck_assert_str_eq(cmd.root_flags, "noatime");
	ck_assert_str_eq(cmd.init, "/bin/sh");
	ck_assert_str_eq(cmd.resume, "/dev/sda2");
	ck_assert_uint_eq(cmd.root_delay, 90);
	ck_assert(cmd.root_wait && cmd.rw && cmd.quiet && cmd.shell);
}
END_TEST

START_TEST(cmdline_defaults)
{
	cmdline_parse(&cmd, "rootx=1 quietly rootdelay=99999999999 -- root=/x");
	ck_assert_ptr_null(cmd.root);
	ck_assert_ptr_null(cmd.shell);
	ck_assert(!cmd.rw && !cmd.quiet && !cmd.root_wait);
	ck_assert_uint_eq(cmd.root_delay, 0);
	cmdline_parse(&cmd, "");
	ck_assert_ptr_null(cmdline_next(&cmd, NULL));
}
END_TEST

START_TEST(cmdline_too_long)
{
	char *text = malloc(3 * CMDLINE_LEN);

	memset(text, 'x', 3 * CMDLINE_LEN);
	memcpy(text, "root=/dev/a ", 12);
	text[3 * CMDLINE_LEN - 1] = '\0';
	cmdline_parse(&cmd, text);
	ck_assert_str_eq(cmd.root, "/dev/a");
	ck_assert_uint_lt(cmd.len, CMDLINE_LEN);
	free(text);
}
END_TEST

START_TEST(module_options)
{
	char out[40];

	cmdline_parse(&cmd, "virtio-blk.queues=2 virtio_blk.poll "
		      "\"virtio_blk.name=a b\" virtio.x=1 loop.max=a.b=c "
		      "virtio_blk. virtio_blk=3");
	ck_assert(cmdline_options(&cmd, "virtio_blk", out, sizeof(out)));
	ck_assert_str_eq(out, "queues=2 poll \"name=a b\"");
	ck_assert(cmdline_options(&cmd, "loop", out, sizeof(out)));
	ck_assert_str_eq(out, "max=a.b=c");
	ck_assert(cmdline_options(&cmd, "ext4", out, sizeof(out)));
	ck_assert_str_eq(out, "");
	/* Never half of an option. */
	ck_assert(!cmdline_options(&cmd, "virtio_blk", out, 12));
	ck_assert_str_eq(out, "queues=2");
}
END_TEST

START_TEST(blacklist)
{
	cmdline_parse(&cmd, "modprobe.blacklist=floppy,ata-piix "
		      "rd.driver.blacklist=ahci");
	ck_assert(cmdline_blacklists(&cmd, "ata_piix"));
	ck_assert(cmdline_blacklists(&cmd, "floppy"));
	ck_assert(cmdline_blacklists(&cmd, "ahci"));
	ck_assert(!cmdline_blacklists(&cmd, "ata"));
	ck_assert(!cmdline_blacklists(&cmd, "ata_piix2"));
}
END_TEST

START_TEST(module_list)
{
	char text[3000] = "# made by\nneed lib/a/virtio-blk.ko\n\n"
		"try lib/b/ahci.ko \t\nwant lib/c.ko\nneed lib/.ko\n"
		"need lib/d.ko.xz\nneed lib/";
	const char *at = text;
	struct list_entry e;
	uint32_t bad = 0;

	memset(text + strlen(text), 'y', 1000);
	strcat(text, ".ko\ntry e.ko");
	ck_assert(list_next(&at, &e, &bad));
	ck_assert_str_eq(e.path, "lib/a/virtio-blk.ko");
	ck_assert_str_eq(e.module, "virtio_blk");
	ck_assert(!e.optional);
	ck_assert(list_next(&at, &e, &bad));
	ck_assert_str_eq(e.path, "lib/b/ahci.ko");
	ck_assert(e.optional);
	ck_assert(list_next(&at, &e, &bad));
	ck_assert_str_eq(e.module, "e");
	ck_assert(!list_next(&at, &e, &bad));
	ck_assert_uint_eq(bad, 4);
}
END_TEST

static const struct {
	const char *text;
	enum root_kind kind;
	const char *value;	/* or why it is left out */
} roots[] = {
	{ "UUID=ab-cd", ROOT_UUID, "ab-cd" },
	{ "/dev/disk/by-uuid/ab-cd", ROOT_UUID, "ab-cd" },
	{ "LABEL=/", ROOT_LABEL, "/" },
	{ "LABEL=a\\x20b", ROOT_LABEL, "a\\x20b" },
	{ "/dev/disk/by-label/a\\x20b\\x", ROOT_LABEL, "a b\\x" },
	{ "PARTUUID=12345678-01", ROOT_PARTUUID, "12345678-01" },
	{ "/dev/disk/by-partlabel/root", ROOT_PARTLABEL, "root" },
	{ "/dev/vda1", ROOT_NAME, "vda1" },
	{ "/dev/cciss/c0d0p1", ROOT_NAME, "cciss/c0d0p1" },
	{ "/dev/mapper/vg-root", ROOT_LEFT_OUT, "LVM" },
	{ "/dev/vg0/root", ROOT_LEFT_OUT, "logical volume" },
	{ "/dev/md0", ROOT_LEFT_OUT, "RAID" },
	{ "/dev/disk/by-path/x", ROOT_LEFT_OUT, "link" },
	{ "/dev/nfs", ROOT_LEFT_OUT, "network" },
	{ "UUID=", ROOT_LEFT_OUT, "without a name" },
	{ "/dev/", ROOT_LEFT_OUT, "without a name" },
	{ "zfs:AUTO", ROOT_LEFT_OUT, "ZFS" },
	{ "hello", ROOT_LEFT_OUT, "unknown" },
	{ "8:1:2", ROOT_LEFT_OUT, "unknown" },
	{ "", ROOT_LEFT_OUT, "not given" },
	{ NULL, ROOT_LEFT_OUT, "not given" },
};
#define ROOTS_NR ((int)(sizeof(roots) / sizeof(*roots)))

START_TEST(root_forms)
{
	root_parse(roots[_i].text, &root);
	ck_assert_int_eq(root.kind, roots[_i].kind);
	/* What plans an initrd judges as what boots. */
	ck_assert_pstr_eq(dw_own_root_why_not(roots[_i].text), root.why);
	if (root.kind == ROOT_LEFT_OUT)
		ck_assert_msg(strstr(root.why, roots[_i].value), "%s",
			      root.why);
	else
		ck_assert_str_eq(root.value, roots[_i].value);
}
END_TEST

static const struct {
	const char *text;
	uint32_t major, minor;
} numbers[] = {
	{ "8:1", 8, 1 }, { "801", 8, 1 }, { "0x801", 8, 1 },
	{ "fd03", 253, 3 }, { "259:300", 259, 300 }, { "11032c", 259, 300 },
};
#define NUMBERS_NR ((int)(sizeof(numbers) / sizeof(*numbers)))

START_TEST(root_numbers)
{
	root_parse(numbers[_i].text, &root);
	ck_assert_int_eq(root.kind, ROOT_NUMBER);
	ck_assert_uint_eq(root.major, numbers[_i].major);
	ck_assert_uint_eq(root.minor, numbers[_i].minor);
}
END_TEST

START_TEST(mount_options)
{
	unsigned long flags = ROOT_RDONLY;
	char data[32];

	ck_assert(root_flags("rw,noatime,,subvol=@,data=journal,defaults",
			     &flags, data, sizeof(data)));
	ck_assert_uint_eq(flags, ROOT_NOATIME);
	ck_assert_str_eq(data, "subvol=@,data=journal");
	ck_assert(root_flags("", &flags, data, sizeof(data)));
	ck_assert_str_eq(data, "");
	ck_assert(!root_flags("a=12345678901234567,b=1234567890123",
			      &flags, data, sizeof(data)));
}
END_TEST

static const char partitions[] =
	"major minor  #blocks  name\n\n"
	"   8        0   10485760 sda\n   8        1    9437184 sda1\n"
	" 259        0  488386584 nvme0n1\n 259        1       2048 nvme0n1p1\n"
	" 104        1       1024 cciss!c0d0p1\n 104        0    1025 cciss/c0d0\n"
	"   1        0      65536 ram0\n   7        0          4 loop0\n"
	"  11        0    1048575 sr0\n 253        0    1048576 dm-0\n"
	" 202        1    1048576 xvda1\n"
	"   8       16 99999999999999999999999999 ../x\n"
	"   8       17 1 a-name-that-is-longer-than-any-of-a-block-device\n"
	"   x\n 4294967296 1 1 big\n";

START_TEST(device_list)
{
	const struct device *dev;

	devices_parse(&devices, partitions);
	ck_assert_uint_eq(devices.nr, 7);
	dev = devices_named(&devices, "cciss/c0d0p1");
	ck_assert_uint_eq(dev->major, 104);
	ck_assert(devices_is_partition(&devices, dev));
	ck_assert_ptr_eq(devices_numbered(&devices, 104, 1), dev);
	dev = devices_named(&devices, "nvme0n1");
	ck_assert_uint_eq(dev->size, 488386584ull << 10);
	ck_assert(!devices_is_partition(&devices, dev));
	ck_assert_str_eq(devices_partition(&devices, dev, 1)->name,
			 "nvme0n1p1");
	ck_assert_ptr_null(devices_partition(&devices, dev, 0));
	/* A disk whose name ends in a digit, as Xen has them. */
	ck_assert(!devices_is_partition(&devices,
		  devices_named(&devices, "xvda1")));
}
END_TEST

START_TEST(device_renamed)
{
	bool several;

	devices_parse(&devices, "8 1 1 sda1\n8 2 1 sda2\n202 2 1 xvda2\n");
	ck_assert_str_eq(devices_renamed(&devices, "vda1", &several)->name,
			 "sda1");
	ck_assert_str_eq(devices_renamed(&devices, "xvda1", &several)->name,
			 "sda1");
	ck_assert_ptr_null(devices_renamed(&devices, "hda2", &several));
	ck_assert(several);
	ck_assert_ptr_null(devices_renamed(&devices, "vda3", &several));
	ck_assert(!several);
	ck_assert_ptr_null(devices_renamed(&devices, "nvme0n1", &several));
}
END_TEST

/* Whatever the text: no access outside, and each walk ends. */
START_TEST(any_bytes)
{
	static const char letters[] =
		"\n\n  \t\"\"=:.,-/!0189afxroot=UUID=/dev/need try .ko--";
	char text[300], out[16], data[24];
	struct list_entry e;
	unsigned long flags;
	uint32_t bad = 0;
	const char *at;

	srand(1);
	for (int i = 0; i < ROUNDS; i++) {
		size_t len = (size_t)rand() % sizeof(text);

		for (size_t k = 0; k < len; k++)
			text[k] = letters[(size_t)rand() %
					  (sizeof(letters) - 1)];
		text[len ? len - 1 : 0] = '\0';
		cmdline_parse(&cmd, text);
		cmdline_options(&cmd, "a", out, sizeof(out));
		cmdline_blacklists(&cmd, "a");
		root_parse(text, &root);
		root_flags(text, &flags, data, sizeof(data));
		devices_parse(&devices, text);
		for (at = text; list_next(&at, &e, &bad);)
			ck_assert_uint_gt(strlen(e.module), 0);
		ck_assert_int_eq(*at, 0);
		ck_assert_uint_le(cmd.len, CMDLINE_LEN);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("text");

	tcase_add_test(tc, cmdline_words);
	tcase_add_test(tc, cmdline_defaults);
	tcase_add_test(tc, cmdline_too_long);
	tcase_add_test(tc, module_options);
	tcase_add_test(tc, blacklist);
	tcase_add_test(tc, module_list);
	tcase_add_loop_test(tc, root_forms, 0, ROOTS_NR);
	tcase_add_loop_test(tc, root_numbers, 0, NUMBERS_NR);
	tcase_add_test(tc, mount_options);
	tcase_add_test(tc, device_list);
	tcase_add_test(tc, device_renamed);
	tcase_add_test(tc, any_bytes);
	return dw_test_run("init_text", tc);
}
