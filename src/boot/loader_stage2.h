/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stage 2 as a file: made ready for a directory, and checked. */
#ifndef DW_BOOT_LOADER_STAGE2_H
#define DW_BOOT_LOADER_STAGE2_H

#include "boot/install.h"
#include "boot/x86/memmap.h"

/* The file for that directory: whole sectors, the sum of its dwords zero.
 * dir is shorter than STAGE2_DIR_LEN.  The caller frees *out. */
int dw_stage2_make(const char *dir, uint8_t **out, size_t *len,
		   struct dw_err *err);

void dw_stage2_path(const char *dir, char out[DW_LOADER_PATH_LEN]);

struct dw_stage2_info {
	unsigned version;
	char dir[STAGE2_DIR_LEN];
};

/* What the boot record and its own header demand; len is that of the file.
 * NULL, or what is wrong with it. */
const char *dw_stage2_check(const uint8_t *file, uint64_t len,
			    struct dw_stage2_info *out);

#endif
