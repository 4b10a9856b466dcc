/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright inspect: the layers of an image. */
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
	struct dw_dev *dev = NULL;
	struct dw_layer *layer = NULL;
	int ret;

	ret = dw_open(cli->ctx, operands[0], common->format, flags, &dev,
		      &cli->err);
	if (!ret)
		ret = dw_inspect(cli->ctx, dev, flags, &layer, &cli->err);
	if (ret)
		cli_name_image(&cli->err, operands[0]);
	if (layer && cli->json)
		cli_json_layer(cli->json, layer);
	else if (layer)
		cli_text_layer(layer);
	dw_layer_free(layer);
	dw_dev_close(dev, NULL);
	return ret;
}

const struct cli_verb cli_inspect = {
	.name = "inspect",
	.synopsis = "[OPTION]... LOCATOR",
	.summary = "show the layers of an image and what is on them",
	.about = "Prints a tree: the image and its format, partition tables,"
		 " partitions, RAID members, LVM physical volumes, groups and"
		 " volumes, and filesystems with their used and free space,"
		 " boot loaders, and of a root filesystem the guest and its"
		 " kernels. It opens no kernel and no initrd; 'check' does.\n"
		 "What lies in a partition or volume is looked at in the same"
		 " way, up to 16 layers deep. The names on the way to a layer"
		 " are its locator: disk.img@p2@vg0/root.",
	.options = options,
	.settings_len = sizeof(struct cli_common),
	.operands_min = 1,
	.operands_max = 1,
	.has_force = true,
	.run = run,
};
