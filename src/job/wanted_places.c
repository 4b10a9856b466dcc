/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which bytes of a physical volume are those of which logical volume. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "job/wanted_places.h"
#include "lvm/label.h"

int dw_pv_places_open(struct dw_ctx *ctx, struct dw_dev *dev,
		      struct dw_pv_places *out, struct dw_err *err)
{
	int ret;

	memset(out, 0, sizeof(*out));
	out->dev = dev;
	ret = dw_lvm_new(ctx, &out->lvm, err);
	if (!ret)
		ret = dw_lvm_add(out->lvm, dev, err);
	if (!ret)
		ret = dw_lvm_assemble(out->lvm, err);
	if (ret)
		return ret;
	out->vg = dw_lvm_vg_of(out->lvm, dev);
	if (!out->vg)
		return dw_fail(err, DW_UNSUPPORTED, "it is a physical volume "
			       "of no group");
	if (out->vg->problem)
		return dw_fail(err, DW_CORRUPT, "%s", out->vg->problem);
	return 0;
}

void dw_pv_places_close(struct dw_pv_places *p)
{
	free(p->places);
	dw_lvm_free(p->lvm);
	memset(p, 0, sizeof(*p));
}

/* ---- whether it is certain ------------------------------------------------ */

static int refuse(const struct dw_pv_places *p, const char *why,
		  struct dw_err *err)
{
	return dw_fail(err, DW_UNSUPPORTED, "the volume group %s %s",
		       p->vg->name, why);
}

static int check_volume(const struct dw_pv_places *p, const struct dw_lv *lv,
			struct dw_err *err)
{
	const struct dw_segment *seg = lv->segments;

	for (; seg < lv->segments + lv->segments_nr; seg++)
		if (seg->kind != DW_SEGMENT_STRIPED || seg->areas_nr != 1 ||
		    seg->areas[0].pv != p->pv)
			return dw_fail(err, DW_UNSUPPORTED, "the volume %s/%s "
				       "is not linear, but %s", p->vg->name,
				       lv->name, dw_segment_name(seg));
	return 0;
}

static int check_group(const struct dw_pv_places *p, struct dw_err *err)
{
	size_t i;
	int ret = 0;

	if (p->vg->pvs_nr != 1)
		return refuse(p, "lies on several physical volumes", err);
	if (p->vg->missing_nr)
		return refuse(p, "has given this physical volume up", err);
	if (p->vg->is_clustered_or_shared)
		return refuse(p, "is shared with other hosts", err);
	for (i = 0; i < p->vg->lvs_nr && !ret; i++)
		ret = check_volume(p, &p->vg->lvs[i], err);
	return ret;
}

/* LVM's own lies in front of the extents or behind them. */
static int check_areas(const struct dw_pv_places *p,
		       const struct dw_lvm_area *areas, size_t nr,
		       struct dw_err *err)
{
	uint64_t start = p->pv->pe_start_off;
	size_t i;

	for (i = 0; i < nr; i++)
		if (areas[i].off < p->pe_end_off &&
		    (areas[i].off >= start ||
		     areas[i].len > start - areas[i].off))
			return dw_fail(err, DW_CORRUPT, "an area of LVM's own,"
				       " %" PRIu64 " bytes at %" PRIu64
				       ", reaches into the extents from %"
				       PRIu64 " on", areas[i].len,
				       areas[i].off, start);
	return 0;
}

static int check_layout(struct dw_pv_places *p, struct dw_err *err)
{
	struct dw_label label;
	uint64_t len;
	int ret;

	if (!dw_mul(p->pv->pe_nr, p->vg->extent_len, &len) ||
	    !dw_in_range(p->pv->pe_start_off, len, p->dev->size))
		return dw_fail(err, DW_CORRUPT, "%" PRIu64 " extents of %"
			       PRIu64 " bytes from %" PRIu64 " on pass the end"
			       " at %" PRIu64, p->pv->pe_nr, p->vg->extent_len,
			       p->pv->pe_start_off, p->dev->size);
	p->pe_end_off = p->pv->pe_start_off + len;
	/* Extents that would hold the label would have two meanings. */
	if (p->pv->pe_start_off < DW_LABEL_SECTORS * DW_LVM_SECTOR)
		return dw_fail(err, DW_CORRUPT, "its extents begin at %" PRIu64
			       ", before the %u bytes of the label end",
			       p->pv->pe_start_off,
			       DW_LABEL_SECTORS * DW_LVM_SECTOR);
	ret = dw_label_read(p->dev, &label, err);
	if (!ret)
		ret = check_areas(p, label.mdas, label.mdas_nr, err);
	return ret ? ret : check_areas(p, label.boot, label.boot_nr, err);
}

/* A copy of its metadata that is damaged, or tells another story. */
static int check_notes(const struct dw_pv_places *p, struct dw_err *err)
{
	if (!p->vg->notes.nr)
		return 0;
	return dw_fail(err, DW_UNSUPPORTED, "%s", p->vg->notes.items[0]);
}

/* ---- the places ----------------------------------------------------------- */

static int add_place(struct dw_pv_places *p, size_t lv_nr,
		     const struct dw_segment *seg, struct dw_err *err)
{
	uint64_t extent = seg->areas[0].extent, step = p->vg->extent_len;

	if (!dw_in_range(extent, seg->extents_nr, p->pv->pe_nr))
		return dw_fail(err, DW_CORRUPT, "%s: %" PRIu64 " extents from "
			       "%" PRIu64 " on pass the last of %" PRIu64,
			       p->vg->lvs[lv_nr].name, seg->extents_nr, extent,
			       p->pv->pe_nr);
	p->places[p->places_nr++] = (struct dw_lv_place){
		.off = p->pv->pe_start_off + extent * step,
		.len = seg->extents_nr * step,
		.lv_nr = lv_nr,
		.lv_off = seg->start_extent * step,
	};
	return 0;
}

static int by_off(const void *a, const void *b)
{
	const struct dw_lv_place *x = a, *y = b;

	return (x->off > y->off) - (x->off < y->off);
}

/* What two volumes share has two meanings. */
static int check_overlaps(const struct dw_pv_places *p, struct dw_err *err)
{
	const struct dw_lv_place *at = p->places;
	size_t i;

	for (i = 1; i < p->places_nr; i++, at++)
		if (at[0].off + at[0].len > at[1].off)
			return dw_fail(err, DW_CORRUPT, "the volumes %s and %s"
				       " share what is at %" PRIu64,
				       p->vg->lvs[at[0].lv_nr].name,
				       p->vg->lvs[at[1].lv_nr].name,
				       at[1].off);
	return 0;
}

static int find_all(struct dw_pv_places *p, struct dw_err *err)
{
	const struct dw_lv *lvs = p->vg->lvs;
	size_t lv, i, nr = 0;
	int ret = 0;

	for (lv = 0; lv < p->vg->lvs_nr; lv++)
		nr += lvs[lv].segments_nr;
	p->places = calloc(nr + 1, sizeof(p->places[0]));
	if (!p->places)
		return dw_fail_nomem(err);
	for (lv = 0; lv < p->vg->lvs_nr; lv++)
		for (i = 0; i < lvs[lv].segments_nr && !ret; i++)
			ret = add_place(p, lv, &lvs[lv].segments[i], err);
	qsort(p->places, p->places_nr, sizeof(p->places[0]), by_off);
	return ret;
}

int dw_pv_places_find(struct dw_pv_places *p, struct dw_err *err)
{
	int ret;

	p->pv = p->vg->pvs;
	ret = check_group(p, err);
	if (!ret)
		ret = check_layout(p, err);
	if (!ret)
		ret = check_notes(p, err);
	if (!ret)
		ret = find_all(p, err);
	return ret ? ret : check_overlaps(p, err);
}
