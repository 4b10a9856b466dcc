/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The set of physical volumes, inside this room. */
#ifndef DW_LVM_SET_H
#define DW_LVM_SET_H

#include "lvm/label.h"
#include "lvm/vg.h"

/* A device that was added. */
struct dw_set_pv {
	struct dw_dev *dev;
	struct dw_label label;
	struct dw_vg_own *vg;		/* that it is part of; NULL: none */
	/* Of its own copy of a group's metadata; "" where it has none. */
	char vg_id[DW_LVM_ID_TEXT];
	uint64_t seqno;
	/* What was wrong with a copy, and of which group it may be. */
	struct dw_err fault;
	char fault_name[DW_LVM_NAME_LEN];
	char fault_id[DW_LVM_ID_TEXT];
};

struct dw_lvm {
	struct dw_ctx *ctx;
	bool is_assembled;
	size_t pvs_nr, vgs_nr, orphans_nr;
	struct dw_set_pv *pvs;
	struct dw_vg_own **vgs;
	struct dw_dev **orphans;	/* of pvs */
};

/* The newest good text of one group. */
struct dw_set_text {
	char id[DW_LVM_ID_TEXT];
	uint64_t seqno;
	char *text;
	size_t len;
	uint32_t crc;
	const struct dw_set_pv *pv;	/* where it was found */
	struct dw_notes notes;
};

struct dw_set_texts {
	struct dw_set_text *items;
	size_t nr;
	uint64_t held_len;
};

/* Reads every metadata area, and keeps of each group the newest text.  What
 * is damaged is noted with its PV; an error is one of the host. */
int dw_set_collect(struct dw_lvm *lvm, struct dw_set_texts *out,
		   struct dw_err *err);
void dw_set_texts_free(struct dw_set_texts *texts);

#endif
