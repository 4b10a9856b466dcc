/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a segment makes sense by itself and with what it refers to. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "lvm/vg.h"

/* dm-thin and dm-cache take chunks of 64 KiB and 32 KiB to 1 GiB. */
#define POOL_CHUNK_MAX (1u << 30)
#define THIN_CHUNK_MIN (64u << 10)
#define CACHE_CHUNK_MIN (32u << 10)

static int fail(const struct dw_lv *lv, struct dw_err *err, const char *fmt,
		...) DW_PRINTF(3, 4);

static int fail(const struct dw_lv *lv, struct dw_err *err, const char *fmt,
		...)
{
	char text[DW_ERR_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return dw_fail(err, DW_CORRUPT, "lvm: %s/%s: %s", lv->vg->name,
		       lv->name, text);
}

/* ---- areas --------------------------------------------------------------- */

static int check_area(const struct dw_lv *lv, const struct dw_area *area,
		      uint64_t nr, struct dw_err *err)
{
	uint64_t has_nr = area->pv ? area->pv->pe_nr :
			  area->lv->size / lv->vg->extent_len;

	if (dw_in_range(area->extent, nr, has_nr))
		return 0;
	return fail(lv, err, "%" PRIu64 " extents from %" PRIu64
		    " on pass the %" PRIu64 " of %s", nr, area->extent, has_nr,
		    area->pv ? area->pv->name : area->lv->name);
}

static int check_areas(const struct dw_lv *lv, const struct dw_segment *s,
		       uint64_t nr, struct dw_err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < s->areas_nr; i++)
		rc = check_area(lv, &s->areas[i], nr, err);
	return rc;
}

static int check_striped(const struct dw_lv *lv, const struct dw_segment *s,
			 struct dw_err *err)
{
	uint64_t len = dw_segment_area_extents(s) * lv->vg->extent_len;

	if (s->extents_nr % s->areas_nr)
		return fail(lv, err, "%" PRIu64 " extents in %zu stripes",
			    s->extents_nr, s->areas_nr);
	if (s->areas_nr > 1 && (!s->stripe_len || len % s->stripe_len))
		return fail(lv, err, "stripes of %" PRIu64 " bytes in chunks "
			    "of %" PRIu32, len, s->stripe_len);
	return check_areas(lv, s, dw_segment_area_extents(s), err);
}

static int check_mirror(const struct dw_lv *lv, const struct dw_segment *s,
			struct dw_err *err)
{
	if (s->region_len && !dw_is_pow2(s->region_len))
		return fail(lv, err, "regions of %" PRIu64 " bytes",
			    s->region_len);
	if (s->metadata && !s->region_len)
		return fail(lv, err, "a mirror log without a size of regions");
	return check_areas(lv, s, s->extents_nr, err);
}

/* How many extents each image must have is the matter of who knows the
 * levels. */
static int check_raid(const struct dw_lv *lv, const struct dw_segment *s,
		      struct dw_err *err)
{
	bool is_raid1 = !strcmp(s->type, "raid1");

	if (!is_raid1 && !dw_is_pow2(s->stripe_len))
		return fail(lv, err, "%s in chunks of %" PRIu32 " bytes",
			    s->type, s->stripe_len);
	if (s->region_len && !dw_is_pow2(s->region_len))
		return fail(lv, err, "regions of %" PRIu64 " bytes",
			    s->region_len);
	return is_raid1 ? check_areas(lv, s, s->extents_nr, err) : 0;
}

/* ---- volumes made of others ---------------------------------------------- */

static bool is_kind(const struct dw_lv *lv, enum dw_segment_kind kind)
{
	return lv->segments_nr && lv->segments[0].kind == kind;
}

/* Or of a type that is not known, as one with a flag of tomorrow: its volumes
 * cannot be read, but all others of the group. */
static bool may_be_kind(const struct dw_lv *lv, enum dw_segment_kind kind)
{
	return is_kind(lv, kind) || is_kind(lv, DW_SEGMENT_OTHER);
}

static int check_chunk(const struct dw_lv *lv, const struct dw_segment *s,
		       uint32_t min, struct dw_err *err)
{
	if (s->chunk_len >= min && s->chunk_len <= POOL_CHUNK_MAX &&
	    !(s->chunk_len % min))
		return 0;
	return fail(lv, err, "chunks of %" PRIu32 " bytes", s->chunk_len);
}

static int check_snapshot(const struct dw_lv *lv, const struct dw_segment *s,
			  struct dw_err *err)
{
	if (!dw_is_pow2(s->chunk_len))
		return fail(lv, err, "chunks of %" PRIu32 " bytes",
			    s->chunk_len);
	if (s->origin == s->cow)
		return fail(lv, err, "%s is a snapshot of itself",
			    s->origin->name);
	if (is_kind(s->cow, DW_SEGMENT_SNAPSHOT))
		return fail(lv, err, "%s cannot store a snapshot",
			    s->cow->name);
	return 0;
}

/* Another volume of the pool that a thin one is of. */
static bool is_sibling(const struct dw_lv *lv, const struct dw_lv *other)
{
	return other != lv && is_kind(other, DW_SEGMENT_THIN) &&
	       other->segments[0].pool == lv->segments[0].pool;
}

static int check_thin(const struct dw_lv *lv, const struct dw_segment *s,
		      struct dw_err *err)
{
	if (!may_be_kind(s->pool, DW_SEGMENT_THIN_POOL))
		return fail(lv, err, "%s is no thin pool", s->pool->name);
	if (s->device_id >= 1u << 24)
		return fail(lv, err, "device number %" PRIu64, s->device_id);
	if (s->merge && !is_sibling(lv, s->merge))
		return fail(lv, err, "it cannot take the place of %s",
			    s->merge->name);
	return 0;
}

static int check_cachevol(const struct dw_lv *lv, const struct dw_segment *s,
			  struct dw_err *err)
{
	uint64_t size = s->pool->size;

	if (!dw_in_range(s->cachevol_metadata_off, s->cachevol_metadata_len,
			 size) ||
	    !dw_in_range(s->cachevol_data_off, s->cachevol_data_len, size))
		return fail(lv, err, "the parts of its cache pass the %" PRIu64
			    " bytes of %s", size, s->pool->name);
	return check_chunk(lv, s, CACHE_CHUNK_MIN, err);
}

static int check_cache(const struct dw_lv *lv, const struct dw_segment *s,
		       struct dw_err *err)
{
	if (s->cachevol_metadata_len)
		return check_cachevol(lv, s, err);
	if (!may_be_kind(s->pool, DW_SEGMENT_CACHE_POOL))
		return fail(lv, err, "%s is no cache pool", s->pool->name);
	if (is_kind(s->pool, DW_SEGMENT_OTHER))
		return 0;
	/* A pool that is not used need not have it. */
	return check_chunk(lv, &s->pool->segments[0], CACHE_CHUNK_MIN, err);
}

/* What is computed is one piece from its volume's start on. */
static bool must_be_alone(const struct dw_segment *s)
{
	switch (s->kind) {
	case DW_SEGMENT_STRIPED:
	case DW_SEGMENT_MIRROR:
	case DW_SEGMENT_ERROR:
	case DW_SEGMENT_ZERO:
	case DW_SEGMENT_OTHER:
		return false;
	default:
		return true;
	}
}

int dw_segment_check(const struct dw_lv *lv, const struct dw_segment *s,
		     struct dw_err *err)
{
	if (must_be_alone(s) && lv->segments_nr > 1)
		return fail(lv, err, "a segment of type %s among %zu", s->type,
			    lv->segments_nr);
	switch (s->kind) {
	case DW_SEGMENT_STRIPED:
		return check_striped(lv, s, err);
	case DW_SEGMENT_MIRROR:
		return check_mirror(lv, s, err);
	case DW_SEGMENT_RAID:
		return check_raid(lv, s, err);
	case DW_SEGMENT_SNAPSHOT:
		return check_snapshot(lv, s, err);
	case DW_SEGMENT_THIN_POOL:
		return check_chunk(lv, s, THIN_CHUNK_MIN, err);
	case DW_SEGMENT_THIN:
		return check_thin(lv, s, err);
	case DW_SEGMENT_CACHE:
		return check_cache(lv, s, err);
	default:
		return 0;
	}
}
