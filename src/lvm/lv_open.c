/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A logical volume as a device: its segments, out of what lies below. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "lvm/opener.h"

/* Volumes below a volume, and below those.  The deepest that LVM makes is a
 * thin volume of an external origin in a cache on RAID; each level takes stack
 * when it is read. */
#define DEPTH_MAX 32
/* Ways down from a volume.  What LVM makes has as many as it has stripes and
 * legs; a text that names one volume many times, level by level, has a number
 * that nobody lives to see the end of. */
#define PATHS_MAX 65536

/* ---- physical volumes ---------------------------------------------------- */

static int fail_missing(const struct dw_lv *lv, const struct dw_pv *pv,
			struct dw_err *err)
{
	return dw_fail(err, DW_NOENT,
		       "%s/%s: needs physical volume %s (UUID %s%s%s), which "
		       "is %s", lv->vg->name, lv->name, pv->name, pv->id,
		       *pv->hint ? ", once " : "", pv->hint,
		       pv->dev ? "marked as missing" :
		       "not among the images given");
}

/* The check saw to it that the extents are among those of the PV, but not to
 * how long its device is. */
static int open_pv_area(struct dw_opener *o, const struct dw_lv *lv,
			const struct dw_area *area, uint64_t len,
			struct dw_map_piece *out, struct dw_err *err)
{
	const struct dw_pv *pv = area->pv;
	uint64_t off = pv->pe_start_off + area->extent * lv->vg->extent_len;

	if (pv->is_missing)
		return fail_missing(lv, pv, err);
	if (!dw_in_range(off, len, pv->dev->size))
		return dw_fail(err, DW_CORRUPT,
			       "%s/%s: its %" PRIu64 " bytes at %" PRIu64
			       " pass the end of %s at %" PRIu64,
			       lv->vg->name, lv->name, len, off,
			       pv->dev->name, pv->dev->size);
	*out = (struct dw_map_piece){ dw_dev_ref(pv->dev), off, len };
	o->paths_nr++;
	return 0;
}

int dw_opener_area(struct dw_opener *o, const struct dw_lv *lv,
		   const struct dw_area *area, uint64_t len,
		   struct dw_map_piece *out, struct dw_err *err)
{
	if (area->pv)
		return open_pv_area(o, lv, area, len, out, err);
	out->off = area->extent * lv->vg->extent_len;
	out->len = len;
	return dw_opener_lv(o, area->lv, &out->dev, err);
}

/* ---- segments ------------------------------------------------------------ */

static int open_legs(struct dw_opener *o, const struct dw_lv *lv,
		     const struct dw_segment *s, struct dw_dev **legs,
		     struct dw_err *err)
{
	uint64_t len = dw_segment_area_extents(s) * lv->vg->extent_len;
	struct dw_map_piece piece;
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < s->areas_nr; i++) {
		rc = dw_opener_area(o, lv, &s->areas[i], len, &piece, err);
		if (rc)
			break;
		rc = dw_window_new(piece.dev, piece.off, piece.len, o->name,
				   &legs[i], err);
		dw_dev_close(piece.dev, NULL);
	}
	return rc;
}

static int open_striped(struct dw_opener *o, const struct dw_lv *lv,
			const struct dw_segment *s, struct dw_dev **out,
			struct dw_err *err)
{
	struct dw_dev **legs;
	size_t i;
	int rc;

	legs = calloc(s->areas_nr, sizeof(struct dw_dev *));
	if (!legs)
		return dw_fail_nomem(err);
	rc = open_legs(o, lv, s, legs, err);
	if (!rc)
		rc = dw_striped_new(o->name, legs, s->areas_nr, s->stripe_len,
				    s->extents_nr * lv->vg->extent_len, out,
				    err);
	for (i = 0; i < s->areas_nr; i++)
		dw_dev_close(legs[i], NULL);
	free(legs);
	return rc;
}

/* The device is the caller's; of zeros there is none. */
static int open_segment(struct dw_opener *o, const struct dw_lv *lv,
			const struct dw_segment *s, struct dw_map_piece *out,
			struct dw_err *err)
{
	uint64_t len = s->extents_nr * lv->vg->extent_len;

	*out = (struct dw_map_piece){ .len = len };
	switch (s->kind) {
	case DW_SEGMENT_STRIPED:
		if (s->areas_nr == 1)
			return dw_opener_area(o, lv, &s->areas[0], len, out,
					      err);
		return open_striped(o, lv, s, &out->dev, err);
	case DW_SEGMENT_ERROR:
		return dw_error_new(o->name, len, DW_IO, "every read of an "
				    "error volume fails", &out->dev, err);
	case DW_SEGMENT_ZERO:
		return 0;
	default:
		return dw_opener_target(o, lv, s, &out->dev, err);
	}
}

/* ---- volumes ------------------------------------------------------------- */

/* A linear run keeps what a window can do, a striped one what it can. */
static int join(struct dw_opener *o, const struct dw_map_piece *pieces,
		size_t nr, struct dw_dev **out, struct dw_err *err)
{
	const struct dw_map_piece *p = pieces;

	if (nr == 1 && p->dev)
		return dw_window_new_kind(p->dev, p->off, p->len, o->name,
					  "linear volume", out, err);
	return dw_map_new(o->name, pieces, nr, out, err);
}

static int check_paths(const struct dw_opener *o, const struct dw_lv *lv,
		       struct dw_err *err)
{
	if (o->paths_nr <= PATHS_MAX)
		return 0;
	return dw_fail(err, DW_LIMIT,
		       "%s/%s: %" PRIu64 " ways lead down from it, of which "
		       "%d are the most that is read", lv->vg->name, lv->name,
		       o->paths_nr, PATHS_MAX);
}

/* One of the pieces; a row of them on the same device is one way down, as it
 * is for the map that they become. */
static int open_piece(struct dw_opener *o, const struct dw_lv *lv, size_t i,
		      struct dw_map_piece *pieces, struct dw_err *err)
{
	uint64_t paths_nr = o->paths_nr;
	int rc = open_segment(o, lv, &lv->segments[i], &pieces[i], err);

	if (i && pieces[i].dev == pieces[i - 1].dev)
		o->paths_nr = paths_nr;
	return rc ? rc : check_paths(o, lv, err);
}

static int open_segments(struct dw_opener *o, const struct dw_lv *lv,
			 struct dw_dev **out, struct dw_err *err)
{
	struct dw_map_piece *pieces;
	size_t i;
	int rc = 0;

	pieces = calloc(lv->segments_nr + 1, sizeof(*pieces));
	if (!pieces)
		return dw_fail_nomem(err);
	for (i = 0; !rc && i < lv->segments_nr; i++)
		rc = open_piece(o, lv, i, pieces, err);
	if (!rc)
		rc = join(o, pieces, lv->segments_nr, out, err);
	for (i = 0; i < lv->segments_nr; i++)
		dw_dev_close(pieces[i].dev, NULL);
	free(pieces);
	return rc;
}

static int open_deeper(struct dw_opener *o, const struct dw_lv *lv,
		       struct dw_opened *out, struct dw_err *err)
{
	uint64_t paths_nr = o->paths_nr;
	int rc = dw_ctx_check(o->ctx, err);

	if (rc)
		return rc;
	if (o->depth == DEPTH_MAX)
		return dw_fail(err, DW_LIMIT,
			       "%s/%s: lies %d volumes deep, which is as deep "
			       "as is read", lv->vg->name, lv->name,
			       DEPTH_MAX);
	o->depth++;
	o->paths_nr = 0;
	rc = open_segments(o, lv, &out->dev, err);
	out->paths_nr = o->paths_nr;
	o->paths_nr = paths_nr;
	o->depth--;
	return rc;
}

/* What failed would fail again: where legs may be missing others go on, and
 * may need the same. */
static int open_once(struct dw_opener *o, const struct dw_lv *lv,
		     struct dw_opened *out, struct dw_err *err)
{
	struct dw_err why;

	if (out->dev)
		return 0;
	if (!out->fault) {
		if (!open_deeper(o, lv, out, &why))
			return 0;
		out->fault = malloc(sizeof(why));
		if (!out->fault)
			return dw_fail_nomem(err);
		*out->fault = why;
	}
	if (err)
		*err = *out->fault;
	return out->fault->code;
}

/* Each volume is opened once, however many need it. */
int dw_opener_lv(struct dw_opener *o, const struct dw_lv *lv,
		 struct dw_dev **out, struct dw_err *err)
{
	struct dw_opened *opened;
	int rc;

	*out = NULL;
	if (!o->opened)
		o->opened = calloc(lv->vg->lvs_nr, sizeof(*o->opened));
	if (!o->opened)
		return dw_fail_nomem(err);
	opened = &o->opened[lv - lv->vg->lvs];
	rc = open_once(o, lv, opened, err);
	if (rc)
		return rc;
	o->paths_nr += opened->paths_nr;
	*out = dw_dev_ref(opened->dev);
	return 0;
}

static void close_opener(struct dw_opener *o, const struct dw_vg *vg)
{
	size_t i;

	for (i = 0; o->opened && i < vg->lvs_nr; i++) {
		dw_dev_close(o->opened[i].dev, NULL);
		free(o->opened[i].fault);
	}
	free(o->opened);
}

int dw_lv_open(struct dw_ctx *ctx, const struct dw_lv *lv, const char *name,
	       struct dw_dev **out, struct dw_err *err)
{
	const struct dw_lv *snapshot = lv->snapshot ? lv->snapshot :
				       lv->merging;
	struct dw_opener o = { .ctx = ctx, .name = name };
	int rc;

	*out = NULL;
	if (!lv->size)
		return dw_fail(err, DW_UNSUPPORTED, "%s/%s: has no extents",
			       lv->vg->name, lv->name);
	if (snapshot)
		rc = dw_opener_snapshot(&o, snapshot, out, err);
	else
		rc = open_segments(&o, lv, out, err);
	close_opener(&o, lv->vg);
	/* It is new, so that nobody else counts on writing it. */
	if (!rc && dw_lv_check_writable(lv, *out, NULL))
		(*out)->readonly = true;
	return rc;
}

int dw_lv_used_len(struct dw_ctx *ctx, const struct dw_lv *lv, uint64_t *out,
		   struct dw_err *err)
{
	struct dw_opener o = { .ctx = ctx, .name = lv->name };
	int rc;

	*out = lv->size;
	rc = dw_opener_used_len(&o, lv, out, err);
	close_opener(&o, lv->vg);
	return rc;
}
