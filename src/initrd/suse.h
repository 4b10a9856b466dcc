/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scripts in initrds of SLES 10 and 11 (NOTES.md). */
#ifndef DW_INITRD_SUSE_H
#define DW_INITRD_SUSE_H

#include "base/changes.h"
#include "initrd/change.h"

/* What of SUSE's mkinitrd made an initrd. */
enum dw_suse_kind {
	DW_SUSE_NONE = 0,
	DW_SUSE_STEPS,	/* 2.x, SLES 11: run_all.sh, config/, boot/ */
	DW_SUSE_SCRIPT,	/* 1.2, SLES 10: all of it in /init */
};

enum dw_suse_kind dw_suse_kind(const char *init, size_t len);

/*
 * Pure editors: each appends the whole new text to out, and changes nothing
 * where all names are there.
 *
 * A shell variable with a list of modules, set as NAME="..." or as
 * [ "$NAME" ] || NAME='...': names go to its front, so that they are loaded
 * first.  Where it is not set, a line that sets it goes before the first line
 * that takes it ('guard': of that second form), or to the end.
 */
struct dw_suse_list {
	const char *name;
	const struct dw_module_list *modules;
	bool guard;
};

int dw_suse_list_edit(const char *text, size_t len, const void *arg,
		      struct dw_buf *out, struct dw_changes *changes,
		      struct dw_err *err);

/* The /init of 1.2: a modprobe line for each module (arg: a struct
 * dw_module_list) before the first that there is, or before the root is looked
 * for.  DW_UNSUPPORTED where it has neither. */
int dw_suse_init_edit(const char *text, size_t len, const void *arg,
		      struct dw_buf *out, struct dw_changes *changes,
		      struct dw_err *err);

#endif
