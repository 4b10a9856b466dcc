/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recovery of a filesystem that was not unmounted. */
#include <string.h>

#include "fs/journal.h"

int dw_fs_recover(struct dw_ctx *ctx, struct dw_dev *overlay,
		  struct dw_recovery *out, struct dw_err *err)
{
	struct dw_recovery stats;
	int ret;

	memset(&stats, 0, sizeof(stats));
	ret = dw_journal_replay(ctx, overlay, &stats, err);
	if (out)
		*out = stats;
	return ret;
}
