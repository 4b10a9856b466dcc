/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a partition table is all that is to be known of a disk. */
#ifndef DW_JOB_WANTED_TABLE_H
#define DW_JOB_WANTED_TABLE_H

#include "base/ctx.h"
#include "part/part.h"

/*
 * Partitions, in the order of the disk and without containers, may be looked
 * at one by one: they share no byte, no other table nor a filesystem on the
 * whole disk says otherwise, and no system sleeps in one of them.  Else an
 * error that dw_is_about_content().
 */
int dw_wanted_check_table(struct dw_ctx *ctx, struct dw_dev *disk,
			  const struct dw_part_table *table,
			  const struct dw_part **parts, size_t parts_nr,
			  struct dw_err *err);

#endif
