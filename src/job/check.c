/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check: would this image boot, and does its boot record still fit? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"
#include "dev/kinds.h"
#include "job/system.h"

static int look_at_loader(struct dw_system *sys, struct dw_loader_state *state,
			  struct dw_err *err)
{
	struct dw_loader_place place = {
		.whole_disk = !sys->root.part_nr,
		.start_lba = sys->root.start_off / DW_SECTOR,
	};

	return dw_loader_inspect(sys->root.fs, sys->root.overlay, &place,
				 state, err);
}

static int describe(struct dw_system *sys, struct dw_check_report *r,
		    struct dw_err *err)
{
	struct dw_loader_state state;
	char where[16] = "";
	int ret;

	ret = look_at_loader(sys, &state, err);
	if (ret)
		return ret;
	if (sys->root.part_nr)
		snprintf(where, sizeof(where), "p%u", sys->root.part_nr);
	r->where = strdup(where);
	r->loader = state.name[0] ? strdup(state.name) : NULL;
	r->loader_ours = state.kind == DW_LOADER_OURS;
	r->loader_stale = state.stale;
	if (!r->where || (state.name[0] && !r->loader))
		return dw_fail_nomem(err);
	if (state.stale)
		dw_notes_add(&r->notes, "the boot record is stale (%s); %s",
			     state.problem, r->loader_ours
			     ? "--repair-boot writes it again"
			     : "'extlinux --update' in the guest mends it");
	else if (state.outdated)
		dw_notes_add(&r->notes, "its boot loader is an older one (%s, "
			     "this program has %s); --repair-boot brings it up "
			     "to date", state.name, dw_loader_name());
	r->needs_recovery = sys->root.recovery.transactions_nr ||
			    sys->root.recovery.orphans_deleted_nr ||
			    sys->root.recovery.orphans_truncated_nr;
	if (r->needs_recovery)
		dw_notes_add(&r->notes, "the filesystem was not unmounted; "
			     "its journal was replayed in memory");
	return dw_notes_check(&r->notes, err);
}

int dw_check(struct dw_ctx *ctx, struct dw_dev *dev,
	     struct dw_check_report **out, struct dw_err *err)
{
	struct dw_check_report *r = calloc(1, sizeof(*r));
	struct dw_system sys;
	int ret;

	*out = NULL;
	if (!r)
		return dw_fail_nomem(err);
	ret = dw_system_open(ctx, dev, 0, &sys, err);
	if (!ret)
		ret = describe(&sys, r, err);
	if (!ret)
		ret = dw_verdict_kvm(&sys.source, &r->kvm, err);
	if (!ret)
		ret = dw_verdict_pygrub(&sys.source, &r->pygrub, err);
	dw_system_close(&sys);
	if (ret) {
		dw_check_report_free(r);
		return ret;
	}
	*out = r;
	return 0;
}

void dw_check_report_free(struct dw_check_report *report)
{
	if (!report)
		return;
	free(report->where);
	free(report->loader);
	dw_verdict_free(&report->kvm);
	dw_verdict_free(&report->pygrub);
	dw_notes_free(&report->notes);
	free(report);
}

/* ---- repair --------------------------------------------------------------------- */

static int copy_back(void *arg, uint64_t off, uint64_t len, struct dw_err *err)
{
	struct dw_system *sys = arg;
	uint8_t *buf = malloc(len);
	int ret;

	if (!buf)
		return dw_fail_nomem(err);
	ret = dw_dev_pread(sys->root.overlay, off, buf, len, err);
	if (!ret)
		ret = dw_dev_pwrite(sys->root.disk, sys->root.start_off + off,
				    buf, len, err);
	free(buf);
	return ret;
}

/* A filesystem with a journal to replay is not written: its blocks may be in
 * the journal as well, and come back from there. */
static int refuse_dirty(const struct dw_system *sys, struct dw_err *err)
{
	if (!sys->root.recovery.transactions_nr)
		return 0;
	return dw_fail(err, DW_UNSUPPORTED,
		       "%s: its journal must be replayed first (e2fsck, or "
		       "boot and shut down)", sys->root.disk->name);
}

int dw_check_repair_boot(struct dw_ctx *ctx, struct dw_dev *dev,
			 struct dw_err *err)
{
	struct dw_loader_state state;
	struct dw_loader_place place;
	struct dw_system sys;
	int ret;

	ret = dw_system_open(ctx, dev, DW_FS_WRITE, &sys, err);
	if (!ret)
		ret = refuse_dirty(&sys, err);
	if (!ret)
		ret = look_at_loader(&sys, &state, err);
	place.whole_disk = !sys.root.part_nr;
	place.start_lba = sys.root.start_off / DW_SECTOR;
	if (!ret)
		ret = dw_loader_repair(sys.root.fs, sys.root.overlay, &place,
				       &state, err);
	if (!ret)
		ret = dw_fs_flush(sys.root.fs, err);
	if (!ret)
		ret = dw_overlay_changed(sys.root.overlay, copy_back, &sys,
					 err);
	if (!ret)
		ret = dw_dev_flush(dev, err);
	dw_system_close(&sys);
	return ret;
}
