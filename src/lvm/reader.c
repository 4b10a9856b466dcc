/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of a segment: sizes, volumes by name, lists of areas. */
#include <inttypes.h>

#include "lvm/label.h"
#include "lvm/raid.h"
#include "lvm/reader.h"

/* Sizes in sectors that fit 32 and 64 bits as bytes. */
#define SECTORS32_MAX (UINT32_MAX / DW_LVM_SECTOR)
#define SECTORS_MAX (UINT64_MAX / DW_LVM_SECTOR)

/* LVM makes 128 stripes and 64 legs at most, dm-raid takes more of these. */
#define AREAS_MAX DW_RAID_LEGS_MAX

/* ---- single keys --------------------------------------------------------- */

int dw_read_sectors(struct dw_reader *r, const char *key, bool is_needed,
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

/* A cachevol may be of any size; regions are of up to 2 TiB. */
int dw_read_long_sectors(struct dw_reader *r, const char *key, bool is_needed,
			 uint64_t *out)
{
	uint64_t sectors = 0;
	int rc;

	rc = (is_needed ? dw_config_num : dw_config_opt_num)
		(r->cfg, r->node, key, SECTORS_MAX, &sectors, r->err);
	if (!rc)
		*out = sectors * DW_LVM_SECTOR;
	return rc;
}

static int find_lv(struct dw_reader *r, const struct dw_config_node *at,
		   const char *name, const struct dw_lv **out)
{
	*out = dw_vg_lv(r->own, name);
	if (*out)
		return 0;
	return dw_config_fail(r->cfg, at, r->err,
			      "there is no volume \"%s\"", name);
}

int dw_read_lv(struct dw_reader *r, const char *key, bool is_needed,
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
static int read_list(struct dw_reader *r, const char *key,
		     const char *count_key, size_t per_nr,
		     const struct dw_config_node **out)
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
	if (said_nr > AREAS_MAX)
		return dw_config_fail(r->cfg, *out, r->err,
				      "a \"%s\" of %" PRIu64 ", where %u are "
				      "the most there can be", count_key,
				      said_nr, AREAS_MAX);
	return 0;
}

/* "NAME", EXTENT: of a PV, or else of a volume. */
static int read_area(struct dw_reader *r, const struct dw_config_node *at,
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

int dw_read_areas(struct dw_reader *r, const char *key, const char *count_key)
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

static int read_image(struct dw_reader *r, const struct dw_config_node *at,
		      const struct dw_config_value *v, struct dw_area *out)
{
	if (v->kind != DW_CONFIG_STRING)
		return dw_config_fail(r->cfg, at, r->err,
				      "\"%s\" is no list of names", at->key);
	return find_lv(r, at, v->str, &out->lv);
}

/* "META", "IMAGE" for each device; images alone for raid0. */
int dw_read_images(struct dw_reader *r, const char *key,
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
