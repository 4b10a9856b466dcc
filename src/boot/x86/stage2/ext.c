/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ext2/3/4: superblock, group descriptors, inodes.
 */
#include "ext.h"

#include "boot/x86/memmap.h"

#define SB_OFF			1024
#define SB_LEN			1024
#define SB_INODES_NR		0
#define SB_BLOCKS_NR_LO		4
#define SB_FIRST_DATA_BLK	20
#define SB_BLOCKS_PER_GROUP	32
#define SB_REVISION		76
#define SB_COMPAT		92
#define SB_RO_COMPAT		100
#define SB_UUID			104
#define SB_FIRST_META_BG	260
#define SB_BLOCKS_NR_HI		336
#define SB_BACKUP_GROUPS	588

#define COMPAT_SPARSE_SUPER2	0x200
#define INCOMPAT_META_BG	0x10
#define RO_COMPAT_SPARSE_SUPER	0x1

#define OLD_INODE_LEN		128
#define OLD_DESC_LEN		32
#define DESC_LEN_MAX		1024

#define INODE_MODE		0
#define INODE_LEN_HI		108
#define MODE_TYPE		0xf000
#define MODE_DIR		0x4000
#define MODE_REGULAR		0x8000
#define MODE_LINK		0xa000

static bool is_power_of_2(uint32_t v)
{
	return v && !(v & (v - 1));
}

static void decode_super(struct ext *fs, const uint8_t *sb)
{
	uint32_t incompat = le32(sb + EXT_SB_INCOMPAT);

	fs->block_shift = 10 + le32(sb + EXT_SB_LOG_BLOCK);
	fs->inodes_nr = le32(sb + SB_INODES_NR);
	fs->inodes_per_group = le32(sb + EXT_SB_INODES_PER_GROUP);
	fs->blocks_per_group = le32(sb + SB_BLOCKS_PER_GROUP);
	fs->first_data_blk = le32(sb + SB_FIRST_DATA_BLK);
	fs->inode_len = le32(sb + SB_REVISION) ? le16(sb + EXT_SB_INODE_LEN) :
						 OLD_INODE_LEN;
	fs->has_64bit = incompat & EXT_INCOMPAT_64BIT;
	fs->desc_len = fs->has_64bit ? le16(sb + EXT_SB_DESC_LEN) :
				       OLD_DESC_LEN;
	fs->blocks_nr = join64(fs->has_64bit ? le32(sb + SB_BLOCKS_NR_HI) : 0,
			       le32(sb + SB_BLOCKS_NR_LO));
	fs->first_meta_bg = incompat & INCOMPAT_META_BG ?
			    le32(sb + SB_FIRST_META_BG) : UINT32_MAX;
	fs->sparse_super = le32(sb + SB_RO_COMPAT) & RO_COMPAT_SPARSE_SUPER;
	fs->sparse_super2 = le32(sb + SB_COMPAT) & COMPAT_SPARSE_SUPER2;
	memcpy(fs->uuid, sb + SB_UUID, sizeof(fs->uuid));
	fs->backup_groups[0] = le32(sb + SB_BACKUP_GROUPS);
	fs->backup_groups[1] = le32(sb + SB_BACKUP_GROUPS + 4);
}

static bool super_is_sane(const struct ext *fs)
{
	return is_power_of_2(fs->inode_len) &&
	       fs->inode_len >= OLD_INODE_LEN &&
	       fs->inode_len <= fs->block_len &&
	       is_power_of_2(fs->desc_len) &&
	       fs->desc_len >= OLD_DESC_LEN && fs->desc_len <= DESC_LEN_MAX &&
	       fs->inodes_per_group && fs->blocks_per_group &&
	       fs->blocks_nr >> (64 - 16) == 0;
}

fault ext_open(struct ext *fs, struct disk *disk, void *slots)
{
	const uint8_t *sb = slots;
	uint32_t i;
	fault f;

	memset(fs, 0, sizeof(*fs));
	fs->disk = disk;
	fs->slots = slots;
	for (i = 0; i < EXT_SLOTS; i++)
		fs->slot_blk[i] = UINT64_MAX;
	f = disk_read(disk, SB_OFF, slots, SB_LEN);
	if (f)
		return f;
	if (le16(sb + EXT_SB_MAGIC) != EXT_MAGIC)
		return "no ext2, ext3 or ext4 filesystem";
	if (le32(sb + EXT_SB_LOG_BLOCK) > EXT_LOG_BLOCK_MAX)
		return "superblock: blocks are too large";
	decode_super(fs, sb);
	fs->block_len = 1u << fs->block_shift;
	if (!super_is_sane(fs))
		return "superblock is damaged";
	while (fs->block_len >> fs->desc_shift > fs->desc_len)
		fs->desc_shift++;
	return NULL;
}

fault ext_block(struct ext *fs, uint64_t blk, const uint8_t **out)
{
	uint8_t *slot;
	uint32_t i;
	fault f;

	for (i = 0; i < EXT_SLOTS; i++) {
		if (fs->slot_blk[i] == blk) {
			*out = fs->slots + i * EXT_BLOCK_MAX;
			return NULL;
		}
	}
	if (blk >= fs->blocks_nr)
		return "block number is past the end of the filesystem";
	i = fs->next_slot;
	fs->next_slot = (i + 1) % EXT_SLOTS;
	slot = fs->slots + i * EXT_BLOCK_MAX;
	fs->slot_blk[i] = UINT64_MAX;
	f = disk_read(fs->disk, blk << fs->block_shift, slot, fs->block_len);
	if (f)
		return f;
	fs->slot_blk[i] = blk;
	*out = slot;
	return NULL;
}

static bool is_power_of(uint32_t v, uint32_t base)
{
	while (v > base && v % base == 0)
		v /= base;
	return v == base;
}

/* Whether a group begins with a copy of the superblock. */
static bool has_super(const struct ext *fs, uint32_t group)
{
	if (!group)
		return true;
	if (fs->sparse_super2)
		return group == fs->backup_groups[0] ||
		       group == fs->backup_groups[1];
	if (!fs->sparse_super || group == 1)
		return true;
	return is_power_of(group, 3) || is_power_of(group, 5) ||
	       is_power_of(group, 7);
}

/*
 * Block of the descriptor of a group. The table lies behind the superblock,
 * which 1 KiB blocks have to themselves even where (with bigalloc) the first
 * data block is 0. With meta_bg each block of descriptors lies at the start
 * of the groups it describes.
 */
static uint64_t desc_blk(const struct ext *fs, uint32_t group)
{
	uint32_t i = group >> fs->desc_shift;
	uint32_t first = i << fs->desc_shift;

	if (i < fs->first_meta_bg || !first)
		return i + (fs->block_shift == 10 ? 2 : 1);
	return fs->first_data_blk + (uint64_t)first * fs->blocks_per_group +
	       has_super(fs, first);
}

fault ext_inode_raw(struct ext *fs, uint32_t nr, const uint8_t **out)
{
	uint32_t group, index;
	const uint8_t *p;
	uint64_t table;
	fault f;

	if (!nr || nr > fs->inodes_nr)
		return "inode number is out of range";
	group = (nr - 1) / fs->inodes_per_group;
	index = (nr - 1) % fs->inodes_per_group;
	f = ext_block(fs, desc_blk(fs, group), &p);
	if (f)
		return f;
	p += (group & ((1u << fs->desc_shift) - 1)) * fs->desc_len;
	table = join64(fs->has_64bit && fs->desc_len >= 64 ?
		       le32(p + EXT_DESC_TABLE_HI) : 0,
		       le32(p + EXT_DESC_TABLE_LO));
	/* inode_len divides block_len: an inode never crosses a block. */
	table += (uint64_t)index * fs->inode_len >> fs->block_shift;
	f = ext_block(fs, table, &p);
	if (f)
		return f;
	*out = p + ((uint64_t)index * fs->inode_len & (fs->block_len - 1));
	return NULL;
}

fault ext_inode_get(struct ext *fs, uint32_t nr, struct ext_inode *out)
{
	const uint8_t *p;
	fault f;

	f = ext_inode_raw(fs, nr, &p);
	if (f)
		return f;
	out->nr = nr;
	out->mode = le16(p + INODE_MODE);
	out->flags = le32(p + EXT_INODE_FLAGS);
	out->len = join64(ext_is_link(out) ? 0 : le32(p + INODE_LEN_HI),
			  le32(p + EXT_INODE_LEN_LO));
	memcpy(out->block, p + EXT_INODE_BLOCK, EXT_INLINE_LEN);
	return NULL;
}

bool ext_is_dir(const struct ext_inode *inode)
{
	return (inode->mode & MODE_TYPE) == MODE_DIR;
}

bool ext_is_regular(const struct ext_inode *inode)
{
	return (inode->mode & MODE_TYPE) == MODE_REGULAR;
}

bool ext_is_link(const struct ext_inode *inode)
{
	return (inode->mode & MODE_TYPE) == MODE_LINK;
}
