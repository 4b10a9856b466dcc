/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filesystem images for tests: made and judged by e2fsprogs. */
#ifndef TESTS_UNIT_FSIMG_H
#define TESTS_UNIT_FSIMG_H

#include "fs/fs.h"

/* Ends the program with 77 where a tool is missing. */
void fsimg_require_tools(void);

/* The path of a file in a folder of this test's own, removed at exit; ends the
 * program where fsimg_require_tools() has not made that folder. */
const char *fsimg_path(const char *name);

/* Runs a shell command made from a format; its output, stderr included, stays
 * in *out (NULL: dropped) until the next call.  Returns the exit status. */
int fsimg_run(const char **out, const char *fmt, ...) DW_PRINTF(2, 3);

/* mke2fs; stops the test where it fails. */
const char *fsimg_make(const char *name, const char *size, const char *args);

/* e2fsck -fn finds nothing at all; otherwise the test stops and shows it. */
void fsimg_check(const char *path);

/* Opens the image, or stops the test. */
struct dw_fs *fsimg_open(struct dw_ctx *ctx, const char *path, unsigned flags);
/* Flushes what was written, closes, checks. */
void fsimg_close(struct dw_fs *fs, const char *path);

#endif
