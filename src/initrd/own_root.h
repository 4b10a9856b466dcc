/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether an initrd around our own /init brings a guest up. */
#ifndef DW_INITRD_OWN_ROOT_H
#define DW_INITRD_OWN_ROOT_H

#include "initrd/change.h"

/* Why /init does not take this root=, as "on LVM, encrypted or multipath";
 * NULL: it does.  It is /init's own parser that tells (init/root.c). */
const char *dw_own_root_why_not(const char *root);

/*
 * DW_UNSUPPORTED, by name, where /init would not find the root of t's guest or
 * where that guest needs more of its initrd:
 *
 *   - t->root_on says so;
 *   - fstab has "/" on a mapped device or RAID, or a menu starts the kernel
 *     with a root= that /init does not take; a menu without the kernel counts
 *     by the entry that it would get.  Neither is asked with t->new_root;
 *   - SELinux of RHEL 6, whose policy nothing but the initrd loads;
 *   - /usr on a filesystem of its own, with /sbin in it.
 *
 * Other codes: the guest could not be read.
 */
int dw_own_check_guest(const struct dw_initrd_target *t, struct dw_err *err);

#endif
