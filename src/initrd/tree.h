/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside dw_initrd_add_tree(): modules and the list of what they need. */
#ifndef DW_INITRD_TREE_H
#define DW_INITRD_TREE_H

#include "initrd/family.h"

/* A module that was added, and its path below the folder of the kernel. */
struct dw_tree_path {
	char name[DW_MODULE_NAME];
	char *path;
};

struct dw_tree_paths {
	struct dw_tree_path *items;	/* sorted by name */
	size_t nr;
};

/* Where the initrd has a module; NULL: nowhere. */
const char *dw_tree_held(const struct dw_initrd_layout *l, const char *name);

/* "modules.LIST" of the guest; *data NULL where there is none. */
int dw_tree_read(const struct dw_initrd_target *t, const char *list,
		 char **data, size_t *len, struct dw_err *err);
void dw_tree_put(struct dw_initrd_build *b, const char *list,
		 const char *data, size_t len);

/*
 * modules.dep and modules.dep.bin: the guest's own, or where they name other
 * files than the initrd has (unpacked ones, as a rule) new ones that name
 * those.
 */
int dw_tree_add_deps(struct dw_initrd_build *b,
		     const struct dw_tree_paths *paths, struct dw_err *err);

#endif
