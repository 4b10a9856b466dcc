/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory for what a text is made into: many small pieces, freed together. */
#ifndef DW_LVM_ARENA_H
#define DW_LVM_ARENA_H

#include "base/err.h"

struct dw_arena_chunk;

/* Starts with { .cap_len = ... }, the most that it may hold. */
struct dw_arena {
	uint64_t cap_len;
	uint64_t held_len;
	struct dw_arena_chunk *chunks;	/* the newest first */
};

/* nr zeroed items of len bytes; out points to a pointer of any type.  DW_LIMIT
 * where the cap is reached. */
int dw_arena_alloc(struct dw_arena *a, size_t nr, size_t len, void *out,
		   struct dw_err *err);
/* A NUL-terminated copy. */
int dw_arena_dup(struct dw_arena *a, const char *s, size_t len, char **out,
		 struct dw_err *err);
void dw_arena_free(struct dw_arena *a);

#endif
