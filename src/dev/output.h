/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An output: bytes that become a file under its name only at the end. */
#ifndef DW_DEV_OUTPUT_H
#define DW_DEV_OUTPUT_H

#include "dev/dev.h"
#include "dev/kinds.h"

/*
 * Order of a commit: fdatasync of the bytes (not with DW_OUTPUT_NO_SYNC),
 * then the name (link or rename), then fsync of the folder.  A crash before
 * the name leaves nothing (O_TMPFILE) or one temporary file; after it, all.
 * Only what had the name when the output was opened is replaced; anything else
 * that has it by now is DW_EXISTS.
 * What went to standard output cannot be taken back: there a commit is the
 * last of it, and an abort shows in the exit status only.
 */
struct dw_output_driver {
	int (*commit)(struct dw_output *out, struct dw_err *err);
	/* NULL: nothing can be taken back. */
	void (*withdraw)(struct dw_output *out);
	void (*close)(struct dw_output *out);
};

struct dw_output {
	const struct dw_output_driver *driver;
	struct dw_dev *dev;	/* where to write; grows with dw_dev_resize() */
	char *path;
	bool is_block;		/* a block device, written in place */
	bool is_pipe;		/* "-": only sequential writers can */
	bool no_sync;		/* durability is left to the host */
	bool committed;
};

/* For drivers: fills the common part; path is copied. */
int dw_output_init(struct dw_output *out, const struct dw_output_driver *driver,
		   const char *path, struct dw_err *err);

int dw_output_commit(struct dw_output *out, struct dw_err *err);

/*
 * Where several outputs are one result: all are flushed, which is what mostly
 * fails, before the first is committed; and a later one that cannot be
 * committed takes those before it away again.  What replaced another file
 * stays, as that one is gone.
 */
int dw_output_flush(struct dw_output *out, struct dw_err *err);
void dw_output_withdraw(struct dw_output *out);

/* The same output with faults: its device counts reads, writes and flushes,
 * its commit counts as commit.  Takes over inner. */
int dw_output_faulty_take(struct dw_output *inner, struct dw_fault *fault,
			  struct dw_output **out, struct dw_err *err);

#endif
