/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions that gcc calls by itself, and expects of every program. */
#include <stddef.h>
#include <stdint.h>

#include "text.h"

void *memcpy(void *to, const void *from, size_t len)
{
	void *at = to;

	__asm__ volatile ("rep movsb" : "+D" (at), "+S" (from), "+c" (len)
			  : : "memory");
	return to;
}

void *memset(void *to, int c, size_t len)
{
	void *at = to;

	__asm__ volatile ("rep stosb" : "+D" (at), "+c" (len) : "a" (c)
			  : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *p = a, *q = b;

	for (size_t i = 0; i < len; i++)
		if (p[i] != q[i])
			return p[i] - q[i];
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}
