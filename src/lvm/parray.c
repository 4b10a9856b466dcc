/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays of the kernel's persistent-data library: a btree of blocks that are
 * full of values. */
#include <inttypes.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lvm/pdata.h"

/* Offsets in a block; see NOTES.md. */
enum {
	ARRAY_MAX_NR = 4,
	ARRAY_NR = 8,
	ARRAY_VALUE_LEN = 12,
	ARRAY_VALUES = 24,
};

static uint64_t values_per_block(size_t value_len)
{
	return (DW_PDATA_BLOCK_LEN - ARRAY_VALUES) / value_len;
}

/* want_nr: how many of its values are asked for. */
static int check_block(const uint8_t *p, size_t value_len, uint64_t want_nr,
		       struct dw_err *err)
{
	uint32_t nr = dw_le32(p + ARRAY_NR), max_nr = dw_le32(p + ARRAY_MAX_NR);
	uint32_t len = dw_le32(p + ARRAY_VALUE_LEN);

	if (len != value_len)
		return dw_fail(err, DW_CORRUPT,
			       "values of %" PRIu32 " bytes in place of %zu",
			       len, value_len);
	if (max_nr > values_per_block(value_len) || nr > max_nr)
		return dw_fail(err, DW_CORRUPT, "%" PRIu32 " values, with "
			       "room for %" PRIu32 " of %zu bytes", nr, max_nr,
			       value_len);
	if (nr < want_nr)
		return dw_fail(err, DW_CORRUPT, "%" PRIu32 " values in place "
			       "of %" PRIu64, nr, want_nr);
	return 0;
}

/* Block number i of the array at root_blk. */
static int read_block(struct dw_pdata *pd, uint64_t root_blk, uint64_t i,
		      size_t value_len, uint64_t want_nr, uint8_t *block,
		      struct dw_err *err)
{
	uint8_t value[8];
	uint64_t blk;
	int rc;

	rc = dw_btree_lookup(pd, root_blk, i, value, sizeof(value), err);
	if (rc == DW_NOENT)
		return dw_fail(err, DW_CORRUPT, "%s: the array at block %"
			       PRIu64 " lacks its block %" PRIu64,
			       dw_pdata_what(pd), root_blk, i);
	if (rc)
		return rc;
	blk = dw_le64(value);
	rc = dw_pdata_read(pd, blk, DW_PDATA_SALT_ARRAY, block, err);
	if (rc)
		return rc;
	rc = check_block(block, value_len, want_nr, err);
	if (!rc)
		return 0;
	return dw_err_prefix(err, rc, "%s: array block %" PRIu64,
			     dw_pdata_what(pd), blk);
}

int dw_parray_walk(struct dw_pdata *pd, uint64_t root_blk, uint64_t nr,
		   size_t value_len, dw_btree_fn fn, void *arg,
		   struct dw_err *err)
{
	uint64_t per_block = values_per_block(value_len), done, now, i;
	uint8_t block[DW_PDATA_BLOCK_LEN];
	int rc = 0;

	/* It ends because a block that is not there is an error. */
	for (done = 0; !rc && done < nr; done += now) {
		now = dw_min(per_block, nr - done);
		rc = dw_pdata_check_cancel(pd, err);
		if (!rc)
			rc = read_block(pd, root_blk, done / per_block,
					value_len, now, block, err);
		for (i = 0; !rc && i < now; i++)
			rc = fn(arg, done + i,
				block + ARRAY_VALUES + i * value_len, err);
	}
	return rc;
}
