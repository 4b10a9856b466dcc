/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Initrds, and the plan of adding to them, for people. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static const char *const side_names[DW_SIDE_NR] = {
	[DW_SIDE_KVM] = "KVM", [DW_SIDE_XEN] = "Xen",
};

/* "a, b, c", to be freed. */
static char *join(const struct dw_notes *list)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (size_t i = 0; i < list->nr; i++)
		fprintf(f, "%s%s", i ? ", " : "", list->items[i]);
	fclose(f);
	return text;
}

static void list_item(const char *name, const struct dw_notes *list)
{
	char *text = join(list);

	cli_item(name, "%s", text ? text : "");
	free(text);
}

static void head(const struct dw_initrd_info *info)
{
	putchar('\n');
	if (info->kernel)
		cli_item("kernel", "%s", info->kernel);
	cli_item("initrd", "%s", info->path ? info->path : "none");
}

static void disks(const struct dw_initrd_info *info)
{
	const char *name = "root disk";

	for (size_t i = 0; i < DW_INITRD_DISKS_NR; i++) {
		const struct dw_initrd_disk *disk = &info->disks[i];

		cli_item(name, "%s: %s%s", disk->bus,
			 disk->missing ? "lacks " : "found",
			 disk->missing ? disk->missing : "");
		name = "";
	}
}

static void content(const struct dw_initrd_info *info, bool modules)
{
	char size[CLI_SIZE_TEXT], *packings = join(&info->packings);

	cli_item("made by", "%s", info->family);
	cli_item("archives", "%s, compression: %s, %" PRIu64 " entries",
		 cli_size(size, info->size), packings ? packings : "",
		 info->entries_nr);
	free(packings);
	if (modules && info->modules.nr)
		list_item("modules", &info->modules);
	else
		cli_item("modules", "%zu", info->modules.nr);
}

void cli_text_initrds(const struct dw_initrds *all, bool modules)
{
	for (size_t i = 0; i < all->nr; i++) {
		const struct dw_initrd_info *info = &all->items[i];

		head(info);
		if (info->problem)
			cli_item("problem", "%s", info->problem);
		if (info->family)
			content(info, modules);
		if (info->kernel && !info->problem)
			disks(info);
	}
}

void cli_text_initrd_sides(const struct dw_initrds *all,
			   const bool sides[DW_SIDE_NR])
{
	for (size_t i = 0; i < all->nr; i++) {
		const struct dw_initrd_info *info = &all->items[i];

		head(info);
		for (size_t side = 0; side < DW_SIDE_NR; side++)
			if (sides[side])
				cli_item(side_names[side], "%s",
					 info->sides[side].boots ? "boots" :
					 info->sides[side].reason);
	}
}

void cli_text_initrd_plan(const struct dw_initrd_plan *plan, bool dry_run)
{
	char size[CLI_SIZE_TEXT], old[CLI_SIZE_TEXT];

	for (size_t i = 0; i < plan->items_nr; i++) {
		const struct dw_initrd_item *item = &plan->items[i];

		putchar('\n');
		cli_item("kernel", "%s", item->kernel);
		cli_item("initrd", "%s", item->path ? item->path : "none");
		cli_item(item->is_changed ? "change" : "unchanged", "%s",
			 item->note);
		if (!item->is_changed)
			continue;
		if (item->added.nr)
			list_item("modules", &item->added);
		cli_item(dry_run ? "would be" : "now", "%s, was %s",
			 cli_size(size, item->size),
			 cli_size(old, item->old_size));
		if (item->backup)
			cli_item("backup", "%s", item->backup);
	}
	if (plan->is_changed) {
		putchar('\n');
		cli_text_cost(&plan->cost);
	}
	cli_text_changes(&plan->changes);
	cli_text_notes(&plan->notes);
}
