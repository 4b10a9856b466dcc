/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's own files: disks by lasting names, logins, both boot menus. */
#include <string.h>

#include "base/changes.h"
#include "base/notes.h"
#include "base/uuid.h"
#include "job/bootfiles.h"
#include "job/dualboot.h"

static int plan_edits(struct dw_dualboot_plan *plan,
		      const struct dw_dualboot_options *options,
		      const char *old_uuid, struct dw_edits *edits,
		      struct dw_err *err)
{
	struct dw_system *sys = &plan->state->sys;
	struct dw_bootfiles boot = {
		.source = &sys->source,
		.guest = sys->guest,
		.new_table = plan->state->disk.has_new_table,
		.xen_root = options->xen_root,
		.kvm_root = options->kvm_root,
		.old_uuid = old_uuid[0] ? old_uuid : NULL,
		.edits = edits,
		.notes = &plan->notes,
	};
	struct dw_guest_edit_opts opts = {
		.names = &boot.names, .keep_net = options->keep_net,
	};
	struct dw_guest_needs needs = { 0 };
	char spec[DW_UUID_TEXT + 5] = "UUID=";
	int ret;

	dw_uuid_format(plan->fs.uuid, spec + 5);
	ret = dw_guest_names(sys->guest, sys->root.fs,
			     old_uuid[0] ? spec : NULL, &boot.names, err);
	boot.names.unpartitioned = !plan->state->disk.has_new_table;
	if (!ret)
		ret = dw_bootfiles_learn(&boot, err);
	if (!ret)
		ret = dw_guest_plan(sys->guest, sys->root.fs, &opts, edits,
				    &needs, err);
	boot.net_ifnames = needs.net_ifnames;
	boot.noresume = needs.noresume;
	if (!ret)
		ret = dw_bootfiles_xen(&boot, err);
	return ret ? ret : dw_bootfiles_kvm(&boot, err);
}

int dw_dualboot_edit_guest(struct dw_dualboot_plan *plan,
			   const struct dw_dualboot_options *options,
			   const char *old_uuid, struct dw_err *err)
{
	struct dw_edits edits = { 0 };
	int ret;

	ret = plan_edits(plan, options, old_uuid, &edits, err);
	if (!ret)
		ret = dw_edits_apply(&edits, plan->state->sys.root.fs, err);
	if (!ret)
		ret = dw_changes_check(&edits.changes, err);
	dw_changes_take(&plan->changes, &edits.changes);
	dw_edits_free(&edits);
	return ret;
}
