/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What to name instead, where a device holds no filesystem itself. */
#include <stdlib.h>
#include <string.h>

#include "lvm/lvm.h"
#include "md/md.h"
#include "part/part.h"
#include "stack/layers.h"

static void explain_table(const struct dw_dev *dev,
			  const struct dw_part_table *table, enum dw_code code,
			  struct dw_err *err)
{
	dw_fail(err, code, "%s: holds a partition table; name one of its %zu"
		" partitions, as in %s@p%u", dev->name, table->parts_nr,
		dev->name, table->parts[0].nr);
}

static void explain_raid(const struct dw_dev *dev, enum dw_code code,
			 struct dw_err *err)
{
	dw_fail(err, code, "%s: a member of a software RAID; what it holds is"
		" %s@md", dev->name, dev->name);
}

/* Of the group's volumes those that a user sees. */
static void explain_vg(const struct dw_dev *dev, const struct dw_vg *vg,
		       const char *what, enum dw_code code, struct dw_err *err)
{
	struct dw_listing names = { .nr = 0 };

	for (size_t i = 0; i < vg->lvs_nr; i++)
		if (vg->lvs[i].is_visible)
			dw_listing_add(&names, vg->lvs[i].name);
	if (vg->problem || !names.nr)
		dw_fail(err, code, "%s: %s %s; %s", dev->name, what, vg->name,
			vg->problem ? vg->problem : "it has no volumes");
	else
		dw_fail(err, code, "%s: %s %s; name a volume of it, as in"
			" %s@%s/LV: %s", dev->name, what, vg->name, dev->name,
			vg->name, names.text);
}

/* A physical volume, of whichever group. */
static void explain_pv(struct dw_stack *stack, enum dw_code code,
		       struct dw_err *err)
{
	struct dw_near_vgs near = { 0 };
	struct dw_lvm *lvm = NULL;
	struct dw_err why;
	int ret = dw_stack_groups(stack, &lvm, &near, &why);

	if (ret)
		dw_fail(err, code, "%s: an LVM physical volume; %s",
			stack->dev->name, why.text);
	else if (near.nr)
		explain_vg(stack->dev, near.vgs[0], "an LVM physical volume of"
			   " the group", code, err);
	else
		dw_fail(err, code, "%s: an LVM physical volume of no group",
			stack->dev->name);
	free(near.vgs);
	dw_lvm_free(lvm);
}

bool dw_stack_explain(struct dw_ctx *ctx, struct dw_dev *dev,
		      enum dw_code code, struct dw_err *err)
{
	struct dw_part_table *table = NULL;
	struct dw_md_info info;
	struct dw_stack stack;
	bool has_parts;

	if (!dw_md_read(dev, &info, NULL)) {
		explain_raid(dev, code, err);
		return true;
	}
	if (!dw_part_read(dev, &table, NULL)) {
		has_parts = table->parts_nr;
		if (has_parts)
			explain_table(dev, table, code, err);
		dw_part_free(table);
		return has_parts;
	}
	if (!dw_lvm_is_pv(dev) ||
	    dw_stack_on(ctx, dev, DW_OPEN_SHARE, &stack, NULL))
		return false;
	explain_pv(&stack, code, err);
	dw_stack_close(&stack, NULL);
	return true;
}

void dw_stack_explain_group(struct dw_stack *stack, const char *name,
			    enum dw_code code, struct dw_err *err)
{
	struct dw_near_vgs near = { 0 };
	struct dw_lvm *lvm = NULL;

	if (!dw_stack_groups(stack, &lvm, &near, NULL))
		for (size_t i = 0; i < near.nr; i++)
			if (!strcmp(near.vgs[i]->name, name) ||
			    !strcmp(near.vgs[i]->id, name))
				explain_vg(stack->dev, near.vgs[i],
					   "the volume group", code, err);
	free(near.vgs);
	dw_lvm_free(lvm);
}
