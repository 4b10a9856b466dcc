/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The new disk around a root filesystem: table, place, wanted bytes. */
#ifndef DW_JOB_DISK_H
#define DW_JOB_DISK_H

#include "job/root.h"
#include "job/wanted.h"

/* Room for the partition table and alignment in front of the filesystem. */
#define DW_FRONT_LEN ((uint64_t)DW_PART_ALIGN_LBA * DW_SECTOR)

struct dw_new_disk_options {
	enum dw_layout layout;
	uint64_t fs_size;	/* of root's filesystem, bytes */
	uint64_t size;		/* of the disk; 0: what is needed */
	uint32_t signature;	/* of a new table */
	bool in_place;		/* the other partitions stay as they are */
};

struct dw_new_disk {
	bool has_new_table;	/* front is new; else the source's own */
	uint64_t fs_off;	/* where the filesystem's device lies */
	uint64_t part_len;
	unsigned part_nr;	/* 0: unpartitioned */
	uint64_t size;
	uint32_t signature;
	/* Of the source with its table, all but the root partition; empty
	 * where the table is new, or nothing will be copied. */
	struct dw_wanted others;
	struct dw_dev *front;	/* writable bytes before the filesystem; NULL:
				 * none */
	struct dw_dev *whole;	/* the new disk as it will read */
};

/*
 * Lays the disk out around root, and writes the table into the front.
 * Refused: what MBR cannot express, a root on a logical partition, a size
 * where the source's table is kept.
 */
int dw_new_disk_open(struct dw_ctx *ctx, struct dw_root *root,
		     const struct dw_new_disk_options *options,
		     struct dw_new_disk *out, struct dw_err *err);
void dw_new_disk_close(struct dw_new_disk *disk);

/*
 * What is worth copying: the front, the used blocks of the filesystem, and
 * what is of the other partitions.  The caller frees *runs.
 */
int dw_new_disk_wanted(const struct dw_new_disk *disk,
		       const struct dw_used *used, struct dw_used_run **runs,
		       size_t *runs_nr, struct dw_err *err);

#endif
