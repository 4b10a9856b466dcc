/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adding modules to initrds: what a kernel and a modprobe of others find. */
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

static const char debian[] =
	"mkdir -p initrd/usr/lib initrd/conf; ln -s usr/lib initrd/lib\n"
	"echo MODULES=list > initrd/conf/initramfs.conf\n"
	"printf 'xen-blkfront\\n# more\\n' > initrd/conf/modules\n"
	"mkdir -p root/usr; mv root/lib root/usr; ln -s usr/lib root/lib\n"
	"L=usr/lib take xen-blkfront ext4 jbd2 crc16 crc32c_generic\n"
	"M=initrd/lib/modules/$VER; depmod -b $PWD/initrd $VER\n"
	"pack\n";

/* modprobe's files are there, below the folder of the unpacked initrd. */
static void modprobe(const char *name)
{
	initrdimg_sh("modprobe -d $PWD/new -S " VER " --show-depends %s "
			    "| tee list; sed -n 's,^insmod \\([^ ]*\\).*,\\1,p' "
			    "list | xargs ls > /dev/null", name);
}

START_TEST(initramfs_tools)
{
	initrdimg_open(&g, "", debian);
	ck_assert_int_eq(g.initrd->family, DW_INITRD_INITRAMFS_TOOLS);
	initrdimg_add(&g, NAMES("virtio_pci", "virtio-blk"));
	ck_assert_str_eq(initrdimg_sh("cat new/conf/modules"),
			 "xen-blkfront\n# more\nvirtio_pci\nvirtio_blk\n");
	ck_assert_str_eq(initrdimg_sh("readlink new/lib"), "usr/lib\n");
	modprobe("virtio_blk");
	modprobe("virtio_pci");
	modprobe("ext4");
	modprobe("pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00");
	initrdimg_sh("cmp root/usr/lib/modules/" VER "/modules.dep.bin "
		     "new/usr/lib/modules/" VER "/modules.dep.bin");
	initrdimg_sh("cmp root/usr/lib/modules/" VER "/kernel/drivers/block/"
		     "virtio_blk.ko new/usr/lib/modules/" VER "/kernel/"
		     "drivers/block/virtio_blk.ko");
}
END_TEST

/* The guest keeps its modules packed, the initrd has them unpacked, and its
 * lists name what it has: both keep working for a modprobe. */
START_TEST(unpacked_modules)
{
	static const char *const kinds[] = { "xz", "zst" };
	static const char script[] =
		"mkdir -p initrd/conf\n"
		"echo > initrd/conf/initramfs.conf\n"
		"take xen-blkfront ext4 jbd2 crc16 crc32c_generic\n"
		"find initrd -name '*.xz' | xargs -r unxz\n"
		"find initrd -name '*.zst' | xargs -r zstd -q -d --rm\n"
		"depmod -b $PWD/initrd $VER; pack\n";

	initrdimg_open(&g, kinds[_i], script);
	initrdimg_add(&g, NAMES("virtio_blk", "virtio_scsi", "sd_mod"));
	modprobe("virtio_blk");
	modprobe("sd_mod");
	modprobe("ext4");
	modprobe("xen:vbd");
	initrdimg_sh("test -z \"$(find new -name '*.ko.*')\"");
	/* What a depmod over what is there would say. */
	initrdimg_sh("grep -v %s new/lib/modules/" VER "/modules.dep | sort > "
		     "dep; depmod -b $PWD/new " VER "; sort new/lib/modules/"
		     VER "/modules.dep | diff - dep", kinds[_i]);
}
END_TEST

/* What is kept packed in both stays so, with the guest's own lists. */
START_TEST(packed_modules)
{
	initrdimg_open(&g, "xz", "mkdir -p initrd/conf; "
		       "echo > initrd/conf/initramfs.conf\n"
		       "take ext4 jbd2 crc16 crc32c_generic; pack\n");
	initrdimg_add(&g, NAMES("virtio_blk"));
	modprobe("virtio_blk");
	modprobe("ext4");
	initrdimg_sh("cd root/lib/modules/" VER "; for f in modules.* kernel/"
		     "drivers/virtio/virtio.ko.xz; do cmp $f "
		     "../../../../new/lib/modules/" VER "/$f || exit 1; done");
}
END_TEST

/* An initrd without any module: what its modprobe unpacks is not known. */
START_TEST(no_modules)
{
	initrdimg_open(&g, "zst", "mkdir -p initrd/conf initrd/usr/lib; "
		       "ln -s usr/lib initrd/lib\n"
		       "echo > initrd/conf/initramfs.conf; pack\n");
	initrdimg_add(&g, NAMES("ext4"));
	modprobe("ext4");
	initrdimg_sh("cd new/usr/lib/modules/" VER "/kernel; ls fs/ext4/ext4.ko "
		     "fs/jbd2/jbd2.ko lib/crc16.ko crypto/crc32c_generic.ko");
	ck_assert_str_eq(initrdimg_sh("readlink new/lib"), "usr/lib\n");
	ck_assert_str_eq(initrdimg_sh("cat new/conf/modules"), "ext4\n");
}
END_TEST

/* Soft dependencies come first, hard ones in the order of modules.dep. */
START_TEST(order)
{
	struct dw_module_list list = { 0 }, load = { 0 };
	static const char *const want[] = {
		"crc16", "jbd2", "crc32c_generic", "ext4",
	};

	initrdimg_open(&g, "", "mkdir initrd/conf; echo > initrd/conf/"
		       "initramfs.conf; take scsi_mod; pack\n");
	OK(dw_module_list_add(&list, "ext4", &err));
	OK(dw_initrd_resolve(&g.target, g.initrd, &list, &load, &err));
	ck_assert_uint_eq(load.nr, 4);
	for (size_t i = 0; i < 2; i++)
		ck_assert(dw_module_list_has(&load, want[i]));
	ck_assert_str_eq(load.names[2], want[2]);
	ck_assert_str_eq(load.names[3], want[3]);
	dw_module_list_free(&load);
	OK(dw_module_list_add(&list, "virtio_scsi", &err));
	OK(dw_initrd_resolve(&g.target, g.initrd, &list, &load, &err));
	ck_assert_uint_eq(load.nr, 7);
	ck_assert(!dw_module_list_has(&load, "scsi_mod"));
	ck_assert_str_eq(load.names[6], "virtio_scsi");
	dw_module_list_free(&load);
	dw_module_list_free(&list);
}
END_TEST

/* A file of a guest has any size, and need not have blocks for it. */
START_TEST(no_room)
{
	struct dw_module_list list = { 0 };
	struct dw_initrd_change c;

	initrdimg_open(&g, "", "mkdir initrd/conf; echo > initrd/conf/"
		       "initramfs.conf; pack; "
		       "truncate -s 40M $M/kernel/lib/crc16.ko\n");
	OK(dw_module_list_add(&list, "crc16", &err));
	ck_assert_int_eq(dw_initrd_add(&g.target, g.initrd, &list, &c, &err),
			 DW_NOSPACE);
	ck_assert_msg(strstr(err.text, "to add have 41943040 bytes, but"),
		      "%s", err.text);
	dw_ctx_set_memory_cap(g.ctx, 8 << 20);
	ck_assert_int_eq(dw_initrd_add(&g.target, g.initrd, &list, &c, &err),
			 DW_LIMIT);
	ck_assert_msg(strstr(err.text, "8388608 of memory"), "%s", err.text);
	dw_module_list_free(&list);
}
END_TEST

/* What is wanted, added twice: the second time nothing is lacking. */
START_TEST(wanted)
{
	struct dw_module_list want = { 0 };
	struct dw_initrd_change c;

	initrdimg_open(&g, "", debian);
	OK(dw_initrd_wanted(&g.target, g.initrd, DW_SIDE_XEN, &want, &err));
	ck_assert_uint_eq(want.nr, 0);
	OK(dw_initrd_wanted(&g.target, g.initrd, DW_SIDE_KVM, &want, &err));
	ck_assert_uint_eq(want.nr, 4);
	ck_assert_str_eq(want.names[0], "virtio_pci");
	ck_assert_str_eq(want.names[1], "virtio_blk");
	ck_assert_str_eq(want.names[2], "virtio_scsi");
	ck_assert_str_eq(want.names[3], "sd_mod");
	OK(dw_initrd_add(&g.target, g.initrd, &want, &c, &err));
	ck_assert_uint_eq(c.added.nr, 7);
	ck_assert_str_eq(c.added.names[6], "sd_mod");
	ck_assert(!c.whole && c.len % 4 == 0);
	OK(dw_initrd_apply(&c, g.fs, &err));
	dw_initrd_change_free(&c);
	initrdimg_reread(&g);
	dw_module_list_free(&want);
	OK(dw_initrd_wanted(&g.target, g.initrd, DW_SIDE_KVM, &want, &err));
	ck_assert_uint_eq(want.nr, 0);
	OK(dw_module_list_add(&want, "virtio_blk", &err));
	OK(dw_initrd_add(&g.target, g.initrd, &want, &c, &err));
	ck_assert_uint_eq(c.len, 0);
	ck_assert_str_eq(c.note, "nothing is lacking");
	dw_initrd_change_free(&c);
	dw_module_list_free(&want);
}
END_TEST

START_TEST(refusals)
{
	struct dw_module_list list = { 0 };
	struct dw_initrd_change c;

	initrdimg_open(&g, "", debian);
	OK(dw_module_list_add(&list, "no-such", &err));
	ck_assert_int_eq(dw_initrd_add(&g.target, g.initrd, &list, &c, &err),
			 DW_NOENT);
	ck_assert_str_eq(err.text, "kernel " VER " has no module no_such");
	ck_assert_int_eq(dw_module_list_add(&list, "a/b", &err), DW_USAGE);
	ck_assert_int_eq(dw_module_list_add(&list, "", &err), DW_USAGE);
	dw_module_list_free(&list);
	OK(dw_module_list_add(&list, "loopback", &err));
	OK(dw_initrd_add(&g.target, g.initrd, &list, &c, &err));
	ck_assert_uint_eq(c.len, 0);
	dw_initrd_change_free(&c);
	g.initrd->family = DW_INITRD_UNKNOWN;
	ck_assert_int_eq(dw_initrd_add(&g.target, g.initrd, &list, &c, &err),
			 DW_UNSUPPORTED);
	dw_module_list_free(&list);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("change");

	fsimg_require_tools();
	tcase_set_timeout(tc, 0);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, initramfs_tools);
	tcase_add_loop_test(tc, unpacked_modules, 0, 2);
	tcase_add_test(tc, packed_modules);
	tcase_add_test(tc, no_modules);
	tcase_add_test(tc, order);
	tcase_add_test(tc, no_room);
	tcase_add_test(tc, wanted);
	tcase_add_test(tc, refusals);
	return dw_test_run("initrd_change", tc);
}
