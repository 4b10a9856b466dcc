/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logins on the consoles of Xen (hvc0, xvc0) and KVM (ttyS0, tty1). */
#ifndef DW_GUEST_CONSOLE_H
#define DW_GUEST_CONSOLE_H

#include "base/buf.h"
#include "base/changes.h"
#include "guest/edit.h"
#include "guest/guest.h"

/* What a guest's files need to know of it. */
struct dw_console {
	const char *xen_tty;	/* "hvc0"; "xvc0" for XenLinux of RHEL, SLES */
	const char *getty;	/* a getty for serial lines: "/sbin/agetty" */
};

/* What a kernel calls the console of Xen: "hvc0", or "xvc0" with XenLinux of
 * RHEL up to 5 and SLES up to 11. */
const char *dw_console_of_kernel(const struct dw_release *release,
				 const struct dw_kernel *kernel);

/* Pure editors: each appends the whole new text to out. */

/*
 * /etc/inittab of sysvinit or busybox: a getty on each of the consoles that
 * has none; a line that is there as a comment is used, else one is added
 * behind the last getty.  A file without any getty stays as it is (upstart).
 */
int dw_inittab_edit(const char *text, size_t len,
		    const struct dw_console *console, struct dw_buf *out,
		    struct dw_changes *changes, struct dw_err *err);

/* /etc/securetty: root may log in on each of them, unless the file lets him log
 * in nowhere. */
int dw_securetty_edit(const char *text, size_t len,
		      const struct dw_console *console, struct dw_buf *out,
		      struct dw_changes *changes, struct dw_err *err);

/* An upstart job for another tty, out of that for tty1; tty1 and the speed are
 * exchanged.  DW_NOT_MINE where the text runs no getty on tty1. */
int dw_upstart_getty(const char *text, size_t len, const char *tty,
		     struct dw_buf *out, struct dw_err *err);

/* Plans what the guest's init system needs. */
int dw_console_plan(const struct dw_guest *guest, struct dw_fs *fs,
		    struct dw_edits *edits, struct dw_err *err);

#endif
