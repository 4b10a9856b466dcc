/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of lines for the reader of a plan or report. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"

void dw_notes_add(struct dw_notes *notes, const char *fmt, ...)
{
	char **items;
	char *text;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	items = realloc(notes->items, (notes->nr + 1) * sizeof(*items));
	if (items)
		notes->items = items;
	if (len < 0 || !items) {
		notes->failed = true;
		if (len >= 0)
			free(text);
		return;
	}
	notes->items[notes->nr++] = text;
}

int dw_notes_check(const struct dw_notes *notes, struct dw_err *err)
{
	return notes->failed ? dw_fail_nomem(err) : 0;
}

void dw_notes_free(struct dw_notes *notes)
{
	size_t i;

	for (i = 0; i < notes->nr; i++)
		free(notes->items[i]);
	free(notes->items);
	memset(notes, 0, sizeof(*notes));
}

void dw_kernel_advice_clear(struct dw_kernel_advice *advice)
{
	free(advice->package);
	free(advice->text);
	memset(advice, 0, sizeof(*advice));
}

void dw_verdict_free(struct dw_boot_verdict *verdict)
{
	free(verdict->reason);
	free(verdict->config);
	free(verdict->entry);
	free(verdict->kernel);
	free(verdict->initrd);
	free(verdict->args);
	free(verdict->root);
	dw_kernel_advice_clear(&verdict->advice);
	dw_notes_free(&verdict->warnings);
	memset(verdict, 0, sizeof(*verdict));
}
