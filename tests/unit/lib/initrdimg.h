/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small guest with a kernel's modules and an initrd, both made by a shell. */
#ifndef TESTS_UNIT_INITRDIMG_H
#define TESTS_UNIT_INITRDIMG_H

#include "initrd/change.h"

#define VER "6.1.0-9-test"

/* A guest that was opened; start with { 0 }. */
struct initrdimg {
	char *path;		/* of the image */
	struct dw_ctx *ctx;
	struct dw_fs *fs;
	struct dw_kernel kernel;
	struct dw_modules *mods;
	struct dw_release release;
	struct dw_initrd *initrd;
	struct dw_initrd_target target;
};

/*
 * Runs a script in an empty folder.  "root" there has the guest's modules
 * already, with depmod's lists: virtio, virtio_ring, virtio_pci, virtio_blk,
 * virtio_scsi, scsi_mod, sd_mod, ext4, jbd2, crc16, crc32c_generic and
 * xen-blkfront, kept as $KO has it ("", "xz", "zst").  The script puts
 * the initrd's files below "initrd" and may call
 *	take MODULE...		into it, at the path that they have
 *	pack [COMMAND...]	newc, through the command: root/boot/initrd
 * Fails the test where any of it does.  initrdimg_close() frees.
 */
void initrdimg_open(struct initrdimg *g, const char *ko, const char *script);
/* Reads the initrd again. */
void initrdimg_reread(struct initrdimg *g);
void initrdimg_close(struct initrdimg *g);

/* Adds modules, applies, reads again, and unpacks what the kernel would into
 * the folder that is returned.  names end with NULL. */
const char *initrdimg_add(struct initrdimg *g, const char *const *names);
/* Unpacks its initrd, of plain archives, with cpio. */
const char *initrdimg_unpack(struct initrdimg *g);

/* Writes a file into the folder of the scripts. */
void initrdimg_save(const char *name, const char *data, size_t len);

/* The output of a shell command, which runs in the folder; it must succeed. */
const char *initrdimg_sh(const char *fmt, ...) DW_PRINTF(1, 2);

#endif
