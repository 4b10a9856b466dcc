/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage 2 as a file: its header and checksum.
 */
#include "boot/loader_stage2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "boot/x86/code.h"

static uint32_t sum_of_dwords(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i += 4)
		sum += dw_le32(p + i);
	return sum;
}

int dw_stage2_make(const char *dir, uint8_t **out, size_t *len,
		   struct dw_err *err)
{
	size_t sectors = (dw_loader_code.stage2_len + SECTOR_LEN - 1) /
			 SECTOR_LEN;
	uint8_t *p;

	*len = sectors * SECTOR_LEN;
	*out = p = calloc(sectors, SECTOR_LEN);
	if (!p)
		return dw_fail_nomem(err);
	memcpy(p, dw_loader_code.stage2, dw_loader_code.stage2_len);
	dw_put_le16(p + STAGE2_SECTORS_OFF, (uint16_t)sectors);
	memcpy(p + STAGE2_DIR_OFF, dir, strlen(dir));
	dw_put_le32(p + STAGE2_SUM_OFF, -sum_of_dwords(p, *len));
	return 0;
}

void dw_stage2_path(const char *dir, char out[DW_LOADER_PATH_LEN])
{
	snprintf(out, DW_LOADER_PATH_LEN, "%s/%s", strcmp(dir, "/") ? dir : "",
		 DW_LOADER_FILE);
}

const char *dw_stage2_check(const uint8_t *file, uint64_t len,
			    struct dw_stage2_info *out)
{
	memset(out, 0, sizeof(*out));
	if (!len || len > STAGE2_MAX_LEN || len % SECTOR_LEN)
		return "stage 2 has an impossible length";
	if (dw_le32(file + STAGE2_MAGIC_OFF) != STAGE2_MAGIC)
		return "the inode of stage 2 holds something else";
	if (dw_le16(file + STAGE2_SECTORS_OFF) != len / SECTOR_LEN ||
	    sum_of_dwords(file, len))
		return "the checksum of stage 2 is wrong";
	if (!memchr(file + STAGE2_DIR_OFF, 0, STAGE2_DIR_LEN))
		return "the header of stage 2 is damaged";
	out->version = dw_le16(file + STAGE2_VERSION_OFF);
	memcpy(out->dir, file + STAGE2_DIR_OFF, STAGE2_DIR_LEN);
	return NULL;
}
