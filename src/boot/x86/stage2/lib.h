/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all of stage 2 needs: types, little-endian getters, the few string
 * functions there are. Nothing here knows the machine, so the parts built on
 * it run in tests on the host too.
 */
#ifndef STAGE2_LIB_H
#define STAGE2_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a function fails: NULL is success, else the reason, for the user. */
typedef const char *fault;

#define ARRAY_LEN(a) (sizeof(a) / sizeof(*(a)))

static inline uint16_t le16(const void *p)
{
	const uint8_t *b = p;

	return b[0] | b[1] << 8;
}

static inline uint32_t le32(const void *p)
{
	const uint8_t *b = p;

	return b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline void put_le16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = v;
	b[1] = v >> 8;
}

static inline void put_le32(void *p, uint32_t v)
{
	put_le16(p, v);
	put_le16((uint8_t *)p + 2, v >> 16);
}

static inline uint64_t join64(uint32_t hi, uint32_t lo)
{
	return (uint64_t)hi << 32 | lo;
}

/* The compiler emits calls to these; mem.c. */
void *memcpy(void *dst, const void *src, size_t len);
void *memset(void *dst, int c, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *s);

/* text.c */
bool is_blank(char c);
char lower(char c);
/* Behind the blanks at s. */
char *skip_blanks(const char *s);
/* Behind the word (no blanks) at s. */
char *skip_word(const char *s);
/* Whether s begins with the word, in any case, followed by blank or end. */
bool has_word(const char *s, const char *word);
/* Whether two strings have the same first word (and that is not empty). */
bool same_word(const char *a, const char *b);
/*
 * Appends to a string that holds *len of max bytes, its NUL included; what
 * does not fit is cut. Returns whether all did.
 */
bool append_text(char *dst, size_t max, const char *src, size_t len);
/* Decimal, 0x or octal number as C writes it; *end behind it. */
uint32_t parse_number(const char *s, const char **end);

#endif
