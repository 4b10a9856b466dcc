/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks of the journal, one by one and along its log. */
#include <string.h>

#include "base/checked.h"
#include "fs/journal.h"

/* Reads the piece of the journal that begins with block 'log'. */
static int fill(struct dw_journal *j, uint32_t log, struct dw_err *err)
{
	uint32_t nr, len = j->fs.block_len;
	uint64_t blk = dw_journal_map_get(&j->map, log, &nr);
	int ret;

	nr = j->read_ahead ? (uint32_t)dw_min(nr, j->buf_cap_nr) : 1;
	j->buf_nr = 0;
	ret = dw_ctx_check(j->ctx, err);
	if (!ret)
		ret = dw_dev_pread(j->dev, blk * len, j->buf, (size_t)nr * len,
				   err);
	if (ret)
		return ret;
	j->buf_log = log;
	j->buf_nr = nr;
	return 0;
}

int dw_journal_block(struct dw_journal *j, uint32_t log, const uint8_t **block,
		     struct dw_err *err)
{
	int ret;

	*block = NULL;
	if (log >= j->map.blk_nr)
		return dw_fail(err, DW_CORRUPT, "journal: block %u of %llu",
			       log, (unsigned long long)j->map.blk_nr);
	if (log < j->buf_log || log - j->buf_log >= j->buf_nr) {
		ret = fill(j, log, err);
		if (ret)
			return ret;
	}
	*block = j->buf + (size_t)(log - j->buf_log) * j->fs.block_len;
	return 0;
}

void dw_journal_walk_start(struct dw_journal *j, struct dw_journal_walk *w)
{
	w->j = j;
	w->pos = j->sb.start;
	w->left_nr = j->sb.start ? j->fmt.end - j->sb.first : 0;
	w->transaction = 0;
}

uint32_t dw_journal_walk_sequence(const struct dw_journal_walk *w)
{
	/* Sequence numbers wrap. */
	return w->j->sb.sequence + w->transaction;
}

uint32_t dw_journal_walk_turn(const struct dw_journal_walk *w)
{
	return w->j->fmt.end - w->j->sb.first - w->left_nr;
}

uint32_t dw_journal_turn_to_log(const struct dw_journal *j, uint32_t turn)
{
	uint32_t to_end = j->fmt.end - j->sb.start;

	return turn < to_end ? j->sb.start + turn
			     : j->sb.first + (turn - to_end);
}

bool dw_journal_walk_skip(struct dw_journal_walk *w, uint32_t nr)
{
	uint32_t to_end = w->j->fmt.end - w->pos;

	if (nr > w->left_nr)
		return false;
	w->left_nr -= nr;
	w->pos = nr < to_end ? w->pos + nr : w->j->sb.first + (nr - to_end);
	return true;
}

int dw_journal_walk_next(struct dw_journal_walk *w, uint8_t *block,
			 uint32_t *type, struct dw_err *err)
{
	const uint8_t *p;
	uint32_t sequence;
	int ret;

	*type = 0;
	if (!w->left_nr)
		return 0;
	ret = dw_journal_block(w->j, w->pos, &p, err);
	if (ret)
		return ret;
	if (!dw_jbd2_decode_header(p, type, &sequence) ||
	    sequence != dw_journal_walk_sequence(w)) {
		*type = 0;
		return 0;
	}
	memcpy(block, p, w->j->fs.block_len);
	dw_journal_walk_skip(w, 1);
	return 0;
}
