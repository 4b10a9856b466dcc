/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk with a guest on it, opened for both verdicts. */
#ifndef DW_JOB_SYSTEM_H
#define DW_JOB_SYSTEM_H

#include "guest/guest.h"
#include "job/root.h"
#include "job/verdict.h"

struct dw_system {
	struct dw_root root;
	struct dw_guest *guest;
	struct dw_verdict_source source;
};

/* Opens the root of a disk and looks at the guest.  Close it after an error
 * too. */
int dw_system_open(struct dw_ctx *ctx, struct dw_dev *disk, unsigned fs_flags,
		   struct dw_system *sys, struct dw_err *err);
void dw_system_close(struct dw_system *sys);

/*
 * Moves the opened initrds of one view of a guest to another, so that none is
 * read twice.  Only where both have the same kernels; else nothing happens.
 */
void dw_system_share_checks(struct dw_verdict_source *from,
			    struct dw_verdict_source *to);

#endif
