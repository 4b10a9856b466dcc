/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Initrds, made here in memory: archives, compressions, verdicts, damage. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "initrd/initrd.h"
#include "lib/cpioimg.h"
#include "lib/run.h"

#define VER "6.1.0-50-amd64"
#define MODS "usr/lib/modules/" VER "/kernel/"

static struct dw_ctx *ctx;
static struct dw_buf img;
static struct dw_initrd *initrd;

static void setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, NULL), 0);
}

static void teardown(void)
{
	dw_initrd_free(initrd);
	initrd = NULL;
	dw_buf_free(&img);
	dw_ctx_free(ctx);
}

/* The archive of a small initramfs-tools initrd. */
static void debian(struct dw_buf *b, const char *const *modules)
{
	static char module[5000];

	memset(module, 'm', sizeof(module) - 1);
	cpio_add(b, ".", 040755, "");
	cpio_add(b, "conf/initramfs.conf", 0100644, "MODULES=most\n");
	cpio_add(b, "conf/modules", 0100644, "xen-blkfront\n");
	cpio_add(b, "init", 0100755, "#!/bin/sh\necho hello\n");
	cpio_add(b, "usr/lib/modules/5.0/kernel/foreign.ko", 0100644, "x");
	for (; *modules; modules++)
		cpio_add(b, *modules, 0100644, module);
	cpio_add(b, "TRAILER!!!", 0, "");
}

static const char *const virtio_modules[] = {
	MODS "drivers/virtio/virtio.ko.xz",
	MODS "drivers/virtio/virtio_ring.ko",
	MODS "drivers/virtio/virtio_pci.ko",
	MODS "drivers/block/virtio_blk.ko",
	MODS "drivers/block/xen-blkfront.ko",
	MODS "fs/ext4/ext4.ko.zst", MODS "fs/jbd2/jbd2.ko.gz", NULL,
};

static int read_img(struct dw_err *err)
{
	struct dw_source src = { cpio_read, &img, img.len };

	dw_initrd_free(initrd);
	return dw_initrd_read_source(ctx, &src, VER, &initrd, err);
}

static const enum dw_packing packings[] = {
	DW_PACK_NONE, DW_PACK_GZIP, DW_PACK_XZ, DW_PACK_LZMA, DW_PACK_ZSTD,
	DW_PACK_LZ4, DW_PACK_BZIP2, DW_PACK_LZO,
};

START_TEST(each_compression)
{
	struct dw_buf cpio = { 0 };
	enum dw_packing kind = packings[_i];

	debian(&cpio, virtio_modules);
	cpio_pack(&img, &cpio, kind);
	ck_assert_int_eq(read_img(NULL), 0);
	ck_assert_int_eq(initrd->family, DW_INITRD_INITRAMFS_TOOLS);
	ck_assert_int_eq(initrd->packing, kind);
	ck_assert_uint_eq(initrd->modules_nr, 7);
	ck_assert(initrd->usr_lib && initrd->root_by_uuid);
	ck_assert(dw_initrd_has(initrd, "virtio-blk"));
	ck_assert(dw_initrd_has(initrd, "ext4"));
	ck_assert(!dw_initrd_has(initrd, "foreign"));
	ck_assert_str_eq(initrd->conf_modules, "xen-blkfront\n");
	ck_assert_str_eq(initrd->init, "#!/bin/sh\necho hello\n");
	dw_buf_free(&cpio);
}
END_TEST

/* Microcode in front, zeros, an archive of each compression, and at the end
 * a plain one as Diskwright would append it. */
START_TEST(concatenated)
{
	static const char zeros[512];
	struct dw_buf early = { 0 }, first = { 0 }, last = { 0 };
	static const char *const one[] = { MODS "one.ko", NULL };
	static const char *const two[] = { MODS "two.ko", NULL };

	cpio_add(&early, "kernel/x86/microcode/AuthenticAMD.bin", 0100644, "code");
	cpio_add(&early, "TRAILER!!!", 0, "");
	dw_buf_add(&img, early.data, early.len);
	dw_buf_add(&img, zeros, 512 - early.len % 512);
	debian(&first, one);
	debian(&last, two);
	/* The legacy lz4 frame has no end, so what follows must be no
	 * length of a chunk; zeros are none. */
	for (size_t i = 0; i < sizeof(packings) / sizeof(*packings); i++) {
		cpio_pack(&img, &first, packings[i]);
		dw_buf_add(&img, zeros, 4 + (4 - img.len % 4) % 4);
	}
	cpio_pack(&img, &last, DW_PACK_NONE);
	ck_assert_int_eq(read_img(NULL), 0);
	ck_assert_uint_eq(initrd->modules_nr, 2);
	ck_assert(dw_initrd_has(initrd, "one") && dw_initrd_has(initrd, "two"));
	ck_assert_uint_eq(initrd->entries_nr, 1 + 6 * 9);
	/* Junk behind all is ignored, as by the kernel. */
	dw_buf_adds(&img, "junk that is no archive");
	ck_assert_int_eq(read_img(NULL), 0);
	ck_assert_uint_eq(initrd->modules_nr, 2);
	dw_buf_free(&early);
	dw_buf_free(&first);
	dw_buf_free(&last);
}
END_TEST

START_TEST(families)
{
	static const struct {
		const char *name, *data;
		enum dw_initrd_family family;
	} cases[] = {
		{ "usr/lib/dracut/hooks/cmdline/x", "", DW_INITRD_DRACUT },
		{ "lib/dracut-lib.sh", "", DW_INITRD_DRACUT },
		{ "bin/nash", "", DW_INITRD_NASH },
		{ "sbin/nash", "", DW_INITRD_NASH },
		{ "run_all.sh", "", DW_INITRD_SUSE },
		{ "init_functions", "", DW_INITRD_MKINITCPIO },
		{ "sbin/nlplug-findfs", "", DW_INITRD_MKINITFS },
		{ "init", "#!/bin/nash\n", DW_INITRD_NASH },
		{ "init", "#!/bin/sh\n# Alpine Init 1\n", DW_INITRD_MKINITFS },
		{ "init", "#!/bin/bash\nudev_discover_root\n",
		  DW_INITRD_SUSE },
		{ "init", "#!/bin/sh\nexec sh\n", DW_INITRD_UNKNOWN },
		{ "init", "\177ELF", DW_INITRD_UNKNOWN },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		img.len = 0;
		cpio_add(&img, cases[i].name, 0100755, cases[i].data);
		cpio_add(&img, "TRAILER!!!", 0, "");
		ck_assert_int_eq(read_img(NULL), 0);
		ck_assert_int_eq(initrd->family, cases[i].family);
	}
}
END_TEST

START_TEST(refused)
{
	static const char *const texts[] = {
		"hello, I am no archive", "0707", "\x1f\x1e",
	};
	struct dw_buf fs = { 0 };
	struct dw_err err;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		img.len = 0;
		dw_buf_adds(&img, texts[i]);
		dw_buf_add(&img, "\0\0\0\0", 4);
		ck_assert_int_eq(read_img(&err), DW_UNSUPPORTED);
	}
	/* A gzipped filesystem image, as of Linux 2.4. */
	for (int i = 0; i < 1000; i++)
		dw_buf_adds(&fs, "romfs or ext2 ");
	img.len = 0;
	cpio_pack(&img, &fs, DW_PACK_GZIP);
	ck_assert_int_eq(read_img(&err), DW_UNSUPPORTED);
	dw_buf_free(&fs);
	/* An empty file holds nothing and is no error. */
	img.len = 0;
	ck_assert_int_eq(read_img(&err), 0);
}
END_TEST

START_TEST(truncated)
{
	struct dw_buf cpio = { 0 };
	struct dw_err err;
	size_t len;

	debian(&cpio, virtio_modules);
	cpio_pack(&img, &cpio, packings[_i]);
	len = img.len;
	for (img.len = 1; img.len < len; img.len += 1 + img.len / 16) {
		int ret = read_img(&err);

		ck_assert_msg(!ret || ret == DW_CORRUPT ||
			      ret == DW_UNSUPPORTED, "%d %s", ret, err.text);
	}
	dw_buf_free(&cpio);
}
END_TEST

/* Flipped bytes: any answer, but no crash, hang or leak. */
START_TEST(mutated)
{
	struct dw_buf cpio = { 0 };
	uint32_t seed = 12345 + (uint32_t)_i;

	debian(&cpio, virtio_modules);
	cpio_pack(&img, &cpio, packings[_i]);
	for (int round = 0; round < 300; round++) {
		char saved[4];
		size_t at[4];

		for (int i = 0; i < 4; i++) {
			seed = seed * 1664525 + 1013904223;
			at[i] = (seed >> 4) % (round & 1 ? 200 : img.len);
			at[i] %= img.len;
			saved[i] = img.data[at[i]];
			img.data[at[i]] ^= (char)(seed >> 24 | 1);
		}
		read_img(NULL);
		for (int i = 3; i >= 0; i--)
			img.data[at[i]] = saved[i];
	}
	dw_buf_free(&cpio);
}
END_TEST

/* A name of 4 GiB, a file of 4 GiB, a bomb. */
START_TEST(hostile)
{
	struct dw_buf zeros = { 0 };
	struct dw_err err;

	cpio_add(&img, "x", 0100644, "");
	memcpy(img.data + 94, "ffffffff", 8);
	ck_assert_int_eq(read_img(&err), DW_CORRUPT);
	img.len = 0;
	cpio_add(&img, "init", 0100755, "#!");
	memcpy(img.data + 54, "ffffffff", 8);
	ck_assert_int_eq(read_img(&err), DW_CORRUPT);
	img.len = 0;
	cpio_add(&img, "../../etc/passwd.ko", 0100755, "#!");
	ck_assert_int_eq(read_img(&err), 0);
	dw_buf_free(&zeros);
}
END_TEST

static const char dep[] =
	"kernel/drivers/virtio/virtio.ko:\n"
	"kernel/drivers/virtio/virtio_ring.ko:\n"
	"kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/"
	"virtio_ring.ko kernel/drivers/virtio/virtio.ko\n"
	"kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko\n"
	"kernel/drivers/block/xen-blkfront.ko:\n"
	"kernel/crypto/crc32c_generic.ko:\n"
	"kernel/fs/jbd2/jbd2.ko:\n"
	"kernel/drivers/ata/ahci.ko:\n"
	"kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko\n";
static const char builtin[] = "kernel/drivers/scsi/sd_mod.ko\n";

static void check(const char *const *modules, enum dw_bus bus,
		  const char *type, bool csum, const char *want)
{
	struct dw_root_fs root = { type, csum };
	struct dw_kernel k = { .version = (char *)VER };
	struct dw_buf missing = { 0 };
	struct dw_modules *m;

	img.len = 0;
	ck_assert_int_eq(dw_modules_parse(dep, sizeof(dep) - 1, builtin,
					  sizeof(builtin) - 1, &m, NULL), 0);
	if (modules) {
		debian(&img, modules);
		ck_assert_int_eq(read_img(NULL), 0);
	}
	ck_assert_int_eq(dw_initrd_check(&k, m, modules ? initrd : NULL, bus,
					 &root, &missing, NULL), 0);
	ck_assert_str_eq(missing.data ? missing.data : "", want);
	dw_buf_free(&missing);
	dw_modules_free(m);
}

START_TEST(verdicts)
{
	static const char *const xen_only[] = {
		MODS "drivers/block/xen-blkfront.ko", MODS "fs/ext4/ext4.ko",
		MODS "fs/jbd2/jbd2.ko", NULL,
	};
	static const char *const no_ring[] = {
		MODS "drivers/virtio/virtio.ko", MODS "crc32c_generic.ko",
		MODS "drivers/virtio/virtio_pci.ko",
		MODS "drivers/block/virtio_blk.ko", MODS "fs/ext4/ext4.ko",
		NULL,
	};

	check(virtio_modules, DW_BUS_VIRTIO_BLK, "ext4", false, "");
	check(virtio_modules, DW_BUS_XEN, "ext4", false, "");
	check(virtio_modules, DW_BUS_VIRTIO_BLK, "ext3", false, "");
	check(virtio_modules, DW_BUS_VIRTIO_BLK, "ext4", true,
	      "crc32c_generic");
	check(virtio_modules, DW_BUS_AHCI, "ext4", false, "ahci");
	check(virtio_modules, DW_BUS_VIRTIO_BLK, "xfs", false, "xfs");
	check(xen_only, DW_BUS_XEN, "ext4", false, "");
	check(xen_only, DW_BUS_VIRTIO_BLK, "ext4", false,
	      "virtio_pci, virtio_blk");
	check(no_ring, DW_BUS_VIRTIO_BLK, "ext4", true,
	      "virtio_ring, jbd2");
	check(NULL, DW_BUS_VIRTIO_BLK, "ext4", false,
	      "virtio_pci, virtio_blk, ext4");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("initrd");
	int nr = sizeof(packings) / sizeof(*packings);

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, each_compression, 0, nr);
	tcase_add_test(tc, concatenated);
	tcase_add_test(tc, families);
	tcase_add_test(tc, refused);
	tcase_add_loop_test(tc, truncated, 0, nr);
	tcase_add_loop_test(tc, mutated, 0, nr);
	tcase_add_test(tc, hostile);
	tcase_add_test(tc, verdicts);
	return dw_test_run("initrd", tc);
}
