/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* s/REGEX/TEXT/g, line by line, in this process. */
#ifndef DW_JOB_SUBST_H
#define DW_JOB_SUBST_H

#include <regex.h>

#include "base/buf.h"

struct dw_subst {
	bool is_set;		/* regex is compiled */
	bool is_global;
	regex_t regex;
	struct dw_buf text;	/* what comes instead, its escapes in place */
};

/*
 * The s command of sed: a delimiter of the caller's choice, a POSIX extended
 * regular expression, a text with & and \1 to \9, and "g" for all matches of a
 * line.  A delimiter in either part is escaped by a backslash.  DW_USAGE says
 * what is wrong.  Freed after an error, too.
 */
int dw_subst_parse(const char *expression, struct dw_subst *out,
		   struct dw_err *err);
void dw_subst_free(struct dw_subst *s);

/* Does it to each line; line ends stay as they are.  old is NUL-terminated, as
 * the result is, which is malloced. */
int dw_subst_apply(const struct dw_subst *s, const char *old, size_t old_len,
		   char **out, size_t *len, struct dw_err *err);

#endif
