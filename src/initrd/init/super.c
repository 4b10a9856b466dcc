/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a block device holds, by its superblock. */
#include "super.h"

#define BLOCK 4096

#define MD_MAGIC	0xa92b4efcu
#define EXT_OFF		1024
#define BTRFS_OFF	(64u << 10)

static bool is_power(uint32_t v, uint32_t least, uint32_t most)
{
	return v >= least && v <= most && !(v & (v - 1));
}

static void label(struct super *out, const uint8_t *p, size_t cap)
{
	memcpy(out->label, p, cap);
	out->label[cap] = '\0';
}

/* linux/raid/md_p.h: 0.90 in the last whole 64 KiB but none of that rest, 1.0
 * some 8 KiB before the end; 1.1 and 1.2 at the start. */
static bool is_raid(const struct disk *disk, uint8_t *buf)
{
	const uint64_t kib64 = 64u << 10;
	uint64_t size = disk->size & ~511ull;
	uint64_t at[4] = { 0, 4096 };
	unsigned nr = 2;

	if (size >= 2 * kib64) {
		at[nr++] = (size & ~(kib64 - 1)) - kib64;
		at[nr++] = (size - 8192) & ~4095ull;
	}
	for (unsigned i = 0; i < nr; i++)
		if (disk->read(disk->arg, at[i], buf, 512) &&
		    le32(buf) == MD_MAGIC && le32(buf + 4) <= 1)
			return true;
	return false;
}

static bool is_lvm(const uint8_t *p)
{
	for (unsigned i = 0; i < 4; i++, p += 512)
		if (!memcmp(p, "LABELONE", 8) &&
		    !memcmp(p + 24, "LVM2 001", 8))
			return true;
	return false;
}

/* fs/xfs/libxfs/xfs_format.h */
static bool is_xfs(uint8_t *p, struct super *out)
{
	uint32_t block_len = be32(p + 4), sector_len = be16(p + 102), sum;

	if (memcmp(p, "XFSB", 4) || !is_power(block_len, 512, 65536) ||
	    !is_power(sector_len, 512, 32768) || p[120] > 16 ||
	    1u << p[120] != block_len || !(be32(p + 8) | be32(p + 12)))
		return false;
	if ((be16(p + 100) & 15) == 5 && sector_len <= BLOCK) {
		sum = le32(p + 224);
		memset(p + 224, 0, 4);
		if (~crc_of(CRC32C_POLY, ~0u, p, sector_len) != sum)
			return false;
	}
	text_uuid(p + 32, out->uuid);
	label(out, p + 108, 12);
	return true;
}

/* fs/ext4/ext4.h: the oldest driver that has what it uses, since old kernels
 * lack the younger ones; where a kernel lacks the older ones the next is
 * tried. */
static const char *ext_type(const uint8_t *p)
{
	uint32_t compat = le32(p + 0x5c), incompat = le32(p + 0x60);
	uint32_t ro_compat = le32(p + 0x64);

	if (incompat & 0x8)
		return "jbd";
	/* What ext3 knows: filetype, recover, meta_bg; sparse_super,
	 * large_file, btree_dir. */
	if (incompat & ~0x16u || ro_compat & ~0x7u)
		return "ext4";
	return compat & 0x4 ? "ext3" : "ext2";
}

static bool is_ext(const uint8_t *p, struct super *out)
{
	uint32_t first = le32(p + 0x14), log = le32(p + 0x18);

	/* Blocks of 1 KiB count from 1, in clusters from 0; others from 0. */
	if (le16(p + 0x38) != 0xef53 || log > 6 || first > (log ? 0 : 1))
		return false;
	if (!le32(p) || !le32(p + 0x20) || !le32(p + 0x28) ||
	    !(le32(p + 4) | le32(p + 0x150)))
		return false;
	if (le32(p + 0x64) & 0x400 &&
	    crc_of(CRC32C_POLY, ~0u, p, 0x3fc) != le32(p + 0x3fc))
		return false;
	out->type = ext_type(p);
	text_uuid(p + 0x68, out->uuid);
	label(out, p + 0x78, 16);
	return true;
}

/* Documentation of btrfs, "On-disk format": checksum kind 0 is crc32c. */
static bool is_btrfs(const uint8_t *p, struct super *out)
{
	if (memcmp(p + 0x40, "_BHRfS_M", 8) || le64(p + 0x30) != BTRFS_OFF)
		return false;
	if (!le16(p + 0xc4) &&
	    ~crc_of(CRC32C_POLY, ~0u, p + 0x20, BLOCK - 0x20) != le32(p))
		return false;
	text_uuid(p + 0x20, out->uuid);
	label(out, p + 0x12b, 256);
	return true;
}

static bool is_swap(const uint8_t *p, struct super *out)
{
	if (memcmp(p + BLOCK - 10, "SWAPSPACE2", 10) || le32(p + 1024) != 1)
		return false;
	text_uuid(p + 1036, out->uuid);
	label(out, p + 1052, 16);
	return true;
}

void super_read(const struct disk *disk, struct super *out)
{
	uint8_t buf[BLOCK];
	const char *type = NULL;
	bool mountable = false;

	memset(out, 0, sizeof(*out));
	if (is_raid(disk, buf))
		type = "linux_raid_member";
	else if (!disk->read(disk->arg, 0, buf, BLOCK))
		return;
	else if (is_lvm(buf))
		type = "LVM2_member";
	else if (!memcmp(buf, "LUKS\xba\xbe", 6))
		type = "crypto_LUKS";
	else if (is_swap(buf, out))
		type = "swap";
	else if (is_ext(buf + EXT_OFF, out))
		type = out->type;
	else if (is_xfs(buf, out))
		type = "xfs";
	else if (disk->read(disk->arg, BTRFS_OFF, buf, BLOCK) &&
		 is_btrfs(buf, out))
		type = "btrfs";
	if (type)
		mountable = text_is(type, "xfs") || text_is(type, "btrfs") ||
			text_after(type, "ext");
	out->type = type;
	out->mountable = mountable;
}
