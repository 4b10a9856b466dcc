/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads ext2, ext3 and ext4: whatever a kernel, its initrd and the
 * configuration may be stored as. No feature flag makes it refuse; what it
 * cannot read is noticed at the file concerned.
 *
 * Nothing on the disk is believed: each block number is checked against the
 * size of the filesystem, each depth and count against what can be, and each
 * loop ends by a bound that the disk does not set.
 */
#ifndef STAGE2_EXT_H
#define STAGE2_EXT_H

#include "disk.h"

#define EXT_BLOCK_MAX	0x10000
#define EXT_SLOTS	4
#define EXT_INLINE_LEN	60	/* of data in the inode itself */

struct ext {
	struct disk *disk;
	uint64_t blocks_nr;
	uint32_t block_len;
	uint32_t block_shift;
	uint32_t inodes_nr;
	uint32_t inodes_per_group;
	uint32_t inode_len;
	uint32_t blocks_per_group;
	uint32_t first_data_blk;
	uint32_t desc_len;
	uint32_t desc_shift;	/* log2 of descriptors in a block */
	uint32_t first_meta_bg;	/* ~0 without meta_bg */
	uint32_t backup_groups[2];
	bool sparse_super, sparse_super2, has_64bit;
	uint8_t uuid[16];

	/* Blocks kept, EXT_BLOCK_MAX apart, replaced in turn. */
	uint8_t *slots;
	uint64_t slot_blk[EXT_SLOTS];
	uint32_t next_slot;
};

struct ext_inode {
	uint32_t nr;
	uint16_t mode;
	uint32_t flags;
	uint64_t len;
	uint8_t block[EXT_INLINE_LEN];
};

/* slots: EXT_SLOTS * EXT_BLOCK_MAX bytes, used as long as fs is. */
fault ext_open(struct ext *fs, struct disk *disk, void *slots);

/* A block; the pointer is good until the EXT_SLOTS-th call from here. */
fault ext_block(struct ext *fs, uint64_t blk, const uint8_t **out);

/* The bytes of an inode, inode_len of them; a pointer as from ext_block. */
fault ext_inode_raw(struct ext *fs, uint32_t nr, const uint8_t **out);
fault ext_inode_get(struct ext *fs, uint32_t nr, struct ext_inode *out);
bool ext_is_dir(const struct ext_inode *inode);
bool ext_is_regular(const struct ext_inode *inode);
bool ext_is_link(const struct ext_inode *inode);

/*
 * ext_map.c: where block blk of a file lies: *start 0 for a hole or unwritten
 * block, and for *run blocks (at least 1) it goes on like that.
 */
fault ext_map(struct ext *fs, const struct ext_inode *inode, uint64_t blk,
	      uint64_t *start, uint64_t *run);

/* ext_file.c: len bytes at off, which must lie within the file. */
fault ext_read(struct ext *fs, const struct ext_inode *inode, uint64_t off,
	       void *dst, uint32_t len);

/*
 * ext_path.c: the file that a path (which ends at NUL) names, seen from the
 * directory dir, or from the root if it begins with '/'. Links are followed.
 */
fault ext_lookup(struct ext *fs, uint32_t dir, const char *path,
		 struct ext_inode *out);
/*
 * Calls fn with each name of a directory, in no order, until it returns true;
 * the name does not end at a NUL and is gone when fn returns.
 */
typedef bool (*ext_name_fn)(void *arg, const char *name, uint32_t len,
			    uint32_t nr);
fault ext_list(struct ext *fs, const struct ext_inode *dir, ext_name_fn fn,
	       void *arg);
extern const char ext_not_found[];	/* the fault if there is none */

#define EXT_FLAG_ENCRYPTED	0x800
#define EXT_FLAG_INLINE		0x10000000

#endif
