/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright resize: grows the disk of an image in place. */
#include <stdio.h>

#include "cli.h"
#include "json.h"
#include "text.h"

static const struct cli_option options[] = {
	CLI_OPT_FORMAT,
	CLI_OPT_BACKING,
	{ "dry-run", 'n', NULL, CLI_FLAG,
	  offsetof(struct cli_common, dry_run), NULL,
	  "print the old and the new size, change nothing" },
	CLI_OPT_JSON,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

/* "20G", or "+512M". */
static int parse_size(const char *text, struct dw_image_resize_options *o,
		      struct dw_err *err)
{
	o->grow_by = *text == '+';
	if (cli_parse_size(text + o->grow_by, &o->size))
		return cli_fail(err, DW_USAGE, "resize: '%s' is no size, such"
				" as 20G or +512M", text);
	return 0;
}

static void print_text(const char *image, bool dry_run,
		       const struct dw_image_resize_report *report)
{
	char size[CLI_BOTH_SIZES_TEXT];

	cli_put(stdout, image, 0);
	putchar('\n');
	cli_item("disk", "%s", cli_both_sizes(size, report->old_size));
	if (report->new_size == report->old_size)
		cli_item("unchanged", "it has that size");
	else
		cli_item(dry_run ? "would be" : "now",
			 "%s", cli_both_sizes(size, report->new_size));
	cli_text_notes(&report->notes);
}

static void print_json(struct json_object *to, const char *image,
		       const struct dw_image_resize_report *report)
{
	cli_json_text(to, "image", image);
	cli_json_number(to, "old_size", report->old_size);
	cli_json_number(to, "new_size", report->new_size);
	cli_json_notes(to, "notes", &report->notes);
}

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	const struct cli_common *common = settings;
	struct dw_image_resize_options o = { .dry_run = common->dry_run };
	struct dw_image_resize_report *report = NULL;
	int ret;

	ret = parse_size(operands[1], &o, &cli->err);
	if (ret)
		return ret;
	ret = dw_image_resize(cli->ctx, operands[0], common->format, &o,
			      &report, &cli->err);
	if (ret)
		cli_name_image(&cli->err, operands[0]);
	else if (cli->json)
		print_json(cli->json, operands[0], report);
	else
		print_text(operands[0], common->dry_run, report);
	dw_image_resize_report_free(report);
	return ret;
}

const struct cli_verb cli_resize = {
	.name = "resize",
	.synopsis = "[OPTION]... IMAGE SIZE\n[OPTION]... IMAGE +SIZE",
	.summary = "make the disk of an image larger",
	.about = "Makes the disk in IMAGE as large as SIZE, or larger by SIZE"
		 " (512M, 10G, 1T; powers of 1024), in place. What is new"
		 " reads as zeros. The partitions and filesystems on the disk"
		 " stay as they are; what is left to do is printed. A disk is"
		 " not made smaller.",
	.options = options,
	.settings_len = sizeof(struct cli_common),
	.operands_min = 2,
	.operands_max = 2,
	.writes = true,
	.run = run,
};
