/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /etc/fstab: disks called by names that last, absent ones allowed. */
#ifndef DW_GUEST_FSTAB_H
#define DW_GUEST_FSTAB_H

#include "base/buf.h"
#include "base/changes.h"
#include "guest/names.h"

/*
 * What the entry for a mount point names, as it stands there (fstab(5)); false
 * where there is no such entry.  Where there are several the first counts.
 */
bool dw_fstab_find(const char *text, size_t len, const char *mount_point,
		   struct dw_span *spec);

/* What the next entry of swap space from *pos on names; *pos, at first 0, moves
 * behind it. */
bool dw_fstab_next_swap(const char *text, size_t len, size_t *pos,
			struct dw_span *spec);

/*
 * Rewrites an fstab into out, by what each entry points to: the root becomes
 * names->spec unless its name lasts already; swap and other disks, which may
 * be absent where the image now runs, get "nofail" ("noauto" where mount is
 * too old) and passno 0; pseudo and network filesystems, files, binds and
 * comments stay.  Every byte of a line that does not change, and the blanks of
 * one that does, are kept.  Changes and remarks go to 'changes'.
 */
int dw_fstab_edit(const char *text, size_t len, const struct dw_names *names,
		  struct dw_buf *out, struct dw_changes *changes,
		  struct dw_err *err);

#endif
