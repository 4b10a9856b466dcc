/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* initrd: what the initrds of a guest hold, and whether they find their root. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"
#include "initrd/boot_check.h"
#include "initrd/own_root.h"
#include "job/initrd_pick.h"
#include "job/recovered.h"
#include "stack/stack.h"

struct look {
	struct dw_ctx *ctx;
	struct dw_stack stack;
	struct dw_dev *dev;		/* its top, seen through */
	struct dw_fs_info info;
	struct dw_recovered recovered;
	struct dw_guest *guest;
	struct dw_initrd_picks picks;
	const char *root_on;		/* see struct dw_initrd_target */
};

static int open_guest(struct look *l, struct dw_err *err)
{
	int ret = dw_stack_see_through(l->stack.dev, &l->dev, err);

	if (!ret)
		ret = dw_fs_identify(l->dev, &l->info, err);
	if ((ret || l->info.partial) &&
	    dw_stack_explain(l->ctx, l->dev, DW_USAGE, err))
		return DW_USAGE;
	if (!ret && !dw_is_ext(&l->info))
		ret = dw_fail(err, DW_UNSUPPORTED, "%s, not an ext2, ext3 or "
			      "ext4 filesystem", l->info.type);
	if (!ret)
		ret = dw_recovered_open(l->ctx, l->dev, &l->info, 0,
					&l->recovered, err);
	if (!ret)
		ret = dw_guest_inspect(l->ctx, l->recovered.fs, &l->guest,
				       err);
	return ret;
}

static void close_guest(struct look *l)
{
	free(l->picks.items);
	dw_guest_free(l->guest);
	dw_recovered_close(&l->recovered);
	dw_dev_close(l->dev, NULL);
	dw_stack_close(&l->stack, NULL);
}

/* ---- one of them ---------------------------------------------------------- */

static void describe(const struct dw_initrd *initrd,
		     struct dw_initrd_info *out)
{
	out->family = dw_initrd_family_name(initrd->family);
	out->entries_nr = initrd->entries_nr;
	for (unsigned i = 0; i < 8 * sizeof(initrd->packings); i++)
		if (initrd->packings & 1u << i)
			dw_notes_add(&out->packings, "%s",
				     dw_packing_name((enum dw_packing)i));
	for (size_t i = 0; i < initrd->modules_nr; i++)
		dw_notes_add(&out->modules, "%s", initrd->modules[i]);
}

static int copy_text(const char *text, char **out, struct dw_err *err)
{
	*out = text ? strdup(text) : NULL;
	return text && !*out ? dw_fail_nomem(err) : 0;
}

static int judge_side(struct dw_initrd_side *out, bool runs, bool boots,
		      const char *why, struct dw_err *err)
{
	out->kernel_runs = runs;
	out->boots = boots;
	return boots ? 0 : copy_text(why, &out->reason, err);
}

static int take_check(struct dw_boot_check *check,
		      const struct dw_kernel *kernel,
		      struct dw_initrd_info *out, struct dw_err *err)
{
	int ret = 0;

	for (int i = 0; i < DW_BUS_NR; i++) {
		out->disks[i].bus = dw_bus_name((enum dw_bus)i);
		out->disks[i].missing = check->missing[i];
		check->missing[i] = NULL;
	}
	if (check->initrd)
		describe(check->initrd, out);
	if (check->initrd_failed)
		ret = copy_text(check->initrd_err.text, &out->problem, err);
	if (!ret)
		ret = judge_side(&out->sides[DW_SIDE_KVM], kernel->kvm_ok,
				 check->kvm_ok, check->kvm_why, err);
	return ret ? ret : judge_side(&out->sides[DW_SIDE_XEN], kernel->xen_ok,
				      check->xen_ok, check->xen_why, err);
}

/* One of ours has its drivers, but does not find each kind of root. */
static int judge_own(struct look *l, const struct dw_kernel *kernel,
		     struct dw_boot_check *check, struct dw_err *err)
{
	const struct dw_initrd_target t = {
		.ctx = l->ctx, .fs = l->recovered.fs, .kernel = kernel,
		.release = &l->guest->release, .root_on = l->root_on,
	};
	struct dw_err why = { 0 };
	int ret = 0;

	if (check->initrd && check->initrd->family == DW_INITRD_OWN)
		ret = dw_own_check_guest(&t, &why);
	if (ret && ret != DW_UNSUPPORTED) {
		if (err)
			*err = why;
		return ret;
	}
	if (ret && check->kvm_ok)
		snprintf(check->kvm_why, sizeof(check->kvm_why), "%s",
			 why.text);
	if (ret && check->xen_ok)
		snprintf(check->xen_why, sizeof(check->xen_why), "%s",
			 why.text);
	if (ret)
		check->kvm_ok = check->xen_ok = false;
	return 0;
}

static int look_at_kernel(struct look *l, const struct dw_initrd_pick *pick,
			  struct dw_initrd_info *out, struct dw_err *err)
{
	struct dw_root_fs root = dw_root_fs_of(&l->info);
	struct dw_kernel kernel = *pick->kernel;
	struct dw_boot_check check;
	char *path = NULL;
	int ret = copy_text(pick->path, &path, err);

	/* As if the initrd were its own. */
	kernel.initrd_path = path;
	if (!ret)
		ret = copy_text(kernel.path, &out->kernel, err);
	if (!ret)
		ret = copy_text(kernel.version, &out->version, err);
	if (!ret)
		ret = dw_boot_check(l->ctx, l->recovered.fs, &kernel, &root,
				    &check, err);
	if (!ret) {
		ret = judge_own(l, &kernel, &check, err);
		if (!ret)
			ret = take_check(&check, &kernel, out, err);
		dw_boot_check_clear(&check);
	}
	free(path);
	return ret;
}

/* It is no kernel's that we know, so modules of any version count. */
static int look_alone(struct look *l, const char *path,
		      struct dw_initrd_info *out, struct dw_err *err)
{
	struct dw_initrd *initrd = NULL;
	int ret = copy_text("", &out->version, err);

	if (!ret)
		ret = dw_initrd_read(l->ctx, l->recovered.fs, path, NULL,
				     &initrd, err);
	if (!ret)
		describe(initrd, out);
	dw_initrd_free(initrd);
	return ret;
}

static int look_at(struct look *l, const struct dw_initrd_pick *pick,
		   struct dw_initrd_info *out, struct dw_err *err)
{
	struct dw_stat st;
	int ret = copy_text(pick->path, &out->path, err);

	if (!ret && out->path && !dw_fs_stat(l->recovered.fs, out->path, &st,
					     NULL))
		out->size = st.size;
	if (!ret && pick->kernel)
		ret = look_at_kernel(l, pick, out, err);
	else if (!ret)
		ret = look_alone(l, pick->path, out, err);
	if (!ret)
		ret = dw_notes_check(&out->packings, err);
	return ret ? ret : dw_notes_check(&out->modules, err);
}

/* ---- all of them ---------------------------------------------------------- */

static int look_at_all(struct look *l, const char *kernel,
		       struct dw_initrds *out, struct dw_err *err)
{
	int ret = dw_initrd_pick_all(l->recovered.fs, l->guest, l->stack.path,
				     kernel, &l->picks, err);

	if (ret)
		return ret;
	out->items = calloc(l->picks.nr, sizeof(*out->items));
	if (!out->items)
		return dw_fail_nomem(err);
	for (size_t i = 0; !ret && i < l->picks.nr; i++) {
		out->nr++;
		ret = look_at(l, &l->picks.items[i], &out->items[i], err);
	}
	return ret;
}

int dw_initrds(struct dw_ctx *ctx, const char *locator, const char *format,
	       unsigned flags, const char *kernel, struct dw_initrds **out,
	       struct dw_err *err)
{
	struct dw_initrds *all = calloc(1, sizeof(*all));
	struct look l = {
		.ctx = ctx, .root_on = dw_stack_root_on(locator),
	};
	int ret;

	*out = NULL;
	if (!all)
		return dw_fail_nomem(err);
	ret = dw_stack_open(ctx, locator, format, flags, &l.stack, err);
	if (!ret) {
		ret = open_guest(&l, err);
		if (!ret)
			ret = look_at_all(&l, kernel, all, err);
		if (ret && ret != DW_USAGE)
			dw_err_prefix(err, ret, "%s", l.stack.dev->name);
	}
	close_guest(&l);
	if (ret)
		dw_initrds_free(all);
	else
		*out = all;
	return ret;
}

static void clear(struct dw_initrd_info *info)
{
	free(info->kernel);
	free(info->version);
	free(info->path);
	free(info->problem);
	dw_notes_free(&info->packings);
	dw_notes_free(&info->modules);
	for (size_t i = 0; i < DW_INITRD_DISKS_NR; i++)
		free(info->disks[i].missing);
	for (size_t i = 0; i < DW_SIDE_NR; i++)
		free(info->sides[i].reason);
}

void dw_initrds_free(struct dw_initrds *initrds)
{
	if (!initrds)
		return;
	for (size_t i = 0; i < initrds->nr; i++)
		clear(&initrds->items[i]);
	free(initrds->items);
	free(initrds);
}
