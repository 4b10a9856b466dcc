/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Naming what no driver of ours claims. */
#ifndef DW_FS_IDENTIFY_H
#define DW_FS_IDENTIFY_H

#include "dev/dev.h"
#include "fs/fs.h"

/* Asks libblkid; 'partial' is set.  DW_NOT_MINE where it does not know. */
int dw_blkid_identify(struct dw_dev *dev, struct dw_fs_info *out,
		      struct dw_err *err);
/* The same, as if the kind of that name were not known: what else is there? */
int dw_blkid_identify_but(struct dw_dev *dev, const char *type,
			  struct dw_fs_info *out, struct dw_err *err);

#endif
