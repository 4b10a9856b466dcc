/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The copy engine: wanted bytes of a disk into a new image. */
#ifndef DW_JOB_COPY_H
#define DW_JOB_COPY_H

#include "base/ctx.h"
#include "formats/format.h"
#include "fs/fs.h"

struct dw_copy {
	struct dw_dev *disk;		/* what the new image shall hold */
	struct dw_writer *writer;	/* of an image of the same size */
	const struct dw_used_run *runs;	/* ascending, never touching */
	size_t runs_nr;
	uint64_t read_len;		/* results: bytes looked at ... */
	uint64_t written_len;		/* ... and of them not zero */
};

/*
 * Copies the runs; everything else, and every unit that is zero, stays zero
 * in the new image.  Works on ctx's threads; the image's bytes are the same
 * for any number of them.  Does not finish the writer.
 */
int dw_copy_run(struct dw_ctx *ctx, struct dw_copy *copy, struct dw_err *err);

#endif
