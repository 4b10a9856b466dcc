/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside the ext room: the superblock in our own words, and libext2fs opened
 * over a device.
 */
#ifndef DW_FS_EXT_INTERNAL_H
#define DW_FS_EXT_INTERNAL_H

#include <ext2fs/ext2fs.h>

#include "base/ctx.h"
#include "dev/dev.h"
#include "fs/fs.h"

#define DW_EXT_SUPER_OFF 1024u
#define DW_EXT_SUPER_LEN 1024u

/* ---- ext_super.c ------------------------------------------------------ */

/* What we read of a superblock (ext4 documentation, "The Super Block"). */
struct dw_ext_super {
	uint64_t blocks_nr;
	uint64_t free_blocks_nr;
	uint32_t inodes_nr;
	uint32_t first_data_blk;
	uint32_t log_block_len;		/* block length is 1024 << this */
	uint32_t log_cluster_len;
	uint32_t blocks_per_group;
	uint32_t inodes_per_group;
	uint16_t state;
	uint16_t group_nr;		/* in which group this copy lies */
	uint32_t rev;
	uint32_t inode_len;
	uint32_t desc_len;
	uint32_t compat, incompat, ro_compat;
	uint8_t uuid[16];
	char label[17];
	uint32_t last_orphan;
	uint64_t mmp_blk;
	int64_t write_time, mkfs_time;
	bool checksum_ok;		/* or there is none */
};

/* DW_NOT_MINE where the magic is not there. */
int dw_ext_super_decode(const uint8_t *p, struct dw_ext_super *out,
			struct dw_err *err);
/* Checksum and the fields among themselves. */
int dw_ext_super_check(const struct dw_ext_super *sb, struct dw_err *err);
/* After dw_ext_super_check(): whether the device holds all the blocks. */
int dw_ext_super_fits(const struct dw_ext_super *sb, uint64_t dev_len,
		      struct dw_err *err);
/* Fetches and decodes; a device too small for one is DW_NOT_MINE. */
int dw_ext_super_read(struct dw_dev *dev, struct dw_ext_super *out,
		      struct dw_err *err);
/* Looks for the first backup superblock, at the place that mke2fs gives it for
 * each block length.  False: there is none, or it cannot be read. */
bool dw_ext_super_find_backup(struct dw_dev *dev, uint64_t *blk,
			      uint32_t *block_len);
void dw_ext_super_info(const struct dw_ext_super *sb, struct dw_fs_info *out);

/* ---- ext_feature.c ---------------------------------------------------- */

/* "ext2", "ext3" or "ext4", by the rules of libblkid. */
const char *dw_ext_type_name(const struct dw_ext_super *sb);
/* Names separated by spaces, as dumpe2fs has them. */
void dw_ext_feature_names(const struct dw_ext_super *sb, char *out,
			  size_t size);
/* DW_UNSUPPORTED names the first feature that is not handled: one that bars
 * reading, or with 'writing' also one that bars changing. */
int dw_ext_feature_check(const struct dw_ext_super *sb, bool writing,
			 struct dw_err *err);

/* ---- ext_io.c --------------------------------------------------------- */

/* Where libext2fs finds a device.  fs->priv_data points to it. */
struct dw_ext_io {
	struct dw_dev *dev;
	struct dw_ext_cache *cache;
	struct dw_err err;	/* the last error of the device; code 0: none */
};

/*
 * ext2fs_open2() over a device.  ext2_flags: EXT2_FLAG_*.  On success
 * fs->priv_data is the new struct dw_ext_io; free with dw_ext_close_raw().
 */
int dw_ext_io_open(struct dw_dev *dev, int ext2_flags, ext2_filsys *out,
		   struct dw_err *err);

/* ---- ext_error.c ------------------------------------------------------ */

/*
 * Fills err from an error of libext2fs, as "text: why", and returns its code.
 * Where the device failed since the last call, that is the reason given,
 * whatever libext2fs made of it.  fs may be NULL.
 */
int dw_ext_fail(struct dw_err *err, ext2_filsys fs, errcode_t rc,
		const char *fmt, ...) DW_PRINTF(4, 5);

/* ---- ext_open.c ------------------------------------------------------- */

/*
 * Opens without refusing a journal that needs recovery or orphans: what
 * recovery works with.  flags: enum dw_fs_flags.  Superblock, features, MMP
 * and length were checked; no bitmaps are loaded.  Borrows dev.  fs->now is
 * the time to stamp.
 *
 * Everything goes through a cache: what is written to dev behind its back is
 * not seen, so replay first, then open.
 */
int dw_ext_open_raw(struct dw_ctx *ctx, struct dw_dev *dev, unsigned flags,
		    ext2_filsys *out, struct dw_err *err);
/* Writes bitmaps, descriptors, superblock and cache to the device, which it
 * does not flush. */
int dw_ext_flush_raw(ext2_filsys fs, struct dw_err *err);
/* Frees without writing.  NULL is allowed. */
void dw_ext_close_raw(ext2_filsys fs);

/* Loads the bitmaps unless they are. */
int dw_ext_load_bitmaps(ext2_filsys fs, struct dw_err *err);

/* ---- the handle ------------------------------------------------------- */

struct dw_fs {
	struct dw_ctx *ctx;
	struct dw_dev *dev;	/* a reference */
	ext2_filsys fs;
	bool writable;
};

#endif
