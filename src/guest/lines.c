/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking over the lines and words of a guest's text files. */
#include <string.h>

#include "guest/lines.h"

bool dw_lines_next(struct dw_lines *walk, struct dw_line *out)
{
	const char *start = walk->p + walk->pos;
	size_t left = walk->len - walk->pos;
	const char *nl;
	size_t len;

	if (!left)
		return false;
	nl = memchr(start, '\n', left);
	len = nl ? (size_t)(nl - start) : left;
	walk->pos += len + !!nl;
	if (nl && len && start[len - 1] == '\r')
		len--;
	out->text = (struct dw_slice){ start, len };
	out->eol = (struct dw_slice){
		start + len, (size_t)(walk->p + walk->pos - (start + len)),
	};
	out->nr = ++walk->nr;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool dw_word_next(struct dw_slice line, size_t *pos, struct dw_slice *out)
{
	size_t start, i = *pos;

	while (i < line.len && is_blank(line.p[i]))
		i++;
	start = i;
	while (i < line.len && !is_blank(line.p[i]))
		i++;
	*pos = i;
	*out = (struct dw_slice){ line.p + start, i - start };
	return i > start;
}

struct dw_slice dw_slice_trim(struct dw_slice s)
{
	while (s.len && is_blank(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

struct dw_slice dw_slice_of(const char *s)
{
	return (struct dw_slice){ s, strlen(s) };
}

bool dw_slice_is(struct dw_slice s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.p, text, s.len);
}

bool dw_slice_starts(struct dw_slice s, const char *text)
{
	size_t len = strlen(text);

	return s.len >= len && !memcmp(s.p, text, len);
}

bool dw_slice_ends(struct dw_slice s, const char *text)
{
	size_t len = strlen(text);

	return s.len >= len && !memcmp(s.p + s.len - len, text, len);
}

const char *dw_slice_find(struct dw_slice s, const char *text)
{
	return s.len ? memmem(s.p, s.len, text, strlen(text)) : NULL;
}

struct dw_slice dw_slice_skip(struct dw_slice s, size_t n)
{
	if (n > s.len)
		n = s.len;
	return (struct dw_slice){ s.p + n, s.len - n };
}

void dw_slice_copy(struct dw_slice s, char *dst, size_t cap)
{
	size_t len = s.len < cap - 1 ? s.len : cap - 1;

	for (size_t i = 0; i < len; i++)
		dst[i] = s.p[i] ? s.p[i] : '?';
	dst[len] = '\0';
}

static struct dw_slice unquote(struct dw_slice s)
{
	s = dw_slice_trim(s);
	if (s.len >= 2 && (s.p[0] == '"' || s.p[0] == '\'') &&
	    s.p[s.len - 1] == s.p[0])
		return (struct dw_slice){ s.p + 1, s.len - 2 };
	return s;
}

bool dw_shell_value(const char *text, size_t len, const char *name,
		    struct dw_slice *out)
{
	struct dw_lines walk = { .p = text, .len = len };
	size_t name_len = strlen(name);
	struct dw_line line;
	bool found = false;

	while (dw_lines_next(&walk, &line)) {
		struct dw_slice s = dw_slice_trim(line.text);

		if (!dw_slice_starts(s, name) || s.len == name_len ||
		    s.p[name_len] != '=')
			continue;
		*out = unquote(dw_slice_skip(s, name_len + 1));
		found = true;
	}
	return found;
}
