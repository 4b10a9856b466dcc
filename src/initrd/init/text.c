/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings, numbers and bytes, of the parts that are tested on a host too. */
#include "text.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

bool text_is(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

bool text_is_nocase(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b))
		a++, b++;
	return lower(*a) == lower(*b);
}

const char *text_after(const char *s, const char *start)
{
	while (*start && *s == *start)
		s++, start++;
	return *start ? NULL : s;
}

bool text_is_module(const char *s, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < len && s[i]; i++)
		if ((s[i] == '-' ? '_' : s[i]) !=
		    (name[i] == '-' ? '_' : name[i]))
			return false;
	return i == len && !s[i];
}

bool text_copy(char *out, size_t cap, const char *s)
{
	*out = '\0';
	return text_add(out, cap, s);
}

bool text_add(char *out, size_t cap, const char *s)
{
	size_t len = strlen(out);

	while (*s && len + 1 < cap)
		out[len++] = *s++;
	out[len] = '\0';
	return !*s;
}

static unsigned digit(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	c = lower(c);
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 99;
}

bool text_number(const char **s, unsigned base, uint32_t *out)
{
	const char *at = *s;
	uint32_t v = 0;

	for (; digit(*at) < base; at++)
		if (__builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, digit(*at), &v))
			return false;
	if (at == *s)
		return false;
	*s = at;
	*out = v;
	return true;
}

static const char *decimal(uint32_t v, char buf[12])
{
	char *at = buf + 11;

	*at = '\0';
	do {
		*--at = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	return at;
}

void text_format(char *out, size_t cap, const char *fmt, va_list args)
{
	char buf[12], one[2] = "";

	*out = '\0';
	for (; *fmt; fmt++) {
		if (*fmt == '%' && fmt[1] == 's') {
			text_add(out, cap, va_arg(args, const char *));
			fmt++;
		} else if (*fmt == '%' && fmt[1] == 'u') {
			text_add(out, cap, decimal(va_arg(args, uint32_t),
						   buf));
			fmt++;
		} else {
			one[0] = *fmt;
			text_add(out, cap, one);
		}
	}
}

void text_uuid(const uint8_t uuid[16], char out[UUID_TEXT])
{
	static const char hex[] = "0123456789abcdef";

	for (unsigned i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = hex[uuid[i] >> 4];
		*out++ = hex[uuid[i] & 15];
	}
	*out = '\0';
}
