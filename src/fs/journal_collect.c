/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Second and third pass over a journal: its blocks, and what revokes them. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fs/journal.h"

struct pass {
	struct dw_journal_walk walk;
	struct dw_journal_end *end;
	struct dw_journal_table *table;
};

/* What happens to one header block of a pass. */
typedef int (*block_fn)(struct pass *p, const uint8_t *block, uint32_t type,
			struct dw_err *err);

static int add_entry(struct pass *p, const struct dw_jbd2_tag *tag,
		     struct dw_err *err)
{
	struct dw_journal_walk *w = &p->walk;
	struct dw_journal_table *table = p->table;
	struct dw_journal *j = w->j;
	struct dw_journal_entry *e;
	const uint8_t *data;
	bool is_bad = false;
	int ret;

	if (table->nr == table->cap || !w->left_nr ||
	    tag->blk >= DW_JOURNAL_MAX_HOME)
		return dw_fail(err, DW_CORRUPT, "journal: transaction %u "
			       "changes block %llu of %llu",
			       dw_journal_walk_sequence(w),
			       (unsigned long long)tag->blk,
			       (unsigned long long)j->fs.dev_blk_nr);
	if (j->fmt.csum >= 2) {
		ret = dw_journal_block(j, w->pos, &data, err);
		if (ret)
			return ret;
		is_bad = !dw_jbd2_data_sum_ok(&j->fmt, tag,
					      dw_journal_walk_sequence(w),
					      data);
	}
	e = &table->entries[table->nr++];
	e->home = tag->blk;
	e->is_escaped = !!(tag->flags & DW_JBD2_TAG_ESCAPE);
	e->is_bad = is_bad;
	e->turn = dw_journal_walk_turn(w);
	e->transaction = w->transaction;
	dw_journal_walk_skip(w, 1);
	return 0;
}

static int collect_block(struct pass *p, const uint8_t *block, uint32_t type,
			 struct dw_err *err)
{
	uint32_t pos = DW_JBD2_HEADER_LEN;
	struct dw_jbd2_tag tag;
	int ret = 0;

	if (type != DW_JBD2_DESCRIPTOR)
		return 0;
	while (!ret && dw_jbd2_next_tag(&p->walk.j->fmt, block, &pos, &tag))
		ret = add_entry(p, &tag, err);
	return ret;
}

static int revoke_block(struct pass *p, const uint8_t *block, uint32_t type,
			struct dw_err *err)
{
	const struct dw_jbd2_format *fmt = &p->walk.j->fmt;
	uint32_t pos = DW_JBD2_REVOKE_HEADER_LEN, used_len, record_len;

	if (type == DW_JBD2_DESCRIPTOR)
		dw_journal_walk_skip(&p->walk, dw_jbd2_count_tags(fmt, block));
	if (type != DW_JBD2_REVOKE)
		return 0;
	if (!dw_jbd2_decode_revoke(fmt, block, &used_len, &record_len)) {
		p->end->is_aborted = true;
		p->end->failed_sequence = dw_journal_walk_sequence(&p->walk);
		p->table->nr = 0;
		return 0;
	}
	for (; pos < used_len && record_len <= used_len - pos;
	     pos += record_len)
		dw_journal_table_revoke(p->table,
					record_len == 8 ? dw_be64(block + pos)
							: dw_be32(block + pos),
					p->walk.transaction);
	return 0;
}

/* Ends because each turn passes a block of the log. */
static int run_pass(struct dw_journal *j, struct pass *p, block_fn fn,
		    struct dw_err *err)
{
	uint8_t *block;
	uint32_t type = 0;
	int ret = 0;

	block = malloc(j->fs.block_len);
	if (!block)
		return dw_fail_nomem(err);
	dw_journal_walk_start(j, &p->walk);
	while (!ret && !p->end->is_aborted &&
	       p->walk.transaction < p->end->transactions_nr) {
		ret = dw_journal_walk_next(&p->walk, block, &type, err);
		if (!ret && !type)
			ret = dw_fail(err, DW_IO, "journal: transaction %u is "
				      "no longer what it was",
				      dw_journal_walk_sequence(&p->walk));
		if (!ret && type == DW_JBD2_COMMIT)
			p->walk.transaction++;
		else if (!ret)
			ret = fn(p, block, type, err);
	}
	free(block);
	return ret;
}

int dw_journal_collect(struct dw_journal *j, struct dw_journal_end *end,
		       struct dw_journal_table *out, struct dw_err *err)
{
	struct pass p = { .end = end, .table = out };
	int ret;

	ret = dw_journal_table_new(end->tags_nr, out, err);
	if (ret)
		return ret;
	/* Only checksums make the data worth reading here. */
	j->read_ahead = j->fmt.csum >= 2;
	ret = run_pass(j, &p, collect_block, err);
	if (!ret) {
		dw_journal_table_sort(out);
		j->read_ahead = false;
		ret = run_pass(j, &p, revoke_block, err);
	}
	if (ret)
		dw_journal_table_free(out);
	return ret;
}

static int compare_runs(const void *a, const void *b)
{
	const struct dw_journal_run *x = a, *y = b;

	return (x->blk > y->blk) - (x->blk < y->blk);
}

/* Both lists are sorted by block, so that one walk along them suffices. */
static int check_sorted(const struct dw_journal *j,
			const struct dw_journal_run *runs,
			const struct dw_journal_table *table,
			struct dw_err *err)
{
	size_t i, run = 0;
	uint64_t home;

	for (i = 0; i < table->nr; i++) {
		home = table->entries[i].home;
		if (home >= j->fs.dev_blk_nr)
			return dw_fail(err, DW_CORRUPT, "journal: transaction "
				       "%u changes block %llu of %llu",
				       j->sb.sequence +
				       table->entries[i].transaction,
				       (unsigned long long)home,
				       (unsigned long long)j->fs.dev_blk_nr);
		while (run < j->map.runs_nr &&
		       runs[run].blk + runs[run].nr <= home)
			run++;
		if (run < j->map.runs_nr && runs[run].blk <= home)
			return dw_fail(err, DW_CORRUPT, "journal: transaction "
				       "%u changes block %llu of the journal "
				       "itself", j->sb.sequence +
				       table->entries[i].transaction,
				       (unsigned long long)home);
	}
	return 0;
}

int dw_journal_check_homes(const struct dw_journal *j,
			   const struct dw_journal_table *table,
			   struct dw_err *err)
{
	size_t len = j->map.runs_nr * sizeof(*j->map.runs);
	struct dw_journal_run *runs = malloc(len);
	int ret;

	if (!runs)
		return dw_fail_nomem(err);
	memcpy(runs, j->map.runs, len);
	qsort(runs, j->map.runs_nr, sizeof(*runs), compare_runs);
	ret = check_sorted(j, runs, table, err);
	free(runs);
	return ret;
}
