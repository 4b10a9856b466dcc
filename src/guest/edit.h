/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The edits that a plan holds: new contents of files, and what changes. */
#ifndef DW_GUEST_EDIT_H
#define DW_GUEST_EDIT_H

#include "base/buf.h"
#include "base/changes.h"
#include "fs/fs.h"

struct dw_edit {
	char *path;		/* links resolved; where it will be written */
	char *data;
	size_t len;
	bool is_new;		/* the file is not there yet */
	uint32_t mode;		/* of a new file; 0: default */
};

/* Start with { 0 }.  The files in the order they were first edited. */
struct dw_edits {
	struct dw_edit *items;
	size_t nr;
	size_t cap;
	struct dw_changes changes;	/* of all of them, with their paths */
};

void dw_edits_free(struct dw_edits *edits);

/* A pure editor: text to text, with its changes.  It appends the whole new
 * text to out. */
typedef int (*dw_edit_fn)(const char *text, size_t len, const void *arg,
			  struct dw_buf *out, struct dw_changes *changes,
			  struct dw_err *err);

/*
 * Runs an editor on a file of the guest, on top of what earlier edits of the
 * same file made of it (under any of its names).  Nothing is written.  A file
 * that is missing, no regular file, or over 4 MiB (then with a remark) is left
 * alone, which is success.
 */
int dw_edits_run(struct dw_edits *edits, struct dw_fs *fs, const char *path,
		 dw_edit_fn fn, const void *arg, struct dw_err *err);

/* Sets the whole content of a file, new or not.  The changes, without their
 * path, are taken over; where there are none, one for the whole file is
 * added with the note (NULL allowed). */
int dw_edits_set(struct dw_edits *edits, struct dw_fs *fs, const char *path,
		 const char *data, size_t len, uint32_t mode,
		 struct dw_changes *changes, const char *note,
		 struct dw_err *err);

/* The content a file has with these edits: a copy, NUL-terminated, that the
 * caller frees.  DW_NOENT where it is missing. */
int dw_edits_read(const struct dw_edits *edits, struct dw_fs *fs,
		  const char *path, char **data, size_t *len,
		  struct dw_err *err);

/* Writes all files; existing ones stay themselves (inode, owner, mode). */
int dw_edits_apply(const struct dw_edits *edits, struct dw_fs *fs,
		   struct dw_err *err);

#endif
