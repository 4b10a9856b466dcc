/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of an LVM physical volume is worth copying. */
#ifndef DW_JOB_WANTED_PV_H
#define DW_JOB_WANTED_PV_H

#include "job/wanted_part.h"

/*
 * Its metadata, what lies behind its extents, and of its logical volumes what
 * is wanted of each, as if that were a disk: free extents stay behind.  For
 * certain that is known only of a group that lies on this PV alone and has no
 * volumes but linear ones; everything else is an error that
 * dw_is_about_content(), for all of it is wanted then.  Fills out's runs,
 * overlay, recovery, nested, and as a note why a volume is copied in full.
 */
int dw_wanted_look_pv(struct dw_ctx *ctx, struct dw_dev *dev, unsigned depth,
		      struct dw_wanted_part *out, struct dw_err *err);

#endif
