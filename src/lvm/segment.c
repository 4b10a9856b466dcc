/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Segments: what the text says of each kind, and their names. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "lvm/label.h"
#include "lvm/reader.h"

/* ---- kinds --------------------------------------------------------------- */

static int read_striped(struct dw_reader *r)
{
	int rc = dw_read_areas(r, "stripes", "stripe_count");

	if (rc || r->segment->areas_nr == 1)
		return rc;
	return dw_read_sectors(r, "stripe_size", true, &r->segment->stripe_len);
}

/* pvmove copies one segment after the other, and notes which it is done with;
 * of one that it is not, the first leg is what counts. */
static int read_moved(struct dw_reader *r)
{
	struct dw_segment *s = r->segment;
	uint64_t moved_nr = 0;
	int rc;

	rc = dw_config_opt_num(r->cfg, r->node, "extents_moved", UINT32_MAX,
			       &moved_nr, r->err);
	s->is_moved = moved_nr && moved_nr == s->extents_nr && s->areas_nr > 1;
	return rc;
}

static int read_mirror(struct dw_reader *r)
{
	int rc = dw_read_areas(r, "mirrors", "mirror_count");

	if (!rc)
		rc = dw_read_long_sectors(r, "region_size", false,
					  &r->segment->region_len);
	if (!rc)
		rc = dw_read_lv(r, "mirror_log", false, &r->segment->metadata);
	return rc ? rc : read_moved(r);
}

static int read_raid(struct dw_reader *r)
{
	struct dw_segment *s = r->segment;
	bool is_raid0 = !strcmp(s->type, "raid0");
	uint64_t data_copies = 0, reshape_nr = 0, behind_nr = 0;
	int rc;

	rc = dw_read_images(r, is_raid0 ? "raid0_lvs" : "raids",
			    dw_config_find(r->node, "device_count") ?
			    "device_count" : "stripe_count", !is_raid0);
	if (!rc)
		rc = dw_read_sectors(r, "stripe_size", false, &s->stripe_len);
	if (!rc)
		rc = dw_read_long_sectors(r, "region_size", false,
					  &s->region_len);
	if (!rc)
		rc = dw_config_opt_num(r->cfg, r->node, "data_copies",
				       UINT32_MAX, &data_copies, r->err);
	if (!rc)
		rc = dw_config_opt_num(r->cfg, r->node, "reshape_count",
				       UINT32_MAX, &reshape_nr, r->err);
	if (!rc)
		rc = dw_config_opt_num(r->cfg, r->node, "writebehind",
				       UINT32_MAX, &behind_nr, r->err);
	s->data_copies = (unsigned)data_copies;
	s->is_writebehind = behind_nr;
	s->is_reshaped = reshape_nr || dw_config_find(r->node, "data_offset");
	return rc;
}

static int read_snapshot(struct dw_reader *r)
{
	struct dw_segment *s = r->segment;
	int rc;

	s->is_merging = dw_config_find(r->node, "merging_store");
	rc = dw_read_lv(r, "origin", true, &s->origin);
	if (!rc)
		rc = dw_read_lv(r, s->is_merging ? "merging_store" :
				"cow_store", true, &s->cow);
	if (!rc)
		rc = dw_read_sectors(r, "chunk_size", true, &s->chunk_len);
	return rc;
}

static int read_thin_pool(struct dw_reader *r)
{
	struct dw_segment *s = r->segment;
	int rc = dw_read_lv(r, "metadata", true, &s->metadata);

	if (!rc)
		rc = dw_read_lv(r, "pool", true, &s->data);
	if (!rc)
		rc = dw_config_num(r->cfg, r->node, "transaction_id",
				   UINT64_MAX, &s->transaction_id, r->err);
	if (!rc)
		rc = dw_read_sectors(r, "chunk_size", true, &s->chunk_len);
	return rc;
}

static int read_thin(struct dw_reader *r)
{
	struct dw_segment *s = r->segment;
	int rc = dw_read_lv(r, "thin_pool", true, &s->pool);

	if (!rc)
		rc = dw_read_lv(r, "origin", false, &s->origin);
	if (!rc)
		rc = dw_read_lv(r, "external_origin", false,
				&s->external_origin);
	if (!rc)
		rc = dw_read_lv(r, "merge", false, &s->merge);
	if (!rc)
		rc = dw_config_num(r->cfg, r->node, "transaction_id",
				   UINT64_MAX, &s->transaction_id, r->err);
	if (!rc)
		rc = dw_config_num(r->cfg, r->node, "device_id", UINT32_MAX,
				   &s->device_id, r->err);
	return rc;
}

/* Of a pool that is used, and of a cache on a cachevol. */
static int read_cache_settings(struct dw_reader *r)
{
	struct dw_segment *s = r->segment;
	const char *mode = "writethrough";
	uint64_t format = 0;
	int rc;

	rc = dw_read_sectors(r, "chunk_size", false, &s->chunk_len);
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

static int read_cache_pool(struct dw_reader *r)
{
	int rc = dw_read_lv(r, "data", true, &r->segment->data);

	if (!rc)
		rc = dw_read_lv(r, "metadata", true, &r->segment->metadata);
	return rc ? rc : read_cache_settings(r);
}

/* A volume used as both data and metadata of a cache. */
static int read_cachevol(struct dw_reader *r)
{
	struct dw_segment *s = r->segment;
	int rc;

	rc = dw_read_long_sectors(r, "metadata_start", true,
				  &s->cachevol_metadata_off);
	if (!rc)
		rc = dw_read_long_sectors(r, "metadata_len", true,
					  &s->cachevol_metadata_len);
	if (!rc)
		rc = dw_read_long_sectors(r, "data_start", true,
					  &s->cachevol_data_off);
	if (!rc)
		rc = dw_read_long_sectors(r, "data_len", true,
					  &s->cachevol_data_len);
	return rc;
}

static int read_cache(struct dw_reader *r)
{
	int rc = dw_read_lv(r, "cache_pool", true, &r->segment->pool);

	if (!rc)
		rc = dw_read_lv(r, "origin", true, &r->segment->origin);
	if (!rc)
		rc = read_cache_settings(r);
	if (!rc && dw_config_find(r->node, "metadata_start"))
		rc = read_cachevol(r);
	return rc;
}

static int read_nothing(struct dw_reader *r)
{
	return 0;
}

static const struct kind {
	const char *name;
	const char *flag;	/* a "+FLAG" that changes nothing for us */
	enum dw_segment_kind kind;
	int (*read)(struct dw_reader *r);
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

static int read_extents(struct dw_reader *r)
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
	struct dw_reader r = { cfg, node, own, out, err };
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
