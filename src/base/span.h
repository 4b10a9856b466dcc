/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of someone else's text: not terminated, may hold anything. */
#ifndef DW_BASE_SPAN_H
#define DW_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>

struct dw_span {
	const char *p;
	size_t len;
};

struct dw_span dw_span_of(const char *s);

bool dw_span_is(struct dw_span s, const char *text);
/* The same, ASCII letters of either case. */
bool dw_span_is_nocase(struct dw_span s, const char *text);
bool dw_span_starts(struct dw_span s, const char *text);
bool dw_span_ends(struct dw_span s, const char *text);
/* Where text lies in s, or NULL. */
const char *dw_span_find(struct dw_span s, const char *text);

/* Without blanks, tabs, CRs, VTs and FFs at both ends. */
struct dw_span dw_span_trim(struct dw_span s);
/* What follows the first n bytes; empty where there are fewer. */
struct dw_span dw_span_skip(struct dw_span s, size_t n);

/* A NUL-terminated copy; NULL when out of memory. */
char *dw_span_dup(struct dw_span s);
/* A C string of at most cap - 1 bytes; zero bytes become '?'. */
void dw_span_copy(struct dw_span s, char *dst, size_t cap);

#endif
