/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The superblock of ext2/3/4, decoded and checked before libext2fs sees it. */
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/sum.h"
#include "fs/ext_internal.h"

/* Offsets in the superblock; see NOTES.md. */
enum {
	SB_INODES = 0x00,
	SB_BLOCKS = 0x04,
	SB_FREE_BLOCKS = 0x0c,
	SB_FIRST_DATA = 0x14,
	SB_LOG_BLOCK = 0x18,
	SB_LOG_CLUSTER = 0x1c,
	SB_PER_GROUP = 0x20,
	SB_INODES_PER_GROUP = 0x28,
	SB_WTIME = 0x30,
	SB_MAGIC = 0x38,
	SB_STATE = 0x3a,
	SB_REV = 0x4c,
	SB_INODE_SIZE = 0x58,
	SB_GROUP_NR = 0x5a,
	SB_COMPAT = 0x5c,
	SB_INCOMPAT = 0x60,
	SB_RO_COMPAT = 0x64,
	SB_UUID = 0x68,
	SB_LABEL = 0x78,
	SB_LAST_ORPHAN = 0xe8,
	SB_DESC_SIZE = 0xfe,
	SB_MKFS_TIME = 0x108,
	SB_BLOCKS_HI = 0x150,
	SB_FREE_BLOCKS_HI = 0x158,
	SB_MMP_BLOCK = 0x168,
	SB_WTIME_HI = 0x274,
	SB_MKFS_TIME_HI = 0x276,
	SB_CHECKSUM = 0x3fc,
};

#define MAGIC 0xef53
#define STATE_CLEAN 1
#define STATE_ERRORS 2
#define MAX_LOG_BLOCK_LEN 6		/* 64 KiB */

static void decode_sizes(const uint8_t *p, struct dw_ext_super *sb)
{
	bool is_64bit = sb->incompat & EXT4_FEATURE_INCOMPAT_64BIT;

	sb->blocks_nr = dw_le32(p + SB_BLOCKS);
	sb->free_blocks_nr = dw_le32(p + SB_FREE_BLOCKS);
	sb->desc_len = 32;
	if (is_64bit) {
		sb->blocks_nr |= (uint64_t)dw_le32(p + SB_BLOCKS_HI) << 32;
		sb->free_blocks_nr |= (uint64_t)dw_le32(p + SB_FREE_BLOCKS_HI)
				      << 32;
		sb->desc_len = dw_le16(p + SB_DESC_SIZE);
	}
	/* Revision 0 has no field for it. */
	sb->inode_len = sb->rev ? dw_le16(p + SB_INODE_SIZE) : 128;
}

int dw_ext_super_decode(const uint8_t *p, struct dw_ext_super *sb,
			struct dw_err *err)
{
	memset(sb, 0, sizeof(*sb));
	if (dw_le16(p + SB_MAGIC) != MAGIC)
		return dw_fail(err, DW_NOT_MINE, "ext: no superblock");
	sb->rev = dw_le32(p + SB_REV);
	if (sb->rev) {
		sb->compat = dw_le32(p + SB_COMPAT);
		sb->incompat = dw_le32(p + SB_INCOMPAT);
		sb->ro_compat = dw_le32(p + SB_RO_COMPAT);
		sb->group_nr = dw_le16(p + SB_GROUP_NR);
		memcpy(sb->uuid, p + SB_UUID, sizeof(sb->uuid));
		memcpy(sb->label, p + SB_LABEL, 16);
	}
	decode_sizes(p, sb);
	sb->inodes_nr = dw_le32(p + SB_INODES);
	sb->first_data_blk = dw_le32(p + SB_FIRST_DATA);
	sb->log_block_len = dw_le32(p + SB_LOG_BLOCK);
	sb->log_cluster_len = dw_le32(p + SB_LOG_CLUSTER);
	sb->blocks_per_group = dw_le32(p + SB_PER_GROUP);
	sb->inodes_per_group = dw_le32(p + SB_INODES_PER_GROUP);
	sb->state = dw_le16(p + SB_STATE);
	sb->last_orphan = dw_le32(p + SB_LAST_ORPHAN);
	sb->mmp_blk = dw_le64(p + SB_MMP_BLOCK);
	sb->write_time = dw_le32(p + SB_WTIME) |
			 (int64_t)p[SB_WTIME_HI] << 32;
	sb->mkfs_time = dw_le32(p + SB_MKFS_TIME) |
			(int64_t)p[SB_MKFS_TIME_HI] << 32;
	sb->checksum_ok =
		!(sb->ro_compat & EXT4_FEATURE_RO_COMPAT_METADATA_CSUM) ||
		dw_crc32c(~0u, p, SB_CHECKSUM) == dw_le32(p + SB_CHECKSUM);
	return 0;
}

static int check_geometry(const struct dw_ext_super *sb, struct dw_err *err)
{
	uint64_t block_len = UINT64_C(1024) << sb->log_block_len;
	uint64_t groups;

	if (sb->inode_len < 128 || sb->inode_len > block_len ||
	    !dw_is_pow2(sb->inode_len))
		return dw_fail(err, DW_CORRUPT, "ext: superblock has inodes of "
			       "%u bytes", sb->inode_len);
	if (sb->first_data_blk >= sb->blocks_nr ||
	    sb->first_data_blk > (block_len == 1024))
		return dw_fail(err, DW_CORRUPT, "ext: superblock has its first "
			       "data block at %u of %llu", sb->first_data_blk,
			       (unsigned long long)sb->blocks_nr);
	if (sb->blocks_per_group < 8 || !sb->inodes_per_group)
		return dw_fail(err, DW_CORRUPT, "ext: superblock has groups of "
			       "%u blocks and %u inodes", sb->blocks_per_group,
			       sb->inodes_per_group);
	groups = dw_div_up(sb->blocks_nr - sb->first_data_blk,
			   sb->blocks_per_group);
	if (groups > UINT32_MAX ||
	    groups * sb->inodes_per_group != sb->inodes_nr)
		return dw_fail(err, DW_CORRUPT, "ext: superblock counts %u "
			       "inodes where %llu groups of %u make another "
			       "number", sb->inodes_nr,
			       (unsigned long long)groups,
			       sb->inodes_per_group);
	return 0;
}

int dw_ext_super_check(const struct dw_ext_super *sb, struct dw_err *err)
{
	if (!sb->checksum_ok)
		return dw_fail(err, DW_CORRUPT,
			       "ext: the checksum of the superblock is wrong");
	if (sb->rev > 1)
		return dw_fail(err, DW_UNSUPPORTED,
			       "ext: revision %u is not known", sb->rev);
	if (sb->log_block_len > MAX_LOG_BLOCK_LEN)
		return dw_fail(err, DW_CORRUPT, "ext: superblock has blocks of "
			       "1024 << %u bytes", sb->log_block_len);
	/* An external journal has none; it is refused by its feature. */
	if (sb->incompat & EXT3_FEATURE_INCOMPAT_JOURNAL_DEV)
		return 0;
	return check_geometry(sb, err);
}

int dw_ext_super_fits(const struct dw_ext_super *sb, uint64_t dev_len,
		      struct dw_err *err)
{
	uint64_t len;

	if (!dw_mul(sb->blocks_nr, UINT64_C(1024) << sb->log_block_len, &len) ||
	    len > dev_len)
		return dw_fail(err, DW_CORRUPT, "ext: truncated: the "
			       "filesystem has %llu blocks of %llu bytes, the "
			       "device only %llu bytes",
			       (unsigned long long)sb->blocks_nr,
			       1024ULL << sb->log_block_len,
			       (unsigned long long)dev_len);
	return 0;
}

int dw_ext_super_read(struct dw_dev *dev, struct dw_ext_super *out,
		      struct dw_err *err)
{
	uint8_t buf[DW_EXT_SUPER_LEN];
	int ret;

	if (dev->size < DW_EXT_SUPER_OFF + DW_EXT_SUPER_LEN)
		return dw_fail(err, DW_NOT_MINE, "ext: the device has only "
			       "%llu bytes", (unsigned long long)dev->size);
	ret = dw_dev_pread(dev, DW_EXT_SUPER_OFF, buf, sizeof(buf), err);
	if (ret)
		return ret;
	return dw_ext_super_decode(buf, out, err);
}

bool dw_ext_super_find_backup(struct dw_dev *dev, uint64_t *blk,
			      uint32_t *block_len)
{
	for (unsigned log = 0; log <= MAX_LOG_BLOCK_LEN; log++) {
		uint64_t len = UINT64_C(1024) << log;
		uint64_t at = len * 8 + !log;	/* the first of group 1 */
		uint8_t buf[DW_EXT_SUPER_LEN];
		struct dw_ext_super sb;

		if (!dw_in_range(at * len, sizeof(buf), dev->size) ||
		    dw_dev_pread(dev, at * len, buf, sizeof(buf), NULL) ||
		    dw_ext_super_decode(buf, &sb, NULL))
			continue;
		/* Revision 0 does not say which group a copy is of. */
		if (sb.log_block_len == log && sb.checksum_ok &&
		    (sb.group_nr == 1 || !sb.rev)) {
			*blk = at;
			*block_len = (uint32_t)len;
			return true;
		}
	}
	return false;
}

void dw_ext_super_info(const struct dw_ext_super *sb, struct dw_fs_info *out)
{
	static const uint8_t zero[16];

	memset(out, 0, sizeof(*out));
	strcpy(out->type, dw_ext_type_name(sb));
	memcpy(out->uuid, sb->uuid, sizeof(out->uuid));
	out->has_uuid = memcmp(sb->uuid, zero, sizeof(zero)) != 0;
	strcpy(out->label, sb->label);
	if (sb->log_block_len <= MAX_LOG_BLOCK_LEN)
		out->block_len = 1024u << sb->log_block_len;
	if (!dw_mul(sb->blocks_nr, out->block_len, &out->size))
		out->size = UINT64_MAX;
	if (!dw_mul(sb->free_blocks_nr, out->block_len, &out->free_len))
		out->free_len = UINT64_MAX;
	out->inode_len = sb->inode_len;
	out->write_time = sb->write_time;
	out->needs_recovery = sb->incompat & EXT3_FEATURE_INCOMPAT_RECOVER;
	out->has_orphans = sb->last_orphan ||
		sb->ro_compat & EXT4_FEATURE_RO_COMPAT_ORPHAN_PRESENT;
	out->has_errors = sb->state & STATE_ERRORS;
	out->is_clean = sb->state & STATE_CLEAN;
	out->has_journal = sb->compat & EXT3_FEATURE_COMPAT_HAS_JOURNAL;
	dw_ext_feature_names(sb, out->features, sizeof(out->features));
}
