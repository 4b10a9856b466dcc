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

/* "ext2", "ext3", "ext4" or "jbd", by the rules of libblkid. */
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

/* Adds to a DW_CORRUPT where a good copy of the superblock is, if there is
 * one; returns the code. */
int dw_ext_add_backup(struct dw_dev *dev, int code, struct dw_err *err);

/* Load the bitmaps unless they are; a descriptor that leads out of the
 * filesystem is DW_CORRUPT. */
int dw_ext_load_block_bitmap(ext2_filsys fs, struct dw_err *err);
int dw_ext_load_bitmaps(ext2_filsys fs, struct dw_err *err);

/* ---- ext_inode.c ------------------------------------------------------ */

/* An inode as far as reading goes; in the host's byte order. */
struct dw_ext_node {
	ext2_ino_t ino;
	uint32_t mode;
	uint32_t links_nr;
	uint32_t flags;
	uint32_t generation;
	uint64_t size;
	uint64_t acl_blk;	/* 0: none */
	uint8_t i_block[60];	/* as on disk */
};

/* From the bytes of the inode table, at least 128 of them. */
void dw_ext_node_decode(const uint8_t *p, ext2_ino_t ino,
			struct dw_ext_node *out);
/* DW_CORRUPT for a number out of range or a wrong checksum. */
int dw_ext_node_read(ext2_filsys fs, ext2_ino_t ino, struct dw_ext_node *out,
		     struct dw_err *err);
/* Whether i_block holds block numbers, not data or a device number. */
bool dw_ext_node_has_map(const struct dw_ext_node *n);
/* Reads and writes all that the inode table has of an inode; the buffer is
 * EXT2_INODE_SIZE long and malloced, never shorter than the struct. */
int dw_ext_inode_load(ext2_filsys fs, ext2_ino_t ino,
		      struct ext2_inode_large **out, struct dw_err *err);
int dw_ext_inode_store(ext2_filsys fs, ext2_ino_t ino,
		       struct ext2_inode_large *inode, struct dw_err *err);
void dw_ext_inode_stat(ext2_filsys fs, ext2_ino_t ino,
		       const struct ext2_inode_large *inode,
		       struct dw_stat *out);
/* Whether the large part of the inode reaches over a field. */
#define DW_EXT_HAS_FIELD(fs, inode, field)				\
	(EXT2_INODE_SIZE((fs)->super) > 128 &&				\
	 128u + (inode)->i_extra_isize >=				\
	 offsetof(struct ext2_inode_large, field) + sizeof((inode)->field))

/* ---- ext_map.c -------------------------------------------------------- */

/* A run of blocks of a file. */
struct dw_ext_run {
	uint64_t lblk;		/* in the file */
	uint64_t pblk;		/* on the device */
	uint64_t nr;
	bool unwritten;		/* allocated, reads as zeros */
};

typedef int (*dw_ext_run_fn)(void *arg, const struct dw_ext_run *run,
			     struct dw_err *err);

/*
 * Walks the block map, extents or indirect blocks, in file order.  meta (may
 * be NULL) is called for each block that holds a part of the map itself.  All
 * numbers given are inside the filesystem; anything else is DW_CORRUPT.  A
 * non-zero result of a callback ends the walk.
 */
int dw_ext_map_walk(ext2_filsys fs, const struct dw_ext_node *n,
		    dw_ext_run_fn data, dw_ext_run_fn meta, void *arg,
		    struct dw_err *err);

/* The runs of one file, to look things up in. */
struct dw_ext_map {
	ext2_ino_t ino;		/* 0: empty */
	struct dw_ext_run *runs;
	size_t runs_nr;
	size_t cap;
	uint64_t max_len;	/* bytes it may take */
};

int dw_ext_map_load(ext2_filsys fs, const struct dw_ext_node *n,
		    struct dw_ext_map *map, struct dw_err *err);
void dw_ext_map_clear(struct dw_ext_map *map);

/* ---- the handle ------------------------------------------------------- */

struct dw_fs {
	struct dw_ctx *ctx;
	struct dw_dev *dev;	/* a reference */
	ext2_filsys fs;
	bool writable;
	struct dw_ext_map map;	/* of the file that was read last */
	struct dw_ext_names *names;
	/* What files had whose bytes somebody else writes; freed by a flush. */
	struct dw_ext_node *given_up;
	size_t given_up_nr;
};

/* ---- ext_names.c ------------------------------------------------------ */

struct dw_ext_names;

#define DW_EXT_NOT_KEPT 1

/* Looks a name up among those that are kept, reading the directory first where
 * it is not.  ino 0: it has no such name.  DW_EXT_NOT_KEPT: not all of it is
 * kept (damaged, too large), and nothing is known of this name. */
int dw_ext_names_lookup(struct dw_fs *f, ext2_ino_t dir, const char *name,
			size_t name_len, ext2_ino_t *ino, struct dw_err *err);
/* After a change of its names. */
void dw_ext_names_forget(struct dw_fs *f, ext2_ino_t dir);
void dw_ext_names_free(struct dw_ext_names *n);

/* ---- ext_dir.c -------------------------------------------------------- */

/* One entry, "." and ".." among them; type is EXT2_FT_*. */
struct dw_ext_entry {
	const char *name;	/* not terminated */
	unsigned name_len;
	ext2_ino_t ino;
	unsigned type;
};

typedef int (*dw_ext_entry_fn)(void *arg, const struct dw_ext_entry *e,
			       struct dw_err *err);

int dw_ext_dir_each(struct dw_fs *f, const struct dw_ext_node *dir,
		    dw_ext_entry_fn fn, void *arg, struct dw_err *err);
/* DW_NOENT where the name is not there. */
int dw_ext_dir_lookup(struct dw_fs *f, ext2_ino_t dir, const char *name,
		      size_t name_len, ext2_ino_t *ino, struct dw_err *err);

/* ---- ext_path.c ------------------------------------------------------- */

#define DW_EXT_PATH_MAX 4096

/* Where a path leads. */
struct dw_ext_where {
	ext2_ino_t dir;		/* the folder of the last name; the root's own
				 * for the root */
	ext2_ino_t ino;		/* 0: the last name is not there */
	char path[DW_EXT_PATH_MAX];	/* resolved, absolute */
	const char *name;	/* the last name, in path; "" for the root */
};

/*
 * Follows links in all but the last name, and there with 'follow'.  A last
 * name that is not there is success with ino 0; any other is DW_NOENT.
 */
int dw_ext_resolve(struct dw_fs *f, const char *path, bool follow,
		   struct dw_ext_where *out, struct dw_err *err);
/* The same, and the last name must be there. */
int dw_ext_find(struct dw_fs *f, const char *path, bool follow,
		ext2_ino_t *ino, struct dw_err *err);

/* ---- ext_read.c ------------------------------------------------------- */

int dw_ext_read(struct dw_fs *f, const struct dw_ext_node *n, uint64_t off,
		void *buf, size_t len, struct dw_err *err);
/* The whole, NUL-terminated; larger than max_len is DW_LIMIT. */
int dw_ext_read_whole(struct dw_fs *f, const struct dw_ext_node *n,
		      size_t max_len, char **out, size_t *len,
		      struct dw_err *err);
/* All the bytes of a file or directory that lie in its inode. */
int dw_ext_inline_get(ext2_filsys fs, ext2_ino_t ino, uint8_t **out,
		      size_t *len, struct dw_err *err);

/* ---- ext_alloc.c ------------------------------------------------------ */

/*
 * Gives back every block that the map of an inode takes, and leaves the inode
 * with an empty map, no size and no inline data; attributes stay.  The inode
 * is written.
 */
int dw_ext_free_content(struct dw_fs *f, ext2_ino_t ino, struct dw_err *err);
/* Its two halves: the blocks of the map that n holds, and the inode. */
int dw_ext_release_blocks(struct dw_fs *f, const struct dw_ext_node *n,
			  struct dw_err *err);
int dw_ext_clear_content(struct dw_fs *f, const struct dw_ext_node *n,
			 struct dw_err *err);
/* Makes an inode's map the empty one of its kind, extents or indirect. */
void dw_ext_map_init(uint32_t i_flags, __u32 *i_block);

/* What a file is filled with. */
struct dw_ext_source {
	uint64_t len;		/* of the file, bytes */
	/* The first range of blocks with data at or behind from_lblk, up to
	 * *end; *lblk behind the file where there is none. */
	int (*next)(void *arg, uint64_t from_lblk, uint64_t *lblk,
		    uint64_t *end, struct dw_err *err);
	/* Takes note of, or writes, what belongs into fresh blocks. */
	dw_ext_run_fn place;
	void *arg;
};

/* Maps fresh blocks into a file, behind those that its map has.  goal: where to look for
 * free blocks first, 0: near the inode. */
int dw_ext_fill(struct dw_fs *f, ext2_ino_t ino, uint64_t goal,
		const struct dw_ext_source *from, struct dw_err *err);

/* ---- ext_fill.c ------------------------------------------------------- */

/* The same with bytes from memory, without holes. */
int dw_ext_fill_blocks(struct dw_fs *f, ext2_ino_t ino, uint64_t goal,
		       const void *data, size_t len, struct dw_err *err);
/* The bytes of a run of fresh blocks, up to data_len of them; the rest of the
 * last block is zeros. */
int dw_ext_write_run(struct dw_ext_cache *cache, const struct dw_ext_run *run,
		     uint64_t block_len, const uint8_t *data, size_t data_len,
		     struct dw_err *err);

/* ---- ext_write.c ------------------------------------------------------ */

/* DW_READONLY unless the handle was opened for changes. */
int dw_ext_begin(struct dw_fs *f, struct dw_err *err);
/* DW_UNSUPPORTED for what is no regular file of the user's, or is encrypted or
 * sealed. */
int dw_ext_check_replaceable(struct dw_fs *f, const struct dw_ext_node *n,
			     struct dw_err *err);
/* A file that leaves its inode gets extents where the filesystem has them; one
 * that had a map keeps its kind. */
int dw_ext_choose_map(struct dw_fs *f, ext2_ino_t ino, bool was_inline,
		      struct dw_err *err);
/* Its content is new as of now. */
int dw_ext_touch_content(struct dw_fs *f, ext2_ino_t ino, struct dw_err *err);
/* Replaces what a regular file holds.  in_blocks: never inline. */
int dw_ext_set_content(struct dw_fs *f, ext2_ino_t ino, const void *data,
		       size_t len, bool in_blocks, uint64_t goal,
		       struct dw_err *err);

/* ---- ext_place.c ------------------------------------------------------ */

/* Frees the old blocks of files that were placed. */
int dw_ext_give_up(struct dw_fs *f, struct dw_err *err);

/* ---- ext_new.c -------------------------------------------------------- */

/* A new inode of a type other than directory, owned as 'new' says, with the
 * folder's label, not linked yet: one link, empty. */
int dw_ext_new_file(struct dw_fs *f, ext2_ino_t dir, ext2_ino_t near,
		    uint32_t mode, const struct dw_new *new, ext2_ino_t *ino,
		    struct dw_err *err);
/* Owner, label and times of an inode that libext2fs just made. */
int dw_ext_adopt(struct dw_fs *f, ext2_ino_t dir, ext2_ino_t ino,
		 uint32_t mode, const struct dw_new *new, struct dw_err *err);
/* Frees content, attributes and number of an inode without links. */
int dw_ext_free_inode(struct dw_fs *f, ext2_ino_t ino, struct dw_err *err);

/* ---- ext_link.c ------------------------------------------------------- */

/* Adds and removes a name; link counts are the caller's. */
int dw_ext_link(struct dw_fs *f, ext2_ino_t dir, const char *name,
		ext2_ino_t ino, uint32_t mode, struct dw_err *err);
int dw_ext_unlink(struct dw_fs *f, ext2_ino_t dir, const char *name,
		  ext2_ino_t ino, struct dw_err *err);
/* Adds to a directory's link count, with the rule of dir_nlink: more than the
 * count can hold is 1, and stays so. */
int dw_ext_dir_links_add(struct dw_fs *f, ext2_ino_t dir, int n,
			 struct dw_err *err);

/* ---- ext_attr.c ------------------------------------------------------- */

int dw_ext_attr_get(struct dw_fs *f, ext2_ino_t ino, const char *name,
		    char **value, size_t *len, struct dw_err *err);
int dw_ext_attr_set(struct dw_fs *f, ext2_ino_t ino, const char *name,
		    const void *value, size_t len, struct dw_err *err);
/* Takes all attributes away, with the blocks and inodes they use. */
int dw_ext_attr_drop(struct dw_fs *f, ext2_ino_t ino, struct dw_err *err);

/* ---- ext_meta.c ------------------------------------------------------- */

enum dw_ext_time {
	DW_EXT_ATIME = 1,
	DW_EXT_MTIME = 2,
	DW_EXT_CTIME = 4,
	DW_EXT_CRTIME = 8,
};

/* Sets times in an inode, with the bits beyond 2038 where there is room. */
void dw_ext_inode_touch(ext2_filsys fs, struct ext2_inode_large *inode,
			unsigned which, int64_t t);

/* ---- ext_used_log.c ----------------------------------------------------- */

/* Takes the log of a clean journal out of the used runs. */
int dw_ext_leave_log_out(struct dw_fs *f, struct dw_used *u,
			 struct dw_err *err);

#endif
