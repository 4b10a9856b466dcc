/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan and report of convert, for people. */
#include <inttypes.h>
#include <string.h>

#include "text.h"

static void area(FILE *to, const struct dw_convert_area *a)
{
	char size[CLI_SIZE_TEXT], wanted[CLI_SIZE_TEXT], rest[CLI_SIZE_TEXT];
	char recovery[CLI_RECOVERY_TEXT];
	bool has_type = strcmp(a->type, "unknown");

	cli_size(size, a->len);
	cli_size(wanted, a->wanted_len);
	cli_size(rest, a->len - a->wanted_len);
	if (a->wanted_len == a->len)
		cli_item_to(to, a->name, "%s%s%s, copied in full",
			    has_type ? a->type : "", has_type ? ", " : "",
			    size);
	else
		cli_item_to(to, a->name, "%s, %s: %s copied, %s left behind",
			    a->type, size, wanted, rest);
	cli_recovery(recovery, &a->recovery);
	if (*recovery)
		cli_item_to(to, "", "%s", recovery);
	if (a->note)
		cli_item_to(to, "", "as it is: %s", a->note);
}

/* Between areas that somebody made lie gaps for their alignment; they are told
 * only where they are large. */
static bool is_worth_telling(const struct dw_convert_area *a)
{
	return strcmp(a->name, "gap") || a->len > 2 << 20;
}

void cli_text_convert_areas(FILE *to, const struct dw_convert_plan *plan)
{
	for (size_t i = 0; i < plan->areas_nr; i++)
		if (is_worth_telling(&plan->areas[i]))
			area(to, &plan->areas[i]);
}

void cli_text_convert_plan(FILE *to, const struct dw_convert_plan *plan,
			   const char *source, const char *target)
{
	char size[CLI_SIZE_TEXT];

	cli_put(to, source, 0);
	fputs(" -> ", to);
	cli_put(to, target, 0);
	fprintf(to, " (%s)\n\n", plan->target_format);
	cli_item_to(to, "size", "%s (%" PRIu64 " bytes)",
		    cli_size(size, plan->disk_size), plan->disk_size);
	cli_text_convert_areas(to, plan);
	cli_item_to(to, "to copy", "%s", cli_size(size, plan->copy_len));
}

void cli_text_convert_report(FILE *to, const struct dw_convert_report *report)
{
	char copied[CLI_SIZE_TEXT], written[CLI_SIZE_TEXT];
	char file[CLI_SIZE_TEXT];

	fprintf(to, "\nDone: %s read, %s of them not zero",
		cli_size(copied, report->copied_len),
		cli_size(written, report->written_len));
	if (report->file_len)
		fprintf(to, "; the image has %s",
			cli_size(file, report->file_len));
	fputs(".\n", to);
}
