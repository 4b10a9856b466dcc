/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans the edits of a guest's own files. */
#include <string.h>

#include "guest/fstab.h"
#include "guest/guest.h"

static int fstab(const char *text, size_t len, const void *arg,
		 struct dw_buf *out, struct dw_changes *changes,
		 struct dw_err *err)
{
	return dw_fstab_edit(text, len, arg, out, changes, err);
}

int dw_guest_plan(const struct dw_guest *guest, struct dw_fs *fs,
		  const struct dw_guest_edit_opts *opts,
		  struct dw_edits *edits, struct dw_guest_needs *needs,
		  struct dw_err *err)
{
	memset(needs, 0, sizeof(*needs));
	return dw_edits_run(edits, fs, "/etc/fstab", fstab, opts->names, err);
}
