/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replay of a filesystem's own journal, from its superblock to the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/sum.h"
#include "fs/ext_internal.h"
#include "fs/journal.h"

#define BUF_LEN			(256u << 10)

void dw_journal_unload(struct dw_journal *j)
{
	free(j->buf);
	dw_journal_map_free(&j->map);
}

static int load_super(struct dw_journal *j, uint8_t *buf, struct dw_err *err)
{
	const uint8_t *block;
	int ret;

	ret = dw_journal_block(j, 0, &block, err);
	if (ret)
		return ret;
	memcpy(buf, block, DW_JBD2_SUPER_LEN);
	dw_jbd2_decode_super(buf, &j->sb);
	return dw_jbd2_check_super(buf, &j->sb, j->fs.block_len, j->map.blk_nr,
				   &j->fmt, err);
}

int dw_journal_load(struct dw_journal *j, uint8_t *buf, struct dw_err *err)
{
	int ret;

	if (j->fs.has_journal_uuid)
		return dw_fail(err, DW_UNSUPPORTED, "ext: needs the "
			       "external journal, which is another device");
	j->buf_cap_nr = (uint32_t)dw_max(1, BUF_LEN / j->fs.block_len);
	j->buf = malloc((size_t)j->buf_cap_nr * j->fs.block_len);
	if (!j->buf)
		return dw_fail_nomem(err);
	ret = dw_journal_map_load(j->dev, &j->fs, &j->map, err);
	return ret ? ret : load_super(j, buf, err);
}

static void note_damage(struct dw_recovery *stats,
			const struct dw_journal_end *end, uint64_t bad_blk_nr)
{
	if (end->is_aborted)
		snprintf(stats->damage, sizeof(stats->damage), "journal: "
			 "transaction %u is damaged, nothing was replayed",
			 end->failed_sequence);
	else if (end->has_failed)
		snprintf(stats->damage, sizeof(stats->damage), "journal: the "
			 "checksum of transaction %u is wrong, it was not "
			 "replayed", end->failed_sequence);
	else if (bad_blk_nr)
		snprintf(stats->damage, sizeof(stats->damage), "journal: %llu "
			 "blocks with a wrong checksum were not replayed",
			 (unsigned long long)bad_blk_nr);
}

static int replay(struct dw_journal *j, struct dw_journal_end *end,
		  struct dw_recovery *stats, struct dw_err *err)
{
	struct dw_journal_table table;
	int ret;

	ret = dw_journal_collect(j, end, &table, err);
	if (ret)
		return ret;
	dw_journal_table_settle(&table, stats);
	ret = dw_journal_check_homes(j, &table, err);
	if (!ret)
		ret = dw_journal_apply(j, &table, err);
	dw_journal_table_free(&table);
	if (!end->is_aborted)
		stats->transactions_nr += end->transactions_nr;
	return ret;
}

int dw_journal_write_super(struct dw_journal *j, const uint8_t *buf,
			   struct dw_err *err)
{
	uint32_t nr;
	uint64_t blk = dw_journal_map_get(&j->map, 0, &nr);

	return dw_dev_pwrite(j->dev, blk * j->fs.block_len, buf,
			     DW_JBD2_SUPER_LEN, err);
}

/* The log is empty from now on; its next transaction gets a number that none
 * of the old ones has.  An error that the kernel left in the journal moves to
 * the filesystem's superblock, as on a mount. */
static int finish_journal(struct dw_journal *j, uint8_t *buf,
			  uint32_t sequence, struct dw_err *err)
{
	dw_jbd2_encode_empty(buf, &j->fmt, sequence);
	return dw_journal_write_super(j, buf, err);
}

void dw_journal_mark_super(uint8_t *sb, bool needs_recovery, bool is_bad)
{
	uint32_t incompat = dw_le32(sb + 96), state;

	if (needs_recovery)
		incompat |= EXT3_FEATURE_INCOMPAT_RECOVER;
	else
		incompat &= ~EXT3_FEATURE_INCOMPAT_RECOVER;
	dw_put_le32(sb + 96, incompat);
	if (is_bad) {
		state = (dw_le16(sb + 58) | EXT2_ERROR_FS) &
			~(uint32_t)EXT2_VALID_FS;
		dw_put_le16(sb + 58, (uint16_t)state);
	}
	if (dw_le32(sb + 100) & EXT4_FEATURE_RO_COMPAT_METADATA_CSUM)
		dw_put_le32(sb + 1020, dw_crc32c(~0u, sb, 1020));
}

/* Read again, because replay may have brought a newer one. */
int dw_journal_mark(struct dw_journal *j, bool needs_recovery, bool is_bad,
		    struct dw_err *err)
{
	uint8_t sb[DW_EXT_SUPER_LEN];
	int ret;

	ret = dw_dev_pread(j->dev, DW_EXT_SUPER_OFF, sb, sizeof(sb), err);
	if (ret)
		return ret;
	dw_journal_mark_super(sb, needs_recovery, is_bad);
	return dw_dev_pwrite(j->dev, DW_EXT_SUPER_OFF, sb, sizeof(sb), err);
}

/*
 * Order of writes: the blocks, then the journal's superblock, then the
 * filesystem's, so that an interruption leaves a journal to be replayed again.
 * Each is durable before the next; on an overlay a flush costs nothing.
 */
static int run(struct dw_journal *j, uint8_t *buf, struct dw_recovery *stats,
	       struct dw_err *err)
{
	uint64_t bad_before = stats->bad_blk_nr;
	struct dw_journal_end end;
	uint32_t sequence;
	bool is_bad;
	int ret;

	ret = dw_journal_scan(j, &end, err);
	if (ret)
		return ret;
	sequence = j->sb.sequence + end.transactions_nr;
	ret = end.is_aborted || !j->sb.start ? 0 :
	      dw_journal_has_fast_commits(j, sequence, err);
	if (ret > 0)
		ret = dw_fail(err, DW_UNSUPPORTED, "journal holds fast commits "
			      "(after transaction %u)", sequence - 1);
	if (!ret && !end.is_aborted)
		ret = replay(j, &end, stats, err);
	if (ret)
		return ret;

	note_damage(stats, &end, stats->bad_blk_nr - bad_before);
	is_bad = stats->damage[0] || j->sb.errnum;
	/* What was not replayed now never may be: each transaction takes a
	 * block at least, so that this passes all of their numbers. */
	if (end.is_aborted)
		sequence = j->sb.sequence + (j->fmt.end - j->sb.first);
	ret = dw_dev_flush(j->dev, err);
	if (!ret)
		ret = finish_journal(j, buf, sequence + 1, err);
	if (!ret)
		ret = dw_dev_flush(j->dev, err);
	return ret ? ret : dw_journal_mark(j, false, is_bad, err);
}

int dw_journal_replay(struct dw_ctx *ctx, struct dw_dev *dev,
		      struct dw_recovery *stats, struct dw_err *err)
{
	struct dw_journal j = { .ctx = ctx, .dev = dev };
	uint8_t buf[DW_JBD2_SUPER_LEN];
	int ret;

	ret = dw_journal_read_fs(dev, &j.fs, err);
	if (!ret && j.fs.needs_recovery) {
		ret = dw_journal_load(&j, buf, err);
		if (!ret)
			ret = run(&j, buf, stats, err);
	}
	dw_journal_unload(&j);
	return ret;
}
