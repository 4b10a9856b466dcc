/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one dw_lv_open() knows, inside this room. */
#ifndef DW_LVM_OPENER_H
#define DW_LVM_OPENER_H

#include "dev/kinds.h"
#include "lvm/targets.h"
#include "lvm/vg.h"

/* A volume that was opened, or could not be. */
struct dw_opened {
	struct dw_dev *dev;
	struct dw_err *fault;	/* NULL: none */
	uint64_t paths_nr;
};

struct dw_opener {
	struct dw_ctx *ctx;
	const char *name;	/* of the device, for errors */
	unsigned depth;
	/* From the volume that is being opened down to physical volumes, each
	 * way on its own: what a flush of it takes. */
	uint64_t paths_nr;
	struct dw_opened *opened;	/* each volume of the group; or NULL */
};

/* What is stored in a volume, without what a snapshot adds.  The device is the
 * caller's. */
int dw_opener_lv(struct dw_opener *o, const struct dw_lv *lv,
		 struct dw_dev **out, struct dw_err *err);

/* The first len bytes of an area of lv, as a piece whose device is the
 * caller's.  DW_NOENT: its PV is missing. */
int dw_opener_area(struct dw_opener *o, const struct dw_lv *lv,
		   const struct dw_area *area, uint64_t len,
		   struct dw_map_piece *out, struct dw_err *err);

/* Segments that are more than runs of other devices: lv_target.c.  *out is the
 * segment's content. */
int dw_opener_target(struct dw_opener *o, const struct dw_lv *lv,
		     const struct dw_segment *s, struct dw_dev **out,
		     struct dw_err *err);

/* A snapshot, by its hidden volume, as its origin was. */
int dw_opener_snapshot(struct dw_opener *o, const struct dw_lv *snapshot,
		       struct dw_dev **out, struct dw_err *err);

/* What dw_lv_used_len() is to tell; *out stays where that is the size. */
int dw_opener_used_len(struct dw_opener *o, const struct dw_lv *lv,
		       uint64_t *out, struct dw_err *err);

#endif
