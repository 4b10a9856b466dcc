/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a job on a source and an output that fail at a given call. */
#ifndef TESTS_UNIT_FAULTY_H
#define TESTS_UNIT_FAULTY_H

#include "dev/kinds.h"
#include "dev/output.h"

struct faulty {
	struct dw_ctx *ctx;
	char image[300], folder[300], target[400];	/* it lies in folder */
	int (*job)(const void *arg, struct dw_dev *source,
		   struct dw_output *output, struct dw_err *err);
	/* Looks at the target of a job that found a way; may be NULL. */
	void (*look)(struct faulty *f);
	const void *arg;
	struct dw_fault source, output;
	struct dw_err err;
};

/* For image, with an empty folder beside it that is made. */
void faulty_init(struct faulty *f, struct dw_ctx *ctx, const char *image);

/* Once, with the faults that are set; the job's result. */
int faulty_run(struct faulty *f, const void *arg);
/* Once, without any; fails the test where the job does. */
void faulty_run_well(struct faulty *f, const void *arg);

/*
 * The N-th call of one kind fails, for every N that the job reaches; fail_at
 * and calls_nr are members of source or output.  An error has one line and
 * leaves no file; at least least_nr of the runs have one.
 */
void faulty_run_each(struct faulty *f, const void *arg, uint64_t *fail_at,
		     atomic_ullong *calls_nr, uint64_t least_nr);

/* A cancelled job says so and leaves nothing; the context stays cancelled. */
void faulty_cancelled(struct faulty *f, const void *arg);
unsigned faulty_files_nr(const struct faulty *f);

#endif
