/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of partition tables: fixtures, and those that are refused. */
#include <string.h>

#include "images.h"
#include "parts.h"

struct dw_dev *empty_disk(uint64_t sectors_nr)
{
	return mem_dev(sectors_nr * DW_SECTOR);
}

void table_is_damaged(struct dw_ctx *ctx, const char *name, const char *text)
{
	struct dw_dev *disk = open_fixture(ctx, name);
	struct dw_part_table *t;
	struct dw_err err;

	ck_assert_int_eq(dw_part_read(disk, &t, &err), DW_CORRUPT);
	ck_assert_ptr_null(t);
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
	dw_dev_close(disk, NULL);
}
