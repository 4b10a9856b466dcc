/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device names in other files than fstab. */
#ifndef DW_GUEST_DEVNAMES_H
#define DW_GUEST_DEVNAMES_H

#include "base/buf.h"
#include "base/changes.h"
#include "guest/names.h"

/*
 * Pure editors: each appends the whole new text to out.  The root gets its
 * lasting name; what names another disk stays, with a remark, since it is
 * right where that disk is.
 */

/* Files of NAME=value lines that hold kernel arguments or devices: /etc/
 * default/grub, /etc/sysconfig/{grub,kernel,bootloader}.  root= and resume=
 * inside a value are looked at, and boot=. */
int dw_args_edit(const char *text, size_t len, const struct dw_names *names,
		 struct dw_buf *out, struct dw_changes *changes,
		 struct dw_err *err);

/* /etc/initramfs-tools/conf.d/resume: RESUME=device. */
int dw_resume_edit(const char *text, size_t len,
		   const struct dw_names *names, struct dw_buf *out,
		   struct dw_changes *changes, struct dw_err *err);

/* Whether such a file names a device to resume from that is not the root: a
 * machine without it would wait, unless told "noresume". */
bool dw_resume_waits(const char *text, size_t len,
		     const struct dw_names *names);

/* /etc/crypttab: volumes on other disks get "nofail" (systemd) or "noauto". */
int dw_crypttab_edit(const char *text, size_t len,
		     const struct dw_names *names, struct dw_buf *out,
		     struct dw_changes *changes, struct dw_err *err);

/* device.map of GRUB: a disk called by its partition's name (as where Xen was
 * given a partition without its disk) gets the disk's. */
int dw_device_map_edit(const char *text, size_t len,
		       const struct dw_names *names, struct dw_buf *out,
		       struct dw_changes *changes, struct dw_err *err);

#endif
