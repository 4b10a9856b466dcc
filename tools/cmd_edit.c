/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright edit: changes a file inside an image. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "json.h"
#include "text.h"

#define EXPRESSIONS_MAX 100

struct settings {
	struct cli_common common;
	const char *expressions[EXPRESSIONS_MAX];
	size_t expressions_nr;
	const char *backup;
};

static int parse_expression(void *settings, const char *arg,
			    struct dw_err *err)
{
	struct settings *s = settings;

	if (s->expressions_nr == EXPRESSIONS_MAX)
		return cli_fail(err, DW_USAGE, "--expression: more than %d",
				EXPRESSIONS_MAX);
	s->expressions[s->expressions_nr++] = arg;
	return 0;
}

static const struct cli_option options[] = {
	{ "expression", 'e', "EXPR", CLI_CUSTOM, 0, parse_expression,
	  "do s/REGEX/TEXT/ or s/REGEX/TEXT/g to each line; may be given"
	  " several times" },
	{ "backup", 'b', "SUFFIX", CLI_TEXT, offsetof(struct settings, backup),
	  NULL, "keep the old file in the image, with SUFFIX behind its name" },
	CLI_OPT_CHANGE,
	CLI_OPT_JSON,
	CLI_OPT_MEMORY,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

static void print_text(const char *locator, bool dry_run,
		       const struct dw_edit_plan *plan)
{
	char size[CLI_SIZE_TEXT], old[CLI_SIZE_TEXT];

	cli_put(stdout, locator, 0);
	putchar('\n');
	cli_item("file", "%s", plan->path);
	if (!plan->is_changed) {
		cli_item("unchanged", "nothing is to be done");
		return;
	}
	cli_item(dry_run ? "would be" : "now", "%s, was %s",
		 cli_size(size, plan->size), cli_size(old, plan->old_size));
	if (plan->backup_path)
		cli_item("backup", "%s", plan->backup_path);
	cli_text_cost(&plan->cost);
	cli_text_changes(&plan->changes);
	cli_text_notes(&plan->notes);
}

static void print_json(struct json_object *to, const char *locator,
		       const struct dw_edit_plan *plan)
{
	cli_json_text(to, "locator", locator);
	cli_json_text(to, "path", plan->path);
	cli_json_bool(to, "changed", plan->is_changed);
	cli_json_number(to, "size", plan->size);
	cli_json_number(to, "old_size", plan->old_size);
	cli_json_text(to, "backup",
		      plan->is_changed ? plan->backup_path : NULL);
	if (plan->is_changed)
		cli_json_cost(to, &plan->cost);
	cli_json_changes(to, &plan->changes);
	cli_json_notes(to, "notes", &plan->notes);
}

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	const struct settings *s = settings;
	struct cli_copy copy = { 0 };
	struct dw_edit_options o = {
		.size = sizeof(o), .expressions = s->expressions,
		.expressions_nr = s->expressions_nr, .editor = cli_run_editor,
		.arg = &copy, .backup = s->backup, .force = s->common.force,
		.dry_run = s->common.dry_run,
	};
	struct dw_edit_plan *plan = NULL;
	int ret;

	ret = dw_edit_plan(cli->ctx, operands[0], s->common.format, &o, &plan,
			   &cli->err);
	if (!ret && !s->common.dry_run)
		ret = dw_edit_run(plan, &cli->err);
	ret = cli_end_copy(&copy, ret, &cli->err);
	if (!ret && cli->json)
		print_json(cli->json, operands[0], plan);
	else if (!ret)
		print_text(operands[0], s->common.dry_run, plan);
	dw_edit_plan_free(plan);
	return ret;
}

const struct cli_verb cli_edit = {
	.name = "edit",
	.synopsis = "[OPTION]... LOCATOR:PATH\n"
		    "-e EXPR... [OPTION]... LOCATOR:PATH",
	.summary = "change a file in an image by an editor or an expression",
	.about = "Without -e, opens a private copy of the file in $VISUAL, else"
		 " $EDITOR, else vi, and puts it back if it was changed. With"
		 " -e, each line of a text is changed as sed's s command does"
		 " it, with POSIX extended regular expressions; in both parts"
		 " \\n is a newline and \\t a tab. The file keeps"
		 " its inode, owner, mode, attributes and hard links, and may"
		 " have at most 16 MiB. Each changed line is printed.\n"
		 "The change is one transaction of the filesystem's journal, as"
		 " with put. The image must not be in use, and is locked while"
		 " the editor runs. What was typed there and cannot be put back"
		 " is kept, and the error says where.",
	.options = options,
	.settings_len = sizeof(struct settings),
	.operands_min = 1,
	.operands_max = 1,
	.writes = true,
	.run = run,
};
