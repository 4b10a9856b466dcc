/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings as Python has them, as far as PyGrub's parsers depend on it. */
#include <string.h>

#include "boot/pygrub_text.h"

/* Length of the character at p, 0 where it is not UTF-8 (RFC 3629). */
static size_t char_len(const unsigned char *p, size_t left)
{
	unsigned char c = p[0];
	size_t len, i;

	if (c < 0x80)
		return 1;
	len = c >= 0xc2 && c <= 0xdf ? 2 :
	      c >= 0xe0 && c <= 0xef ? 3 :
	      c >= 0xf0 && c <= 0xf4 ? 4 : 0;
	if (!len || len > left)
		return 0;
	if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) ||
	    (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f))
		return 0;
	for (i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

size_t dw_py_utf8(const char *p, size_t len)
{
	size_t off = 0, n;

	while (off < len) {
		n = char_len((const unsigned char *)p + off, len - off);
		if (!n)
			return off;
		off += n;
	}
	return len;
}

static size_t step(struct dw_py py, struct dw_span s)
{
	size_t n;

	if (!py.unicode)
		return 1;
	n = char_len((const unsigned char *)s.p, s.len);
	return n ? n : 1;
}

static bool is_ascii_space(unsigned c)
{
	return c == ' ' || (c >= 9 && c <= 13);
}

/* str.isspace() of Python 3: bidirectional types WS, B, S, or category Zs. */
static bool is_wide_space(uint32_t c)
{
	return (c >= 0x1c && c <= 0x1f) || c == 0x85 || c == 0xa0 ||
	       c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
	       c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Bytes of the white space at the start of s, 0: there is none. */
static size_t space_len(struct dw_py py, struct dw_span s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	uint32_t c;
	size_t n;

	if (!s.len)
		return 0;
	if (is_ascii_space(p[0]))
		return 1;
	if (!py.unicode)
		return 0;
	/* A byte that is left over of some character is no space, whatever
	 * its value. */
	n = char_len(p, s.len);
	c = n == 1 ? p[0] :
	    n == 2 ? (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu) :
	    n == 3 ? (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 |
		     (p[2] & 0x3fu) : 0;
	return is_wide_space(c) ? n : 0;
}

/* Bytes of the white space at the end of s. */
static size_t space_len_back(struct dw_py py, struct dw_span s)
{
	size_t n;

	for (n = 1; n <= 3 && n <= s.len; n++)
		if (space_len(py, (struct dw_span){ s.p + s.len - n, n }) == n)
			return n;
	return 0;
}

static struct dw_span lstrip(struct dw_py py, struct dw_span s)
{
	size_t n;

	while ((n = space_len(py, s))) {
		s.p += n;
		s.len -= n;
	}
	return s;
}

struct dw_span dw_py_strip(struct dw_py py, struct dw_span s)
{
	size_t n;

	s = lstrip(py, s);
	while ((n = space_len_back(py, s)))
		s.len -= n;
	return s;
}

struct dw_span dw_py_split_word(struct dw_py py, struct dw_span *rest)
{
	struct dw_span s = lstrip(py, *rest), word = { s.p, 0 };

	while (s.len && !space_len(py, s)) {
		size_t n = step(py, s);

		word.len += n;
		s.p += n;
		s.len -= n;
	}
	*rest = lstrip(py, s);
	return word;
}

struct dw_span dw_py_skip(struct dw_py py, struct dw_span s, size_t n)
{
	size_t k;

	while (n-- && s.len) {
		k = step(py, s);
		s.p += k;
		s.len -= k;
	}
	return s;
}

bool dw_py_has(struct dw_span s, const char *text)
{
	return s.len && memmem(s.p, s.len, text, strlen(text));
}

/* Python 3.11 refuses to convert longer numbers; 3.10.7 and later likewise. */
#define MAX_DIGITS 4300

static bool is_ascii(struct dw_span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

/* Decimal digits of other scripts, which Python 3 takes, are not known here:
 * no boot loader writes them. */
bool dw_py_int(struct dw_py py, struct dw_span s, bool *negative,
	       uint32_t *value)
{
	struct dw_py strip = { py.unicode && !is_ascii(s) };
	size_t i = 0, digits = 0;
	uint64_t v = 0;
	bool was_digit = false;

	s = dw_py_strip(strip, s);
	*negative = s.len && s.p[0] == '-';
	if (s.len && (s.p[0] == '-' || s.p[0] == '+'))
		i++;
	for (; i < s.len; i++) {
		if (s.p[i] == '_' && py.unicode && was_digit) {
			was_digit = false;
			continue;
		}
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		was_digit = true;
		digits++;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
		if (v > UINT32_MAX)
			v = UINT32_MAX;
	}
	*value = (uint32_t)v;
	*negative = *negative && v;
	return was_digit && !(py.unicode && digits > MAX_DIGITS);
}

static size_t find(struct dw_span s, char c)
{
	const char *hit = s.len ? memchr(s.p, c, s.len) : NULL;

	return hit ? (size_t)(hit - s.p) : SIZE_MAX;
}

static size_t split_at(struct dw_span s, char c, size_t max,
		       struct dw_span *out)
{
	size_t nr = 0, at;

	while (nr + 1 < max && (at = find(s, c)) != SIZE_MAX) {
		out[nr++] = (struct dw_span){ s.p, at };
		s.p += at + 1;
		s.len -= at + 1;
	}
	out[nr++] = s;
	return nr;
}

size_t dw_pygrub_split(struct dw_py py, struct dw_span s, size_t max,
		       struct dw_span *out)
{
	size_t eq = find(s, '='), sp = find(s, ' '), tab = find(s, '\t');
	size_t nr = 0;

	if (tab < sp)
		sp = tab;
	if (eq != SIZE_MAX && eq < sp)
		return split_at(s, '=', max, out);
	s = lstrip(py, s);
	while (s.len && nr + 1 < max)
		out[nr++] = dw_py_split_word(py, &s);
	if (s.len)
		out[nr++] = s;
	return nr;
}
