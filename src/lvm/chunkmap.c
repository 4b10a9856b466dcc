/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of chunks that lie elsewhere, sorted and in runs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lvm/chunkmap.h"

static int grow(struct dw_chunkmap *map, struct dw_err *err)
{
	size_t cap = map->runs_cap ? 2 * map->runs_cap : 64;
	struct dw_chunk_run *runs;

	if (cap > map->ctx->memory_cap_len / sizeof(*runs))
		return dw_fail(err, DW_LIMIT, "%s: more than %zu runs of "
			       "chunks need more memory than the cap of %"
			       PRIu64 " bytes", map->what, map->runs_nr,
			       map->ctx->memory_cap_len);
	runs = reallocarray(map->runs, cap, sizeof(*runs));
	if (!runs)
		return dw_fail_nomem(err);
	map->runs = runs;
	map->runs_cap = cap;
	return 0;
}

static bool follows(const struct dw_chunk_run *run, uint64_t from, uint64_t to)
{
	return run->from + run->nr == from && run->to + run->nr == to;
}

/* What was written in order is one run from the start, so that the usual list
 * is short. */
int dw_chunkmap_add(struct dw_chunkmap *map, uint64_t from, uint64_t to,
		    struct dw_err *err)
{
	size_t nr = map->runs_nr;
	int rc = 0;

	if (nr && follows(&map->runs[nr - 1], from, to)) {
		map->runs[nr - 1].nr++;
		return 0;
	}
	if (nr == map->runs_cap)
		rc = grow(map, err);
	if (!rc)
		map->runs[map->runs_nr++] = (struct dw_chunk_run){
			.from = from, .to = to, .nr = 1,
		};
	return rc;
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_to(const void *a, const void *b)
{
	return compare(((const struct dw_chunk_run *)a)->to,
		       ((const struct dw_chunk_run *)b)->to);
}

static int compare_from(const void *a, const void *b)
{
	return compare(((const struct dw_chunk_run *)a)->from,
		       ((const struct dw_chunk_run *)b)->from);
}

/* In order of their starts, neighbours are all that can overlap first. */
static int check_to(struct dw_chunkmap *map, struct dw_err *err)
{
	const struct dw_chunk_run *a, *b;
	size_t i;

	qsort(map->runs, map->runs_nr, sizeof(*map->runs), compare_to);
	for (i = 1; i < map->runs_nr; i++) {
		a = &map->runs[i - 1];
		b = &map->runs[i];
		if (b->to < a->to + a->nr)
			return dw_fail(err, DW_CORRUPT, "%s: chunk %" PRIu64
				       " of the store is used for chunk %"
				       PRIu64 " and for chunk %" PRIu64,
				       map->what, b->to,
				       a->from + (b->to - a->to), b->from);
	}
	return 0;
}

static int check_from(struct dw_chunkmap *map, struct dw_err *err)
{
	const struct dw_chunk_run *a, *b;
	size_t i;

	qsort(map->runs, map->runs_nr, sizeof(*map->runs), compare_from);
	for (i = 1; i < map->runs_nr; i++) {
		a = &map->runs[i - 1];
		b = &map->runs[i];
		if (b->from < a->from + a->nr)
			return dw_fail(err, DW_CORRUPT, "%s: chunk %" PRIu64
				       " is at chunk %" PRIu64 " and at chunk %"
				       PRIu64 " of the store", map->what,
				       b->from, a->to + (b->from - a->from),
				       b->to);
	}
	return 0;
}

static void join(struct dw_chunkmap *map)
{
	struct dw_chunk_run *last = map->runs;
	size_t i;

	for (i = 1; i < map->runs_nr; i++) {
		const struct dw_chunk_run *run = &map->runs[i];

		if (follows(last, run->from, run->to))
			last->nr += run->nr;
		else
			*++last = *run;
	}
	map->runs_nr = (size_t)(last - map->runs) + 1;
}

int dw_chunkmap_seal(struct dw_chunkmap *map, struct dw_err *err)
{
	int rc;

	if (!map->runs_nr)
		return 0;
	rc = check_to(map, err);
	if (!rc)
		rc = check_from(map, err);
	if (!rc)
		join(map);
	return rc;
}

const struct dw_chunk_run *dw_chunkmap_find(const struct dw_chunkmap *map,
					    uint64_t from)
{
	size_t lo = 0, hi = map->runs_nr, mid;
	const struct dw_chunk_run *run;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		run = &map->runs[mid];
		if (run->from + run->nr <= from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < map->runs_nr ? &map->runs[lo] : NULL;
}

void dw_chunkmap_free(struct dw_chunkmap *map)
{
	free(map->runs);
	map->runs = NULL;
	map->runs_nr = map->runs_cap = 0;
}
