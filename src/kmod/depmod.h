/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lists that depmod makes of a kernel's modules, byte for byte. */
#ifndef DW_KMOD_DEPMOD_H
#define DW_KMOD_DEPMOD_H

#include "fs/fs.h"

struct dw_depmod_file {
	const char *name;	/* "modules.dep.bin" */
	char *data;
	size_t len;
};

struct dw_depmod {
	struct dw_depmod_file *files;
	size_t files_nr;
};

/*
 * Reads the modules below 'dir' ("/lib/modules/6.1.0-50-amd64") and makes what
 * "depmod -b ROOT VERSION" of kmod 30 writes: modules.dep, .alias, .symbols,
 * .softdep, .devname and the .bin indexes, those of modules.builtin and
 * modules.builtin.modinfo included.  modules.order decides as it does there,
 * and depmod.d of the guest.  A cycle is an error that names its modules.
 */
int dw_depmod(struct dw_ctx *ctx, struct dw_fs *fs, const char *dir,
	      struct dw_depmod *out, struct dw_err *err);
void dw_depmod_free(struct dw_depmod *d);

#endif
