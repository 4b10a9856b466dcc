/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is to be extracted: volumes, partitions, or what was named. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/awake.h"
#include "job/convert.h"
#include "job/extract.h"
#include "lvm/lvm.h"
#include "part/part.h"
#include "stack/stack.h"

bool dw_extract_is_fatal(int code)
{
	return code == DW_NOMEM || code == DW_CANCELLED || code == DW_USAGE ||
	       code == DW_NOSPACE;
}

int dw_extract_set_problem(struct dw_extract_plan *plan,
			   struct dw_extract_item *item,
			   const struct dw_err *why, struct dw_err *err)
{
	dw_convert_plan_free(item->image);
	item->image = NULL;
	item->problem = strdup(why->text);
	if (!item->problem)
		return dw_fail_nomem(err);
	if (plan->problems_nr++)
		return 0;
	plan->state->first_problem = *why;
	/* Mostly it is in the name of the device already. */
	if (!strstr(why->text, item->layer))
		dw_err_prefix(&plan->state->first_problem, why->code, "%s",
			      item->layer);
	return 0;
}

/* ---- one item ------------------------------------------------------------ */

static int add_item(struct dw_extract_plan *plan, const char *layer,
		    struct dw_extract_item **out, struct dw_err *err)
{
	struct dw_extract_item *items;

	items = reallocarray(plan->items, plan->items_nr + 1, sizeof(*items));
	if (!items)
		return dw_fail_nomem(err);
	plan->items = items;
	*out = &items[plan->items_nr];
	**out = (struct dw_extract_item){ .layer = strdup(layer) };
	if (!(*out)->layer)
		return dw_fail_nomem(err);
	plan->items_nr++;
	return 0;
}

/*
 * Plans the image of the item on dev, which is closed; ret is that of opening
 * it, and why its error.
 */
static int plan_item(struct dw_extract_plan *plan, struct dw_extract_item *item,
		     struct dw_dev *dev, int ret, struct dw_err *why,
		     struct dw_err *err)
{
	struct dw_extract_state *s = plan->state;

	if (!ret)
		ret = dw_convert_plan_as_is(s->ctx, dev, &s->image,
					    s->asleep[0] ? s->asleep : NULL,
					    &item->image, why);
	dw_dev_close(dev, NULL);
	if (!ret)
		return 0;
	if (!dw_extract_is_fatal(ret))
		return dw_extract_set_problem(plan, item, why, err);
	if (err)
		*err = *why;
	return ret;
}

/* ---- volumes -------------------------------------------------------------- */

/* What a pool holds is the content of its volumes. */
static bool is_for_users(const struct dw_lv *lv)
{
	return lv->is_visible && lv->segments_nr &&
	       lv->segments[0].kind != DW_SEGMENT_THIN_POOL &&
	       lv->segments[0].kind != DW_SEGMENT_CACHE_POOL;
}

static int add_volume(struct dw_extract_plan *plan, const struct dw_lv *lv,
		      struct dw_err *err)
{
	struct dw_extract_state *s = plan->state;
	struct dw_extract_item *item;
	struct dw_dev *dev = NULL;
	struct dw_err why = { 0 };
	char *layer, *name;
	int ret;

	if (asprintf(&layer, "%s/%s", lv->vg->name, lv->name) < 0)
		return dw_fail_nomem(err);
	ret = add_item(plan, layer, &item, err);
	free(layer);
	if (ret)
		return ret;
	if (asprintf(&name, "%s@%s", s->source->name, item->layer) < 0)
		return dw_fail_nomem(err);
	ret = dw_lv_open(s->ctx, lv, name, &dev, &why);
	free(name);
	return plan_item(plan, item, dev, ret, &why, err);
}

static int add_group(struct dw_extract_plan *plan, const struct dw_vg *vg,
		     struct dw_err *err)
{
	struct dw_extract_item *item;
	struct dw_err why = { 0 };
	size_t i;
	int ret = 0;

	if (vg->problem) {
		dw_fail(&why, DW_CORRUPT, "%s", vg->problem);
		ret = add_item(plan, vg->name[0] ? vg->name : vg->id, &item,
			       err);
		return ret ? ret : dw_extract_set_problem(plan, item, &why,
							  err);
	}
	for (i = 0; i < vg->lvs_nr && !ret; i++)
		if (is_for_users(&vg->lvs[i]))
			ret = add_volume(plan, &vg->lvs[i], err);
	return ret;
}

/* *groups_nr receives how many there are. */
static int add_groups(struct dw_extract_plan *plan, unsigned flags,
		      size_t *groups_nr, struct dw_err *err)
{
	struct dw_extract_state *s = plan->state;
	struct dw_near_vgs near = { 0 };
	struct dw_lvm *lvm = NULL;
	struct dw_stack stack;
	size_t i;
	int ret;

	ret = dw_stack_on(s->ctx, s->source, flags, &stack, err);
	if (ret)
		return ret;
	ret = dw_stack_groups(&stack, &lvm, &near, err);
	for (i = 0; i < near.nr && !ret; i++)
		ret = add_group(plan, near.vgs[i], err);
	*groups_nr = near.nr;
	free(near.vgs);
	dw_lvm_free(lvm);
	dw_stack_close(&stack, NULL);
	return ret;
}

/* ---- partitions ----------------------------------------------------------- */

static int add_part(struct dw_extract_plan *plan, const struct dw_part *part,
		    struct dw_err *err)
{
	struct dw_extract_item *item;
	struct dw_dev *dev = NULL;
	struct dw_err why = { 0 };
	char layer[16];
	int ret;

	snprintf(layer, sizeof(layer), "p%u", part->nr);
	ret = add_item(plan, layer, &item, err);
	if (ret)
		return ret;
	ret = dw_part_open(plan->state->source, part, &dev, &why);
	return plan_item(plan, item, dev, ret, &why, err);
}

static int add_parts(struct dw_extract_plan *plan, struct dw_err *err)
{
	struct dw_part_table *table = NULL;
	size_t i;
	int ret = dw_part_read(plan->state->source, &table, err);

	if (ret == DW_NOT_MINE)
		return dw_fail(err, DW_NOENT, "%s: holds neither a volume "
			       "group nor a partition table",
			       plan->state->source->name);
	for (i = 0; !ret && i < table->parts_nr; i++)
		if (!table->parts[i].extended)
			ret = add_part(plan, &table->parts[i], err);
	dw_part_free(table);
	return ret;
}

/* ---- either --------------------------------------------------------------- */

static int add_named(struct dw_extract_plan *plan, const char *layer,
		     unsigned flags, struct dw_err *err)
{
	struct dw_extract_item *item;
	struct dw_dev *dev = NULL;
	struct dw_err why = { 0 };
	int ret = add_item(plan, layer, &item, err);

	if (ret)
		return ret;
	ret = dw_stack_descend(plan->state->ctx, plan->state->source, layer,
			       flags, &dev, &why);
	return plan_item(plan, item, dev, ret, &why, err);
}

static int add_all(struct dw_extract_plan *plan, unsigned flags,
		   struct dw_err *err)
{
	size_t groups_nr = 0;
	int ret = add_groups(plan, flags, &groups_nr, err);

	if (!ret && !groups_nr)
		ret = add_parts(plan, err);
	if (ret || plan->items_nr)
		return ret;
	return dw_fail(err, DW_NOENT, "%s: there is no %s to extract",
		       plan->state->source->name,
		       groups_nr ? "volume" : "partition");
}

static int add_items(struct dw_extract_plan *plan,
		     const struct dw_extract_options *options, unsigned flags,
		     struct dw_err *err)
{
	size_t i;
	int ret = 0;

	if (!options->layers_nr)
		return add_all(plan, flags, err);
	for (i = 0; i < options->layers_nr && !ret; i++)
		ret = add_named(plan, options->layers[i], flags, err);
	return ret;
}

/* ---- suspended systems ---------------------------------------------------- */

/* The groups that may be extracted; what cannot be looked at there is the
 * problem of an item, or of nobody. */
static int check_groups(struct dw_extract_state *s, unsigned flags,
			struct dw_err *err)
{
	struct dw_near_vgs near = { 0 };
	struct dw_lvm *lvm = NULL;
	struct dw_stack stack;
	size_t i;
	int ret;

	ret = dw_stack_on(s->ctx, s->source, flags, &stack, err);
	if (ret)
		return ret;
	ret = dw_stack_groups(&stack, &lvm, &near, err);
	if (ret && !dw_extract_is_fatal(ret))
		ret = 0;
	for (i = 0; i < near.nr && !ret; i++)
		ret = dw_awake_check_group(s->ctx, near.vgs[i], err);
	free(near.vgs);
	dw_lvm_free(lvm);
	dw_stack_close(&stack, NULL);
	return ret;
}

/* Whether a system sleeps in the image, whichever part of it is asked for. */
static int find_sleeper(struct dw_extract_state *s, unsigned flags,
			struct dw_err *err)
{
	struct dw_err why = { 0 };
	int ret = dw_awake_check_disk(s->ctx, s->source, &why);

	if (!ret)
		ret = check_groups(s, flags, &why);
	if (ret == DW_UNSUPPORTED)
		memcpy(s->asleep, why.text, sizeof(s->asleep));
	if (!dw_extract_is_fatal(ret))
		return 0;
	if (err)
		*err = why;
	return ret;
}

/* One that sleeps in a file is seen when the filesystem has been planned. */
static bool has_sleeper(struct dw_extract_plan *plan)
{
	struct dw_extract_state *s = plan->state;
	const struct dw_wanted *w;
	size_t i;

	for (i = 0; i < plan->items_nr && !s->asleep[0]; i++) {
		if (!plan->items[i].image)
			continue;
		w = &plan->items[i].image->state->wanted;
		if (w->asleep[0])
			snprintf(s->asleep, sizeof(s->asleep), "%.40s, %.200s",
				 plan->items[i].layer, w->asleep);
	}
	return s->asleep[0];
}

int dw_extract_find(struct dw_extract_plan *plan,
		    const struct dw_extract_options *options,
		    struct dw_err *err)
{
	unsigned flags = options->image.allow_changed ? DW_OPEN_SHARE : 0;
	int ret = 0;

	if (!options->image.all_blocks)
		ret = find_sleeper(plan->state, flags, err);
	if (!ret)
		ret = add_items(plan, options, flags, err);
	if (ret || plan->state->asleep[0] || !has_sleeper(plan))
		return ret;
	dw_extract_drop_items(plan);
	return add_items(plan, options, flags, err);
}
