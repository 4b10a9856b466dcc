/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the convert job share. */
#ifndef DW_JOB_CONVERT_H
#define DW_JOB_CONVERT_H

#include "job/target.h"
#include "job/wanted.h"

struct dw_convert_state {
	struct dw_ctx *ctx;
	struct dw_target target;
	struct dw_wanted wanted;
	bool allow_changed;
};

/* As dw_convert_plan(), but all blocks as they are, for a reason that the plan
 * then tells; NULL: as the options have it. */
int dw_convert_plan_as_is(struct dw_ctx *ctx, struct dw_dev *source,
			  const struct dw_convert_options *options,
			  const char *why, struct dw_convert_plan **out,
			  struct dw_err *err);

/* Opens what was written afresh and compares its size, and the first bytes of
 * each area, with the source; of what can only be read in sequence looks at
 * the first bytes alone. */
int dw_convert_verify(struct dw_convert_plan *plan, struct dw_dev *file,
		      struct dw_err *err);

/* All of dw_convert_run() but the commit: writes the image, and reads it back
 * where it can be. */
int dw_convert_make(struct dw_convert_plan *plan, struct dw_output *output,
		    struct dw_convert_report *report, struct dw_err *err);

#endif
