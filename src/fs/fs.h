/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Filesystems: files, directories and used blocks on a block device.
 *
 * Paths are absolute inside the filesystem ("/boot/vmlinuz").  Calls follow
 * symbolic links of the guest inside the guest, except those named l... and
 * the last component where a doc block says so; the host's files are never
 * reached.  One thread at a time per handle.
 */
#ifndef DW_FS_FS_H
#define DW_FS_FS_H

#include "base/ctx.h"
#include "dev/dev.h"
#include "dev/kinds.h"

enum dw_fs_flags {
	DW_FS_WRITE = 1 << 0,
	/* Leave the copies of superblock and descriptors as they are, as the
	 * kernel does: fewer blocks change. */
	DW_FS_PRIMARY_ONLY = 1 << 1,
};

/* File types, as in st_mode. */
struct dw_stat {
	uint64_t ino;
	uint32_t mode;
	uint32_t uid, gid;
	uint32_t links_nr;
	uint64_t size;
	int64_t atime, mtime, ctime;	/* seconds */
	uint32_t rdev_major, rdev_minor;
	uint32_t inode_flags;		/* EXT2_*_FL */
};

/* A run of used bytes of the filesystem's device. */
struct dw_used_run {
	uint64_t off;
	uint64_t len;
};

struct dw_used {
	struct dw_used_run *runs;	/* ascending, never touching */
	size_t runs_nr;
	uint64_t total_len;
	/* Blocks that inodes reference but the bitmaps call free; they are
	 * among the runs.  And one example for the report. */
	uint64_t unmarked_blk_nr;
	uint64_t first_unmarked_blk;
	/* Inodes whose block map is damaged: what it had before the damage is
	 * among the runs. */
	uint64_t damaged_inodes_nr;
};

struct dw_fs;

/* Owner, mode and so on of something new; -1/0 fields take the default: what
 * the folder has (owner, security label), 0644/0755, times from the context. */
struct dw_new {
	int64_t uid, gid;	/* -1: the folder's */
	uint32_t mode;		/* 0: default */
};

/* Called for each entry but "." and ".."; a non-zero return stops and is
 * returned. */
typedef int (*dw_dirent_fn)(void *arg, const char *name, uint64_t ino,
			    uint32_t type_mode, struct dw_err *err);

struct dw_fs_driver {
	const char *name;
	int (*probe)(struct dw_dev *dev, struct dw_err *err);
	int (*open)(struct dw_ctx *ctx, struct dw_dev *dev, unsigned flags,
		    struct dw_fs **out, struct dw_err *err);
	/* Only reads the superblock. */
	int (*info)(struct dw_dev *dev, struct dw_fs_info *out,
		    struct dw_err *err);
};

extern const struct dw_fs_driver *const dw_fs_drivers[];

/* Names what is on a device: our drivers first, then libblkid (then 'partial'
 * is set).  DW_NOT_MINE where nobody knows it. */
int dw_fs_identify(struct dw_dev *dev, struct dw_fs_info *out,
		   struct dw_err *err);

/*
 * Opens for reading, or with DW_FS_WRITE for changing (dev must be writable;
 * give an overlay to keep what is below).  DW_UNSUPPORTED names a filesystem
 * or feature that is not handled.  A journal that needs recovery is
 * DW_UNSUPPORTED here: call dw_fs_recover() on an overlay first.
 */
int dw_fs_open(struct dw_ctx *ctx, struct dw_dev *dev, unsigned flags,
	       struct dw_fs **out, struct dw_err *err);

/* Writes back everything; after an error the device's content is unusable. */
int dw_fs_flush(struct dw_fs *fs, struct dw_err *err);

/* Closes without writing what was not flushed.  NULL is allowed. */
void dw_fs_close(struct dw_fs *fs);

/*
 * Recovers the filesystem on a writable overlay: journal replay (mapped, not
 * copied), orphans, free counts.  Nothing to do is success with all counts 0.
 * out may be NULL.  Refuses by name: valid fast commits, an external journal.
 */
int dw_fs_recover(struct dw_ctx *ctx, struct dw_dev *overlay,
		  struct dw_recovery *out, struct dw_err *err);

/* ---- changes that a crash cannot cut in half ----------------------------- */

/* What a commit takes. */
struct dw_fs_commit {
	uint32_t block_len;
	uint64_t blocks_nr;	/* that differ */
	uint64_t log_blocks_nr;	/* that the journal has */
};

/*
 * 'overlay' has a flushed filesystem whose state below, on dev, needs no
 * recovery.  Checks without writing whether one transaction of the journal can
 * take all that differs: DW_LIMIT where it is too short, DW_UNSUPPORTED where
 * there is none, where it is on another device, and for fast commits.
 */
int dw_fs_commit_plan(struct dw_ctx *ctx, struct dw_dev *dev,
		      struct dw_dev *overlay, struct dw_fs_commit *out,
		      struct dw_err *err);
/*
 * Writes to dev what differs, as one transaction.  A crash at any moment
 * leaves what a replay of the journal turns into the old or the new state.
 * Blocks that only the new state uses may be written before; they are durable
 * before the transaction is.
 */
int dw_fs_commit(struct dw_ctx *ctx, struct dw_dev *dev,
		 struct dw_dev *overlay, struct dw_err *err);

/* Replays the journal where it lies, durably, and nothing else; a crash leaves
 * it to be replayed again. */
int dw_fs_replay(struct dw_ctx *ctx, struct dw_dev *dev, struct dw_err *err);

/* Calls fn for each block of the filesystem on dev that the overlay has with
 * other bytes, ascending, one by one. */
int dw_fs_changed(struct dw_ctx *ctx, struct dw_dev *dev,
		  struct dw_dev *overlay, dw_run_fn fn, void *arg,
		  struct dw_err *err);

/* ---- files and folders --------------------------------------------------- */

int dw_fs_get_info(struct dw_fs *fs, struct dw_fs_info *out,
		   struct dw_err *err);

int dw_fs_stat(struct dw_fs *fs, const char *path, struct dw_stat *out,
	       struct dw_err *err);
int dw_fs_lstat(struct dw_fs *fs, const char *path, struct dw_stat *out,
		struct dw_err *err);
/* Whether something is there, links followed. */
bool dw_fs_exists(struct dw_fs *fs, const char *path);

/* The whole of a regular file, NUL-terminated for text; larger than max_len is
 * DW_LIMIT.  The caller frees *out. */
int dw_fs_read_file(struct dw_fs *fs, const char *path, size_t max_len,
		    char **out, size_t *len, struct dw_err *err);
/* Part of a file by inode number (as dw_fs_stat gives it); *got is short only
 * at the end of the file. */
int dw_fs_pread(struct dw_fs *fs, uint64_t ino, uint64_t off, void *buf,
		size_t len, size_t *got, struct dw_err *err);
int dw_fs_readlink(struct dw_fs *fs, const char *path, char **out,
		   struct dw_err *err);
int dw_fs_readdir(struct dw_fs *fs, const char *path, dw_dirent_fn fn,
		  void *arg, struct dw_err *err);

/* The path with every symbolic link resolved inside the guest.  Caller frees. */
int dw_fs_realpath(struct dw_fs *fs, const char *path, char **out,
		   struct dw_err *err);

/* Replaces the content of an existing file, which stays itself (inode, owner,
 * mode, xattrs, hard links), or makes a new one as 'new' (NULL: defaults)
 * says.  Links are followed.  The data is fully allocated: no holes. */
int dw_fs_write_file(struct dw_fs *fs, const char *path, const void *data,
		     size_t len, const struct dw_new *new, struct dw_err *err);
/* Makes an existing file longer; it stays itself, and where it can the blocks
 * that it has stay, too.  Links are followed. */
int dw_fs_append_file(struct dw_fs *fs, const char *path, const void *data,
		      size_t len, struct dw_err *err);
/* A run of bytes of a file, and where it lies on the device. */
typedef int (*dw_fs_run_fn)(void *arg, uint64_t file_off, uint64_t dev_off,
			    uint64_t len, struct dw_err *err);

/* A file's content that is not held in memory. */
struct dw_fs_content {
	uint64_t len;
	int (*read)(void *arg, uint64_t off, void *buf, size_t len,
		    struct dw_err *err);
	/* The first bytes at or behind 'off' that are to be stored, in whole
	 * units but for the end of the file; the rest becomes holes.
	 * *data_len 0: none any more. */
	int (*next_data)(void *arg, uint64_t off, uint64_t unit_len,
			 uint64_t *data_off, uint64_t *data_len,
			 struct dw_err *err);
	/* Told where bytes belong on the device.  len is in whole blocks; what
	 * passes the end of the file has to be zeros there. */
	dw_fs_run_fn place;
	void *arg;
};

/*
 * As dw_fs_write_file(), but the caller writes the bytes: they get blocks that
 * were free, and the old ones are given up by dw_fs_flush(), so that no file
 * that is placed gets those of another; files that are written meanwhile give
 * theirs up at once, so they come after these.  Where the bytes lie in the
 * inode itself, they are written here.  After a failure the filesystem on the
 * device is unusable.
 */
int dw_fs_place_file(struct dw_fs *fs, const char *path,
		     const struct dw_fs_content *content,
		     const struct dw_new *new, struct dw_err *err);
/*
 * As dw_fs_append_file(), but the caller writes what goes into fresh blocks:
 * 'told' gets runs of the data, counted from its own start; the rest of
 * the file's last block is filled here.  *done false: the file is one whose
 * content has to be placed as a whole, and nothing was changed.
 */
int dw_fs_place_behind(struct dw_fs *fs, const char *path, const void *data,
		       size_t len, dw_fs_run_fn told, void *arg, bool *done,
		       struct dw_err *err);
/* Makes a directory, and with parents those above; an existing one is fine. */
int dw_fs_mkdir(struct dw_fs *fs, const char *path, bool parents,
		const struct dw_new *new, struct dw_err *err);
int dw_fs_symlink(struct dw_fs *fs, const char *target, const char *path,
		  struct dw_err *err);
/* Removes a file or symlink (not a directory), freeing it with its last link. */
int dw_fs_unlink(struct dw_fs *fs, const char *path, struct dw_err *err);
int dw_fs_rename(struct dw_fs *fs, const char *from, const char *to,
		 struct dw_err *err);
int dw_fs_chmod(struct dw_fs *fs, const char *path, uint32_t mode,
		struct dw_err *err);
int dw_fs_chown(struct dw_fs *fs, const char *path, uint32_t uid, uint32_t gid,
		struct dw_err *err);
int dw_fs_set_times(struct dw_fs *fs, const char *path, int64_t atime,
		    int64_t mtime, struct dw_err *err);
int dw_fs_set_inode_flags(struct dw_fs *fs, const char *path, uint32_t flags,
			  struct dw_err *err);

/* Extended attributes; the value is malloced, *len may be 0.  DW_NOENT where
 * there is none. */
int dw_fs_getxattr(struct dw_fs *fs, const char *path, const char *name,
		   char **value, size_t *len, struct dw_err *err);
int dw_fs_setxattr(struct dw_fs *fs, const char *path, const char *name,
		   const void *value, size_t len, struct dw_err *err);
typedef int (*dw_xattr_fn)(void *arg, const char *name, const void *value,
			   size_t len, struct dw_err *err);
int dw_fs_listxattr(struct dw_fs *fs, const char *path, dw_xattr_fn fn,
		    void *arg, struct dw_err *err);

/* Sets the UUID, metadata checksums included. */
int dw_fs_set_uuid(struct dw_fs *fs, const uint8_t uuid[16],
		   struct dw_err *err);

/* The used blocks: bitmaps united with what inodes reference.  The log of a
 * clean journal is left out, as nobody reads it again, and so are blocks that a
 * file was given and never wrote, which read as zeros.  The boot block of the
 * filesystem (its first 1024 bytes) is always among them. */
int dw_fs_used(struct dw_fs *fs, struct dw_used **out, struct dw_err *err);
void dw_used_free(struct dw_used *used);

/* For a boot loader: a file made in block group 0, where shrinking does not
 * move it, fully allocated and immutable; replaces what has that name.  *ino
 * receives its number. */
int dw_fs_write_boot_file(struct dw_fs *fs, const char *path, const void *data,
			  size_t len, uint64_t *ino, struct dw_err *err);
/* Puts other bytes into the blocks that such a file has, from its start on: it
 * may hold what names those blocks. */
int dw_fs_overwrite_boot_file(struct dw_fs *fs, uint64_t ino, const void *data,
			      size_t len, struct dw_err *err);
/* Physical runs of a file in file order; holes, and blocks not yet written,
 * are left out of the calls. */
int dw_fs_file_runs(struct dw_fs *fs, uint64_t ino, dw_fs_run_fn fn, void *arg,
		    struct dw_err *err);

#endif
