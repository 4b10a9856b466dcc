/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The blocks a journal holds, and which of them count. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "fs/journal.h"

int dw_journal_table_new(uint64_t cap, struct dw_journal_table *out,
			 struct dw_err *err)
{
	memset(out, 0, sizeof(*out));
	if (cap > SIZE_MAX / sizeof(*out->entries))
		return dw_fail_nomem(err);
	out->cap = (size_t)cap;
	out->entries = malloc((size_t)dw_max(cap, 1) * sizeof(*out->entries));
	out->revokes = calloc((size_t)dw_max(cap, 1), sizeof(*out->revokes));
	if (!out->entries || !out->revokes) {
		dw_journal_table_free(out);
		return dw_fail_nomem(err);
	}
	return 0;
}

void dw_journal_table_free(struct dw_journal_table *table)
{
	free(table->entries);
	free(table->revokes);
	memset(table, 0, sizeof(*table));
}

static bool is_before(const struct dw_journal_entry *a,
		      const struct dw_journal_entry *b)
{
	if (a->home != b->home)
		return a->home < b->home;
	return a->turn < b->turn;
}

/* Heapsort: in place, and never slower for a hostile order. */
static void sift_down(struct dw_journal_entry *e, size_t root, size_t nr)
{
	struct dw_journal_entry moved = e[root];
	size_t child;

	while ((child = 2 * root + 1) < nr) {
		if (child + 1 < nr && is_before(&e[child], &e[child + 1]))
			child++;
		if (!is_before(&moved, &e[child]))
			break;
		e[root] = e[child];
		root = child;
	}
	e[root] = moved;
}

void dw_journal_table_sort(struct dw_journal_table *table)
{
	struct dw_journal_entry *e = table->entries, top;
	size_t i;

	for (i = table->nr / 2; i-- > 0;)
		sift_down(e, i, table->nr);
	for (i = table->nr; i-- > 1;) {
		top = e[0];
		e[0] = e[i];
		e[i] = top;
		sift_down(e, 0, i);
	}
}

/* The first entry of a home, or nr where it has none. */
static size_t find(const struct dw_journal_table *table, uint64_t home)
{
	size_t low = 0, high = table->nr, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (table->entries[mid].home < home)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < table->nr && table->entries[low].home == home)
		return low;
	return table->nr;
}

void dw_journal_table_revoke(struct dw_journal_table *table, uint64_t home,
			     uint32_t transaction)
{
	size_t i = find(table, home);

	if (i < table->nr && table->revokes[i] <= transaction)
		table->revokes[i] = transaction + 1;
}

void dw_journal_table_settle(struct dw_journal_table *table,
			     struct dw_recovery *stats)
{
	const struct dw_journal_entry *e, *last;
	size_t i = 0, first, kept_nr = 0;

	while (i < table->nr) {
		first = i;
		last = NULL;
		for (; i < table->nr && table->entries[i].home ==
					table->entries[first].home; i++) {
			e = &table->entries[i];
			if (e->transaction < table->revokes[first])
				stats->revoked_blk_nr++;
			else if (e->is_bad)
				stats->bad_blk_nr++;
			else
				last = e;
		}
		if (last)
			table->entries[kept_nr++] = *last;
	}
	table->nr = kept_nr;
	stats->replayed_blk_nr += kept_nr;
}
