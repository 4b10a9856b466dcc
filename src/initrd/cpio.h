/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks over the archives of an initrd as the kernel unpacks them. */
#ifndef DW_INITRD_CPIO_H
#define DW_INITRD_CPIO_H

#include "base/ctx.h"
#include "base/unpack.h"

struct dw_cpio_entry {
	const char *name;	/* without leading "./" and "/"; never trusted
				 * as a path of anything but the archive */
	uint32_t mode;		/* as in st_mode */
	uint32_t size;
	uint32_t links_nr;	/* of several names with one ino and dev the
				 * last one has the content, as a rule */
	uint32_t ino;
	uint64_t dev;		/* major << 32 | minor */
	/* For those who copy it. */
	uint32_t uid, gid, mtime, rdev_major, rdev_minor;
	uint32_t archive_nr;	/* how many have ended before it */
	enum dw_packing packing;	/* of the archive that holds it */
};

/* Where a walk to the end of an initrd came to. */
struct dw_cpio_tail {
	enum dw_packing packing;	/* of the last archive */
	uint64_t end_off;	/* where that ends, for one that is packed */
	bool junk;		/* what follows at junk_off is no archive, or
				 * the one that ends there lacks its trailer:
				 * the kernel reads no further */
	uint64_t junk_off;
};

/* What a visitor makes of an entry. */
enum dw_cpio_next {
	DW_CPIO_SKIP = 0,
	DW_CPIO_DATA,		/* wants its content, see DW_CPIO_DATA_LEN */
	DW_CPIO_ALL,		/* the same of all of it, in several calls */
	DW_CPIO_STOP,		/* has seen enough; the walk ends with 0 */
};

/* The longest content that is handed out; more is cut off. */
#define DW_CPIO_DATA_LEN (256u << 10)

struct dw_cpio_visitor {
	enum dw_cpio_next (*entry)(void *arg, const struct dw_cpio_entry *e);
	/* 0 or a negative code, which ends the walk. */
	int (*data)(void *arg, const struct dw_cpio_entry *e,
		    const uint8_t *data, size_t len, struct dw_err *err);
	void *arg;
	struct dw_cpio_tail *tail;	/* filled in at the end; may be NULL */
};

/*
 * Visits every entry of every archive: cpio "newc" and "crc", any number one
 * after the other with zeros between, each plain or compressed
 * (Documentation/driver-api/early-userspace/buffer-format.rst of Linux).
 * Plain archives are skipped through without reading their files' content.
 * DW_UNSUPPORTED: no cpio at all (filesystem images of old initrds), or a
 * compression that is not handled.  DW_LIMIT: unpacks to more than 2 GiB.
 */
int dw_cpio_walk(struct dw_ctx *ctx, const struct dw_source *src,
		 const struct dw_cpio_visitor *visitor, struct dw_err *err);

#endif
