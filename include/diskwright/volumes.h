/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes, and extract: each into an image of its own. */
#ifndef DISKWRIGHT_VOLUMES_H
#define DISKWRIGHT_VOLUMES_H
#ifndef DISKWRIGHT_H
#error "include <diskwright.h>"
#endif

/* ---- volumes: what pvs, vgs and lvs would say --------------------------- */

struct dw_pv_info {
	char *name;		/* in the group's metadata: "pv0" */
	char *uuid;
	char *where;		/* the image or partition; NULL: missing */
	char *hint;		/* the device node that it was once, or "" */
	uint64_t device_size;	/* bytes, when it was made; 0: not told */
	uint64_t size, used_len;	/* of its extents, bytes */
	uint64_t pe_start_off;
};

struct dw_segment_info {
	char *type;		/* "linear", "raid5_ls" */
	uint64_t off, len;	/* in the volume, bytes */
	uint32_t stripe_len, chunk_len;	/* bytes; 0: none */
	struct dw_notes areas;	/* "pv0:0-15", "tp_tdata:0-3" */
};

struct dw_lv_info {
	char *name;
	char *uuid;
	char *type;		/* of its first segment; "snapshot" of a store */
	uint64_t size, used_len;	/* bytes; used_len of thin and snapshots
					 * is what is stored, else the size */
	bool visible;
	bool writable;		/* can be changed here */
	char *problem;		/* why it cannot be read, or NULL */
	char *origin, *pool;	/* or NULL */
	size_t segments_nr;
	struct dw_segment_info *segments;
};

struct dw_vg_info {
	char *name;
	char *uuid;
	uint64_t seqno, extent_len, size, free_len;
	bool exported;
	bool shared;		/* or clustered: others may use it meanwhile */
	char *problem;		/* why its metadata cannot be used, or NULL */
	size_t pvs_nr, lvs_nr;
	struct dw_pv_info *pvs;
	struct dw_lv_info *lvs;
	struct dw_notes notes;	/* damaged copies of the metadata */
};

struct dw_volumes {
	size_t vgs_nr;
	struct dw_vg_info *vgs;
	struct dw_notes notes;	/* PVs without a group */
};

/* The groups on a device and on the images added to the context, which are
 * opened with 'flags', those with which dev was opened. */
DW_PUBLIC int dw_volumes(struct dw_ctx *ctx, struct dw_dev *dev,
			 unsigned flags, struct dw_volumes **out,
			 struct dw_err *err);
DW_PUBLIC void dw_volumes_free(struct dw_volumes *volumes);

/* ---- extract: volumes and partitions, each into an image of its own ------ */

struct dw_extract_options {
	size_t size;		/* sizeof(struct dw_extract_options) */
	/* As in a locator: "p1", "vg0/root", "p2@vg0/root".  None: each visible
	 * volume of the groups that the disk is part of or holds, thin pools
	 * left out; where there is no group, each partition. */
	const char *const *layers;
	size_t layers_nr;
	struct dw_convert_options image;	/* each of them */
	bool partial;		/* leave out what cannot be read */
};

struct dw_extract_state;

struct dw_extract_item {
	char *layer;		/* "vg0/root", as it follows the '@' */
	/* "root.raw", "p1.qcow2"; with names of several groups, or alike,
	 * "vg0-root.raw".  Letters, digits and +_.- only, no dot in front.
	 * NULL: its problem is that it cannot have one. */
	char *file_name;
	char *problem;		/* why it cannot be read; NULL: it can */
	struct dw_convert_plan *image;	/* NULL where there is a problem */
};

/* Everything belongs to the plan: dw_extract_plan_free(). */
struct dw_extract_plan {
	const char *target_format;
	uint64_t copy_len;	/* bytes that will be looked at */
	size_t items_nr, problems_nr;
	struct dw_extract_item *items;
	struct dw_extract_state *state;
};

struct dw_extract_result {
	char *problem;		/* why it was left out, or NULL */
	struct dw_convert_report image;
};

struct dw_extract_report {
	uint64_t copied_len;	/* read and looked at */
	uint64_t written_len;	/* of them not zero */
	size_t items_nr, problems_nr;
	struct dw_extract_result *items;	/* as the plan has them */
};

/*
 * Finds what is to be extracted from the disk and plans each image; the plan
 * keeps a reference on source.  Where one cannot be read, and 'partial' is not
 * set, the error (that of the first one) comes with a plan, so that the caller
 * can show all; it cannot be run.
 */
DW_PUBLIC int dw_extract_plan(struct dw_ctx *ctx, struct dw_dev *source,
			      const struct dw_extract_options *options,
			      struct dw_extract_plan **out,
			      struct dw_err *err);
/*
 * Writes and checks all images, then commits all outputs, one for each item,
 * in its order; NULL where the item has a problem.  After an error none is
 * committed.  With 'partial' an item that turns out to be unreadable only now
 * is left out, and its output is not committed.  dw_extract_report_free().
 */
DW_PUBLIC int dw_extract_run(struct dw_extract_plan *plan,
			     struct dw_output *const *outputs,
			     struct dw_extract_report **report,
			     struct dw_err *err);
DW_PUBLIC void dw_extract_plan_free(struct dw_extract_plan *plan);
DW_PUBLIC void dw_extract_report_free(struct dw_extract_report *report);

#endif
