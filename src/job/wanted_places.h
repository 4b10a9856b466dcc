/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which bytes of a physical volume are those of which logical volume. */
#ifndef DW_JOB_WANTED_PLACES_H
#define DW_JOB_WANTED_PLACES_H

#include "lvm/lvm.h"

/* A segment of a volume, which is one run on the PV. */
struct dw_lv_place {
	uint64_t off, len;	/* on the PV */
	size_t lv_nr;		/* among those of the group */
	uint64_t lv_off;
};

struct dw_pv_places {
	struct dw_dev *dev;		/* borrowed */
	struct dw_lvm *lvm;
	const struct dw_vg *vg;
	const struct dw_pv *pv;
	uint64_t pe_end_off;		/* behind its last extent */
	struct dw_lv_place *places;	/* ascending, none overlaps */
	size_t places_nr;
};

/* Opens the group that dev alone tells of, as far as it does: 'vg' is there,
 * but nothing about places.  dw_pv_places_close() after an error too. */
int dw_pv_places_open(struct dw_ctx *ctx, struct dw_dev *dev,
		      struct dw_pv_places *out, struct dw_err *err);

/*
 * Finds all places.  They are certain only where the group lies on this PV
 * alone, all copies of its metadata agree, each volume is linear, and neither
 * two volumes nor a volume and LVM's own areas share a byte; everything else is
 * DW_UNSUPPORTED or DW_CORRUPT.
 */
int dw_pv_places_find(struct dw_pv_places *p, struct dw_err *err);
void dw_pv_places_close(struct dw_pv_places *p);

#endif
