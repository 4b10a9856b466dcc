/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The block device: the one interface between everything that holds bytes.
 *
 * A host file, a qcow2 virtual disk, a partition, a logical volume and an
 * overlay are all a struct dw_dev.  The dw_dev_*() calls check range,
 * overflow and read-only once, so that a driver never sees a bad request; a
 * return of 0 means all the bytes.  Reads, and writes of disjoint ranges, may
 * run in several threads at once.
 */
#ifndef DW_DEV_DEV_H
#define DW_DEV_DEV_H

#include <stdatomic.h>

#include "base/err.h"

enum dw_extent_kind {
	DW_EXTENT_DATA,		/* must be read to be known */
	DW_EXTENT_ZERO,		/* reads as zeros, and space is kept for it */
	DW_EXTENT_UNMAPPED,	/* reads as zeros, nothing is stored */
	DW_EXTENT_COMPRESSED,	/* data that is expensive to read at random */
};

/*
 * What is known of one run of bytes.  host_fd is -1, or the descriptor in
 * which the run lies plain at host_off; it belongs to the device and is valid
 * until the device is next written or closed.
 */
struct dw_extent {
	uint64_t off;
	uint64_t len;
	enum dw_extent_kind kind;
	int host_fd;
	uint64_t host_off;
	unsigned depth;		/* 0: of this image; n: of the n-th below it */
	bool is_spool;		/* host_fd is no image, but kept aside */
};

/* Whether it reads as zeros, so that it need not be read. */
static inline bool dw_extent_is_hole(const struct dw_extent *e)
{
	return e->kind == DW_EXTENT_ZERO || e->kind == DW_EXTENT_UNMAPPED;
}

struct dw_dev;

/*
 * A driver.  Requests are inside the device and have len > 0; write calls
 * come only where the device is writable.  NULL: pwrite, zero, discard (the
 * dispatcher writes zeros, or does nothing for discard), resize, insert
 * (refused), flush (nothing to do), extent (everything is DATA).
 */
struct dw_dev_driver {
	const char *kind;	/* "file", "qcow2", "window": for errors */
	int (*pread)(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		     struct dw_err *err);
	int (*pwrite)(struct dw_dev *dev, uint64_t off, const void *buf,
		      size_t len, struct dw_err *err);
	int (*zero)(struct dw_dev *dev, uint64_t off, uint64_t len,
		    struct dw_err *err);
	int (*discard)(struct dw_dev *dev, uint64_t off, uint64_t len,
		       struct dw_err *err);
	/* Sets dev->size itself. */
	int (*resize)(struct dw_dev *dev, uint64_t size, struct dw_err *err);
	/* Makes room for len bytes at off; what was there moves up. */
	int (*insert)(struct dw_dev *dev, uint64_t off, uint64_t len,
		      struct dw_err *err);
	int (*flush)(struct dw_dev *dev, struct dw_err *err);
	/* Describes the run that starts at off: fills kind, len (1..len) and
	 * where it applies host_fd and host_off.  off is filled in. */
	int (*extent)(struct dw_dev *dev, uint64_t off, uint64_t len,
		      struct dw_extent *out, struct dw_err *err);
	/* 0 where nobody else changed what lies below since it was opened,
	 * else DW_BUSY; NULL: nobody could. */
	int (*check_unchanged)(struct dw_dev *dev, struct dw_err *err);
	/* Frees what the driver owns, not dev itself; its result is that of
	 * the close of a written device. */
	int (*close)(struct dw_dev *dev, struct dw_err *err);
};

struct dw_dev {
	const struct dw_dev_driver *driver;
	atomic_uint refs;
	uint64_t size;
	uint32_t block_size;	/* 512 or 4096 */
	bool readonly;
	char *name;		/* for errors: "guest.img", "guest.img@p1" */
};

/*
 * Fills the common part; a driver embeds struct dw_dev as its first member.
 * name is copied.
 */
int dw_dev_init(struct dw_dev *dev, const struct dw_dev_driver *driver,
		const char *name, uint64_t size, uint32_t block_size,
		bool readonly, struct dw_err *err);

/* A stacked device holds a reference on what it sits on; dw_dev_close() gives
 * one back, and the last one closes and frees.  NULL is allowed. */
struct dw_dev *dw_dev_ref(struct dw_dev *dev);

int dw_dev_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		 struct dw_err *err);
int dw_dev_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
		  size_t len, struct dw_err *err);
int dw_dev_zero(struct dw_dev *dev, uint64_t off, uint64_t len,
		struct dw_err *err);
int dw_dev_discard(struct dw_dev *dev, uint64_t off, uint64_t len,
		   struct dw_err *err);
int dw_dev_resize(struct dw_dev *dev, uint64_t size, struct dw_err *err);
int dw_dev_insert(struct dw_dev *dev, uint64_t off, uint64_t len,
		  struct dw_err *err);
int dw_dev_flush(struct dw_dev *dev, struct dw_err *err);

int dw_dev_check_unchanged(struct dw_dev *dev, struct dw_err *err);

/* The run that starts at off, at most len long.  It never crosses the end of
 * the device; len 0 or off at the end is DW_RANGE. */
int dw_dev_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
		  struct dw_extent *out, struct dw_err *err);

#endif
