/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan and report of dualboot as JSON. */
#include <inttypes.h>
#include <stdio.h>

#include "json.h"

static void layout(struct json_object *to, const struct dw_dualboot_plan *plan)
{
	struct json_object *o = cli_json_object_in(to, "layout");
	char signature[16];

	cli_json_number(o, "disk_size", plan->disk_size);
	cli_json_bool(o, "table_kept", plan->had_table);
	cli_json_number(o, "partition", plan->part_nr);
	cli_json_number(o, "partition_offset", plan->part_start_off);
	cli_json_number(o, "partition_size", plan->part_len);
	snprintf(signature, sizeof(signature), "0x%08" PRIx32,
		 plan->disk_signature);
	cli_json_text(o, "disk_signature", signature);
}

void cli_json_dualboot_plan(struct json_object *to,
			    const struct dw_dualboot_plan *plan)
{
	struct json_object *o = cli_json_object_in(to, "plan");

	cli_json_text(o, "source_format", plan->source_format);
	cli_json_text(o, "target_format", plan->target_format);
	cli_json_text(o, "distribution", plan->distribution);
	cli_json_fs(o, &plan->fs);
	cli_json_recovery(o, &plan->recovery);
	layout(o, plan);
	cli_json_text(o, "loader", plan->loader);
	cli_json_text(o, "stage2", plan->stage2_path);
	cli_json_text(o, "hook", plan->hook_path);
	cli_json_number(o, "copy", plan->copy_len);
	cli_json_changes(o, &plan->changes);
	cli_json_notes(o, "notes", &plan->notes);
	cli_json_verdict(o, "kvm", &plan->kvm);
	cli_json_verdict(o, "pygrub", &plan->pygrub);
}

void cli_json_dualboot_report(struct json_object *to,
			      const struct dw_dualboot_report *report)
{
	struct json_object *o = cli_json_object_in(to, "report");

	cli_json_number(o, "copied", report->copied_len);
	cli_json_number(o, "written", report->written_len);
	cli_json_verdict(o, "kvm", &report->kvm);
	cli_json_verdict(o, "pygrub", &report->pygrub);
}
