/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verdicts, changes and notes: what plans and reports share. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define VALUE_COLUMN (CLI_NAME_WIDTH + 2)

static void verdict_item(const char *name, const char *value)
{
	if (!value)
		return;
	printf("%*s%-8s ", VALUE_COLUMN, "", name);
	cli_wrap(stdout, VALUE_COLUMN + 9, VALUE_COLUMN + 9, value);
}

void cli_text_verdict(const char *side, const struct dw_boot_verdict *verdict)
{
	if (verdict->boots)
		cli_item(side, "boots");
	else
		cli_item(side, "would not boot: %s",
			 verdict->reason ? verdict->reason : "no reason given");
	verdict_item("entry", verdict->entry);
	verdict_item("in", verdict->config);
	verdict_item("kernel", verdict->kernel);
	verdict_item("initrd", verdict->initrd);
	/* root= is among the arguments. */
	verdict_item("args", verdict->args);
	for (size_t i = 0; i < verdict->warnings.nr; i++)
		verdict_item("warning", verdict->warnings.items[i]);
}

static void change_line(char sign, uint64_t line_nr, const char *text)
{
	if (line_nr)
		printf("  %5" PRIu64 " %c ", line_nr, sign);
	else
		printf("        %c ", sign);
	cli_put(stdout, text, CLI_KEEP_TABS);
	putchar('\n');
}

/* A line of several lines of text: a new file may come in one piece. */
static void change_lines(char sign, const char *text)
{
	while (text) {
		const char *end = strchr(text, '\n');
		char *line = end ? strndup(text, (size_t)(end - text)) :
			strdup(text);

		if (line && (end || *line))
			change_line(sign, 0, line);
		free(line);
		text = end ? end + 1 : NULL;
	}
}

static void one_change(const struct dw_change *c)
{
	uint64_t line_nr = c->line_nr;

	if (c->before) {
		change_line('-', line_nr, c->before);
		line_nr = 0;
	}
	if (c->after && strchr(c->after, '\n'))
		change_lines('+', c->after);
	else if (c->after)
		change_line('+', line_nr, c->after);
	if (!c->note)
		return;
	if (c->before || c->after || !line_nr)
		printf("          ");
	else
		printf("  %5" PRIu64 "   ", line_nr);
	cli_wrap(stdout, 10, 10, c->note);
}

static bool same_path(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

void cli_text_changes(const struct dw_changes *changes)
{
	const char *path = NULL;

	if (!changes->nr)
		return;
	fputs("\nChanges\n", stdout);
	for (size_t i = 0; i < changes->nr; i++) {
		const struct dw_change *c = &changes->items[i];

		if (c->path && !same_path(c->path, path)) {
			fputs("  ", stdout);
			cli_put(stdout, c->path, 0);
			putchar('\n');
		}
		path = c->path;
		one_change(c);
	}
}

void cli_text_notes(const struct dw_notes *notes)
{
	if (!notes->nr)
		return;
	fputs("\nNotes\n", stdout);
	for (size_t i = 0; i < notes->nr; i++) {
		fputs("  - ", stdout);
		cli_wrap(stdout, 4, 4, notes->items[i]);
	}
}
