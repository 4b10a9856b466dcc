/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright check: would it boot? */
#include <stdio.h>

#include "cli.h"
#include "json.h"
#include "text.h"

struct settings {
	struct cli_common common;
	bool repair_boot;
};

static const struct cli_option options[] = {
	{ "repair-boot", 0, NULL, CLI_FLAG,
	  offsetof(struct settings, repair_boot), NULL,
	  "mend a boot record that no longer finds its stage 2; writes to the"
	  " image" },
	CLI_OPT_FORMAT,
	CLI_OPT_BACKING,
	CLI_OPT_FORCE,
	CLI_OPT_JSON,
	CLI_OPT_PROGRESS,
	CLI_OPT_MEMORY,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

/* The status tells of both sides, so that a build farm needs no parser. */
static int status_of(const struct dw_check_report *report, const char *image,
		     struct dw_err *err)
{
	const char *sides = "KVM and PyGrub";

	if (report->kvm.boots && report->pygrub.boots)
		return 0;
	if (report->kvm.boots)
		sides = "PyGrub";
	else if (report->pygrub.boots)
		sides = "KVM";
	return cli_fail(err, DW_NOBOOT, "%s: would not boot under %s", image,
			sides);
}

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	const struct settings *s = settings;
	unsigned flags = cli_open_flags(&s->common);
	struct dw_check_report *report = NULL;
	struct dw_dev *dev = NULL;
	int closed, ret;

	if (s->repair_boot)
		flags |= DW_OPEN_RDWR;
	ret = dw_open(cli->ctx, operands[0], s->common.format, flags, &dev,
		      &cli->err);
	if (!ret && s->repair_boot)
		ret = dw_check_repair_boot(cli->ctx, dev, &cli->err);
	if (!ret)
		ret = dw_check(cli->ctx, dev, &report, &cli->err);
	cli_progress_end();
	if (ret)
		cli_name_image(&cli->err, operands[0]);
	if (report && cli->json)
		cli_json_check(cli->json, report);
	else if (report)
		cli_text_check(report, operands[0]);
	if (!ret)
		ret = status_of(report, operands[0], &cli->err);
	dw_check_report_free(report);
	closed = dw_dev_close(dev, ret ? NULL : &cli->err);
	return ret ? ret : closed;
}

const struct cli_verb cli_check = {
	.name = "check",
	.synopsis = "[OPTION]... LOCATOR",
	.summary = "tell whether an image would boot under KVM and PyGrub",
	.about = "Follows what the BIOS and PyGrub would do with the image,"
		 " kernels and initrds included, and prints for each of the"
		 " two which kernel, initrd and arguments it would boot, or"
		 " why it would not. The exit status is 5 where one of them"
		 " would not boot.",
	.options = options,
	.settings_len = sizeof(struct settings),
	.operands_min = 1,
	.operands_max = 1,
	.writes = true,
	.has_force = true,
	.run = run,
};
