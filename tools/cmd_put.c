/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright put: a file of the host into an image. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "text.h"

struct settings {
	struct cli_common common;
	bool parents, no_holes;
	bool has_mode;
	uint32_t mode;
	bool has_owner;
	uint64_t uid, gid;
};

static int parse_mode(void *settings, const char *arg, struct dw_err *err)
{
	struct settings *s = settings;
	const char *at = arg;

	s->mode = 0;
	for (; *at >= '0' && *at <= '7' && at - arg < 5; at++)
		s->mode = s->mode * 8 + (uint32_t)(*at - '0');
	s->has_mode = true;
	if (at != arg && !*at && s->mode <= 07777)
		return 0;
	return cli_fail(err, DW_USAGE, "--mode: '%s' is no mode, such as 644"
			" or 4755", arg);
}

static int parse_owner(void *settings, const char *arg, struct dw_err *err)
{
	struct settings *s = settings;
	const char *colon = strchr(arg, ':');
	char uid[16] = "";

	if (colon && (size_t)(colon - arg) < sizeof(uid))
		memcpy(uid, arg, (size_t)(colon - arg));
	s->has_owner = true;
	if (colon && !cli_parse_number(uid, UINT32_MAX - 1, &s->uid) &&
	    !cli_parse_number(colon + 1, UINT32_MAX - 1, &s->gid))
		return 0;
	return cli_fail(err, DW_USAGE, "--owner: '%s' is no pair of numbers,"
			" such as 0:0", arg);
}

static const struct cli_option options[] = {
	{ "parents", 'p', NULL, CLI_FLAG, offsetof(struct settings, parents),
	  NULL, "make the folders that are missing" },
	{ "mode", 'm', "MODE", CLI_CUSTOM, 0, parse_mode,
	  "permission bits, as 644; else those of the old file, or 644" },
	{ "owner", 'o', "UID:GID", CLI_CUSTOM, 0, parse_owner,
	  "owner and group; else those of the old file, or of the folder" },
	{ "no-holes", 0, NULL, CLI_FLAG, offsetof(struct settings, no_holes),
	  NULL, "store blocks of zeros, as a swap file needs them" },
	CLI_OPT_CHANGE,
	CLI_OPT_JSON,
	CLI_OPT_PROGRESS,
	CLI_OPT_MEMORY,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

static void print_text(const char *locator, bool dry_run,
		       const struct dw_put_plan *plan)
{
	char size[CLI_BOTH_SIZES_TEXT], old[CLI_SIZE_TEXT];

	cli_put(stdout, locator, 0);
	putchar('\n');
	cli_item("file", "%s", plan->path);
	cli_item(dry_run ? "would be" : "now", "%s%s%s",
		 cli_both_sizes(size, plan->size),
		 plan->is_new ? ", new" : ", was ",
		 plan->is_new ? "" : cli_size(old, plan->old_size));
	cli_item("", "mode %04o, owner %u:%u", plan->mode, plan->uid,
		 plan->gid);
	cli_text_cost(&plan->cost);
	cli_text_notes(&plan->notes);
}

static void print_json(struct json_object *to, const char *locator,
		       const struct dw_put_plan *plan)
{
	cli_json_text(to, "locator", locator);
	cli_json_text(to, "path", plan->path);
	cli_json_bool(to, "new", plan->is_new);
	cli_json_number(to, "size", plan->size);
	if (!plan->is_new)
		cli_json_number(to, "old_size", plan->old_size);
	cli_json_number(to, "mode", plan->mode);
	cli_json_number(to, "uid", plan->uid);
	cli_json_number(to, "gid", plan->gid);
	cli_json_cost(to, &plan->cost);
	cli_json_notes(to, "notes", &plan->notes);
}

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	const struct settings *s = settings;
	struct dw_put_options o = {
		.size = sizeof(o), .parents = s->parents,
		.no_holes = s->no_holes, .force = s->common.force,
		.dry_run = s->common.dry_run, .has_mode = s->has_mode,
		.mode = s->mode, .uid = -1, .gid = -1,
	};
	struct dw_put_plan *plan = NULL;
	int ret;

	if (s->has_owner) {
		o.uid = (int64_t)s->uid;
		o.gid = (int64_t)s->gid;
	}
	ret = dw_put_plan(cli->ctx, operands[0], operands[1],
			  s->common.format, &o, &plan, &cli->err);
	if (!ret && !s->common.dry_run)
		ret = dw_put_run(plan, &cli->err);
	cli_progress_end();
	if (!ret && cli->json)
		print_json(cli->json, operands[1], plan);
	else if (!ret)
		print_text(operands[1], s->common.dry_run, plan);
	dw_put_plan_free(plan);
	return ret;
}

const struct cli_verb cli_put_file = {
	.name = "put",
	.synopsis = "[OPTION]... FILE LOCATOR:PATH\n"
		    "[OPTION]... - LOCATOR:PATH",
	.summary = "write a file of the host into an image",
	.about = "Makes PATH in the image a copy of FILE, or of standard input"
		 " for '-', in place. A file that is there keeps its inode,"
		 " owner, mode, attributes and hard links; a new one gets owner"
		 " and security label from its folder. Symbolic links are"
		 " followed inside the image.\n"
		 "The change is one transaction of the filesystem's journal: a"
		 " crash at any moment leaves the old file or the new one."
		 " Without a journal, 'diskwright undo' brings the old state of"
		 " a raw image back. The image must not be in use.",
	.options = options,
	.settings_len = sizeof(struct settings),
	.operands_min = 2,
	.operands_max = 2,
	.writes = true,
	.run = run,
};
