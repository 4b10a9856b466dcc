/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An initrd of a guest as bytes: what is in it, and modules added to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "fuzz.h"
#include "initrd/family.h"

#define VERSION "6.1"
#define IMAGE_LEN (4u << 20)

enum { READ, ADD, GET, MODES_NR };

/* A guest with the modules, made by mke2fs once. */
static uint8_t *image;

static void make_image(void)
{
	static const char script[] =
		"set -e; PATH=$PATH:/usr/sbin:/sbin; d=$(mktemp -d)\n"
		"M=$d/r/lib/modules/" VERSION "; mkdir -p $M/kernel $d/r/boot\n"
		"for m in virtio virtio_blk ext4 jbd2; do\n"
		"	echo $m > $M/kernel/$m.ko; done\n"
		"printf '%s\\n' 'kernel/virtio.ko:' 'kernel/jbd2.ko:' \\\n"
		"	'kernel/virtio_blk.ko: kernel/virtio.ko' \\\n"
		"	'kernel/ext4.ko: kernel/jbd2.ko' > $M/modules.dep\n"
		"mke2fs -q -F -t ext2 -b 1024 -N 64 -d $d/r $d/i 4096 >&2\n"
		"cat $d/i; rm -r $d\n";
	FILE *p = popen(script, "r");

	image = malloc(IMAGE_LEN);
	if (!image || !p || fread(image, 1, IMAGE_LEN, p) != IMAGE_LEN ||
	    pclose(p))
		fuzz_fail("no image of a guest");
}

static int read_data(void *arg, uint64_t off, void *buf, size_t len,
		     size_t *got, struct dw_err *err)
{
	const struct fuzz *z = arg;

	*got = off < z->len ? dw_min(len, z->len - off) : 0;
	if (*got)
		memcpy(buf, z->data + off, *got);
	return 0;
}

static void read_all(struct fuzz *z)
{
	struct dw_source src = { read_data, z, z->len };
	struct dw_initrd *initrd;

	if (fuzz_result(z, dw_initrd_read_source(z->ctx, &src, VERSION,
						 &initrd, &z->err)))
		return;
	for (size_t i = 0; i < initrd->modules_nr; i++)
		if (!dw_initrd_has(initrd, initrd->modules[i]))
			fuzz_fail("module %zu is not found", i);
	dw_initrd_free(initrd);
}

/* What was added is there afterwards, and what was there still is. */
static void check_added(struct fuzz *z, const struct dw_initrd_target *t,
			const struct dw_initrd_change *change,
			const struct dw_initrd *before)
{
	struct dw_initrd *after;

	if (dw_initrd_read(z->ctx, t->fs, "/boot/initrd", VERSION, &after,
			   &z->err))
		fuzz_fail("not read again: %s", z->err.text);
	for (size_t i = 0; i < change->added.nr; i++)
		if (!dw_initrd_has(after, change->added.names[i]))
			fuzz_fail("%s is not in it", change->added.names[i]);
	for (size_t i = 0; i < before->modules_nr; i++)
		if (!dw_initrd_has(after, before->modules[i]))
			fuzz_fail("%s is lost", before->modules[i]);
	dw_initrd_free(after);
}

static void add(struct fuzz *z, const struct dw_initrd_target *t,
		struct dw_initrd *initrd)
{
	struct dw_initrd_change change;
	struct dw_module_list names = { 0 };

	if (dw_module_list_add(&names, "virtio-blk", &z->err) ||
	    dw_module_list_add(&names, "ext4", &z->err))
		fuzz_fail("no list");
	/* The mark of a family is hard to find by chance. */
	if (!initrd->family)
		initrd->family = (enum dw_initrd_family)
			(z->ctl[FUZZ_OWN] % (DW_INITRD_MKINITFS + 1));
	if (!fuzz_result(z, dw_initrd_add(t, initrd, &names, &change,
					  &z->err))) {
		if (!fuzz_result(z, dw_initrd_apply(&change, t->fs, &z->err)))
			check_added(z, t, &change, initrd);
		dw_initrd_change_free(&change);
	}
	dw_module_list_free(&names);
}

static void get(struct fuzz *z, const struct dw_initrd_target *t)
{
	char *data;
	size_t len;

	if (!fuzz_result(z, dw_initrd_get(t, "/boot/initrd", "conf/modules",
					  &data, &len, &z->err)))
		free(data);
}

/* The guest with the bytes as its initrd. */
static void in_guest(struct fuzz *z, struct dw_fs *fs)
{
	static char boot[] = "/boot/initrd", version[] = VERSION;
	struct dw_kernel kernel = { .version = version, .initrd_path = boot };
	struct dw_initrd_target t = {
		.ctx = z->ctx, .fs = fs, .kernel = &kernel,
		.root = { .type = "ext4" },
	};
	struct dw_modules *mods;
	struct dw_initrd *initrd;

	if (fuzz_result(z, dw_fs_write_file(fs, boot, z->data, z->len, NULL,
					    &z->err)))
		return;
	if (dw_modules_open(fs, VERSION, &mods, &z->err))
		fuzz_fail("%s", z->err.text);
	t.mods = mods;
	if (z->mode == GET) {
		get(z, &t);
	} else if (!fuzz_result(z, dw_initrd_read(z->ctx, fs, boot, VERSION,
						  &initrd, &z->err))) {
		add(z, &t, initrd);
		dw_initrd_free(initrd);
	}
	dw_modules_free(mods);
}

static void run(struct fuzz *z)
{
	struct dw_dev *dev;
	struct dw_fs *fs;

	if (z->mode == READ) {
		read_all(z);
		return;
	}
	if (!image)
		make_image();
	if (dw_mem_new("guest", IMAGE_LEN, &dev, NULL) ||
	    dw_dev_pwrite(dev, 0, image, IMAGE_LEN, NULL))
		fuzz_fail("no device");
	if (dw_fs_open(z->ctx, dev, DW_FS_WRITE, &fs, &z->err))
		fuzz_fail("%s", z->err.text);
	in_guest(z, fs);
	dw_fs_close(fs);
	dw_dev_close(dev, NULL);
}

const struct fuzz_target fuzz_target = {
	.name = "initrd",
	.modes_nr = MODES_NR,
	.plain = true,
	.run = run,
};
