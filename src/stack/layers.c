/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One layer of a locator on another: partition, volume, RAID's content. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lvm/lvm.h"
#include "md/md.h"
#include "part/part.h"
#include "stack/layers.h"

void dw_listing_add(struct dw_listing *names, const char *name)
{
	const char *sep = names->nr++ ? ", " : "";
	size_t len = strlen(names->text);

	if (names->is_full)
		return;
	/* What was added so far has left room for these dots. */
	names->is_full = len + strlen(sep) + strlen(name) + strlen(", ...") >=
			 sizeof(names->text);
	snprintf(names->text + len, sizeof(names->text) - len, "%s%s", sep,
		 names->is_full ? "..." : name);
}

int dw_stack_see_through(struct dw_dev *dev, struct dw_dev **out,
			 struct dw_err *err)
{
	struct dw_md_info info;
	int ret = dw_md_read(dev, &info, err);

	*out = NULL;
	/* What is left of a superblock tells nothing of the content. */
	if (ret == DW_NOT_MINE || ret == DW_CORRUPT) {
		*out = dw_dev_ref(dev);
		return 0;
	}
	return ret ? ret : dw_md_open(dev, &info, out, err);
}

/* ---- partitions ---------------------------------------------------------- */

static int open_part(struct dw_dev *below, unsigned nr, struct dw_dev **out,
		     struct dw_err *err)
{
	struct dw_part_table *table = NULL;
	const struct dw_part *part;
	int ret;

	ret = dw_part_read(below, &table, err);
	if (ret == DW_NOT_MINE)
		return dw_fail(err, DW_NOENT, "%s: there is no partition %u,"
			       " nor a partition table", below->name, nr);
	if (ret)
		return ret;
	part = dw_part_by_nr(table, nr);
	if (!part)
		ret = dw_fail(err, DW_NOENT, "%s: there is no partition %u"
			      " among the %zu of its table", below->name, nr,
			      table->parts_nr);
	else
		ret = dw_part_open(below, part, out, err);
	dw_part_free(table);
	return ret;
}

/* ---- volumes ------------------------------------------------------------- */

static bool is_called(const struct dw_vg *vg, const char *name)
{
	return !strcmp(vg->name, name) || !strcmp(vg->id, name);
}

static int refuse_group(const struct dw_dev *below, const char *name,
			const struct dw_near_vgs *near, struct dw_err *err)
{
	struct dw_listing names = { .nr = 0 };

	for (size_t i = 0; i < near->nr; i++)
		dw_listing_add(&names, near->vgs[i]->name);
	if (!names.nr)
		return dw_fail(err, DW_NOENT, "%s: there is no volume group %s:"
			       " neither it nor a partition of it is an LVM"
			       " physical volume of a group", below->name,
			       name);
	return dw_fail(err, DW_NOENT, "%s: there is no volume group %s; there"
		       " is %s", below->name, name, names.text);
}

/*
 * Only a group that the layer below is part of: with another, a volume of an
 * image that was merely added would be taken for one of this image.
 */
static int find_group(const struct dw_dev *below,
		      const struct dw_near_vgs *near, const char *name,
		      const struct dw_vg **out, struct dw_err *err)
{
	const struct dw_vg *found = NULL;

	*out = NULL;
	for (size_t i = 0; i < near->nr; i++) {
		if (!is_called(near->vgs[i], name))
			continue;
		if (found)
			return dw_fail(err, DW_USAGE, "%s: two volume groups"
				       " are called %s; name one by its UUID,"
				       " %s or %s", below->name, name,
				       found->id, near->vgs[i]->id);
		found = near->vgs[i];
	}
	if (!found)
		return refuse_group(below, name, near, err);
	*out = found;
	return dw_lvm_check_vg(found, err);
}

/* Which image keeps a volume from being written; NULL: none does. */
static const struct dw_dev *readonly_below(const struct dw_vg *vg)
{
	for (size_t i = 0; i < vg->pvs_nr; i++)
		if (vg->pvs[i].dev && vg->pvs[i].dev->readonly)
			return vg->pvs[i].dev;
	return NULL;
}

/* Another image is of no use where the group itself gave its PV up. */
static bool lacks_image(const struct dw_vg *vg)
{
	for (size_t i = 0; i < vg->pvs_nr; i++)
		if (!vg->pvs[i].dev)
			return true;
	return false;
}

/* Most of what a volume is made of names the volume, which begins so. */
static int fail_lv(const struct dw_dev *below, const struct dw_vg *vg, int ret,
		   const struct dw_err *why, struct dw_err *err)
{
	bool is_named = !strncmp(why->text, below->name, strlen(below->name));

	return dw_fail(err, ret, "%s%s%s%s", is_named ? "" : below->name,
		       is_named ? "" : ": ", why->text,
		       ret == DW_NOENT && lacks_image(vg)
		       ? "; --pv names more images" : "");
}

static int check_writable(const struct dw_dev *layer, const struct dw_lv *lv,
			  const struct dw_dev *dev, struct dw_err *err)
{
	const struct dw_dev assumed = { .readonly = false };
	const struct dw_dev *below = readonly_below(lv->vg);
	struct dw_err why;
	int ret = dw_lv_check_writable(lv, dev, &why);

	/* An image says it better than the volume on it. */
	if (ret && below && !dw_lv_check_writable(lv, &assumed, NULL))
		return dw_fail(err, DW_UNSUPPORTED, "%s: cannot be changed in"
			       " place, as %s cannot", dev->name, below->name);
	return ret ? fail_lv(layer, lv->vg, DW_UNSUPPORTED, &why, err) : 0;
}

static int open_lv(struct dw_stack *stack, const struct dw_vg *vg,
		   const char *text, struct dw_dev **out, struct dw_err *err)
{
	const struct dw_dev *below = stack->dev;
	const struct dw_lv *lv;
	struct dw_err why;
	char *name;
	int ret;

	ret = dw_lvm_find_lv(vg, strchr(text, '/') + 1, &lv, err);
	if (ret)
		return dw_err_prefix(err, ret, "%s", below->name);
	if (asprintf(&name, "%s@%s", below->name, text) < 0)
		return dw_fail_nomem(err);
	ret = dw_lv_open(stack->ctx, lv, name, out, &why);
	free(name);
	if (ret)
		return fail_lv(below, vg, ret, &why, err);
	if (stack->flags & DW_OPEN_RDWR)
		return check_writable(below, lv, *out, err);
	return 0;
}

static int open_volume(struct dw_stack *stack, const char *text,
		       struct dw_dev **out, struct dw_err *err)
{
	struct dw_near_vgs near = { 0 };
	struct dw_lvm *lvm = NULL;
	const struct dw_vg *vg;
	char *group = strndup(text, strcspn(text, "/"));
	int ret;

	ret = group ? dw_stack_groups(stack, &lvm, &near, err) :
		dw_fail_nomem(err);
	if (!ret)
		ret = find_group(stack->dev, &near, group, &vg, err);
	if (!ret)
		ret = open_lv(stack, vg, text, out, err);
	free(group);
	free(near.vgs);
	dw_lvm_free(lvm);
	return ret;
}

/* ---- RAID ---------------------------------------------------------------- */

static int open_raid(struct dw_stack *stack, struct dw_dev **out,
		     struct dw_err *err)
{
	struct dw_md_info info;
	int ret = dw_md_read(stack->dev, &info, err);

	if (ret == DW_NOT_MINE)
		return dw_fail(err, DW_NOENT, "%s: it is no member of a"
			       " software RAID", stack->dev->name);
	if (ret)
		return dw_err_prefix(err, ret, "%s", stack->dev->name);
	if (stack->flags & DW_OPEN_RDWR)
		return dw_fail(err, DW_UNSUPPORTED, "%s: one member of a mirror"
			       " is not changed alone", stack->dev->name);
	return dw_md_open(stack->dev, &info, out, err);
}

/* ---- any of them --------------------------------------------------------- */

/* A table or a group is looked for in what a RAID member holds. */
static int see_through_top(struct dw_stack *stack, struct dw_err *err)
{
	struct dw_dev *content;
	int ret = dw_stack_see_through(stack->dev, &content, err);

	if (ret || content == stack->dev) {
		dw_dev_close(content, NULL);
		return ret;
	}
	return dw_stack_push_take(stack, content, err);
}

int dw_stack_push_layer(struct dw_stack *stack,
			const struct dw_locator_layer *layer,
			struct dw_err *err)
{
	struct dw_dev *dev = NULL;
	int ret = 0;

	/* The image was opened as it was then. */
	if (layer->kind == DW_LOCATOR_SNAPSHOT)
		return 0;
	if (layer->kind != DW_LOCATOR_RAID)
		ret = see_through_top(stack, err);
	if (ret)
		return ret;
	if (layer->kind == DW_LOCATOR_RAID)
		ret = open_raid(stack, &dev, err);
	else if (layer->kind == DW_LOCATOR_VOLUME)
		ret = open_volume(stack, layer->text, &dev, err);
	else
		ret = open_part(stack->dev, layer->part_nr, &dev, err);
	if (ret) {
		dw_dev_close(dev, NULL);
		return ret;
	}
	stack->part_nr = layer->part_nr;
	return dw_stack_push_take(stack, dev, err);
}
