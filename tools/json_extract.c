/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan and report of extract as JSON. */
#include "json.h"

/* What names an item, in the plan and in the report. */
static struct json_object *append_item(struct json_object *items,
				       const struct dw_extract_item *item,
				       const char *problem)
{
	struct json_object *o = cli_json_append(items);

	cli_json_text(o, "layer", item->layer);
	cli_json_text(o, "file", item->file_name);
	cli_json_text(o, "problem", problem);
	return o;
}

void cli_json_extract_plan(struct json_object *to,
			   const struct dw_extract_plan *plan)
{
	struct json_object *o = cli_json_object_in(to, "plan");
	struct json_object *items, *item;

	cli_json_text(o, "target_format", plan->target_format);
	cli_json_number(o, "copy", plan->copy_len);
	items = cli_json_array_in(o, "items");
	for (size_t i = 0; i < plan->items_nr; i++) {
		item = append_item(items, &plan->items[i],
				   plan->items[i].problem);
		if (plan->items[i].image)
			cli_json_convert_image(item, plan->items[i].image);
	}
}

void cli_json_extract_report(struct json_object *to,
			     const struct dw_extract_plan *plan,
			     const struct dw_extract_report *report)
{
	struct json_object *o = cli_json_object_in(to, "report");
	struct json_object *items, *item;

	cli_json_number(o, "copied", report->copied_len);
	cli_json_number(o, "written", report->written_len);
	items = cli_json_array_in(o, "items");
	for (size_t i = 0; i < report->items_nr; i++) {
		item = append_item(items, &plan->items[i],
				   report->items[i].problem);
		if (!report->items[i].problem)
			cli_json_convert_figures(item,
						 &report->items[i].image);
	}
}
