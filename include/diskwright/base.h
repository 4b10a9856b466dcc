/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors, context, devices and outputs. */
#ifndef DISKWRIGHT_BASE_H
#define DISKWRIGHT_BASE_H
#ifndef DISKWRIGHT_H
#error "include <diskwright.h>"
#endif

/* ---- errors ----------------------------------------------------------- */

enum dw_code {
	DW_OK = 0,
	DW_NOMEM = -1,		/* out of memory */
	DW_IO = -2,		/* the host failed to read or write */
	DW_NOT_MINE = -3,	/* a probe's answer: another driver's format */
	DW_CORRUPT = -4,	/* the input is damaged */
	DW_UNSUPPORTED = -5,	/* valid, but not handled here */
	DW_DENIED = -6,		/* valid, but not allowed by the caller */
	DW_RANGE = -7,		/* outside of a device or a number range */
	DW_READONLY = -8,	/* write to something that cannot be written */
	DW_NOSPACE = -9,	/* host, filesystem or table is full */
	DW_NOENT = -10,		/* no such file, partition, layer */
	DW_EXISTS = -11,	/* the target is there already */
	DW_BUSY = -12,		/* in use by someone else, or it changed */
	DW_LIMIT = -13,		/* a stated limit of ours was reached */
	DW_CANCELLED = -14,	/* the caller's cancel flag was set */
	DW_NOBOOT = -15,	/* the result would not boot */
	DW_USAGE = -16,		/* the caller's arguments make no sense */
};

#define DW_ERR_TEXT 256

/* An error: written where the fault is found, never allocates. */
struct dw_err {
	enum dw_code code;
	int saved_errno;	/* the host's errno, 0 where none was involved */
	char text[DW_ERR_TEXT];
};

/* Exit status of the command for a code: 0 done, 1 failed here, 2 usage,
 * 3 not supported or not allowed, 4 damaged input, 5 would not boot. */
DW_PUBLIC int dw_exit_status(enum dw_code code);

/* ---- context ---------------------------------------------------------- */

struct dw_ctx;

/* One report of progress.  total_len may be 0 where it is not known. */
struct dw_progress {
	const char *phase;	/* "copy", "check", ... */
	uint64_t done_len;
	uint64_t total_len;
};

/* Called from one thread at a time, at most some times a second. */
typedef void (*dw_progress_fn)(void *arg, const struct dw_progress *p);

DW_PUBLIC int dw_ctx_new(struct dw_ctx **out, struct dw_err *err);
DW_PUBLIC void dw_ctx_free(struct dw_ctx *ctx);

/* Worker threads for copying; 0 takes the number of online processors. */
DW_PUBLIC void dw_ctx_set_threads(struct dw_ctx *ctx, unsigned threads_nr);
/* The time given to what is written, seconds since 1970; without this call
 * times are derived from the source. */
DW_PUBLIC void dw_ctx_set_clock(struct dw_ctx *ctx, int64_t seconds);
/* Cap of what a job may hold of an image's metadata, bytes. */
DW_PUBLIC void dw_ctx_set_memory_cap(struct dw_ctx *ctx, uint64_t len);
/* Bytes a second that a copy may read at most; 0: as fast as it can. */
DW_PUBLIC void dw_ctx_set_rate(struct dw_ctx *ctx, uint64_t bytes_per_second);
/* Lets images name backing and data files below this folder; without it none
 * is opened. */
DW_PUBLIC int dw_ctx_set_backing_dir(struct dw_ctx *ctx, const char *path,
				     struct dw_err *err);
/* Where what must be kept aside lies meanwhile, unnamed (an image that comes
 * through a pipe, or in one piece of gzip); NULL: TMPDIR, else /var/tmp. */
DW_PUBLIC int dw_ctx_set_spool_dir(struct dw_ctx *ctx, const char *path,
				   struct dw_err *err);
/* Another image over which a volume group may be spread, by its locator; any
 * number of them. */
DW_PUBLIC int dw_ctx_add_pv(struct dw_ctx *ctx, const char *locator,
			    struct dw_err *err);
/* Each image in this folder that is, or holds, a physical volume. */
DW_PUBLIC int dw_ctx_set_pv_dir(struct dw_ctx *ctx, const char *path,
				struct dw_err *err);
DW_PUBLIC void dw_ctx_set_progress(struct dw_ctx *ctx, dw_progress_fn fn,
				   void *arg);
/* Asks every job under this context to stop soon; safe in a signal handler. */
DW_PUBLIC void dw_ctx_cancel(struct dw_ctx *ctx);

/* ---- devices and outputs ---------------------------------------------- */

struct dw_dev;
struct dw_output;

enum dw_open_flags {
	DW_OPEN_RDWR = 1 << 0,	/* writable, taking the host's locks for it */
	DW_OPEN_SHARE = 1 << 1,	/* use it even where someone else writes it */
};

/*
 * Opens a locator, IMAGE[@LAYER]... .  'format' names the image's format and
 * turns probing off; NULL probes.  The device is the caller's: dw_dev_close().
 */
DW_PUBLIC int dw_open(struct dw_ctx *ctx, const char *locator,
		      const char *format, unsigned flags,
		      struct dw_dev **out, struct dw_err *err);
DW_PUBLIC int dw_dev_close(struct dw_dev *dev, struct dw_err *err);
DW_PUBLIC uint64_t dw_dev_size(const struct dw_dev *dev);

enum dw_output_flags {
	DW_OUTPUT_FORCE = 1 << 0,	/* replace what is there */
	DW_OUTPUT_NO_SYNC = 1 << 1,	/* leave durability to the host */
	DW_OUTPUT_PRIVATE = 1 << 2,	/* a file for its owner only */
};

/*
 * A file to be written beside 'path' and put there by dw_output_commit().
 * With DW_OUTPUT_FORCE 'path' may be a block device, written in place.  "-" is
 * standard output, for what can be written in order: raw, gzip, xz, zstd.
 * dw_output_close() without a commit leaves nothing behind.
 */
DW_PUBLIC int dw_output_open(struct dw_ctx *ctx, const char *path,
			     unsigned flags, struct dw_output **out,
			     struct dw_err *err);
DW_PUBLIC void dw_output_close(struct dw_output *out);

#endif
