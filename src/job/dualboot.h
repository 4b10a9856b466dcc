/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the dualboot job share. */
#ifndef DW_JOB_DUALBOOT_H
#define DW_JOB_DUALBOOT_H

#include "boot/syslinux.h"
#include "job/disk.h"
#include "job/system.h"
#include "job/target.h"

struct dw_dualboot_state {
	struct dw_ctx *ctx;
	struct dw_dev *source;
	struct dw_system sys;		/* the source, recovered, changed */
	struct dw_new_disk disk;	/* the same as the result will read */
	struct dw_target target;
	bool use_syslinux;	/* in place of our own loader */
	struct dw_syslinux syslinux;
	uint8_t superblock[1024];	/* as it was when planning began */
	bool allow_unbootable, allow_changed;
	bool in_place;
	struct dw_used_run *runs;	/* of disk.whole; NULL in place */
	size_t runs_nr;
};

/* Chooses the loader, and refuses to replace another one unasked. */
int dw_dualboot_choose_loader(struct dw_dualboot_plan *plan,
			      const struct dw_dualboot_options *options,
			      struct dw_err *err);
int dw_dualboot_install_loader(struct dw_dualboot_plan *plan,
			       struct dw_err *err);

/* The guest's files: edits planned, applied, reported in the plan. */
int dw_dualboot_edit_guest(struct dw_dualboot_plan *plan,
			   const struct dw_dualboot_options *options,
			   const char *old_uuid, struct dw_err *err);

/* Puts into initrds what they lack to find the root on the sides that their
 * kernels run on; what stands in the way of that is a note. */
int dw_dualboot_fit_initrds(struct dw_dualboot_plan *plan,
			    struct dw_edits *edits, struct dw_err *err);

/* Nobody changed the source since planning began: 0 or DW_BUSY. */
int dw_dualboot_check_source(struct dw_dualboot_plan *plan,
			     struct dw_err *err);

/* Opens the written disk afresh and fills the report's verdicts; DW_NOBOOT
 * where one side no longer boots that did in the plan. */
int dw_dualboot_verify(struct dw_dualboot_plan *plan, struct dw_dev *written,
		       struct dw_dualboot_report *report, struct dw_err *err);

#endif
