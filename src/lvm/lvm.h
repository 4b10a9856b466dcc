/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LVM2: physical volumes, the groups they make, and logical volumes as
 * devices.  Nothing is looked for on the host; only devices that were added
 * count.
 */
#ifndef DW_LVM_LVM_H
#define DW_LVM_LVM_H

#include "base/ctx.h"
#include "base/notes.h"
#include "dev/dev.h"

/* A UUID of LVM as its text has it: 32 characters in seven groups. */
#define DW_LVM_ID_TEXT 39
/* NAME_LEN of lvm2, with the 0 byte. */
#define DW_LVM_NAME_LEN 128

struct dw_lv;

struct dw_pv {
	char *name;		/* in the metadata: "pv0" */
	char id[DW_LVM_ID_TEXT];
	char *hint;		/* the device node it once was; "" if unknown */
	struct dw_dev *dev;	/* the group's reference; NULL: missing */
	uint64_t size;		/* bytes, as the metadata has it; 0: not told */
	uint64_t pe_start_off;
	uint64_t pe_nr;
	uint64_t pe_used_nr;
	bool is_missing;	/* dev is NULL, or the group gave it up */
};

/* One run of a segment's extents, on a PV or in another LV; one of them. */
struct dw_area {
	const struct dw_pv *pv;
	const struct dw_lv *lv;
	uint64_t extent;	/* where it begins there */
};

enum dw_segment_kind {
	DW_SEGMENT_STRIPED,	/* linear where there is one stripe */
	DW_SEGMENT_MIRROR,
	DW_SEGMENT_RAID,	/* raid0, 1, 4, 5, 6, 10 */
	DW_SEGMENT_SNAPSHOT,
	DW_SEGMENT_THIN_POOL,
	DW_SEGMENT_THIN,
	DW_SEGMENT_CACHE_POOL,
	DW_SEGMENT_CACHE,
	DW_SEGMENT_ERROR,
	DW_SEGMENT_ZERO,
	DW_SEGMENT_OTHER,	/* known by name only: vdo, integrity ... */
};

/*
 * A run of extents of an LV.  'type' is the text's, with its "+FLAG" suffixes.
 * Members that a kind does not name are 0 or NULL; those that it needs are
 * there, which dw_vg_check() has seen to.
 */
struct dw_segment {
	enum dw_segment_kind kind;
	char *type;
	uint64_t start_extent;
	uint64_t extents_nr;
	size_t areas_nr;
	struct dw_area *areas;	/* stripes, mirror legs, raid images */
	struct dw_area *metas;	/* raid: areas_nr of them, or NULL */
	uint32_t stripe_len;	/* bytes */
	uint64_t region_len;
	uint32_t chunk_len;	/* snapshot, thin pool, cache */
	/* References to volumes of the same group. */
	const struct dw_lv *origin;	/* snapshot, cache; thin: its parent */
	const struct dw_lv *cow;	/* snapshot */
	const struct dw_lv *external_origin;	/* thin */
	const struct dw_lv *merge;	/* thin: whose place it is to take */
	const struct dw_lv *pool;	/* thin, cache; a cachevol is one */
	const struct dw_lv *data;	/* thin pool, cache pool */
	const struct dw_lv *metadata;	/* thin pool, cache pool; mirror: log */
	bool is_merging;		/* snapshot: into its origin */
	uint64_t device_id;		/* thin */
	uint64_t transaction_id;	/* thin, thin pool */
	unsigned metadata_format;	/* cache: 1, 2; 0: the text has none */
	bool is_writeback;		/* cache */
	/* Of a cachevol: where its parts lie in it, bytes; 0: no cachevol. */
	uint64_t cachevol_metadata_off, cachevol_metadata_len;
	uint64_t cachevol_data_off, cachevol_data_len;
	bool is_moved;		/* mirror: by pvmove, to its second leg */
	bool is_reshaped;	/* raid: has room for a reshape, or was one */
	bool is_writebehind;	/* raid1: legs that are write-mostly lag */
	unsigned data_copies;	/* raid10: 0 means 2 */
};

struct dw_lv {
	char *name;
	char id[DW_LVM_ID_TEXT];
	bool is_visible;
	bool is_writable;	/* the text's WRITE */
	bool is_notsynced;	/* legs may differ where nothing was written */
	bool is_writemostly;	/* raid1's leg: only read if no other is left */
	bool is_whole;		/* nothing that it is made of is missing */
	uint64_t size;		/* bytes */
	size_t segments_nr;
	struct dw_segment *segments;	/* ascending, without gaps */
	/* The hidden snapshot LV whose COW store this is; NULL: none.  Reading
	 * this one means reading that. */
	const struct dw_lv *snapshot;
	/* The same of a snapshot that is being merged into this one: reading
	 * this one means reading that, too. */
	const struct dw_lv *merging;
	/* Of a thin volume, the snapshot whose 'merge' it is; or NULL. */
	const struct dw_lv *successor;
	const struct dw_lv *user;	/* one that needs this one; or NULL */
	const struct dw_vg *vg;
};

struct dw_vg {
	char *name;
	char id[DW_LVM_ID_TEXT];
	uint64_t seqno;
	uint64_t extent_len;	/* bytes */
	bool is_exported, is_clustered_or_shared;
	char *creator;		/* "description" and host, for the curious */
	size_t pvs_nr, lvs_nr;
	struct dw_pv *pvs;
	struct dw_lv *lvs;	/* in the order of the text */
	size_t missing_nr;	/* of the PVs */
	char *problem;		/* why its metadata cannot be used; NULL: it
				 * can.  name and id are set where known, else
				 * "" */
	struct dw_notes notes;	/* of copies and PVs that are not right */
};

/* The physical volumes that were added, and what they make together. */
struct dw_lvm;

int dw_lvm_new(struct dw_ctx *ctx, struct dw_lvm **out, struct dw_err *err);
void dw_lvm_free(struct dw_lvm *lvm);

/*
 * Adds dev, keeping a reference, where it carries the label of a PV;
 * DW_NOT_MINE where it has none.  The same device or a second one of the same
 * UUID is DW_EXISTS (the error names both).
 */
int dw_lvm_add(struct dw_lvm *lvm, struct dw_dev *dev, struct dw_err *err);

/*
 * Reads the metadata of everything that was added, once, and makes groups of
 * it: of each the text with the highest seqno among its good copies.  A group
 * whose text is damaged or unknown is there with its 'problem'; the result
 * is an error only for I/O, memory and cancellation.
 */
int dw_lvm_assemble(struct dw_lvm *lvm, struct dw_err *err);

size_t dw_lvm_vgs_nr(const struct dw_lvm *lvm);
const struct dw_vg *dw_lvm_vg(const struct dw_lvm *lvm, size_t i);
/* PVs that belong to no group. */
size_t dw_lvm_orphans_nr(const struct dw_lvm *lvm);
struct dw_dev *dw_lvm_orphan(const struct dw_lvm *lvm, size_t i);
/* The UUID on the label of the PV on dev, which was added; else NULL. */
const char *dw_lvm_id_of(const struct dw_lvm *lvm, const struct dw_dev *dev);
/* The group that the PV on dev is part of; NULL: none.  dev is one that was
 * added. */
const struct dw_vg *dw_lvm_vg_of(const struct dw_lvm *lvm,
				 const struct dw_dev *dev);

/* By name or UUID.  DW_NOENT lists what there is; two groups of one name are
 * DW_USAGE, to be told apart by UUID; a group with a problem gives that. */
int dw_lvm_find_vg(const struct dw_lvm *lvm, const char *name,
		   const struct dw_vg **out, struct dw_err *err);
int dw_lvm_find_lv(const struct dw_vg *vg, const char *name,
		   const struct dw_lv **out, struct dw_err *err);
/* 0, or the group's problem. */
int dw_lvm_check_vg(const struct dw_vg *vg, struct dw_err *err);

/* A cheap test of whether dev carries a PV's label. */
bool dw_lvm_is_pv(struct dw_dev *dev);

/*
 * The volume as a device called 'name', which holds what it needs: lvm may be
 * freed.  Writable where every PV below is, the text says so, and it is
 * linear, striped or raid1 with all its legs in step.  DW_NOENT: a PV is
 * missing, with its UUID.  DW_UNSUPPORTED: a kind that is not read, by name.
 */
int dw_lv_open(struct dw_ctx *ctx, const struct dw_lv *lv, const char *name,
	       struct dw_dev **out, struct dw_err *err);

/* Whether dev, which dw_lv_open() made of lv, can be written; DW_READONLY says
 * why not. */
int dw_lv_check_writable(const struct dw_lv *lv, const struct dw_dev *dev,
			 struct dw_err *err);

/* What of the volume is stored, bytes: of a thin volume its mapped chunks, of
 * a snapshot's COW store the chunks in use; else its size. */
int dw_lv_used_len(struct dw_ctx *ctx, const struct dw_lv *lv, uint64_t *out,
		   struct dw_err *err);

/* "linear", "striped", "raid5_ls", "thin" ...: as 'lvs -o segtype' says. */
const char *dw_segment_name(const struct dw_segment *segment);
/* The kind of the whole volume, for reports: of a COW store "snapshot". */
const char *dw_lv_kind_name(const struct dw_lv *lv);

#endif
