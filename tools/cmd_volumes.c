/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright volumes: what pvs, vgs and lvs would say of images. */
#include "cli.h"
#include "json.h"
#include "text.h"

static const struct cli_option options[] = {
	CLI_OPT_FORMAT,
	CLI_OPT_BACKING,
	CLI_OPT_PV,
	CLI_OPT_FORCE,
	CLI_OPT_JSON,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	const struct cli_common *common = settings;
	unsigned flags = cli_open_flags(common);
	struct dw_volumes *volumes = NULL;
	struct dw_dev *dev = NULL;
	int ret = 0;

	for (int i = 1; i < operands_nr && !ret; i++)
		ret = dw_ctx_add_pv(cli->ctx, operands[i], &cli->err);
	if (!ret)
		ret = dw_open(cli->ctx, operands[0], common->format, flags,
			      &dev, &cli->err);
	if (!ret)
		ret = dw_volumes(cli->ctx, dev, flags, &volumes, &cli->err);
	if (ret && operands_nr == 1)
		cli_name_image(&cli->err, operands[0]);
	if (volumes && cli->json)
		cli_json_volumes(cli->json, volumes);
	else if (volumes)
		cli_text_volumes(volumes);
	dw_volumes_free(volumes);
	dw_dev_close(dev, NULL);
	return ret;
}

const struct cli_verb cli_volumes = {
	.name = "volumes",
	.synopsis = "[OPTION]... LOCATOR...",
	.summary = "list the LVM volume groups in images and their volumes",
	.about = "Prints what pvs, vgs and 'lvs -a --segments' would say of the"
		 " physical volumes that the images are, or hold in their"
		 " partitions. Several images together make a group that is"
		 " spread over them. Where one is missing, its UUID is named,"
		 " and which volumes can be read all the same.\n"
		 "The name of a volume in a locator is IMAGE@VG/LV. Names in"
		 " brackets are of volumes that others are made of.",
	.options = options,
	.settings_len = sizeof(struct cli_common),
	.operands_min = 1,
	.operands_max = -1,
	.has_force = true,
	.run = run,
};
