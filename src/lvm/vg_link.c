/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What follows from the segments of a volume group that was checked. */
#include "lvm/vg.h"

/* The group is ours to change while it is being made. */
static struct dw_lv *own_lv(struct dw_vg *vg, const struct dw_lv *lv)
{
	return &vg->lvs[lv - vg->lvs];
}

struct user {
	struct dw_vg *vg;
	const struct dw_lv *lv;
};

static int set_user(void *arg, const struct dw_lv *lv)
{
	struct user *user = arg;

	own_lv(user->vg, lv)->user = user->lv;
	return 0;
}

static void count_used(struct dw_vg *vg, const struct dw_segment *s)
{
	size_t i;

	for (i = 0; i < s->areas_nr; i++)
		if (s->areas[i].pv)
			vg->pvs[s->areas[i].pv - vg->pvs].pe_used_nr +=
				dw_segment_area_extents(s);
}

/* The hidden volume, which holds nothing itself, joins two others. */
static void link_snapshot(struct dw_vg *vg, const struct dw_lv *lv,
			  const struct dw_segment *s)
{
	own_lv(vg, s->cow)->snapshot = lv;
	if (s->is_merging)
		own_lv(vg, s->origin)->merging = lv;
}

/* Until the merge is done, LVM hides the one that is to be merged. */
static void link_thin(struct dw_vg *vg, struct dw_lv *lv,
		      const struct dw_segment *s)
{
	if (!s->merge)
		return;
	own_lv(vg, s->merge)->successor = lv;
	lv->is_visible = false;
}

/* LVM's rules: a snapshot is seen where its origin is, which the text does not
 * say of it; unless that is a placeholder, or takes the snapshot in. */
static void link_visible(struct dw_vg *vg, struct dw_lv *lv)
{
	const struct dw_segment *s = &lv->segments[0];
	const struct dw_lv *origin = s->origin;

	lv->is_visible = false;
	own_lv(vg, s->cow)->is_visible = !s->is_merging &&
		(origin->is_visible ||
		 (origin->segments_nr &&
		  origin->segments[0].kind == DW_SEGMENT_ZERO));
}

void dw_vg_link(struct dw_vg *vg)
{
	struct dw_lv *lv;
	size_t i, k;

	for (i = 0; i < vg->lvs_nr; i++) {
		lv = &vg->lvs[i];
		for (k = 0; k < lv->segments_nr; k++) {
			dw_segment_refs(&lv->segments[k], set_user,
					&(struct user){ vg, lv });
			count_used(vg, &lv->segments[k]);
			if (lv->segments[k].kind == DW_SEGMENT_SNAPSHOT)
				link_snapshot(vg, lv, &lv->segments[k]);
			if (lv->segments[k].kind == DW_SEGMENT_THIN)
				link_thin(vg, lv, &lv->segments[k]);
		}
	}
	for (i = 0; i < vg->lvs_nr; i++) {
		lv = &vg->lvs[i];
		if (lv->segments_nr &&
		    lv->segments[0].kind == DW_SEGMENT_SNAPSHOT)
			link_visible(vg, lv);
	}
}

/* ---- what is missing ----------------------------------------------------- */

static int is_lost(void *arg, const struct dw_lv *lv)
{
	return !lv->is_whole;
}

/* An error segment stands for what LVM was told to give up. */
static bool is_whole_segment(const struct dw_segment *s)
{
	size_t i;

	for (i = 0; i < s->areas_nr; i++)
		if (s->areas[i].pv && s->areas[i].pv->is_missing)
			return false;
	return s->kind != DW_SEGMENT_ERROR &&
	       !dw_segment_refs(s, is_lost, NULL);
}

/* What the volume needs was seen before. */
static void set_whole(void *arg, const struct dw_lv *lv)
{
	bool is_whole = true;
	size_t i;

	for (i = 0; i < lv->segments_nr; i++)
		is_whole &= is_whole_segment(&lv->segments[i]);
	own_lv(arg, lv)->is_whole = is_whole;
}

int dw_vg_link_missing(struct dw_vg *vg, struct dw_err *err)
{
	size_t i;

	vg->missing_nr = 0;
	for (i = 0; i < vg->pvs_nr; i++)
		vg->missing_nr += vg->pvs[i].is_missing;
	return dw_vg_walk(vg, set_whole, vg, err);
}
