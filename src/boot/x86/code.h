/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loader's x86 code, as bytes inside the library. */
#ifndef DW_BOOT_X86_CODE_H
#define DW_BOOT_X86_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "boot/x86/memmap.h"

struct dw_loader_code {
	uint8_t mbr[MBR_CODE_LEN];
	uint8_t record[RECORD_LEN];
	const uint8_t *stage2;
	size_t stage2_len;
	const char *compiler;	/* that made it: "gcc 12" */
};

extern const struct dw_loader_code dw_loader_code;

#endif
