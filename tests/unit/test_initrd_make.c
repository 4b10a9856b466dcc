/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole initrds around our own /init, and adding to them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initrd/make.h"
#include "lib/fsimg.h"
#include "lib/initrdimg.h"
#include "lib/run.h"

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)
#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct initrdimg g;
static struct dw_err err;
static char *data;
static size_t len;

static void teardown(void)
{
	free(data);
	data = NULL;
	initrdimg_close(&g);
}

static int synth(const struct dw_module_list *more)
{
	free(data);
	data = NULL;
	return dw_initrd_synth(&g.target, more, &data, &len, &err);
}

static void put_in_guest(void)
{
	OK(dw_fs_write_file(g.fs, "/boot/initrd", data, len, NULL, &err));
	initrdimg_reread(&g);
}

static const char unpack[] =
	"rm -rf new; mkdir new; cd new; gzip -dc < ../made | "
	"fakeroot -s ../owners cpio -idm --quiet";

static const char plain[] = "mkdir initrd/x; pack\n";

static const char *const packings[] = { "", "xz", "zst" };

START_TEST(synth_holds)
{
	const char *list;

	initrdimg_open(&g, packings[_i], plain);
	OK(synth(NULL));
	initrdimg_save("made", data, len);
	initrdimg_sh("%s", unpack);
	list = initrdimg_sh("grep -v '^#' new/diskwright/modules | "
			    "sed 's, .*/, ,'");
	ck_assert_str_eq(list, "need virtio.ko\nneed virtio_ring.ko\n"
			 "need virtio_pci.ko\nneed virtio_blk.ko\n"
			 "need scsi_mod.ko\nneed virtio_scsi.ko\n"
			 "need sd_mod.ko\nneed jbd2.ko\nneed crc16.ko\n"
			 "need crc32c_generic.ko\nneed ext4.ko\n"
			 "need xen_blkfront.ko\n");
	/* Each is there, and an object that the kernel can take. */
	initrdimg_sh("cd new; for f in $(sed -n 's/^need //p' "
		     "diskwright/modules); do readelf -h $f > /dev/null || "
		     "exit 1; done");
	initrdimg_sh("file=$(find root -name 'virtio_blk.ko*'); "
		     "case $file in *.xz) xz -dc $file "
		     ";; *.zst) zstd -qdc $file ;; *) cat $file ;; esac | "
		     "cmp - new/lib/modules/" VER "/virtio_blk.ko");
	ck_assert_str_eq(initrdimg_sh("stat -c %%a new/init new/proc new/root"),
			 "755\n755\n700\n");
	initrdimg_sh("fakeroot -i owners stat -c '%%F %%t %%T' "
		     "new/dev/console | grep -x 'character special file 5 1'");
}
END_TEST

START_TEST(synth_is_read_back)
{
	static const enum dw_bus buses[] = {
		DW_BUS_VIRTIO_BLK, DW_BUS_VIRTIO_SCSI, DW_BUS_XEN,
	};
	struct dw_buf missing = { 0 };

	initrdimg_open(&g, "xz", plain);
	OK(synth(NULL));
	put_in_guest();
	ck_assert_int_eq(g.initrd->family, DW_INITRD_OWN);
	ck_assert_str_eq(dw_initrd_family_name(g.initrd->family),
			 "diskwright");
	ck_assert_int_eq(g.initrd->packing, DW_PACK_GZIP);
	ck_assert(g.initrd->root_by_uuid && g.initrd->root_by_label);
	for (size_t i = 0; i < 3; i++) {
		OK(dw_initrd_check(&g.kernel, g.mods, g.initrd, buses[i],
				   &g.target.root, &missing, &err));
		ck_assert_msg(!missing.len, "%s", missing.data);
	}
}
END_TEST

START_TEST(synth_same_bytes)
{
	char *first;
	size_t first_len;

	initrdimg_open(&g, "", plain);
	OK(synth(NULL));
	first = data;
	first_len = len;
	data = NULL;
	OK(synth(NULL));
	ck_assert_uint_eq(len, first_len);
	ck_assert_mem_eq(data, first, len);
	free(first);
}
END_TEST

START_TEST(synth_plain)
{
	initrdimg_open(&g, "", plain);
	g.kernel.config.known = true;
	g.kernel.config.initrd = DW_HAVE_BUILTIN;
	g.kernel.config.no_gzip_initrd = true;
	OK(synth(NULL));
	ck_assert_mem_eq(data, "070701", 6);
	put_in_guest();
	initrdimg_unpack(&g);
	initrdimg_sh("test -s new/init");
}
END_TEST

static const char bits32[] =
	"rm -rf $M; mkdir -p $M/kernel; cc() { command cc -m32 \"$@\"; }\n"
	"mod drivers/virtio/virtio; mod drivers/virtio/virtio_ring\n"
	"mod drivers/virtio/virtio_pci virtio virtio_ring\n"
	"mod drivers/block/virtio_blk virtio virtio_ring\n"
	"mod fs/ext4/ext4; depmod -b $PWD/root $VER; pack\n";
static const char other_machine[] =
	"for f in $(find root -name '*.ko'); do "
	"printf '\\267' | dd of=$f bs=1 seek=18 conv=notrunc status=none; done\n"
	"pack\n";

START_TEST(synth_machine)
{
	initrdimg_open(&g, "", _i == 0 ? plain : _i == 1 ? bits32 :
		       other_machine);
	if (_i == 2) {
		ck_assert_int_eq(synth(NULL), DW_UNSUPPORTED);
		ck_assert_msg(strstr(err.text, "machine 183"), "%s", err.text);
		return;
	}
	OK(synth(NULL));
	initrdimg_save("made", data, len);
	initrdimg_sh("%s", unpack);
	initrdimg_sh("readelf -h new/init | grep '%s'",
		     _i ? "Intel 80386" : "X86-64");
}
END_TEST

START_TEST(synth_refusals)
{
	struct dw_module_list more = { 0 };
	char *version;

	initrdimg_open(&g, "", plain);
	OK(dw_module_list_add(&more, "no-such", &err));
	ck_assert_int_eq(synth(&more), DW_NOENT);
	ck_assert_str_eq(err.text, "making an initrd: kernel " VER
			 " has no module no_such");
	ck_assert_ptr_null(data);
	dw_module_list_free(&more);
	/* Built in: nothing to do. */
	OK(dw_module_list_add(&more, "loopback", &err));
	OK(synth(&more));
	dw_module_list_free(&more);
	g.kernel.config.known = true;
	g.kernel.config.initrd = DW_HAVE_NO;
	ck_assert_int_eq(synth(NULL), DW_UNSUPPORTED);
	g.kernel.config.known = false;
	version = g.kernel.version;
	g.kernel.version = (char *)"../../etc";
	ck_assert_int_eq(synth(NULL), DW_UNSUPPORTED);
	g.kernel.version = version;
}
END_TEST

static const char extra[] =
	"mod drivers/extra/more-extra; mod drivers/extra/extra more_extra\n"
	"depmod -b $PWD/root $VER; pack\n";

START_TEST(own_takes_more)
{
	struct dw_edits edits = { 0 };
	struct dw_module_list names = { 0 };

	initrdimg_open(&g, "xz", extra);
	g.kernel.config.no_gzip_initrd = true;	/* for the unpacker */
	OK(synth(NULL));
	put_in_guest();
	ck_assert(!dw_initrd_has(g.initrd, "extra"));
	initrdimg_add(&g, NAMES("extra"));
	ck_assert(dw_initrd_has(g.initrd, "extra"));
	ck_assert_str_eq(initrdimg_sh("sed 's,.*/,,' new/diskwright/modules | "
				      "tail -n 3"),
			 "xen_blkfront.ko\nmore_extra.ko\nextra.ko\n");
	initrdimg_sh("readelf -h new/lib/modules/" VER "/extra.ko; "
		     "test -s new/init");
	OK(dw_module_list_add(&names, "extra", &err));
	OK(dw_initrd_keep(&g.target, DW_INITRD_OWN, &names, &edits, &err));
	ck_assert_uint_eq(edits.nr, 0);
	ck_assert_uint_eq(edits.changes.nr, 1);
	dw_edits_free(&edits);
	dw_module_list_free(&names);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("make");

	fsimg_require_tools();
	tcase_set_timeout(tc, 0);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, synth_holds, 0, 3);
	tcase_add_test(tc, synth_is_read_back);
	tcase_add_test(tc, synth_same_bytes);
	tcase_add_test(tc, synth_plain);
	tcase_add_loop_test(tc, synth_machine, 0, 3);
	tcase_add_test(tc, synth_refusals);
	tcase_add_test(tc, own_takes_more);
	return dw_test_run("initrd_make", tc);
}
