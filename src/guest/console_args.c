/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel arguments that choose the console under Xen. */
#include <string.h>

#include "base/lines.h"
#include "guest/console_args.h"

#define LINUX "GRUB_CMDLINE_LINUX"

/* hvc0, xvc0: what Xen provides. */
static bool is_xen(struct dw_span value)
{
	return dw_span_starts(value, "hvc") || dw_span_starts(value, "xvc");
}

bool dw_console_lacks_xen(struct dw_span args)
{
	static const char console[] = "console=";
	struct dw_span word;
	size_t pos = 0;

	while (dw_word_next(args, &pos, &word)) {
		if (dw_span_starts(word, "xencons="))
			return false;
		if (dw_span_starts(word, console) &&
		    is_xen(dw_span_skip(word, strlen(console))))
			return false;
	}
	return true;
}

/* ---- /etc/default/grub --------------------------------------------------------- */

static bool lacks(const char *text, size_t len)
{
	static const char *const names[] = { LINUX, LINUX "_DEFAULT" };
	struct dw_span value;

	for (size_t i = 0; i < 2; i++)
		if (dw_shell_value(text, len, names[i], &value) &&
		    !dw_console_lacks_xen(value))
			return false;
	return true;
}

/* Where the value of "GRUB_CMDLINE_LINUX=..." starts; 0: another line. */
static size_t value_at(struct dw_span line)
{
	size_t blanks = 0;

	while (blanks < line.len && strchr(" \t", line.p[blanks]))
		blanks++;
	return dw_span_starts(dw_span_skip(line, blanks), LINUX "=")
		? blanks + strlen(LINUX "=") : 0;
}

/* The last one counts for a shell. */
static uint64_t find_line(const char *text, size_t len)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;
	uint64_t nr = 0;

	while (dw_lines_next(&walk, &line))
		if (value_at(line.text))
			nr = line.nr;
	return nr;
}

/* The line with one more word in its value; false: it goes on elsewhere. */
static bool put_added(struct dw_span line, const char *tty, struct dw_buf *out)
{
	size_t at = value_at(line), end = at;
	char quote = at < line.len ? line.p[at] : '\0';
	bool quoted = quote == '"' || quote == '\'';

	end += quoted;
	while (end < line.len && (quoted ? line.p[end] != quote :
				  !strchr(" \t#;", line.p[end])))
		end++;
	if ((quoted && end == line.len) ||
	    (end > at && line.p[end - 1] == '\\'))
		return false;
	dw_buf_add(out, line.p, at);
	dw_buf_adds(out, quoted ? "" : "\"");
	dw_buf_add(out, line.p + at, end - at);
	dw_buf_printf(out, "%sconsole=%s%s", end > at + quoted ? " " : "",
		      tty, quoted ? "" : "\"");
	dw_buf_add(out, line.p + end, line.len - end);
	return true;
}

static void put_line(const struct dw_line *line, const char *tty,
		     struct dw_buf *out, struct dw_changes *changes)
{
	size_t start = out->len;

	if (!put_added(line->text, tty, out))
		dw_buf_add(out, line->text.p, line->text.len);
	else if (!out->failed)
		dw_changes_add(changes, line->nr, line->text.p,
			       line->text.len, out->data + start,
			       out->len - start, "the console of Xen");
}

static void put_new(const char *tty, bool needs_eol, uint64_t last_nr,
		    struct dw_buf *out, struct dw_changes *changes)
{
	size_t start;

	if (needs_eol)
		dw_buf_adds(out, "\n");
	start = out->len;
	dw_buf_printf(out, LINUX "=\"console=%s\"", tty);
	if (!out->failed)
		dw_changes_add(changes, last_nr, NULL, 0, out->data + start,
			       out->len - start, "the console of Xen");
	dw_buf_adds(out, "\n");
}

int dw_grub_console_edit(const char *text, size_t len, const void *tty,
			 struct dw_buf *out, struct dw_changes *changes,
			 struct dw_err *err)
{
	struct dw_lines walk = { .p = text, .len = len };
	uint64_t nr = find_line(text, len);
	bool wanted = lacks(text, len);
	struct dw_line line;
	int ret;

	while (dw_lines_next(&walk, &line)) {
		if (wanted && line.nr == nr)
			put_line(&line, tty, out, changes);
		else
			dw_buf_add(out, line.text.p, line.text.len);
		dw_buf_add(out, line.eol.p, line.eol.len);
	}
	if (wanted && !nr)
		put_new(tty, len && text[len - 1] != '\n', walk.nr, out,
			changes);
	ret = dw_buf_check(out, err);
	return ret ? ret : dw_changes_check(changes, err);
}
