/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory functions that the compiler expects to exist.
 */
#include "lib.h"

void *memcpy(void *dst, const void *src, size_t len)
{
	void *d = dst;
	size_t words = len / 4;

	asm volatile("rep movsl; movl %3, %2; rep movsb"
		     : "+D" (d), "+S" (src), "+c" (words)
		     : "r" (len & 3)
		     : "memory");
	return dst;
}

void *memset(void *dst, int c, size_t len)
{
	void *d = dst;

	asm volatile("rep stosb" : "+D" (d), "+c" (len) : "a" (c) : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;

	for (; len; len--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}
