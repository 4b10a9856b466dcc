/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan and report of extract, for people. */
#include <inttypes.h>

#include "text.h"

static void put_plan_item(const struct dw_extract_item *item)
{
	char size[CLI_SIZE_TEXT];

	putchar('\n');
	cli_put(stdout, item->layer, 0);
	if (item->problem) {
		putchar('\n');
		cli_item("problem", "%s", item->problem);
		return;
	}
	printf(" -> %s (%s)\n", item->file_name,
	       cli_size(size, item->image->disk_size));
	cli_text_convert_areas(stdout, item->image);
}

void cli_text_extract_plan(const struct dw_extract_plan *plan,
			   const char *source, const char *folder)
{
	char size[CLI_SIZE_TEXT];

	cli_put(stdout, source, 0);
	fputs(" -> ", stdout);
	cli_put(stdout, folder, 0);
	printf(" (%s)\n", plan->target_format);
	for (size_t i = 0; i < plan->items_nr; i++)
		put_plan_item(&plan->items[i]);
	printf("\n%zu of %zu can be extracted, %s to copy\n",
	       plan->items_nr - plan->problems_nr, plan->items_nr,
	       cli_size(size, plan->copy_len));
}

void cli_text_extract_report(const struct dw_extract_plan *plan,
			     const struct dw_extract_report *report)
{
	char copied[CLI_SIZE_TEXT], written[CLI_SIZE_TEXT];

	printf("\nDone: %zu extracted, %s read, %s of them not zero",
	       report->items_nr - report->problems_nr,
	       cli_size(copied, report->copied_len),
	       cli_size(written, report->written_len));
	if (report->problems_nr)
		printf("; %zu left out", report->problems_nr);
	puts(".");
	/* What the plan did not know of. */
	for (size_t i = 0; i < report->items_nr; i++)
		if (report->items[i].problem && !plan->items[i].problem)
			cli_item(plan->items[i].layer, "%s",
				 report->items[i].problem);
}
