/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernels: names, versions, headers, configurations, module lists. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/buf.h"
#include "guest/kernel.h"
#include "lib/run.h"

START_TEST(version_order)
{
	/* Each newer than the one before it. */
	static const char *const order[] = {
		"", "2.6.9-5.EL", "2.6.9-89.0.29.EL", "2.6.16.60-0.21-smp",
		"2.6.18-8.el5", "2.6.18-8.1.8.el5", "2.6.18-128.el5",
		"2.6.18-398.el5", "2.6.32-5-amd64", "2.6.32-71.el6.x86_64",
		"2.6.32-71.29.1.el6.x86_64", "2.6.32-431.el6.x86_64",
		"3.2.0-4-amd64", "3.10.0-957.el7.x86_64",
		"3.10.0-1160.el7.x86_64", "3.10.0-1160.119.1.el7.x86_64",
		"4.9.0-19-amd64", "4.19.0-1-amd64", "4.19.0-10-amd64",
		"5.10.0~rc1-amd64", "5.10.0-9-amd64", "5.10.0-28-amd64",
		"5.10.0-33", "5.10.0-33.deb11", "5.14.0-70.el9.x86_64",
		"5.14.0-70.13.1.el9_0.x86_64", "6.1.0-rc2-amd64",
		"6.1.0-9-amd64", "6.1.0-50", "6.1.0-50-amd64",
		"6.1.0-50-cloud-amd64", "6.12~rc2", "6.12.30-r0-virt",
	};
	size_t nr = sizeof(order) / sizeof(*order);

	for (size_t i = 0; i < nr; i++)
		for (size_t j = 0; j < nr; j++) {
			int c = dw_version_compare(order[i], order[j]);

			ck_assert_msg(i < j ? c < 0 : i > j ? c > 0 : !c,
				      "%s %s: %d", order[i], order[j], c);
		}
	ck_assert_int_eq(dw_version_compare("6.01", "6.1"), 0);
	ck_assert(dw_version_at_least("2.6.18-8.el5", 2, 6, 18));
	ck_assert(!dw_version_at_least("2.6.9-5.EL", 2, 6, 18));
	ck_assert(dw_version_at_least("5.10-rc1", 5, 10, 0));
	ck_assert(!dw_version_at_least("linux-lts", 1, 0, 0));
}
END_TEST

START_TEST(kernel_names)
{
	static const struct {
		const char *name, *suffix;
	} cases[] = {
		{ "vmlinuz-6.1.0-50-amd64", "6.1.0-50-amd64" },
		{ "vmlinuz", "" }, { "vmlinuz-virt", "virt" },
		{ "vmlinuz.old", "old" }, { "vmlinuz-linux", "linux" },
		{ "kernel-genkernel-x86_64-4.9", "x86_64-4.9" },
		{ "bzImage-2.6", "2.6" }, { "vmlinux-2.6.16", "2.6.16" },
		{ "vmlinux-2.6.16.gz", NULL }, { "vmlinuzx", NULL },
		{ "vmlinuz-6.1.dpkg-new", NULL }, { ".vmlinuz-1.hmac", NULL },
		{ "initrd.img-6.1", NULL }, { "config-6.1", NULL },
		{ "System.map-6.1", NULL }, { "", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *suffix;
		bool is = dw_kernel_is_name(cases[i].name, &suffix);

		ck_assert_msg(is == !!cases[i].suffix, "%s", cases[i].name);
		if (is)
			ck_assert_str_eq(suffix, cases[i].suffix);
	}
}
END_TEST

START_TEST(initrd_names)
{
	static const char *const list[] = {
		"initrd.img-6.1", "initramfs-3.10.img", "initrd-2.6.18.img",
		"initrd-2.6.16-smp", "initramfs-virt", "initramfs-linux.img",
		"initramfs-linux-fallback.img", "initrd.img",
		"initramfs-genkernel-x86_64-4.9",
	};
	static const char *const cases[][3] = {
		{ "6.1", "6.1", "initrd.img-6.1" },
		{ "3.10", "3.10", "initramfs-3.10.img" },
		{ "2.6.18", "2.6.18", "initrd-2.6.18.img" },
		{ "2.6.16-smp", "2.6.16-smp", "initrd-2.6.16-smp" },
		{ "virt", "6.6.1-0-virt", "initramfs-virt" },
		{ "linux", "6.9.arch1-1", "initramfs-linux.img" },
		{ "x86_64-4.9", "4.9", "initramfs-genkernel-x86_64-4.9" },
		{ "", "", "initrd.img" }, { "6.1.old", "", "initrd.img-6.1" },
		{ "foo", "6.1", "initrd.img-6.1" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *got = dw_initrd_pick(cases[i][0], cases[i][1],
						 (char *const *)list, 9);

		ck_assert_ptr_nonnull(got);
		ck_assert_str_eq(got, cases[i][2]);
	}
	ck_assert_ptr_null(dw_initrd_pick("7.0", "7.0", (char *const *)list,
					  9));
}
END_TEST

static void parse(const char *text, const char *version,
		  struct dw_kconfig *c)
{
	dw_kconfig_parse(text, strlen(text), version, c);
}

START_TEST(configurations)
{
	struct dw_kconfig c;

	parse("CONFIG_X86_64=y\nCONFIG_XEN=y\nCONFIG_XEN_PV=y\n"
	      "CONFIG_VIRTIO_BLK=m\nCONFIG_VIRTIO_PCI=y\nCONFIG_EXT4_FS=m\n"
	      "# CONFIG_EXT2_FS is not set\n", "6.1.0", &c);
	ck_assert(c.known && c.is_64bit && !c.xen_classic);
	ck_assert_int_eq(c.xen_pv, DW_HAVE_BUILTIN);
	ck_assert_int_eq(c.virtio_blk, DW_HAVE_MODULE);
	ck_assert_int_eq(c.virtio_pci, DW_HAVE_BUILTIN);
	ck_assert_int_eq(c.virtio_net, DW_HAVE_NO);
	ck_assert_int_eq(c.ext2, DW_HAVE_NO);
	ck_assert(c.ext4_for_ext23);
	parse("CONFIG_XEN=y\n# CONFIG_XEN_PV is not set\n", "4.18.0", &c);
	ck_assert_int_eq(c.xen_pv, DW_HAVE_NO);
	parse("CONFIG_XEN=y\n", "3.10.0-957.el7", &c);
	ck_assert_int_eq(c.xen_pv, DW_HAVE_BUILTIN);
	parse("CONFIG_XEN=y\n", "5.10.0-686-pae", &c);
	ck_assert_int_eq(c.xen_pv, DW_HAVE_NO);
	parse("CONFIG_XEN=y\n", "2.6.18-8.el5", &c);
	ck_assert_int_eq(c.xen_pv, DW_HAVE_NO);
	parse("CONFIG_XEN=y\nCONFIG_X86_64_XEN=y\n", "2.6.18-8.el5xen", &c);
	ck_assert(c.xen_classic);
	ck_assert_int_eq(c.xen_pv, DW_HAVE_BUILTIN);
	parse("no configuration\n", "1", &c);
	ck_assert(!c.known);
}
END_TEST

START_TEST(heads)
{
	static uint8_t head[DW_KERNEL_HEAD_LEN];
	struct dw_kernel_head h;

	head[0x1f1] = 3;
	dw_put_le16(head + 0x1fe, 0xaa55);
	memcpy(head + 0x202, "HdrS", 4);
	dw_put_le16(head + 0x206, 0x20f);
	dw_put_le16(head + 0x20e, 0x300);
	head[0x211] = 1;
	head[0x234] = 1;
	head[0x236] = 3;
	dw_put_le32(head + 0x248, 0x10);
	dw_put_le32(head + 0x24c, 1000);
	strcpy((char *)head + 0x500, "6.1.0-50-amd64 (x) #1");
	memcpy(head + 4 * 512 + 0x10, "\xfd" "7zXZ", 6);
	dw_kernel_head_decode(head, sizeof(head), &h);
	ck_assert_int_eq(h.kind, DW_KERNEL_BZIMAGE);
	ck_assert_uint_eq(h.protocol, 0x20f);
	ck_assert(h.is_64bit && h.relocatable);
	ck_assert_str_eq(h.version, "6.1.0-50-amd64 (x) #1");
	ck_assert_str_eq(h.packing->name, "xz");
	ck_assert_uint_eq(h.payload_off, 4 * 512 + 0x10);
	/* Any length is fine, and values that lead outside. */
	for (size_t len = 0; len < 0x600; len++)
		dw_kernel_head_decode(head, len, &h);
	dw_put_le16(head + 0x20e, 0xffff);
	dw_put_le32(head + 0x248, 0xffffffff);
	dw_kernel_head_decode(head, sizeof(head), &h);
	ck_assert_str_eq(h.version, "");
	/* Far away: whoever has the file looks there. */
	ck_assert_ptr_null(h.packing);
	ck_assert_uint_eq(h.payload_off, 4 * 512 + 0xffffffffull);
	head[0x211] = 0;
	dw_kernel_head_decode(head, sizeof(head), &h);
	ck_assert_int_eq(h.kind, DW_KERNEL_ZIMAGE);
	dw_kernel_head_decode((const uint8_t *)"\177ELF\2", 5, &h);
	ck_assert_int_eq(h.kind, DW_KERNEL_ELF);
	dw_kernel_head_decode((const uint8_t *)"\x1f\x8b\x08", 3, &h);
	ck_assert_int_eq(h.kind, DW_KERNEL_GZIP);
}
END_TEST

static const struct {
	unsigned version;
	const char *magic, *packing;
	unsigned major, minor;
} packed[] = {
	{ 0x20f, "\x1f\x8b\x08\0\0", "gzip", 3, 3 },
	{ 0x20f, "BZh91", "bzip2", 4, 0 },
	{ 0x20f, "\x5d\0\0\0\4", "lzma", 4, 0 },
	{ 0x20f, "\x89LZO\0", "lzo", 4, 1 },
	{ 0x20f, "\xfd" "7zXZ", "xz", 4, 2 },
	{ 0x20f, "\x02\x21\x4c\x18", "lz4", 4, 4 },
	{ 0x20f, "\x28\xb5\x2f\xfd", "zstd", 4, 15 },
	{ 0x20f, "\x7f" "ELF", "none", 0, 0 },
	{ 0x20f, "what", "unknown", 0, 0 },
	{ 0x207, "\x1f\x8b\x08\0", "unknown", 0, 0 },
};

START_TEST(names_the_packing)
{
	static uint8_t head[DW_KERNEL_HEAD_LEN];
	struct dw_kernel_head h;

	dw_put_le16(head + 0x1fe, 0xaa55);
	memcpy(head + 0x202, "HdrS", 4);
	dw_put_le16(head + 0x206, (uint16_t)packed[_i].version);
	head[0x1f1] = 3;
	dw_put_le32(head + 0x248, 77);
	memcpy(head + 2048 + 77, packed[_i].magic, 5);
	dw_kernel_head_decode(head, sizeof(head), &h);
	ck_assert_uint_eq(h.protocol, packed[_i].version);
	ck_assert_str_eq(h.packing->name, packed[_i].packing);
	ck_assert_uint_eq(h.packing->xen_major, packed[_i].major);
	ck_assert_uint_eq(h.packing->xen_minor, packed[_i].minor);
}
END_TEST

/* Debian's 6.12 modules and their like, as depmod writes them. */
static const char dep[] =
	"kernel/drivers/virtio/virtio.ko.xz:\n"
	"kernel/drivers/virtio/virtio_ring.ko.xz:\n"
	"kernel/drivers/virtio/virtio_pci.ko.xz: kernel/drivers/virtio/"
	"virtio_ring.ko.xz kernel/drivers/virtio/virtio.ko.xz\n"
	"/lib/modules/2.6.18/kernel/fs/ext3/ext3.ko: /lib/modules/2.6.18/"
	"kernel/fs/jbd/jbd.ko\n"
	"kernel/drivers/block/xen-blkfront.ko:\n"
	"garbage\n:\n: x\nkernel/x.ko\n";

static int add_name(void *arg, const char *name)
{
	dw_buf_printf(arg, " %s", name);
	return 0;
}

START_TEST(module_lists)
{
	static const char builtin[] = "kernel/fs/ext4/ext4.ko\n\n";
	struct dw_buf out = { 0 };
	struct dw_modules *m;

	ck_assert_int_eq(dw_modules_parse(dep, sizeof(dep) - 1, builtin,
					  sizeof(builtin) - 1, &m, NULL), 0);
	ck_assert_int_eq(dw_modules_have(m, "virtio-pci"), DW_HAVE_MODULE);
	ck_assert_int_eq(dw_modules_have(m, "xen_blkfront"), DW_HAVE_MODULE);
	ck_assert_int_eq(dw_modules_have(m, "ext4"), DW_HAVE_BUILTIN);
	ck_assert_int_eq(dw_modules_have(m, "virtio_blk"), DW_HAVE_NO);
	dw_modules_needs(m, "virtio_pci", add_name, &out);
	ck_assert_str_eq(out.data, " virtio virtio_ring virtio_pci");
	out.len = 0;
	dw_modules_needs(m, "ext3", add_name, &out);
	ck_assert_str_eq(out.data, " jbd ext3");
	dw_buf_free(&out);
	dw_modules_free(m);
	ck_assert_int_eq(dw_modules_parse(dep, sizeof(dep) - 1, NULL, 0, &m,
					  NULL), 0);
	ck_assert_int_eq(dw_modules_have(m, "ext4"), DW_HAVE_UNKNOWN);
	dw_modules_free(m);
}
END_TEST

START_TEST(module_names)
{
	static const char *const cases[][2] = {
		{ "a/b/xen-blkfront.ko", "xen_blkfront" },
		{ "virtio.ko.zst", "virtio" }, { "x.ko.gz", "x" },
		{ "x.ko.xz", "x" }, { "old.o", "old" }, { "x.ko/", NULL },
		{ ".ko", NULL }, { "modules.dep", NULL }, { "", NULL },
	};
	char name[DW_MODULE_NAME];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool is = dw_module_name(dw_span_of(cases[i][0]), name);

		ck_assert_msg(is == !!cases[i][1], "%s", cases[i][0]);
		if (is)
			ck_assert_str_eq(name, cases[i][1]);
	}
}
END_TEST

START_TEST(verdicts)
{
	struct dw_kernel k = { 0 };

	k.name = k.version = (char *)"2.6.18-8.el5xen";
	k.head.kind = DW_KERNEL_GZIP;
	dw_kernel_judge(&k);
	ck_assert(!k.kvm_ok && k.xen_ok);
	k.head.kind = DW_KERNEL_BZIMAGE;
	dw_kernel_judge(&k);
	ck_assert(!k.kvm_ok && k.xen_ok);
	ck_assert_str_eq(k.kvm_why, "it is a kernel for Xen PV alone");
	k.name = k.version = (char *)"2.6.32-5-xen-amd64";
	dw_kernel_judge(&k);
	ck_assert(k.kvm_ok && k.xen_ok);
	k.name = k.version = (char *)"2.6.18-8.el5";
	dw_kernel_judge(&k);
	ck_assert(!k.kvm_ok && !k.xen_ok);
	k.name = k.version = (char *)"6.1.0-50-cloud-amd64";
	parse("CONFIG_VIRTIO_BLK=m\nCONFIG_VIRTIO_PCI=m\n"
	      "CONFIG_BLK_DEV_INITRD=y\nCONFIG_XEN=y\n# CONFIG_XEN_PV is not "
	      "set\n", k.version, &k.config);
	dw_kernel_judge(&k);
	ck_assert(k.kvm_ok && !k.xen_ok);
	parse("CONFIG_VIRTIO_PCI=y\nCONFIG_XEN_PV=y\n"
	      "CONFIG_XEN_BLKDEV_FRONTEND=y\n", k.version, &k.config);
	dw_kernel_judge(&k);
	ck_assert(!k.kvm_ok && k.xen_ok);
	k.head.kind = DW_KERNEL_UNKNOWN;
	dw_kernel_judge(&k);
	ck_assert(!k.kvm_ok && !k.xen_ok);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("kernel");

	tcase_add_test(tc, version_order);
	tcase_add_test(tc, kernel_names);
	tcase_add_test(tc, initrd_names);
	tcase_add_test(tc, configurations);
	tcase_add_test(tc, heads);
	tcase_add_loop_test(tc, names_the_packing, 0,
			    sizeof(packed) / sizeof(*packed));
	tcase_add_test(tc, module_lists);
	tcase_add_test(tc, module_names);
	tcase_add_test(tc, verdicts);
	return dw_test_run("kernel", tc);
}
