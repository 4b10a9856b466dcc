/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Linux software RAID: the content of one member of a raid1 array. */
#ifndef DW_MD_MD_H
#define DW_MD_MD_H

#include "dev/dev.h"

struct dw_md_info {
	unsigned major, minor;	/* of the metadata: 0.90, 1.0, 1.1, 1.2 */
	int level;		/* negative: "linear", "multipath", "faulty" */
	unsigned members_nr;
	unsigned role;		/* of this member; >= members_nr: none */
	uint8_t uuid[16];
	char name[33];		/* "" where there is none */
	/* Each change of the array's state counts one.  Of members of one
	 * array those that lag by more than one were left behind: which that
	 * are, no member can tell by itself. */
	uint64_t events;
	/* Of raid1, else 0. */
	uint64_t data_off;	/* in this member, bytes */
	uint64_t data_len;	/* of the array */
	bool is_clean;		/* it was stopped, all members equal */
	bool is_complete;	/* not a spare, failed or half rebuilt ... */
	const char *why;	/* ... or "is a spare", "has failed", ... */
};

/* Reads and checks the superblock of a member, of several the one that was
 * created last; DW_NOT_MINE without one. */
int dw_md_read(struct dw_dev *dev, struct dw_md_info *out, struct dw_err *err);

/*
 * The array's content as this member has it, read-only: one mirror half must
 * not be changed alone.  DW_UNSUPPORTED: another level, by name, or a member
 * that is not whole.
 */
int dw_md_open(struct dw_dev *dev, const struct dw_md_info *info,
	       struct dw_dev **out, struct dw_err *err);

#endif
