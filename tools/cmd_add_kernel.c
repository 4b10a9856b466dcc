/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright add-kernel: a kernel package's files into a guest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "text.h"

#define PACKAGES_MAX 16

struct settings {
	struct cli_common common;
	const char *packages[PACKAGES_MAX];
	size_t packages_nr;
	bool firstboot, no_default;
};

static int parse_package(void *settings, const char *arg, struct dw_err *err)
{
	struct settings *s = settings;

	if (s->packages_nr == PACKAGES_MAX)
		return cli_fail(err, DW_USAGE, "--package: more than %d",
				PACKAGES_MAX);
	s->packages[s->packages_nr++] = arg;
	return 0;
}

static const struct cli_option options[] = {
	{ "package", 'p', "FILE", CLI_CUSTOM, 0, parse_package,
	  "a .deb or .rpm of the host with a kernel or its modules; may be"
	  " given several times, for packages of one kernel" },
	{ "firstboot", 0, NULL, CLI_FLAG,
	  offsetof(struct settings, firstboot), NULL,
	  "leave the packages in the guest, and a service that has its package"
	  " manager register them, once, when it starts" },
	{ "no-default", 0, NULL, CLI_FLAG,
	  offsetof(struct settings, no_default), NULL,
	  "boot what was booted before; the new kernel is one more entry" },
	{ "force", 0, NULL, CLI_FLAG, offsetof(struct cli_common, force), NULL,
	  "replace a kernel of the same version; add one for another machine,"
	  " or with which a side would no longer boot; change an image of which"
	  " a crash meanwhile could make a damaged one" },
	CLI_OPT_FORMAT,
	CLI_OPT_BACKING,
	{ "dry-run", 'n', NULL, CLI_FLAG,
	  offsetof(struct cli_common, dry_run), NULL,
	  "print what would change, change nothing" },
	CLI_OPT_JSON,
	CLI_OPT_PROGRESS,
	CLI_OPT_MEMORY,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

static const char *origin_name(enum dw_initrd_origin origin)
{
	switch (origin) {
	case DW_INITRD_REMADE:
		return "remade";
	case DW_INITRD_SYNTH:
		return "own";
	case DW_INITRD_GIVEN:
		return "package";
	default:
		return "none";
	}
}

/* ---- text ---------------------------------------------------------------- */

static void print_packages(const struct dw_add_kernel_plan *plan)
{
	for (size_t i = 0; i < plan->packages_nr; i++) {
		const struct dw_kernel_package *p = &plan->packages[i];

		cli_item("package", "%s %s (%s)", p->name, p->version,
			 p->arch);
		if (p->depends)
			cli_item("", "depends on %s", p->depends);
		if (p->left_out_nr)
			cli_item("", "left out: %llu files, such as %s",
				 (unsigned long long)p->left_out_nr,
				 p->left_out->items[0]);
	}
}

static void print_initrd(const struct dw_add_kernel_plan *plan)
{
	char size[CLI_SIZE_TEXT];

	if (!plan->initrd) {
		cli_item("initrd", "none is needed");
		return;
	}
	cli_item("initrd", "%s, %s", plan->initrd,
		 cli_size(size, plan->initrd_len));
	if (plan->initrd_origin == DW_INITRD_REMADE)
		cli_item("", "made after that of %s", plan->like);
	else if (plan->initrd_origin == DW_INITRD_GIVEN)
		cli_item("", "as the package has it");
	else
		cli_item("", "around an init of our own");
}

static void print_text(const char *locator, bool dry_run,
		       const struct dw_add_kernel_plan *plan)
{
	char size[CLI_SIZE_TEXT];

	cli_put(stdout, locator, 0);
	putchar('\n');
	print_packages(plan);
	cli_item("kernel", "%s", plan->kernel);
	print_initrd(plan);
	cli_item(dry_run ? "would be" : "written", "%llu files, %s",
		 (unsigned long long)plan->files_nr,
		 cli_size(size, plan->files_len));
	cli_text_cost(&plan->cost);
	cli_text_changes(&plan->changes);
	cli_text_notes(&plan->notes);
	cli_text_verdict("KVM", &plan->kvm);
	cli_text_verdict("PyGrub", &plan->pygrub);
}

/* ---- JSON ---------------------------------------------------------------- */

static void json_packages(struct json_object *to,
			  const struct dw_add_kernel_plan *plan)
{
	struct json_object *array = cli_json_array_in(to, "packages");

	for (size_t i = 0; i < plan->packages_nr; i++) {
		const struct dw_kernel_package *p = &plan->packages[i];
		struct json_object *o = cli_json_append(array);

		cli_json_text(o, "file", p->file);
		cli_json_text(o, "name", p->name);
		cli_json_text(o, "version", p->version);
		cli_json_text(o, "architecture", p->arch);
		cli_json_text(o, "depends", p->depends);
		cli_json_number(o, "left_out", p->left_out_nr);
		cli_json_notes(o, "left_out_files", p->left_out);
	}
}

static void print_json(struct json_object *to, const char *locator,
		       const struct dw_add_kernel_plan *plan)
{
	cli_json_text(to, "locator", locator);
	cli_json_text(to, "root", plan->locator);
	cli_json_text(to, "version", plan->version);
	cli_json_text(to, "kernel", plan->kernel);
	cli_json_text(to, "initrd", plan->initrd);
	cli_json_text(to, "initrd_origin", origin_name(plan->initrd_origin));
	cli_json_number(to, "initrd_size", plan->initrd_len);
	cli_json_text(to, "like", plan->like);
	json_packages(to, plan);
	cli_json_number(to, "files", plan->files_nr);
	cli_json_number(to, "size", plan->files_len);
	cli_json_cost(to, &plan->cost);
	cli_json_changes(to, &plan->changes);
	cli_json_notes(to, "notes", &plan->notes);
	cli_json_verdict(to, "kvm_before", &plan->kvm_before);
	cli_json_verdict(to, "pygrub_before", &plan->pygrub_before);
	cli_json_verdict(to, "kvm", &plan->kvm);
	cli_json_verdict(to, "pygrub", &plan->pygrub);
}

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	const struct settings *s = settings;
	const bool dry_run = s->common.dry_run;
	struct dw_add_kernel_options o = {
		.size = sizeof(o), .packages = s->packages,
		.packages_nr = s->packages_nr, .firstboot = s->firstboot,
		.no_default = s->no_default, .force = s->common.force,
		.dry_run = dry_run,
	};
	struct dw_add_kernel_plan *plan = NULL;
	int ret;

	if (!s->packages_nr)
		return cli_fail(&cli->err, DW_USAGE, "add-kernel: no --package"
				" is given");
	ret = dw_add_kernel_plan(cli->ctx, operands[0], s->common.format, &o,
				 &plan, &cli->err);
	if (!ret && !dry_run)
		ret = dw_add_kernel_run(plan, &cli->err);
	else if (!ret && plan->is_worse && !o.force)
		ret = cli_fail(&cli->err, DW_NOBOOT, "%s: a side that boots now"
			       " would no longer; --force adds it",
			       operands[0]);
	cli_progress_end();
	if (plan && (!ret || ret == DW_NOBOOT) && cli->json)
		print_json(cli->json, operands[0], plan);
	else if (plan && (!ret || ret == DW_NOBOOT))
		print_text(operands[0], ret || dry_run, plan);
	dw_add_kernel_plan_free(plan);
	return ret;
}

const struct cli_verb cli_add_kernel = {
	.name = "add-kernel",
	.synopsis = "[OPTION]... --package=FILE LOCATOR",
	.summary = "put a kernel package's files into a guest",
	.about = "Unpacks a kernel package, .deb or .rpm, into the guest in the"
		 " image, in place: the kernel, its modules, the lists that"
		 " depmod makes of them, an initrd after that of the kernel"
		 " that boots now, and an entry in each boot menu, which"
		 " becomes the default. LOCATOR is the image, or the partition"
		 " of it that is the guest's root.\n"
		 "The change is one transaction of the filesystem's journal: a"
		 " crash at any moment leaves the guest with the old kernels or"
		 " with the new one as well. The image must not be in use.\n"
		 "Scripts in the package are not run, and the guest's package"
		 " database is not touched, but with --firstboot by the guest"
		 " itself.",
	.options = options,
	.settings_len = sizeof(struct settings),
	.operands_min = 1,
	.operands_max = 1,
	.writes = true,
	.run = run,
};
