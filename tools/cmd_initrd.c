/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright initrd: what initrds hold, and adding modules to them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "text.h"

#define MODULES_MAX 100

struct settings {
	struct cli_common common;
	bool list, verbose;
	bool check[DW_SIDE_NR], fit[DW_SIDE_NR];
	const char *kernel, *backup;
	const char *modules[MODULES_MAX];	/* into 'text' */
	size_t modules_nr;
	char *text[MODULES_MAX];	/* freed by run() */
	size_t text_nr;
};

static int parse_sides(const char *option, const char *arg,
		       bool sides[DW_SIDE_NR], struct dw_err *err)
{
	if (!strcmp(arg, "kvm"))
		sides[DW_SIDE_KVM] = true;
	else if (!strcmp(arg, "xen"))
		sides[DW_SIDE_XEN] = true;
	else
		return cli_fail(err, DW_USAGE, "%s: '%s' is neither kvm nor"
				" xen", option, arg);
	return 0;
}

static int parse_check(void *settings, const char *arg, struct dw_err *err)
{
	return parse_sides("--check", arg, ((struct settings *)settings)->check,
			   err);
}

static int parse_for(void *settings, const char *arg, struct dw_err *err)
{
	return parse_sides("--for", arg, ((struct settings *)settings)->fit,
			   err);
}

static int parse_modules(void *settings, const char *arg, struct dw_err *err)
{
	struct settings *s = settings;
	char *text, *next = NULL, *name;

	if (s->text_nr == MODULES_MAX)
		return cli_fail(err, DW_USAGE, "--add-modules: given more than"
				" %d times", MODULES_MAX);
	text = strdup(arg);
	if (!text)
		return cli_fail(err, DW_NOMEM, "out of memory");
	s->text[s->text_nr++] = text;
	for (name = strtok_r(text, ", ", &next); name;
	     name = strtok_r(NULL, ", ", &next)) {
		if (s->modules_nr == MODULES_MAX)
			return cli_fail(err, DW_USAGE, "--add-modules: more"
					" than %d modules", MODULES_MAX);
		s->modules[s->modules_nr++] = name;
	}
	if (s->modules_nr)
		return 0;
	return cli_fail(err, DW_USAGE, "--add-modules: '%s' names no module",
			arg);
}

static const struct cli_option options[] = {
	{ "list", 0, NULL, CLI_FLAG, offsetof(struct settings, list), NULL,
	  "print what the initrds hold (the default)" },
	{ "verbose", 'v', NULL, CLI_FLAG, offsetof(struct settings, verbose),
	  NULL, "with the names of all modules" },
	{ "check", 0, "kvm|xen", CLI_CUSTOM, 0, parse_check,
	  "tell whether they find their root there; may be given for both" },
	{ "add-modules", 0, "M,...", CLI_CUSTOM, 0, parse_modules,
	  "put these modules in, with what they need" },
	{ "for", 0, "kvm|xen", CLI_CUSTOM, 0, parse_for,
	  "put in what they lack to find their root there; may be given for"
	  " both" },
	{ "kernel", 0, "VERSION", CLI_TEXT, offsetof(struct settings, kernel),
	  NULL, "only that of this kernel" },
	{ "backup", 'b', "SUFFIX", CLI_TEXT, offsetof(struct settings, backup),
	  NULL, "keep each old initrd in the image, with SUFFIX behind its"
	  " name" },
	{ "force", 0, NULL, CLI_FLAG, offsetof(struct cli_common, force), NULL,
	  "change what is marked immutable, and an image of which a crash"
	  " meanwhile could make a damaged one; or read one that something"
	  " else writes" },
	CLI_OPT_FORMAT,
	CLI_OPT_BACKING,
	CLI_OPT_PV,
	{ "dry-run", 'n', NULL, CLI_FLAG,
	  offsetof(struct cli_common, dry_run), NULL,
	  "print what would change, change nothing" },
	CLI_OPT_JSON,
	CLI_OPT_PROGRESS,
	CLI_OPT_MEMORY,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

static bool any(const bool sides[DW_SIDE_NR])
{
	return sides[DW_SIDE_KVM] || sides[DW_SIDE_XEN];
}

static bool changes(const struct settings *s)
{
	return s->modules_nr || any(s->fit);
}

static int check_settings(const struct settings *s, struct dw_err *err)
{
	int ways = s->list + any(s->check) + changes(s);

	if (ways > 1)
		return cli_fail(err, DW_USAGE, "initrd: only one of --list,"
				" --check, and --add-modules or --for goes");
	if (s->verbose && (any(s->check) || changes(s)))
		return cli_fail(err, DW_USAGE, "initrd: --verbose goes with"
				" --list only");
	if (!changes(s) && (s->backup || s->common.dry_run))
		return cli_fail(err, DW_USAGE, "initrd: %s goes with"
				" --add-modules or --for only",
				s->backup ? "--backup" : "--dry-run");
	return 0;
}

/* ---- looking -------------------------------------------------------------- */

/* One that does not run there counts only where there is none that does: a
 * guest may have a kernel for each side. */
static const struct dw_initrd_info *find_failing(const struct dw_initrds *all,
						 enum dw_side side)
{
	bool runs = false;

	for (size_t i = 0; i < all->nr; i++)
		runs |= all->items[i].sides[side].kernel_runs;
	for (size_t i = 0; i < all->nr; i++) {
		const struct dw_initrd_side *s = &all->items[i].sides[side];

		if (!s->boots && s->kernel_runs == runs)
			return &all->items[i];
	}
	return NULL;
}

static int verdict(const struct dw_initrds *all, enum dw_side side,
		   const char *where, struct dw_err *err)
{
	const struct dw_initrd_info *info = find_failing(all, side);

	if (!info)
		return 0;
	if (!info->kernel)
		return cli_fail(err, DW_USAGE, "%s: is the initrd of no kernel"
				" here; --kernel says of which", where);
	return cli_fail(err, DW_NOBOOT, "%s: %s would not boot under %s: %s",
			where, info->kernel,
			side == DW_SIDE_KVM ? "KVM" : "Xen",
			info->sides[side].reason);
}

static int look(struct cli *cli, const struct settings *s, const char *locator)
{
	struct dw_initrds *all = NULL;
	int ret = dw_initrds(cli->ctx, locator, s->common.format,
			     cli_open_flags(&s->common), s->kernel, &all,
			     &cli->err);

	cli_progress_end();
	if (ret)
		return ret;
	if (cli->json) {
		cli_json_text(cli->json, "locator", locator);
		cli_json_initrds(cli->json, all);
	} else {
		cli_put(stdout, locator, 0);
		putchar('\n');
		if (any(s->check))
			cli_text_initrd_sides(all, s->check);
		else
			cli_text_initrds(all, s->verbose);
	}
	for (int side = 0; !ret && side < DW_SIDE_NR; side++)
		if (s->check[side])
			ret = verdict(all, (enum dw_side)side, locator,
				      &cli->err);
	dw_initrds_free(all);
	return ret;
}

/* ---- changing ------------------------------------------------------------- */

static void show(struct cli *cli, const char *locator, bool dry_run,
		 const struct dw_initrd_plan *plan)
{
	if (cli->json) {
		cli_json_text(cli->json, "locator", locator);
		cli_json_initrd_plan(cli->json, plan);
		return;
	}
	cli_put(stdout, locator, 0);
	putchar('\n');
	cli_text_initrd_plan(plan, dry_run);
}

static int change(struct cli *cli, const struct settings *s,
		  const char *locator)
{
	struct dw_initrd_options o = {
		.size = sizeof(o), .kernel = s->kernel, .modules = s->modules,
		.modules_nr = s->modules_nr, .backup = s->backup,
		.force = s->common.force, .dry_run = s->common.dry_run,
	};
	struct dw_initrd_plan *plan = NULL;
	int ret;

	memcpy(o.sides, s->fit, sizeof(o.sides));
	ret = dw_initrd_plan(cli->ctx, locator, s->common.format, &o, &plan,
			     &cli->err);
	if (!ret && !s->common.dry_run)
		ret = dw_initrd_run(plan, &cli->err);
	cli_progress_end();
	if (!ret)
		show(cli, locator, s->common.dry_run, plan);
	dw_initrd_plan_free(plan);
	return ret;
}

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	struct settings *s = settings;
	int ret = check_settings(s, &cli->err);

	if (!ret)
		ret = changes(s) ? change(cli, s, operands[0])
				 : look(cli, s, operands[0]);
	for (size_t i = 0; i < s->text_nr; i++)
		free(s->text[i]);
	return ret;
}

const struct cli_verb cli_initrd = {
	.name = "initrd",
	.synopsis = "[--list] [OPTION]... LOCATOR[:PATH]\n"
		    "--check kvm|xen [OPTION]... LOCATOR[:PATH]\n"
		    "--add-modules M,... [OPTION]... LOCATOR[:PATH]\n"
		    "--for kvm|xen [OPTION]... LOCATOR[:PATH]",
	.summary = "look at initrds, and add modules to them",
	.about = "LOCATOR is the root filesystem of a guest, PATH one of its"
		 " initrds; else those of all its kernels are meant. Any"
		 " compression is read.\n"
		 "What is added is appended: the kernel unpacks archives one"
		 " after the other. It comes from the guest's own"
		 " /lib/modules, with all that it needs, in the layout that the"
		 " program which made the initrd gives it, and the guest's"
		 " configuration is edited so that the next initrd holds it,"
		 " too.\nWhere a kernel has none, or one that nothing can be"
		 " added to, --for makes another and keeps the old one as"
		 " NAME.before-diskwright. All of that is one transaction of"
		 " the filesystem's journal, as with put. The image must not be"
		 " in use.\n"
		 "With --check the exit status is 5 where a kernel that runs"
		 " there would not find its root.",
	.options = options,
	.settings_len = sizeof(struct settings),
	.operands_min = 1,
	.operands_max = 1,
	.writes = true,
	.has_force = true,
	.run = run,
};
