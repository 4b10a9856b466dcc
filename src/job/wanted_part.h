/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of one partition, or of a disk without any, is worth copying. */
#ifndef DW_JOB_WANTED_PART_H
#define DW_JOB_WANTED_PART_H

#include "fs/fs.h"

struct dw_wanted;

#define DW_SUPER_OFF 1024u
#define DW_SUPER_LEN 1024u

struct dw_wanted_part {
	char type[32];		/* "ext4", "swap", "unknown" */
	struct dw_dev *overlay;	/* how it reads in the copy; NULL: as it is */
	struct dw_recovery recovery;
	/* Ascending, never touching; NULL: all of it is wanted. */
	struct dw_used_run *runs;
	size_t runs_nr;
	bool has_super;		/* of a filesystem, before its recovery */
	uint8_t super[DW_SUPER_LEN];
	/* Of a physical volume: what was found in its logical volumes. */
	struct dw_wanted *nested;
	size_t nested_nr;
	char note[DW_ERR_TEXT];	/* why all of it is, or "" */
	bool is_asleep;		/* a system, whose memory is here; note has
				 * where */
};

/* Errors are failures of the host only; what the bytes on dev make impossible
 * is a note.  dev lies 'depth' disks deep.  dw_wanted_part_free() after an
 * error too. */
int dw_wanted_look(struct dw_ctx *ctx, struct dw_dev *dev, unsigned depth,
		   struct dw_wanted_part *out, struct dw_err *err);
void dw_wanted_part_free(struct dw_wanted_part *part);

/* Whether the code tells of what is on a disk, not of the host. */
bool dw_is_about_content(int code);

#endif
