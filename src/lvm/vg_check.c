/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a volume group makes sense: its PVs, volumes and extents. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "lvm/vg.h"

/* ---- physical volumes ---------------------------------------------------- */

static int check_pv(const struct dw_vg *vg, const struct dw_pv *pv,
		    struct dw_err *err)
{
	uint64_t len, end;

	/* Whether the device is that long is seen when extents are read. */
	if (!dw_mul(pv->pe_nr, vg->extent_len, &len) ||
	    !dw_add(pv->pe_start_off, len, &end))
		return dw_fail(err, DW_CORRUPT,
			       "lvm: %s: %s has %" PRIu64 " extents of %"
			       PRIu64 " bytes from %" PRIu64 " on, which no "
			       "device has", vg->name, pv->name, pv->pe_nr,
			       vg->extent_len, pv->pe_start_off);
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct dw_pv *const *pa = a, *const *pb = b;

	return strcmp((*pa)->id, (*pb)->id);
}

static int check_ids(const struct dw_vg *vg, struct dw_err *err)
{
	const struct dw_pv **sorted;
	size_t i;
	int rc = 0;

	sorted = calloc(vg->pvs_nr + 1, sizeof(*sorted));
	if (!sorted)
		return dw_fail_nomem(err);
	for (i = 0; i < vg->pvs_nr; i++)
		sorted[i] = &vg->pvs[i];
	qsort(sorted, vg->pvs_nr, sizeof(*sorted), compare_ids);
	for (i = 1; !rc && i < vg->pvs_nr; i++)
		if (!compare_ids(&sorted[i - 1], &sorted[i]))
			rc = dw_fail(err, DW_CORRUPT,
				     "lvm: %s: %s and %s have the same UUID %s",
				     vg->name, sorted[i - 1]->name,
				     sorted[i]->name, sorted[i]->id);
	free(sorted);
	return rc;
}

/* ---- logical volumes ----------------------------------------------------- */

/* Segments are in order of their starts. */
static int check_runs(const struct dw_lv *lv, struct dw_err *err)
{
	const struct dw_segment *s;
	uint64_t end = 0;
	size_t i;

	for (i = 0; i < lv->segments_nr; i++) {
		s = &lv->segments[i];
		if (!s->extents_nr)
			return dw_fail(err, DW_CORRUPT,
				       "lvm: %s/%s: segment %zu has no extents",
				       lv->vg->name, lv->name, i + 1);
		if (s->start_extent != end)
			return dw_fail(err, DW_CORRUPT,
				       "lvm: %s/%s: segment %zu begins at "
				       "extent %" PRIu64 ", the one before "
				       "ends at %" PRIu64, lv->vg->name,
				       lv->name, i + 1, s->start_extent, end);
		/* Cannot overflow: LVM counts in 32 bits. */
		end += s->extents_nr;
	}
	return 0;
}

static int check_segments(const struct dw_vg *vg, struct dw_err *err)
{
	size_t i, k;
	int rc = 0;

	for (i = 0; !rc && i < vg->lvs_nr; i++)
		for (k = 0; !rc && k < vg->lvs[i].segments_nr; k++)
			rc = dw_segment_check(&vg->lvs[i],
					      &vg->lvs[i].segments[k], err);
	return rc;
}

int dw_vg_check(const struct dw_vg *vg, struct dw_err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < vg->pvs_nr; i++)
		rc = check_pv(vg, &vg->pvs[i], err);
	if (!rc)
		rc = check_ids(vg, err);
	for (i = 0; !rc && i < vg->lvs_nr; i++)
		rc = check_runs(&vg->lvs[i], err);
	if (!rc)
		rc = check_segments(vg, err);
	if (!rc)
		rc = dw_vg_check_users(vg, err);
	if (!rc)
		rc = dw_vg_check_overlaps(vg, err);
	if (!rc)
		rc = dw_vg_check_cycles(vg, err);
	return rc;
}
