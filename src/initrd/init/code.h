/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The /init of an initrd that is made anew, as bytes inside the library. */
#ifndef DW_INITRD_INIT_CODE_H
#define DW_INITRD_INIT_CODE_H

#include <stddef.h>
#include <stdint.h>

struct dw_init_code {
	const uint8_t *i386, *x86_64;	/* static ELF programs */
	size_t i386_len, x86_64_len;
	const char *compiler;		/* that made them: "gcc 12" */
};

extern const struct dw_init_code dw_init_code;

#endif
