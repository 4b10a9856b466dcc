/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small guest with a kernel's modules and an initrd, both made by a shell. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsimg.h"
#include "initrdimg.h"

static struct dw_err err;

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)

/* Real ELF objects, so that depmod, which nobody here wrote, makes the lists. */
static const char prologue[] =
	"set -e; VER=" VER "; M=root/lib/modules/$VER\n"
	"KO=${KO-}; mkdir -p root/boot root/etc initrd $M/kernel\n"
	"mod() {\n"
	"	n=$(basename $1 | tr - _); f=$M/kernel/$1.ko; shift\n"
	"	mkdir -p $(dirname $f)\n"
	"	{ echo \"char s_$n[] __attribute__((section(\\\"__ksymtab_strings"
	"\\\"))) = \\\"x_$n\\\"; int x_$n;\"\n"
	"	i=0; for d; do i=$((i + 1)); case $d in\n"
	"	*=*) echo \"char i$i[] __attribute__((section(\\\".modinfo\\\"))) ="
	" \\\"$d\\\";\" ;;\n"
	"	*) echo \"extern int x_$d; int *p$i = &x_$d;\" ;;\n"
	"	esac; done; } | cc -xc -c -o $f -\n"
	"	case $KO in xz) xz --check=crc32 $f ;;\n"
	"	zst) zstd -q --rm $f ;; esac\n"
	"}\n"
	"take() {\n"
	"	for m; do (cd root && find ${L:-lib}/modules -name \"$m.ko*\" |\n"
	"	cpio -pdm --quiet ../initrd); done\n"
	"}\n"
	"pack() {\n"
	"	(cd initrd && find . | sort | cpio -o -H newc --quiet) |\n"
	"	${@:-cat} > root/boot/initrd\n"
	"}\n"
	"mod drivers/virtio/virtio\n"
	"mod drivers/virtio/virtio_ring\n"
	"mod drivers/virtio/virtio_pci virtio virtio_ring "
	"alias=pci:v00001AF4d\\*sv\\*sd\\*bc\\*sc\\*i\\*\n"
	"mod drivers/block/virtio_blk virtio virtio_ring "
	"alias=virtio:d00000002v\\*\n"
	"mod drivers/scsi/scsi_mod\n"
	"mod drivers/scsi/sd_mod scsi_mod\n"
	"mod drivers/scsi/virtio_scsi scsi_mod virtio virtio_ring\n"
	"mod drivers/block/xen-blkfront alias=xen:vbd\n"
	"mod lib/crc16\n"
	"mod fs/jbd2/jbd2\n"
	"mod crypto/crc32c_generic alias=crc32c\n"
	"mod fs/ext4/ext4 jbd2 crc16 'softdep=pre: crc32c'\n"
	"echo kernel/drivers/net/loopback.ko > $M/modules.builtin\n"
	"depmod -b $PWD/root $VER\n";

const char *initrdimg_sh(const char *fmt, ...)
{
	char cmd[4096];
	const char *out;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	ck_assert_msg(!fsimg_run(&out, "cd %s && { %s\n}",
				 fsimg_path("work"), cmd),
		      "%s: %s", cmd, out);
	return out;
}

static void run_script(const char *ko, const char *script)
{
	const char *out, *path = fsimg_path("script");
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(prologue, f);
	fputs(script, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(fsimg_run(NULL, "rm -rf %s; mkdir %s",
				   fsimg_path("work"), fsimg_path("work")), 0);
	ck_assert_msg(!fsimg_run(&out, "cd %s && KO=%s bash %s",
				 fsimg_path("work"), ko, path), "%s", out);
}

void initrdimg_open(struct initrdimg *g, const char *ko, const char *script)
{
	char args[300];

	memset(g, 0, sizeof(*g));
	run_script(ko, script);
	snprintf(args, sizeof(args), "-t ext4 -d %s/root", fsimg_path("work"));
	g->path = strdup(fsimg_make("guest", "16M", args));
	OK(dw_ctx_new(&g->ctx, &err));
	g->fs = fsimg_open(g->ctx, g->path, DW_FS_WRITE);
	g->kernel.path = strdup("/boot/vmlinuz");
	g->kernel.name = strdup(VER);
	g->kernel.version = strdup(VER);
	g->kernel.initrd_path = strdup("/boot/initrd");
	OK(dw_modules_open(g->fs, VER, &g->mods, &err));
	g->target = (struct dw_initrd_target){
		.ctx = g->ctx, .fs = g->fs, .kernel = &g->kernel,
		.mods = g->mods, .release = &g->release,
		.root = { .type = "ext4", .metadata_csum = true },
	};
	initrdimg_reread(g);
}

void initrdimg_reread(struct initrdimg *g)
{
	dw_initrd_free(g->initrd);
	OK(dw_initrd_read(g->ctx, g->fs, "/boot/initrd", VER, &g->initrd,
			  &err));
}

void initrdimg_close(struct initrdimg *g)
{
	dw_initrd_free(g->initrd);
	dw_modules_free(g->mods);
	free(g->kernel.path);
	free(g->kernel.name);
	free(g->kernel.version);
	free(g->kernel.initrd_path);
	if (g->fs)
		fsimg_close(g->fs, g->path);
	dw_ctx_free(g->ctx);
	free(g->path);
	memset(g, 0, sizeof(*g));
}

void initrdimg_save(const char *name, const char *data, size_t len)
{
	char path[100];
	FILE *f;

	snprintf(path, sizeof(path), "work/%s", name);
	f = fopen(fsimg_path(path), "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

const char *initrdimg_unpack(struct initrdimg *g)
{
	static char dir[200];
	char *data;
	size_t len;

	snprintf(dir, sizeof(dir), "%s/new", fsimg_path("work"));
	OK(dw_fs_read_file(g->fs, "/boot/initrd", 64 << 20, &data, &len, &err));
	initrdimg_save("new.img", data, len);
	free(data);
	/* As the kernel does: whatever is packed, one behind the other. */
	initrdimg_sh("rm -rf new; mkdir new; cd new; "
		     "python3 - ../new.img <<'END'\n"
		     "import subprocess, sys\n"
		     "data = open(sys.argv[1], 'rb').read()\n"
		     "at = 0\n"
		     "while at < len(data):\n"
		     "    if not data[at]:\n"
		     "        at += 1\n"
		     "        continue\n"
		     "    end = data.find(b'TRAILER!!!', at)\n"
		     "    assert data[at:at + 6] == b'070701', data[at:at + 6]\n"
		     "    assert at %% 4 == 0, at\n"
		     "    end = (end + 11 + 3) & ~3\n"
		     "    subprocess.run(['cpio', '-idmu', '--quiet',\n"
		     "        '--no-absolute-filenames'], check=True,\n"
		     "        input=data[at:end])\n"
		     "    at = end\n"
		     "END\n:");
	return dir;
}

const char *initrdimg_add(struct initrdimg *g, const char *const *names)
{
	struct dw_initrd_change change;
	struct dw_module_list list = { 0 };

	for (; *names; names++)
		OK(dw_module_list_add(&list, *names, &err));
	OK(dw_initrd_add(&g->target, g->initrd, &list, &change, &err));
	OK(dw_initrd_apply(&change, g->fs, &err));
	dw_initrd_change_free(&change);
	dw_module_list_free(&list);
	initrdimg_reread(g);
	return initrdimg_unpack(g);
}
