/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright dualboot: a Xen guest that also boots under KVM. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "json.h"
#include "text.h"

struct settings {
	struct cli_common common;
	bool in_place;
	const char *undo;
	bool unpartitioned;
	uint64_t disk_size;
	const char *xen_root, *kvm_root;
	bool replace_loader, allow_unbootable;
	bool keep_net, keep_initrd, no_hook;
	bool new_uuid;
	uint8_t uuid[16];
	struct cli_target target;
	bool no_sync;
	const char *loader, *extlinux;
	char program[4096];	/* that extlinux points to */
};

static int parse_layout(void *settings, const char *arg, struct dw_err *err)
{
	struct settings *s = settings;

	s->unpartitioned = !strcmp(arg, "unpartitioned");
	if (s->unpartitioned || !strcmp(arg, "partitioned"))
		return 0;
	return cli_fail(err, DW_USAGE, "--layout: '%s' is neither partitioned"
			" nor unpartitioned", arg);
}

static int parse_net(void *settings, const char *arg, struct dw_err *err)
{
	struct settings *s = settings;

	s->keep_net = true;
	if (!strcmp(arg, "keep"))
		return 0;
	return cli_fail(err, DW_USAGE, "--net: '%s' is not known, only keep"
			" is", arg);
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int parse_uuid(void *settings, const char *arg, struct dw_err *err)
{
	struct settings *s = settings;
	const char *at = arg;

	s->new_uuid = true;
	for (int i = 0; arg && i < 16; i++) {
		int high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *at == '-')
			at++;
		high = hex_digit(at[0]);
		low = high < 0 ? -1 : hex_digit(at[1]);
		if (low < 0)
			break;
		s->uuid[i] = (uint8_t)(high << 4 | low);
		at += 2;
		if (i == 15 && !*at)
			return 0;
	}
	return !arg ? 0 : cli_fail(err, DW_USAGE, "--new-uuid: '%s' is no UUID"
				   " of 32 hexadecimal digits", arg);
}

static const struct cli_option options[] = {
	{ "in-place", 0, NULL, CLI_FLAG, offsetof(struct settings, in_place),
	  NULL, "change SOURCE itself, a raw image; there is no TARGET" },
	{ "undo", 0, "FILE", CLI_TEXT, offsetof(struct settings, undo), NULL,
	  "where --in-place keeps what makes SOURCE whole again until it is"
	  " done (SOURCE.diskwright-undo)" },
	{ "layout", 0, "LAYOUT", CLI_CUSTOM, 0, parse_layout,
	  "partitioned (the default): a partition table and one partition at"
	  " 1 MiB; or unpartitioned: the filesystem stays at sector 0" },
	{ "size", 0, "SIZE", CLI_SIZE, offsetof(struct settings, disk_size),
	  NULL, "make disk and partition larger, such as 20G; the filesystem"
	  " stays as it is" },
	{ "xen-root", 0, "ROOT", CLI_TEXT, offsetof(struct settings, xen_root),
	  NULL, "the root= for Xen (chosen by what the guest understands)" },
	{ "kvm-root", 0, "ROOT", CLI_TEXT, offsetof(struct settings, kvm_root),
	  NULL, "the root= for KVM (chosen likewise)" },
	{ "loader", 0, "NAME", CLI_TEXT, offsetof(struct settings, loader),
	  NULL, "diskwright (the default), or syslinux: the genuine one, out of"
	  " the host's 'extlinux' program" },
	{ "extlinux", 0, "FILE", CLI_TEXT, offsetof(struct settings, extlinux),
	  NULL, "that program (the first in PATH, /usr/sbin, /sbin)" },
	{ "replace-loader", 0, NULL, CLI_FLAG,
	  offsetof(struct settings, replace_loader), NULL,
	  "take the place of another boot loader in SOURCE" },
	{ "no-hook", 0, NULL, CLI_FLAG, offsetof(struct settings, no_hook),
	  NULL, "leave out what renews the boot loader's configuration when"
	  " the guest installs or removes kernels" },
	{ "allow-unbootable", 0, NULL, CLI_FLAG,
	  offsetof(struct settings, allow_unbootable), NULL,
	  "write TARGET even where KVM or PyGrub would not boot it" },
	{ "net", 0, "keep", CLI_CUSTOM, 0, parse_net,
	  "do not keep the old names of network cards under KVM" },
	{ "keep-initrd", 0, NULL, CLI_FLAG,
	  offsetof(struct settings, keep_initrd), NULL,
	  "put nothing into initrds that lack drivers" },
	{ "new-uuid", 0, "[UUID]", CLI_CUSTOM, 0, parse_uuid,
	  "give the copy another UUID: this one, or one derived from the old" },
	CLI_OPT_TARGET,
	CLI_OPT_FORMAT,
	CLI_OPT_BACKING,
	CLI_OPT_PV,
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
	CLI_OPT_MEMORY,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

static int find_extlinux(struct settings *s, struct dw_err *err)
{
	bool is_wanted = s->loader && !strcmp(s->loader, "syslinux");

	if (s->extlinux && !is_wanted)
		return cli_fail(err, DW_USAGE, "dualboot: --extlinux goes with"
				" --loader=syslinux only");
	if (!is_wanted || s->extlinux)
		return 0;
	if (!cli_find_program("extlinux", s->program, sizeof(s->program)))
		return cli_fail(err, DW_IO, "dualboot: --loader=syslinux needs"
				" the program 'extlinux', which is not"
				" installed here");
	s->extlinux = s->program;
	return 0;
}

static int check_settings(struct settings *s, int operands_nr, char **operands,
			  struct dw_err *err)
{
	int ret;

	if (s->in_place && operands_nr != 1)
		return cli_fail(err, DW_USAGE,
				"dualboot: --in-place takes no TARGET");
	if (!s->in_place && operands_nr != 2)
		return cli_fail(err, DW_USAGE, "dualboot: no TARGET is given");
	if (s->in_place && s->common.force)
		return cli_fail(err, DW_USAGE, "dualboot: --force does not go"
				" with --in-place; an image that is in use is"
				" not changed");
	if (s->undo && !s->in_place)
		return cli_fail(err, DW_USAGE,
				"dualboot: --undo goes with --in-place only");
	if (s->in_place && cli_target_given(&s->target))
		return cli_fail(err, DW_USAGE, "dualboot: --in-place changes a"
				" raw image, and makes no other of it");
	ret = find_extlinux(s, err);
	if (ret || s->in_place)
		return ret;
	return cli_target_choose(&s->target, operands[1], err);
}

static void fill_options(const struct settings *s,
			 struct dw_dualboot_options *o)
{
	memset(o, 0, sizeof(*o));
	o->size = sizeof(*o);
	o->layout = s->unpartitioned ? DW_LAYOUT_UNPARTITIONED :
		DW_LAYOUT_PARTITIONED;
	o->disk_size = s->disk_size;
	o->xen_root = s->xen_root;
	o->kvm_root = s->kvm_root;
	o->replace_loader = s->replace_loader;
	o->allow_unbootable = s->allow_unbootable;
	o->allow_changed = s->common.force;
	o->keep_net = s->keep_net;
	o->keep_initrd = s->keep_initrd;
	o->no_hook = s->no_hook;
	o->in_place = s->in_place;
	o->new_uuid = s->new_uuid;
	memcpy(o->uuid, s->uuid, sizeof(o->uuid));
	o->format = s->target.format;
	o->subformat = s->target.subformat;
	o->compress = s->target.compress;
	o->cluster_len = (uint32_t)s->target.cluster_len;
	o->loader = s->loader;
	o->extlinux = s->extlinux;
}

/* What will boot is told once: from the result where there will be one. */
static void show_plan(struct cli *cli, const struct dw_dualboot_plan *plan,
		      const char *source, const char *target, bool is_all)
{
	cli_progress_end();
	if (!plan)
		return;
	if (cli->json) {
		cli_json_text(cli->json, "source", source);
		cli_json_text(cli->json, "target", target);
		cli_json_dualboot_plan(cli->json, plan);
	} else {
		cli_text_dualboot_plan(plan, source, target);
		if (is_all)
			cli_text_dualboot_boot(&plan->kvm, &plan->pygrub);
		fflush(stdout);
	}
}

static int carry_out(struct cli *cli, const struct settings *s,
		     struct dw_dualboot_plan *plan, struct dw_output *output,
		     const char *source, const char *target)
{
	struct dw_dualboot_report *report = NULL;
	char *undo = NULL;
	int ret = 0;

	if (s->in_place && !s->undo)
		ret = cli_undo_name(source, &undo, &cli->err);
	if (ret)
		return ret;
	if (s->in_place)
		ret = dw_dualboot_run_in_place(plan, undo ? undo : s->undo,
					       &report, &cli->err);
	else
		ret = dw_dualboot_run(plan, output, &report, &cli->err);
	cli_progress_end();
	if (report && cli->json)
		cli_json_dualboot_report(cli->json, report);
	else if (report)
		cli_text_dualboot_report(report, target);
	dw_dualboot_report_free(report);
	free(undo);
	return ret;
}

/* The plan, and unless it is only asked for, what it says. */
static int plan_and_run(struct cli *cli, struct settings *s,
			struct dw_dev *source_dev, struct dw_output *output,
			const char *source, const char *target)
{
	struct dw_dualboot_options o;
	struct dw_dualboot_plan *plan = NULL;
	int ret;

	fill_options(s, &o);
	ret = dw_dualboot_plan(cli->ctx, source_dev, &o, &plan, &cli->err);
	if (ret)
		cli_name_image(&cli->err, source);
	show_plan(cli, plan, source, target, ret || s->common.dry_run);
	if (!ret && ferror(stdout))
		ret = cli_fail(&cli->err, DW_IO, "standard output: cannot"
			       " write; nothing was done");
	if (!ret && !s->common.dry_run)
		ret = carry_out(cli, s, plan, output, source, target);
	dw_dualboot_plan_free(plan);
	return ret;
}

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	struct settings *s = settings;
	const char *source = operands[0];
	const char *target = s->in_place ? NULL : operands[1];
	unsigned flags = cli_open_flags(&s->common);
	struct dw_dev *dev = NULL;
	struct dw_output *output = NULL;
	int closed, ret;

	ret = check_settings(s, operands_nr, operands, &cli->err);
	if (!ret && !s->in_place)
		ret = cli_check_apart(&s->common, source, target,
				      "; --in-place changes an image itself",
				      &cli->err);
	if (ret)
		return ret;
	cli->no_force = s->in_place;
	if (s->in_place && !s->common.dry_run)
		flags |= DW_OPEN_RDWR;
	ret = dw_open(cli->ctx, source, s->common.format, flags, &dev,
		      &cli->err);
	/* Before the plan, so that an existing target is told of at once. */
	if (!ret && !s->in_place && !s->common.dry_run)
		ret = dw_output_open(cli->ctx, target,
				     (s->common.force ? DW_OUTPUT_FORCE : 0) |
				     (s->no_sync ? DW_OUTPUT_NO_SYNC : 0),
				     &output, &cli->err);
	if (!ret)
		ret = plan_and_run(cli, s, dev, output, source, target);
	dw_output_close(output);
	closed = dw_dev_close(dev, ret ? NULL : &cli->err);
	return ret ? ret : closed;
}

const struct cli_verb cli_dualboot = {
	.name = "dualboot",
	.synopsis = "[OPTION]... SOURCE TARGET\n"
		    "[OPTION]... --in-place SOURCE",
	.summary = "make a Xen guest that boots under PyGrub and under KVM",
	.about = "Copies the guest in SOURCE, a disk image or block device"
		 " that holds an ext2, ext3 or ext4 root filesystem, to"
		 " TARGET, and changes there what it needs to boot under Xen's"
		 " PyGrub and under KVM: partition table, boot loader, fstab,"
		 " boot menus, consoles, network names, initrds that"
		 " lack drivers. Prints every change."
		 " SOURCE is only read.\n"
		 "TARGET appears when it is complete and checked; after an"
		 " error there is none. Where one side would not boot, nothing"
		 " is written and the exit status is 5.",
	.options = options,
	.settings_len = sizeof(struct settings),
	.operands_min = 1,
	.operands_max = 2,
	.writes = true,
	.has_force = true,
	.run = run,
};
