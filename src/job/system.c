/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk with a guest on it, opened for both verdicts. */
#include <string.h>

#include "job/system.h"

int dw_system_open(struct dw_ctx *ctx, struct dw_dev *disk, unsigned fs_flags,
		   struct dw_system *sys, struct dw_err *err)
{
	int ret;

	memset(sys, 0, sizeof(*sys));
	ret = dw_root_open(ctx, disk, fs_flags, &sys->root, err);
	if (!ret)
		ret = dw_guest_inspect(ctx, sys->root.fs, &sys->guest, err);
	if (ret)
		return ret;
	sys->source = (struct dw_verdict_source){
		.ctx = ctx,
		.fs = sys->root.fs,
		.disk = disk,
		.fs_dev = sys->root.overlay,
		.part_nr = sys->root.part_nr,
		.start_lba = sys->root.start_off / DW_SECTOR,
		.disk_signature = sys->root.table
			? sys->root.table->disk_signature : 0,
		.release = &sys->guest->release,
		.kernels = &sys->guest->kernels,
	};
	return dw_verdict_checks_new(&sys->source, err);
}

void dw_system_close(struct dw_system *sys)
{
	dw_verdict_checks_free(&sys->source);
	dw_guest_free(sys->guest);
	dw_root_close(&sys->root);
	memset(sys, 0, sizeof(*sys));
}

static bool same_kernels(const struct dw_kernels *a, const struct dw_kernels *b)
{
	size_t i;

	if (a->nr != b->nr)
		return false;
	for (i = 0; i < a->nr; i++)
		if (strcmp(a->items[i].path, b->items[i].path) ||
		    a->items[i].ino != b->items[i].ino ||
		    a->items[i].size != b->items[i].size)
			return false;
	return true;
}

void dw_system_share_checks(struct dw_verdict_source *from,
			    struct dw_verdict_source *to)
{
	size_t i;

	if (!same_kernels(from->kernels, to->kernels))
		return;
	for (i = 0; i < to->kernels->nr; i++) {
		if (to->checks[i])
			continue;
		to->checks[i] = from->checks[i];
		from->checks[i] = NULL;
	}
}
