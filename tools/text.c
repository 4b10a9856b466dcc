/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for people: escaping, sizes, columns. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* The bytes that a first byte announces, 0 for none. */
static size_t announced_len(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if ((first & 0xf0) == 0xe0)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

size_t cli_utf8_len(const unsigned char *p)
{
	static const uint32_t least[] = { 0, 0x20, 0xa0, 0x800, 0x10000 };
	size_t len = announced_len(p[0]);
	uint32_t code = len > 1 ? p[0] & (0x7fu >> len) : p[0];

	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3fu);
	}
	/* Too short for its length (or a control character), DEL, a
	 * surrogate, past the last character. */
	if (!len || code < least[len] || code == 0x7f ||
	    (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
		return 0;
	return len;
}

void cli_put(FILE *to, const char *text, unsigned flags)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		size_t len = cli_utf8_len(p);

		if (!len && *p == '\t' && (flags & CLI_KEEP_TABS))
			len = 1;
		if (len)
			fwrite(p, 1, len, to);
		else
			fprintf(to, "\\x%02x", *p);
		p += len ? len : 1;
	}
}

const char *cli_size(char buf[CLI_SIZE_TEXT], uint64_t len)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB",
					     "PiB", "EiB" };
	double value = (double)len / 1024;
	size_t unit = 0;

	if (len < 1024) {
		snprintf(buf, CLI_SIZE_TEXT, "%u byte%s", (unsigned)len,
			 len == 1 ? "" : "s");
		return buf;
	}
	/* 1023.95 and more would print as 1024.0. */
	while (value >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, CLI_SIZE_TEXT, "%.*f %s",
		 value == (double)(uint64_t)value ? 0 : 1, value, units[unit]);
	return buf;
}

const char *cli_both_sizes(char buf[CLI_BOTH_SIZES_TEXT], uint64_t len)
{
	char size[CLI_SIZE_TEXT];

	cli_size(size, len);
	if (len < 1024)
		memcpy(buf, size, sizeof(size));
	else
		snprintf(buf, CLI_BOTH_SIZES_TEXT, "%s (%" PRIu64 " bytes)",
			 size, len);
	return buf;
}

const char *cli_uuid(char buf[CLI_UUID_TEXT], const uint8_t uuid[16])
{
	char *at = buf;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		at += snprintf(at, 3, "%02x", uuid[i]);
	}
	return buf;
}

void cli_wrap(FILE *to, int column, int indent, const char *text)
{
	bool first = true;

	while (*(text += strspn(text, " "))) {
		int len = (int)strcspn(text, " ");
		char *word = strndup(text, (size_t)len);

		if (!first && column + 1 + len > CLI_WIDTH) {
			fprintf(to, "\n%*s", indent, "");
			column = indent;
		} else if (!first) {
			fputc(' ', to);
			column++;
		}
		if (word)
			cli_put(to, word, 0);
		free(word);
		column += len;
		text += len;
		first = false;
	}
	fputc('\n', to);
}

static void put_item(FILE *to, const char *name, const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	fprintf(to, "  %-*s", CLI_NAME_WIDTH, name);
	cli_wrap(to, CLI_NAME_WIDTH + 2, CLI_NAME_WIDTH + 2, text ? text : "");
	free(text);
}

void cli_item_to(FILE *to, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_item(to, name, fmt, ap);
	va_end(ap);
}

void cli_item(const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_item(stdout, name, fmt, ap);
	va_end(ap);
}
