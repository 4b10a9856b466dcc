/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A transaction on its way into the log: groups of blocks, then a commit. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/sum.h"
#include "fs/journal_write.h"

/* A descriptor could name more data than one wants to hold. */
#define GROUP_LEN_MAX (1u << 20)

struct writer {
	struct dw_journal_tx *tx;
	uint32_t pos;		/* next block of the log */
	uint32_t sum;		/* of version 1 */
	uint8_t *buf;		/* a descriptor and its data */
};

/* Data blocks behind one descriptor. */
static uint32_t group_cap(const struct dw_journal_tx *tx)
{
	uint32_t most = GROUP_LEN_MAX / tx->j.fmt.block_len - 1;

	return (uint32_t)dw_min(dw_jbd2_tags_cap(&tx->j.fmt), most);
}

uint32_t dw_journal_tx_room(const struct dw_journal_tx *tx)
{
	return tx->j.fmt.end - tx->j.sb.first;
}

uint64_t dw_journal_tx_need(const struct dw_journal_tx *tx)
{
	return tx->nr + dw_div_up(tx->nr, group_cap(tx)) + 1;
}

/* The journal's file may be in pieces. */
static int write_log(struct writer *w, const uint8_t *buf, uint32_t nr,
		     struct dw_err *err)
{
	struct dw_journal *j = &w->tx->j;
	uint64_t len = j->fs.block_len, blk;
	uint32_t step;
	int ret = 0;

	for (; nr && !ret; nr -= step, w->pos += step, buf += step * len) {
		blk = dw_journal_map_get(&j->map, w->pos, &step);
		step = (uint32_t)dw_min(step, nr);
		ret = dw_dev_pwrite(j->dev, blk * len, buf, step * len, err);
	}
	return ret;
}

static int write_group(struct writer *w, const uint64_t *homes, uint32_t nr,
		       struct dw_err *err)
{
	struct dw_journal *j = &w->tx->j;
	size_t len = j->fs.block_len;
	int ret = dw_ctx_check(j->ctx, err);

	for (uint32_t i = 0; i < nr && !ret; i++)
		ret = dw_journal_tx_read(w->tx, homes[i],
					 w->buf + (i + 1) * len, err);
	if (ret)
		return ret;
	dw_jbd2_encode_group(&j->fmt, w->buf, homes, nr, j->sb.uuid,
			     w->tx->sequence);
	if (j->fmt.csum == 1)
		w->sum = dw_crc32_be(w->sum, w->buf, (nr + 1) * len);
	return write_log(w, w->buf, nr + 1, err);
}

/*
 * The commit, and behind it a block that is none of the log: nothing that an
 * earlier round left there can pass for a next transaction.
 */
static int write_end(struct writer *w, struct dw_err *err)
{
	struct dw_journal *j = &w->tx->j;
	int64_t now = dw_ctx_now(j->ctx, 0);
	int ret;

	dw_jbd2_encode_commit(&j->fmt, w->buf, w->tx->sequence, now, w->sum);
	ret = write_log(w, w->buf, 1, err);
	if (ret || w->pos == j->fmt.end)
		return ret;
	memset(w->buf, 0, j->fs.block_len);
	return write_log(w, w->buf, 1, err);
}

int dw_journal_tx_write_log(struct dw_journal_tx *tx, struct dw_err *err)
{
	struct writer w = { .tx = tx, .pos = tx->j.sb.first, .sum = ~0u };
	uint32_t cap = group_cap(tx), nr;
	int ret = 0;

	w.buf = malloc((size_t)(cap + 1) * tx->j.fs.block_len);
	if (!w.buf)
		return dw_fail_nomem(err);
	for (size_t i = 0; i < tx->nr && !ret; i += nr) {
		nr = (uint32_t)dw_min(cap, tx->nr - i);
		ret = write_group(&w, tx->homes + i, nr, err);
	}
	if (!ret)
		ret = write_end(&w, err);
	free(w.buf);
	return ret;
}
