/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known about the operating system on a filesystem. */
#ifndef DW_GUEST_GUEST_H
#define DW_GUEST_GUEST_H

#include "guest/edit.h"
#include "guest/kernel.h"
#include "guest/names.h"
#include "guest/release.h"

struct dw_guest {
	struct dw_release release;
	struct dw_kernels kernels;
	char *root_spec;	/* what fstab names for "/", NULL: nothing */
	bool has_separate_boot;	/* fstab mounts something on /boot */
};

/*
 * Looks at a filesystem that may be a system's root: release, kernels, the
 * root's entry in fstab.  Opens no initrd and no module list, so that it is
 * fast.  A filesystem without a system is success with nothing found.
 */
int dw_guest_inspect(struct dw_ctx *ctx, struct dw_fs *fs,
		     struct dw_guest **out, struct dw_err *err);
void dw_guest_free(struct dw_guest *guest);

/* Whether anything of a system was found: a release, an init or a kernel. */
bool dw_guest_is_system(const struct dw_guest *guest);

/*
 * The names of the root for the editors: the filesystem's UUID and label, what
 * fstab calls it, what mount and init understand.  spec NULL: by UUID, or by
 * label where the UUID is zero; a caller that gives a new UUID passes
 * "UUID=...".  More device names (root= of boot entries) with dw_names_add().
 */
int dw_guest_names(const struct dw_guest *guest, struct dw_fs *fs,
		   const char *spec, struct dw_names *out,
		   struct dw_err *err);

struct dw_guest_edit_opts {
	const struct dw_names *names;
	bool keep_net;		/* leave network configuration alone */
};

/* What the kernel command lines need, found while planning. */
struct dw_guest_needs {
	bool net_ifnames;	/* net.ifnames=0 biosdevname=0 on KVM */
	/* noresume on KVM: the guest resumes from a disk that may be absent,
	 * for which its initrd would wait. */
	bool noresume;
};

/* Plans all edits of the guest's own files: fstab and other places that name
 * disks, gettys, securetty, network.  Boot loaders' files are not among
 * them but for /etc/default/grub, /etc/sysconfig/grub and device.map. */
int dw_guest_plan(const struct dw_guest *guest, struct dw_fs *fs,
		  const struct dw_guest_edit_opts *opts,
		  struct dw_edits *edits, struct dw_guest_needs *needs,
		  struct dw_err *err);

#endif
