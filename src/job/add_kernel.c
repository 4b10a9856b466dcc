/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* add-kernel: a kernel package's files into a guest, where it lies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/changes.h"
#include "base/notes.h"
#include "job/add_kernel.h"

/* ---- the guest's root ---------------------------------------------------- */

/* An image without a layer: the partition that holds the guest's root. */
static int find_part(struct dw_ctx *ctx, const char *locator,
		     const char *format, unsigned *part_nr, struct dw_err *err)
{
	struct dw_stack stack;
	struct dw_root root = { 0 };
	int ret = dw_stack_open(ctx, locator, format, 0, &stack, err);

	if (ret)
		return ret;
	ret = dw_root_open(ctx, stack.dev, 0, &root, err);
	*part_nr = root.part_nr;
	dw_root_close(&root);
	dw_stack_close(&stack, NULL);
	return ret;
}

static int find_locator(struct dw_add_kernel_plan *plan, const char *given,
			const char *format, struct dw_err *err)
{
	struct dw_locator loc = { 0 };
	unsigned part_nr = 0;
	int ret = dw_stack_parse(given, &loc, err);

	if (!ret && loc.path)
		ret = dw_fail(err, DW_USAGE, "%s: names a file; an image, or "
			      "the partition of it with the guest's root, is "
			      "meant", given);
	if (!ret && !loc.layers_nr)
		ret = find_part(plan->state->ctx, given, format, &part_nr,
				err);
	if (!ret && part_nr && asprintf(&plan->locator, "%s@p%u", given,
					part_nr) < 0) {
		plan->locator = NULL;
		ret = dw_fail_nomem(err);
	} else if (!ret && !part_nr) {
		plan->locator = strdup(given);
		ret = plan->locator ? 0 : dw_fail_nomem(err);
	}
	dw_locator_free(&loc);
	return ret;
}

/* Both verdicts are about a disk with a partition, or one without a table. */
static int check_layers(const struct dw_add_kernel_state *s,
			struct dw_err *err)
{
	const struct dw_stack *stack = &s->amend.stack;

	if (stack->layers_nr > 1u + !!stack->part_nr)
		return dw_fail(err, DW_UNSUPPORTED, "%s: inside a volume, "
			       "where neither PyGrub nor our loader finds a "
			       "kernel", stack->dev->name);
	if (s->before.root.part_nr != stack->part_nr)
		return dw_fail(err, DW_UNSUPPORTED, "%s: the guest's root is "
			       "on partition %u", stack->dev->name,
			       s->before.root.part_nr);
	return 0;
}

static int open_guest(struct dw_add_kernel_plan *plan, const char *format,
		      bool dry_run, struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	unsigned flags = dry_run ? 0 : DW_OPEN_RDWR;
	int ret = dw_amend_open(s->ctx, plan->locator, format, flags,
				&s->amend, err);

	if (!ret)
		ret = dw_system_open(s->ctx, s->amend.stack.disk, 0,
				     &s->before, err);
	if (!ret)
		ret = check_layers(s, err);
	if (!ret)
		ret = dw_verdict_kvm(&s->before.source, &plan->kvm_before,
				     err);
	if (!ret)
		ret = dw_verdict_pygrub(&s->before.source,
					&plan->pygrub_before, err);
	return ret;
}

/* ---- packages ------------------------------------------------------------ */

static int open_packages(struct dw_add_kernel_plan *plan,
			 const struct dw_add_kernel_options *o,
			 struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	struct dw_kernel_package *out;
	struct dw_package *pkg;
	int ret = 0;

	if (!o->packages_nr)
		return dw_fail(err, DW_USAGE, "no package is given");
	s->pkgs = calloc(o->packages_nr, sizeof(*s->pkgs));
	plan->packages = calloc(o->packages_nr, sizeof(*plan->packages));
	if (!s->pkgs || !plan->packages)
		return dw_fail_nomem(err);
	for (size_t i = 0; i < o->packages_nr && !ret; i++) {
		ret = dw_package_open(s->ctx, o->packages[i], &pkg, err);
		if (ret)
			break;
		s->pkgs[s->pkgs_nr++] = pkg;
		out = &plan->packages[plan->packages_nr++];
		*out = (struct dw_kernel_package) {
			.file = pkg->file->name, .name = pkg->name,
			.version = pkg->version, .arch = pkg->arch,
			.depends = pkg->depends,
			.left_out_nr = pkg->left_out_nr,
			.left_out = &pkg->left_out,
		};
	}
	return ret ? ret : dw_kernel_check_packages(plan, err);
}

/* ---- the change ---------------------------------------------------------- */

static int check_boots(const struct dw_add_kernel_plan *plan,
		       const struct dw_boot_check *check, struct dw_err *err)
{
	if (check->kvm_ok || check->xen_ok || plan->state->force)
		return 0;
	return dw_fail(err, DW_NOBOOT, "kernel %s would boot on neither side: "
		       "KVM: %.80s; Xen: %.80s (--force adds it)",
		       plan->version, check->kvm_why, check->xen_why);
}

/* Menus change after the files, whose old blocks they may get. */
static int edit_menus(struct dw_add_kernel_plan *plan, struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	const struct dw_boot_check *check;
	struct dw_kernel_view view;
	int ret = dw_kernel_view_open(plan, &s->amend, &view, err);

	if (!ret && view.kernel_nr < 0)
		ret = dw_fail(err, DW_UNSUPPORTED, "%s is no kernel that a PC "
			      "boots", plan->kernel);
	if (!ret)
		ret = dw_verdict_check(&view.sys.source,
				       (size_t)view.kernel_nr, &check, err);
	if (!ret)
		ret = check_boots(plan, check, err);
	if (!ret)
		ret = dw_kernel_edit_menus(plan, check, err);
	dw_kernel_view_close(&view);
	if (!ret)
		ret = dw_edits_apply(&s->edits, s->amend.fs, err);
	if (!ret)
		ret = dw_changes_check(&s->edits.changes, err);
	dw_changes_take(&plan->changes, &s->edits.changes);
	return ret;
}

static int judge(struct dw_add_kernel_plan *plan, struct dw_err *err)
{
	struct dw_kernel_view view;
	int ret = dw_kernel_view_open(plan, &plan->state->amend, &view, err);

	if (!ret)
		ret = dw_verdict_kvm(&view.sys.source, &plan->kvm, err);
	if (!ret)
		ret = dw_verdict_pygrub(&view.sys.source, &plan->pygrub, err);
	plan->is_worse = (plan->kvm_before.boots && !plan->kvm.boots) ||
			 (plan->pygrub_before.boots && !plan->pygrub.boots);
	dw_kernel_view_close(&view);
	return ret;
}

static void count_files(struct dw_add_kernel_plan *plan)
{
	const struct dw_add_kernel_state *s = plan->state;

	for (size_t i = 0; i < s->files_nr; i++) {
		if (!s->files[i].content)
			continue;
		plan->files_nr++;
		plan->files_len += s->files[i].content->size;
	}
}

static int make_change(struct dw_add_kernel_plan *plan, struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	int ret = dw_kernel_check_guest(plan, err);

	if (!ret)
		ret = dw_kernel_files_list(plan, err);
	if (!ret)
		ret = dw_kernel_check_space(s, err);
	if (!ret)
		ret = dw_kernel_make_lists(plan, err);
	if (!ret && s->firstboot)
		ret = dw_kernel_add_firstboot(plan, err);
	if (!ret)
		ret = dw_kernel_check_space(s, err);
	if (!ret)
		ret = dw_kernel_files_check(s, err);
	if (!ret)
		ret = dw_kernel_place(plan, &s->amend, 0, err);
	if (!ret)
		ret = edit_menus(plan, err);
	if (!ret)
		ret = judge(plan, err);
	count_files(plan);
	return dw_amend_say_where(&s->amend, ret, err);
}

static int fill_plan(struct dw_add_kernel_plan *plan, const char *locator,
		     const char *format, const struct dw_add_kernel_options *o,
		     struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	int ret = open_packages(plan, o, err);

	if (!ret)
		ret = find_locator(plan, locator, format, err);
	if (!ret)
		ret = open_guest(plan, format, o->dry_run, err);
	if (!ret)
		ret = make_change(plan, err);
	if (!ret)
		ret = dw_amend_plan(&s->amend, s->force, err);
	if (ret)
		return ret;
	plan->cost = s->amend.cost;
	dw_notes_add(&plan->notes, "the scripts of the package were not run, "
		     "and the guest's package database is not touched%s",
		     s->firstboot ? " until then" :
		     ": its package manager does not know of this kernel");
	return dw_notes_check(&plan->notes, err);
}

int dw_add_kernel_plan(struct dw_ctx *ctx, const char *locator,
		       const char *format,
		       const struct dw_add_kernel_options *options,
		       struct dw_add_kernel_plan **out, struct dw_err *err)
{
	struct dw_add_kernel_plan *plan = calloc(1, sizeof(*plan));
	int ret;

	*out = NULL;
	if (plan)
		plan->state = calloc(1, sizeof(*plan->state));
	if (!plan || !plan->state) {
		ret = dw_fail_nomem(err);
	} else if (options->size != sizeof(*options)) {
		ret = dw_fail(err, DW_USAGE, "add-kernel: options of another "
			      "version");
	} else {
		plan->state->ctx = ctx;
		plan->state->force = options->force;
		plan->state->firstboot = options->firstboot;
		plan->state->no_default = options->no_default;
		ret = fill_plan(plan, locator, format, options, err);
	}
	if (ret)
		dw_add_kernel_plan_free(plan);
	else
		*out = plan;
	return ret;
}

int dw_add_kernel_run(struct dw_add_kernel_plan *plan, struct dw_err *err)
{
	struct dw_add_kernel_state *s = plan->state;
	bool kvm = plan->kvm_before.boots && !plan->kvm.boots;
	const struct dw_boot_verdict *v = kvm ? &plan->kvm : &plan->pygrub;
	int ret, closed;

	if (plan->is_worse && !s->force)
		return dw_fail(err, DW_NOBOOT, "%s: would no longer boot under "
			       "%s: %s (--force adds it)",
			       s->amend.stack.dev->name,
			       kvm ? "KVM" : "PyGrub", v->reason);
	dw_system_close(&s->before);
	s->like = NULL;
	ret = dw_amend_run(&s->amend, err);
	closed = dw_amend_close(&s->amend, ret ? NULL : err);
	return ret ? ret : closed;
}

static void free_state(struct dw_add_kernel_state *s)
{
	dw_kernel_files_free(s);
	dw_edits_free(&s->edits);
	dw_system_close(&s->before);
	dw_amend_close(&s->amend, NULL);
	for (size_t i = 0; i < s->pkgs_nr; i++)
		dw_package_free(s->pkgs[i]);
	free(s->pkgs);
	free(s);
}

void dw_add_kernel_plan_free(struct dw_add_kernel_plan *plan)
{
	if (!plan)
		return;
	if (plan->state)
		free_state(plan->state);
	free(plan->locator);
	free(plan->version);
	free(plan->kernel);
	free(plan->initrd);
	free(plan->like);
	free(plan->packages);
	dw_changes_free(&plan->changes);
	dw_notes_free(&plan->notes);
	dw_verdict_free(&plan->kvm_before);
	dw_verdict_free(&plan->pygrub_before);
	dw_verdict_free(&plan->kvm);
	dw_verdict_free(&plan->pygrub);
	free(plan);
}
