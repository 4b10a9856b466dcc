/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading a device whose bytes lie, run by run, on other devices.
 *
 * A driver says where a run lies; what follows from that, reading it and
 * reporting its extent, is the same for all of them and stands here.
 */
#ifndef DW_DEV_MAPPED_H
#define DW_DEV_MAPPED_H

#include "dev/dev.h"

struct dw_run {
	enum dw_extent_kind kind;
	uint64_t len;		/* from the place asked for on; never 0 */
	struct dw_dev *dev;	/* DATA: where it lies; borrowed */
	uint64_t off;		/* DATA: there; COMPRESSED: the driver's own */
	bool is_view;		/* DATA: not stored for this device; it is seen
				 * as the other one has it, holes and all */
};

/*
 * How the len bytes from off on lie, or the first of them.  DW_CORRUPT is
 * what the driver's own tables say; the device's name is put before it.
 */
typedef int (*dw_run_map_fn)(struct dw_dev *dev, uint64_t off, uint64_t len,
			     struct dw_run *out, struct dw_err *err);
/* Reads all of a COMPRESSED run that begins at off. */
typedef int (*dw_run_unpack_fn)(struct dw_dev *dev, uint64_t off,
				const struct dw_run *run, void *buf,
				struct dw_err *err);

/* unpack is NULL where no run is COMPRESSED. */
int dw_mapped_pread(struct dw_dev *dev, dw_run_map_fn map,
		    dw_run_unpack_fn unpack, uint64_t off, void *buf,
		    size_t len, struct dw_err *err);
int dw_mapped_extent(struct dw_dev *dev, dw_run_map_fn map, uint64_t off,
		     uint64_t len, struct dw_extent *out, struct dw_err *err);

#endif
