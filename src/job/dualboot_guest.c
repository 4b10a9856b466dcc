/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's own files: disks by lasting names, logins, both boot menus. */
#include <stdlib.h>
#include <string.h>

#include "base/changes.h"
#include "base/notes.h"
#include "base/uuid.h"
#include "guest/hook.h"
#include "job/bootfiles.h"
#include "job/dualboot.h"

/* The other partitions of a disk that keeps its table: swap and data that go
 * with the root.  What has no UUID that we know keeps its names. */
static int learn_parts(const struct dw_root *root, struct dw_names *names,
		       struct dw_err *err)
{
	size_t i, parts_nr = root->table ? root->table->parts_nr : 0;
	char uuid[DW_UUID_TEXT];
	struct dw_fs_info info;
	struct dw_dev *dev;
	int ret;

	for (i = 0; i < parts_nr; i++) {
		const struct dw_part *part = &root->table->parts[i];

		if (part->extended || part->nr == root->part_nr)
			continue;
		ret = dw_part_open(root->disk, part, &dev, err);
		if (ret)
			return ret;
		ret = dw_fs_identify(dev, &info, err);
		dw_dev_close(dev, NULL);
		if (ret == DW_IO || ret == DW_NOMEM || ret == DW_CANCELLED)
			return ret;
		if (ret || !info.has_uuid || dw_uuid_is_zero(info.uuid))
			continue;
		dw_uuid_format(info.uuid, uuid);
		dw_names_add_part(names, part->nr, uuid);
	}
	return 0;
}

/* Without a kernel for KVM there is no syslinux.cfg to keep. */
static bool starts_on_kvm(const struct dw_guest *guest)
{
	for (size_t i = 0; i < guest->kernels.nr; i++)
		if (guest->kernels.items[i].kvm_ok)
			return true;
	return false;
}

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
		ret = learn_parts(&sys->root, &boot.names, err);
	if (!ret)
		ret = dw_bootfiles_learn(&boot, err);
	if (!ret)
		ret = dw_guest_plan(sys->guest, sys->root.fs, &opts, edits,
				    &needs, err);
	boot.net_ifnames = needs.net_ifnames;
	boot.noresume = needs.noresume;
	/* Before the menus: how a root is named depends on the initrd. */
	if (!ret && !options->keep_initrd)
		ret = dw_dualboot_fit_initrds(plan, edits, err);
	if (!ret)
		ret = dw_bootfiles_xen(&boot, err);
	if (!ret)
		ret = dw_bootfiles_kvm(&boot, err);
	if (!ret && !options->no_hook && starts_on_kvm(sys->guest))
		ret = dw_hook_plan(&sys->guest->release, sys->root.fs, edits,
				   &plan->notes, &plan->hook_path, err);
	return ret;
}

/* ---- SELinux ------------------------------------------------------------------ */

static bool enforces_selinux(struct dw_fs *fs)
{
	struct dw_span value;
	bool enforces;
	char *text;
	size_t len;

	if (dw_fs_read_file(fs, "/etc/selinux/config", 65536, &text, &len,
			    NULL))
		return false;
	enforces = dw_shell_value(text, len, "SELINUX", &value) &&
		   dw_span_is(value, "enforcing");
	free(text);
	return enforces;
}

/*
 * New files take the label of their folder.  Where that has none (copied by
 * something that drops labels) an enforcing system has to label itself.
 */
static int ask_for_relabel(struct dw_dualboot_plan *plan, struct dw_err *err)
{
	struct dw_fs *fs = plan->state->sys.root.fs;
	char *label;
	size_t len;
	int ret;

	if (!enforces_selinux(fs))
		return 0;
	if (!dw_fs_getxattr(fs, DW_LOADER_DIR, "security.selinux", &label,
			    &len, NULL)) {
		free(label);
		return 0;
	}
	ret = dw_fs_write_file(fs, "/.autorelabel", "", 0, NULL, err);
	if (!ret)
		dw_notes_add(&plan->notes, "SELinux is enforced and its labels "
			     "are missing: /.autorelabel makes the guest label "
			     "itself at its next start");
	return ret;
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
		ret = ask_for_relabel(plan, err);
	if (!ret)
		ret = dw_changes_check(&edits.changes, err);
	dw_changes_take(&plan->changes, &edits.changes);
	dw_edits_free(&edits);
	return ret;
}
