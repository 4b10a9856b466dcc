/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a host file's bytes lie on the host's disk, and closing gaps in it. */
#ifndef DW_DEV_HOSTMAP_H
#define DW_DEV_HOSTMAP_H

#include "base/err.h"

struct dw_host_extent {
	uint64_t off;		/* in the file */
	uint64_t physical_off;	/* on the host's device */
	uint64_t len;
};

struct dw_hostmap {
	struct dw_host_extent *extents;	/* ascending by off */
	size_t nr;
};

/* Reads the map by FIEMAP, after writing back what is dirty.  DW_UNSUPPORTED
 * where the host's filesystem has none. */
int dw_hostmap_read(int fd, struct dw_hostmap *out, struct dw_err *err);
void dw_hostmap_free(struct dw_hostmap *map);

/*
 * Where an insertion of insert_len bytes has moved the file's bytes so far:
 * everything that lay at *from_off (of the file as 'before' describes it) or
 * behind it is now insert_len further on.  False where nothing has moved.
 */
bool dw_hostmap_shifted(const struct dw_hostmap *before,
			const struct dw_hostmap *now, uint64_t insert_len,
			uint64_t *from_off);

/* Takes len bytes at off out of the file; what is behind moves down. */
int dw_hostfile_collapse(int fd, uint64_t off, uint64_t len,
			 struct dw_err *err);

#endif
