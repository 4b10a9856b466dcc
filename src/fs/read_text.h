/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the text files of a guest, of which any may be anything. */
#ifndef DW_FS_READ_TEXT_H
#define DW_FS_READ_TEXT_H

#include "fs/fs.h"

/* Whether a failure to read a path means that the guest has no such file: it
 * is missing, a folder or device, behind a cycle of links, or too long.  Other
 * codes say that the image or the host failed. */
bool dw_fs_has_not(int code);

/* The whole of a file of at most cap_len bytes, NUL-terminated; where the guest
 * has no such file that is success with *text NULL.  The caller frees it. */
int dw_fs_read_text(struct dw_fs *fs, const char *path, size_t cap_len,
		       char **text, size_t *len, struct dw_err *err);

#endif
