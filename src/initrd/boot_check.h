/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdict on one kernel of a guest, its initrd included. */
#ifndef DW_INITRD_BOOT_CHECK_H
#define DW_INITRD_BOOT_CHECK_H

#include "initrd/initrd.h"

struct dw_boot_check {
	struct dw_initrd *initrd;	/* NULL: none, or not readable */
	bool initrd_failed;		/* there is one, but: */
	struct dw_err initrd_err;
	char *missing[DW_BUS_NR];	/* modules, by bus; NULL: it works */
	/* On KVM with a virtio-blk disk, and under Xen PV. */
	bool kvm_ok, xen_ok;
	char kvm_why[320], xen_why[320];	/* "" or why not */
};

/*
 * Opens the initrd of a kernel and judges both together.  This unpacks the
 * whole initrd (some 0.1 s), so inspect does without it.  An initrd that
 * cannot be read makes both verdicts "no" and is no failure of the call.
 * Free with dw_boot_check_clear().
 */
int dw_boot_check(struct dw_ctx *ctx, struct dw_fs *fs,
		  const struct dw_kernel *kernel,
		  const struct dw_root_fs *root, struct dw_boot_check *out,
		  struct dw_err *err);
void dw_boot_check_clear(struct dw_boot_check *check);

#endif
