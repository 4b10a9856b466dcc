/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Archives and their compressions in memory, right and wrong ones. */
#ifndef TESTS_UNIT_CPIOIMG_H
#define TESTS_UNIT_CPIOIMG_H

#include "base/buf.h"
#include "base/unpack.h"

/* Appends one entry of newc, with its text as data; whoever writes the trailer
 * adds it as well. */
void cpio_add(struct dw_buf *b, const char *name, unsigned mode,
	      const char *data);
/* The same with a count of links and the number of its inode. */
void cpio_add_link(struct dw_buf *b, const char *name, unsigned links_nr,
		   unsigned ino, const char *data);
/* Appends a buffer as this compression has it. */
void cpio_pack(struct dw_buf *out, const struct dw_buf *in,
	       enum dw_packing kind);

/* Reads of a dw_source whose arg is a struct dw_buf. */
int cpio_read(void *arg, uint64_t off, void *buf, size_t len, size_t *got,
	      struct dw_err *err);

#endif
