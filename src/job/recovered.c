/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A filesystem as it is after recovery, which happens in memory. */
#include <string.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "job/recovered.h"

bool dw_is_ext(const struct dw_fs_info *info)
{
	return !info->partial && !strncmp(info->type, "ext", 3);
}

/* A filesystem's block may be 64 KiB; what changes in it is mostly smaller,
 * and recovery redirects whole blocks of the filesystem. */
static uint32_t overlay_block(const struct dw_fs_info *info)
{
	return (uint32_t)dw_max(dw_min(info->block_len, 4096), 512);
}

int dw_recovered_open(struct dw_ctx *ctx, struct dw_dev *dev,
		      const struct dw_fs_info *info, unsigned fs_flags,
		      struct dw_recovered *out, struct dw_err *err)
{
	int ret;

	memset(out, 0, sizeof(*out));
	ret = dw_overlay_new(dev, overlay_block(info), ctx->memory_cap_len,
			     &out->overlay, err);
	if (!ret)
		ret = dw_fs_recover(ctx, out->overlay, &out->recovery, err);
	/* What was recovered as far as it goes is nothing to build on. */
	if (!ret && out->recovery.damage[0])
		ret = dw_fail(err, DW_CORRUPT, "%s: %s; e2fsck has to mend it "
			      "first", dev->name, out->recovery.damage);
	if (!ret)
		ret = dw_fs_open(ctx, out->overlay, fs_flags, &out->fs, err);
	return ret;
}

void dw_recovered_close(struct dw_recovered *r)
{
	dw_fs_close(r->fs);
	dw_dev_close(r->overlay, NULL);
	memset(r, 0, sizeof(*r));
}
