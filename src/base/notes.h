/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of lines for the reader of a plan or report. */
#ifndef DW_BASE_NOTES_H
#define DW_BASE_NOTES_H

#include "base/err.h"

/* struct dw_notes starts with { 0 }; an addition that runs out of memory sets
 * 'failed', checked once with dw_notes_check(). */
void dw_notes_add(struct dw_notes *notes, const char *fmt, ...) DW_PRINTF(2, 3);
int dw_notes_check(const struct dw_notes *notes, struct dw_err *err);
void dw_notes_free(struct dw_notes *notes);

void dw_kernel_advice_clear(struct dw_kernel_advice *advice);

/* A boot verdict is made of strings that it owns. */
void dw_verdict_free(struct dw_boot_verdict *verdict);

#endif
