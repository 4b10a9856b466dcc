/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright map: how a disk lies in its image. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

struct listing {
	struct cli *cli;
	uint64_t runs_nr;
};

/* The names that 'qemu-img map --output=json' uses, for those who parse it. */
static void json_run(const struct listing *l, const struct dw_map_run *run)
{
	struct json_object *to = cli_json_element();
	bool stored = run->kind == DW_MAP_DATA ||
		      run->kind == DW_MAP_COMPRESSED;

	cli_json_number(to, "start", run->off);
	cli_json_number(to, "length", run->len);
	cli_json_number(to, "depth", run->depth);
	cli_json_bool(to, "present", run->kind != DW_MAP_UNMAPPED);
	cli_json_bool(to, "data", stored);
	cli_json_bool(to, "zero", !stored);
	cli_json_bool(to, "compressed", run->kind == DW_MAP_COMPRESSED);
	if (run->has_host_off)
		cli_json_number(to, "offset", run->host_off);
	cli_json_stream_take(to, !l->runs_nr);
}

static void text_run(const struct listing *l, const struct dw_map_run *run)
{
	static const char *const names[] = {
		[DW_MAP_DATA] = "data",
		[DW_MAP_ZERO] = "zero",
		[DW_MAP_UNMAPPED] = "unmapped",
		[DW_MAP_COMPRESSED] = "compressed",
	};

	if (!l->runs_nr)
		printf("%16s %16s  %-10s %16s\n", "start", "length", "kind",
		       "in the file at");
	printf("%16" PRIu64 " %16" PRIu64 "  ", run->off, run->len);
	if (run->has_host_off)
		printf("%-10s %16" PRIu64, names[run->kind], run->host_off);
	else
		fputs(names[run->kind], stdout);
	if (run->depth)
		printf("%*s  backing file %u", run->has_host_off ? 0 :
		       27 - (int)strlen(names[run->kind]), "", run->depth);
	putchar('\n');
}

static int print_run(void *arg, const struct dw_map_run *run,
		     struct dw_err *err)
{
	struct listing *l = arg;

	if (l->cli->json)
		json_run(l, run);
	else
		text_run(l, run);
	l->runs_nr++;
	/* Nobody reads any more, or the host is full: main tells which. */
	return ferror(stdout) ? cli_fail(err, DW_IO, "standard output: cannot"
					 " write") : 0;
}

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	const struct cli_common *common = settings;
	struct listing l = { .cli = cli };
	struct dw_dev *dev = NULL;
	int ret;

	ret = dw_open(cli->ctx, operands[0], common->format,
		      cli_open_flags(common), &dev, &cli->err);
	if (!ret && cli->json) {
		cli_json_stream_begin("runs");
		cli->json_begun = true;
	}
	if (!ret)
		ret = dw_image_map(cli->ctx, dev, print_run, &l, &cli->err);
	if (cli->json_begun)
		cli_json_stream_end(!l.runs_nr);
	if (cli->json && dev)
		cli_json_number(cli->json, "size", dw_dev_size(dev));
	if (ret)
		cli_name_image(&cli->err, operands[0]);
	dw_dev_close(dev, NULL);
	return ret;
}

const struct cli_verb cli_map = {
	.name = "map",
	.synopsis = "[OPTION]... LOCATOR",
	.summary = "show how a disk lies in its image file",
	.about = "Prints the runs of the disk: 'data' is stored as it is,"
		 " 'compressed' packed, a 'zero' run reads as zeros and has"
		 " its place in the file, and of an 'unmapped' one nothing is"
		 " stored. All numbers are bytes. A hole of the image file"
		 " counts as zeros.",
	.options = options,
	.settings_len = sizeof(struct cli_common),
	.operands_min = 1,
	.operands_max = 1,
	.has_force = true,
	.run = run,
};
