/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright compare: whether two disks read the same. */
#include <inttypes.h>
#include <stdio.h>

#include "cli.h"
#include "json.h"
#include "text.h"

struct settings {
	struct cli_common common;
	const char *second_format;
	bool strict;
};

static const struct cli_option options[] = {
	{ "strict", 0, NULL, CLI_FLAG, offsetof(struct settings, strict), NULL,
	  "disks of different sizes differ, even where the rest of the longer"
	  " one is zeros" },
	{ "format", 0, "NAME", CLI_TEXT, offsetof(struct cli_common, format),
	  NULL, "the first image's format; it is not probed then" },
	{ "second-format", 0, "NAME", CLI_TEXT,
	  offsetof(struct settings, second_format), NULL,
	  "the second image's format; it is not probed then" },
	CLI_OPT_BACKING,
	CLI_OPT_PV,
	{ "force", 0, NULL, CLI_FLAG, offsetof(struct cli_common, force), NULL,
	  "read the images even while something else writes them" },
	CLI_OPT_JSON,
	CLI_OPT_PROGRESS,
	CLI_OPT_THREADS,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

/* The two disks, and what to call them. */
struct pair {
	struct dw_dev *a, *b;
	char **names;
	bool strict;
};

static void print_text(const struct pair *p,
		       const struct dw_compare_report *report)
{
	uint64_t a = dw_dev_size(p->a), b = dw_dev_size(p->b);
	char size[CLI_SIZE_TEXT], read[CLI_SIZE_TEXT];

	cli_put(stdout, p->names[0], 0);
	fputs(" and ", stdout);
	cli_put(stdout, p->names[1], 0);
	if (report->equal) {
		printf(" hold the same: %s, %s of it read\n",
		       cli_size(size, a < b ? a : b),
		       cli_size(read, report->compared_len));
		if (report->sizes_differ)
			printf("their sizes differ, %" PRIu64 " and %" PRIu64
			       " bytes; the rest is zeros\n", a, b);
	} else if (report->sizes_differ && p->strict) {
		printf(" differ in size: %" PRIu64 " and %" PRIu64 " bytes\n",
		       a, b);
	} else {
		printf(" differ from byte %" PRIu64 " on\n",
		       report->first_off);
	}
}

static void print_json(struct json_object *to, const struct pair *p,
		       const struct dw_compare_report *report)
{
	cli_json_bool(to, "equal", report->equal);
	cli_json_number(to, "size_a", dw_dev_size(p->a));
	cli_json_number(to, "size_b", dw_dev_size(p->b));
	if (report->equal) {
		cli_json_text(to, "first_difference", NULL);
		cli_json_number(to, "compared", report->compared_len);
	} else {
		cli_json_number(to, "first_difference", report->first_off);
	}
}

static int compare(struct cli *cli, const struct settings *s, struct pair *p)
{
	struct dw_compare_report report;
	unsigned flags = s->strict ? DW_COMPARE_STRICT : 0;
	int ret;

	if (s->common.force)
		flags |= DW_COMPARE_ALLOW_CHANGED;
	ret = dw_compare(cli->ctx, p->a, p->b, flags, &report, &cli->err);
	cli_progress_end();
	if (ret)
		return ret;
	if (cli->json)
		print_json(cli->json, p, &report);
	else
		print_text(p, &report);
	cli->answer = report.equal ? 0 : 1;
	return 0;
}

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	const struct settings *s = settings;
	unsigned flags = cli_open_flags(&s->common);
	struct pair p = { .names = operands, .strict = s->strict };
	int ret;

	ret = dw_open(cli->ctx, operands[0], s->common.format, flags, &p.a,
		      &cli->err);
	if (!ret)
		ret = dw_open(cli->ctx, operands[1], s->second_format, flags,
			      &p.b, &cli->err);
	if (!ret)
		ret = compare(cli, s, &p);
	dw_dev_close(p.a, NULL);
	dw_dev_close(p.b, NULL);
	return ret;
}

const struct cli_verb cli_compare = {
	.name = "compare",
	.synopsis = "[OPTION]... LOCATOR LOCATOR",
	.summary = "tell whether two disks hold the same",
	.about = "Compares what a guest would read, whatever the formats of"
		 " the two images. Where neither side has anything stored,"
		 " nothing is read. Where one disk is shorter, it counts as"
		 " zeros behind its end.\n"
		 "The exit status is 0 where they are equal and 1 where they"
		 " differ; so that this can be told, it is 2 where something"
		 " failed that is 1 elsewhere.",
	.options = options,
	.settings_len = sizeof(struct settings),
	.operands_min = 2,
	.operands_max = 2,
	.has_force = true,
	.answers_1 = true,
	.run = run,
};
