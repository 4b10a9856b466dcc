/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel arguments that choose the console under Xen. */
#ifndef DW_GUEST_CONSOLE_ARGS_H
#define DW_GUEST_CONSOLE_ARGS_H

#include "base/buf.h"
#include "base/changes.h"
#include "base/span.h"

/*
 * Whether a kernel with these arguments would not write to Xen's console: they
 * name only consoles of other machines (tty0, ttyS0), or none.  Who says
 * xencons= has made up his mind.
 */
bool dw_console_lacks_xen(struct dw_span args);

/*
 * /etc/default/grub, from which update-grub and grub2-mkconfig make entries:
 * console=TTY in GRUB_CMDLINE_LINUX, where neither it nor
 * GRUB_CMDLINE_LINUX_DEFAULT names a console of Xen.  A pure editor, tty is a
 * const char *; a value over several lines stays as it is.
 */
int dw_grub_console_edit(const char *text, size_t len, const void *tty,
			 struct dw_buf *out, struct dw_changes *changes,
			 struct dw_err *err);

#endif
