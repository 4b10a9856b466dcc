/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Segments: a reader of the text for each kind, and their names. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "lvm/label.h"
#include "lvm/vg.h"

/* Sizes in sectors that fit 32 bits as bytes. */
#define SECTORS32_MAX (UINT32_MAX / DW_LVM_SECTOR)
#define SECTORS_MAX (UINT64_MAX / DW_LVM_SECTOR)

/* A section that is being read. */
struct reader {
	const struct dw_config *cfg;
	const struct dw_config_node *node;
	struct dw_vg_own *own;
	struct dw_segment *segment;
	struct dw_err *err;
};

/* ---- single keys --------------------------------------------------------- */

static int read_sectors(struct reader *r, const char *key, bool is_needed,
			uint32_t *out)
{
	uint64_t sectors = 0;
	int rc;

	rc = (is_needed ? dw_config_num : dw_config_opt_num)
		(r->cfg, r->node, key, SECTORS32_MAX, &sectors, r->err);
	if (!rc)
		*out = (uint32_t)sectors * DW_LVM_SECTOR;
	return rc;
}

/* A cachevol may be of any size. */
static int read_long_sectors(struct reader *r, const char *key, uint64_t *out)
{
	int rc = dw_config_num(r->cfg, r->node, key, SECTORS_MAX, out, r->err);

	*out *= DW_LVM_SECTOR;
	return rc;
}

static int find_lv(struct reader *r, const struct dw_config_node *at,
		   const char *name, const struct dw_lv **out)
{
	*out = dw_vg_lv(r->own, name);
	if (*out)
		return 0;
	return dw_config_fail(r->cfg, at, r->err,
			      "there is no volume \"%s\"", name);
}

static int read_lv(struct reader *r, const char *key, bool is_needed,
		   const struct dw_lv **out)
{
	const struct dw_config_node *at = dw_config_find(r->node, key);
	const char *name;
	int rc;

	if (!at && !is_needed)
		return 0;
	rc = dw_config_str(r->cfg, r->node, key, &name, r->err);
	return rc ? rc : find_lv(r, at, name, out);
}

/* ---- areas --------------------------------------------------------------- */

static size_t count_values(const struct dw_config_node *node)
{
	const struct dw_config_value *v;
	size_t nr = 0;

	for (v = node->values; v; v = v->next)
		nr++;
	return nr;
}

/* The array under key, which has per_nr values for each of what count_key
 * says; nothing is allocated by that number before the two agree. */
static int read_list(struct reader *r, const char *key, const char *count_key,
		     size_t per_nr, const struct dw_config_node **out)
{
	uint64_t said_nr;
	size_t nr;
	int rc;

	rc = dw_config_num(r->cfg, r->node, count_key, UINT32_MAX, &said_nr,
			   r->err);
	if (rc)
		return rc;
	*out = dw_config_find(r->node, key);
	if (!*out)
		return dw_config_fail(r->cfg, r->node, r->err,
				      "\"%s\" has no \"%s\"", r->node->key,
				      key);
	nr = count_values(*out);
	if (!nr || nr != said_nr * per_nr)
		return dw_config_fail(r->cfg, *out, r->err,
				      "\"%s\" has %zu values for a \"%s\" of %"
				      PRIu64, key, nr, count_key, said_nr);
	return 0;
}

/* "NAME", EXTENT: of a PV, or else of a volume. */
static int read_area(struct reader *r, const struct dw_config_node *at,
		     const struct dw_config_value *v, struct dw_area *out)
{
	const struct dw_config_value *extent = v->next;

	if (v->kind != DW_CONFIG_STRING || extent->kind != DW_CONFIG_INT)
		return dw_config_fail(r->cfg, at, r->err,
				      "\"%s\" is no list of names and extents",
				      at->key);
	out->extent = extent->num;
	out->pv = dw_vg_pv(r->own, v->str);
	return out->pv ? 0 : find_lv(r, at, v->str, &out->lv);
}

static int read_areas(struct reader *r, const char *key, const char *count_key)
{
	struct dw_segment *s = r->segment;
	const struct dw_config_value *v;
	const struct dw_config_node *at;
	size_t nr;
	int rc;

	rc = read_list(r, key, count_key, 2, &at);
	if (rc)
		return rc;
	nr = count_values(at) / 2;
	rc = dw_arena_alloc(&r->own->arena, nr, sizeof(*s->areas), &s->areas,
			    r->err);
	for (v = at->values; !rc && s->areas_nr < nr; v = v->next->next)
		rc = read_area(r, at, v, &s->areas[s->areas_nr++]);
	return rc;
}

static int read_image(struct reader *r, const struct dw_config_node *at,
		      const struct dw_config_value *v, struct dw_area *out)
{
	if (v->kind != DW_CONFIG_STRING)
		return dw_config_fail(r->cfg, at, r->err,
				      "\"%s\" is no list of names", at->key);
	return find_lv(r, at, v->str, &out->lv);
}

/* "META", "IMAGE" for each device; images alone for raid0. */
static int read_images(struct reader *r, const char *key,
		       const char *count_key, bool has_metas)
{
	struct dw_segment *s = r->segment;
	const struct dw_config_value *v;
	const struct dw_config_node *at;
	size_t nr;
	int rc;

	rc = read_list(r, key, count_key, has_metas ? 2 : 1, &at);
	if (rc)
		return rc;
	nr = count_values(at) / (has_metas ? 2 : 1);
	rc = dw_arena_alloc(&r->own->arena, nr, sizeof(*s->areas), &s->areas,
			    r->err);
	if (!rc && has_metas)
		rc = dw_arena_alloc(&r->own->arena, nr, sizeof(*s->metas),
				    &s->metas, r->err);
	for (v = at->values; !rc && v; v = v->next, s->areas_nr++) {
		if (has_metas) {
			rc = read_image(r, at, v, &s->metas[s->areas_nr]);
			v = v->next;
		}
		if (!rc)
			rc = read_image(r, at, v, &s->areas[s->areas_nr]);
	}
	return rc;
}

/* ---- kinds --------------------------------------------------------------- */

static int read_striped(struct reader *r)
{
	int rc = read_areas(r, "stripes", "stripe_count");

	if (rc || r->segment->areas_nr == 1)
		return rc;
	return read_sectors(r, "stripe_size", true, &r->segment->stripe_len);
}

static int read_mirror(struct reader *r)
{
	int rc = read_areas(r, "mirrors", "mirror_count");

	if (!rc)
		rc = read_sectors(r, "region_size", false,
				  &r->segment->region_len);
	if (!rc)
		rc = read_lv(r, "mirror_log", false, &r->segment->metadata);
	return rc;
}

static int read_raid(struct reader *r)
{
	struct dw_segment *s = r->segment;
	bool is_raid0 = !strcmp(s->type, "raid0");
	uint64_t data_copies = 0, reshape_nr = 0;
	int rc;

	rc = read_images(r, is_raid0 ? "raid0_lvs" : "raids",
			 dw_config_find(r->node, "device_count") ?
			 "device_count" : "stripe_count", !is_raid0);
	if (!rc)
		rc = read_sectors(r, "stripe_size", false, &s->stripe_len);
	if (!rc)
		rc = read_sectors(r, "region_size", false, &s->region_len);
	if (!rc)
		rc = dw_config_opt_num(r->cfg, r->node, "data_copies",
				       UINT32_MAX, &data_copies, r->err);
	if (!rc)
		rc = dw_config_opt_num(r->cfg, r->node, "reshape_count",
				       UINT32_MAX, &reshape_nr, r->err);
	s->data_copies = (unsigned)data_copies;
	s->is_reshaped = reshape_nr || dw_config_find(r->node, "data_offset");
	return rc;
}

static int read_snapshot(struct reader *r)
{
	struct dw_segment *s = r->segment;
	int rc;

	s->is_merging = dw_config_find(r->node, "merging_store");
	rc = read_lv(r, "origin", true, &s->origin);
	if (!rc)
		rc = read_lv(r, s->is_merging ? "merging_store" : "cow_store",
			     true, &s->cow);
	if (!rc)
		rc = read_sectors(r, "chunk_size", true, &s->chunk_len);
	return rc;
}

static int read_thin_pool(struct reader *r)
{
	struct dw_segment *s = r->segment;
	int rc = read_lv(r, "metadata", true, &s->metadata);

	if (!rc)
		rc = read_lv(r, "pool", true, &s->data);
	if (!rc)
		rc = dw_config_num(r->cfg, r->node, "transaction_id",
				   UINT64_MAX, &s->transaction_id, r->err);
	if (!rc)
		rc = read_sectors(r, "chunk_size", true, &s->chunk_len);
	return rc;
}

static int read_thin(struct reader *r)
{
	struct dw_segment *s = r->segment;
	int rc = read_lv(r, "thin_pool", true, &s->pool);

	if (!rc)
		rc = read_lv(r, "origin", false, &s->origin);
	if (!rc)
		rc = read_lv(r, "external_origin", false, &s->external_origin);
	if (!rc)
		rc = read_lv(r, "merge", false, &s->merge);
	if (!rc)
		rc = dw_config_num(r->cfg, r->node, "transaction_id",
				   UINT64_MAX, &s->transaction_id, r->err);
	if (!rc)
		rc = dw_config_num(r->cfg, r->node, "device_id", UINT32_MAX,
				   &s->device_id, r->err);
	return rc;
}

/* Of a pool that is used, and of a cache on a cachevol. */
static int read_cache_settings(struct reader *r)
{
	struct dw_segment *s = r->segment;
	const char *mode = "writethrough";
	uint64_t format = 0;
	int rc;

	rc = read_sectors(r, "chunk_size", false, &s->chunk_len);
	if (!rc)
		rc = dw_config_opt_str(r->cfg, r->node, "cache_mode", &mode,
				       r->err);
	if (!rc)
		rc = dw_config_opt_num(r->cfg, r->node, "metadata_format", 2,
				       &format, r->err);
	s->is_writeback = !strcmp(mode, "writeback");
	s->metadata_format = (unsigned)format;
	return rc;
}

static int read_cache_pool(struct reader *r)
{
	int rc = read_lv(r, "data", true, &r->segment->data);

	if (!rc)
		rc = read_lv(r, "metadata", true, &r->segment->metadata);
	return rc ? rc : read_cache_settings(r);
}

/* A volume used as both data and metadata of a cache. */
static int read_cachevol(struct reader *r)
{
	struct dw_segment *s = r->segment;
	int rc;

	rc = read_long_sectors(r, "metadata_start", &s->cachevol_metadata_off);
	if (!rc)
		rc = read_long_sectors(r, "metadata_len",
				       &s->cachevol_metadata_len);
	if (!rc)
		rc = read_long_sectors(r, "data_start", &s->cachevol_data_off);
	if (!rc)
		rc = read_long_sectors(r, "data_len", &s->cachevol_data_len);
	return rc;
}

static int read_cache(struct reader *r)
{
	int rc = read_lv(r, "cache_pool", true, &r->segment->pool);

	if (!rc)
		rc = read_lv(r, "origin", true, &r->segment->origin);
	if (!rc)
		rc = read_cache_settings(r);
	if (!rc && dw_config_find(r->node, "metadata_start"))
		rc = read_cachevol(r);
	return rc;
}

static int read_nothing(struct reader *r)
{
	return 0;
}

static const struct kind {
	const char *name;
	const char *flag;	/* a "+FLAG" that changes nothing for us */
	enum dw_segment_kind kind;
	int (*read)(struct reader *r);
} kinds[] = {
	{ "striped", NULL, DW_SEGMENT_STRIPED, read_striped },
	{ "linear", NULL, DW_SEGMENT_STRIPED, read_striped },
	{ "mirror", NULL, DW_SEGMENT_MIRROR, read_mirror },
	{ "raid0", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid0_meta", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid1", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid10", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid10_near", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid4", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid5", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid5_n", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid5_la", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid5_ra", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid5_ls", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid5_rs", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid6", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid6_zr", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid6_nr", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid6_nc", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid6_n_6", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid6_ls_6", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid6_rs_6", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid6_la_6", NULL, DW_SEGMENT_RAID, read_raid },
	{ "raid6_ra_6", NULL, DW_SEGMENT_RAID, read_raid },
	{ "snapshot", NULL, DW_SEGMENT_SNAPSHOT, read_snapshot },
	{ "thin-pool", "CROP_METADATA", DW_SEGMENT_THIN_POOL,
	  read_thin_pool },
	{ "thin", NULL, DW_SEGMENT_THIN, read_thin },
	{ "cache-pool", "METADATA_FORMAT", DW_SEGMENT_CACHE_POOL,
	  read_cache_pool },
	{ "cache", "CACHE_USES_CACHEVOL", DW_SEGMENT_CACHE, read_cache },
	{ "error", NULL, DW_SEGMENT_ERROR, read_nothing },
	{ "zero", NULL, DW_SEGMENT_ZERO, read_nothing },
};

#define KINDS_NR (sizeof(kinds) / sizeof(kinds[0]))

/* A flag says that older versions cannot handle the segment, and neither can
 * we where we do not know it. */
static const struct kind *find_kind(const char *type)
{
	size_t i, len = strcspn(type, "+");
	const struct kind *k;

	for (i = 0; i < KINDS_NR; i++) {
		k = &kinds[i];
		if (strlen(k->name) != len || memcmp(k->name, type, len))
			continue;
		if (!type[len] || (k->flag && !strcmp(type + len + 1, k->flag)))
			return k;
	}
	return NULL;
}

static int read_extents(struct reader *r)
{
	struct dw_segment *s = r->segment;
	int rc;

	rc = dw_config_num(r->cfg, r->node, "start_extent", UINT32_MAX,
			   &s->start_extent, r->err);
	if (!rc)
		rc = dw_config_num(r->cfg, r->node, "extent_count", UINT32_MAX,
				   &s->extents_nr, r->err);
	return rc;
}

int dw_segment_decode(const struct dw_config *cfg,
		      const struct dw_config_node *node, struct dw_vg_own *own,
		      struct dw_segment *out, struct dw_err *err)
{
	struct reader r = { cfg, node, own, out, err };
	const struct kind *kind;
	const char *type;
	int rc;

	rc = read_extents(&r);
	if (!rc)
		rc = dw_config_str(cfg, node, "type", &type, err);
	if (!rc)
		rc = dw_arena_dup(&own->arena, type, strlen(type), &out->type,
				  err);
	if (rc)
		return rc;
	kind = find_kind(type);
	out->kind = kind ? kind->kind : DW_SEGMENT_OTHER;
	return kind ? kind->read(&r) : 0;
}

/* ---- names --------------------------------------------------------------- */

const char *dw_segment_name(const struct dw_segment *segment)
{
	size_t i, len = strcspn(segment->type, "+");

	if (segment->kind == DW_SEGMENT_STRIPED)
		return segment->areas_nr == 1 ? "linear" : "striped";
	for (i = 0; i < KINDS_NR; i++)
		if (strlen(kinds[i].name) == len &&
		    !memcmp(kinds[i].name, segment->type, len))
			return kinds[i].name;
	return segment->type;
}

/* Segments of different kinds are seldom: the first decides. */
const char *dw_lv_kind_name(const struct dw_lv *lv)
{
	if (lv->snapshot)
		return "snapshot";
	return lv->segments_nr ? dw_segment_name(&lv->segments[0]) : "empty";
}

/* ---- what a segment takes of others -------------------------------------- */

uint64_t dw_segment_area_extents(const struct dw_segment *segment)
{
	if (segment->kind == DW_SEGMENT_STRIPED && segment->areas_nr)
		return segment->extents_nr / segment->areas_nr;
	return segment->extents_nr;
}

static int ref(dw_lv_ref_fn fn, void *arg, const struct dw_lv *lv)
{
	return lv ? fn(arg, lv) : 0;
}

int dw_segment_refs(const struct dw_segment *s, dw_lv_ref_fn fn, void *arg)
{
	const struct dw_lv *const lvs[] = {
		/* A thin volume has what it shares with its parent in its own
		 * tree; chains of snapshots are as long as people make them. */
		s->kind == DW_SEGMENT_THIN ? NULL : s->origin,
		s->cow, s->external_origin, s->pool, s->data, s->metadata,
	};
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < sizeof(lvs) / sizeof(lvs[0]); i++)
		rc = ref(fn, arg, lvs[i]);
	for (i = 0; !rc && i < s->areas_nr; i++) {
		rc = ref(fn, arg, s->areas[i].lv);
		if (!rc && s->metas)
			rc = ref(fn, arg, s->metas[i].lv);
	}
	return rc;
}
