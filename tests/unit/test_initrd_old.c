/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adding modules to initrds of nash and of SUSE's mkinitrd, whole ones, and
 * what becomes of the guest's configuration. */
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
static struct dw_edits edits;
static struct dw_err err;

static void teardown(void)
{
	dw_edits_free(&edits);
	initrdimg_close(&g);
}

/* Its modules flat in /lib, unpacked. */
#define NASH "mkdir -p initrd/bin initrd/lib; echo > initrd/bin/nash\n" \
	"printf '%s\\n' '#!/bin/nash' mkblkdevs "
#define NASH_END " mkblkdevs 'mkrootdev -t ext3 -o ro /dev/xvda1' " \
	"'mount /sysroot' > initrd/init\n"

static const char nash[] =
	NASH "'insmod /lib/xen-blkfront.ko'" NASH_END
	"take xen-blkfront; mv $(find initrd -name 'xen-*') initrd/lib\n"
	"rm -r initrd/lib/modules; find initrd -name '*.xz' | xargs -r unxz\n"
	"pack\n";

/* However the guest keeps them. */
START_TEST(nash_modules)
{
	initrdimg_open(&g, _i ? "xz" : "", nash);
	ck_assert_int_eq(g.initrd->family, DW_INITRD_NASH);
	initrdimg_add(&g, NAMES("virtio_pci", "virtio_blk"));
	ck_assert_str_eq(initrdimg_sh("ls new/lib | sort"),
			 "virtio.ko\nvirtio_blk.ko\nvirtio_pci.ko\n"
			 "virtio_ring.ko\nxen-blkfront.ko\n");
	initrdimg_sh("for f in new/lib/virtio*; do at=$(find root/lib -name "
		     "${f##*/}*); { case $at in *.xz) xz -dc $at ;; *) cat "
		     "$at ;; esac; } | cmp - $f || exit 1; done");
	ck_assert_str_eq(initrdimg_sh("grep -c '^insmod' new/init"), "5\n");
	ck_assert_str_eq(initrdimg_sh("sed -n '/^insmod/{p;q}' new/init"),
			 "insmod /lib/virtio.ko\n");
	initrdimg_sh("test -x new/init; grep '^mkrootdev.* UUID=' new/init");
	/* Again there is nothing to do. */
	ck_assert(dw_initrd_has(g.initrd, "virtio_blk"));
}
END_TEST

static const char fedora[] =
	NASH "'modprobe -q xen_blkfront'" NASH_END
	"take xen-blkfront; depmod -b $PWD/initrd $VER; pack\n";

START_TEST(nash_with_modprobe)
{
	initrdimg_open(&g, "", fedora);
	initrdimg_add(&g, NAMES("virtio_pci", "virtio_blk"));
	ck_assert_str_eq(initrdimg_sh("grep -c '^modprobe -q virtio' new/init"),
			 "4\n");
	initrdimg_sh("modprobe -d $PWD/new -S " VER " --show-depends "
		     "virtio_blk | grep virtio_ring.ko");
}
END_TEST

static const char *const suse_init = "mkdir -p initrd/boot initrd/config\n"
	"printf '#!/bin/bash\\nsource run_all.sh\\n' > initrd/init\n"
	"take xen-blkfront; depmod -b $PWD/initrd $VER\n";
static const char suse_list[] =
	"printf '%s\\n' \"RESOLVED_INITRD_MODULES='xen-blkfront'\" | tee "
	"initrd/config/start.sh > initrd/run_all.sh\n"
	"echo 'modules=\" $RESOLVED_INITRD_MODULES\"' >> initrd/run_all.sh\n"
	"pack\n";

static void open_suse(const char *more)
{
	char script[2000];

	snprintf(script, sizeof(script), "%s%s", suse_init, more);
	initrdimg_open(&g, "", script);
	ck_assert_int_eq(g.initrd->family, DW_INITRD_SUSE);
}

START_TEST(suse_steps)
{
	open_suse(suse_list);
	initrdimg_add(&g, NAMES("virtio_pci", "virtio_blk"));
	ck_assert_str_eq(initrdimg_sh("cat new/config/start.sh"),
			 "RESOLVED_INITRD_MODULES='virtio_pci virtio_blk "
			 "xen-blkfront'\n");
	initrdimg_sh("cat new/config/start.sh | head -n 1 | cmp - new/"
		     "run_all.sh 2> eof; grep EOF eof");
	initrdimg_sh("modprobe -d $PWD/new -S " VER " --show-depends "
		     "virtio_blk xen_blkfront | grep virtio_ring.ko");
}
END_TEST

/* What is no such script stays as it is, and is said by name. */
START_TEST(refusals)
{
	static const struct {
		const char *script, *why;
	} cases[] = {
		{ NASH NASH_END "pack\n", "no insmod" },
		{ NASH "'insmod /lib/xen-blkfront.ko' > initrd/init\npack\n",
		  "no line finds the root" },
		{ "mkdir -p initrd/bin; echo > initrd/bin/nash; pack\n",
		  "without /init" },
		{ NASH "'insmod /../xen-blkfront.ko'" NASH_END "pack\n",
		  "modules in '/..'" },
		{ "mkdir initrd/boot; echo x > initrd/run_all.sh; pack\n",
		  "/init is none of SUSE's" },
		{ "echo x > initrd/run_all.sh\nprintf '#!/bin/bash\\n. "
		  "run_all.sh\\n' > initrd/init; pack\n", "loads no $RESOLVED" },
	};
	struct dw_module_list names = { 0 };
	struct dw_initrd_change change;

	OK(dw_module_list_add(&names, "virtio_blk", &err));
	initrdimg_open(&g, "", cases[_i].script);
	ck_assert_int_eq(dw_initrd_add(&g.target, g.initrd, &names, &change,
				       &err), DW_UNSUPPORTED);
	ck_assert_msg(strstr(err.text, cases[_i].why) != NULL, "%s", err.text);
	ck_assert_ptr_null(change.bytes);
	dw_module_list_free(&names);
}
END_TEST

/* What the guest's next initrd is made from: a file, and what it holds after
 * a driver and a filesystem were asked for. */
START_TEST(kept)
{
	static const struct {
		enum dw_initrd_family family;
		const char *script, *path, *expect;
	} cases[] = {
		{ DW_INITRD_NASH, "printf 'alias eth0 e1000\\n' > "
		  "root/etc/modprobe.conf", "/etc/modprobe.conf",
		  "alias eth0 e1000\nalias scsi_hostadapter virtio_blk\n" },
		{ DW_INITRD_NASH, "mkdir root/etc/sysconfig; echo A=b > "
		  "root/etc/sysconfig/mkinitrd", "/etc/sysconfig/mkinitrd",
		  "A=b\nMODULES+=\" virtio_blk\"\n" },
		{ DW_INITRD_NASH, "mkdir -p root/etc/sysconfig/mkinitrd",
		  "/etc/sysconfig/mkinitrd/diskwright",
		  "MODULES+=\" virtio_blk\"\n" },
		/* A remark and a longer name are not the module. */
		{ DW_INITRD_NASH, "mkdir root/etc/sysconfig; printf "
		  "'# not virtio_blk\\nMODULES=\"virtio_blk_old\"\\n' > "
		  "root/etc/sysconfig/mkinitrd", "/etc/sysconfig/mkinitrd",
		  "# not virtio_blk\nMODULES=\"virtio_blk_old virtio_blk\"\n"
		},
		{ DW_INITRD_SUSE, "mkdir root/etc/sysconfig; echo "
		  "'INITRD_MODULES=\"a\"' > root/etc/sysconfig/kernel",
		  "/etc/sysconfig/kernel",
		  "INITRD_MODULES=\"virtio_blk ext4 a\"\n" },
	};
	struct dw_module_list names = { 0 };
	char script[2000], *text;
	size_t len;

	snprintf(script, sizeof(script), "mkdir -p root/etc; %s\n%s",
		 cases[_i].script, nash);
	initrdimg_open(&g, "", script);
	OK(dw_module_list_add(&names, "virtio_blk", &err));
	OK(dw_module_list_add(&names, "ext4", &err));
	for (int i = 0; i < 2; i++)
		OK(dw_initrd_keep(&g.target, cases[_i].family, &names, &edits,
				  &err));
	OK(dw_edits_read(&edits, g.fs, cases[_i].path, &text, &len, &err));
	ck_assert_str_eq(text, cases[_i].expect);
	ck_assert_uint_eq(edits.nr, 1);
	ck_assert_uint_eq(edits.changes.nr, 1);
	free(text);
	dw_module_list_free(&names);
}
END_TEST

START_TEST(nothing_to_keep_it_in)
{
	struct dw_module_list names = { 0 };

	open_suse(suse_list);
	OK(dw_module_list_add(&names, "virtio_blk", &err));
	OK(dw_initrd_keep(&g.target, DW_INITRD_SUSE, &names, &edits, &err));
	ck_assert_uint_eq(edits.nr, 0);
	ck_assert_uint_eq(edits.changes.nr, 1);
	ck_assert_str_eq(edits.changes.items[0].path, "/etc/sysconfig/kernel");
	dw_module_list_free(&names);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("initrd_old");

	fsimg_require_tools();
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, nash_modules, 0, 2);
	tcase_add_test(tc, nash_with_modprobe);
	tcase_add_test(tc, suse_steps);
	tcase_add_loop_test(tc, refusals, 0, 6);
	tcase_add_loop_test(tc, kept, 0, 5);
	tcase_add_test(tc, nothing_to_keep_it_in);
	return dw_test_run("initrd_old", tc);
}
