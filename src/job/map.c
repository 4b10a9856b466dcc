/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* map: how a disk lies in its image, run by run. */
#include "base/ctx.h"
#include "dev/dev.h"

/* The run that is being put together; len 0: none yet. */
struct joiner {
	dw_map_fn fn;
	void *arg;
	struct dw_map_run run;
};

static struct dw_map_run run_of(const struct dw_extent *extent)
{
	static const enum dw_map_kind kinds[] = {
		[DW_EXTENT_DATA] = DW_MAP_DATA,
		[DW_EXTENT_ZERO] = DW_MAP_ZERO,
		[DW_EXTENT_UNMAPPED] = DW_MAP_UNMAPPED,
		[DW_EXTENT_COMPRESSED] = DW_MAP_COMPRESSED,
	};
	struct dw_map_run run = {
		.off = extent->off,
		.len = extent->len,
		.kind = kinds[extent->kind],
		.depth = extent->depth,
	};

	/* Where a hole of the host's file would be is of no use to anybody,
	 * nor where something is in a file without a name. */
	run.has_host_off = extent->host_fd >= 0 && !extent->is_spool &&
			   run.kind != DW_MAP_UNMAPPED;
	run.host_off = run.has_host_off ? extent->host_off : 0;
	return run;
}

static bool follows(const struct dw_map_run *run, const struct dw_map_run *next)
{
	return run->kind == next->kind && run->depth == next->depth &&
	       run->has_host_off == next->has_host_off &&
	       (!run->has_host_off ||
		run->host_off + run->len == next->host_off);
}

static int pass_on(struct joiner *j, struct dw_err *err)
{
	return j->run.len ? j->fn(j->arg, &j->run, err) : 0;
}

static int add_run(struct joiner *j, const struct dw_map_run *next,
		   struct dw_err *err)
{
	int ret;

	if (j->run.len && follows(&j->run, next)) {
		j->run.len += next->len;
		return 0;
	}
	ret = pass_on(j, err);
	j->run = *next;
	return ret;
}

int dw_image_map(struct dw_ctx *ctx, struct dw_dev *dev, dw_map_fn fn,
		 void *arg, struct dw_err *err)
{
	struct joiner j = { .fn = fn, .arg = arg };
	struct dw_extent extent;
	struct dw_map_run run;
	uint64_t off;
	int ret = 0;

	for (off = 0; !ret && off < dev->size; off += extent.len) {
		ret = dw_ctx_check(ctx, err);
		if (!ret)
			ret = dw_dev_extent(dev, off, dev->size - off, &extent,
					    err);
		if (ret)
			return ret;
		run = run_of(&extent);
		ret = add_run(&j, &run, err);
	}
	return ret ? ret : pass_on(&j, err);
}
