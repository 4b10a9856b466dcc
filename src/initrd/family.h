/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the programs that make initrds differ in; for the files of this room. */
#ifndef DW_INITRD_FAMILY_H
#define DW_INITRD_FAMILY_H

#include "initrd/change.h"
#include "initrd/cpio_write.h"

/* An archive that is being made for an initrd. */
struct dw_initrd_build {
	const struct dw_initrd_target *target;
	const struct dw_initrd *initrd;
	const char *path;		/* of the initrd in the guest */
	const struct dw_module_list *names;	/* as asked for */
	const struct dw_module_list *load;	/* with what they need, in the
						 * order of loading */
	struct dw_cpio_writer w;
};

struct dw_initrd_driver {
	enum dw_initrd_family family;
	/* Puts the modules of b->load into b->w, with whatever makes the
	 * initrd load them. */
	int (*add)(struct dw_initrd_build *b, struct dw_err *err);
	int (*keep)(const struct dw_initrd_target *t,
		    const struct dw_module_list *names,
		    struct dw_edits *edits, struct dw_err *err);
};

extern const struct dw_initrd_driver dw_initrd_initramfs_tools;
extern const struct dw_initrd_driver dw_initrd_dracut;
extern const struct dw_initrd_driver dw_initrd_nash;
extern const struct dw_initrd_driver dw_initrd_suse;
extern const struct dw_initrd_driver dw_initrd_mkinitcpio;
extern const struct dw_initrd_driver dw_initrd_mkinitfs;
extern const struct dw_initrd_driver dw_initrd_own;

/*
 * Shared pieces.  The files of b->load as modprobe finds them: below
 * [usr/]lib/modules/VERSION as the initrd has it, as stored in the guest, with
 * the guest's own complete modules.* lists beside them.
 */
int dw_initrd_add_tree(struct dw_initrd_build *b, struct dw_err *err);

/* The content of one file of an initrd, the last of its name; DW_NOENT, or
 * DW_LIMIT above DW_CPIO_DATA_LEN.  NUL-terminated; the caller frees it. */
int dw_initrd_get(const struct dw_initrd_target *t, const char *path,
		  const char *name, char **data, size_t *len,
		  struct dw_err *err);

#endif
