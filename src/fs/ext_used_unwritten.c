/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Blocks that a file was given and never wrote (fallocate) read as zeros,
 * whatever the disk has there: what was deleted before, often.  A copy leaves
 * them holes.
 *
 * That holds only where nothing else has them.  So everything that is written
 * is kept beside what is not, and one block in both lists, like any other
 * damage, means that all blocks are copied.
 */
#include <stdlib.h>

#include "base/checked.h"
#include "fs/ext_used.h"

/* Runs of either kind; with more of them the blocks are copied. */
#define SPANS_MAX (1u << 20)

static int note(struct dw_used_scan *s, struct dw_spans *to, uint64_t first,
		uint64_t nr, struct dw_err *err)
{
	if (s->unwritten_unknown)
		return 0;
	if (to->nr == SPANS_MAX) {
		s->unwritten_unknown = true;
		return 0;
	}
	return dw_spans_add(s->f, to, first, first + nr, err);
}

int dw_used_note_written(struct dw_used_scan *s, uint64_t first, uint64_t nr,
			 struct dw_err *err)
{
	return note(s, &s->written, first, nr, err);
}

int dw_used_note_unwritten(struct dw_used_scan *s, uint64_t first, uint64_t nr,
			   struct dw_err *err)
{
	return note(s, &s->unwritten, first, nr, err);
}

/* Both are sorted, and apart in themselves. */
static bool have_common(const struct dw_spans *a, const struct dw_spans *b)
{
	size_t i = 0, k = 0;

	while (i < a->nr && k < b->nr) {
		if (a->v[i].end <= b->v[k].first)
			i++;
		else if (b->v[k].end <= a->v[i].first)
			k++;
		else
			return true;
	}
	return false;
}

static int leave_out(struct dw_used_scan *s, struct dw_used *u,
		     struct dw_err *err)
{
	uint64_t block_len = s->fs->blocksize;
	struct dw_used_run *runs = calloc(s->unwritten.nr, sizeof(*runs));
	size_t i;
	int ret;

	if (!runs)
		return dw_fail_nomem(err);
	for (i = 0; i < s->unwritten.nr; i++) {
		const struct dw_span *span = &s->unwritten.v[i];

		runs[i].off = span->first * block_len;
		runs[i].len = (span->end - span->first) * block_len;
	}
	ret = dw_used_subtract(u, runs, s->unwritten.nr, err);
	free(runs);
	return ret;
}

int dw_used_leave_unwritten_out(struct dw_used_scan *s, struct dw_used *u,
				struct dw_err *err)
{
	if (!s->unwritten.nr || s->unwritten_unknown || s->damaged_nr ||
	    u->unmarked_blk_nr || s->fs->super->s_state & EXT2_ERROR_FS)
		return 0;
	dw_spans_join(&s->unwritten);
	dw_spans_join(&s->written);
	return have_common(&s->unwritten, &s->written) ? 0
		: leave_out(s, u, err);
}
