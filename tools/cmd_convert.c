/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright convert: a disk into a new image. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "text.h"

struct settings {
	struct cli_common common;
	struct cli_target target;
	const char *spool_dir;
	uint64_t rate;
	bool all_blocks, no_sync;
};

static const struct cli_option options[] = {
	CLI_OPT_TARGET,
	{ "all-blocks", 0, NULL, CLI_FLAG,
	  offsetof(struct settings, all_blocks), NULL,
	  "copy the disk as it is, deleted blocks too; no filesystem is"
	  " recovered" },
	CLI_OPT_FORMAT,
	CLI_OPT_BACKING,
	CLI_OPT_PV,
	{ "spool-dir", 0, "DIR", CLI_TEXT,
	  offsetof(struct settings, spool_dir), NULL,
	  "where a SOURCE is unpacked that cannot be read at random: gzip,"
	  " a pipe (TMPDIR, else /var/tmp)" },
	{ "force", 0, NULL, CLI_FLAG, offsetof(struct cli_common, force), NULL,
	  "replace an existing TARGET, write to a block device, use a SOURCE"
	  " that something else writes" },
	{ "no-sync", 0, NULL, CLI_FLAG, offsetof(struct settings, no_sync),
	  NULL, "do not wait until TARGET is on the disk" },
	{ "dry-run", 'n', NULL, CLI_FLAG, offsetof(struct cli_common, dry_run),
	  NULL, "print the plan and write nothing" },
	CLI_OPT_JSON,
	CLI_OPT_PROGRESS,
	CLI_OPT_THREADS,
	{ "rate", 0, "SIZE", CLI_SIZE, offsetof(struct settings, rate), NULL,
	  "read at most SIZE a second, such as 50M" },
	CLI_OPT_MEMORY,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

static int check_settings(struct settings *s, const char *source,
			  const char *target, struct dw_err *err)
{
	bool to_stdout = !strcmp(target, "-");
	int ret;

	if (to_stdout && s->common.json)
		return cli_fail(err, DW_USAGE, "convert: --json and the image"
				" cannot both go to standard output");
	ret = cli_target_choose(&s->target, target, err);
	if (ret)
		return ret;
	return to_stdout ? 0 : cli_check_apart(&s->common, source, target, "",
					       err);
}

static void fill_options(const struct settings *s,
			 struct dw_convert_options *o)
{
	memset(o, 0, sizeof(*o));
	o->size = sizeof(*o);
	o->format = s->target.format;
	o->subformat = s->target.subformat;
	o->compress = s->target.compress;
	o->cluster_len = (uint32_t)s->target.cluster_len;
	o->all_blocks = s->all_blocks;
	o->allow_changed = s->common.force;
}

/* Where the image goes to standard output, text goes beside it. */
static FILE *text_stream(const char *target)
{
	return strcmp(target, "-") ? stdout : stderr;
}

static void show_plan(struct cli *cli, const struct dw_convert_plan *plan,
		      const char *source, const char *target)
{
	cli_progress_end();
	if (cli->json) {
		cli_json_text(cli->json, "source", source);
		cli_json_text(cli->json, "target", target);
		cli_json_convert_plan(cli->json, plan);
	} else {
		cli_text_convert_plan(text_stream(target), plan, source,
				      target);
		fflush(stdout);
	}
}

static int carry_out(struct cli *cli, struct dw_convert_plan *plan,
		     struct dw_output *output, const char *target)
{
	struct dw_convert_report report;
	int ret = dw_convert_run(plan, output, &report, &cli->err);

	cli_progress_end();
	if (!ret && cli->json)
		cli_json_convert_report(cli->json, &report);
	else if (!ret)
		cli_text_convert_report(text_stream(target), &report);
	return ret;
}

static int plan_and_run(struct cli *cli, struct settings *s,
			struct dw_dev *dev, struct dw_output *output,
			const char *source, const char *target)
{
	struct dw_convert_options o;
	struct dw_convert_plan *plan = NULL;
	int ret;

	fill_options(s, &o);
	ret = dw_convert_plan(cli->ctx, dev, &o, &plan, &cli->err);
	if (ret)
		return ret;
	show_plan(cli, plan, source, target);
	if (ferror(stdout))
		ret = cli_fail(&cli->err, DW_IO, "standard output: cannot"
			       " write; nothing was done");
	if (!ret && !s->common.dry_run)
		ret = carry_out(cli, plan, output, target);
	dw_convert_plan_free(plan);
	return ret;
}

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	struct settings *s = settings;
	const char *source = operands[0], *target = operands[1];
	struct dw_dev *dev = NULL;
	struct dw_output *output = NULL;
	int ret;

	ret = check_settings(s, source, target, &cli->err);
	if (!ret && s->spool_dir)
		ret = dw_ctx_set_spool_dir(cli->ctx, s->spool_dir, &cli->err);
	if (ret)
		return ret;
	dw_ctx_set_rate(cli->ctx, s->rate);
	ret = dw_open(cli->ctx, source, s->common.format,
		      cli_open_flags(&s->common), &dev, &cli->err);
	/* Before the plan, so that an existing target is told of at once. */
	if (!ret && !s->common.dry_run)
		ret = dw_output_open(cli->ctx, target,
				     (s->common.force ? DW_OUTPUT_FORCE : 0) |
				     (s->no_sync ? DW_OUTPUT_NO_SYNC : 0),
				     &output, &cli->err);
	if (!ret)
		ret = plan_and_run(cli, s, dev, output, source, target);
	dw_output_close(output);
	dw_dev_close(dev, NULL);
	return ret;
}

const struct cli_verb cli_convert = {
	.name = "convert",
	.synopsis = "[OPTION]... SOURCE TARGET",
	.summary = "copy a disk into a new image, without deleted blocks",
	.about = "Copies what is used of SOURCE, an image, a partition or a"
		 " block device, to TARGET ('-': standard input and output):"
		 " of an ext2, ext3 or ext4 filesystem"
		 " its used blocks, of swap space its header, all of what is"
		 " not known. A filesystem that was not closed cleanly is"
		 " recovered in the copy. What is deleted stays behind, and"
		 " blocks of zeros take no room. SOURCE is only read.\n"
		 "A filesystem that is damaged, or that holds what is not"
		 " handled here, is copied in full, as it is; the plan says"
		 " which and why.\n"
		 "TARGET appears when it is complete and checked; after an"
		 " error there is none.",
	.options = options,
	.settings_len = sizeof(struct settings),
	.operands_min = 2,
	.operands_max = 2,
	.writes = true,
	.has_force = true,
	.run = run,
};
