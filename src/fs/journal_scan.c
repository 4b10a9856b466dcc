/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* First pass over a journal: where does the valid log end? */
#include <stdlib.h>
#include <string.h>

#include "base/sum.h"
#include "fs/journal.h"

#define CRC32_TYPE	1u
#define CRC32_LEN	4u

struct scan {
	struct dw_journal_walk walk;
	struct dw_journal_end *end;
	uint64_t tags_nr;	/* of the transaction in progress */
	uint32_t sum;		/* of it, where whole transactions have one */
	uint64_t last_time;	/* of the last good commit */
	bool is_suspect;	/* a block with a wrong checksum was met */
	bool is_done;
};

/* Version 1 sums up the descriptors and what they describe, in log order. */
static int sum_data(struct scan *s, const uint8_t *block, uint32_t nr,
		    struct dw_err *err)
{
	struct dw_journal *j = s->walk.j;
	const uint8_t *data;
	int ret;

	s->sum = dw_crc32_be(s->sum, block, j->fs.block_len);
	for (; nr && s->walk.left_nr; nr--) {
		ret = dw_journal_block(j, s->walk.pos, &data, err);
		if (ret)
			return ret;
		s->sum = dw_crc32_be(s->sum, data, j->fs.block_len);
		dw_journal_walk_skip(&s->walk, 1);
	}
	/* More than the log has left: it has no commit behind it. */
	s->is_done = nr > 0;
	return 0;
}

static int scan_descriptor(struct scan *s, const uint8_t *block,
			   struct dw_err *err)
{
	const struct dw_jbd2_format *fmt = &s->walk.j->fmt;
	uint32_t nr = dw_jbd2_count_tags(fmt, block);

	/* This may be a stale block of an older log that happens to have the
	 * number of this transaction; the commit block will tell. */
	if (!dw_jbd2_block_sum_ok(fmt, block))
		s->is_suspect = true;
	s->tags_nr += nr;
	if (fmt->csum == 1)
		return sum_data(s, block, nr, err);
	s->is_done = !dw_journal_walk_skip(&s->walk, nr);
	return 0;
}

static bool commit_is_good(const struct scan *s, const uint8_t *block,
			   const struct dw_jbd2_commit *commit)
{
	const struct dw_jbd2_format *fmt = &s->walk.j->fmt;

	if (fmt->csum != 1)
		return dw_jbd2_commit_sum_ok(fmt, block);
	/* A commit written without waiting for its sum has none. */
	if (!commit->csum_type && !commit->csum_len && !commit->csum)
		return true;
	return commit->csum_type == CRC32_TYPE &&
	       commit->csum_len == CRC32_LEN && commit->csum == s->sum;
}

/*
 * A wrong checksum ends the log.  Where the time of the commit says that it
 * is older than the log before it, it is a remainder of an earlier round and
 * the end is a normal one; otherwise the transaction is damaged.
 */
static void scan_commit(struct scan *s, const uint8_t *block)
{
	struct dw_journal_end *end = s->end;
	struct dw_jbd2_commit commit;
	bool is_old;

	dw_jbd2_decode_commit(block, &commit);
	is_old = commit.time < s->last_time;
	if (s->is_suspect) {
		end->is_aborted = !is_old;
		end->failed_sequence = dw_journal_walk_sequence(&s->walk);
		s->is_done = true;
		return;
	}
	if (!commit_is_good(s, block, &commit)) {
		/* Where commits do not wait for their data, a wrong sum is
		 * what an interrupted one looks like. */
		end->has_failed = !is_old && !s->walk.j->fmt.is_async;
		end->failed_sequence = dw_journal_walk_sequence(&s->walk);
		s->is_done = true;
		return;
	}
	s->last_time = commit.time;
	s->sum = ~0u;
	end->tags_nr += s->tags_nr;
	s->tags_nr = 0;
	end->transactions_nr = ++s->walk.transaction;
}

static int scan_block(struct scan *s, const uint8_t *block, uint32_t type,
		      struct dw_err *err)
{
	switch (type) {
	case DW_JBD2_DESCRIPTOR:
		return scan_descriptor(s, block, err);
	case DW_JBD2_COMMIT:
		scan_commit(s, block);
		return 0;
	case DW_JBD2_REVOKE:
		if (!dw_jbd2_block_sum_ok(&s->walk.j->fmt, block))
			s->is_suspect = true;
		return 0;
	default:
		s->is_done = true;
		return 0;
	}
}

int dw_journal_scan(struct dw_journal *j, struct dw_journal_end *out,
		    struct dw_err *err)
{
	struct scan s = { .end = out, .sum = ~0u };
	uint8_t *block;
	uint32_t type;
	int ret;

	memset(out, 0, sizeof(*out));
	block = malloc(j->fs.block_len);
	if (!block)
		return dw_fail_nomem(err);
	j->read_ahead = j->fmt.csum == 1;
	dw_journal_walk_start(j, &s.walk);
	/* Ends because each turn passes a block of the log and there are
	 * left_nr of them. */
	do {
		ret = dw_journal_walk_next(&s.walk, block, &type, err);
		if (!ret)
			ret = scan_block(&s, block, type, err);
	} while (!ret && !s.is_done);
	free(block);
	return ret;
}
