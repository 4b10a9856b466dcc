/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device that remembers what was done to it, so that a test can build what
 * a crash leaves: any of the writes since a flush may be lost. */
#ifndef TESTS_UNIT_RECORD_H
#define TESTS_UNIT_RECORD_H

#include "dev/dev.h"

enum record_kind { RECORD_WRITE, RECORD_RESIZE, RECORD_FLUSH };

struct record_op {
	enum record_kind kind;
	uint64_t off;		/* RESIZE: the new size */
	uint64_t len;
	uint8_t *data;
};

struct record_log {
	struct record_op *ops;
	size_t nr;
	uint32_t sector_len;	/* what a crash does not tear; 0: 512 */
};

/* Passes everything on to below.  What is discarded is overwritten with noise:
 * nothing may depend on it.  The log outlives the device. */
struct dw_dev *record_new(struct dw_dev *below, struct record_log *log);
void record_free(struct record_log *log);

/* The last flush among the first nr operations: its index + 1, or 0. */
size_t record_flushed(const struct record_log *log, size_t nr);

/*
 * Does to dev, which is as the recorded one was at first, all operations that
 * were flushed among the first nr; and some of the others, if seed is not 0,
 * else all: writes may come in part, by sectors.
 */
void record_replay(const struct record_log *log, size_t nr, unsigned seed,
		   struct dw_dev *dev);

#endif
