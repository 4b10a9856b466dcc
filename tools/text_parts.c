/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verdicts, changes and notes: what plans and reports share. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	verdict_item("config", verdict->config);
	verdict_item("kernel", verdict->kernel);
	verdict_item("initrd", verdict->initrd);
	verdict_item("advice", verdict->advice.text);
	/* root= is among the arguments. */
	verdict_item("args", verdict->args);
	for (size_t i = 0; i < verdict->warnings.nr; i++)
		verdict_item("warning", verdict->warnings.items[i]);
}

/* ", 3 files truncated" where there is something to tell. */
static void add_count(char *buf, uint64_t nr, const char *thing,
		      const char *what)
{
	size_t len = strlen(buf);

	if (nr)
		snprintf(buf + len, CLI_RECOVERY_TEXT - len,
			 "%s%" PRIu64 " %s%s %s", len ? ", " : "", nr, thing,
			 nr == 1 ? "" : "s", what);
}

void cli_recovery(char buf[CLI_RECOVERY_TEXT], const struct dw_recovery *r)
{
	buf[0] = '\0';
	add_count(buf, r->replayed_blk_nr, "block",
		  "replayed from the journal");
	add_count(buf, r->orphans_deleted_nr, "deleted file", "released");
	add_count(buf, r->orphans_truncated_nr, "file", "truncated");
	add_count(buf, r->free_counts_fixed_nr, "free count", "corrected");
}

#define LINE_COLUMN 10

/* Where the next character stands after n bytes of blanks. */
static int after_blanks(int column, const char *blanks, int n)
{
	for (; n; n--, blanks++)
		column = *blanks == '\t' ? (column / 8 + 1) * 8 : column + 1;
	return column;
}

/*
 * A line of a file.  On a terminal a long one goes on under itself, so that
 * the eye still finds the next sign; elsewhere it stays whole, to be searched.
 */
static void put_line(const char *text)
{
	bool wrap = isatty(STDOUT_FILENO);
	int column = LINE_COLUMN;

	while (*text) {
		int blank = (int)strspn(text, " \t");
		int word = (int)strcspn(text + blank, " \t");
		char *part;

		column = after_blanks(column, text, blank) + word;
		if (wrap && column > CLI_WIDTH && word < column - LINE_COLUMN) {
			printf("\n%*s", LINE_COLUMN, "");
			column = LINE_COLUMN + word;
			text += blank;
			blank = 0;
		}
		part = strndup(text, (size_t)(blank + word));
		if (part)
			cli_put(stdout, part, CLI_KEEP_TABS);
		free(part);
		text += blank + word;
	}
	putchar('\n');
}

static void change_line(char sign, uint64_t line_nr, const char *text)
{
	if (line_nr)
		printf("  %5" PRIu64 " %c ", line_nr, sign);
	else
		printf("        %c ", sign);
	put_line(text);
}

/* A file that is made as a whole comes in one piece. */
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

/* In brackets: it is not part of any file. */
static void change_note(const struct dw_change *c)
{
	char *text;

	if (asprintf(&text, "(%s)", c->note) < 0)
		return;
	if (c->before || c->after || !c->line_nr)
		printf("%*s", LINE_COLUMN, "");
	else
		printf("  %5" PRIu64 "   ", c->line_nr);
	cli_wrap(stdout, LINE_COLUMN, LINE_COLUMN, text);
	free(text);
}

static void one_change(const struct dw_change *c)
{
	if (c->before)
		change_line('-', c->line_nr, c->before);
	if (c->after && strchr(c->after, '\n'))
		change_lines('+', c->after);
	else if (c->after)
		change_line('+', c->before ? 0 : c->line_nr, c->after);
	if (c->note)
		change_note(c);
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
