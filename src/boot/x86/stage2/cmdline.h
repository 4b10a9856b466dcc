/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's command line, and the words in it that the loader obeys.
 */
#ifndef STAGE2_CMDLINE_H
#define STAGE2_CMDLINE_H

#include "lib.h"

#define CMDLINE_MAX	2048	/* with its NUL */
#define VGA_NORMAL	0xffff

struct cmdline {
	char text[CMDLINE_MAX];
	bool cut;		/* did not fit */
	const char *initrd;	/* comma list, a word inside text; or NULL */
	uint32_t mem_end;	/* mem=, 0 if not given */
	uint16_t vga;
	bool quiet;
};

/*
 * Puts together BOOT_IMAGE=kernel and up to three groups of options (NULL or
 * empty ones are left out), with " initrd=" and the list before the last.
 */
void cmdline_build(struct cmdline *cl, const char *kernel, const char *first,
		   const char *second, const char *initrd, const char *last);

#endif
