/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors: one line of text, written where the fault is found. */
#ifndef DW_BASE_ERR_H
#define DW_BASE_ERR_H

#include <diskwright.h>

#define DW_PRINTF(f, a) __attribute__((format(printf, f, a)))

/*
 * Fills err (NULL allowed) and returns code, so that a check reads
 *	return dw_fail(err, DW_CORRUPT, "mbr: entry %u ...", nr);
 */
int dw_fail(struct dw_err *err, enum dw_code code, const char *fmt, ...)
	DW_PRINTF(3, 4);

/* The same for a failed system call: appends its text, and chooses the code
 * from the errno (ENOENT, ENOSPC, EFBIG, EEXIST, EBUSY, ENOMEM; else IO). */
int dw_fail_errno(struct dw_err *err, int errnum, const char *fmt, ...)
	DW_PRINTF(3, 4);

int dw_fail_nomem(struct dw_err *err);

/* Puts "phrase: " before the text of an error that comes from below, unless it
 * starts so already; nothing where code is 0.  Returns the code, so that a
 * layer can pass a result on in one line. */
int dw_err_prefix(struct dw_err *err, int code, const char *fmt, ...)
	DW_PRINTF(3, 4);

#endif
