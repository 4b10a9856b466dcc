/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --help, made from the same tables that options are parsed with. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "text.h"

#define HELP_COLUMN 26

/* Calls for each line of text. */
static void each_line(const char *text,
		      void (*fn)(const char *line, size_t nr, void *arg),
		      void *arg)
{
	char line[2048];
	size_t nr = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		fn(line, nr++, arg);
		text += len + (text[len] == '\n');
	}
}

static void print_usage_line(const char *line, size_t nr, void *arg)
{
	printf("%-6s diskwright %s %s\n", nr ? "" : "usage:",
	       (const char *)arg, line);
}

static void print_paragraph(const char *line, size_t nr, void *arg)
{
	putchar('\n');
	cli_wrap(stdout, 0, 0, line);
}

static void print_option(const struct cli_option *opt)
{
	char left[64];
	int len;

	len = snprintf(left, sizeof(left), "  %c%c%c --%s%s%s%s",
		       opt->letter ? '-' : ' ', opt->letter ? opt->letter : ' ',
		       opt->letter ? ',' : ' ', opt->name,
		       !opt->arg ? "" : *opt->arg == '[' ? "[=" : "=",
		       !opt->arg ? "" : opt->arg + (*opt->arg == '['), "");
	fputs(left, stdout);
	if (len >= HELP_COLUMN - 1) {
		putchar('\n');
		len = 0;
	}
	printf("%*s", HELP_COLUMN - len, "");
	cli_wrap(stdout, HELP_COLUMN, HELP_COLUMN, opt->help);
}

void cli_help(const struct cli_verb *verb)
{
	each_line(verb->synopsis, print_usage_line, (void *)verb->name);
	each_line(verb->about, print_paragraph, NULL);
	fputs("\nOptions:\n", stdout);
	for (size_t i = 0; verb->options[i].name; i++)
		print_option(&verb->options[i]);
}

void cli_help_all(void)
{
	fputs("usage: diskwright VERB [OPTION]... OPERAND...\n\n"
	      "Reads, changes and converts disk images in one unprivileged"
	      " process.\n\nVerbs:\n", stdout);
	for (size_t i = 0; cli_verbs[i]; i++)
		printf("  %-10s %s\n", cli_verbs[i]->name,
		       cli_verbs[i]->summary);
	fputs("  help       print the help of a verb\n\n"
	      "A LOCATOR is IMAGE[@LAYER]...[:PATH]: disk.qcow2,"
	      " disk.qcow2@p1:/etc/fstab,\ndisk.qcow2@snap:monday.\n\n"
	      "Exit status: 0 done, 1 failed, 2 usage, 3 not supported or not"
	      " allowed,\n4 damaged input, 5 would not boot.\n\n"
	      "'diskwright VERB --help' tells more; so does diskwright(1).\n",
	      stdout);
}
