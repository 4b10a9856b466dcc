/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes to text files, line by line, for plans and reports. */
#ifndef DW_BASE_CHANGES_H
#define DW_BASE_CHANGES_H

#include <stddef.h>

#include "base/err.h"

/*
 * One line that changes.  Lines are without their line end; a byte 0 inside
 * one is shown as '?'.  Other bytes are as the file has them: who prints them
 * escapes them.
 */
struct dw_change {
	char *path;		/* NULL where a pure text function reports */
	uint64_t line_nr;	/* from 1, in the old text; 0: whole file */
	char *before;		/* NULL: the line is new */
	char *after;		/* NULL: the line goes; both NULL: only a note */
	char *note;		/* why, NULL where that is obvious */
};

/* Start with { 0 }; as with dw_buf an addition that runs out of memory sets
 * 'failed', and the user checks once with dw_changes_check(). */
struct dw_changes {
	struct dw_change *items;
	size_t nr;
	size_t cap;
	bool failed;
};

void dw_changes_free(struct dw_changes *list);

/* Adds a change; all strings are copied.  before and after may be NULL, their
 * lengths then do not matter.  note_fmt may be NULL. */
void dw_changes_add(struct dw_changes *list, uint64_t line_nr,
		    const char *before, size_t before_len,
		    const char *after, size_t after_len,
		    const char *note_fmt, ...) DW_PRINTF(7, 8);

/* A remark without a change, e.g. about a line that is left as it is. */
void dw_changes_note(struct dw_changes *list, uint64_t line_nr,
		     const char *note_fmt, ...) DW_PRINTF(3, 4);

/* Gives the items from index 'first' on that have no path this one. */
void dw_changes_set_path(struct dw_changes *list, size_t first,
			 const char *path);

/* Moves every item of src to the end of dst; src is empty afterwards. */
void dw_changes_take(struct dw_changes *dst, struct dw_changes *src);

/* Whether a line changes, that is, whether there is more than notes. */
bool dw_changes_any(const struct dw_changes *list);

int dw_changes_check(const struct dw_changes *list, struct dw_err *err);

#endif
