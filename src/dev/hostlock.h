/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU's image locks: whether a running guest holds an image file. */
#ifndef DW_DEV_HOSTLOCK_H
#define DW_DEV_HOSTLOCK_H

#include "base/err.h"

/*
 * QEMU says what it does with an image, and what it bears others to do, by
 * OFD locks on single bytes of the file (its block/file-posix.c): byte
 * 100 + n is held shared by whoever needs permission n, byte 200 + n by
 * whoever does not share permission n.  Permissions: 0 consistent read,
 * 1 write, 2 write unchanged, 3 resize.
 *
 * Takes our own locks the same way, so that a QEMU started later is refused
 * too, and checks those of others: DW_BUSY.  They go with the descriptor.  A
 * filesystem without locks is taken as it is.
 */
int dw_hostlock_take(int fd, const char *path, bool rdwr, struct dw_err *err);

#endif
