/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sparse ordered array: 64-bit numbers to non-zero 64-bit values. */
#ifndef DW_BASE_RADIX_H
#define DW_BASE_RADIX_H

#include "base/err.h"

struct dw_radix_node;

/* Starts as { 0 }; memory follows what is stored.  Not locked. */
struct dw_radix {
	struct dw_radix_node *root;
	unsigned height;
};

/* 0 where nothing is stored. */
uint64_t dw_radix_get(const struct dw_radix *tree, uint64_t key);

/* value 0 forgets the key; that never fails. */
int dw_radix_set(struct dw_radix *tree, uint64_t key, uint64_t value,
		 struct dw_err *err);

/* The first stored key >= key; false where there is none. */
bool dw_radix_next(const struct dw_radix *tree, uint64_t key,
		   uint64_t *found, uint64_t *value);

void dw_radix_free(struct dw_radix *tree);

#endif
