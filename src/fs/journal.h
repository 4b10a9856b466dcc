/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replay of an ext3/ext4 filesystem's own journal; internal to src/fs. */
#ifndef DW_FS_JOURNAL_H
#define DW_FS_JOURNAL_H

#include "base/ctx.h"
#include "dev/dev.h"
#include "fs/blockmap.h"
#include "fs/fs.h"
#include "fs/jbd2.h"

/* ---- where the journal lies (journal_fs.c, journal_map.c) --------------- */

/*
 * What replay needs of an ext superblock.  libext2fs is not asked: what it
 * reads on opening may be exactly what the journal has yet to bring up to date.
 */
struct dw_journal_fs {
	uint32_t block_len;
	uint64_t dev_blk_nr;		/* whole blocks of the device */
	uint32_t inode_len;
	uint32_t inodes_per_group;
	uint32_t desc_len;
	bool is_meta_bg;
	bool has_journal;
	bool needs_recovery;
	bool has_journal_uuid;		/* the journal is on another device */
	uint32_t journal_ino;
	bool has_backup;
	uint8_t backup[DW_BLOCKMAP_LEN];
	uint64_t backup_size;
};

/* Reads and checks the primary superblock: DW_NOT_MINE where there is none,
 * DW_CORRUPT where its fields contradict each other, DW_UNSUPPORTED where a
 * feature bars reading. */
int dw_journal_read_fs(struct dw_dev *dev, struct dw_journal_fs *out,
		       struct dw_err *err);

/* A run of the journal file on the device, all in filesystem blocks. */
struct dw_journal_run {
	uint32_t log;
	uint32_t nr;
	uint64_t blk;
};

/* The journal file: runs without holes from its block 0 on. */
struct dw_journal_map {
	struct dw_journal_run *runs;
	size_t runs_nr;
	size_t runs_cap;
	uint64_t blk_nr;
	bool from_backup;	/* the inode was bad, the superblock's copy
				 * of its block list was taken */
};

int dw_journal_map_load(struct dw_dev *dev, const struct dw_journal_fs *fs,
			struct dw_journal_map *out, struct dw_err *err);
void dw_journal_map_free(struct dw_journal_map *map);

/* The device's block that holds block 'log' (< blk_nr) of the journal; *nr
 * receives how many follow each other from there on. */
uint64_t dw_journal_map_get(const struct dw_journal_map *map, uint32_t log,
			    uint32_t *nr);

/* ---- reading it (journal_log.c) ----------------------------------------- */

struct dw_journal {
	struct dw_ctx *ctx;
	struct dw_dev *dev;
	struct dw_journal_fs fs;
	struct dw_journal_map map;
	struct dw_jbd2_super sb;
	struct dw_jbd2_format fmt;

	/* A window of the journal, so that a log is read in large pieces. */
	uint8_t *buf;
	uint32_t buf_cap_nr;
	uint32_t buf_log;
	uint32_t buf_nr;
	bool read_ahead;	/* the next blocks will be wanted, too */
};

/* Finds the journal of j->fs on j->dev; buf receives its superblock. */
int dw_journal_load(struct dw_journal *j, uint8_t *buf, struct dw_err *err);
/* After a failure, too. */
void dw_journal_unload(struct dw_journal *j);

/* Block 'log' of the journal; *block is valid until the next call. */
int dw_journal_block(struct dw_journal *j, uint32_t log, const uint8_t **block,
		     struct dw_err *err);

/*
 * A walk along the log: from the first transaction's first block, over the
 * end of the log back to its beginning.  It ends where a block is none of the
 * expected transaction, and at the latest when every block of the log has
 * been passed once.
 */
struct dw_journal_walk {
	struct dw_journal *j;
	uint32_t pos;
	uint32_t left_nr;	/* blocks of the log not passed yet */
	uint32_t transaction;	/* counted from 0 */
};

void dw_journal_walk_start(struct dw_journal *j, struct dw_journal_walk *w);

/* The sequence number of the transaction the walk is in. */
uint32_t dw_journal_walk_sequence(const struct dw_journal_walk *w);

/* The next header block: *type is 0 at the end of the log.  'block' receives
 * a copy, fmt.block_len bytes. */
int dw_journal_walk_next(struct dw_journal_walk *w, uint8_t *block,
			 uint32_t *type, struct dw_err *err);

/* Steps over nr data blocks; false where fewer are left. */
bool dw_journal_walk_skip(struct dw_journal_walk *w, uint32_t nr);

/* How many blocks of the log come before the next one, and back. */
uint32_t dw_journal_walk_turn(const struct dw_journal_walk *w);
uint32_t dw_journal_turn_to_log(const struct dw_journal *j, uint32_t turn);

/* ---- its two superblocks (journal.c) ------------------------------------ */

int dw_journal_write_super(struct dw_journal *j, const uint8_t *buf,
			   struct dw_err *err);
/* Sets or clears needs_recovery in the bytes of a filesystem's superblock, and
 * with is_bad its error flag; the checksum follows. */
void dw_journal_mark_super(uint8_t *sb, bool needs_recovery, bool is_bad);
/* The same on the device. */
int dw_journal_mark(struct dw_journal *j, bool needs_recovery, bool is_bad,
		    struct dw_err *err);

/* ---- the passes --------------------------------------------------------- */

/* Where the valid log ends, and why (journal_scan.c). */
struct dw_journal_end {
	uint32_t transactions_nr;	/* complete ones */
	uint64_t tags_nr;		/* blocks that they hold */
	bool has_failed;		/* one with a wrong checksum follows */
	uint32_t failed_sequence;
	bool is_aborted;		/* its blocks cannot be trusted: nothing
					 * of the log is to be replayed */
};

int dw_journal_scan(struct dw_journal *j, struct dw_journal_end *out,
		    struct dw_err *err);

/* Whether valid fast commits follow the log (journal_fc.c): 1, 0, or an
 * error.  'sequence' is that of the first transaction not in the log. */
int dw_journal_has_fast_commits(struct dw_journal *j, uint32_t sequence,
				struct dw_err *err);

/*
 * One block of one transaction: 'home' is where it belongs, 'turn' how many
 * blocks of the log come before it.  The table is filled in the order of the
 * log, then sorted by home; it is bounded by the length of the log
 * (journal_table.c).
 */
#define DW_JOURNAL_MAX_HOME	(1ull << 48)

struct dw_journal_entry {
	uint64_t home : 48;
	uint64_t is_escaped : 1;
	uint64_t is_bad : 1;		/* its checksum is wrong */
	uint32_t turn;
	uint32_t transaction;
};

struct dw_journal_table {
	struct dw_journal_entry *entries;
	/* For the first entry of a home: 1 + the last transaction that
	 * revokes it, 0 for none. */
	uint32_t *revokes;
	size_t nr;
	size_t cap;
};

int dw_journal_table_new(uint64_t cap, struct dw_journal_table *out,
			 struct dw_err *err);
void dw_journal_table_free(struct dw_journal_table *table);
/* Orders by home, then by turn. */
void dw_journal_table_sort(struct dw_journal_table *table);
/* 'transaction' and all before it do not change 'home'. */
void dw_journal_table_revoke(struct dw_journal_table *table, uint64_t home,
			     uint32_t transaction);
/* Keeps for each home the last entry that counts, and counts what is kept
 * (replayed_blk_nr), what was revoked and what was bad. */
void dw_journal_table_settle(struct dw_journal_table *table,
			     struct dw_recovery *stats);

/* Collects the blocks of the first end->transactions_nr transactions into a
 * sorted table, revocations included (journal_collect.c).  A revoke block that
 * makes no sense sets end->is_aborted and leaves the table empty. */
int dw_journal_collect(struct dw_journal *j, struct dw_journal_end *end,
		       struct dw_journal_table *out, struct dw_err *err);

/* Refuses homes outside of the device or inside of the journal: replaying
 * these would destroy what is being replayed. */
int dw_journal_check_homes(const struct dw_journal *j,
			   const struct dw_journal_table *table,
			   struct dw_err *err);

/* Makes the table's blocks visible at home (journal_apply.c): redirections
 * where dev is an overlay that can do it, copies elsewhere. */
int dw_journal_apply(struct dw_journal *j,
		     const struct dw_journal_table *table,
		     struct dw_err *err);

/* ---- the whole ---------------------------------------------------------- */

/*
 * Replays the journal of the ext filesystem on dev (writable) and marks it
 * empty; nothing else is changed.  A filesystem that needs no recovery is
 * success.  stats is added to; damage that does not keep the rest from being
 * replayed is told in stats->damage, and sets the filesystem's error flag.
 */
int dw_journal_replay(struct dw_ctx *ctx, struct dw_dev *dev,
		      struct dw_recovery *stats, struct dw_err *err);

#endif
