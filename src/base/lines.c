/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking over the lines and words of a guest's text files. */
#include <string.h>

#include "base/lines.h"

bool dw_lines_next(struct dw_lines *walk, struct dw_line *out)
{
	size_t left = walk->len - walk->pos;
	const char *start, *nl;
	size_t len;

	/* An empty text may have no address. */
	if (!left)
		return false;
	start = walk->p + walk->pos;
	nl = memchr(start, '\n', left);
	len = nl ? (size_t)(nl - start) : left;
	walk->pos += len + !!nl;
	if (nl && len && start[len - 1] == '\r')
		len--;
	out->text = (struct dw_span){ start, len };
	out->eol = (struct dw_span){
		start + len, (size_t)(walk->p + walk->pos - (start + len)),
	};
	out->nr = ++walk->nr;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool dw_word_next(struct dw_span line, size_t *pos, struct dw_span *out)
{
	size_t start, i = *pos;

	while (i < line.len && is_blank(line.p[i]))
		i++;
	start = i;
	while (i < line.len && !is_blank(line.p[i]))
		i++;
	*pos = i;
	*out = (struct dw_span){ line.p + start, i - start };
	return i > start;
}

static struct dw_span unquote(struct dw_span s)
{
	s = dw_span_trim(s);
	if (s.len >= 2 && (s.p[0] == '"' || s.p[0] == '\'') &&
	    s.p[s.len - 1] == s.p[0])
		return (struct dw_span){ s.p + 1, s.len - 2 };
	return s;
}

bool dw_shell_value(const char *text, size_t len, const char *name,
		    struct dw_span *out)
{
	struct dw_lines walk = { .p = text, .len = len };
	size_t name_len = strlen(name);
	struct dw_line line;
	bool found = false;

	while (dw_lines_next(&walk, &line)) {
		struct dw_span s = dw_span_trim(line.text);

		if (!dw_span_starts(s, name) || s.len == name_len ||
		    s.p[name_len] != '=')
			continue;
		*out = unquote(dw_span_skip(s, name_len + 1));
		found = true;
	}
	return found;
}
