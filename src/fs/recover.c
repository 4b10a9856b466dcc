/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recovery of a filesystem that was not unmounted. */
#include <stdio.h>
#include <string.h>

#include "fs/journal.h"
#include "fs/orphan.h"
#include "fs/recover.h"

static bool has_orphans(const struct dw_ext_super *sb)
{
	return sb->last_orphan ||
	       sb->ro_compat & EXT4_FEATURE_RO_COMPAT_ORPHAN_PRESENT;
}

/* Orphans and counts, on a journal that is empty by now. */
static int mend(struct dw_ctx *ctx, struct dw_dev *dev, bool was_replayed,
		bool with_orphans, struct dw_recovery *stats,
		struct dw_err *err)
{
	ext2_filsys fs = NULL;
	int ret;

	ret = dw_ext_open_raw(ctx, dev, DW_FS_WRITE, &fs, err);
	if (ret && with_orphans)
		return dw_err_prefix(err, ret, "orphans cannot be released");
	if (ret)
		return ret;
	/* The kernel does not keep the copies up to date either. */
	fs->flags |= EXT2_FLAG_MASTER_SB_ONLY;
	if (was_replayed)
		ret = dw_recover_journal_inode(fs, dev, err);
	if (!ret && with_orphans)
		ret = dw_orphans_release(ctx, fs, stats, err);
	if (!ret)
		ret = dw_recover_counts(ctx, fs, stats, err);
	if (!ret)
		ret = dw_ext_flush_raw(fs, err);
	dw_ext_close_raw(fs);
	return ret;
}

/*
 * A filesystem marked as having errors keeps its orphans: neither their list
 * nor their blocks can be trusted, and e2fsck leaves them alone, too.
 */
static void note_kept_orphans(struct dw_recovery *stats)
{
	if (!stats->damage[0])
		snprintf(stats->damage, sizeof(stats->damage), "ext: marked as "
			 "having errors, so its orphan inodes were kept");
}

static int mend_rest(struct dw_ctx *ctx, struct dw_dev *dev,
		     bool was_replayed, struct dw_recovery *stats,
		     struct dw_err *err)
{
	struct dw_ext_super sb;
	bool orphans, can_write;
	int ret;

	/* Read again: replay may have brought a newer one. */
	ret = dw_ext_super_read(dev, &sb, err);
	if (ret)
		return ret;
	orphans = has_orphans(&sb);
	if (orphans && sb.state & EXT2_ERROR_FS) {
		note_kept_orphans(stats);
		orphans = false;
	}
	/* What cannot be changed, for its quota files would be wrong after
	 * it, can still be read once the journal is replayed. */
	can_write = dw_ext_feature_check(&sb, true, NULL) == 0;
	if (orphans || (was_replayed && can_write))
		ret = mend(ctx, dev, was_replayed, orphans, stats, err);
	return ret;
}

int dw_fs_recover(struct dw_ctx *ctx, struct dw_dev *overlay,
		  struct dw_recovery *out, struct dw_err *err)
{
	struct dw_recovery stats;
	struct dw_journal_fs fs;
	int ret;

	memset(&stats, 0, sizeof(stats));
	ret = dw_journal_read_fs(overlay, &fs, err);
	if (!ret)
		ret = dw_journal_replay(ctx, overlay, &stats, err);
	if (!ret)
		ret = mend_rest(ctx, overlay, fs.needs_recovery, &stats, err);
	if (out)
		*out = stats;
	return ret;
}
