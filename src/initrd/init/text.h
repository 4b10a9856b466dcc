/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings, numbers and bytes, of the parts that are tested on a host too. */
#ifndef INIT_TEXT_H
#define INIT_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t len);
void *memset(void *to, int c, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *s);

static inline uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const uint8_t *p)
{
	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static inline uint64_t le64(const uint8_t *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

static inline uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool text_is(const char *a, const char *b);
bool text_is_nocase(const char *a, const char *b);
/* What follows the start in s, or NULL where s does not begin with it. */
const char *text_after(const char *s, const char *start);
/* Whether s and the first len bytes of name are the same name of a module: a
 * '-' and a '_' are one. */
bool text_is_module(const char *s, const char *name, size_t len);
/* Copies what fits, always with a NUL; false where it was cut off. */
bool text_copy(char *out, size_t cap, const char *s);
bool text_add(char *out, size_t cap, const char *s);

/* The number that s begins with, *s moves behind it; false where there is no
 * digit or it has more than 32 bits. */
bool text_number(const char **s, unsigned base, uint32_t *out);

/* %s and %u alone; cut off at cap. */
void text_format(char *out, size_t cap, const char *fmt, va_list args);

/* 16 bytes as 8-4-4-4-12 hex digits. */
#define UUID_TEXT 37
void text_uuid(const uint8_t uuid[16], char out[UUID_TEXT]);

#endif
