/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright cat: the bytes of files inside images. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const struct cli_option options[] = {
	CLI_OPT_FORMAT,
	CLI_OPT_BACKING,
	CLI_OPT_PV,
	CLI_OPT_FORCE,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

static int write_bytes(void *arg, const void *buf, size_t len,
		       struct dw_err *err)
{
	if (fwrite(buf, 1, len, stdout) == len)
		return 0;
	return cli_fail(err, DW_IO, "standard output: cannot write: %s",
			strerror(errno));
}

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	const struct cli_common *common = settings;
	int ret = 0;

	for (int i = 0; !ret && i < operands_nr; i++)
		ret = dw_read_path(cli->ctx, operands[i], common->format,
				   cli_open_flags(common), write_bytes, NULL,
				   &cli->err);
	return ret;
}

const struct cli_verb cli_cat = {
	.name = "cat",
	.synopsis = "[OPTION]... LOCATOR:PATH...",
	.summary = "print files of an image",
	.about = "Writes the bytes of the files to standard output, one after"
		 " the other. Symbolic links are followed inside the image."
		 " Where the filesystem was not closed cleanly, its journal is"
		 " replayed in memory first; the image is not changed.",
	.options = options,
	.settings_len = sizeof(struct cli_common),
	.operands_min = 1,
	.operands_max = -1,
	.has_force = true,
	.run = run,
};
