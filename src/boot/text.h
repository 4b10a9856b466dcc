/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text files of a guest, changed line by line.
 *
 * What is not changed keeps every byte: carriage returns, tabs, bytes that are
 * no UTF-8, NULs, a last line without an end.  Every change can be listed.
 */
#ifndef DW_BOOT_TEXT_H
#define DW_BOOT_TEXT_H

#include "base/buf.h"
#include "base/changes.h"
#include "base/err.h"
#include "base/span.h"

/* Stands for "no line" where a line index is expected. */
#define DW_NO_LINE UINT32_MAX

/* The largest text that is taken; PyGrub reads no more of a file either. */
#define DW_TEXT_MAX_LEN (1u << 20)
#define DW_TEXT_MAX_LINES (1u << 16)

struct dw_text_line {
	struct dw_span now;	/* content, without the line's end */
	struct dw_span was;	/* content as it was read; len 0 if added */
	uint32_t nr;		/* number in the file as read, 1...; of an
				 * added line: that of the one before it */
	uint32_t next;		/* index of the next line, or DW_NO_LINE */
	uint8_t eol_len;	/* 0, 1 (LF) or 2 (CR LF) */
	bool added;
	bool removed;
};

/* Indices into lines[] stay valid as lines are added: follow 'next' from
 * 'first' to walk in the order of the file. */
struct dw_text {
	char *data;		/* as read */
	size_t len;
	struct dw_text_line *lines;
	uint32_t lines_nr, lines_cap;
	uint32_t first;
	uint8_t eol_len;	/* of added lines: 1 or 2 */
};

/* Copies data.  DW_LIMIT above the two limits. */
int dw_text_parse(const char *data, size_t len, struct dw_text **out,
		  struct dw_err *err);
void dw_text_free(struct dw_text *t);

/* Replaces a line's content; the line's end stays as it is.  content must not
 * hold a line feed. */
int dw_text_set(struct dw_text *t, uint32_t line, const char *content,
		size_t len, struct dw_err *err);
/* Adds a line behind 'after', or with DW_NO_LINE in front of all. */
int dw_text_insert(struct dw_text *t, uint32_t after, const char *content,
		   size_t len, struct dw_err *err);
void dw_text_remove(struct dw_text *t, uint32_t line);

bool dw_text_is_changed(const struct dw_text *t);
/* The file as it is now; the caller frees *data (NUL-terminated). */
int dw_text_render(const struct dw_text *t, char **data, size_t *len,
		   struct dw_err *err);
/* Adds what was changed to a list, in the order of the file; an added line
 * gets the number of the one before it. */
void dw_text_report(const struct dw_text *t, struct dw_changes *list);

#endif
