/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A filesystem as it is after recovery, which happens in memory. */
#ifndef DW_JOB_RECOVERED_H
#define DW_JOB_RECOVERED_H

#include "fs/fs.h"

struct dw_recovered {
	struct dw_dev *overlay;		/* over the device; recovered */
	struct dw_recovery recovery;
	struct dw_fs *fs;		/* on the overlay */
};

/* Whether it is an ext filesystem, which we can recover and read. */
bool dw_is_ext(const struct dw_fs_info *info);

/*
 * Recovers what 'info' says of dev and opens it with 'fs_flags' (enum
 * dw_fs_flags).  Recovered only as far as it goes is DW_CORRUPT.  dev is only
 * read; *out is dw_recovered_close()d after an error too.
 */
int dw_recovered_open(struct dw_ctx *ctx, struct dw_dev *dev,
		      const struct dw_fs_info *info, unsigned fs_flags,
		      struct dw_recovered *out, struct dw_err *err);
void dw_recovered_close(struct dw_recovered *r);

#endif
