/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of modules in a guest's configuration. */
#ifndef DW_INITRD_WORDS_H
#define DW_INITRD_WORDS_H

#include "initrd/change.h"

/* A list with a module a line, its options behind it, '#' before comments:
 * appends the text to out, with a line more for each name that it lacks. */
void dw_initrd_add_lines(const char *text, size_t len,
			 const struct dw_module_list *names,
			 struct dw_buf *out, struct dw_changes *changes);

/* Plans that for a file of the guest, which is made where it is missing. */
int dw_initrd_keep_lines(const struct dw_initrd_target *t, const char *path,
			 const struct dw_module_list *names,
			 struct dw_edits *edits, struct dw_err *err);

#endif
