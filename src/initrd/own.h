/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of initrds that are made here. */
#ifndef DW_INITRD_OWN_H
#define DW_INITRD_OWN_H

#include "initrd/family.h"

/* Whether an initrd can be made for the kernel: it takes one, and what it is
 * called is known. */
int dw_own_check(const struct dw_initrd_target *t, struct dw_err *err);

/*
 * Puts a module's file, unpacked, where /init finds it, and its line into
 * list.  *elf receives the class and machine of its header as far as it has
 * one (NULL: not wanted).
 */
struct dw_own_elf {
	uint8_t bits;		/* 32 or 64; 0: it is no ELF file */
	uint16_t machine;	/* 3: i386, 62: x86_64 */
};
int dw_own_put_module(const struct dw_initrd_target *t, const char *name,
		      bool optional, struct dw_cpio_writer *w,
		      struct dw_buf *list, struct dw_own_elf *elf,
		      struct dw_err *err);

/* Puts the list itself; DW_LIMIT where /init would not take all of it. */
int dw_own_put_list(struct dw_cpio_writer *w, const struct dw_buf *list,
		    struct dw_err *err);

#endif
