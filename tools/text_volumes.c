/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volume groups as tables, for people. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "text.h"

static void physical_volumes(const struct dw_volumes *v)
{
	static const char *const heads[] = {
		"PV", "VG", ">Size", ">Free", "Image", NULL,
	};
	struct cli_table table;

	puts("Physical volumes");
	cli_table_begin(&table, heads);
	for (size_t i = 0; i < v->vgs_nr; i++) {
		for (size_t k = 0; k < v->vgs[i].pvs_nr; k++) {
			const struct dw_pv_info *pv = &v->vgs[i].pvs[k];

			cli_table_add(&table, pv->name);
			cli_table_add(&table, v->vgs[i].name);
			cli_table_add_size(&table, pv->size);
			cli_table_add_size(&table, pv->size - pv->used_len);
			cli_table_add(&table, pv->where ? pv->where :
				      "missing");
		}
	}
	cli_table_end(&table);
}

static void volume_groups(const struct dw_volumes *v)
{
	static const char *const heads[] = {
		"VG", ">PVs", ">LVs", ">Extent", ">Size", ">Free", ">Seqno",
		NULL,
	};
	struct cli_table table;

	puts("\nVolume groups");
	cli_table_begin(&table, heads);
	for (size_t i = 0; i < v->vgs_nr; i++) {
		const struct dw_vg_info *vg = &v->vgs[i];
		size_t visible_nr = 0;

		for (size_t k = 0; k < vg->lvs_nr; k++)
			visible_nr += vg->lvs[k].visible;
		cli_table_add(&table, vg->name);
		cli_table_add_number(&table, vg->pvs_nr);
		cli_table_add_number(&table, visible_nr);
		cli_table_add_size(&table, vg->extent_len);
		cli_table_add_size(&table, vg->size);
		cli_table_add_size(&table, vg->free_len);
		cli_table_add_number(&table, vg->seqno);
	}
	cli_table_end(&table);
}

/* ---- volumes ------------------------------------------------------------- */

static void add_name(struct cli_table *table, const struct dw_lv_info *lv)
{
	char *text = NULL;

	if (!lv->visible && asprintf(&text, "[%s]", lv->name) < 0)
		text = NULL;
	cli_table_add(table, text ? text : lv->name);
	free(text);
}

static void add_areas(struct cli_table *table, const struct dw_notes *areas)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	for (size_t i = 0; f && i < areas->nr; i++)
		fprintf(f, "%s%s", i ? " " : "", areas->items[i]);
	if (f)
		fclose(f);
	cli_table_add(table, text);
	free(text);
}

/* A row for each segment; what is the same in all is in the first. */
static void volume(struct cli_table *table, const char *group,
		   const struct dw_lv_info *lv)
{
	for (size_t i = 0; i < lv->segments_nr || !i; i++) {
		if (!i)
			add_name(table, lv);
		else
			cli_table_add(table, NULL);
		cli_table_add(table, i ? NULL : group);
		cli_table_add(table, i ? lv->segments[i].type : lv->type);
		cli_table_add_size(table, lv->segments_nr ?
				   lv->segments[i].len : lv->size);
		if (!i && lv->used_len != lv->size)
			cli_table_add_size(table, lv->used_len);
		else
			cli_table_add(table, NULL);
		cli_table_add(table, i ? NULL : lv->origin);
		cli_table_add(table, i ? NULL : lv->pool);
		if (lv->segments_nr)
			add_areas(table, &lv->segments[i].areas);
		else
			cli_table_add(table, NULL);
	}
}

static void logical_volumes(const struct dw_volumes *v)
{
	static const char *const heads[] = {
		"LV", "VG", "Type", ">Size", ">Stored", "Origin", "Pool",
		"Extents", NULL,
	};
	struct cli_table table;

	puts("\nLogical volumes");
	cli_table_begin(&table, heads);
	for (size_t i = 0; i < v->vgs_nr; i++)
		for (size_t k = 0; k < v->vgs[i].lvs_nr; k++)
			volume(&table, v->vgs[i].name, &v->vgs[i].lvs[k]);
	cli_table_end(&table);
}

/* ---- what is wrong ------------------------------------------------------- */

static void line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void line(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	fputs("  - ", stdout);
	cli_wrap(stdout, 4, 4, text ? text : "");
	free(text);
}

static bool is_missing(const struct dw_vg_info *vg)
{
	for (size_t i = 0; i < vg->pvs_nr; i++)
		if (!vg->pvs[i].where)
			return true;
	return false;
}

static void missing(const struct dw_vg_info *vg)
{
	for (size_t i = 0; i < vg->pvs_nr; i++) {
		const struct dw_pv_info *pv = &vg->pvs[i];

		if (!pv->where)
			line("%s: %s is missing: UUID %s%s%s", vg->name,
			     pv->name, pv->uuid, *pv->hint ? ", which was " :
			     "", pv->hint);
	}
}

/* No device itself, but what others are made of. */
static bool is_pool(const struct dw_lv_info *lv)
{
	return !strcmp(lv->type, "thin-pool") ||
	       !strcmp(lv->type, "cache-pool");
}

/* Where something is missing it matters of each volume whether it is whole. */
static void readable(const struct dw_vg_info *vg)
{
	bool say_all = is_missing(vg);

	for (size_t i = 0; i < vg->lvs_nr; i++) {
		const struct dw_lv_info *lv = &vg->lvs[i];

		if (lv->problem)
			line("%s/%s cannot be read: %s", vg->name, lv->name,
			     lv->problem);
		else if (say_all && lv->visible && !is_pool(lv))
			line("%s/%s can be read", vg->name, lv->name);
	}
}

static void notes(const struct dw_vg_info *vg)
{
	if (vg->problem)
		line("%s: %s", vg->name, vg->problem);
	if (vg->exported)
		line("%s: the group is exported", vg->name);
	if (vg->shared)
		line("%s: other hosts may use the group", vg->name);
	missing(vg);
	readable(vg);
	for (size_t i = 0; i < vg->notes.nr; i++)
		line("%s: %s", vg->name, vg->notes.items[i]);
}

static bool has_notes(const struct dw_volumes *v)
{
	for (size_t i = 0; i < v->vgs_nr; i++) {
		const struct dw_vg_info *vg = &v->vgs[i];

		if (vg->problem || vg->exported || vg->shared ||
		    vg->notes.nr || is_missing(vg))
			return true;
		for (size_t k = 0; k < vg->lvs_nr; k++)
			if (vg->lvs[k].problem)
				return true;
	}
	return v->notes.nr;
}

void cli_text_volumes(const struct dw_volumes *volumes)
{
	if (volumes->vgs_nr) {
		physical_volumes(volumes);
		volume_groups(volumes);
		logical_volumes(volumes);
	}
	if (!has_notes(volumes))
		return;
	printf("%sNotes\n", volumes->vgs_nr ? "\n" : "");
	for (size_t i = 0; i < volumes->vgs_nr; i++)
		notes(&volumes->vgs[i]);
	for (size_t i = 0; i < volumes->notes.nr; i++)
		line("%s", volumes->notes.items[i]);
}
