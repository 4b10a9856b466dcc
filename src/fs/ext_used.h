/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Collecting used blocks: what the bitmaps say and what is referenced. */
#ifndef DW_FS_EXT_USED_H
#define DW_FS_EXT_USED_H

#include "fs/ext_internal.h"

/* A list of runs of blocks, first..end-1. */
struct dw_span {
	uint64_t first, end;
};

struct dw_spans {
	struct dw_span *v;
	size_t nr, cap;
};

struct dw_used_scan {
	struct dw_fs *f;
	ext2_filsys fs;
	struct dw_spans marked;	/* by the bitmaps; ascending, apart */
	struct dw_spans extra;	/* referenced, not marked; any order */
	size_t hint;		/* where the last search ended */
	/* What files have and wrote, or did not; any order.  Not told where
	 * there is too much of it. */
	struct dw_spans written, unwritten;
	bool unwritten_unknown;
	uint64_t damaged_nr;
	uint64_t meta_left;	/* map blocks that may still be met */
};

/* Adds first..end-1, joined with the last one where they touch.  DW_LIMIT at the
 * cap of memory. */
int dw_spans_add(struct dw_fs *f, struct dw_spans *s, uint64_t first,
		 uint64_t end, struct dw_err *err);
/* Sorts them; those that touch or overlap become one. */
void dw_spans_join(struct dw_spans *s);

/* Cuts runs, which ascend and lie apart, out of the used ones. */
int dw_used_subtract(struct dw_used *u, const struct dw_used_run *runs,
		     size_t runs_nr, struct dw_err *err);

/* Notes the parts of first..first+nr-1 that the bitmaps call free.  's->marked'
 * is complete by then. */
int dw_used_reference(struct dw_used_scan *s, uint64_t first, uint64_t nr,
		      struct dw_err *err);

int dw_used_note_written(struct dw_used_scan *s, uint64_t first, uint64_t nr,
			 struct dw_err *err);
int dw_used_note_unwritten(struct dw_used_scan *s, uint64_t first, uint64_t nr,
			   struct dw_err *err);
/* After the scan; nothing is left out where anything is in doubt. */
int dw_used_leave_unwritten_out(struct dw_used_scan *s, struct dw_used *u,
				struct dw_err *err);

/* All that the groups take for themselves, and what inodes reference. */
int dw_used_scan_groups(struct dw_used_scan *s, struct dw_err *err);

#endif
