/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing an MBR in place. */
#include "part/mbr.h"

int dw_mbr_set_active(struct dw_dev *disk, unsigned nr, struct dw_err *err)
{
	uint8_t sector[DW_SECTOR];
	struct dw_mbr mbr;
	unsigned i;
	int rc;

	if (nr < 1 || nr > 4)
		return dw_fail(err, DW_UNSUPPORTED,
			       "mbr: partition %u cannot be active, only 1 to "
			       "4 can", nr);
	rc = dw_dev_pread(disk, 0, sector, sizeof(sector), err);
	if (!rc)
		rc = dw_mbr_decode(sector, &mbr, err);
	if (rc)
		return rc;
	if (!dw_mbr_is_used(&mbr.entries[nr - 1]))
		return dw_fail(err, DW_NOENT, "mbr: there is no partition %u",
			       nr);
	for (i = 0; i < 4; i++)
		sector[DW_MBR_TABLE_OFF + i * DW_MBR_ENTRY_LEN] =
			i + 1 == nr ? 0x80 : 0;
	return dw_dev_pwrite(disk, 0, sector, sizeof(sector), err);
}
