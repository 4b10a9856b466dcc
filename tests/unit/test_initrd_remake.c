/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An initrd for another kernel: what stays, what comes, what is refused. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initrd/make.h"
#include "lib/fsimg.h"
#include "lib/initrdimg.h"
#include "lib/run.h"

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)
#define NEW "6.2.0-new"

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

static void put_in_guest(void)
{
	OK(dw_fs_write_file(g.fs, "/boot/initrd", data, len, NULL, &err));
	initrdimg_reread(&g);
}

/* A second kernel, whose virtio_blk needs one module more. */
#define SECOND \
	"cp -a $M root/lib/modules/" NEW "; M=root/lib/modules/" NEW "\n" \
	"rm $M/kernel/drivers/block/*; mod lib/fresh\n" \
	"mod drivers/block/virtio_blk virtio virtio_ring fresh\n" \
	"depmod -b $PWD/root " NEW "; M=root/lib/modules/$VER\n"

static const char debian[] = SECOND
	"mkdir -p initrd/usr/lib initrd/conf initrd/etc initrd/scripts\n"
	"ln -s usr/lib initrd/lib; echo 'MODULES=list' > initrd/conf/modules\n"
	"echo x > initrd/conf/initramfs.conf; printf '#!/bin/sh\\n' > "
	"initrd/init; chmod 755 initrd/init; echo two > initrd/etc/one\n"
	"ln initrd/etc/one initrd/etc/two; truncate -s 3M initrd/etc/big\n"
	"touch -d @1000000000 initrd/etc/*; mkfifo initrd/pipe\n"
	"mv root/lib/modules root/usr-lib; mkdir -p root/lib\n"
	"mv root/usr-lib root/lib/modules\n"
	"mkdir initrd/usr/lib/modules\n"
	"take virtio virtio_ring virtio_blk ext4 jbd2 crc16 xen-blkfront\n"
	"mkdir -p early/kernel/x86/microcode; echo code > "
	"early/kernel/x86/microcode/GenuineIntel.bin\n"
	"(cd early; find . | cpio -o -H newc --quiet) > root/boot/early\n"
	"cat > nodes <<'END'\n"
	"mknod initrd/console c 5 1; chown 5:6 initrd/etc/one\n"
	"cd initrd; find . | sort | cpio -o -H newc --quiet\n"
	"END\n"
	"fakeroot sh nodes > main\n"
	"(cat root/boot/early; xz --check=crc32 < main) > root/boot/initrd\n";

/* Without names and inode numbers of modules: what stays as it was. */
#define LISTING(from) \
	from " | cpio -itvn --quiet | grep -v lib/modules/[0-9]"

static void open_second(const char *script)
{
	initrdimg_open(&g, "", script);
	dw_modules_free(g.mods);
	g.mods = NULL;
	free(g.kernel.version);
	g.kernel.version = strdup(NEW);
	OK(dw_modules_open(g.fs, NEW, &g.mods, &err));
	g.target.mods = g.mods;
}

static int remake(void)
{
	free(data);
	data = NULL;
	return dw_initrd_remake(&g.target, "/boot/initrd", VER, &data, &len,
				&err);
}

START_TEST(remake_keeps)
{
	open_second(debian);
	OK(remake());
	initrdimg_save("made", data, len);
	/* Microcode first, plain; then one gzip member. */
	initrdimg_sh("n=$(stat -c %%s root/boot/early); "
		     "cmp -n $n root/boot/early made; "
		     "tail -c +$((n + 1)) made > rest; gzip -t rest; "
		     "gzip -dc rest > all; "
		     /* Two archives: what was there, and the modules. */
		     "test $(grep -ac 'TRAILER!!!' all) = 2");
	initrdimg_sh(LISTING("cat main") " > was; " LISTING("cat all")
		     " > is; diff was is && grep ' 5 *6 .* etc/one' is && "
		     "grep 'crw.* 5, *1 .* console' is");
	initrdimg_sh("rm -rf new; mkdir new; cd new; "
		     "cpio -idmu --quiet < ../all 2> /dev/null; "
		     "test $(stat -c %%h etc/one) = 2 -a ! -e lib/modules/" VER
		     " -a $(stat -c %%s etc/big) = 3145728");
}
END_TEST

/* The second archive, too, as a kernel has it in the end. */
static void unpack_all(void)
{
	put_in_guest();
	initrdimg_sh("python3 - all <<'END'\n"
		     "import os, subprocess, sys\n"
		     "d = open('all', 'rb').read()\n"
		     "os.makedirs('new', exist_ok=True)\n"
		     "at = 0\n"
		     "while at < len(d):\n"
		     "    end = (d.find(b'TRAILER!!!', at) + 11 + 511) & ~511\n"
		     "    subprocess.run(['cpio', '-idmu', '--quiet'], "
		     "input=d[at:end], cwd='new')\n"
		     "    at = end\n"
		     "END\n:");
}

/* The same, with packed modules in the old one: the new one's are not. */
static void open_packed(void)
{
	const char *at = strstr(debian, "mkdir -p early/");
	char script[8192];

	ck_assert_ptr_nonnull(at);
	snprintf(script, sizeof(script), "%.*sfind initrd -name '*.ko' -exec "
		 "xz --check=crc32 {} +\n%s", (int)(at - debian), debian, at);
	open_second(script);
}

START_TEST(remake_brings)
{
	if (_i)
		open_packed();
	else
		open_second(debian);
	OK(remake());
	initrdimg_save("made", data, len);
	initrdimg_sh("n=$(stat -c %%s root/boot/early); rm -rf new; "
		     "tail -c +$((n + 1)) made | gzip -dc > all");
	unpack_all();
	/* "take" put the modules in lib, which is a link; ours follow. */
	initrdimg_sh("modprobe -d $PWD/new -S " NEW " --show-depends virtio_blk"
		     " | grep fresh.ko");
	initrdimg_sh("cmp root/lib/modules/" NEW "/modules.dep.bin "
		     "new/lib/modules/" NEW "/modules.dep.bin");
	initrdimg_sh("test -L new/lib");
	/* What the root may need came along, which the old one lacked. */
	initrdimg_sh("cd new/lib/modules/" NEW "/kernel; test -e fs/ext4/"
		     "ext4.ko -a -e drivers/scsi/sd_mod.ko");
	dw_initrd_free(g.initrd);
	OK(dw_initrd_read(g.ctx, g.fs, "/boot/initrd", NEW, &g.initrd, &err));
	ck_assert_int_eq(g.initrd->family, DW_INITRD_INITRAMFS_TOOLS);
	ck_assert(dw_initrd_has(g.initrd, "fresh"));
}
END_TEST

#define NASH_INIT \
	"mkdir -p initrd/bin initrd/lib; echo nash > initrd/bin/nash\n" \
	"printf '#!/bin/nash\\ninsmod /lib/jbd2.ko\\n' > initrd/init\n"

START_TEST(remake_nash)
{
	open_second(SECOND NASH_INIT
		    "for m in ext4 jbd2 crc16 xen-blkfront; do "
		    "echo old > initrd/lib/$m.ko; done; "
		    "pack gzip -9n\n");
	OK(remake());
	initrdimg_save("made", data, len);
	initrdimg_sh("rm -rf new; mkdir new; cd new; gzip -dc < ../made | "
		     "cpio -idm --quiet");
	initrdimg_sh("cat new/lib/jbd2.ko | cmp - root/lib/modules/" VER
		     "/kernel/fs/jbd2/jbd2.ko; cmp new/init initrd/init");
}
END_TEST

static const struct {
	const char *script, *text;
	int code;
} refused[] = {
	{ SECOND NASH_INIT "echo old > initrd/lib/virtio_blk.ko\n"
	  "echo old > initrd/lib/virtio.ko\necho > initrd/lib/virtio_ring.ko\n"
	  "pack\n", "/boot/initrd: Linux " NEW " needs fresh, which its /init "
	  "does not load", DW_UNSUPPORTED },
	{ SECOND "mkdir initrd/config; echo insmod /lib/modules/$VER/x > "
	  "initrd/config/start.sh; pack\n",
	  "/boot/initrd: its config/start.sh names Linux " VER,
	  DW_UNSUPPORTED },
	{ SECOND "echo > initrd/x; pack\n",
	  "/boot/initrd: the program that made it is not known",
	  DW_UNSUPPORTED },
	{ SECOND "mkdir initrd/conf; echo > initrd/conf/initramfs.conf\n"
	  "mkdir -p initrd/lib/modules/$VER; echo > initrd/a\n"
	  "ln initrd/a initrd/lib/modules/$VER/z.ko; pack\n",
	  "/boot/initrd: lib/modules/" VER "/z.ko of the old kernel is also a "
	  "file of another name", DW_UNSUPPORTED },
};

START_TEST(remake_refuses)
{
	open_second(refused[_i].script);
	ck_assert_int_eq(remake(), refused[_i].code);
	ck_assert_str_eq(err.text, refused[_i].text);
	ck_assert_ptr_null(data);
}
END_TEST

START_TEST(remake_own)
{
	open_second(SECOND "pack\n");
	OK(dw_initrd_synth(&g.target, NULL, &data, &len, &err));
	put_in_guest();
	OK(remake());
	put_in_guest();
	ck_assert_int_eq(g.initrd->family, DW_INITRD_OWN);
	dw_initrd_free(g.initrd);
	OK(dw_initrd_read(g.ctx, g.fs, "/boot/initrd", NEW, &g.initrd, &err));
	ck_assert(dw_initrd_has(g.initrd, "fresh"));
}
END_TEST

/* Damaged ones are remade or refused with a line, and nothing leaks. */
START_TEST(remake_damage)
{
	char *good;
	size_t good_len;

	open_second(SECOND "mkdir initrd/conf; echo > "
		    "initrd/conf/initramfs.conf; take ext4; pack\n");
	OK(dw_fs_read_file(g.fs, "/boot/initrd", 1 << 20, &good, &good_len,
			   &err));
	srand(1);
	for (int i = 0; i < 300; i++) {
		char *bad = malloc(good_len);

		memcpy(bad, good, good_len);
		for (int k = rand() % 4; k >= 0; k--)
			bad[(size_t)rand() % good_len] = "0179F/\0x"[rand() % 8];
		OK(dw_fs_write_file(g.fs, "/boot/initrd", bad, i % 2 ? good_len :
				    (size_t)rand() % good_len, NULL, &err));
		free(bad);
		err.text[0] = '\0';
		if (remake())
			ck_assert(err.text[0] && !strchr(err.text, '\n'));
	}
	free(good);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("remake");

	fsimg_require_tools();
	tcase_set_timeout(tc, 0);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, remake_keeps);
	tcase_add_loop_test(tc, remake_brings, 0, 2);
	tcase_add_test(tc, remake_nash);
	tcase_add_loop_test(tc, remake_refuses, 0,
			    sizeof(refused) / sizeof(*refused));
	tcase_add_test(tc, remake_own);
	tcase_add_test(tc, remake_damage);
	return dw_test_run("initrd_remake", tc);
}
