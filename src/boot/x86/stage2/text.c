/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words, numbers and bounded strings.
 */
#include "lib.h"

bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

char *skip_blanks(const char *s)
{
	while (is_blank(*s))
		s++;
	return (char *)s;
}

char *skip_word(const char *s)
{
	while (*s && !is_blank(*s))
		s++;
	return (char *)s;
}

bool has_word(const char *s, const char *word)
{
	for (; *word; s++, word++)
		if (lower(*s) != lower(*word))
			return false;
	return !*s || is_blank(*s);
}

bool same_word(const char *a, const char *b)
{
	size_t len = skip_word(a) - a;

	return len && len == (size_t)(skip_word(b) - b) && !memcmp(a, b, len);
}

bool append_text(char *dst, size_t max, const char *src, size_t len)
{
	size_t at = strlen(dst);
	size_t room = max - 1 - at;
	bool fits = len <= room;

	if (!fits)
		len = room;
	memcpy(dst + at, src, len);
	dst[at + len] = 0;
	return fits;
}

uint32_t parse_number(const char *s, const char **end)
{
	uint32_t base = 10, v = 0;

	if (s[0] == '0' && lower(s[1]) == 'x') {
		base = 16;
		s += 2;
	} else if (s[0] == '0') {
		base = 8;
	}
	for (;; s++) {
		char c = lower(*s);
		uint32_t digit = c >= '0' && c <= '9' ? c - '0' :
				 c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;

		if (digit >= base)
			break;
		v = v * base + digit;
	}
	if (end)
		*end = s;
	return v;
}
