/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* modprobe.conf: what loads the disk and the network of either hypervisor. */
#ifndef DW_GUEST_MODPROBE_CONF_H
#define DW_GUEST_MODPROBE_CONF_H

#include "guest/edit.h"

/* Modules that the next initrd is to hold; may be none. */
struct dw_modprobe_want {
	const char *const *names;
	size_t nr;
};

/*
 * /etc/modprobe.conf, a file of modprobe.d, /etc/modules.conf of Linux 2.4:
 * a dw_edit_fn, whose arg is a struct dw_modprobe_want or NULL.
 *
 * "alias eth0 xennet" gets "alias eth0 virtio_net" beside it: of several
 * aliases of a name modprobe loads each, and takes a failure of some for a
 * warning.  mkinitrd of RHEL 4 and 5 takes the modules of all aliases that
 * begin with "scsi_hostadapter": each wanted one, and virtio_pci and
 * virtio_blk beside xenblk, gets one of the next free number.  Nothing is
 * taken away, so that the Xen side keeps what it has.
 */
int dw_modprobe_conf_edit(const char *text, size_t len, const void *arg,
			  struct dw_buf *out, struct dw_changes *changes,
			  struct dw_err *err);

/* Runs it on all of a guest's such files, for the pairs alone. */
int dw_modprobe_plan(struct dw_fs *fs, struct dw_edits *edits,
		     struct dw_err *err);

#endif
