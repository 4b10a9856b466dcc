/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log of a clean journal is in use, but nobody reads it again: recovery
 * begins at the start that the journal's superblock names, and a clean one
 * names none.  What it holds are old copies of metadata, names of deleted files
 * among them; a copy of used blocks is smaller and says less without it.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fs/ext_used.h"
#include "fs/jbd2.h"

#define START_OFF 28	/* s_start of the journal's superblock */
#define HEAD_LEN 32

struct log_runs {
	struct dw_used_run *runs;
	size_t nr;
	uint64_t first_off;	/* of the journal's superblock */
	uint64_t block_len;
};

static int add_run(void *arg, uint64_t file_off, uint64_t dev_off,
		   uint64_t len, struct dw_err *err)
{
	struct log_runs *log = arg;
	struct dw_used_run *runs;

	if (!file_off) {
		log->first_off = dev_off;
		dev_off += log->block_len;
		len -= log->block_len;
	}
	runs = realloc(log->runs, (log->nr + 1) * sizeof(*runs));
	if (!runs)
		return dw_fail_nomem(err);
	log->runs = runs;
	runs[log->nr++] = (struct dw_used_run){ dev_off, len };
	return 0;
}

static int by_off(const void *a, const void *b)
{
	const struct dw_used_run *x = a, *y = b;

	return (x->off > y->off) - (x->off < y->off);
}

/* Whether a journal superblock lies there and says that the log is empty. */
static int is_clean(struct dw_dev *dev, uint64_t off, bool *clean,
		    struct dw_err *err)
{
	uint8_t head[HEAD_LEN];
	int ret = dw_dev_pread(dev, off, head, sizeof(head), err);

	*clean = !ret && dw_be32(head) == DW_JBD2_MAGIC &&
		 !dw_be32(head + START_OFF);
	return ret;
}

int dw_ext_leave_log_out(struct dw_fs *f, struct dw_used *u,
			 struct dw_err *err)
{
	struct log_runs log = { .block_len = f->fs->blocksize };
	struct ext2_super_block *sb = f->fs->super;
	bool clean = false;
	int ret;

	/* Where errors were found the journal's blocks may be others' too. */
	if (!ext2fs_has_feature_journal(sb) || !sb->s_journal_inum ||
	    sb->s_state & EXT2_ERROR_FS || u->damaged_inodes_nr)
		return 0;
	ret = dw_fs_file_runs(f, sb->s_journal_inum, add_run, &log, err);
	if (!ret && log.first_off)
		ret = is_clean(f->dev, log.first_off, &clean, err);
	if (!ret && clean) {
		qsort(log.runs, log.nr, sizeof(*log.runs), by_off);
		ret = dw_used_subtract(u, log.runs, log.nr, err);
	}
	free(log.runs);
	return ret;
}
