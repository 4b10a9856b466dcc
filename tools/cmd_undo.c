/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright undo: makes an image whole after an interrupted change. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "json.h"
#include "text.h"

struct settings {
	struct cli_common common;
	const char *undo;
};

static const struct cli_option options[] = {
	{ "undo", 0, "FILE", CLI_TEXT, offsetof(struct settings, undo), NULL,
	  "the undo record (IMAGE.diskwright-undo)" },
	CLI_OPT_JSON,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	const struct settings *s = settings;
	char *name = NULL;
	int ret = 0;

	if (!s->undo)
		ret = cli_undo_name(operands[0], &name, &cli->err);
	if (!ret)
		ret = dw_undo(cli->ctx, operands[0], s->undo ? s->undo : name,
			      &cli->err);
	free(name);
	if (cli->json) {
		cli_json_text(cli->json, "image", operands[0]);
	} else if (!ret) {
		cli_put(stdout, operands[0], 0);
		fputs(": is what it was before\n", stdout);
	}
	return ret;
}

const struct cli_verb cli_undo = {
	.name = "undo",
	.synopsis = "[OPTION]... IMAGE",
	.summary = "make an image whole after an interrupted change",
	.about = "Puts IMAGE back to what it was before a 'dualboot"
		 " --in-place', 'put' or 'edit' that did not end, by the undo record"
		 " that it left, and removes the record. It may be run again where it"
		 " was interrupted itself.",
	.options = options,
	.settings_len = sizeof(struct settings),
	.operands_min = 1,
	.operands_max = 1,
	.writes = true,
	.run = run,
};
