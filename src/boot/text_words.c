/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel arguments as words of a text's lines, and changing one of them. */
#include <stdlib.h>
#include <string.h>

#include "boot/text_words.h"

void dw_words_free(struct dw_words *words)
{
	free(words->w);
	memset(words, 0, sizeof(*words));
}

int dw_words_add(struct dw_words *words, uint32_t line, size_t off, size_t len,
		 struct dw_err *err)
{
	struct dw_word *w;
	size_t cap;

	if (words->nr == words->cap) {
		cap = words->cap + words->cap / 2 + 16;
		w = realloc(words->w, cap * sizeof(*w));
		if (!w)
			return dw_fail_nomem(err);
		words->w = w;
		words->cap = cap;
	}
	words->w[words->nr++] = (struct dw_word){ line, (uint32_t)off,
						  (uint32_t)len };
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* Length of the word at p; an unclosed quote does not swallow the rest. */
static size_t word_len(const char *p, size_t left)
{
	const char *close;
	size_t i;

	for (i = 0; i < left && !is_blank(p[i]); i++) {
		if (p[i] != '"')
			continue;
		close = memchr(p + i + 1, '"', left - i - 1);
		if (close)
			i = (size_t)(close - p);
	}
	return i;
}

int dw_words_split(const struct dw_text *t, uint32_t line, size_t off,
		   struct dw_words *out, struct dw_err *err)
{
	struct dw_span s = t->lines[line].now;
	size_t len;
	int ret;

	while (off < s.len) {
		if (is_blank(s.p[off])) {
			off++;
			continue;
		}
		len = word_len(s.p + off, s.len - off);
		ret = dw_words_add(out, line, off, len, err);
		if (ret)
			return ret;
		off += len;
	}
	return 0;
}

struct dw_span dw_word_span(const struct dw_text *t, struct dw_word w)
{
	return (struct dw_span){ t->lines[w.line].now.p + w.off, w.len };
}

static struct dw_span unquote(struct dw_span s)
{
	if (s.len >= 2 && (s.p[0] == '"' || s.p[0] == '\'') &&
	    s.p[s.len - 1] == s.p[0])
		return (struct dw_span){ s.p + 1, s.len - 2 };
	return s;
}

bool dw_arg_is(struct dw_span word, const char *name, struct dw_span *value)
{
	size_t len = strlen(name);

	word = unquote(word);
	*value = (struct dw_span){ NULL, 0 };
	if (!dw_span_starts(word, name))
		return false;
	if (word.len == len)
		return true;
	if (word.p[len] != '=')
		return false;
	*value = unquote((struct dw_span){ word.p + len + 1,
					   word.len - len - 1 });
	return true;
}

bool dw_args_get(struct dw_span args, const char *name, struct dw_span *value)
{
	struct dw_span v;
	bool found = false;
	size_t off = 0, len;

	*value = (struct dw_span){ NULL, 0 };
	while (off < args.len) {
		if (is_blank(args.p[off])) {
			off++;
			continue;
		}
		len = word_len(args.p + off, args.len - off);
		if (dw_arg_is((struct dw_span){ args.p + off, len }, name,
			      &v)) {
			*value = v;
			found = true;
		}
		off += len;
	}
	return found;
}

int dw_text_splice(struct dw_text *t, uint32_t line, size_t off, size_t len,
		   const char *with, size_t with_len, struct dw_err *err)
{
	struct dw_span s = t->lines[line].now;
	struct dw_buf b = { 0 };
	int ret;

	dw_buf_add(&b, s.p, off);
	dw_buf_add(&b, with, with_len);
	dw_buf_add(&b, s.p + off + len, s.len - off - len);
	ret = dw_buf_check(&b, err);
	if (!ret)
		ret = dw_text_set(t, line, b.data, b.len, err);
	dw_buf_free(&b);
	return ret;
}

static bool is_plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == '"' || *s == '\'' ||
		    *s == '\\' || *s == 0x7f)
			return false;
	return true;
}

static int check_edits(const struct dw_arg_edit *edits, size_t nr,
		       struct dw_err *err)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!edits[i].name[0] || !is_plain(edits[i].name) ||
		    strchr(edits[i].name, '='))
			return dw_fail(err, DW_USAGE, "'%s' cannot be the name "
				       "of a kernel argument", edits[i].name);
		if (edits[i].value && !is_plain(edits[i].value))
			return dw_fail(err, DW_USAGE, "kernel argument %s: "
				       "blanks, quotes and backslashes are not "
				       "possible in '%s'", edits[i].name,
				       edits[i].value);
	}
	return 0;
}

static bool value_is(struct dw_span value, const char *want)
{
	if (!want || !value.p)
		return !want && !value.p;
	return dw_span_is(value, want);
}

static void add_arg(struct dw_buf *b, const struct dw_arg_edit *e)
{
	dw_buf_adds(b, e->name);
	if (e->value)
		dw_buf_printf(b, "=%s", e->value);
}

/* Whether an edit that may add has nothing to add. */
static bool is_there(const struct dw_text *t, const struct dw_words *words,
		     size_t from, const struct dw_arg_edit *e)
{
	struct dw_span v;
	size_t i;

	for (i = from; i < words->nr; i++)
		if (dw_arg_is(dw_word_span(t, words->w[i]), e->name, &v) &&
		    (e->op == DW_ARG_SET || value_is(v, e->value)))
			return true;
	return false;
}

/* Decides on one word: true if it is to be replaced, by *out (empty: go). */
static bool edit_word(struct dw_span word, const struct dw_arg_edit *edits,
		      size_t nr, struct dw_buf *out)
{
	struct dw_span v;
	size_t i;

	for (i = 0; i < nr; i++) {
		const struct dw_arg_edit *e = &edits[i];

		if (e->op == DW_ARG_ADD || !dw_arg_is(word, e->name, &v) ||
		    (e->only && !value_is(v, e->only)))
			continue;
		if (e->op == DW_ARG_REMOVE)
			return true;
		/* What says the same already keeps its quotes. */
		if (value_is(v, e->value))
			return false;
		add_arg(out, e);
		return true;
	}
	return false;
}

struct editor {
	struct dw_text *t;
	const struct dw_arg_edit *edits;
	size_t edits_nr;
	struct dw_buf tail;	/* what goes behind the last word */
};

/* Rebuilds the line that words[i...end) stand on in one go. */
static int edit_line(struct editor *ed, const struct dw_words *words, size_t i,
		     size_t end, size_t from, struct dw_err *err)
{
	uint32_t line = words->w[i].line;
	struct dw_span s = ed->t->lines[line].now;
	struct dw_buf b = { 0 }, word = { 0 };
	size_t off = 0, start;
	int ret;

	for (; i < end; i++) {
		const struct dw_word *w = &words->w[i];

		word.len = 0;
		if (i < from || !edit_word(dw_word_span(ed->t, *w), ed->edits,
					   ed->edits_nr, &word))
			continue;
		start = w->off;
		if (!word.len)
			while (start > off && is_blank(s.p[start - 1]))
				start--;
		dw_buf_add(&b, s.p + off, start - off);
		dw_buf_add(&b, word.data, word.len);
		off = w->off + w->len;
	}
	if (end == words->nr) {
		start = words->w[end - 1].off + words->w[end - 1].len;
		dw_buf_add(&b, s.p + off, start - off);
		dw_buf_add(&b, ed->tail.data, ed->tail.len);
		off = start;
	}
	dw_buf_add(&b, s.p + off, s.len - off);
	ret = dw_buf_check(&b, err);
	if (!ret)
		ret = dw_buf_check(&word, err);
	if (!ret)
		ret = dw_text_set(ed->t, line, b.data, b.len, err);
	dw_buf_free(&b);
	dw_buf_free(&word);
	return ret;
}

int dw_words_edit(struct dw_text *t, const struct dw_words *words, size_t from,
		  const struct dw_arg_edit *edits, size_t edits_nr,
		  struct dw_err *err)
{
	struct editor ed = { t, edits, edits_nr, { 0 } };
	size_t i, end;
	int ret;

	ret = check_edits(edits, edits_nr, err);
	if (ret)
		return ret;
	for (i = 0; i < edits_nr; i++) {
		if ((edits[i].op != DW_ARG_SET && edits[i].op != DW_ARG_ADD) ||
		    is_there(t, words, from, &edits[i]))
			continue;
		dw_buf_adds(&ed.tail, " ");
		add_arg(&ed.tail, &edits[i]);
	}
	ret = dw_buf_check(&ed.tail, err);
	for (i = 0; i < words->nr && !ret; i = end) {
		for (end = i + 1; end < words->nr; end++)
			if (words->w[end].line != words->w[i].line)
				break;
		ret = edit_line(&ed, words, i, end, from, err);
	}
	dw_buf_free(&ed.tail);
	return ret;
}
