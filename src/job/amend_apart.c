/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes of files and blocks of the filesystem itself must lie apart. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "job/amend.h"

/*
 * The bytes are on the device before the blocks: one that is both would lose
 * the bytes, and they would have been written over what a crash needs.
 */
struct apart {
	const struct dw_amend_run *runs;	/* ascending on the device */
	size_t nr;
	size_t next;	/* those before end before the block */
};

static int compare_runs(const void *a, const void *b)
{
	const struct dw_amend_run *x = a, *y = b;

	return (x->dev_off > y->dev_off) - (x->dev_off < y->dev_off);
}

/* The blocks come ascending, too. */
static int check_block(void *arg, uint64_t off, uint64_t len,
		       struct dw_err *err)
{
	struct apart *p = arg;
	const struct dw_amend_run *run;

	while (p->next < p->nr &&
	       p->runs[p->next].dev_off + p->runs[p->next].len <= off)
		p->next++;
	if (p->next == p->nr)
		return 0;
	run = &p->runs[p->next];
	if (run->dev_off >= off + len)
		return 0;
	return dw_fail(err, DW_CORRUPT, "the block at %" PRIu64 " is one of "
		       "the filesystem itself, and of the %" PRIu64 " bytes at "
		       "%" PRIu64 " of a file as well", off, run->len,
		       run->dev_off);
}

int dw_amend_check_apart(struct dw_amend *a, struct dw_err *err)
{
	struct dw_amend_run *runs;
	struct apart p;
	int ret;

	if (!a->runs_nr)
		return 0;
	runs = malloc(a->runs_nr * sizeof(*runs));
	if (!runs)
		return dw_fail_nomem(err);
	memcpy(runs, a->runs, a->runs_nr * sizeof(*runs));
	qsort(runs, a->runs_nr, sizeof(*runs), compare_runs);
	p = (struct apart) { .runs = runs, .nr = a->runs_nr };
	ret = dw_fs_changed(a->ctx, a->recovered, a->changed, check_block, &p,
			    err);
	free(runs);
	return ret;
}
