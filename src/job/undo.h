/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record that makes a file whole again after an in-place job died. */
#ifndef DW_JOB_UNDO_H
#define DW_JOB_UNDO_H

#include "base/ctx.h"
#include "dev/dev.h"
#include "dev/hostmap.h"

struct dw_undo_range {
	uint64_t off, len;	/* before anything was inserted */
	uint8_t *data;		/* what was there */
};

struct dw_undo_record {
	uint64_t old_size;
	uint64_t insert_len;	/* inserted at offset 0; 0: nothing is */
	struct dw_hostmap before;
	struct dw_undo_range *ranges;
	size_t ranges_nr;
};

/* Adds a range with what the device holds there now. */
int dw_undo_add_range(struct dw_undo_record *record, struct dw_dev *dev,
		      uint64_t off, uint64_t len, struct dw_err *err);

/* Writes the record durably under its name; DW_EXISTS where there is one. */
int dw_undo_write(const struct dw_undo_record *record, const char *path,
		  struct dw_err *err);
int dw_undo_read(const char *path, struct dw_undo_record *out,
		 struct dw_err *err);
void dw_undo_record_free(struct dw_undo_record *record);

/* Makes the file what the record says, durably.  May be repeated after it was
 * itself cut short. */
int dw_undo_apply(const struct dw_undo_record *record, struct dw_dev *file,
		  struct dw_err *err);

/* Removes the record durably: the job is complete, or undone. */
int dw_undo_remove(const char *path, struct dw_err *err);

#endif
