/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an initrd has to get; for the jobs that change initrds. */
#ifndef DW_JOB_INITRD_NEED_H
#define DW_JOB_INITRD_NEED_H

#include "initrd/change.h"

struct dw_initrd_need {
	struct dw_ctx *ctx;
	struct dw_fs *fs;
	const struct dw_release *release;
	const struct dw_kernel *kernel;		/* with its initrd_path */
	bool sides[DW_SIDE_NR];		/* it is to find its root there */
	const struct dw_module_list *more;	/* and these; NULL: none */
	/* As in struct dw_initrd_target. */
	const char *root_on;
	bool new_root;
};

/* Start with { 0 }; dw_initrd_decision_free(). */
struct dw_initrd_decision {
	struct dw_initrd_change change;	/* its len is 0: nothing to do */
	struct dw_module_list names;	/* what was wanted and is lacking */
	enum dw_initrd_family family;	/* of the initrd that there is */
};

/*
 * Reads the initrd and decides what becomes of it; nothing is changed.
 * DW_NOENT: no list of the kernel's modules, or one that is asked for is not in
 * it.  DW_UNSUPPORTED, DW_CORRUPT: the initrd cannot be added to.  DW_LIMIT: it
 * was not read to its end, so nothing is known of it.
 */
int dw_initrd_decide(const struct dw_initrd_need *need,
		     struct dw_initrd_decision *out, struct dw_err *err);

/* Plans the edits that make it lasting, as dw_initrd_keep() does. */
int dw_initrd_decision_keep(const struct dw_initrd_need *need,
			    const struct dw_initrd_decision *decision,
			    struct dw_edits *edits, struct dw_err *err);
void dw_initrd_decision_free(struct dw_initrd_decision *decision);

#endif
