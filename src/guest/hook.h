/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What keeps a guest's syslinux.cfg true after its kernels have changed. */
#ifndef DW_GUEST_HOOK_H
#define DW_GUEST_HOOK_H

#include "base/notes.h"
#include "guest/edit.h"
#include "guest/release.h"

/*
 * Plans a script that makes /boot/syslinux/syslinux.cfg anew from what /boot
 * holds, and a hook in each place where this guest's own tools run one when
 * kernels or initrds come and go; NOTES.md says which those are.  What is
 * there already is left alone, an older one of ours is renewed, and a file of
 * that name that is not ours stays, with a note.  Where nothing runs hooks
 * nothing is installed, and a note says so.
 *
 * *script receives the script's path, which the caller frees, or NULL.
 */
int dw_hook_plan(const struct dw_release *release, struct dw_fs *fs,
		 struct dw_edits *edits, struct dw_notes *notes,
		 char **script, struct dw_err *err);

#endif
