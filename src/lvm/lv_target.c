/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Segments that a target computes: what it needs is opened and handed over. */
#include <inttypes.h>
#include <stdlib.h>

#include "lvm/opener.h"

static uint64_t segment_len(const struct dw_lv *lv, const struct dw_segment *s)
{
	return s->extents_nr * lv->vg->extent_len;
}

/* ---- legs ---------------------------------------------------------------- */

/* Devices of a segment's areas; those whose PV is missing, or whose volume was
 * given up, are NULL. */
struct legs {
	struct dw_raid_leg *items;
	size_t nr;
	struct dw_err missing;		/* of the first such area */
};

static void close_legs(struct legs *legs)
{
	size_t i;

	for (i = 0; i < legs->nr; i++) {
		dw_dev_close(legs->items[i].data, NULL);
		dw_dev_close(legs->items[i].meta, NULL);
	}
	free(legs->items);
}

/* LVM puts errors in the place of a leg whose PV it is told to forget. */
static int check_given_up(const struct dw_lv *lv, struct dw_err *err)
{
	size_t i;

	for (i = 0; i < lv->segments_nr; i++)
		if (lv->segments[i].kind != DW_SEGMENT_ERROR)
			return 0;
	return dw_fail(err, DW_NOENT, "%s/%s: was given up, and is nothing but "
		       "errors", lv->vg->name, lv->name);
}

static int open_leg(struct dw_opener *o, const struct dw_lv *lv,
		    const struct dw_area *area, uint64_t len,
		    struct legs *legs, struct dw_dev **out, struct dw_err *err)
{
	struct dw_map_piece piece = { 0 };
	struct dw_err now = { 0 };
	int rc = area->lv ? check_given_up(area->lv, &now) : 0;

	if (!rc)
		rc = dw_opener_area(o, lv, area, len, &piece, &now);
	if (!rc)
		rc = dw_window_new(piece.dev, piece.off, piece.len, o->name,
				   out, &now);
	dw_dev_close(piece.dev, NULL);
	if (rc == DW_NOENT) {
		if (!legs->missing.code)
			legs->missing = now;
		return 0;
	}
	if (rc && err)
		*err = now;
	return rc;
}

/* is_whole: each leg is all of a volume, as RAID has it; else it is as long as
 * the segment. */
static int open_legs(struct dw_opener *o, const struct dw_lv *lv,
		     const struct dw_segment *s, bool is_whole,
		     struct legs *legs, struct dw_err *err)
{
	uint64_t len = segment_len(lv, s);
	const struct dw_area *area, *meta;
	struct dw_raid_leg *leg;
	int rc = 0;

	legs->items = calloc(s->areas_nr, sizeof(*legs->items));
	if (!legs->items)
		return dw_fail_nomem(err);
	while (!rc && legs->nr < s->areas_nr) {
		area = &s->areas[legs->nr];
		meta = s->metas ? &s->metas[legs->nr] : NULL;
		leg = &legs->items[legs->nr++];
		if (is_whole) {
			len = area->lv->size;
			leg->is_writemostly = area->lv->is_writemostly;
		}
		rc = open_leg(o, lv, area, len, legs, &leg->data, err);
		if (!rc && meta)
			rc = open_leg(o, lv, meta, meta->lv->size, legs,
				      &leg->meta, err);
	}
	return rc;
}

/* Where too few legs are left, what the user needs to know is which PV would
 * help. */
static int explain(const struct dw_lv *lv, const struct legs *legs, int rc,
		   struct dw_err *err)
{
	if (rc != DW_NOENT || !legs->missing.code)
		return rc;
	if (err)
		*err = legs->missing;
	return dw_err_prefix(err, rc, "%s/%s", lv->vg->name, lv->name);
}

/* ---- mirrors and RAID ---------------------------------------------------- */

static int new_mirror(struct dw_opener *o, struct dw_mirror_params *p,
		      const struct legs *legs, struct dw_dev **out,
		      struct dw_err *err)
{
	struct dw_dev **devs = calloc(legs->nr, sizeof(struct dw_dev *));
	size_t i;
	int rc;

	if (!devs)
		return dw_fail_nomem(err);
	for (i = 0; i < legs->nr; i++)
		devs[i] = legs->items[i].data;
	p->legs = devs;
	p->legs_nr = legs->nr;
	rc = dw_mirror_new(o->ctx, o->name, p, out, err);
	free(devs);
	return rc;
}

/* With the first leg, nobody needs the log. */
static int open_log(struct dw_opener *o, const struct dw_lv *log,
		    struct dw_mirror_params *p, struct dw_err *err)
{
	struct dw_err now = { 0 };
	int rc;

	if (!log)
		return 0;
	rc = dw_opener_lv(o, log, &p->log, &now);
	p->is_log_missing = rc == DW_NOENT;
	if (rc && rc != DW_NOENT && err)
		*err = now;
	return rc == DW_NOENT ? 0 : rc;
}

/* The extents that pvmove came from may be anybody's again. */
static int open_moved(struct dw_opener *o, const struct dw_lv *lv,
		      const struct dw_segment *s, struct dw_dev **out,
		      struct dw_err *err)
{
	struct dw_map_piece piece = { 0 };
	int rc;

	rc = dw_opener_area(o, lv, &s->areas[1], segment_len(lv, s), &piece,
			    err);
	if (!rc)
		rc = dw_window_new_kind(piece.dev, piece.off, piece.len,
					o->name, "mirror", out, err);
	if (!rc)
		(*out)->readonly = true;
	dw_dev_close(piece.dev, NULL);
	return rc;
}

static int open_mirror(struct dw_opener *o, const struct dw_lv *lv,
		       const struct dw_segment *s, struct dw_dev **out,
		       struct dw_err *err)
{
	struct dw_mirror_params p = {
		.region_len = s->region_len, .is_notsynced = lv->is_notsynced,
	};
	struct legs legs = { 0 };
	int rc;

	if (s->is_moved)
		return open_moved(o, lv, s, out, err);
	rc = open_legs(o, lv, s, false, &legs, err);
	if (!rc)
		rc = open_log(o, s->metadata, &p, err);
	if (!rc)
		rc = new_mirror(o, &p, &legs, out, err);
	rc = explain(lv, &legs, rc, err);
	dw_dev_close(p.log, NULL);
	close_legs(&legs);
	return rc;
}

static int open_raid(struct dw_opener *o, const struct dw_lv *lv,
		     const struct dw_segment *s, struct dw_dev **out,
		     struct dw_err *err)
{
	struct dw_raid_set set = {
		.type = s->type, .stripe_len = s->stripe_len,
		.size = segment_len(lv, s), .has_metas = s->metas,
		.is_notsynced = lv->is_notsynced,
		.is_writebehind = s->is_writebehind,
		.data_copies = s->data_copies,
	};
	struct legs legs = { 0 };
	int rc;

	if (s->is_reshaped)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s/%s: %s that was reshaped cannot be read",
			       lv->vg->name, lv->name, s->type);
	rc = open_legs(o, lv, s, true, &legs, err);
	set.legs = legs.items;
	set.legs_nr = legs.nr;
	if (!rc)
		rc = dw_raid_new(o->name, &set, out, err);
	rc = explain(lv, &legs, rc, err);
	close_legs(&legs);
	return rc;
}

/* ---- snapshots ----------------------------------------------------------- */

/* An origin that has snapshots can be extended, but not reduced. */
static int check_origin(const struct dw_lv *snapshot,
			const struct dw_lv *origin, struct dw_err *err)
{
	if (snapshot->size <= origin->size)
		return 0;
	return dw_fail(err, DW_CORRUPT, "%s/%s: a snapshot of %" PRIu64
		       " bytes, but its origin %s has %" PRIu64,
		       snapshot->vg->name,
		       snapshot->segments[0].cow->name, snapshot->size,
		       origin->name, origin->size);
}

/* What it was long when the snapshot was taken. */
static int open_origin(struct dw_opener *o, const struct dw_lv *snapshot,
		       struct dw_dev **out, struct dw_err *err)
{
	const struct dw_segment *s = &snapshot->segments[0];
	struct dw_dev *origin = NULL;
	int rc = check_origin(snapshot, s->origin, err);

	*out = NULL;
	if (!rc)
		rc = dw_opener_lv(o, s->origin, &origin, err);
	if (!rc)
		rc = dw_window_new(origin, 0, snapshot->size, o->name, out,
				   err);
	dw_dev_close(origin, NULL);
	return rc;
}

int dw_opener_snapshot(struct dw_opener *o, const struct dw_lv *snapshot,
		       struct dw_dev **out, struct dw_err *err)
{
	const struct dw_segment *s = &snapshot->segments[0];
	struct dw_dev *origin = NULL, *cow = NULL;
	int rc;

	if (s->is_merging)
		rc = dw_opener_lv(o, s->origin, &origin, err);
	else
		rc = open_origin(o, snapshot, &origin, err);
	if (!rc)
		rc = dw_opener_lv(o, s->cow, &cow, err);
	if (!rc)
		rc = (s->is_merging ? dw_cow_open_merging : dw_cow_open)
			(o->ctx, o->name, origin, cow, out, err);
	dw_dev_close(origin, NULL);
	dw_dev_close(cow, NULL);
	return rc;
}

/* ---- thin volumes -------------------------------------------------------- */

static int refuse_type(const struct dw_lv *lv, const struct dw_segment *s,
		       struct dw_err *err)
{
	return dw_fail(err, DW_UNSUPPORTED,
		       "%s/%s: volumes of type %s are not read",
		       lv->vg->name, lv->name, s->type);
}

static void close_thin(const struct dw_thin_params *p)
{
	dw_dev_close(p->metadata, NULL);
	dw_dev_close(p->data, NULL);
	dw_dev_close(p->external_origin, NULL);
}

/* To merge a thin snapshot is to give its device and its external origin to
 * the other volume, which LVM does when that is next activated: a merge that
 * waits counts as done. */
static const struct dw_segment *device_segment(const struct dw_lv *lv)
{
	return lv->successor ? lv->successor->segments : lv->segments;
}

/* Once merged, the volume is as long as the snapshot; until then the group has
 * it with its own size, and what is read has to be as long as that. */
static int check_merge(const struct dw_lv *lv, struct dw_err *err)
{
	const struct dw_lv *next = lv->successor;

	if (!next || next->size == lv->size)
		return 0;
	return dw_fail(err, DW_UNSUPPORTED,
		       "%s/%s: has %" PRIu64 " bytes, and %s, which is to be "
		       "merged into it, %" PRIu64 ": that is only read once it "
		       "is merged", lv->vg->name, lv->name, lv->size,
		       next->name, next->size);
}

/* To be closed after an error, too. */
static int prepare_thin(struct dw_opener *o, const struct dw_lv *lv,
			const struct dw_segment *s, struct dw_thin_params *p,
			struct dw_err *err)
{
	const struct dw_segment *pool = &s->pool->segments[0];
	const struct dw_segment *device = device_segment(lv);
	int rc = check_merge(lv, err);

	*p = (struct dw_thin_params){
		.chunk_len = pool->chunk_len, .device_id = device->device_id,
		.transaction_id = device->transaction_id,
		.size = segment_len(lv, s),
	};
	if (pool->kind != DW_SEGMENT_THIN_POOL)
		return refuse_type(s->pool, pool, err);
	if (device->origin && device->origin->segments_nr)
		p->parent_id = device->origin->segments[0].device_id;
	if (!rc)
		rc = dw_opener_lv(o, pool->metadata, &p->metadata, err);
	if (!rc)
		rc = dw_opener_lv(o, pool->data, &p->data, err);
	if (!rc && device->external_origin)
		rc = dw_opener_lv(o, device->external_origin,
				  &p->external_origin, err);
	return rc;
}

static int open_thin(struct dw_opener *o, const struct dw_lv *lv,
		     const struct dw_segment *s, struct dw_dev **out,
		     struct dw_err *err)
{
	struct dw_thin_params p;
	int rc = prepare_thin(o, lv, s, &p, err);

	if (!rc)
		rc = dw_thin_open(o->ctx, o->name, &p, out, err);
	close_thin(&p);
	return rc;
}

/* ---- caches -------------------------------------------------------------- */

/* Parts of the volume that is the cache. */
static int open_cachevol(struct dw_opener *o, const struct dw_segment *s,
			 struct dw_cache_params *p, struct dw_err *err)
{
	struct dw_dev *vol = NULL;
	int rc;

	p->chunk_len = s->chunk_len;
	rc = dw_opener_lv(o, s->pool, &vol, err);
	if (!rc)
		rc = dw_window_new(vol, s->cachevol_metadata_off,
				   s->cachevol_metadata_len, o->name,
				   &p->metadata, err);
	if (!rc)
		rc = dw_window_new(vol, s->cachevol_data_off,
				   s->cachevol_data_len, o->name, &p->data,
				   err);
	dw_dev_close(vol, NULL);
	return rc;
}

static int open_cache_pool(struct dw_opener *o, const struct dw_lv *lv,
			   struct dw_cache_params *p, struct dw_err *err)
{
	const struct dw_segment *pool = &lv->segments[0];
	int rc;

	if (pool->kind != DW_SEGMENT_CACHE_POOL)
		return refuse_type(lv, pool, err);
	p->chunk_len = pool->chunk_len;
	rc = dw_opener_lv(o, pool->metadata, &p->metadata, err);
	return rc ? rc : dw_opener_lv(o, pool->data, &p->data, err);
}

static int open_cache(struct dw_opener *o, const struct dw_lv *lv,
		      const struct dw_segment *s, struct dw_dev **out,
		      struct dw_err *err)
{
	struct dw_cache_params p = { 0 };
	int rc = dw_opener_lv(o, s->origin, &p.origin, err);

	if (!rc && s->cachevol_metadata_len)
		rc = open_cachevol(o, s, &p, err);
	else if (!rc)
		rc = open_cache_pool(o, s->pool, &p, err);
	if (!rc)
		rc = dw_cache_open(o->ctx, o->name, &p, out, err);
	dw_dev_close(p.origin, NULL);
	dw_dev_close(p.metadata, NULL);
	dw_dev_close(p.data, NULL);
	return rc;
}

/* ---- all of them --------------------------------------------------------- */

static int refuse_pool(const struct dw_lv *lv, const struct dw_segment *s,
		       struct dw_err *err)
{
	return dw_fail(err, DW_UNSUPPORTED,
		       "%s/%s: a %s is read by the volumes in it",
		       lv->vg->name, lv->name, dw_segment_name(s));
}

int dw_opener_target(struct dw_opener *o, const struct dw_lv *lv,
		     const struct dw_segment *s, struct dw_dev **out,
		     struct dw_err *err)
{
	switch (s->kind) {
	case DW_SEGMENT_MIRROR:
		return open_mirror(o, lv, s, out, err);
	case DW_SEGMENT_RAID:
		return open_raid(o, lv, s, out, err);
	case DW_SEGMENT_SNAPSHOT:
		return dw_opener_snapshot(o, lv, out, err);
	case DW_SEGMENT_THIN:
		return open_thin(o, lv, s, out, err);
	case DW_SEGMENT_CACHE:
		return open_cache(o, lv, s, out, err);
	case DW_SEGMENT_THIN_POOL:
	case DW_SEGMENT_CACHE_POOL:
		return refuse_pool(lv, s, err);
	default:
		return refuse_type(lv, s, err);
	}
}

int dw_opener_used_len(struct dw_opener *o, const struct dw_lv *lv,
		       uint64_t *out, struct dw_err *err)
{
	const struct dw_segment *s = lv->segments;
	struct dw_thin_params p;
	struct dw_dev *cow = NULL;
	int rc;

	if (lv->snapshot) {
		rc = dw_opener_lv(o, lv, &cow, err);
		if (!rc)
			rc = dw_cow_used_len(o->ctx, cow, out, err);
		dw_dev_close(cow, NULL);
		return rc;
	}
	if (!lv->segments_nr || s->kind != DW_SEGMENT_THIN)
		return 0;
	rc = prepare_thin(o, lv, s, &p, err);
	if (!rc)
		rc = dw_thin_used_len(o->ctx, &p, out, err);
	close_thin(&p);
	return rc;
}
