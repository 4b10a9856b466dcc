/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files inside an image: read, put, edit. */
#ifndef DISKWRIGHT_FILES_H
#define DISKWRIGHT_FILES_H
#ifndef DISKWRIGHT_H
#error "include <diskwright.h>"
#endif

/* ---- files inside an image ----------------------------------------------- */

struct dw_dir_item {
	const char *name;
	uint32_t mode;		/* as st_mode */
	uint32_t uid, gid;
	uint64_t size;
	int64_t mtime;
	const char *target;	/* of a symbolic link, or NULL */
	uint32_t rdev_major, rdev_minor;
};

typedef int (*dw_dir_item_fn)(void *arg, const struct dw_dir_item *item,
			      struct dw_err *err);
typedef int (*dw_bytes_fn)(void *arg, const void *buf, size_t len,
			   struct dw_err *err);

/* LOCATOR[:PATH]: the items of a directory by name, or the one file.  A
 * journal is replayed in memory first. */
DW_PUBLIC int dw_list(struct dw_ctx *ctx, const char *locator,
		      const char *format, unsigned flags, dw_dir_item_fn fn,
		      void *arg, struct dw_err *err);
/* LOCATOR:PATH: the bytes of a file, in pieces. */
DW_PUBLIC int dw_read_path(struct dw_ctx *ctx, const char *locator,
			   const char *format, unsigned flags, dw_bytes_fn fn,
			   void *arg, struct dw_err *err);

/* ---- put: a file of the host into an image ------------------------------- */

/* How a change gets into the image. */
enum dw_change_way {
	DW_CHANGE_JOURNAL,	/* as one transaction: a crash leaves the old or
				 * the new */
	DW_CHANGE_UNDO,		/* a record beside the image brings the old back
				 * after a crash: dw_undo() */
	DW_CHANGE_BARE,		/* a crash leaves it to e2fsck */
};

/* What a change of files takes, whichever job makes it. */
struct dw_change_cost {
	enum dw_change_way way;
	uint64_t data_len;	/* bytes of files that are written */
	uint64_t blocks_nr;	/* of the filesystem itself that change ... */
	uint32_t block_len;
	uint64_t log_blocks_nr;	/* ... of so many that its journal could take;
				 * 0: it has none */
	struct dw_recovery recovery;	/* done first, as a part of it */
};

struct dw_put_options {
	size_t size;		/* sizeof(struct dw_put_options) */
	bool parents;		/* make the folders that are missing */
	bool no_holes;		/* store blocks of zeros, too */
	bool force;		/* immutable files; DW_CHANGE_BARE */
	bool dry_run;		/* only a plan: the image is opened to read */
	bool has_mode;
	uint32_t mode;		/* permission bits; else those of the old file,
				 * or 0644 */
	int64_t uid, gid;	/* -1: the old file's, or those of the folder */
};

struct dw_put_state;

/* Everything belongs to the plan: dw_put_plan_free(). */
struct dw_put_plan {
	char *path;		/* in the filesystem, links resolved */
	bool is_new;
	uint64_t size, old_size;
	uint32_t mode, uid, gid;	/* as they will be */
	struct dw_change_cost cost;
	struct dw_notes notes;
	struct dw_put_state *state;
};

/*
 * LOCATOR:PATH becomes a copy of the host's file 'from' ("-": standard input).
 * A file that is there stays itself: inode, owner, mode, attributes, hard
 * links; a new one takes owner and security label from its folder.  The plan
 * changes nothing, and keeps the image locked until it is freed.
 */
DW_PUBLIC int dw_put_plan(struct dw_ctx *ctx, const char *from,
			  const char *locator, const char *format,
			  const struct dw_put_options *options,
			  struct dw_put_plan **out, struct dw_err *err);
/* Carries the plan out, reads the file back and compares it. */
DW_PUBLIC int dw_put_run(struct dw_put_plan *plan, struct dw_err *err);
DW_PUBLIC void dw_put_plan_free(struct dw_put_plan *plan);

/* ---- edit: a file inside an image, by an expression or an editor ---------- */

/* Makes new bytes of old ones, e.g. by asking somebody; *out is malloced. */
typedef int (*dw_editor_fn)(void *arg, const char *path, const char *old,
			  size_t old_len, char **out, size_t *len,
			  struct dw_err *err);

struct dw_edit_options {
	size_t size;		/* sizeof(struct dw_edit_options) */
	/* "s/REGEX/TEXT/g", done one after the other to each line ... */
	const char *const *expressions;
	size_t expressions_nr;
	dw_editor_fn editor;	/* ... or, where there is none, this */
	void *arg;
	const char *backup;	/* suffix of a copy of the old file; NULL: none */
	bool force, dry_run;	/* as for dw_put_plan() */
};

struct dw_edit_state;

/* Everything belongs to the plan: dw_edit_plan_free(). */
struct dw_edit_plan {
	char *path;		/* in the filesystem, links resolved */
	char *backup_path;	/* or NULL */
	bool is_changed;	/* else there is nothing to do */
	uint64_t size, old_size;
	struct dw_changes changes;	/* line by line */
	struct dw_change_cost cost;
	struct dw_notes notes;
	struct dw_edit_state *state;
};

/*
 * Changes a file of at most 16 MiB, which stays itself as with put.  The editor
 * is called while the plan is made, unless it is known before that nothing can
 * be changed; the image is locked meanwhile.
 * Expressions are for text: a byte 0 is DW_UNSUPPORTED.  DW_EXISTS where the
 * backup is there.
 */
DW_PUBLIC int dw_edit_plan(struct dw_ctx *ctx, const char *locator,
			   const char *format,
			   const struct dw_edit_options *options,
			   struct dw_edit_plan **out, struct dw_err *err);
DW_PUBLIC int dw_edit_run(struct dw_edit_plan *plan, struct dw_err *err);
DW_PUBLIC void dw_edit_plan_free(struct dw_edit_plan *plan);

#endif
