/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One transaction for a filesystem's own journal; internal to src/fs. */
#ifndef DW_FS_JOURNAL_WRITE_H
#define DW_FS_JOURNAL_WRITE_H

#include "fs/journal.h"

/* What an overlay has changed of a filesystem, by whole blocks. */
struct dw_journal_tx {
	struct dw_journal j;		/* of the device below the overlay */
	uint8_t super[DW_JBD2_SUPER_LEN];	/* the journal's */
	struct dw_dev *overlay;		/* borrowed: the blocks as they will be */
	uint64_t *homes;		/* ascending */
	size_t nr, cap;
	uint32_t sequence;
};

/*
 * Finds the blocks that differ between the two devices and checks that a
 * journal can take them: that it is there and empty, of a kind that we write,
 * and long enough (DW_LIMIT).  Nothing is written.  Freed after an error too.
 */
int dw_journal_tx_plan(struct dw_ctx *ctx, struct dw_dev *dev,
		       struct dw_dev *overlay, struct dw_journal_tx *tx,
		       struct dw_err *err);
void dw_journal_tx_free(struct dw_journal_tx *tx);

/* How many blocks the log can hold, and how many this one takes there. */
uint32_t dw_journal_tx_room(const struct dw_journal_tx *tx);
uint64_t dw_journal_tx_need(const struct dw_journal_tx *tx);

/* A block as it will be at home; a superblock says that recovery is needed
 * until the transaction is over (journal_write.c). */
int dw_journal_tx_read(struct dw_journal_tx *tx, uint64_t blk, uint8_t *buf,
		       struct dw_err *err);

/* Puts the transaction into the log, which nobody looks at yet
 * (journal_log_write.c). */
int dw_journal_tx_write_log(struct dw_journal_tx *tx, struct dw_err *err);

#endif
