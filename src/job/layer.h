/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree that inspection makes. */
#ifndef DW_JOB_LAYER_H
#define DW_JOB_LAYER_H

#include "base/err.h"
#include "lvm/lvm.h"

/* Takes a copy of text in the place of what was there. */
int dw_set_text(char **field, const char *text, struct dw_err *err);

/* The error of a volume as what is said under its name: without it in front. */
int dw_set_lv_problem(char **field, const struct dw_lv *lv,
		      const struct dw_err *why, struct dw_err *err);

/* Room for nr children at once: pointers to them stay valid. */
int dw_layer_room(struct dw_layer *layer, size_t nr, struct dw_err *err);
/* The next of them. */
struct dw_layer *dw_layer_add(struct dw_layer *layer, enum dw_layer_kind kind,
			      uint64_t off, uint64_t len);

#endif
