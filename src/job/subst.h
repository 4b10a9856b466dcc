/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* s/REGEX/TEXT/g, line by line, in this process. */
#ifndef DW_JOB_SUBST_H
#define DW_JOB_SUBST_H

#include <regex.h>

#include "base/buf.h"
#include "base/ctx.h"

struct dw_subst {
	bool is_set;		/* regex is compiled */
	bool is_global;
	regex_t regex;
	struct dw_buf text;	/* what comes instead, its escapes in place */
};

/*
 * The s command of sed: a delimiter of the caller's choice, a POSIX extended
 * regular expression, a text with & and \0 to \9, and "g" for all matches of a
 * line.  In both, \n and \t are what C has them for, and a backslash escapes
 * the delimiter.  DW_USAGE says what is wrong.  Freed after an error, too.
 */
int dw_subst_parse(const char *expression, struct dw_subst *out,
		   struct dw_err *err);
void dw_subst_free(struct dw_subst *s);

/* Does it to each line; line ends stay as they are.  old is NUL-terminated, as
 * the result is, which is malloced.  DW_LIMIT: more than max_len bytes. */
int dw_subst_apply(struct dw_ctx *ctx, const struct dw_subst *s,
		   const char *old, size_t old_len, size_t max_len,
		   char **out, size_t *len, struct dw_err *err);

#endif
