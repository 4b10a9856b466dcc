/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a disk is worth copying, and how it reads in the copy. */
#ifndef DW_JOB_WANTED_H
#define DW_JOB_WANTED_H

#include "fs/fs.h"
#include "job/wanted_part.h"

struct dw_wanted_options {
	bool all_blocks;	/* the disk as it is, nothing recovered */
	const char *note;	/* why that is; NULL: somebody wants it */
	unsigned skip_part_nr;	/* a partition of which the caller takes care:
				 * no run is in it; 0: none */
	unsigned depth;		/* disks that this one lies in; 0: none */
};

/* One area of the disk: a partition, or a gap between them. */
struct dw_wanted_area {
	struct dw_dev *dev;	/* what the copy reads: a recovered overlay;
				 * NULL: the disk */
	bool has_super;		/* of a filesystem, as it was on the disk */
	uint8_t super[DW_SUPER_LEN];
	/* Of a physical volume: its logical volumes. */
	struct dw_wanted *nested;
	size_t nested_nr;
};

struct dw_wanted {
	struct dw_dev *disk;
	struct dw_dev *view;	/* the disk as the copy shall read */
	unsigned depth;
	struct dw_used_run *runs;	/* of it; ascending, never touching */
	size_t runs_nr, runs_cap;
	uint64_t total_len;
	size_t areas_nr;
	struct dw_convert_area *areas;	/* all of the disk, in its order */
	struct dw_wanted_area *states;	/* one for each of them */
	/* Where in it a system sleeps, of which there may be more on other
	 * disks: all of it is wanted then.  "": nowhere, or in a disk with
	 * partitions, which is a machine's of its own. */
	char asleep[DW_ERR_TEXT];
};

/*
 * Looks for partitions and filesystems.  Wanted are the used blocks of a
 * filesystem that we know and can trust, recovered in memory; the header of
 * swap space; of a physical volume its metadata, and in the same way what is
 * wanted of its logical volumes; and all of everything else.  Why an area that
 * looks like a filesystem is taken in full, as it is, says its note.  Only
 * failures of the host (and too many runs for the memory cap, DW_LIMIT) are
 * errors.
 * dw_wanted_free() after an error too.
 */
int dw_wanted_find(struct dw_ctx *ctx, struct dw_dev *disk,
		   const struct dw_wanted_options *options,
		   struct dw_wanted *out, struct dw_err *err);

/* DW_BUSY where the disk, or the superblock of a filesystem on it, at whatever
 * depth, changed. */
int dw_wanted_check_unchanged(const struct dw_wanted *wanted,
			      struct dw_err *err);
void dw_wanted_free(struct dw_wanted *wanted);
/* nr of them, and the array. */
void dw_wanted_free_all(struct dw_wanted *wanted, size_t nr);

#endif
