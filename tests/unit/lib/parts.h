/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of partition tables: fixtures, and those that are refused. */
#ifndef TESTS_UNIT_PARTS_H
#define TESTS_UNIT_PARTS_H

#include "part/part.h"

/* An empty disk of so many sectors of 512 bytes. */
struct dw_dev *empty_disk(uint64_t sectors_nr);

/* The fixture's table is DW_CORRUPT, with these words. */
void table_is_damaged(struct dw_ctx *ctx, const char *name, const char *text);

#endif
