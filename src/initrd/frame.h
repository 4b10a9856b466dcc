/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an archive needs around it to be taken behind the ones in front. */
#ifndef DW_INITRD_FRAME_H
#define DW_INITRD_FRAME_H

#include "base/buf.h"
#include "initrd/cpio.h"

/*
 * The bytes that are appended to an initrd of old_len bytes, whose last archive
 * ends as tail says: the archive 'data' with zeros in front, or packed where
 * nothing else is taken there.  data is taken over, also by a failure; the
 * caller frees *out.  DW_UNSUPPORTED where the kernel would not read that far.
 */
int dw_initrd_frame(const struct dw_cpio_tail *tail, uint64_t old_len,
		    char *data, size_t len, char **out, size_t *out_len,
		    struct dw_err *err);

#endif
