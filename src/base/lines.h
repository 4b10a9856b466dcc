/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking over the lines and words of a guest's text files. */
#ifndef DW_BASE_LINES_H
#define DW_BASE_LINES_H

#include <stdint.h>

#include "base/span.h"

/* One line: its text without the line end, and the line end ("\n", "\r\n" or
 * nothing at the end of the file). */
struct dw_line {
	struct dw_span text;
	struct dw_span eol;
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
bool dw_word_next(struct dw_span line, size_t *pos, struct dw_span *out);

/*
 * For files of NAME=value lines (os-release, kernel configurations, /etc/
 * sysconfig): the value of the last line that sets 'name', without quotes.
 * False where none does.
 */
bool dw_shell_value(const char *text, size_t len, const char *name,
		    struct dw_span *out);

#endif
