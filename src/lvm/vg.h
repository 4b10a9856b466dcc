/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A volume group out of its text: decode, then check, then link. */
#ifndef DW_LVM_VG_H
#define DW_LVM_VG_H

#include "lvm/config.h"
#include "lvm/lvm.h"

/* struct dw_vg with what it is made of. */
struct dw_vg_own {
	struct dw_vg vg;
	struct dw_arena arena;		/* all strings and arrays */
	enum dw_code problem_code;
	struct dw_pv **pvs_by_name;
	struct dw_lv **lvs_by_name;
};

/* An empty group; cap_len bounds its memory. */
int dw_vg_new(uint64_t cap_len, struct dw_vg_own **out, struct dw_err *err);
/* Closes the devices of its PVs, too. */
void dw_vg_free(struct dw_vg_own *own);

/*
 * Fills the group from a tree that is complete.  Names are resolved; what they
 * and the numbers mean together is for dw_vg_check().  DW_UNSUPPORTED: a text
 * of another version or format.
 */
int dw_vg_decode(const struct dw_config *cfg, struct dw_vg_own *own,
		 struct dw_err *err);

/* Name and UUID alone, as far as a tree that may not be complete has them. */
int dw_vg_decode_names(const struct dw_config *cfg, struct dw_vg_own *own,
		       struct dw_err *err);

/* Whether the group makes sense: nothing overlaps, leads outside or round in
 * circles.  DW_CORRUPT says what, with names and numbers. */
int dw_vg_check(const struct dw_vg *vg, struct dw_err *err);
/* Parts of it. */
int dw_segment_check(const struct dw_lv *lv, const struct dw_segment *segment,
		     struct dw_err *err);
int dw_vg_check_users(const struct dw_vg *vg, struct dw_err *err);
int dw_vg_check_overlaps(const struct dw_vg *vg, struct dw_err *err);
int dw_vg_check_cycles(const struct dw_vg *vg, struct dw_err *err);

/* Sets what follows from the segments of a group that was checked: which
 * volume needs which, what is visible, how much of each PV is used. */
void dw_vg_link(struct dw_vg *vg);
/* Sets what follows from the PVs that are missing. */
int dw_vg_link_missing(struct dw_vg *vg, struct dw_err *err);

/* NULL where there is none. */
struct dw_pv *dw_vg_pv(const struct dw_vg_own *own, const char *name);
struct dw_lv *dw_vg_lv(const struct dw_vg_own *own, const char *name);

/* Names become names of files: LVM's characters, and no more. */
bool dw_lvm_name_is(const char *name);

/* ---- segments ------------------------------------------------------------ */

int dw_segment_decode(const struct dw_config *cfg,
		      const struct dw_config_node *node, struct dw_vg_own *own,
		      struct dw_segment *out, struct dw_err *err);

/* Extents of each area of the segment: a part of them, or all. */
uint64_t dw_segment_area_extents(const struct dw_segment *segment);

/* Volumes without which the segment cannot be read: calls fn for each, until
 * one returns another value than 0, which is the result. */
typedef int (*dw_lv_ref_fn)(void *arg, const struct dw_lv *lv);
int dw_segment_refs(const struct dw_segment *segment, dw_lv_ref_fn fn,
		    void *arg);
/* Calls fn for each volume, after all that it needs.  One that needs itself is
 * DW_CORRUPT. */
typedef void (*dw_lv_fn)(void *arg, const struct dw_lv *lv);
int dw_vg_walk(const struct dw_vg *vg, dw_lv_fn fn, void *arg,
	       struct dw_err *err);

#endif
