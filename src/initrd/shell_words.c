/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adding words to a variable of a shell file that some program sources. */
#include <stdio.h>
#include <string.h>

#include "base/lines.h"
#include "fs/read_text.h"
#include "initrd/words.h"

/* The value of "NAME=..." or "NAME+=...", blanks in front allowed. */
static bool value_of(struct dw_span line, const char *name,
		     struct dw_span *out, bool *more)
{
	struct dw_span s = dw_span_trim(line);

	if (dw_span_starts(s, "export "))
		s = dw_span_trim(dw_span_skip(s, 7));
	if (!dw_span_starts(s, name))
		return false;
	s = dw_span_skip(s, strlen(name));
	*more = dw_span_starts(s, "+");
	if (*more)
		s = dw_span_skip(s, 1);
	if (!dw_span_starts(s, "="))
		return false;
	*out = dw_span_skip(s, 1);
	return true;
}

/* What closes a value that opens so; 0: it is no list in brackets or quotes. */
static char closer(struct dw_span value)
{
	static const char pairs[] = "()\"\"''";

	for (size_t i = 0; value.len && pairs[i]; i += 2)
		if (value.p[0] == pairs[i])
			return pairs[i + 1];
	return '\0';
}

/* Goes over the lines that belong to values of a variable. */
struct values {
	struct dw_lines walk;
	const char *name;
	struct dw_line line;	/* the last one that sets it; nr 0: none */
	struct dw_span value;	/* what it sets it to, as far as that line */
	struct dw_span part;	/* of the line at hand, without comments */
	bool anew;		/* the part begins a value that replaces those
				 * before */
	char open;		/* what has to come; at the end: it did not */
};

/* Ends the part where its value is closed, or where a comment begins. */
static void cut_part(struct values *v, size_t from)
{
	char quote = v->open == ')' ? '\0' : v->open;
	struct dw_span *s = &v->part;

	for (size_t i = from; i < s->len; i++) {
		char c = s->p[i];

		if (c == '\\' && quote != '\'') {
			i++;
		} else if (quote && c != quote) {
			continue;
		} else if (v->open && c == v->open) {
			v->open = '\0';
			s->len = i + 1;
		} else if (c == '"' || c == '\'') {
			quote = quote ? '\0' : c;
		} else if (c == '#' &&
			   (!i || strchr(" \t(", s->p[i - 1]))) {
			s->len = i;
		}
	}
}

static bool next_part(struct values *v)
{
	struct dw_line line;

	while (dw_lines_next(&v->walk, &line)) {
		size_t from = 0;

		v->part = dw_span_trim(line.text);
		v->anew = false;
		if (!v->open) {
			bool more;

			if (!value_of(line.text, v->name, &v->part, &more))
				continue;
			v->anew = !more;
			v->line = line;
			v->value = v->part;
			v->open = closer(v->part);
			from = !!v->open;
		}
		cut_part(v, from);
		return true;
	}
	return false;
}

static struct values values_of(const char *text, size_t len, const char *name)
{
	return (struct values){
		.walk = { .p = text, .len = len }, .name = name,
		.value = { "", 0 },
	};
}

bool dw_shell_sets(const char *text, size_t len, const char *name)
{
	struct values v = values_of(text, len, name);

	return next_part(&v);
}

static bool is_word(const char *p, size_t len, const char *name)
{
	size_t i = 0;

	while (i < len && name[i] && (p[i] == '-' ? '_' : p[i]) == name[i])
		i++;
	return i == len && !name[i];
}

static bool part_has(struct dw_span part, const char *name)
{
	static const char between[] = " \t()\"'";
	size_t start = 0;

	for (size_t i = 0; i <= part.len; i++) {
		if (i < part.len && !strchr(between, part.p[i]))
			continue;
		if (is_word(part.p + start, i - start, name))
			return true;
		start = i + 1;
	}
	return false;
}

static bool has_word(const char *text, size_t len,
		     const struct dw_shell_words *w, const char *name)
{
	struct values v = values_of(text, len, w->name);
	bool found = false;

	while (next_part(&v))
		found = (found && !v.anew) || part_has(v.part, name);
	return found;
}

static void put_words(const char *text, size_t len,
		      const struct dw_shell_words *w, bool blank,
		      struct dw_buf *out)
{
	for (size_t i = 0; i < w->words->nr; i++) {
		const char *word = w->words->names[i];

		if (has_word(text, len, w, word))
			continue;
		dw_buf_printf(out, "%s%s", blank ? " " : "", word);
		blank = true;
	}
}

/* A line more behind all: the variable is of the kind that it was. */
static void put_line(const char *text, size_t len,
		     const struct dw_shell_words *w, bool is_set, bool array,
		     struct dw_buf *out, struct dw_changes *changes)
{
	size_t at;

	dw_buf_add(out, text, len);
	if (len && text[len - 1] != '\n')
		dw_buf_adds(out, "\n");
	at = out->len;
	dw_buf_printf(out, "%s%s%s", w->name, is_set ? "+=" : "=",
		      array ? "(" : "\"");
	put_words(text, len, w, is_set && !array, out);
	dw_buf_adds(out, array ? ")" : "\"");
	if (!out->failed)
		dw_changes_add(changes, 0, NULL, 0, out->data + at,
			       out->len - at, NULL);
	dw_buf_adds(out, "\n");
}

/* Where a value is open for more words. */
struct place {
	size_t at;		/* in the text */
	bool bare;		/* a word that needs quotes then */
};

/* Puts the words there, into the line of the value. */
static void put_inside(const char *text, size_t len,
		       const struct dw_shell_words *w,
		       const struct dw_line *line, struct dw_span value,
		       const struct place *p, struct dw_buf *out,
		       struct dw_changes *changes)
{
	const char *quote = p->bare ? "\"" : "", *end = text + p->at;
	size_t start = (size_t)(line->text.p - text);
	bool blank = p->bare ? value.len :
		end - 1 != value.p && end[-1] != ' ' && end[-1] != '\t';

	dw_buf_add(out, text, (size_t)(value.p - text));
	dw_buf_adds(out, quote);
	dw_buf_add(out, value.p, (size_t)(end - value.p));
	put_words(text, len, w, blank, out);
	dw_buf_adds(out, quote);
	dw_buf_add(out, end, len - p->at);
	if (!out->failed)
		dw_changes_add(changes, line->nr, line->text.p,
			       line->text.len, out->data + start,
			       line->text.len + (out->len - len), NULL);
}

static bool has_any(const char *p, const char *end, const char *set)
{
	for (; p < end; p++)
		if (*p && strchr(set, *p))
			return true;
	return false;
}

/* False where the value does not end on its own line, or has what shells make
 * more of: that is left to a line of its own. */
static bool find_place(const char *text, struct dw_span value,
		       struct place *out)
{
	char c = closer(value);
	const char *end;

	out->bare = !c;
	if (!c) {
		out->at = (size_t)(value.p + value.len - text);
		return !has_any(value.p, value.p + value.len,
				" \t#;&|<>()$`\\\"'*?[]{}~!");
	}
	end = memchr(value.p + 1, c, value.len - 1);
	if (!end || memchr(value.p, '\\', value.len) ||
	    (c == ')' && has_any(value.p, end, "#\"'")))
		return false;
	out->at = (size_t)(end - text);
	end++;
	value = dw_span_trim(dw_span_skip(value, (size_t)(end - value.p)));
	return !value.len || value.p[0] == '#';
}

int dw_shell_add_words(const char *text, size_t len, const void *arg,
		       struct dw_buf *out, struct dw_changes *changes,
		       struct dw_err *err)
{
	const struct dw_shell_words *w = arg;
	struct values v = values_of(text, len, w->name);
	bool lacking = false, array = w->array;
	struct place place;

	for (size_t i = 0; i < w->words->nr; i++)
		lacking |= !has_word(text, len, w, w->words->names[i]);
	while (next_part(&v))
		;
	if (v.line.nr)
		array = v.value.len && v.value.p[0] == '(';
	if (lacking && v.open)
		dw_changes_note(changes, v.line.nr, "%s has no end; left as "
				"it is", w->name);
	if (!lacking || v.open)
		dw_buf_add(out, text, len);
	else if (v.line.nr && find_place(text, v.value, &place))
		put_inside(text, len, w, &v.line, v.value, &place, out,
			   changes);
	else
		put_line(text, len, w, v.line.nr || w->adds, array, out,
			 changes);
	return dw_buf_check(out, err);
}

int dw_initrd_keep_words(const struct dw_initrd_target *t, const char *path,
			 const struct dw_shell_words *words,
			 struct dw_edits *edits, struct dw_err *err)
{
	size_t first = edits->changes.nr;
	struct dw_stat st;
	int ret = dw_fs_stat(t->fs, path, &st, err);

	if (!ret)
		return dw_edits_run(edits, t->fs, path, dw_shell_add_words,
				    words, err);
	if (!dw_fs_has_not(ret))
		return ret;
	dw_changes_note(&edits->changes, 0, "it is missing, so nothing tells "
			"the next initrd of the modules");
	dw_changes_set_path(&edits->changes, first, path);
	return dw_changes_check(&edits->changes, err);
}
