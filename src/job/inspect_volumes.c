/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inspect: physical volumes, their groups, and what the volumes hold. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"
#include "job/inspect.h"

/* ---- groups that were drawn ---------------------------------------------- */

static const char *drawn_where(const struct dw_inspection *ins,
			       const struct dw_vg *vg)
{
	for (size_t i = ins->drawn_from; i < ins->drawn_nr; i++)
		if (!strcmp(ins->drawn[i].id, vg->id))
			return ins->drawn[i].where;
	return NULL;
}

static int remember(struct dw_inspection *ins, const struct dw_vg *vg,
		    struct dw_err *err)
{
	struct dw_drawn_vg *grown = reallocarray(ins->drawn, ins->drawn_nr + 1,
						 sizeof(*grown));

	if (!grown)
		return dw_fail_nomem(err);
	ins->drawn = grown;
	grown += ins->drawn_nr;
	memcpy(grown->id, vg->id, sizeof(grown->id));
	grown->where = strdup(ins->stack.dev->name);
	if (!grown->where)
		return dw_fail_nomem(err);
	ins->drawn_nr++;
	return 0;
}

static void forget_to(struct dw_inspection *ins, size_t nr)
{
	while (ins->drawn_nr > nr)
		free(ins->drawn[--ins->drawn_nr].where);
}

/* ---- a volume ------------------------------------------------------------ */

static bool is_pool(const struct dw_lv *lv)
{
	return lv->segments_nr &&
	       (lv->segments[0].kind == DW_SEGMENT_THIN_POOL ||
		lv->segments[0].kind == DW_SEGMENT_CACHE_POOL);
}

/* Groups in a volume are its own, even where they are copies of others. */
static int look_into(struct dw_inspection *ins, const struct dw_lv *lv,
		     struct dw_layer *layer, struct dw_err *err)
{
	size_t from = ins->drawn_from, nr = ins->drawn_nr;
	struct dw_dev *dev = NULL;
	struct dw_err why;
	char *name;
	int ret;

	if (asprintf(&name, "%s@%s", ins->stack.dev->name, layer->name) < 0)
		return dw_fail_nomem(err);
	ret = dw_lv_open(ins->ctx, lv, name, &dev, &why);
	free(name);
	if (ret && ret != DW_NOMEM && ret != DW_CANCELLED)
		return dw_set_lv_problem(&layer->problem, lv, &why, err);
	ins->drawn_from = nr;
	ins->volumes_nr++;
	ret = dw_inspect_in_take(ins, dev, ret, &why, layer, err);
	ins->volumes_nr--;
	forget_to(ins, nr);
	ins->drawn_from = from;
	return ret;
}

static int look_at_lv(struct dw_inspection *ins, const struct dw_lv *lv,
		      struct dw_layer *above, struct dw_err *err)
{
	/* A store's own size is none that a user of the snapshot sees. */
	uint64_t size = lv->snapshot ? lv->snapshot->size : lv->size;
	struct dw_layer *layer = dw_layer_add(above, DW_LAYER_LV, 0, size);
	struct dw_err why;
	char *name;
	int ret;

	if (asprintf(&name, "%s/%s", lv->vg->name, lv->name) < 0)
		return dw_fail_nomem(err);
	layer->name = name;
	ret = dw_set_text(&layer->type, dw_lv_kind_name(lv), err);
	if (!ret)
		ret = dw_set_text(&layer->uuid, lv->id, err);
	if (ret)
		return ret;
	ret = dw_lv_used_len(ins->ctx, lv, &layer->used_len, &why);
	ret = dw_inspect_settle(ins, layer, ret, &why, err);
	if (ret || is_pool(lv))
		return ret;
	return look_into(ins, lv, layer, err);
}

/* A device that lies beside the one that is looked at, as its last layer. */
static const char *short_name(const struct dw_dev *here, const char *name)
{
	const char *last = strrchr(name, '@');
	size_t len = last ? (size_t)(last - name) + 1 : 0;
	const char *own = strrchr(here->name, '@');

	return last && own && (size_t)(own - here->name) + 1 == len &&
	       !strncmp(here->name, name, len) ? name + len : name;
}

/* ---- the group ----------------------------------------------------------- */

static int note_pvs(const struct dw_inspection *ins, const struct dw_vg *vg,
		    struct dw_layer *layer, struct dw_err *err)
{
	for (size_t i = 0; i < vg->pvs_nr; i++) {
		const struct dw_pv *pv = &vg->pvs[i];

		if (pv->is_missing)
			dw_notes_add(&layer->notes, "%s is missing: UUID %s%s%s",
				     pv->name, pv->id, *pv->hint ?
				     ", which was " : "", pv->hint);
		else if (vg->pvs_nr > 1)
			dw_notes_add(&layer->notes, "%s is %s", pv->name,
				     short_name(ins->stack.dev,
						pv->dev->name));
	}
	if (vg->is_exported)
		dw_notes_add(&layer->notes, "the group is exported");
	if (vg->is_clustered_or_shared)
		dw_notes_add(&layer->notes, "other hosts may use the group");
	for (size_t i = 0; i < vg->notes.nr; i++)
		dw_notes_add(&layer->notes, "%s", vg->notes.items[i]);
	return dw_notes_check(&layer->notes, err);
}

static int describe_vg(const struct dw_inspection *ins, const struct dw_vg *vg,
		       struct dw_layer *layer, struct dw_err *err)
{
	uint64_t extents_nr = 0, used_nr = 0;
	int ret = dw_set_text(&layer->name, vg->name, err);

	if (!ret)
		ret = dw_set_text(&layer->type, "lvm2", err);
	if (!ret)
		ret = dw_set_text(&layer->uuid, vg->id, err);
	if (!ret && vg->problem)
		ret = dw_set_text(&layer->problem, vg->problem, err);
	for (size_t i = 0; i < vg->pvs_nr; i++) {
		extents_nr += vg->pvs[i].pe_nr;
		used_nr += vg->pvs[i].pe_used_nr;
	}
	layer->len = extents_nr * vg->extent_len;
	layer->used_len = used_nr * vg->extent_len;
	layer->generation = vg->seqno;
	return ret ? ret : note_pvs(ins, vg, layer, err);
}

static int look_at_vg(struct dw_inspection *ins, const struct dw_vg *vg,
		      struct dw_layer *above, struct dw_err *err)
{
	struct dw_layer *layer;
	size_t visible_nr = 0;
	int ret;

	ret = dw_inspect_room(ins, above, 1, err);
	if (ret)
		return ret;
	layer = dw_layer_add(above, DW_LAYER_VG, 0, 0);
	ret = describe_vg(ins, vg, layer, err);
	for (size_t i = 0; i < vg->lvs_nr; i++)
		visible_nr += vg->lvs[i].is_visible;
	if (!ret)
		ret = dw_inspect_room(ins, layer, visible_nr, err);
	for (size_t i = 0; i < vg->lvs_nr && !ret; i++)
		if (vg->lvs[i].is_visible)
			ret = look_at_lv(ins, &vg->lvs[i], layer, err);
	return ret;
}

/* ---- the physical volume ------------------------------------------------- */

static int describe_pv(const struct dw_dev *dev, const struct dw_vg *vg,
		       struct dw_layer *layer, struct dw_err *err)
{
	int ret = dw_set_text(&layer->group, vg->name, err);

	for (size_t i = 0; i < vg->pvs_nr && !ret; i++) {
		const struct dw_pv *pv = &vg->pvs[i];

		if (pv->dev != dev)
			continue;
		layer->used_len = pv->pe_used_nr * vg->extent_len;
		ret = dw_set_text(&layer->uuid, pv->id, err);
	}
	return ret;
}

static int look_at_group(struct dw_inspection *ins, const struct dw_vg *vg,
			 struct dw_layer *layer, struct dw_err *err)
{
	const char *where = drawn_where(ins, vg);
	int ret = describe_pv(ins->stack.dev, vg, layer, err);

	if (ret)
		return ret;
	if (!where) {
		ret = remember(ins, vg, err);
		return ret ? ret : look_at_vg(ins, vg, layer, err);
	}
	dw_notes_add(&layer->notes, "the group is shown at %s",
		     short_name(ins->stack.dev, where));
	return dw_notes_check(&layer->notes, err);
}

/* Of a PV without a group its label tells all that is known. */
static int name_orphan(const struct dw_inspection *ins,
		       const struct dw_lvm *lvm, struct dw_layer *layer,
		       struct dw_err *err)
{
	const char *id = dw_lvm_id_of(lvm, ins->stack.dev);

	return id ? dw_set_text(&layer->uuid, id, err) : 0;
}

int dw_inspect_pv(struct dw_inspection *ins, struct dw_layer *above,
		  struct dw_err *err)
{
	struct dw_near_vgs near = { 0 };
	struct dw_lvm *lvm = NULL;
	struct dw_layer *layer;
	struct dw_err why;
	int ret;

	ret = dw_inspect_room(ins, above, 1, err);
	if (ret)
		return ret;
	layer = dw_layer_add(above, DW_LAYER_PV, 0, ins->stack.dev->size);
	ret = dw_set_text(&layer->type, "lvm2", err);
	if (ret)
		return ret;
	ret = dw_stack_groups(&ins->stack, &lvm, &near, &why);
	if (!ret && near.nr)
		ret = look_at_group(ins, near.vgs[0], layer, &why);
	else if (!ret)
		ret = name_orphan(ins, lvm, layer, &why);
	free(near.vgs);
	dw_lvm_free(lvm);
	return dw_inspect_settle(ins, layer, ret, &why, err);
}
