/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volume groups as JSON. */
#include "json.h"

static void physical_volume(struct json_object *to,
			    const struct dw_pv_info *pv)
{
	cli_json_text(to, "name", pv->name);
	cli_json_text(to, "uuid", pv->uuid);
	cli_json_text(to, "where", pv->where);
	cli_json_bool(to, "missing", !pv->where);
	cli_json_text(to, "hint", pv->hint);
	cli_json_number(to, "device_size", pv->device_size);
	cli_json_number(to, "size", pv->size);
	cli_json_number(to, "used", pv->used_len);
	cli_json_number(to, "free", pv->size - pv->used_len);
	cli_json_number(to, "data_offset", pv->pe_start_off);
}

static void segment(struct json_object *to, const struct dw_segment_info *s)
{
	cli_json_text(to, "type", s->type);
	cli_json_number(to, "offset", s->off);
	cli_json_number(to, "size", s->len);
	cli_json_number(to, "stripe_size", s->stripe_len);
	cli_json_number(to, "chunk_size", s->chunk_len);
	cli_json_notes(to, "areas", &s->areas);
}

static void logical_volume(struct json_object *to,
			   const struct dw_lv_info *lv)
{
	struct json_object *segments;

	cli_json_text(to, "name", lv->name);
	cli_json_text(to, "uuid", lv->uuid);
	cli_json_text(to, "type", lv->type);
	cli_json_number(to, "size", lv->size);
	cli_json_number(to, "used", lv->used_len);
	cli_json_bool(to, "visible", lv->visible);
	cli_json_bool(to, "writable", lv->writable);
	cli_json_text(to, "problem", lv->problem);
	cli_json_text(to, "origin", lv->origin);
	cli_json_text(to, "pool", lv->pool);
	segments = cli_json_array_in(to, "segments");
	for (size_t i = 0; i < lv->segments_nr; i++)
		segment(cli_json_append(segments), &lv->segments[i]);
}

static void group(struct json_object *to, const struct dw_vg_info *vg)
{
	struct json_object *items;

	cli_json_text(to, "name", vg->name);
	cli_json_text(to, "uuid", vg->uuid);
	cli_json_text(to, "problem", vg->problem);
	cli_json_number(to, "seqno", vg->seqno);
	cli_json_number(to, "extent_size", vg->extent_len);
	cli_json_number(to, "size", vg->size);
	cli_json_number(to, "free", vg->free_len);
	cli_json_bool(to, "exported", vg->exported);
	cli_json_bool(to, "shared", vg->shared);
	items = cli_json_array_in(to, "physical_volumes");
	for (size_t i = 0; i < vg->pvs_nr; i++)
		physical_volume(cli_json_append(items), &vg->pvs[i]);
	items = cli_json_array_in(to, "logical_volumes");
	for (size_t i = 0; i < vg->lvs_nr; i++)
		logical_volume(cli_json_append(items), &vg->lvs[i]);
	cli_json_notes(to, "notes", &vg->notes);
}

void cli_json_volumes(struct json_object *to,
		      const struct dw_volumes *volumes)
{
	struct json_object *groups = cli_json_array_in(to, "groups");

	for (size_t i = 0; i < volumes->vgs_nr; i++)
		group(cli_json_append(groups), &volumes->vgs[i]);
	cli_json_notes(to, "notes", &volumes->notes);
}
