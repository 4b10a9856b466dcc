/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* volumes: what pvs, vgs and lvs would say, as structs of strings. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/notes.h"
#include "job/layer.h"
#include "lvm/vg.h"
#include "stack/stack.h"

/* ---- free ---------------------------------------------------------------- */

static void clear_lv(struct dw_lv_info *lv)
{
	for (size_t i = 0; i < lv->segments_nr; i++) {
		free(lv->segments[i].type);
		dw_notes_free(&lv->segments[i].areas);
	}
	free(lv->segments);
	free(lv->name);
	free(lv->uuid);
	free(lv->type);
	free(lv->problem);
	free(lv->origin);
	free(lv->pool);
}

static void clear_pv(struct dw_pv_info *pv)
{
	free(pv->name);
	free(pv->uuid);
	free(pv->where);
	free(pv->hint);
}

static void clear_vg(struct dw_vg_info *vg)
{
	for (size_t i = 0; i < vg->pvs_nr; i++)
		clear_pv(&vg->pvs[i]);
	for (size_t i = 0; i < vg->lvs_nr; i++)
		clear_lv(&vg->lvs[i]);
	free(vg->pvs);
	free(vg->lvs);
	free(vg->name);
	free(vg->uuid);
	free(vg->problem);
	dw_notes_free(&vg->notes);
}

void dw_volumes_free(struct dw_volumes *volumes)
{
	if (!volumes)
		return;
	for (size_t i = 0; i < volumes->vgs_nr; i++)
		clear_vg(&volumes->vgs[i]);
	free(volumes->vgs);
	dw_notes_free(&volumes->notes);
	free(volumes);
}

/* ---- segments ------------------------------------------------------------ */

static void add_areas(const struct dw_area *areas, size_t nr,
		      uint64_t extents_nr, struct dw_notes *to)
{
	for (size_t i = 0; areas && i < nr; i++) {
		const struct dw_area *a = &areas[i];
		const char *name = a->pv ? a->pv->name :
			a->lv ? a->lv->name : NULL;
		/* The legs of a RAID are as long as their share. */
		uint64_t nr_here = a->lv ? dw_min(extents_nr, a->lv->size /
						  a->lv->vg->extent_len) :
			extents_nr;

		if (name)
			dw_notes_add(to, "%s:%" PRIu64 "-%" PRIu64, name,
				     a->extent, a->extent + nr_here - 1);
	}
}

/* A reference to another volume is an area that is all of it. */
static void add_whole(const struct dw_lv *lv, struct dw_notes *to)
{
	const struct dw_area area = { .lv = lv };

	if (lv)
		add_areas(&area, 1, lv->size / lv->vg->extent_len, to);
}

static void describe_areas(const struct dw_segment *s, struct dw_notes *to)
{
	switch (s->kind) {
	case DW_SEGMENT_THIN_POOL:
	case DW_SEGMENT_CACHE_POOL:
		add_whole(s->data, to);
		break;
	case DW_SEGMENT_CACHE:
		add_whole(s->origin, to);
		break;
	default:
		add_areas(s->areas, s->areas_nr, dw_segment_area_extents(s),
			  to);
	}
}

static int describe_segment(const struct dw_lv *lv, const struct dw_segment *s,
			    struct dw_segment_info *out, struct dw_err *err)
{
	uint64_t extent_len = lv->vg->extent_len;
	int ret = dw_set_text(&out->type, dw_segment_name(s), err);

	out->off = s->start_extent * extent_len;
	out->len = s->extents_nr * extent_len;
	out->stripe_len = s->stripe_len;
	out->chunk_len = s->chunk_len;
	describe_areas(s, &out->areas);
	return ret ? ret : dw_notes_check(&out->areas, err);
}

/* ---- volumes ------------------------------------------------------------- */

static const struct dw_lv *origin_of(const struct dw_lv *lv)
{
	const struct dw_segment *s = lv->snapshot ? lv->snapshot->segments :
		lv->segments;

	return s->external_origin ? s->external_origin : s->origin;
}

/* Not what only joins two others, and what is no device for users. */
static bool can_be_opened(const struct dw_lv *lv)
{
	return lv->is_visible && lv->segments_nr &&
	       lv->segments[0].kind != DW_SEGMENT_THIN_POOL &&
	       lv->segments[0].kind != DW_SEGMENT_CACHE_POOL;
}

/* Whether it could be written if its images were opened for that. */
static bool is_changeable(const struct dw_lv *lv)
{
	const struct dw_dev writable = { .readonly = false };

	return lv->is_whole && !dw_lv_check_writable(lv, &writable, NULL);
}

/* The best proof of whether a volume can be read is to do that. */
static int try_to_open(struct dw_ctx *ctx, const struct dw_lv *lv,
		       struct dw_lv_info *out, struct dw_err *err)
{
	struct dw_dev *dev = NULL;
	struct dw_err why;
	uint8_t sector[512];
	char *name;
	int ret;

	if (asprintf(&name, "%s/%s", lv->vg->name, lv->name) < 0)
		return dw_fail_nomem(err);
	ret = dw_lv_open(ctx, lv, name, &dev, &why);
	free(name);
	if (!ret)
		ret = dw_dev_pread(dev, 0, sector, sizeof(sector), &why);
	if (!ret)
		ret = dw_lv_used_len(ctx, lv, &out->used_len, &why);
	dw_dev_close(dev, NULL);
	if (!ret)
		return 0;
	if (ret != DW_NOMEM && ret != DW_CANCELLED)
		return dw_set_lv_problem(&out->problem, lv, &why, err);
	if (err)
		*err = why;
	return ret;
}

static int name_others(const struct dw_lv *lv, struct dw_lv_info *out,
		       struct dw_err *err)
{
	const struct dw_lv *origin = origin_of(lv);
	const struct dw_lv *pool = lv->segments[0].pool;
	int ret = 0;

	if (origin)
		ret = dw_set_text(&out->origin, origin->name, err);
	if (!ret && pool)
		ret = dw_set_text(&out->pool, pool->name, err);
	return ret;
}

static int describe_lv(struct dw_ctx *ctx, const struct dw_lv *lv,
		       struct dw_lv_info *out, struct dw_err *err)
{
	int ret = dw_set_text(&out->name, lv->name, err);

	if (!ret)
		ret = dw_set_text(&out->uuid, lv->id, err);
	if (!ret)
		ret = dw_set_text(&out->type, dw_lv_kind_name(lv), err);
	out->size = out->used_len = lv->size;
	out->visible = lv->is_visible;
	out->writable = is_changeable(lv);
	out->segments = calloc(lv->segments_nr + 1, sizeof(*out->segments));
	if (!out->segments)
		return dw_fail_nomem(err);
	for (size_t i = 0; i < lv->segments_nr && !ret; i++)
		ret = describe_segment(lv, &lv->segments[i],
				       &out->segments[out->segments_nr++],
				       err);
	if (!ret && lv->segments_nr)
		ret = name_others(lv, out, err);
	if (!ret && can_be_opened(lv))
		ret = try_to_open(ctx, lv, out, err);
	return ret;
}

/* ---- groups -------------------------------------------------------------- */

static int describe_pv(const struct dw_vg *vg, const struct dw_pv *pv,
		       struct dw_pv_info *out, struct dw_err *err)
{
	int ret = dw_set_text(&out->name, pv->name, err);

	if (!ret)
		ret = dw_set_text(&out->uuid, pv->id, err);
	if (!ret)
		ret = dw_set_text(&out->hint, pv->hint, err);
	if (!ret && !pv->is_missing)
		ret = dw_set_text(&out->where, pv->dev->name, err);
	out->device_size = pv->size;
	out->size = pv->pe_nr * vg->extent_len;
	out->used_len = pv->pe_used_nr * vg->extent_len;
	out->pe_start_off = pv->pe_start_off;
	return ret;
}

/* The volume that a snapshot is kept as is hidden, and only joins two others:
 * LVM does not show it, either. */
static bool is_shown(const struct dw_lv *lv)
{
	return !lv->segments_nr || lv->segments[0].kind != DW_SEGMENT_SNAPSHOT;
}

static int describe_parts(struct dw_ctx *ctx, const struct dw_vg *vg,
			  struct dw_vg_info *out, struct dw_err *err)
{
	int ret = 0;

	out->pvs = calloc(vg->pvs_nr + 1, sizeof(*out->pvs));
	out->lvs = calloc(vg->lvs_nr + 1, sizeof(*out->lvs));
	if (!out->pvs || !out->lvs)
		return dw_fail_nomem(err);
	for (size_t i = 0; i < vg->pvs_nr && !ret; i++) {
		struct dw_pv_info *pv = &out->pvs[out->pvs_nr++];

		ret = describe_pv(vg, &vg->pvs[i], pv, err);
		out->size += pv->size;
		out->free_len += pv->size - pv->used_len;
	}
	for (size_t i = 0; i < vg->lvs_nr && !ret; i++) {
		ret = dw_ctx_check(ctx, err);
		if (!ret && is_shown(&vg->lvs[i]))
			ret = describe_lv(ctx, &vg->lvs[i],
					  &out->lvs[out->lvs_nr++], err);
	}
	return ret;
}

static int describe_vg(struct dw_ctx *ctx, const struct dw_vg *vg,
		       struct dw_vg_info *out, struct dw_err *err)
{
	int ret = dw_set_text(&out->name, vg->name, err);

	if (!ret)
		ret = dw_set_text(&out->uuid, vg->id, err);
	if (!ret && vg->problem)
		ret = dw_set_text(&out->problem, vg->problem, err);
	out->seqno = vg->seqno;
	out->extent_len = vg->extent_len;
	out->exported = vg->is_exported;
	out->shared = vg->is_clustered_or_shared;
	for (size_t i = 0; i < vg->notes.nr; i++)
		dw_notes_add(&out->notes, "%s", vg->notes.items[i]);
	if (!ret)
		ret = dw_notes_check(&out->notes, err);
	return ret ? ret : describe_parts(ctx, vg, out, err);
}

static int describe(struct dw_ctx *ctx, const struct dw_lvm *lvm,
		    const struct dw_near_vgs *groups, struct dw_volumes *out,
		    struct dw_err *err)
{
	size_t orphans_nr = dw_lvm_orphans_nr(lvm);
	int ret = 0;

	out->vgs = calloc(groups->nr + 1, sizeof(*out->vgs));
	if (!out->vgs)
		return dw_fail_nomem(err);
	for (size_t i = 0; i < groups->nr && !ret; i++)
		ret = describe_vg(ctx, groups->vgs[i],
				  &out->vgs[out->vgs_nr++], err);
	for (size_t i = 0; i < orphans_nr; i++)
		dw_notes_add(&out->notes, "%s is a physical volume of no"
			     " group", dw_lvm_orphan(lvm, i)->name);
	return ret ? ret : dw_notes_check(&out->notes, err);
}

int dw_volumes(struct dw_ctx *ctx, struct dw_dev *dev, unsigned flags,
	       struct dw_volumes **out, struct dw_err *err)
{
	struct dw_volumes *volumes = calloc(1, sizeof(*volumes));
	struct dw_near_vgs groups = { 0 };
	struct dw_lvm *lvm = NULL;
	struct dw_stack stack = { 0 };
	int ret = volumes ? 0 : dw_fail_nomem(err);

	*out = NULL;
	if (!ret)
		ret = dw_stack_on(ctx, dev, flags, &stack, err);
	if (!ret)
		ret = dw_stack_all_groups(&stack, &lvm, &groups, err);
	if (!ret && !groups.nr && !dw_lvm_orphans_nr(lvm))
		ret = dw_fail(err, DW_NOENT, "%s: neither it nor a partition"
			      " of it is an LVM physical volume", dev->name);
	if (!ret)
		ret = describe(ctx, lvm, &groups, volumes, err);
	free(groups.vgs);
	dw_lvm_free(lvm);
	dw_stack_close(&stack, NULL);
	if (ret)
		dw_volumes_free(volumes);
	else
		*out = volumes;
	return ret;
}
