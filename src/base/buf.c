/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A growing byte buffer, for text that is being put together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/checked.h"

void dw_buf_free(struct dw_buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

/* Makes room for len more bytes and the NUL behind them. */
static bool reserve(struct dw_buf *b, size_t len)
{
	uint64_t need, cap;
	char *data;

	if (b->failed || !dw_add(b->len, len, &need) || need >= SIZE_MAX / 2) {
		b->failed = true;
		return false;
	}
	if (need + 1 <= b->cap)
		return true;
	cap = dw_max(need + 1, b->cap + b->cap / 2 + 64);
	data = realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void dw_buf_add(struct dw_buf *b, const void *p, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len)
		memcpy(b->data + b->len, p, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void dw_buf_adds(struct dw_buf *b, const char *s)
{
	dw_buf_add(b, s, strlen(s));
}

void dw_buf_printf(struct dw_buf *b, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0) {
		b->failed = true;
		return;
	}
	if (!reserve(b, (size_t)len))
		return;
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
}

int dw_buf_check(const struct dw_buf *b, struct dw_err *err)
{
	return b->failed ? dw_fail_nomem(err) : 0;
}

char *dw_buf_take(struct dw_buf *b, size_t *len)
{
	char *data = b->data;

	if (len)
		*len = b->len;
	memset(b, 0, sizeof(*b));
	return data;
}
