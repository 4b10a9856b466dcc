/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which lines of a text differ between two versions of it. */
#ifndef DW_JOB_LINEDIFF_H
#define DW_JOB_LINEDIFF_H

#include "base/changes.h"

/*
 * Adds a change for each line that is new, gone or another: the fewest where
 * that is cheap to know, else all lines between the first and the last that
 * differ.  Beyond some thousand changes a note says how many more there are.
 */
int dw_linediff(const char *old, size_t old_len, const char *new,
		size_t new_len, struct dw_changes *out, struct dw_err *err);

#endif
