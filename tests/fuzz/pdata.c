/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metadata of device-mapper with checksums that are right. */
#include "base/bytes.h"
#include "base/sum.h"
#include "pdata.h"

#define BLOCK_LEN DW_PDATA_BLOCK_LEN

/* Nodes and array blocks differ in the field behind the first twelve bytes:
 * half of a small block number, or the length of a value. */
static uint32_t salt_of(const uint8_t *block)
{
	return dw_le32(block + 12) ? DW_PDATA_SALT_ARRAY : DW_PDATA_SALT_BTREE;
}

void fuzz_fix_pdata(struct dw_dev *dev, uint32_t super_salt)
{
	uint8_t block[BLOCK_LEN];
	uint32_t salt, sum;
	uint64_t blk;

	for (blk = 0; blk < dev->size / BLOCK_LEN; blk++) {
		dw_dev_pread(dev, blk * BLOCK_LEN, block, BLOCK_LEN, NULL);
		if (dw_is_zero(block, BLOCK_LEN))
			continue;
		salt = blk ? salt_of(block) : super_salt;
		dw_put_le64(block + (salt == DW_PDATA_SALT_ARRAY ? 16 : 8),
			    blk);
		sum = dw_crc32c(~0u, block + 4, BLOCK_LEN - 4) ^ salt;
		dw_put_le32(block, sum);
		dw_dev_pwrite(dev, blk * BLOCK_LEN, block, BLOCK_LEN, NULL);
	}
}
