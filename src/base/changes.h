/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes to text files, line by line, for plans and reports. */
#ifndef DW_BASE_CHANGES_H
#define DW_BASE_CHANGES_H

#include <stddef.h>

#include "base/err.h"

/*
 * struct dw_changes starts with { 0 }.  As with dw_buf an addition that runs
 * out of memory sets 'failed', and the user checks once, at the end, with
 * dw_changes_check().
 */
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
