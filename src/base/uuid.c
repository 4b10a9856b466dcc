/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UUIDs as text, and derived from one another. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/sum.h"
#include "base/uuid.h"

static const uint8_t group_len[5] = { 4, 2, 2, 2, 6 };

void dw_uuid_format(const uint8_t uuid[16], char text[DW_UUID_TEXT])
{
	unsigned group, i;

	for (group = 0; group < 5; group++) {
		for (i = 0; i < group_len[group]; i++, text += 2)
			snprintf(text, 3, "%02x", *uuid++);
		*text++ = '-';
	}
	text[-1] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool dw_uuid_parse(const char *text, uint8_t uuid[16])
{
	unsigned group, i;
	int high, low;

	for (group = 0; group < 5; group++) {
		for (i = 0; i < group_len[group]; i++, text += 2) {
			high = hex_digit(text[0]);
			low = high < 0 ? -1 : hex_digit(text[1]);
			if (low < 0)
				return false;
			*uuid++ = (uint8_t)(high << 4 | low);
		}
		if (*text++ != (group < 4 ? '-' : '\0'))
			return false;
	}
	return true;
}

bool dw_uuid_is_zero(const uint8_t uuid[16])
{
	return dw_is_zero(uuid, 16);
}

/*
 * Four checksums with different beginnings: no secret, only a number that
 * does not meet another by chance.
 */
void dw_uuid_derive(const uint8_t uuid[16], const char *purpose,
		    uint8_t out[16])
{
	uint32_t crc = 0;
	unsigned i;

	for (i = 0; i < 4; i++) {
		crc = dw_crc32c(~crc + i, purpose, strlen(purpose));
		crc = dw_crc32c(crc, uuid, 16);
		dw_put_le32(out + 4 * i, crc);
	}
	out[6] = (uint8_t)(0x40 | (out[6] & 0x0f));
	out[8] = (uint8_t)(0x80 | (out[8] & 0x3f));
}
