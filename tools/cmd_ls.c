/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diskwright ls: directories inside images. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "cli.h"
#include "json.h"
#include "text.h"

struct settings {
	struct cli_common common;
	bool is_long;
};

static const struct cli_option options[] = {
	{ "long", 'l', NULL, CLI_FLAG, offsetof(struct settings, is_long),
	  NULL, "also mode, owner, group, size and time (UTC)" },
	CLI_OPT_FORMAT,
	CLI_OPT_BACKING,
	CLI_OPT_PV,
	CLI_OPT_FORCE,
	CLI_OPT_JSON,
	CLI_OPT_HELP,
	CLI_OPT_END,
};

struct listing {
	const struct settings *settings;
	struct json_object *items;	/* NULL: text */
};

static char type_letter(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:	return '-';
	case S_IFDIR:	return 'd';
	case S_IFLNK:	return 'l';
	case S_IFCHR:	return 'c';
	case S_IFBLK:	return 'b';
	case S_IFIFO:	return 'p';
	case S_IFSOCK:	return 's';
	}
	return '?';
}

/* "drwxr-xr-t", as ls -l shows it. */
static void mode_text(char out[11], uint32_t mode)
{
	static const char rwx[] = "rwxrwxrwx";

	out[0] = type_letter(mode);
	for (int i = 0; i < 9; i++)
		out[1 + i] = mode & (0400u >> i) ? rwx[i] : '-';
	if (mode & S_ISUID)
		out[3] = mode & 0100 ? 's' : 'S';
	if (mode & S_ISGID)
		out[6] = mode & 0010 ? 's' : 'S';
	if (mode & S_ISVTX)
		out[9] = mode & 0001 ? 't' : 'T';
	out[10] = '\0';
}

static void time_text(char out[32], int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&when, &tm) ||
	    !strftime(out, 32, "%Y-%m-%d %H:%M", &tm))
		snprintf(out, 32, "%" PRId64, seconds);
}

static void print_long(const struct dw_dir_item *item)
{
	char mode[11], when[32], size[40];

	mode_text(mode, item->mode);
	time_text(when, item->mtime);
	if (S_ISCHR(item->mode) || S_ISBLK(item->mode))
		snprintf(size, sizeof(size), "%" PRIu32 ", %" PRIu32,
			 item->rdev_major, item->rdev_minor);
	else
		snprintf(size, sizeof(size), "%" PRIu64, item->size);
	printf("%s %5" PRIu32 " %5" PRIu32 " %12s %s ", mode, item->uid,
	       item->gid, size, when);
}

static void add_json(struct json_object *items, const struct dw_dir_item *item)
{
	struct json_object *o = cli_json_append(items);
	char mode[11];

	mode_text(mode, item->mode);
	cli_json_text(o, "name", item->name);
	cli_json_text(o, "mode", mode);
	cli_json_number(o, "uid", item->uid);
	cli_json_number(o, "gid", item->gid);
	cli_json_number(o, "size", item->size);
	cli_json_signed(o, "mtime", item->mtime);
	cli_json_text(o, "target", item->target);
	if (!S_ISCHR(item->mode) && !S_ISBLK(item->mode))
		return;
	cli_json_number(o, "major", item->rdev_major);
	cli_json_number(o, "minor", item->rdev_minor);
}

static int one_item(void *arg, const struct dw_dir_item *item,
		    struct dw_err *err)
{
	const struct listing *l = arg;

	if (l->items) {
		add_json(l->items, item);
		return 0;
	}
	if (l->settings->is_long)
		print_long(item);
	cli_put(stdout, item->name, 0);
	if (l->settings->is_long && item->target) {
		fputs(" -> ", stdout);
		cli_put(stdout, item->target, 0);
	}
	putchar('\n');
	if (ferror(stdout))
		return cli_fail(err, DW_IO, "standard output: cannot write");
	return 0;
}

static int run(struct cli *cli, void *settings, int operands_nr,
	       char **operands)
{
	struct listing l = { .settings = settings };

	if (cli->json)
		l.items = cli_json_array_in(cli->json, "items");
	return dw_list(cli->ctx, operands[0], l.settings->common.format,
		       cli_open_flags(&l.settings->common), one_item, &l,
		       &cli->err);
}

const struct cli_verb cli_ls = {
	.name = "ls",
	.synopsis = "[OPTION]... LOCATOR[:PATH]",
	.summary = "list a directory of an image",
	.about = "Lists a directory inside the image by name, hidden files"
		 " too, or the one file that PATH names; without PATH the root"
		 " directory. Bytes of names that cannot be printed show as"
		 " \\xNN.",
	.options = options,
	.settings_len = sizeof(struct settings),
	.operands_min = 1,
	.operands_max = 1,
	.has_force = true,
	.run = run,
};
