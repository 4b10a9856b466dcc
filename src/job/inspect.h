/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of inspection share. */
#ifndef DW_JOB_INSPECT_H
#define DW_JOB_INSPECT_H

#include "job/layer.h"
#include "lvm/lvm.h"
#include "stack/stack.h"

/* As deep as a locator can name it; and no more in all than somebody might
 * read: what an image holds decides how many volumes lie in each other. */
#define DW_INSPECT_DEPTH_MAX DW_LOCATOR_LAYERS_MAX
#define DW_INSPECT_LAYERS_MAX 4096

/* A group that was drawn, at the first of its physical volumes. */
struct dw_drawn_vg {
	char id[DW_LVM_ID_TEXT];
	char *where;
};

struct dw_inspection {
	struct dw_ctx *ctx;
	struct dw_stack stack;	/* its top is what is looked at */
	unsigned depth;
	unsigned volumes_nr;	/* that the top lies in */
	size_t layers_left;
	/* Those from drawn_from on lie on the devices that are looked at now,
	 * outside of every volume; copies in other volumes are others. */
	size_t drawn_nr, drawn_from;
	struct dw_drawn_vg *drawn;
};

/* Makes room for nr children; DW_LIMIT where there are too many in all. */
int dw_inspect_room(struct dw_inspection *ins, struct dw_layer *layer,
		    size_t nr, struct dw_err *err);

/*
 * After something went wrong in a layer: where that is not the image's fault it
 * ends the inspection, with its error in err; anything else is the layer's
 * problem.
 */
int dw_inspect_settle(const struct dw_inspection *ins, struct dw_layer *layer,
		      int ret, const struct dw_err *why, struct dw_err *err);

/* What dev holds, as children of 'layer'; dev, if it is opened, is closed, and
 * ret and why are of opening it. */
int dw_inspect_in_take(struct dw_inspection *ins, struct dw_dev *dev, int ret,
		       struct dw_err *why, struct dw_layer *layer,
		       struct dw_err *err);

/* The physical volume that the top of the stack is, with its group. */
int dw_inspect_pv(struct dw_inspection *ins, struct dw_layer *above,
		  struct dw_err *err);

/* The filesystem on dev, or that nothing is known of it. */
int dw_inspect_fs(struct dw_inspection *ins, struct dw_dev *dev,
		  struct dw_layer *above, struct dw_err *err);

/* Names the boot code in sector 0. */
int dw_inspect_loader(struct dw_dev *dev, struct dw_layer *layer,
		      struct dw_err *err);

#endif
