/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /etc/inittab of sysvinit and busybox, and /etc/securetty. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "guest/console.h"

#define TTYS_NR 3

/* What is wanted, and what the file has of it. */
struct state {
	const char *ttys[TTYS_NR];
	bool present[TTYS_NR];
	uint64_t comment_nr[TTYS_NR];	/* line of a getty commented out */
	uint64_t last_getty_nr;
	bool busybox;			/* of the form tty::respawn:... */
	bool mingetty;			/* tty1 would be started by it */
	char levels[16];
	char getty[64];			/* the program, if it does serial */
};

/* "id:levels:action:process" */
struct entry {
	struct dw_span id, levels, action, process;
};

static bool split(struct dw_span line, struct entry *e)
{
	struct dw_span *parts[] = { &e->id, &e->levels, &e->action };

	for (int i = 0; i < 3; i++) {
		const char *colon = line.len ? memchr(line.p, ':', line.len) :
					       NULL;

		if (!colon)
			return false;
		*parts[i] = (struct dw_span){ line.p,
					       (size_t)(colon - line.p) };
		line = dw_span_skip(line, parts[i]->len + 1);
	}
	e->process = line;
	return true;
}

static bool has_word(struct dw_span s, const char *word)
{
	struct dw_span w;
	size_t pos = 0;

	while (dw_word_next(s, &pos, &w)) {
		if (dw_span_starts(w, "/dev/"))
			w = dw_span_skip(w, 5);
		if (dw_span_is(w, word))
			return true;
	}
	return false;
}

static bool is_getty(const struct entry *e)
{
	return (dw_span_is(e->action, "respawn") ||
		dw_span_is(e->action, "askfirst") ||
		dw_span_is(e->action, "ondemand")) &&
	       (dw_span_find(e->process, "getty") ||
		dw_span_find(e->process, "login"));
}

/* Which of the wanted consoles an entry serves; -1: none. */
static int which(const struct state *s, const struct entry *e)
{
	for (int i = 0; i < TTYS_NR; i++)
		if (has_word(e->process, s->ttys[i]) ||
		    (s->busybox && dw_span_is(e->id, s->ttys[i])))
			return i;
	return -1;
}

/* Learns the style of the file from a getty line. */
static void learn(struct state *s, const struct entry *e, uint64_t nr)
{
	struct dw_span prog;
	size_t pos = 0;

	s->last_getty_nr = nr;
	if (!e->levels.len)
		s->busybox = true;
	else if (!*s->levels && e->levels.len < sizeof(s->levels))
		dw_span_copy(e->levels, s->levels, sizeof(s->levels));
	if (!dw_word_next(e->process, &pos, &prog))
		return;
	if (dw_span_ends(prog, "mingetty"))
		s->mingetty = true;
	else if ((dw_span_ends(prog, "/getty") ||
		  dw_span_ends(prog, "/agetty")) &&
		 prog.len < sizeof(s->getty))
		dw_span_copy(prog, s->getty, sizeof(s->getty));
}

/* The entry in a comment such as "#T0:23:respawn:/sbin/getty -L ttyS0 ...". */
static bool split_comment(struct dw_span line, struct dw_span *inner,
			  struct entry *e)
{
	*inner = dw_span_trim(line);
	while (inner->len && (inner->p[0] == '#' || inner->p[0] == ' '))
		*inner = dw_span_skip(*inner, 1);
	return split(*inner, e) && !dw_span_find(e->id, " ") && is_getty(e);
}

static void survey(const char *text, size_t len, struct state *s)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_span inner;
	struct dw_line line;
	struct entry e;
	int i;

	while (dw_lines_next(&walk, &line)) {
		struct dw_span t = dw_span_trim(line.text);

		if (t.len && t.p[0] == '#') {
			if (!split_comment(t, &inner, &e))
				continue;
			i = which(s, &e);
			if (i >= 0 && !s->comment_nr[i])
				s->comment_nr[i] = line.nr;
		} else if (split(t, &e) && is_getty(&e)) {
			learn(s, &e, line.nr);
			i = which(s, &e);
			if (i >= 0)
				s->present[i] = true;
		}
	}
}

/* The commented entry, its speed made the one of the kernel's console. */
static void put_uncommented(struct dw_span inner, bool serial,
			    struct dw_buf *out)
{
	size_t at = 0;

	while (at < inner.len) {
		struct dw_span rest = dw_span_skip(inner, at);
		bool word = at && strchr(" \t", inner.p[at - 1]);
		size_t speed = !serial || !word ? 0 :
			dw_span_starts(rest, "9600") ? 4 :
			dw_span_starts(rest, "38400") ? 5 : 0;

		if (speed && (rest.len == speed ||
			      strchr(" \t,", rest.p[speed]))) {
			dw_buf_adds(out, "115200");
			at += speed;
		} else {
			dw_buf_add(out, rest.p, 1);
			at++;
		}
	}
}

static bool id_is_used(const char *text, size_t len, const char *id)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;
	struct entry e;

	while (dw_lines_next(&walk, &line))
		if (split(line.text, &e) && dw_span_is(e.id, id))
			return true;
	return false;
}

/* Ids of sysvinit are of at most four letters and occur once. */
static void free_id(const char *text, size_t len, const char *tty,
		    char id[8])
{
	size_t tty_len = strlen(tty);

	snprintf(id, 8, "%c%c", !strncmp(tty, "ttyS", 4) ? 'S' : tty[0],
		 tty[tty_len - 1]);
	for (unsigned char i = 0; id_is_used(text, len, id) && i < 100; i++)
		snprintf(id, 8, "dw%u", i);
}

static void add_line(const char *text, size_t len, const struct state *s,
		     const char *tty, const char *eol, struct dw_buf *out,
		     struct dw_changes *changes)
{
	bool serial = strncmp(tty, "tty", 3) || tty[3] == 'S';
	size_t start = out->len;
	char id[8];

	free_id(text, len, tty, id);
	if (s->busybox)
		dw_buf_printf(out, "%s::respawn:", tty);
	else
		dw_buf_printf(out, "%s:%s:respawn:", id,
			      *s->levels ? s->levels : "2345");
	if (serial)
		dw_buf_printf(out, "%s -L %s 115200 vt102", s->getty, tty);
	else if (s->mingetty)
		dw_buf_printf(out, "/sbin/mingetty %s", tty);
	else
		dw_buf_printf(out, "%s 38400 %s", s->getty, tty);
	if (!out->failed)
		dw_changes_add(changes, s->last_getty_nr, NULL, 0,
			       out->data + start, out->len - start,
			       "a login on %s", tty);
	dw_buf_adds(out, eol);
}

static void add_missing(const char *text, size_t len, const struct state *s,
			bool first_needs_eol, const char *eol,
			struct dw_buf *out, struct dw_changes *changes)
{
	for (int i = 0; i < TTYS_NR; i++) {
		if (s->present[i] || s->comment_nr[i])
			continue;
		if (first_needs_eol)
			dw_buf_adds(out, eol);
		first_needs_eol = false;
		add_line(text, len, s, s->ttys[i], eol, out, changes);
	}
}

static int commented(const struct state *s, uint64_t nr)
{
	for (int i = 0; i < TTYS_NR; i++)
		if (!s->present[i] && s->comment_nr[i] == nr)
			return i;
	return -1;
}

static void put_line(const struct dw_line *line, const struct state *s,
		     struct dw_buf *out, struct dw_changes *changes)
{
	struct dw_span inner;
	struct entry e;
	size_t start = out->len;
	int i = commented(s, line->nr);

	if (i < 0 || !split_comment(line->text, &inner, &e)) {
		dw_buf_add(out, line->text.p, line->text.len);
		return;
	}
	put_uncommented(inner, strcmp(s->ttys[i], "tty1"), out);
	if (!out->failed)
		dw_changes_add(changes, line->nr, line->text.p, line->text.len,
			       out->data + start, out->len - start,
			       "a login on %s", s->ttys[i]);
}

int dw_inittab_edit(const char *text, size_t len,
		    const struct dw_console *console, struct dw_buf *out,
		    struct dw_changes *changes, struct dw_err *err)
{
	struct state s = { .ttys = { "tty1", "ttyS0", console->xen_tty } };
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;
	int ret;

	survey(text, len, &s);
	if (!*s.getty)
		snprintf(s.getty, sizeof(s.getty), "%s", console->getty);
	while (dw_lines_next(&walk, &line)) {
		bool crlf = line.eol.len == 2;

		if (s.last_getty_nr)
			put_line(&line, &s, out, changes);
		else
			dw_buf_add(out, line.text.p, line.text.len);
		dw_buf_add(out, line.eol.p, line.eol.len);
		if (s.last_getty_nr && line.nr == s.last_getty_nr)
			add_missing(text, len, &s, !line.eol.len,
				    crlf ? "\r\n" : "\n", out, changes);
	}
	ret = dw_buf_check(out, err);
	return ret ? ret : dw_changes_check(changes, err);
}

static bool lists(const char *text, size_t len, const char *tty)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;

	while (dw_lines_next(&walk, &line))
		if (dw_span_is(dw_span_trim(line.text), tty))
			return true;
	return false;
}

/* A file that lets root log in nowhere was made so on purpose. */
static bool lists_any(const char *text, size_t len)
{
	struct dw_lines walk = { .p = text, .len = len };
	struct dw_line line;

	while (dw_lines_next(&walk, &line)) {
		struct dw_span s = dw_span_trim(line.text);

		if (s.len && s.p[0] != '#')
			return true;
	}
	return false;
}

int dw_securetty_edit(const char *text, size_t len,
		      const struct dw_console *console, struct dw_buf *out,
		      struct dw_changes *changes, struct dw_err *err)
{
	const char *ttys[] = { "tty1", "ttyS0", console->xen_tty };
	bool needs_eol = len && text[len - 1] != '\n';
	bool any = lists_any(text, len);
	int ret;

	dw_buf_add(out, text, len);
	if (!any)
		dw_changes_note(changes, 0, "root may log in nowhere; left as "
				"it is");
	for (int i = 0; any && i < TTYS_NR; i++) {
		if (lists(text, len, ttys[i]))
			continue;
		dw_buf_printf(out, "%s%s\n", needs_eol ? "\n" : "", ttys[i]);
		needs_eol = false;
		dw_changes_add(changes, 0, NULL, 0, ttys[i], strlen(ttys[i]),
			       "root may log in there");
	}
	ret = dw_buf_check(out, err);
	return ret ? ret : dw_changes_check(changes, err);
}
