/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What journal replay needs of an ext superblock. */
#include <string.h>

#include "base/bytes.h"
#include "fs/ext_internal.h"
#include "fs/journal.h"

#define JNL_BACKUP_BLOCKS	1u

static void derive_layout(const struct dw_ext_super *sb, uint64_t dev_len,
			  struct dw_journal_fs *out)
{
	out->block_len = 1024u << sb->log_block_len;
	out->dev_blk_nr = dev_len / out->block_len;
	out->inode_len = sb->inode_len;
	out->inodes_per_group = sb->inodes_per_group;
	out->desc_len = sb->desc_len;
	out->is_meta_bg = sb->incompat & EXT2_FEATURE_INCOMPAT_META_BG;
	out->has_journal = sb->compat & EXT3_FEATURE_COMPAT_HAS_JOURNAL;
	out->needs_recovery = sb->incompat & EXT3_FEATURE_INCOMPAT_RECOVER;
}

/* Only replay wants these fields of the superblock. */
static void decode_journal(const uint8_t *p, struct dw_journal_fs *out)
{
	out->has_journal_uuid = !dw_is_zero(p + 208, 16);
	out->journal_ino = dw_le32(p + 224);
	/* i_block, then the high and the low half of the size. */
	out->has_backup = p[253] == JNL_BACKUP_BLOCKS;
	memcpy(out->backup, p + 268, sizeof(out->backup));
	out->backup_size = (uint64_t)dw_le32(p + 328) << 32 | dw_le32(p + 332);
}

static int check_layout(const struct dw_journal_fs *fs, struct dw_err *err)
{
	if (fs->desc_len < 32 || fs->desc_len > 1024 ||
	    fs->desc_len & (fs->desc_len - 1))
		return dw_fail(err, DW_CORRUPT, "ext: group descriptors of %u "
			       "bytes", fs->desc_len);
	if (fs->needs_recovery && !fs->has_journal)
		return dw_fail(err, DW_CORRUPT, "ext: recovery is needed, but "
			       "there is no journal");
	return 0;
}

int dw_journal_read_fs(struct dw_dev *dev, struct dw_journal_fs *out,
		       struct dw_err *err)
{
	uint8_t buf[DW_EXT_SUPER_LEN];
	struct dw_ext_super sb;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = dw_ext_super_read(dev, &sb, err);
	/* Features come first: an external journal has no groups to check. */
	if (!ret && sb.checksum_ok)
		ret = dw_ext_feature_check(&sb, false, err);
	if (!ret)
		ret = dw_ext_add_backup(dev, dw_ext_super_check(&sb, err),
					err);
	if (!ret)
		ret = dw_dev_pread(dev, DW_EXT_SUPER_OFF, buf, sizeof(buf),
				   err);
	if (ret)
		return ret;
	derive_layout(&sb, dev->size, out);
	decode_journal(buf, out);
	return check_layout(out, err);
}
