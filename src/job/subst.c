/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* s/REGEX/TEXT/g, line by line, in this process. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "guest/lines.h"
#include "job/subst.h"

#define GROUPS_NR 10		/* the whole match, and \1 to \9 */

/* Up to the delimiter, which is unescaped on the way; *end is behind it.
 * False where there is none. */
static bool take_part(const char *p, char delimiter, struct dw_buf *out,
		      const char **end)
{
	for (; *p && *p != delimiter; p++) {
		if (p[0] == '\\' && p[1] == delimiter)
			p++;
		else if (p[0] == '\\' && p[1])
			dw_buf_add(out, p++, 1);
		dw_buf_add(out, p, 1);
	}
	/* Nothing was added to an empty one. */
	dw_buf_add(out, "", 0);
	*end = p + 1;
	return *p;
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

static void add_group(struct dw_buf *out, const char *line,
		      const regmatch_t *m)
{
	if (m->rm_so >= 0)
		dw_buf_add(out, line + m->rm_so, (size_t)(m->rm_eo - m->rm_so));
}

static void add_text(const struct dw_subst *s, struct dw_buf *out,
		     const char *line, const regmatch_t *m)
{
	for (const char *p = s->text.data; *p; p++) {
		if (*p == '&') {
			add_group(out, line, &m[0]);
		} else if (*p != '\\' || !p[1]) {
			dw_buf_add(out, p, 1);
		} else if (*++p >= '1' && *p <= '9') {
			add_group(out, line, &m[*p - '0']);
		} else {
			dw_buf_add(out, p, 1);
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
static void change_line(const struct dw_subst *s, const char *line, size_t len,
			struct dw_buf *out)
{
	regmatch_t m[GROUPS_NR];
	size_t pos = 0, start, end, last_end = SIZE_MAX;

	while (pos <= len && (last_end == SIZE_MAX || s->is_global) &&
	       find(s, line, pos, len, m)) {
		start = (size_t)m[0].rm_so;
		end = (size_t)m[0].rm_eo;
		dw_buf_add(out, line + pos, start - pos);
		/* Nothing, right behind a match, is none of its own. */
		if (end > start || start != last_end)
			add_text(s, out, line, m);
		pos = last_end = end;
		if (end > start)
			continue;
		if (pos < len)
			dw_buf_add(out, line + pos, 1);
		pos++;
	}
	if (pos < len)
		dw_buf_add(out, line + pos, len - pos);
}

int dw_subst_apply(const struct dw_subst *s, const char *old, size_t old_len,
		   char **out, size_t *len, struct dw_err *err)
{
	struct dw_lines walk = { .p = old, .len = old_len };
	struct dw_buf b = { 0 };
	struct dw_line line;
	int ret;

	dw_buf_add(&b, "", 0);
	while (dw_lines_next(&walk, &line)) {
		change_line(s, line.text.p, line.text.len, &b);
		dw_buf_add(&b, line.eol.p, line.eol.len);
	}
	ret = dw_buf_check(&b, err);
	*out = ret ? NULL : dw_buf_take(&b, len);
	dw_buf_free(&b);
	return ret;
}
