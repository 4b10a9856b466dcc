/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which lines of a text differ between two versions of it. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/lines.h"
#include "job/linediff.h"

/* Of the table of longest common subsequences: 16 MiB. */
#define CELLS_MAX (4u << 20)
#define CHANGES_MAX 5000u
#define LINES_MAX (1u << 20)

struct text {
	struct dw_line *lines;
	size_t nr;
};

struct diff {
	struct text old, new;
	size_t first;		/* lines at the begin that are equal */
	uint32_t *table;	/* NULL: too large */
	struct dw_changes *out;
	uint64_t changes_nr;
};

/* At most: what follows the last line end may be nothing. */
static size_t count_lines(const char *p, size_t len)
{
	size_t nr = 1;

	for (size_t i = 0; i < len; i++)
		nr += p[i] == '\n';
	return nr;
}

static int split(const char *p, size_t len, struct text *out,
		 struct dw_err *err)
{
	struct dw_lines walk = { .p = p, .len = len };

	out->lines = calloc(count_lines(p, len), sizeof(*out->lines));
	if (!out->lines)
		return dw_fail_nomem(err);
	while (dw_lines_next(&walk, &out->lines[out->nr]))
		out->nr++;
	return 0;
}

/* Line ends count: they lie right behind the text. */
static bool same(const struct dw_line *a, const struct dw_line *b)
{
	size_t len = a->text.len + a->eol.len;

	return a->text.len == b->text.len && a->eol.len == b->eol.len &&
	       !memcmp(a->text.p, b->text.p, len);
}

static void trim(struct diff *d)
{
	while (d->first < d->old.nr && d->first < d->new.nr &&
	       same(&d->old.lines[d->first], &d->new.lines[d->first]))
		d->first++;
	while (d->old.nr > d->first && d->new.nr > d->first &&
	       same(&d->old.lines[d->old.nr - 1],
		    &d->new.lines[d->new.nr - 1])) {
		d->old.nr--;
		d->new.nr--;
	}
}

/* How many lines are common to both from old line i and new line j on. */
static uint32_t *cell(const struct diff *d, size_t i, size_t j)
{
	return &d->table[(i - d->first) * (d->new.nr - d->first + 1) +
			 (j - d->first)];
}

static int fill_table(struct diff *d, struct dw_err *err)
{
	uint64_t rows = d->old.nr - d->first + 1;
	uint64_t columns = d->new.nr - d->first + 1;

	if (rows > CELLS_MAX / columns)
		return 0;
	d->table = calloc(rows * columns, sizeof(*d->table));
	if (!d->table)
		return dw_fail_nomem(err);
	for (size_t i = d->old.nr; i-- > d->first; ) {
		for (size_t j = d->new.nr; j-- > d->first; ) {
			if (same(&d->old.lines[i], &d->new.lines[j]))
				*cell(d, i, j) = *cell(d, i + 1, j + 1) + 1;
			else
				*cell(d, i, j) = (uint32_t)dw_max(
					*cell(d, i + 1, j),
					*cell(d, i, j + 1));
		}
	}
	return 0;
}

/* old or new may be NULL; nr: of the line in the old text. */
static void add(struct diff *d, uint64_t nr, const struct dw_line *old,
		const struct dw_line *new)
{
	bool only_end = old && new && old->text.len == new->text.len &&
			!memcmp(old->text.p, new->text.p, old->text.len);

	if (old && new && same(old, new))
		return;
	if (d->changes_nr++ >= CHANGES_MAX)
		return;
	dw_changes_add(d->out, nr, old ? old->text.p : NULL,
		       old ? old->text.len : 0, new ? new->text.p : NULL,
		       new ? new->text.len : 0,
		       only_end ? "the end of the line" : NULL);
}

/* Lines i to i_end become lines j to j_end. */
static void add_block(struct diff *d, size_t i, size_t i_end, size_t j,
		      size_t j_end)
{
	for (; i < i_end || j < j_end; i += i < i_end, j += j < j_end)
		add(d, i + 1, i < i_end ? &d->old.lines[i] : NULL,
		    j < j_end ? &d->new.lines[j] : NULL);
}

/* Ends: each turn passes a line of one of the texts. */
static void walk(struct diff *d)
{
	size_t i = d->first, j = d->first, i_from = i, j_from = j;

	while (d->table && i < d->old.nr && j < d->new.nr) {
		if (same(&d->old.lines[i], &d->new.lines[j])) {
			add_block(d, i_from, i, j_from, j);
			i_from = ++i;
			j_from = ++j;
		} else if (*cell(d, i + 1, j) >= *cell(d, i, j + 1)) {
			i++;
		} else {
			j++;
		}
	}
	add_block(d, i_from, d->old.nr, j_from, d->new.nr);
	if (d->changes_nr > CHANGES_MAX)
		dw_changes_note(d->out, 0, "%llu more lines change",
				(unsigned long long)(d->changes_nr -
						     CHANGES_MAX));
}

int dw_linediff(const char *old, size_t old_len, const char *new,
		size_t new_len, struct dw_changes *out, struct dw_err *err)
{
	struct diff d = { .out = out };
	int ret;

	if (count_lines(old, old_len) > LINES_MAX ||
	    count_lines(new, new_len) > LINES_MAX) {
		dw_changes_note(out, 0, "more than %u lines, not compared",
				LINES_MAX);
		return dw_changes_check(out, err);
	}
	ret = split(old, old_len, &d.old, err);
	if (!ret)
		ret = split(new, new_len, &d.new, err);
	if (!ret) {
		trim(&d);
		ret = fill_table(&d, err);
	}
	if (!ret) {
		walk(&d);
		ret = dw_changes_check(out, err);
	}
	free(d.table);
	free(d.old.lines);
	free(d.new.lines);
	return ret;
}
