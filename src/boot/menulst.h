/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line of a GRUB legacy configuration; for its reader and its editor. */
#ifndef DW_BOOT_MENULST_H
#define DW_BOOT_MENULST_H

#include "boot/text.h"

/* A command ends at a blank or '='; off is where rest starts in the line. */
struct dw_menulst_line {
	struct dw_span command;
	struct dw_span rest;
	size_t off;
};

/* False for an empty line and a comment. */
bool dw_menulst_cut(const struct dw_text *t, uint32_t line,
		    struct dw_menulst_line *out);
/* "(hd0,0)/boot/x" -> "/boot/x" */
struct dw_span dw_menulst_path(struct dw_span word);

#endif
