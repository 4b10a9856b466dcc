/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making an initrd where a kernel has none that can be used. */
#ifndef DW_INITRD_MAKE_H
#define DW_INITRD_MAKE_H

#include "initrd/change.h"

/*
 * A whole initrd around an /init of our own, which mounts what it needs, loads
 * the modules in their order, finds the root (UUID=, LABEL=, PARTUUID=, a
 * device) and hands over to its init.  Every wanted module of both sides that
 * the kernel has as a file goes in, uncompressed, with what it needs, and
 * 'more' (NULL: none); drivers of AHCI and IDE where there are any.
 * DW_UNSUPPORTED where /init would not do for this guest: see
 * dw_own_check_guest().
 * The result is gzip, which every kernel unpacks.  The caller frees *data.
 */
int dw_initrd_synth(const struct dw_initrd_target *t,
		    const struct dw_module_list *more, char **data,
		    size_t *len, struct dw_err *err);

/*
 * An initrd for t->kernel in kind: what is in the one at 'path', made for
 * old_version, without that kernel's modules and with those of the new one in
 * their place, and what the root needs, which may have been built in before.  DW_UNSUPPORTED where its family names modules in a way that
 * does not carry over; then dw_initrd_synth() is left.
 */
int dw_initrd_remake(const struct dw_initrd_target *t, const char *path,
		     const char *old_version, char **data, size_t *len,
		     struct dw_err *err);

#endif
