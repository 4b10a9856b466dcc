/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright check: is the image consistent, and would it boot? */
#include <inttypes.h>
#include <stdio.h>

#include "cli.h"
#include "json.h"
#include "text.h"

struct settings {
	struct cli_common common;
	bool boot;
	bool repair;
	bool repair_boot;
};

static const struct cli_option options[] = {
	{ "boot", 0, NULL, CLI_FLAG, offsetof(struct settings, boot), NULL,
	  "fail where it cannot be told whether the image would boot" },
	{ "repair", 0, NULL, CLI_FLAG, offsetof(struct settings, repair), NULL,
	  "mend refcounts and leaks of the image file; writes to the image" },
	{ "repair-boot", 0, NULL, CLI_FLAG,
	  offsetof(struct settings, repair_boot), NULL,
	  "mend a boot record that no longer finds its stage 2, and bring an"
	  " older loader up to date; writes to the image" },
	CLI_OPT_FORMAT,
	CLI_OPT_BACKING,
	CLI_OPT_PV,
	CLI_OPT_FORCE,
	CLI_OPT_JSON,
	CLI_OPT_PROGRESS,
	CLI_OPT_MEMORY,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

/* What was found; of the boot either the report or the error is there. */
struct findings {
	struct dw_image_check *image;
	struct dw_check_report *boot;
	int boot_ret;
	struct dw_err boot_err;
};

static int check_image(struct cli *cli, const struct settings *s,
		       const char *locator, struct findings *f)
{
	if (s->repair && s->common.force)
		return cli_fail(&cli->err, DW_USAGE, "check: --force does not"
				" go with --repair: nobody else may use an"
				" image that is repaired");
	return dw_image_check(cli->ctx, locator, s->common.format,
			      cli_open_flags(&s->common), s->repair, &f->image,
			      &cli->err);
}

static void check_boot(struct cli *cli, const struct settings *s,
		       const char *locator, struct findings *f)
{
	unsigned flags = cli_open_flags(&s->common);
	struct dw_err *err = &f->boot_err;
	struct dw_dev *dev = NULL;
	int closed, ret;

	if (s->repair_boot && f->image->corruptions_nr) {
		f->boot_ret = cli_fail(err, DW_CORRUPT, "%s: nothing is"
				       " written to a damaged image", locator);
		return;
	}
	if (s->repair_boot)
		flags |= DW_OPEN_RDWR;
	ret = dw_open(cli->ctx, locator, s->common.format, flags, &dev, err);
	if (!ret && s->repair_boot)
		ret = dw_check_repair_boot(cli->ctx, dev, err);
	if (!ret)
		ret = dw_check(cli->ctx, dev, &f->boot, err);
	closed = dw_dev_close(dev, ret ? NULL : err);
	f->boot_ret = ret ? ret : closed;
	if (f->boot_ret)
		cli_name_image(err, locator);
}

/* Whether the answer stands without the boot: the image file could be checked,
 * and the disk holds no guest that we know to follow. */
static bool may_do_without_boot(const struct settings *s,
				const struct findings *f)
{
	return f->image->checkable && !s->boot && !s->repair_boot &&
	       (f->boot_ret == DW_UNSUPPORTED || f->boot_ret == DW_DENIED);
}

static void print_json(struct json_object *to, const struct findings *f)
{
	cli_json_image_check(to, f->image);
	cli_json_text(to, "boot_problem",
		      f->boot_ret ? f->boot_err.text : NULL);
	if (f->boot)
		cli_json_check(to, f->boot);
}

static void print_text(const char *image, const struct findings *f)
{
	cli_put(stdout, image, 0);
	putchar('\n');
	cli_text_image_check(f->image);
	if (f->boot)
		cli_text_check(f->boot);
	else
		cli_item("boot", "not checked: %s", f->boot_err.text);
}

/* The status tells of the worst, so that a build farm needs no parser. */
static int status_of(const struct settings *s, const struct findings *f,
		     const char *image, struct dw_err *err)
{
	const struct dw_check_report *boot = f->boot;
	const char *advice;
	uint64_t nr = f->image->corruptions_nr;

	if (nr && f->boot_ret != DW_CANCELLED)
		return cli_fail(err, DW_CORRUPT, "%s: %" PRIu64 " corruption%s"
				" in the image file%s", image, nr,
				nr == 1 ? "" : "s", s->repair ?
				" could not be mended" :
				"; 'check --repair' mends what it can");
	if (f->boot_ret && may_do_without_boot(s, f))
		return 0;
	if (f->boot_ret) {
		*err = f->boot_err;
		return f->boot_ret;
	}
	if (boot->kvm.boots && boot->pygrub.boots)
		return 0;
	advice = boot->kvm.advice.text ? boot->kvm.advice.text :
		boot->pygrub.advice.text;
	return cli_fail(err, DW_NOBOOT, "%s: would not boot under %s%s%s",
			image, boot->kvm.boots ? "PyGrub" :
			boot->pygrub.boots ? "KVM" : "KVM and PyGrub",
			advice ? "; " : "", advice ? advice : "");
}

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	const struct settings *s = settings;
	struct findings f = { 0 };
	int ret;

	ret = check_image(cli, s, operands[0], &f);
	if (!ret)
		check_boot(cli, s, operands[0], &f);
	cli_progress_end();
	if (ret) {
		cli_name_image(&cli->err, operands[0]);
		return ret;
	}
	if (cli->json)
		print_json(cli->json, &f);
	else if (f.boot || f.image->checkable)
		print_text(operands[0], &f);
	ret = status_of(s, &f, operands[0], &cli->err);
	dw_image_check_free(f.image);
	dw_check_report_free(f.boot);
	return ret;
}

const struct cli_verb cli_check = {
	.name = "check",
	.synopsis = "[OPTION]... LOCATOR",
	.summary = "tell whether an image is consistent, and would boot",
	.about = "First counts corruptions and leaked clusters of the image"
		 " file, where its format has such. Then follows what the BIOS"
		 " and PyGrub would do with the disk, kernels and initrds"
		 " included, and prints for each of the two which kernel,"
		 " initrd and arguments it would boot, or why it would not.\n"
		 "The exit status is 4 where the image file has corruptions,"
		 " else 5 where KVM or PyGrub would not boot it. Leaks alone"
		 " are no error. A disk without a guest that can be followed"
		 " is none either, where the image file could be checked.",
	.options = options,
	.settings_len = sizeof(struct settings),
	.operands_min = 1,
	.operands_max = 1,
	.writes = true,
	.has_force = true,
	.run = run,
};
