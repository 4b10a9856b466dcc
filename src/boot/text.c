/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text files of a guest as lines that can be changed one by one. */
#include <stdlib.h>
#include <string.h>

#include "boot/text.h"

static int add_slot(struct dw_text *t, uint32_t *line, struct dw_err *err)
{
	uint32_t cap = t->lines_cap;
	struct dw_text_line *lines;

	if (t->lines_nr == cap) {
		cap += cap / 2 + 64;
		lines = realloc(t->lines, cap * sizeof(*lines));
		if (!lines)
			return dw_fail_nomem(err);
		t->lines = lines;
		t->lines_cap = cap;
	}
	*line = t->lines_nr++;
	memset(&t->lines[*line], 0, sizeof(t->lines[*line]));
	return 0;
}

/* Cuts one line off at p: content and end. */
static size_t cut_line(const char *p, size_t left, struct dw_text_line *l)
{
	const char *lf = memchr(p, '\n', left);
	size_t len = lf ? (size_t)(lf - p) : left;

	l->eol_len = lf ? 1 : 0;
	if (lf && len && p[len - 1] == '\r') {
		l->eol_len = 2;
		len--;
	}
	l->now = l->was = (struct dw_span){ p, len };
	return len + l->eol_len;
}

static int split(struct dw_text *t, struct dw_err *err)
{
	uint32_t line, last = DW_NO_LINE;
	size_t off = 0;
	int ret;

	while (off < t->len) {
		if (t->lines_nr == DW_TEXT_MAX_LINES)
			return dw_fail(err, DW_LIMIT, "text of more than %u "
				       "lines", DW_TEXT_MAX_LINES);
		ret = add_slot(t, &line, err);
		if (ret)
			return ret;
		off += cut_line(t->data + off, t->len - off, &t->lines[line]);
		t->lines[line].nr = line + 1;
		t->lines[line].next = DW_NO_LINE;
		if (last == DW_NO_LINE)
			t->first = line;
		else
			t->lines[last].next = line;
		last = line;
	}
	return 0;
}

int dw_text_parse(const char *data, size_t len, struct dw_text **out,
		  struct dw_err *err)
{
	struct dw_text *t;
	int ret;

	*out = NULL;
	if (len > DW_TEXT_MAX_LEN)
		return dw_fail(err, DW_LIMIT, "text of %zu bytes, at most %u "
			       "are read", len, DW_TEXT_MAX_LEN);
	t = calloc(1, sizeof(*t));
	if (!t)
		return dw_fail_nomem(err);
	t->first = DW_NO_LINE;
	t->data = malloc(len + 1);
	if (!t->data) {
		ret = dw_fail_nomem(err);
		goto out;
	}
	if (len)
		memcpy(t->data, data, len);
	t->data[len] = '\0';
	t->len = len;
	ret = split(t, err);
	t->eol_len = t->lines_nr && t->lines[0].eol_len == 2 ? 2 : 1;
out:
	if (ret)
		dw_text_free(t);
	else
		*out = t;
	return ret;
}

/* Whether a line's content was allocated by an edit. */
static bool is_own(const struct dw_text_line *l)
{
	return l->added || l->now.p != l->was.p;
}

void dw_text_free(struct dw_text *t)
{
	uint32_t i;

	if (!t)
		return;
	for (i = 0; i < t->lines_nr; i++)
		if (is_own(&t->lines[i]))
			free((char *)t->lines[i].now.p);
	free(t->lines);
	free(t->data);
	free(t);
}

static int copy_content(const char *content, size_t len, char **out,
			struct dw_err *err)
{
	*out = NULL;
	if (len && memchr(content, '\n', len))
		return dw_fail(err, DW_USAGE, "a line cannot hold a line feed");
	*out = malloc(len + 1);
	if (!*out)
		return dw_fail_nomem(err);
	if (len)
		memcpy(*out, content, len);
	(*out)[len] = '\0';
	return 0;
}

int dw_text_set(struct dw_text *t, uint32_t line, const char *content,
		size_t len, struct dw_err *err)
{
	struct dw_text_line *l = &t->lines[line];
	char *copy;
	int ret;

	if (len == l->now.len && (!len || !memcmp(content, l->now.p, len)))
		return 0;
	ret = copy_content(content, len, &copy, err);
	if (ret)
		return ret;
	if (is_own(l))
		free((char *)l->now.p);
	l->now = (struct dw_span){ copy, len };
	return 0;
}

int dw_text_insert(struct dw_text *t, uint32_t after, const char *content,
		   size_t len, struct dw_err *err)
{
	uint32_t line, *link;
	struct dw_text_line *l;
	char *copy;
	int ret;

	ret = copy_content(content, len, &copy, err);
	if (ret)
		return ret;
	ret = add_slot(t, &line, err);
	if (ret) {
		free(copy);
		return ret;
	}
	link = after == DW_NO_LINE ? &t->first : &t->lines[after].next;
	l = &t->lines[line];
	l->now = (struct dw_span){ copy, len };
	l->added = true;
	l->nr = after == DW_NO_LINE ? 0 : t->lines[after].nr;
	l->eol_len = t->eol_len;
	l->next = *link;
	*link = line;
	return 0;
}

void dw_text_remove(struct dw_text *t, uint32_t line)
{
	t->lines[line].removed = true;
}

static bool line_is_changed(const struct dw_text_line *l)
{
	if (l->added)
		return !l->removed;
	return l->removed || l->now.len != l->was.len ||
	       (l->now.len && memcmp(l->now.p, l->was.p, l->now.len));
}

bool dw_text_is_changed(const struct dw_text *t)
{
	uint32_t i;

	for (i = 0; i < t->lines_nr; i++)
		if (line_is_changed(&t->lines[i]))
			return true;
	return false;
}

static const char *eol(uint8_t len)
{
	return len == 1 ? "\n" : "\r\n";
}

int dw_text_render(const struct dw_text *t, char **data, size_t *len,
		   struct dw_err *err)
{
	struct dw_buf b = { 0 };
	uint8_t end_len = 1;
	uint32_t i;
	int ret;

	*data = NULL;
	dw_buf_adds(&b, "");
	for (i = t->first; i != DW_NO_LINE; i = t->lines[i].next) {
		const struct dw_text_line *l = &t->lines[i];

		if (l->removed)
			continue;
		/* A last line that had no end gets one as soon as another
		 * line follows it. */
		if (!end_len)
			dw_buf_add(&b, eol(t->eol_len), t->eol_len);
		dw_buf_add(&b, l->now.p, l->now.len);
		dw_buf_add(&b, eol(l->eol_len), l->eol_len);
		end_len = l->eol_len;
	}
	ret = dw_buf_check(&b, err);
	if (ret)
		dw_buf_free(&b);
	else
		*data = dw_buf_take(&b, len);
	return ret;
}

void dw_text_report(const struct dw_text *t, struct dw_changes *list)
{
	uint32_t i;

	for (i = t->first; i != DW_NO_LINE; i = t->lines[i].next) {
		const struct dw_text_line *l = &t->lines[i];

		if (line_is_changed(l))
			dw_changes_add(list, l->nr,
				       l->added ? NULL : l->was.p, l->was.len,
				       l->removed ? NULL : l->now.p,
				       l->now.len, NULL);
	}
}
