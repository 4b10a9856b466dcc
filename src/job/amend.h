/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changing files of a filesystem where it lies in an image.
 *
 *   the device in the image -> overlay: recovered -> overlay: changed
 *
 * Everything is decided on the overlays; bytes of files stay with their source
 * until the device gets them, in blocks that were free.
 */
#ifndef DW_JOB_AMEND_H
#define DW_JOB_AMEND_H

#include "fs/fs.h"
#include "stack/stack.h"

/* A file that gets new content. */
struct dw_amend_file {
	char *path;
	struct dw_dev *content;		/* a reference */
	uint64_t behind_len;	/* old bytes that stay in front of it */
};

/* A run of such content, and its place on the device. */
struct dw_amend_run {
	struct dw_dev *content;		/* that of its file */
	uint64_t content_off, dev_off, len;
};

struct dw_amend {
	struct dw_ctx *ctx;
	struct dw_stack stack;
	struct dw_fs_info info;		/* as the device has it */
	struct dw_dev *recovered;
	struct dw_dev *changed;
	struct dw_fs *fs;		/* on 'changed' */
	struct dw_amend_file *files;
	size_t files_nr;
	struct dw_amend_run *runs;
	size_t runs_nr, runs_cap;
	struct dw_change_cost cost;	/* known after dw_amend_plan() */
};

/*
 * Opens the filesystem that a locator names, recovered in memory.  flags: enum
 * dw_open_flags; without DW_OPEN_RDWR it can be planned, but not run.  Refused:
 * one marked as having errors, be it in its journal only, and one that was not
 * unmounted and has no journal to recover it.  Closed after an error, too.
 */
int dw_amend_open(struct dw_ctx *ctx, const char *locator, const char *format,
		  unsigned flags, struct dw_amend *a, struct dw_err *err);
int dw_amend_close(struct dw_amend *a, struct dw_err *err);
/* What a filesystem says has the path in it, but not the image; 0 stays 0. */
int dw_amend_say_where(const struct dw_amend *a, int code, struct dw_err *err);

/* Gives a file new content, or makes it; see dw_fs_place_file().  Pieces of
 * zeros of 64 KiB become holes, but with no_holes. */
int dw_amend_file(struct dw_amend *a, const char *path, struct dw_dev *content,
		  bool no_holes, const struct dw_new *new, struct dw_err *err);

/*
 * Puts bytes behind those that a file has, which stay where they are unless the
 * filesystem keeps the file in another way than in plain blocks.
 */
int dw_amend_append(struct dw_amend *a, const char *path, const void *bytes,
		    size_t len, struct dw_err *err);

/* The name of a copy, which the caller frees; DW_USAGE for what is no suffix. */
int dw_amend_name_backup(const char *path, const char *suffix, char **out,
			 struct dw_err *err);
/* DW_EXISTS where it is there. */
int dw_amend_check_backup(struct dw_amend *a, const char *backup,
			  struct dw_err *err);
/* Copies a file that was not changed yet, with owner, mode, attributes and
 * times, to one that is not there. */
int dw_amend_backup(struct dw_amend *a, const char *path, const char *backup,
		    struct dw_err *err);

/* Before any change of a->fs: what stands in the way of all of them, as
 * dw_amend_plan() says it. */
int dw_amend_check(struct dw_amend *a, bool force, struct dw_err *err);

/* After all changes of a->fs: decides how they get to the device.  Where only
 * DW_CHANGE_BARE is left, that takes 'force'. */
int dw_amend_plan(struct dw_amend *a, bool force, struct dw_err *err);

/* Carries it out, and compares the files with their content. */
int dw_amend_run(struct dw_amend *a, struct dw_err *err);

/* Notes a file whose bytes are to be compared at the end. */
int dw_amend_add_file(struct dw_amend *a, const char *path,
		      struct dw_dev *content, uint64_t behind_len,
		      struct dw_err *err);
/* As dw_fs_run_fn; arg is a struct dw_amend_source. */
int dw_amend_add_run(void *arg, uint64_t file_off, uint64_t dev_off,
		     uint64_t len, struct dw_err *err);

/* ---- content (amend_content.c) ------------------------------------------ */

/* Where the source of a file holds data. */
struct dw_amend_source {
	struct dw_amend *a;
	struct dw_dev *content;
	bool no_holes;
	uint8_t *buf;		/* one unit */
	size_t buf_len;
};

int dw_amend_next_data(void *arg, uint64_t off, uint64_t unit_len,
		       uint64_t *data_off, uint64_t *data_len,
		       struct dw_err *err);
/* Writes all runs to the device. */
int dw_amend_copy(struct dw_amend *a, struct dw_err *err);
/* Reads each file from the device and compares it with its content. */
int dw_amend_verify(struct dw_amend *a, struct dw_err *err);

/* DW_CORRUPT where bytes of files are to lie in a block of the filesystem
 * itself that changes, too (amend_apart.c). */
int dw_amend_check_apart(struct dw_amend *a, struct dw_err *err);

/* ---- without a journal (amend_bare.c) ------------------------------------ */

/* DW_EXISTS where a record is left of a change that was cut short: what looks
 * free may belong to what it brings back. */
int dw_amend_check_undone(const struct dw_amend *a, struct dw_err *err);
/* Whether the image is a file, which has a folder for an undo record to last
 * in: that of a block device is made anew on each boot. */
bool dw_amend_on_file(struct dw_amend *a);
/* Whether all that changes lies plain in the image's own file, a raw one, so
 * that an undo record can be kept of it. */
bool dw_amend_can_undo(struct dw_amend *a);
int dw_amend_run_undo(struct dw_amend *a, struct dw_err *err);
int dw_amend_run_bare(struct dw_amend *a, struct dw_err *err);

#endif
