/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices that are no disk format: one constructor each. */
#ifndef DW_DEV_KINDS_H
#define DW_DEV_KINDS_H

#include "base/ctx.h"
#include "dev/dev.h"

/*
 * A host file or block device.  flags: enum dw_open_flags.  A block device is
 * opened exclusively.  QEMU's locks on the file are honoured: in use by a
 * writer (or, for DW_OPEN_RDWR, by anyone) is DW_BUSY without DW_OPEN_SHARE.
 */
int dw_file_open(struct dw_ctx *ctx, const char *path, unsigned flags,
		 struct dw_dev **out, struct dw_err *err);

/* A device on an open descriptor, which it closes.  Takes no locks. */
int dw_file_from_fd_take(int fd, const char *name, bool readonly,
			 struct dw_dev **out, struct dw_err *err);

/* What the host stores of a file, bytes: less than its length where it has
 * holes.  0 for another kind of device. */
int dw_file_host_len(struct dw_dev *dev, uint64_t *len, struct dw_err *err);

/* From now on it is only read; what we wrote ourselves does not count as a
 * change.  Nothing on other kinds of device. */
int dw_file_settle(struct dw_dev *dev, struct dw_err *err);

/* Large writes begin to reach the disk at once, so that the flush at the end
 * has little left to do.  Nothing on other kinds of device. */
void dw_file_write_behind(struct dw_dev *dev);

/*
 * An empty unnamed file in the context's spool folder, else TMPDIR, else
 * /var/tmp: whatever ends the process, nothing is left of it.  'what' is for
 * errors: "guest.img.gz, unpacked".
 */
int dw_spool_new(struct dw_ctx *ctx, const char *what, struct dw_dev **out,
		 struct dw_err *err);

/* Writes to a spool, which grows where it has to; zeros stay holes.  What was
 * written once is not written again. */
int dw_spool_write(struct dw_dev *spool, uint64_t off, const void *buf,
		   size_t len, struct dw_err *err);

/* Standard input as a file that is only read: itself where it is a file, else
 * spooled up to its end. */
int dw_spool_stdin(struct dw_ctx *ctx, unsigned flags, struct dw_dev **out,
		   struct dw_err *err);

/*
 * Standard output, of which each byte can be written once and in ascending
 * order; gaps are filled with zeros, up to the device's size by a flush.  A
 * terminal is DW_USAGE.
 */
int dw_pipe_stdout(struct dw_ctx *ctx, struct dw_dev **out,
		   struct dw_err *err);
/* Whether it is that: an image there can only grow at its end. */
bool dw_pipe_is(const struct dw_dev *dev);

/* Whole blocks of this length can be shared on every host filesystem that
 * shares blocks at all. */
#define DW_CLONE_ALIGN 4096u

/*
 * Lets len bytes of the host file fd, from from_off on, be those of dev at off,
 * too, without copying them (a reflink); all three are multiples of
 * DW_CLONE_ALIGN.  DW_UNSUPPORTED where the host cannot; nothing is changed
 * then.  err's text serves nobody but a test.
 */
int dw_file_clone(struct dw_dev *dev, uint64_t off, int fd, uint64_t from_off,
		  uint64_t len, struct dw_err *err);

/* size bytes of zeros in memory; only what is written takes memory. */
int dw_mem_new(const char *name, uint64_t size, struct dw_dev **out,
	       struct dw_err *err);

/* The same with a copy of these bytes. */
int dw_mem_from(const char *name, const void *bytes, size_t len,
		struct dw_dev **out, struct dw_err *err);

/* len bytes of below, from off on; a partition is a window. */
int dw_window_new(struct dw_dev *below, uint64_t off, uint64_t len,
		  const char *name, struct dw_dev **out, struct dw_err *err);
/* The same under another kind's name, for an image whose disk lies plain. */
int dw_window_new_kind(struct dw_dev *below, uint64_t off, uint64_t len,
		       const char *name, const char *kind, struct dw_dev **out,
		       struct dw_err *err);

/* What a window is a part of; NULL where dev is none. */
struct dw_dev *dw_window_below(struct dw_dev *dev);

/*
 * Pieces of other devices, one after the other.  A piece without a device
 * reads as zeros.  The map holds a reference on each device; pieces are copied.
 */
struct dw_map_piece {
	struct dw_dev *dev;
	uint64_t off;		/* in dev */
	uint64_t len;
};

int dw_map_new(const char *name, const struct dw_map_piece *pieces,
	       size_t pieces_nr, struct dw_dev **out, struct dw_err *err);

/*
 * Copy-on-write: writes stay in memory, in blocks of block_len bytes (a power
 * of two from 512 on); below is never written.  cap_len bounds what is held;
 * more is DW_LIMIT.
 */
int dw_overlay_new(struct dw_dev *below, uint32_t block_len, uint64_t cap_len,
		   struct dw_dev **out, struct dw_err *err);

/*
 * Redirects len bytes (both block-aligned) of the overlay to another place of
 * the device below, without copying them: how a journal's blocks are seen at
 * home.  Data written at off before is given up; data written at from_off is
 * not seen through the redirection.
 */
int dw_overlay_redirect(struct dw_dev *overlay, uint64_t off, uint64_t from_off,
			uint64_t len, struct dw_err *err);

/* Calls fn for each run that differs from below, ascending.  Redirected runs
 * are among them. */
typedef int (*dw_run_fn)(void *arg, uint64_t off, uint64_t len,
			 struct dw_err *err);
int dw_overlay_changed(struct dw_dev *overlay, dw_run_fn fn, void *arg,
		       struct dw_err *err);

/*
 * Fault injection.  Counters are shared by all devices and outputs made with
 * the same struct; the N-th call (from 1) of a kind fails with EIO, 0 never.
 * After it every later call fails too where 'sticky' is set.
 */
struct dw_fault {
	uint64_t fail_read_at, fail_write_at, fail_flush_at, fail_commit_at;
	bool sticky;
	atomic_ullong reads_nr, writes_nr, flushes_nr, commits_nr;
};

int dw_fault_new(struct dw_dev *below, struct dw_fault *fault,
		 struct dw_dev **out, struct dw_err *err);

#endif
