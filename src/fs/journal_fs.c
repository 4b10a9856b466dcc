/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What journal replay needs of an ext superblock. */
#include <string.h>

#include "base/bytes.h"
#include "base/sum.h"
#include "fs/journal.h"

#define EXT_MAGIC			0xef53u
#define MAX_LOG_BLOCK_LEN		6u	/* 64 KiB */
#define COMPAT_HAS_JOURNAL		0x4u
#define INCOMPAT_RECOVER		0x4u
#define INCOMPAT_JOURNAL_DEV		0x8u
#define INCOMPAT_META_BG		0x10u
#define INCOMPAT_64BIT			0x80u
#define RO_COMPAT_METADATA_CSUM		0x400u
#define JNL_BACKUP_BLOCKS		1u

/* Only called with log_block_len and rev_level checked. */
static void decode_layout(const uint8_t *sb, struct dw_journal_fs *out)
{
	uint32_t incompat = dw_le32(sb + 96);

	out->block_len = 1024u << dw_le32(sb + 24);
	out->inodes_per_group = dw_le32(sb + 40);
	out->inode_len = dw_le32(sb + 76) ? dw_le16(sb + 88) : 128;
	out->desc_len = incompat & INCOMPAT_64BIT ? dw_le16(sb + 254) : 32;
	out->is_meta_bg = incompat & INCOMPAT_META_BG;
	out->needs_recovery = incompat & INCOMPAT_RECOVER;
	out->has_journal = dw_le32(sb + 92) & COMPAT_HAS_JOURNAL;
	out->has_metadata_csum = dw_le32(sb + 100) & RO_COMPAT_METADATA_CSUM;
}

static void decode_journal(const uint8_t *sb, struct dw_journal_fs *out)
{
	out->has_journal_uuid = !dw_is_zero(sb + 208, 16);
	out->journal_ino = dw_le32(sb + 224);
	/* i_block, then the high and the low half of the size. */
	out->has_backup = sb[253] == JNL_BACKUP_BLOCKS;
	memcpy(out->backup, sb + 268, sizeof(out->backup));
	out->backup_size = (uint64_t)dw_le32(sb + 328) << 32 |
			   dw_le32(sb + 332);
}

static int check_fields(const uint8_t *sb, const struct dw_journal_fs *fs,
			struct dw_err *err)
{
	if (fs->has_metadata_csum &&
	    dw_le32(sb + 1020) != dw_crc32c(~0u, sb, 1020))
		return dw_fail(err, DW_CORRUPT, "ext: checksum of the "
			       "superblock is wrong (0x%08x is stored)",
			       dw_le32(sb + 1020));
	if (fs->inodes_per_group == 0)
		return dw_fail(err, DW_CORRUPT, "ext: no inodes in a group");
	if (fs->inode_len < 128 || fs->inode_len > fs->block_len ||
	    fs->inode_len & (fs->inode_len - 1))
		return dw_fail(err, DW_CORRUPT, "ext: inodes of %u bytes",
			       fs->inode_len);
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
	uint8_t sb[DW_EXT_SUPER_LEN];
	int ret;

	memset(out, 0, sizeof(*out));
	if (dev->size < DW_EXT_SUPER_OFF + DW_EXT_SUPER_LEN)
		return dw_fail(err, DW_NOT_MINE, "ext: %llu bytes hold no "
			       "superblock", (unsigned long long)dev->size);
	ret = dw_dev_pread(dev, DW_EXT_SUPER_OFF, sb, sizeof(sb), err);
	if (ret)
		return ret;
	if (dw_le16(sb + 56) != EXT_MAGIC)
		return dw_fail(err, DW_NOT_MINE, "ext: no superblock (magic "
			       "number 0x%04x)", dw_le16(sb + 56));
	if (dw_le32(sb + 24) > MAX_LOG_BLOCK_LEN)
		return dw_fail(err, DW_CORRUPT, "ext: blocks of 2^%llu bytes",
			       10 + (unsigned long long)dw_le32(sb + 24));
	if (dw_le32(sb + 96) & INCOMPAT_JOURNAL_DEV)
		return dw_fail(err, DW_UNSUPPORTED, "ext: this is an external "
			       "journal, not a filesystem");
	decode_layout(sb, out);
	decode_journal(sb, out);
	out->dev_blk_nr = dev->size / out->block_len;
	return check_fields(sb, out, err);
}
