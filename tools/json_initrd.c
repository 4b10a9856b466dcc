/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Initrds, and the plan of adding to them, as JSON. */
#include "json.h"

static void verdict(struct json_object *to, const char *name,
		    const struct dw_initrd_side *side)
{
	struct json_object *o = cli_json_object_in(to, name);

	cli_json_bool(o, "runs", side->kernel_runs);
	cli_json_bool(o, "boots", side->boots);
	cli_json_text(o, "reason", side->reason);
}

static void disks(struct json_object *to, const struct dw_initrd_info *info)
{
	struct json_object *list = cli_json_array_in(to, "disks");

	for (size_t i = 0; i < DW_INITRD_DISKS_NR; i++) {
		struct json_object *o = cli_json_append(list);

		cli_json_text(o, "bus", info->disks[i].bus);
		cli_json_text(o, "missing", info->disks[i].missing);
	}
}

static void one(struct json_object *o, const struct dw_initrd_info *info)
{
	cli_json_text(o, "kernel", info->kernel);
	cli_json_text(o, "version", info->version);
	cli_json_text(o, "path", info->path);
	cli_json_text(o, "problem", info->problem);
	cli_json_number(o, "size", info->size);
	cli_json_text(o, "family", info->family);
	cli_json_notes(o, "packings", &info->packings);
	cli_json_number(o, "entries", info->entries_nr);
	cli_json_notes(o, "modules", &info->modules);
	if (!info->kernel)
		return;
	disks(o, info);
	verdict(o, "kvm", &info->sides[DW_SIDE_KVM]);
	verdict(o, "xen", &info->sides[DW_SIDE_XEN]);
}

void cli_json_initrds(struct json_object *to, const struct dw_initrds *all)
{
	struct json_object *list = cli_json_array_in(to, "initrds");

	for (size_t i = 0; i < all->nr; i++)
		one(cli_json_append(list), &all->items[i]);
}

void cli_json_initrd_plan(struct json_object *to,
			  const struct dw_initrd_plan *plan)
{
	struct json_object *list = cli_json_array_in(to, "initrds");

	for (size_t i = 0; i < plan->items_nr; i++) {
		const struct dw_initrd_item *item = &plan->items[i];
		struct json_object *o = cli_json_append(list);

		cli_json_text(o, "kernel", item->kernel);
		cli_json_text(o, "version", item->version);
		cli_json_text(o, "path", item->path);
		cli_json_bool(o, "changed", item->is_changed);
		cli_json_bool(o, "made", item->is_made);
		cli_json_number(o, "size", item->size);
		cli_json_number(o, "old_size", item->old_size);
		cli_json_text(o, "note", item->note);
		cli_json_notes(o, "added", &item->added);
		cli_json_text(o, "backup", item->backup);
	}
	if (plan->is_changed)
		cli_json_cost(to, &plan->cost);
	cli_json_changes(to, &plan->changes);
	cli_json_notes(to, "notes", &plan->notes);
}
