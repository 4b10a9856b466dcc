/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing a raw file where it lies, with a way back. */
#ifndef DW_JOB_INPLACE_H
#define DW_JOB_INPLACE_H

#include "base/ctx.h"
#include "job/undo.h"

/* New content of a range, held in memory: once bytes are inserted in front,
 * nothing can be read through the old devices any more. */
struct dw_patch {
	uint64_t off;		/* in the file as it will be */
	uint64_t len;
	uint8_t *data;
};

struct dw_inplace {
	struct dw_dev *file;	/* writable, plain on the host */
	const char *undo_path;
	uint64_t insert_len;	/* put in front; 0: nothing is */
	uint64_t size;		/* of the file when done */
	uint64_t cap_len;	/* of what may be held in memory */
	struct dw_patch *patches;
	size_t patches_nr;
	uint64_t held_len;
	struct dw_undo_record record;
};

/*
 * Plans to write 'len' bytes of 'from', at from_off, over what the file holds
 * at old_off before the insertion.
 */
int dw_inplace_add(struct dw_inplace *job, struct dw_dev *from,
		   uint64_t from_off, uint64_t old_off, uint64_t len,
		   struct dw_err *err);

/* Plans to write bytes into the inserted room. */
int dw_inplace_add_new(struct dw_inplace *job, uint64_t off, const void *data,
		       uint64_t len, struct dw_err *err);

/*
 * Carries it out: the record, the insertion, the patches in the order they
 * were added.  The last patch is what makes the others real (a boot sector):
 * all else is durable before it.  A failure undoes what was done.
 * On success the record is still there: dw_inplace_finish() once the result
 * was verified, or dw_inplace_undo().
 */
int dw_inplace_run(struct dw_ctx *ctx, struct dw_inplace *job,
		   struct dw_err *err);
int dw_inplace_finish(struct dw_inplace *job, struct dw_err *err);
int dw_inplace_undo(struct dw_inplace *job, struct dw_err *err);
void dw_inplace_free(struct dw_inplace *job);

#endif
