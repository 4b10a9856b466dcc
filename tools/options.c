/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options: a verb's table, turned into settings. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define OPTIONS_MAX 40
#define LONG_ONLY 256	/* above every option letter */

int cli_parse_number(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t nr = 0;

	if (!*text)
		return DW_USAGE;
	for (; *text; text++) {
		unsigned digit = (unsigned)*text - '0';

		if (digit > 9 || nr > (max - digit) / 10)
			return DW_USAGE;
		nr = nr * 10 + digit;
	}
	*out = nr;
	return 0;
}

int cli_parse_size(const char *text, uint64_t *out)
{
	static const char units[] = "KMGT";
	size_t len = strlen(text);
	const char *unit = len ? strchr(units, text[len - 1]) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	char digits[24];
	int ret;

	if (unit)
		len--;
	if (!len || len >= sizeof(digits))
		return DW_USAGE;
	memcpy(digits, text, len);
	digits[len] = '\0';
	ret = cli_parse_number(digits, INT64_MAX >> shift, out);
	if (!ret)
		*out <<= shift;
	return ret;
}

int cli_parse_progress(void *settings, const char *arg, struct dw_err *err)
{
	struct cli_common *common = settings;

	if (!arg)
		common->progress = CLI_PROGRESS_LINE;
	else if (!strcmp(arg, "json"))
		common->progress = CLI_PROGRESS_JSON;
	else if (!strcmp(arg, "none"))
		common->progress = CLI_PROGRESS_NONE;
	else
		return cli_fail(err, DW_USAGE,
				"--progress: '%s' is neither json nor none",
				arg);
	return 0;
}

int cli_parse_pv(void *settings, const char *arg, struct dw_err *err)
{
	struct cli_common *common = settings;
	const char **grown = reallocarray(common->pvs, common->pvs_nr + 1,
					  sizeof(*grown));

	if (!grown)
		return cli_fail(err, DW_NOMEM, "out of memory");
	common->pvs = grown;
	grown[common->pvs_nr++] = arg;
	return 0;
}

static int set_option(const struct cli_option *opt, void *settings,
		      const char *arg, struct dw_err *err)
{
	void *at = (char *)settings + opt->off;
	uint64_t nr;

	switch (opt->kind) {
	case CLI_FLAG:
		*(bool *)at = true;
		return 0;
	case CLI_TEXT:
		*(const char **)at = arg;
		return 0;
	case CLI_SIZE:
		if (!cli_parse_size(arg, at) && *(uint64_t *)at)
			return 0;
		return cli_fail(err, DW_USAGE, "--%s: '%s' is no size, such as"
				" 512M or 10G", opt->name, arg);
	case CLI_COUNT:
		if (cli_parse_number(arg, 100000, &nr))
			return cli_fail(err, DW_USAGE, "--%s: '%s' is no"
					" number", opt->name, arg);
		*(unsigned *)at = (unsigned)nr;
		return 0;
	case CLI_CUSTOM:
		break;
	}
	return opt->parse(settings, arg, err);
}

/* The table in getopt's two forms; long-only options return LONG_ONLY + i. */
static size_t fill_tables(const struct cli_option *options,
			  struct option *longs, char *shorts)
{
	size_t i;

	*shorts++ = ':';
	for (i = 0; options[i].name && i < OPTIONS_MAX; i++) {
		const struct cli_option *opt = &options[i];

		longs[i].name = opt->name;
		longs[i].has_arg = !opt->arg ? no_argument :
			*opt->arg == '[' ? optional_argument :
			required_argument;
		longs[i].flag = NULL;
		longs[i].val = opt->letter ? opt->letter : LONG_ONLY + (int)i;
		if (!opt->letter)
			continue;
		*shorts++ = opt->letter;
		if (opt->arg)
			*shorts++ = ':';
	}
	memset(&longs[i], 0, sizeof(longs[i]));
	*shorts = '\0';
	return i;
}

static int refuse(const struct cli_verb *verb, int answer, char **argv,
		  struct dw_err *err)
{
	const char *what = answer == ':' ? "needs an argument" :
		optopt >= LONG_ONLY ? "takes no argument" : "is not known";
	char letter[3] = { '-', (char)optopt, '\0' };
	const char *name = argv[optind - 1];

	/* Of letters in a bunch, "-xyz", only optopt tells which. */
	if (optopt && optopt < LONG_ONLY && strncmp(name, "--", 2))
		name = letter;
	else if (optopt && optopt < LONG_ONLY && answer != ':')
		what = "takes no argument";
	return cli_fail(err, DW_USAGE, "%s: the option '%s' %s", verb->name,
			name, what);
}

int cli_parse(const struct cli_verb *verb, int argc, char **argv,
	      void *settings, int *operand, struct dw_err *err)
{
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 2];
	size_t options_nr = fill_tables(verb->options, longs, shorts);
	int answer, ret = 0;

	opterr = 0;
	while (!ret && (answer = getopt_long(argc, argv, shorts, longs,
					     NULL)) != -1) {
		size_t i = 0;

		if (answer == '?' || answer == ':')
			return refuse(verb, answer, argv, err);
		while (i < options_nr && longs[i].val != answer)
			i++;
		ret = set_option(&verb->options[i], settings, optarg, err);
	}
	*operand = optind;
	return ret;
}
