/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command: a table of verbs, and what happens around each of them. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "text.h"

const struct cli_verb *const cli_verbs[] = {
	&cli_dualboot, &cli_convert, &cli_extract,
	&cli_inspect, &cli_volumes, &cli_info,
	&cli_map, &cli_compare, &cli_resize, &cli_check, &cli_ls, &cli_cat,
	&cli_put_file, &cli_edit, &cli_initrd, &cli_add_kernel,
	&cli_undo, NULL,
};

static const struct cli_verb *find_verb(const char *name)
{
	for (size_t i = 0; cli_verbs[i]; i++)
		if (!strcmp(cli_verbs[i]->name, name))
			return cli_verbs[i];
	return NULL;
}

/* What the user can do about an error, beyond its text; NULL: nothing. */
static const char *advice(const struct cli *cli, enum dw_code code)
{
	bool is_dualboot = !strcmp(cli->verb->name, "dualboot");
	static char buf[80];

	/* A text that names an option says it better. */
	if (strstr(cli->err.text, " --") || strstr(cli->err.text, "(--"))
		return NULL;
	if (code == DW_USAGE) {
		snprintf(buf, sizeof(buf), "see 'diskwright %s --help'",
			 cli->verb->name);
		return buf;
	}
	if (code == DW_EXISTS && is_dualboot)
		return "--force replaces it";
	if (code == DW_BUSY && cli->verb->has_force && !cli->no_force)
		return "--force uses it all the same";
	if (code == DW_NOBOOT && is_dualboot)
		return "--allow-unbootable writes it all the same";
	return NULL;
}

static void print_error(const struct cli *cli, enum dw_code code)
{
	const char *more = advice(cli, code), *text = cli->err.text;

	/* The user knows why; where it happened to be is no news. */
	if (code == DW_CANCELLED && strncmp(text, "cancelled", 9))
		text = "cancelled";
	fputs("diskwright: ", stderr);
	cli_put(stderr, text, 0);
	if (more)
		fprintf(stderr, "; %s", more);
	fputc('\n', stderr);
}

/* Text that did not reach its reader is a failure too. */
static int close_stdout(struct dw_err *err)
{
	int failed = ferror(stdout);

	errno = 0;
	if (fflush(stdout) || failed)
		return cli_fail(err, DW_IO, "standard output: cannot write: %s",
				errno ? strerror(errno) : "an earlier error");
	return 0;
}

/* SOURCE_DATE_EPOCH: the clock of reproducible builds. */
static int set_clock(struct dw_ctx *ctx, struct dw_err *err)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	uint64_t seconds;

	if (!text || !*text)
		return 0;
	if (cli_parse_number(text, INT64_MAX, &seconds))
		return cli_fail(err, DW_USAGE, "SOURCE_DATE_EPOCH: '%s' is no"
				" number of seconds since 1970", text);
	dw_ctx_set_clock(ctx, (int64_t)seconds);
	return 0;
}

/* More images that belong to the one that is named. */
static int set_pvs(struct dw_ctx *ctx, const struct cli_common *common,
		   struct dw_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < common->pvs_nr; i++)
		ret = dw_ctx_add_pv(ctx, common->pvs[i], err);
	if (!ret && common->pv_dir)
		ret = dw_ctx_set_pv_dir(ctx, common->pv_dir, err);
	return ret;
}

static int set_context(struct cli *cli, const struct cli_common *common)
{
	int ret = dw_ctx_new(&cli->ctx, &cli->err);

	if (!ret)
		ret = set_clock(cli->ctx, &cli->err);
	if (!ret && common->backing_dir)
		ret = dw_ctx_set_backing_dir(cli->ctx, common->backing_dir,
					     &cli->err);
	if (!ret)
		ret = set_pvs(cli->ctx, common, &cli->err);
	if (ret)
		return ret;
	dw_ctx_set_threads(cli->ctx, common->threads_nr);
	if (common->memory_len)
		dw_ctx_set_memory_cap(cli->ctx, common->memory_len);
	cli_catch_signals(cli->ctx);
	/* Full: EFBIG is an error with a line of text, not a signal. */
	signal(SIGXFSZ, SIG_IGN);
	if (cli->verb->writes)
		signal(SIGPIPE, SIG_IGN);
	cli_progress_start(cli->ctx, common->progress);
	if (common->json)
		cli->json = cli_json_object(&cli->err);
	return common->json && !cli->json ? DW_NOMEM : 0;
}

static int check_operands(const struct cli_verb *verb, int nr,
			  struct dw_err *err)
{
	if (nr >= verb->operands_min &&
	    (verb->operands_max < 0 || nr <= verb->operands_max))
		return 0;
	return cli_fail(err, DW_USAGE, "%s: %s operands", verb->name,
			nr < verb->operands_min ? "too few" : "too many");
}

static int run_verb(struct cli *cli, int argc, char **argv)
{
	struct cli_common *common = calloc(1, cli->verb->settings_len);
	int operand, ret;

	if (!common)
		return cli_fail(&cli->err, DW_NOMEM, "out of memory");
	ret = cli_parse(cli->verb, argc, argv, common, &operand, &cli->err);
	if (ret)
		goto out;
	if (common->help) {
		cli_help(cli->verb);
		goto out;
	}
	ret = check_operands(cli->verb, argc - operand, &cli->err);
	if (!ret)
		ret = set_context(cli, common);
	if (!ret)
		ret = cli->verb->run(cli, common, argc - operand,
				     argv + operand);
	cli_progress_end();
out:
	free(common->pvs);
	free(common);
	return ret;
}

static int status_of(const struct cli *cli, enum dw_code code)
{
	int status = dw_exit_status(code);

	if (!code)
		return cli->answer;
	return status == 1 && cli->verb->answers_1 ? 2 : status;
}

static int do_verb(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli cli = { .verb = verb };
	int ret = run_verb(&cli, argc, argv);
	int written;

	if (cli.json)
		cli_json_print_take(cli.json, cli.json_begun,
				    status_of(&cli, ret), ret, &cli.err);
	if (ret)
		print_error(&cli, ret);
	written = close_stdout(&cli.err);
	if (written && !ret) {
		ret = written;
		print_error(&cli, ret);
	}
	dw_ctx_free(cli.ctx);
	return status_of(&cli, ret);
}

static int do_help(int argc, char **argv)
{
	const struct cli_verb *verb = argc > 1 ? find_verb(argv[1]) : NULL;
	struct dw_err err;

	if (argc > 1 && !verb) {
		fprintf(stderr, "diskwright: help: there is no verb '%s'; see"
			" 'diskwright --help'\n", argv[1]);
		return dw_exit_status(DW_USAGE);
	}
	if (verb)
		cli_help(verb);
	else
		cli_help_all();
	if (close_stdout(&err)) {
		fprintf(stderr, "diskwright: %s\n", err.text);
		return dw_exit_status(DW_IO);
	}
	return 0;
}

static int do_version(void)
{
	struct dw_err err;

	printf("diskwright %s\n", DW_VERSION);
	if (close_stdout(&err)) {
		fprintf(stderr, "diskwright: %s\n", err.text);
		return dw_exit_status(DW_IO);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const struct cli_verb *verb = find_verb(word);

	if (verb)
		return do_verb(verb, argc - 1, argv + 1);
	if (!strcmp(word, "help") || !strcmp(word, "--help") ||
	    !strcmp(word, "-h"))
		return do_help(argc - 1, argv + 1);
	if (!strcmp(word, "--version") || !strcmp(word, "-V"))
		return do_version();
	if (!*word)
		fputs("diskwright: no verb is given; see 'diskwright --help'\n",
		      stderr);
	else
		fprintf(stderr, "diskwright: there is no verb '%s'; see"
			" 'diskwright --help'\n", word);
	return dw_exit_status(DW_USAGE);
}
