/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright info: what an image file says of itself. */
#include "cli.h"
#include "json.h"
#include "text.h"

static const struct cli_option options[] = {
	CLI_OPT_FORMAT,
	CLI_OPT_FORCE,
	CLI_OPT_JSON,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	const struct cli_common *common = settings;
	struct dw_image_info *info = NULL;
	int ret;

	ret = dw_image_info(cli->ctx, operands[0], common->format,
			    cli_open_flags(common), &info, &cli->err);
	if (ret)
		cli_name_image(&cli->err, operands[0]);
	else if (cli->json)
		cli_json_image_info(cli->json, info);
	else
		cli_text_image_info(info);
	dw_image_info_free(info);
	return ret;
}

const struct cli_verb cli_info = {
	.name = "info",
	.synopsis = "[OPTION]... IMAGE",
	.summary = "show what an image file says of itself",
	.about = "Prints the format of IMAGE, the size of the disk in it, what"
		 " the host stores of it, its features and its snapshots. It"
		 " opens no other file, so that it also tells of images that"
		 " other verbs refuse: encrypted ones, and those with a"
		 " backing or a data file.",
	.options = options,
	.settings_len = sizeof(struct cli_common),
	.operands_min = 1,
	.operands_max = 1,
	.has_force = true,
	.run = run,
};
