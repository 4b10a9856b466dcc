/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Swap space: what of it is worth copying, and whether a system sleeps in it. */
#ifndef DW_JOB_SWAP_H
#define DW_JOB_SWAP_H

#include "fs/fs.h"

/*
 * Its header, and what lies behind it on the device; the caller frees *runs.
 * *runs is NULL, which is no error, where all of it matters: it is no swap
 * space, or a system sleeps in it.
 */
int dw_swap_runs(struct dw_dev *dev, struct dw_used_run **runs,
		 size_t *runs_nr, struct dw_err *err);

/* Its signature ends the first page, and pages are not longer. */
#define DW_SWAP_START_LEN 65536u

/* Whether it holds the memory of a suspended system. */
int dw_swap_is_asleep(struct dw_dev *dev, bool *asleep, struct dw_err *err);
/* The same of swap space that begins with these bytes. */
bool dw_swap_start_is_asleep(const uint8_t *start, size_t len);

#endif
