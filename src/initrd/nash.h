/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The /init of RHEL 4 and 5 and of Fedora up to 11: a linear script for nash,
 * which knows neither conditions nor loops (NOTES.md).
 */
#ifndef DW_INITRD_NASH_H
#define DW_INITRD_NASH_H

#include "base/buf.h"
#include "base/changes.h"
#include "kmod/modules.h"

/* A module that is to be loaded. */
struct dw_nash_module {
	const char *name;	/* normalised: "dm_mod" */
	const char *file;	/* "dm-mod.ko" */
};

struct dw_nash_want {
	/* In the order of loading, with what they need; what the script loads
	 * already is left where it is. */
	const struct dw_nash_module *modules;
	size_t nr;
	/* The root's lasting name, "UUID=..."; NULL: leave it. */
	const char *root;
};

/* How a script loads its modules, told by its first line that does. */
struct dw_nash_style {
	bool modprobe;		/* by name, from lib/modules/VERSION */
	bool known;		/* there is such a line */
	char folder[64];	/* of insmod: "/lib" */
};

/*
 * Inserts lines that load the modules before the first one that needs a disk,
 * sees that device nodes are made between that and the root, and gives
 * mkrootdev a name for the root that lasts where it has one of a kind of disk
 * (/dev/xvda1).  Every other line stays, so that a driver of Xen is still
 * loaded; where it cannot be, nash goes on.  Doing it twice changes nothing.
 * DW_UNSUPPORTED: not such a script, with what is lacking.  The new text is
 * appended to out.
 */
int dw_nash_edit(const char *text, size_t len, const struct dw_nash_want *want,
		 struct dw_nash_style *style, struct dw_buf *out,
		 struct dw_changes *changes, struct dw_err *err);

#endif
