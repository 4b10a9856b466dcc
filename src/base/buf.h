/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A growing byte buffer, for text that is being put together. */
#ifndef DW_BASE_BUF_H
#define DW_BASE_BUF_H

#include <stdarg.h>

#include "base/err.h"

/*
 * Start with { 0 }.  An append that runs out of memory sets 'failed' and
 * later appends do nothing, so that a writer checks once, at its end, with
 * dw_buf_check().  data is NUL-terminated once anything was appended.
 */
struct dw_buf {
	char *data;
	size_t len;
	size_t cap;
	bool failed;
};

void dw_buf_free(struct dw_buf *b);
void dw_buf_add(struct dw_buf *b, const void *p, size_t len);
void dw_buf_adds(struct dw_buf *b, const char *s);
void dw_buf_printf(struct dw_buf *b, const char *fmt, ...) DW_PRINTF(2, 3);
int dw_buf_check(const struct dw_buf *b, struct dw_err *err);

/* Gives the bytes to the caller, who frees them; the buffer is empty again. */
char *dw_buf_take(struct dw_buf *b, size_t *len);

#endif
