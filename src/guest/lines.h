/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking over the lines and words of a guest's text files. */
#ifndef DW_GUEST_LINES_H
#define DW_GUEST_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of someone else's buffer; not terminated, may hold anything. */
struct dw_slice {
	const char *p;
	size_t len;
};

/* One line: its text without the line end, and the line end ("\n", "\r\n" or
 * nothing at the end of the file). */
struct dw_line {
	struct dw_slice text;
	struct dw_slice eol;
	uint64_t nr;		/* from 1 */
};

/* A text being walked over; set p and len, the rest starts as 0. */
struct dw_lines {
	const char *p;
	size_t len;
	size_t pos;
	uint64_t nr;
};

bool dw_lines_next(struct dw_lines *walk, struct dw_line *out);

/* The next word (no blanks, no tabs) of a line from *pos on, which moves behind
 * it; false at the end. */
bool dw_word_next(struct dw_slice line, size_t *pos, struct dw_slice *out);

/* The line without blanks at both ends. */
struct dw_slice dw_slice_trim(struct dw_slice s);
struct dw_slice dw_slice_of(const char *s);
bool dw_slice_is(struct dw_slice s, const char *text);
bool dw_slice_starts(struct dw_slice s, const char *text);
bool dw_slice_ends(struct dw_slice s, const char *text);
/* Where text lies in s, or NULL. */
const char *dw_slice_find(struct dw_slice s, const char *text);
/* What follows the first n bytes; empty where there are fewer. */
struct dw_slice dw_slice_skip(struct dw_slice s, size_t n);
/* A C string of at most cap - 1 bytes; zero bytes become '?'. */
void dw_slice_copy(struct dw_slice s, char *dst, size_t cap);

/*
 * For files of NAME=value lines (os-release, kernel configurations, /etc/
 * sysconfig): the value of the last line that sets 'name', without quotes.
 * False where none does.
 */
bool dw_shell_value(const char *text, size_t len, const char *name,
		    struct dw_slice *out);

#endif
