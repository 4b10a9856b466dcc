/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes to text files, line by line, for plans and reports. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/changes.h"

static void free_item(struct dw_change *c)
{
	free(c->path);
	free(c->before);
	free(c->after);
	free(c->note);
}

void dw_changes_free(struct dw_changes *list)
{
	for (size_t i = 0; i < list->nr; i++)
		free_item(&list->items[i]);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

static bool reserve(struct dw_changes *list, size_t more)
{
	struct dw_change *items;
	size_t cap;

	if (list->failed || more > SIZE_MAX / sizeof(*items) / 4 - list->nr) {
		list->failed = true;
		return false;
	}
	if (list->nr + more <= list->cap)
		return true;
	cap = list->nr + more + list->cap / 2 + 8;
	items = realloc(list->items, cap * sizeof(*items));
	if (!items) {
		list->failed = true;
		return false;
	}
	list->items = items;
	list->cap = cap;
	return true;
}

/* A C string of bytes that may hold zeros. */
static char *copy_line(struct dw_changes *list, const char *p, size_t len)
{
	char *s;

	if (!p)
		return NULL;
	s = malloc(len + 1);
	if (!s) {
		list->failed = true;
		return NULL;
	}
	for (size_t i = 0; i < len; i++)
		s[i] = p[i] ? p[i] : '?';
	s[len] = '\0';
	return s;
}

static void add(struct dw_changes *list, uint64_t line_nr, char *before,
		char *after, const char *note_fmt, va_list ap)
{
	struct dw_change c = {
		.line_nr = line_nr, .before = before, .after = after,
	};

	if (note_fmt && vasprintf(&c.note, note_fmt, ap) < 0) {
		c.note = NULL;
		list->failed = true;
	}
	if (reserve(list, 1))
		list->items[list->nr++] = c;
	else
		free_item(&c);
}

void dw_changes_add(struct dw_changes *list, uint64_t line_nr,
		    const char *before, size_t before_len,
		    const char *after, size_t after_len,
		    const char *note_fmt, ...)
{
	va_list ap;

	va_start(ap, note_fmt);
	add(list, line_nr, copy_line(list, before, before_len),
	    copy_line(list, after, after_len), note_fmt, ap);
	va_end(ap);
}

void dw_changes_note(struct dw_changes *list, uint64_t line_nr,
		     const char *note_fmt, ...)
{
	va_list ap;

	va_start(ap, note_fmt);
	add(list, line_nr, NULL, NULL, note_fmt, ap);
	va_end(ap);
}

void dw_changes_set_path(struct dw_changes *list, size_t first,
			 const char *path)
{
	for (size_t i = first; i < list->nr; i++) {
		if (list->items[i].path)
			continue;
		list->items[i].path = strdup(path);
		if (!list->items[i].path)
			list->failed = true;
	}
}

void dw_changes_take(struct dw_changes *dst, struct dw_changes *src)
{
	if (src->failed)
		dst->failed = true;
	if (src->nr && reserve(dst, src->nr)) {
		memcpy(dst->items + dst->nr, src->items,
		       src->nr * sizeof(*src->items));
		dst->nr += src->nr;
		src->nr = 0;
	}
	dw_changes_free(src);
}

bool dw_changes_any(const struct dw_changes *list)
{
	for (size_t i = 0; i < list->nr; i++)
		if (list->items[i].before || list->items[i].after)
			return true;
	return false;
}

int dw_changes_check(const struct dw_changes *list, struct dw_err *err)
{
	return list->failed ? dw_fail_nomem(err) : 0;
}
