/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan and report of convert as JSON. */
#include "json.h"

static void area(struct json_object *to, const struct dw_convert_area *a)
{
	cli_json_text(to, "name", a->name);
	cli_json_text(to, "type", a->type);
	cli_json_number(to, "offset", a->off);
	cli_json_number(to, "size", a->len);
	cli_json_number(to, "copy", a->wanted_len);
	cli_json_recovery(to, &a->recovery);
	cli_json_text(to, "note", a->note);
}

void cli_json_convert_image(struct json_object *o,
			    const struct dw_convert_plan *plan)
{
	struct json_object *areas;

	cli_json_number(o, "disk_size", plan->disk_size);
	cli_json_number(o, "copy", plan->copy_len);
	areas = cli_json_array_in(o, "areas");
	for (size_t i = 0; i < plan->areas_nr; i++)
		area(cli_json_append(areas), &plan->areas[i]);
}

void cli_json_convert_plan(struct json_object *to,
			   const struct dw_convert_plan *plan)
{
	struct json_object *o = cli_json_object_in(to, "plan");

	cli_json_text(o, "target_format", plan->target_format);
	cli_json_convert_image(o, plan);
}

void cli_json_convert_figures(struct json_object *o,
			      const struct dw_convert_report *report)
{
	cli_json_number(o, "copied", report->copied_len);
	cli_json_number(o, "written", report->written_len);
	cli_json_number(o, "file_size", report->file_len);
}

void cli_json_convert_report(struct json_object *to,
			     const struct dw_convert_report *report)
{
	cli_json_convert_figures(cli_json_object_in(to, "report"), report);
}
