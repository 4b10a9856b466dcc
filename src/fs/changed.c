/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which blocks of a filesystem an overlay really changes. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "fs/ext_internal.h"

/*
 * The overlay tells what was written, and libext2fs writes all bitmaps and
 * descriptors when it writes one.
 */
struct comparing {
	struct dw_ctx *ctx;
	struct dw_dev *dev, *overlay;
	uint64_t block_len;
	uint64_t next_blk;	/* those before were compared */
	uint8_t *was, *is;
	dw_run_fn fn;
	void *arg;
};

static int compare_block(struct comparing *c, uint64_t blk, struct dw_err *err)
{
	uint64_t off = blk * c->block_len;
	uint64_t len = dw_min(c->block_len, c->dev->size - off);
	int ret = dw_ctx_check(c->ctx, err);

	if (!ret)
		ret = dw_dev_pread(c->dev, off, c->was, len, err);
	if (!ret)
		ret = dw_dev_pread(c->overlay, off, c->is, len, err);
	if (ret || !memcmp(c->was, c->is, len))
		return ret;
	return c->fn(c->arg, off, len, err);
}

/* Several runs of the overlay may lie in one block of the filesystem. */
static int compare_run(void *arg, uint64_t off, uint64_t len,
		       struct dw_err *err)
{
	struct comparing *c = arg;
	uint64_t end = dw_div_up(off + len, c->block_len);
	uint64_t blk = dw_max(off / c->block_len, c->next_blk);
	int ret = 0;

	for (; blk < end && !ret; blk++)
		ret = compare_block(c, blk, err);
	c->next_blk = end;
	return ret;
}

int dw_fs_changed(struct dw_ctx *ctx, struct dw_dev *dev,
		  struct dw_dev *overlay, dw_run_fn fn, void *arg,
		  struct dw_err *err)
{
	struct comparing c = {
		.ctx = ctx, .dev = dev, .overlay = overlay, .fn = fn,
		.arg = arg,
	};
	struct dw_ext_super sb;
	int ret = dw_ext_super_read(dev, &sb, err);

	if (!ret)
		ret = dw_ext_super_check(&sb, err);
	if (ret)
		return ret;
	c.block_len = UINT64_C(1024) << sb.log_block_len;
	c.was = malloc(c.block_len);
	c.is = malloc(c.block_len);
	ret = c.was && c.is ? dw_overlay_changed(overlay, compare_run, &c, err)
			    : dw_fail_nomem(err);
	free(c.was);
	free(c.is);
	return ret;
}
