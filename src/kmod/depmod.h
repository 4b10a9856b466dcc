/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lists that depmod makes of a kernel's modules, byte for byte. */
#ifndef DW_KMOD_DEPMOD_H
#define DW_KMOD_DEPMOD_H

#include "base/notes.h"
#include "fs/fs.h"

struct dw_depmod_file {
	const char *name;	/* "modules.dep.bin" */
	char *data;		/* NULL: an empty file */
	size_t len;
};

struct dw_depmod {
	struct dw_depmod_file *files;
	size_t files_nr;
	/* Modules that are listed but could not be read in full: not ELF, a
	 * cut stream; the first hundred. */
	struct dw_notes damaged;
	size_t damaged_nr;	/* of all of them */
};

/* For module-init-tools before 3.4 (RHEL 4 and 5, SLES 10), which opens the
 * paths of modules.dep as they are: all are absolute.  Indexes, which it does
 * not know, are left out. */
#define DW_DEPMOD_ABSOLUTE 1u

/*
 * Reads the modules below 'dir' ("/lib/modules/6.1.0-50-amd64") and makes what
 * "depmod -b ROOT VERSION" of kmod 30 writes: modules.dep, .alias, .symbols,
 * .softdep, .devname and the .bin indexes, those of modules.builtin and
 * modules.builtin.modinfo included; modules.weakdep, which kmod has since 33,
 * where the folder has one.  modules.order decides as it does there, and
 * depmod.d of the guest.  Of two modules of one name in folders of one rank,
 * which depmod takes as the directory has them, the first path is taken.
 *
 * Modules that need each other are DW_CORRUPT, by their names; depmod writes
 * nothing then.  DW_NOENT where the folder is missing.  flags: DW_DEPMOD_*.
 * dw_depmod_free().
 */
int dw_depmod(struct dw_ctx *ctx, struct dw_fs *fs, const char *dir,
	      unsigned flags, struct dw_depmod *out, struct dw_err *err);
void dw_depmod_free(struct dw_depmod *d);

#endif
