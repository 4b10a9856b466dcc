/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright extract: volumes and partitions, each into an image. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "json.h"
#include "text.h"

struct settings {
	struct cli_common common;
	struct cli_target target;
	const char *folder;
	const char *spool_dir;
	uint64_t rate;
	bool all, partial, all_blocks, no_sync;
};

static const struct cli_option options[] = {
	{ "all", 0, NULL, CLI_FLAG, offsetof(struct settings, all), NULL,
	  "every visible logical volume of the groups on IMAGE, or every"
	  " partition where there is no group" },
	{ "output", 'o', "DIR", CLI_TEXT, offsetof(struct settings, folder),
	  NULL, "the folder for the files; it is made where there is none" },
	{ "partial", 0, NULL, CLI_FLAG, offsetof(struct settings, partial),
	  NULL, "extract what can be read, and leave out what cannot; the exit"
	  " status is 1 then" },
	CLI_OPT_TARGET,
	{ "all-blocks", 0, NULL, CLI_FLAG,
	  offsetof(struct settings, all_blocks), NULL,
	  "copy everything as it is, deleted blocks too; no filesystem is"
	  " recovered" },
	CLI_OPT_FORMAT,
	CLI_OPT_BACKING,
	CLI_OPT_PV,
	{ "spool-dir", 0, "DIR", CLI_TEXT,
	  offsetof(struct settings, spool_dir), NULL,
	  "where an IMAGE is unpacked that cannot be read at random: gzip,"
	  " a pipe (TMPDIR, else /var/tmp)" },
	{ "force", 0, NULL, CLI_FLAG, offsetof(struct cli_common, force), NULL,
	  "replace existing files, use an IMAGE that something else writes" },
	{ "no-sync", 0, NULL, CLI_FLAG, offsetof(struct settings, no_sync),
	  NULL, "do not wait until the files are on the disk" },
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

/* ---- outputs --------------------------------------------------------------- */

/* One for each item of the plan; NULL where that is left out. */
struct outputs {
	size_t nr;
	struct dw_output **items;
	const char *made_folder;	/* by us: it goes if nothing comes */
};

static int make_folder(struct outputs *o, const char *folder,
		       struct dw_err *err)
{
	if (!mkdir(folder, 0777))
		o->made_folder = folder;
	else if (errno != EEXIST)
		return cli_fail(err, errno == ENOENT ? DW_NOENT : DW_IO,
				"%s: cannot be made: %s", folder,
				strerror(errno));
	return 0;
}

/* Each output is a file that stays open up to the end, as do the images that a
 * source needs, and a group may have more volumes than a process has files by
 * default. */
static void allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_output(struct cli *cli, const struct settings *s,
		       const char *source, const char *name,
		       struct dw_output **out)
{
	unsigned flags = (s->common.force ? DW_OUTPUT_FORCE : 0) |
		(s->no_sync ? DW_OUTPUT_NO_SYNC : 0);
	char *path;
	int ret;

	if (asprintf(&path, "%s/%s", s->folder, name) < 0)
		return cli_fail(&cli->err, DW_NOMEM, "out of memory");
	ret = cli_check_apart(&s->common, source, path, "", &cli->err);
	if (!ret)
		ret = dw_output_open(cli->ctx, path, flags, out, &cli->err);
	free(path);
	return ret;
}

static int open_outputs(struct cli *cli, const struct settings *s,
			const char *source, const struct dw_extract_plan *plan,
			struct outputs *o)
{
	int ret;

	o->items = calloc(plan->items_nr, sizeof(o->items[0]));
	if (!o->items)
		return cli_fail(&cli->err, DW_NOMEM, "out of memory");
	o->nr = plan->items_nr;
	ret = make_folder(o, s->folder, &cli->err);
	for (size_t i = 0; i < o->nr && !ret; i++)
		if (!plan->items[i].problem)
			ret = open_output(cli, s, source,
					  plan->items[i].file_name,
					  &o->items[i]);
	return ret;
}

static void close_outputs(struct outputs *o)
{
	for (size_t i = 0; i < o->nr; i++)
		dw_output_close(o->items[i]);
	free(o->items);
	/* Where there is something in it now, it stays. */
	if (o->made_folder)
		rmdir(o->made_folder);
}

/* ---- the job --------------------------------------------------------------- */

static int check_settings(struct settings *s, int layers_nr,
			  struct dw_err *err)
{
	if (!s->folder)
		return cli_fail(err, DW_USAGE, "extract: -o names no folder for"
				" the files");
	if (s->all && layers_nr)
		return cli_fail(err, DW_USAGE, "extract: --all goes without"
				" names of layers");
	if (!s->all && !layers_nr)
		return cli_fail(err, DW_USAGE, "extract: neither --all nor a"
				" layer, such as p1 or VG/LV, is given");
	return cli_target_choose(&s->target, "x.raw", err);
}

static void fill_options(const struct settings *s, int layers_nr,
			 char **layers, struct dw_extract_options *o)
{
	memset(o, 0, sizeof(*o));
	o->size = sizeof(*o);
	o->layers = (const char *const *)layers;
	o->layers_nr = (size_t)layers_nr;
	o->partial = s->partial;
	o->image.size = sizeof(o->image);
	o->image.format = s->target.format;
	o->image.subformat = s->target.subformat;
	o->image.compress = s->target.compress;
	o->image.cluster_len = (uint32_t)s->target.cluster_len;
	o->image.all_blocks = s->all_blocks;
	o->image.allow_changed = s->common.force;
}

static void show_plan(struct cli *cli, const struct dw_extract_plan *plan,
		      const char *source, const char *folder)
{
	cli_progress_end();
	if (cli->json) {
		cli_json_text(cli->json, "source", source);
		cli_json_text(cli->json, "target", folder);
		cli_json_extract_plan(cli->json, plan);
	} else {
		cli_text_extract_plan(plan, source, folder);
		fflush(stdout);
	}
}

static int carry_out(struct cli *cli, const struct settings *s,
		     const char *source, struct dw_extract_plan *plan)
{
	struct dw_extract_report *report = NULL;
	struct outputs outputs = { 0 };
	int ret = open_outputs(cli, s, source, plan, &outputs);

	if (!ret)
		ret = dw_extract_run(plan, outputs.items, &report, &cli->err);
	close_outputs(&outputs);
	cli_progress_end();
	if (ret)
		return ret;
	if (cli->json)
		cli_json_extract_report(cli->json, plan, report);
	else
		cli_text_extract_report(plan, report);
	cli->answer = report->problems_nr ? 1 : 0;
	dw_extract_report_free(report);
	return 0;
}

static int plan_and_run(struct cli *cli, struct settings *s,
			struct dw_dev *dev, const char *source, int layers_nr,
			char **layers)
{
	struct dw_extract_plan *plan = NULL;
	struct dw_extract_options o;
	int ret;

	fill_options(s, layers_nr, layers, &o);
	ret = dw_extract_plan(cli->ctx, dev, &o, &plan, &cli->err);
	if (!plan)
		return ret;
	show_plan(cli, plan, source, s->folder);
	cli->answer = plan->problems_nr ? 1 : 0;
	if (!ret && ferror(stdout))
		ret = cli_fail(&cli->err, DW_IO, "standard output: cannot"
			       " write; nothing was done");
	if (!ret && !s->common.dry_run)
		ret = carry_out(cli, s, source, plan);
	dw_extract_plan_free(plan);
	return ret;
}

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	struct settings *s = settings;
	struct dw_dev *dev = NULL;
	int ret;

	ret = check_settings(s, operands_nr - 1, &cli->err);
	if (!ret && s->spool_dir)
		ret = dw_ctx_set_spool_dir(cli->ctx, s->spool_dir, &cli->err);
	if (ret)
		return ret;
	dw_ctx_set_rate(cli->ctx, s->rate);
	allow_files();
	ret = dw_open(cli->ctx, operands[0], s->common.format,
		      cli_open_flags(&s->common), &dev, &cli->err);
	if (!ret)
		ret = plan_and_run(cli, s, dev, operands[0], operands_nr - 1,
				   operands + 1);
	dw_dev_close(dev, NULL);
	return ret;
}

const struct cli_verb cli_extract = {
	.name = "extract",
	.synopsis = "[OPTION]... IMAGE --all -o DIR\n"
		"[OPTION]... IMAGE LAYER... -o DIR",
	.summary = "volumes and partitions, each into an image of its own",
	.about = "Copies each LAYER (p1, VG/LV, or deeper, p2@VG/LV) out of"
		 " IMAGE into a file in DIR that is named after it: root.raw,"
		 " p1.raw; VG-root.raw where two groups, or two layers of one"
		 " name, are extracted. With --all, the visible logical volumes"
		 " of all groups that IMAGE is part of or holds; the content of"
		 " a thin pool is that of its volumes. Of filesystems only the"
		 " used blocks are copied, as by 'convert'. IMAGE is only"
		 " read.\n"
		 "The files appear when all of them are complete and checked;"
		 " after an error there is none. Where one cannot be read,"
		 " nothing is extracted, unless --partial leaves it out.",
	.options = options,
	.settings_len = sizeof(struct settings),
	.operands_min = 1,
	.operands_max = -1,
	.writes = true,
	.has_force = true,
	.run = run,
};
