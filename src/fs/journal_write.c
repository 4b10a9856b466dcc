/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes the changes of an overlay real, through the filesystem's journal. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "fs/ext_internal.h"
#include "fs/journal_write.h"

static int add_home(void *arg, uint64_t off, uint64_t len, struct dw_err *err)
{
	struct dw_journal_tx *tx = arg;
	size_t cap = tx->cap ? 2 * tx->cap : 64;
	uint64_t *homes;

	if (tx->nr == tx->cap) {
		homes = realloc(tx->homes, cap * sizeof(*homes));
		if (!homes)
			return dw_fail_nomem(err);
		tx->homes = homes;
		tx->cap = cap;
	}
	tx->homes[tx->nr++] = off / tx->j.fs.block_len;
	return 0;
}

/* What stands in the way of writing to this journal at all. */
static int check_journal(const struct dw_journal *j, struct dw_err *err)
{
	if (j->map.from_backup)
		return dw_fail(err, DW_CORRUPT, "journal: its inode is bad; "
			       "e2fsck mends it");
	if (j->fmt.fc_first)
		return dw_fail(err, DW_UNSUPPORTED, "journal: has fast "
			       "commits; tune2fs -O ^fast_commit takes them "
			       "away");
	if (j->fs.needs_recovery || j->sb.start)
		return dw_fail(err, DW_UNSUPPORTED, "journal: holds changes "
			       "that are not yet made; e2fsck makes them");
	if (j->sb.errnum)
		return dw_fail(err, DW_CORRUPT, "journal: was given up with "
			       "error %u; e2fsck has to look first",
			       j->sb.errnum);
	return 0;
}

static bool in_journal(const struct dw_journal *j, uint64_t blk)
{
	for (size_t i = 0; i < j->map.runs_nr; i++) {
		const struct dw_journal_run *run = &j->map.runs[i];

		if (blk >= run->blk && blk - run->blk < run->nr)
			return true;
	}
	return false;
}

static int check_homes(const struct dw_journal_tx *tx, struct dw_err *err)
{
	for (size_t i = 0; i < tx->nr; i++) {
		if (in_journal(&tx->j, tx->homes[i]))
			return dw_fail(err, DW_CORRUPT, "journal: block %llu "
				       "is one of its own",
				       (unsigned long long)tx->homes[i]);
		if (!tx->j.fmt.is_64bit && tx->homes[i] > UINT32_MAX)
			return dw_fail(err, DW_UNSUPPORTED, "journal: cannot "
				       "hold block %llu, as its numbers have "
				       "32 bits",
				       (unsigned long long)tx->homes[i]);
	}
	return 0;
}

static int check_room(const struct dw_journal_tx *tx, struct dw_err *err)
{
	uint64_t need = dw_journal_tx_need(tx), room = dw_journal_tx_room(tx);

	if (need <= room)
		return 0;
	return dw_fail(err, DW_LIMIT, "journal: the change takes %llu blocks "
		       "of it, %llu more than it has",
		       (unsigned long long)need,
		       (unsigned long long)(need - room));
}

static int find_changes(struct dw_journal_tx *tx, struct dw_err *err)
{
	struct dw_journal *j = &tx->j;
	int ret;

	if (!j->fs.has_journal)
		return dw_fail(err, DW_UNSUPPORTED,
			       "ext: the filesystem has no journal");
	ret = dw_journal_load(j, tx->super, err);
	if (!ret)
		ret = check_journal(j, err);
	if (!ret)
		ret = dw_fs_changed(j->ctx, j->dev, tx->overlay, add_home, tx,
				    err);
	if (!ret)
		ret = check_homes(tx, err);
	return ret ? ret : check_room(tx, err);
}

int dw_journal_tx_plan(struct dw_ctx *ctx, struct dw_dev *dev,
		       struct dw_dev *overlay, struct dw_journal_tx *tx,
		       struct dw_err *err)
{
	int ret;

	memset(tx, 0, sizeof(*tx));
	tx->j.ctx = ctx;
	tx->j.dev = dev;
	tx->overlay = overlay;
	ret = dw_journal_read_fs(dev, &tx->j.fs, err);
	if (!ret)
		ret = find_changes(tx, err);
	/* One more than expected, as the kernel does on a mount: what the log
	 * has of older transactions stays behind. */
	tx->sequence = tx->j.sb.sequence + 1;
	return ret;
}

void dw_journal_tx_free(struct dw_journal_tx *tx)
{
	dw_journal_unload(&tx->j);
	free(tx->homes);
	memset(tx, 0, sizeof(*tx));
}

int dw_journal_tx_read(struct dw_journal_tx *tx, uint64_t blk, uint8_t *buf,
		       struct dw_err *err)
{
	uint32_t len = tx->j.fs.block_len;
	int ret = dw_dev_pread(tx->overlay, blk * len, buf, len, err);

	/* Half a replay that says it is complete would not be taken up again
	 * where it was cut short. */
	if (!ret && blk == DW_EXT_SUPER_OFF / len)
		dw_journal_mark_super(buf + DW_EXT_SUPER_OFF % len, true,
				      false);
	return ret;
}

static int write_homes(struct dw_journal_tx *tx, struct dw_err *err)
{
	uint64_t len = tx->j.fs.block_len;
	uint8_t *buf = malloc(len);
	int ret = buf ? 0 : dw_fail_nomem(err);

	for (size_t i = 0; i < tx->nr && !ret; i++) {
		ret = dw_journal_tx_read(tx, tx->homes[i], buf, err);
		if (!ret)
			ret = dw_dev_pwrite(tx->j.dev, tx->homes[i] * len, buf,
					    len, err);
	}
	free(buf);
	return ret;
}

/* The journal's superblock, durable. */
static int set_start(struct dw_journal_tx *tx, uint32_t sequence,
		     uint32_t start, struct dw_err *err)
{
	int ret;

	dw_jbd2_encode_start(tx->super, &tx->j.fmt, sequence, start);
	ret = dw_journal_write_super(&tx->j, tx->super, err);
	return ret ? ret : dw_dev_flush(tx->j.dev, err);
}

/*
 * Order of writes, durable before the next each:
 *   1. the log, and needs_recovery: a replay finds an empty journal;
 *   2. where the log starts, in one sector: from here on a replay finishes
 *      what is cut short;
 *   3. the blocks at home;
 *   4. an empty journal;
 *   5. needs_recovery off.
 * Data of files that somebody wrote to this device before are durable with 1.
 */
static int commit(struct dw_journal_tx *tx, struct dw_err *err)
{
	struct dw_dev *dev = tx->j.dev;
	int ret;

	ret = dw_journal_tx_write_log(tx, err);
	if (!ret)
		ret = dw_journal_mark(&tx->j, true, false, err);
	if (!ret)
		ret = dw_dev_flush(dev, err);
	if (!ret)
		ret = set_start(tx, tx->sequence, tx->j.sb.first, err);
	if (!ret)
		ret = write_homes(tx, err);
	if (!ret)
		ret = dw_dev_flush(dev, err);
	if (!ret)
		ret = set_start(tx, tx->sequence + 1, 0, err);
	if (!ret)
		ret = dw_journal_mark(&tx->j, false, false, err);
	return ret ? ret : dw_dev_flush(dev, err);
}

int dw_fs_commit_plan(struct dw_ctx *ctx, struct dw_dev *dev,
		      struct dw_dev *overlay, struct dw_fs_commit *out,
		      struct dw_err *err)
{
	struct dw_journal_tx tx;
	int ret = dw_journal_tx_plan(ctx, dev, overlay, &tx, err);

	memset(out, 0, sizeof(*out));
	if (!ret) {
		out->block_len = tx.j.fs.block_len;
		out->blocks_nr = tx.nr;
		out->log_blocks_nr = dw_journal_tx_room(&tx);
	}
	dw_journal_tx_free(&tx);
	return ret;
}

int dw_fs_commit(struct dw_ctx *ctx, struct dw_dev *dev,
		 struct dw_dev *overlay, struct dw_err *err)
{
	struct dw_journal_tx tx;
	int ret = dw_journal_tx_plan(ctx, dev, overlay, &tx, err);

	if (!ret && tx.nr)
		ret = commit(&tx, err);
	dw_journal_tx_free(&tx);
	return ret;
}

int dw_fs_replay(struct dw_ctx *ctx, struct dw_dev *dev, struct dw_err *err)
{
	struct dw_recovery stats;
	int ret;

	memset(&stats, 0, sizeof(stats));
	ret = dw_journal_replay(ctx, dev, &stats, err);
	return ret ? ret : dw_dev_flush(dev, err);
}
