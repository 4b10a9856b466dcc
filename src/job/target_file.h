/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file inside an image that a job writes to. */
#ifndef DW_JOB_TARGET_FILE_H
#define DW_JOB_TARGET_FILE_H

#include "fs/fs.h"
#include "stack/stack.h"

/* DW_USAGE where the locator ends without a path. */
int dw_target_path_given(const struct dw_stack *stack, const char *locator,
			 struct dw_err *err);

struct dw_target_file {
	bool exists;
	uint64_t size;
};

/*
 * What is at path, links followed; nothing there is no error.  Refused: what
 * is no regular file, and without 'force' what is marked immutable or
 * append-only, or would be new in such a folder.  notes: what the new file
 * will lack.
 */
int dw_target_file_find(struct dw_fs *fs, const char *path, bool force,
			struct dw_target_file *out, struct dw_notes *notes,
			struct dw_err *err);

/* The path up to the last name; the caller frees it.  NULL: no memory. */
char *dw_target_folder(const char *path);

#endif
