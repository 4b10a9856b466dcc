/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* No extent of a PV belongs to two volumes. */
#include <inttypes.h>
#include <stdlib.h>

#include "lvm/vg.h"

struct run {
	const struct dw_pv *pv;
	const struct dw_lv *lv;
	uint64_t start, end;		/* extents */
};

static size_t count_runs(const struct dw_vg *vg)
{
	size_t i, k, nr = 0;

	for (i = 0; i < vg->lvs_nr; i++)
		for (k = 0; k < vg->lvs[i].segments_nr; k++)
			nr += vg->lvs[i].segments[k].areas_nr;
	return nr;
}

static void add_runs(const struct dw_lv *lv, const struct dw_segment *s,
		     struct run *runs, size_t *nr)
{
	const struct dw_area *a;
	size_t i;

	for (i = 0; i < s->areas_nr; i++) {
		a = &s->areas[i];
		if (a->pv)
			runs[(*nr)++] = (struct run){
				.pv = a->pv, .lv = lv, .start = a->extent,
				.end = a->extent + dw_segment_area_extents(s),
			};
	}
}

static int compare(const void *a, const void *b)
{
	const struct run *ra = a, *rb = b;

	if (ra->pv != rb->pv)
		return ra->pv < rb->pv ? -1 : 1;
	return ra->start < rb->start ? -1 : ra->start > rb->start;
}

/* In order, neighbours are all that can overlap first. */
static int check_sorted(const struct dw_vg *vg, const struct run *runs,
			size_t nr, struct dw_err *err)
{
	const struct run *a, *b;
	size_t i;

	for (i = 1; i < nr; i++) {
		a = &runs[i - 1];
		b = &runs[i];
		if (a->pv == b->pv && b->start < a->end)
			return dw_fail(err, DW_CORRUPT,
				       "lvm: %s: extents %" PRIu64 " to %"
				       PRIu64 " of %s belong to %s, and %"
				       PRIu64 " to %" PRIu64 " to %s",
				       vg->name, a->start, a->end - 1,
				       a->pv->name, a->lv->name, b->start,
				       b->end - 1, b->lv->name);
	}
	return 0;
}

int dw_vg_check_overlaps(const struct dw_vg *vg, struct dw_err *err)
{
	size_t i, k, nr = 0;
	struct run *runs;
	int rc;

	runs = calloc(count_runs(vg) + 1, sizeof(*runs));
	if (!runs)
		return dw_fail_nomem(err);
	for (i = 0; i < vg->lvs_nr; i++)
		for (k = 0; k < vg->lvs[i].segments_nr; k++)
			add_runs(&vg->lvs[i], &vg->lvs[i].segments[k], runs,
				 &nr);
	qsort(runs, nr, sizeof(*runs), compare);
	rc = check_sorted(vg, runs, nr, err);
	free(runs);
	return rc;
}
