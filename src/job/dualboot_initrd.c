/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Initrds that lack drivers of one side get them. */
#include <string.h>

#include "base/changes.h"
#include "base/notes.h"
#include "fs/read_text.h"
#include "job/dualboot.h"
#include "job/initrd_need.h"

/* What a kernel could run on, but for its initrd. */
static bool find_lacking(const struct dw_kernel *kernel,
			 const struct dw_boot_check *check,
			 bool sides[DW_SIDE_NR])
{
	sides[DW_SIDE_KVM] = kernel->kvm_ok && !check->kvm_ok;
	sides[DW_SIDE_XEN] = kernel->xen_ok && !check->xen_ok;
	return sides[DW_SIDE_KVM] || sides[DW_SIDE_XEN];
}

/* Codes that say something of this initrd, not of this run. */
static bool is_left(int code)
{
	return code == DW_CORRUPT || dw_fs_has_not(code);
}

static int change(const struct dw_initrd_need *need, struct dw_kernel *kernel,
		  const struct dw_initrd_decision *decision,
		  struct dw_edits *edits, struct dw_err *err)
{
	const struct dw_initrd_change *c = &decision->change;
	size_t first = edits->changes.nr;
	int ret = dw_initrd_apply(c, need->fs, err);

	if (ret)
		return dw_err_prefix(err, ret, "--keep-initrd does without "
				     "this");
	if (!kernel->initrd_path) {
		kernel->initrd_path = strdup(c->path);
		if (!kernel->initrd_path)
			return dw_fail_nomem(err);
	}
	dw_changes_note(&edits->changes, 0, "%s", c->note);
	dw_changes_set_path(&edits->changes, first, c->path);
	return dw_initrd_decision_keep(need, decision, edits, err);
}

static int fit(struct dw_dualboot_plan *plan, size_t kernel_nr,
	       struct dw_edits *edits, struct dw_err *err)
{
	struct dw_system *sys = &plan->state->sys;
	struct dw_kernel *kernel = &sys->guest->kernels.items[kernel_nr];
	struct dw_initrd_need need = {
		.ctx = plan->state->ctx, .fs = sys->root.fs,
		.release = &sys->guest->release, .kernel = kernel,
		.new_root = true,
	};
	struct dw_initrd_decision decision;
	const struct dw_boot_check *check;
	struct dw_err why = { 0 };
	int ret = dw_verdict_check(&sys->source, kernel_nr, &check, err);

	if (ret || !find_lacking(kernel, check, need.sides))
		return ret;
	ret = dw_initrd_decide(&need, &decision, &why);
	if (is_left(ret)) {
		dw_notes_add(&plan->notes, "no drivers are added for %s: %s",
			     kernel->path, why.text);
		return 0;
	}
	if (ret && err)
		*err = why;
	if (!ret && decision.change.len) {
		ret = change(&need, kernel, &decision, edits, err);
		dw_verdict_forget(&sys->source, kernel_nr);
	}
	dw_initrd_decision_free(&decision);
	return ret;
}

int dw_dualboot_fit_initrds(struct dw_dualboot_plan *plan,
			    struct dw_edits *edits, struct dw_err *err)
{
	const struct dw_kernels *kernels = &plan->state->sys.guest->kernels;
	int ret = 0;

	for (size_t i = 0; !ret && i < kernels->nr; i++)
		if (!kernels->items[i].is_rescue)
			ret = fit(plan, i, edits, err);
	return ret;
}
