/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* s/REGEX/TEXT/g, line by line, in this process. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "job/subst.h"

#define GROUPS_NR 10		/* the whole match, and \1 to \9 */

/* Letters and digits that mean something behind a backslash, here as in sed;
 * \n and \t are bytes by then.  sed knows more, which are refused. */
#define REGEX_ESCAPES "bBwWsS123456789"
#define TEXT_ESCAPES "0123456789"

/* Up to the delimiter, which is unescaped on the way, as \n and \t are; *end is
 * behind it.  False where there is none. */
static bool take_part(const char *p, char delimiter, struct dw_buf *out,
		      const char **end)
{
	for (; *p && *p != delimiter; p++) {
		if (p[0] != '\\' || !p[1]) {
			dw_buf_add(out, p, 1);
			continue;
		}
		p++;
		if (*p == 'n' || *p == 't') {
			dw_buf_add(out, *p == 'n' ? "\n" : "\t", 1);
			continue;
		}
		if (*p != delimiter)
			dw_buf_add(out, "\\", 1);
		dw_buf_add(out, p, 1);
	}
	/* Nothing was added to an empty one. */
	dw_buf_add(out, "", 0);
	*end = p + 1;
	return *p;
}

static int check_escapes(const char *part, const char *known,
			 const char *whole, struct dw_err *err)
{
	for (const char *p = part; (p = strchr(p, '\\')) && p[1]; p += 2)
		if (isalnum((unsigned char)p[1]) && !strchr(known, p[1]))
			return dw_fail(err, DW_USAGE, "'%s': \\%c is not "
				       "known there", whole, p[1]);
	return 0;
}

static int compile(struct dw_subst *s, const char *regex, const char *whole,
		   struct dw_err *err)
{
	char why[80];
	int code = regcomp(&s->regex, regex, REG_EXTENDED);

	s->is_set = !code;
	if (!code)
		return 0;
	regerror(code, &s->regex, why, sizeof(why));
	return dw_fail(err, DW_USAGE, "'%s': %s", whole, why);
}

/* A text must not ask for more than the expression has. */
static int check_text(const struct dw_subst *s, const char *whole,
		      struct dw_err *err)
{
	for (const char *p = s->text.data; *p; p++) {
		if (*p != '\\' || !*++p)
			continue;
		if (*p >= '1' && *p <= '9' &&
		    (size_t)(*p - '0') > s->regex.re_nsub)
			return dw_fail(err, DW_USAGE, "'%s': \\%c, but the "
				       "expression has %zu groups", whole, *p,
				       s->regex.re_nsub);
	}
	return 0;
}

static int parse(const char *expression, struct dw_subst *s,
		 struct dw_buf *regex, struct dw_err *err)
{
	char delimiter = expression[0] ? expression[1] : '\0';
	const char *p = delimiter ? expression + 2 : "";
	int ret;

	if (expression[0] != 's' || !delimiter || delimiter == '\\' ||
	    isalnum((unsigned char)delimiter) ||
	    !take_part(p, delimiter, regex, &p) ||
	    !take_part(p, delimiter, &s->text, &p))
		return dw_fail(err, DW_USAGE, "'%s' is not s/REGEX/TEXT/ or "
			       "s/REGEX/TEXT/g", expression);
	s->is_global = *p == 'g';
	if (p[s->is_global])
		return dw_fail(err, DW_USAGE, "'%s': only g may follow",
			       expression);
	ret = dw_buf_check(regex, err);
	if (!ret)
		ret = dw_buf_check(&s->text, err);
	if (!ret)
		ret = check_escapes(regex->data, REGEX_ESCAPES, expression,
				    err);
	if (!ret)
		ret = check_escapes(s->text.data, TEXT_ESCAPES, expression,
				    err);
	if (!ret)
		ret = compile(s, regex->data, expression, err);
	return ret ? ret : check_text(s, expression, err);
}

int dw_subst_parse(const char *expression, struct dw_subst *out,
		   struct dw_err *err)
{
	struct dw_buf regex = { 0 };
	int ret;

	memset(out, 0, sizeof(*out));
	ret = parse(expression, out, &regex, err);
	dw_buf_free(&regex);
	return ret;
}

void dw_subst_free(struct dw_subst *s)
{
	if (s->is_set)
		regfree(&s->regex);
	dw_buf_free(&s->text);
	memset(s, 0, sizeof(*s));
}

/* What is made of the text; a few bytes can become very many. */
struct result {
	struct dw_buf buf;
	size_t max_len;
	bool is_full;		/* more was to be added */
};

static void add(struct result *out, const char *p, size_t len)
{
	if (out->is_full || len > out->max_len - out->buf.len)
		out->is_full = true;
	else
		dw_buf_add(&out->buf, p, len);
}

static void add_group(struct result *out, const char *line,
		      const regmatch_t *m)
{
	if (m->rm_so >= 0)
		add(out, line + m->rm_so, (size_t)(m->rm_eo - m->rm_so));
}

static void add_text(const struct dw_subst *s, struct result *out,
		     const char *line, const regmatch_t *m)
{
	for (const char *p = s->text.data; *p && !out->is_full; p++) {
		if (*p == '&') {
			add_group(out, line, &m[0]);
		} else if (*p != '\\' || !p[1]) {
			add(out, p, 1);
		} else if (*++p >= '0' && *p <= '9') {
			add_group(out, line, &m[*p - '0']);
		} else {
			add(out, p, 1);
		}
	}
}

/* The next match at or behind pos; '^' is the line's begin, not pos. */
static bool find(const struct dw_subst *s, const char *line, size_t pos,
		 size_t len, regmatch_t *m)
{
	m[0].rm_so = (regoff_t)pos;
	m[0].rm_eo = (regoff_t)len;
	return !regexec(&s->regex, line, GROUPS_NR, m, REG_STARTEND);
}

/* Ends: each turn passes a match, or a byte behind one that is empty. */
static int change_line(struct dw_ctx *ctx, const struct dw_subst *s,
		       const char *line, size_t len, struct result *out,
		       struct dw_err *err)
{
	regmatch_t m[GROUPS_NR];
	size_t pos = 0, start, end, last_end = SIZE_MAX;
	int ret = 0;

	while (!(ret = dw_ctx_check(ctx, err)) && !out->is_full &&
	       pos <= len && (last_end == SIZE_MAX || s->is_global) &&
	       find(s, line, pos, len, m)) {
		start = (size_t)m[0].rm_so;
		end = (size_t)m[0].rm_eo;
		add(out, line + pos, start - pos);
		/* Nothing, right behind a match, is none of its own. */
		if (end > start || start != last_end)
			add_text(s, out, line, m);
		pos = last_end = end;
		if (end > start)
			continue;
		if (pos < len)
			add(out, line + pos, 1);
		pos++;
	}
	if (pos < len)
		add(out, line + pos, len - pos);
	return ret;
}

static int change_lines(struct dw_ctx *ctx, const struct dw_subst *s,
			struct dw_lines *walk, struct result *out,
			struct dw_err *err)
{
	struct dw_line line;
	int ret = 0;

	/* Nothing is added to an empty one. */
	dw_buf_add(&out->buf, "", 0);
	while (!ret && !out->is_full && dw_lines_next(walk, &line)) {
		ret = change_line(ctx, s, line.text.p, line.text.len, out,
				  err);
		add(out, line.eol.p, line.eol.len);
	}
	if (!ret && out->is_full)
		ret = dw_fail(err, DW_LIMIT, "makes more than %zu bytes of it",
			      out->max_len);
	return ret ? ret : dw_buf_check(&out->buf, err);
}

int dw_subst_apply(struct dw_ctx *ctx, const struct dw_subst *s,
		   const char *old, size_t old_len, size_t max_len,
		   char **out, size_t *len, struct dw_err *err)
{
	struct dw_lines walk = { .p = old, .len = old_len };
	struct result result = { .max_len = max_len };
	int ret = change_lines(ctx, s, &walk, &result, err);

	*out = ret ? NULL : dw_buf_take(&result.buf, len);
	dw_buf_free(&result.buf);
	return ret;
}
