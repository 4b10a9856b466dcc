/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cuts a grub.cfg into statements. */
#include <stdlib.h>
#include <string.h>

#include "boot/grubcfg.h"

/* What ended a statement. */
enum end { END_STMT, END_OPEN, END_CLOSE, END_TEXT };

struct walker {
	const struct dw_text *t;
	dw_grubcfg_fn fn;
	void *arg;
	uint32_t line;		/* where reading goes on */
	size_t off;
	struct dw_buf blocks;	/* one letter for each open brace */
	size_t functions_nr;	/* how many of them are functions */
	long entries_nr;
	long entry_nr;
	struct dw_grubcfg_stmt stmt;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool ends_word(char c)
{
	return is_blank(c) || (c && strchr(";{}|&<>", c));
}

/* Behind the closing quote or brace; one that is not closed on its line ends
 * with the line. */
static size_t skip_to(const char *p, size_t i, size_t len, char close)
{
	for (; i < len; i++) {
		if (p[i] == close)
			return i + 1;
		if (p[i] == '\\' && close == '"' && i + 1 < len)
			i++;
	}
	return len;
}

static size_t word_len(const char *p, size_t len)
{
	size_t i = 0;

	while (i < len && !ends_word(p[i])) {
		if (p[i] == '"' || p[i] == '\'')
			i = skip_to(p, i + 1, len, p[i]);
		else if (p[i] == '$' && i + 1 < len && p[i + 1] == '{')
			i = skip_to(p, i + 2, len, '}');
		else if (p[i] == '\\' && i + 1 < len)
			i += 2;
		else
			i++;
	}
	return i;
}

static void next_line(struct walker *w)
{
	w->line = w->t->lines[w->line].next;
	while (w->line != DW_NO_LINE && w->t->lines[w->line].removed)
		w->line = w->t->lines[w->line].next;
	w->off = 0;
}

/* Reads words up to what ends the statement, in which they stand. */
static int read_stmt(struct walker *w, enum end *end, struct dw_err *err)
{
	struct dw_span s;
	size_t len;
	int ret;

	w->stmt.words.nr = 0;
	*end = END_STMT;
	while (w->line != DW_NO_LINE) {
		w->stmt.line = w->line;
		s = w->t->lines[w->line].now;
		while (w->off < s.len && is_blank(s.p[w->off]))
			w->off++;
		if (w->off == s.len || s.p[w->off] == '#') {
			next_line(w);
			return 0;
		}
		if (s.p[w->off] == '\\' && w->off + 1 == s.len) {
			next_line(w);
			continue;
		}
		len = word_len(s.p + w->off, s.len - w->off);
		if (!len) {
			char c = s.p[w->off++];

			*end = c == '{' ? END_OPEN :
			       c == '}' ? END_CLOSE : END_STMT;
			return 0;
		}
		ret = dw_words_add(&w->stmt.words, w->line, w->off, len, err);
		if (ret)
			return ret;
		w->off += len;
	}
	*end = END_TEXT;
	return 0;
}

/* "then", "else", "do" stand in front of a statement on the same line. */
static void drop_keywords(struct walker *w)
{
	struct dw_words *words = &w->stmt.words;
	size_t skip = 0;

	while (skip < words->nr) {
		struct dw_span s = dw_word_span(w->t, words->w[skip]);

		if (!dw_span_is(s, "then") && !dw_span_is(s, "else") &&
		    !dw_span_is(s, "do"))
			break;
		skip++;
	}
	words->nr -= skip;
	if (skip && words->nr)
		memmove(words->w, words->w + skip,
			words->nr * sizeof(*words->w));
}

static int tell(struct walker *w, enum dw_grubcfg_event event,
		struct dw_err *err)
{
	w->stmt.event = event;
	w->stmt.entry_nr = w->entry_nr;
	return w->functions_nr ? 0 : w->fn(w->arg, w->t, &w->stmt, err);
}

static int open_block(struct walker *w, struct dw_err *err)
{
	int ret = 0;

	if (dw_grubcfg_word_is(w->t, &w->stmt, 0, "function")) {
		w->functions_nr++;
		dw_buf_adds(&w->blocks, "f");
	} else if (w->functions_nr || w->entry_nr >= 0) {
		ret = w->stmt.words.nr ? tell(w, DW_GRUB_STMT, err) : 0;
		dw_buf_adds(&w->blocks, "b");
	} else if (dw_grubcfg_word_is(w->t, &w->stmt, 0, "menuentry")) {
		w->entry_nr = w->entries_nr++;
		dw_buf_adds(&w->blocks, "e");
		ret = tell(w, DW_GRUB_OPEN_ENTRY, err);
	} else if (dw_grubcfg_word_is(w->t, &w->stmt, 0, "submenu")) {
		dw_buf_adds(&w->blocks, "s");
		ret = tell(w, DW_GRUB_OPEN_SUBMENU, err);
	} else {
		dw_buf_adds(&w->blocks, "b");
	}
	return ret ? ret : dw_buf_check(&w->blocks, err);
}

static int close_block(struct walker *w, struct dw_err *err)
{
	int ret = 0;
	char kind;

	w->stmt.words.nr = 0;
	if (!w->blocks.len)
		return 0;
	kind = w->blocks.data[--w->blocks.len];
	if (kind == 'f') {
		w->functions_nr--;
	} else if (kind == 'e') {
		ret = tell(w, DW_GRUB_CLOSE_ENTRY, err);
		w->entry_nr = -1;
	} else if (kind == 's') {
		ret = tell(w, DW_GRUB_CLOSE_SUBMENU, err);
	}
	return ret;
}

/* Ends because each statement moves on in the text, or is the last. */
int dw_grubcfg_walk(const struct dw_text *t, dw_grubcfg_fn fn, void *arg,
		    struct dw_err *err)
{
	struct walker w = { .t = t, .fn = fn, .arg = arg, .line = t->first,
			    .entry_nr = -1 };
	enum end end = END_STMT;
	int ret = 0;

	if (w.line != DW_NO_LINE && t->lines[w.line].removed)
		next_line(&w);
	while (end != END_TEXT && !ret) {
		ret = read_stmt(&w, &end, err);
		if (ret)
			break;
		drop_keywords(&w);
		if (end == END_OPEN) {
			ret = open_block(&w, err);
			continue;
		}
		if (w.stmt.words.nr)
			ret = tell(&w, DW_GRUB_STMT, err);
		if (!ret && end == END_CLOSE)
			ret = close_block(&w, err);
	}
	dw_words_free(&w.stmt.words);
	dw_buf_free(&w.blocks);
	return ret;
}

bool dw_grubcfg_word_is(const struct dw_text *t,
			const struct dw_grubcfg_stmt *s, size_t i,
			const char *text)
{
	return i < s->words.nr &&
	       dw_span_is(dw_word_span(t, s->words.w[i]), text);
}

static bool command_is_one_of(const struct dw_text *t,
			      const struct dw_grubcfg_stmt *s,
			      const char *const *names)
{
	for (; *names; names++)
		if (dw_grubcfg_word_is(t, s, 0, *names))
			return true;
	return false;
}

bool dw_grubcfg_is_linux(const struct dw_text *t,
			 const struct dw_grubcfg_stmt *s)
{
	static const char *const names[] = { "linux", "linux16", "linuxefi",
					     NULL };

	return command_is_one_of(t, s, names);
}

bool dw_grubcfg_is_initrd(const struct dw_text *t,
			  const struct dw_grubcfg_stmt *s)
{
	static const char *const names[] = { "initrd", "initrd16", "initrdefi",
					     NULL };

	return command_is_one_of(t, s, names);
}

bool dw_grubcfg_is_multiboot(const struct dw_text *t,
			     const struct dw_grubcfg_stmt *s)
{
	static const char *const names[] = { "multiboot", "multiboot2",
					     "xen_hypervisor", NULL };

	return command_is_one_of(t, s, names);
}

bool dw_grubcfg_is_module(const struct dw_text *t,
			  const struct dw_grubcfg_stmt *s)
{
	static const char *const names[] = { "module", "module2", "xen_module",
					     NULL };

	return command_is_one_of(t, s, names);
}

bool dw_grubcfg_is_set(const struct dw_text *t,
		       const struct dw_grubcfg_stmt *s, const char *name,
		       struct dw_span *value, size_t *value_off)
{
	size_t len = strlen(name);
	struct dw_span word;

	if (s->words.nr < 2 || !dw_grubcfg_word_is(t, s, 0, "set"))
		return false;
	word = dw_word_span(t, s->words.w[1]);
	if (!dw_span_starts(word, name) || word.len == len ||
	    word.p[len] != '=')
		return false;
	*value_off = len + 1;
	*value = (struct dw_span){ word.p + len + 1, word.len - len - 1 };
	return true;
}

char *dw_grubcfg_unquote(struct dw_span s)
{
	char *out = malloc(s.len + 1);
	size_t i, len = 0;
	char quote = 0;

	if (!out)
		return NULL;
	for (i = 0; i < s.len; i++) {
		if (s.p[i] == quote)
			quote = 0;
		else if (!quote && (s.p[i] == '"' || s.p[i] == '\''))
			quote = s.p[i];
		else if (s.p[i] == '\\' && quote != '\'' && i + 1 < s.len)
			out[len++] = s.p[++i];
		else
			out[len++] = s.p[i];
	}
	out[len] = '\0';
	return out;
}
