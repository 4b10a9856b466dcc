/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of someone else's text: not terminated, may hold anything. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/span.h"

struct dw_span dw_span_of(const char *s)
{
	return (struct dw_span){ s, strlen(s) };
}

bool dw_span_is(struct dw_span s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.p, text, s.len);
}

/* Not tolower(): its answer depends on the caller's locale. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool dw_span_is_nocase(struct dw_span s, const char *text)
{
	size_t i;

	if (s.len != strlen(text))
		return false;
	for (i = 0; i < s.len; i++)
		if (lower(s.p[i]) != lower(text[i]))
			return false;
	return true;
}

bool dw_span_starts(struct dw_span s, const char *text)
{
	size_t len = strlen(text);

	return s.len >= len && !memcmp(s.p, text, len);
}

bool dw_span_ends(struct dw_span s, const char *text)
{
	size_t len = strlen(text);

	return s.len >= len && !memcmp(s.p + s.len - len, text, len);
}

const char *dw_span_find(struct dw_span s, const char *text)
{
	return s.len ? memmem(s.p, s.len, text, strlen(text)) : NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

struct dw_span dw_span_trim(struct dw_span s)
{
	while (s.len && is_blank(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

struct dw_span dw_span_skip(struct dw_span s, size_t n)
{
	n = dw_min(n, s.len);
	return (struct dw_span){ s.p + n, s.len - n };
}

char *dw_span_dup(struct dw_span s)
{
	char *copy = malloc(s.len + 1);

	if (!copy)
		return NULL;
	if (s.len)
		memcpy(copy, s.p, s.len);
	copy[s.len] = '\0';
	return copy;
}

void dw_span_copy(struct dw_span s, char *dst, size_t cap)
{
	size_t len = dw_min(s.len, cap - 1), i;

	for (i = 0; i < len; i++)
		dst[i] = s.p[i] ? s.p[i] : '?';
	dst[len] = '\0';
}
