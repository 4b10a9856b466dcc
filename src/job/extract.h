/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the extract job share. */
#ifndef DW_JOB_EXTRACT_H
#define DW_JOB_EXTRACT_H

#include "dev/output.h"

struct dw_extract_state {
	struct dw_ctx *ctx;
	struct dw_dev *source;
	struct dw_convert_options image;	/* as the caller's, which has
						 * its texts until the plan is
						 * made */
	bool is_partial, allow_changed;
	/* Why all is copied as it is: where a system sleeps; "": no. */
	char asleep[DW_ERR_TEXT];
	struct dw_err first_problem;
};

/*
 * Adds the items that the options ask for, and plans their images.  What makes
 * one unreadable is its problem; errors are failures of the host, and options
 * that make no sense.
 */
int dw_extract_find(struct dw_extract_plan *plan,
		    const struct dw_extract_options *options,
		    struct dw_err *err);

/* Forgets all items. */
void dw_extract_drop_items(struct dw_extract_plan *plan);

/* Whether an error is that of the whole job, whatever is read. */
bool dw_extract_is_fatal(int code);
/* Makes why the problem of the item, and gives up its image. */
int dw_extract_set_problem(struct dw_extract_plan *plan,
			   struct dw_extract_item *item,
			   const struct dw_err *why, struct dw_err *err);

/*
 * The file for a layer: that of its last name, "root.raw", or, is_long, of all
 * its names, as /dev/mapper joins them, "p2-vg0-root.raw": names of LVM are
 * joined by '-', and a '-' of theirs is doubled, so that no two layers have the
 * same.  Pure.  DW_UNSUPPORTED: a name that LVM would not allow, that begins
 * with a dot, or that is too long for a host.
 */
int dw_extract_file_name(const char *layer, bool is_long, const char *suffix,
			 char **out, struct dw_err *err);
/* Names the files of all items: long where short ones are alike. */
int dw_extract_name_files(struct dw_extract_plan *plan, const char *suffix,
			  struct dw_err *err);

#endif
