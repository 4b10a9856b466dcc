/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The binary indexes of kmod: modules.dep.bin and its kind. */
#ifndef DW_KMOD_INDEX_WRITE_H
#define DW_KMOD_INDEX_WRITE_H

#include "base/buf.h"

struct dw_index_entry {
	size_t key, value;	/* where they are in the text */
	uint32_t priority;
};

/* What an index will hold; starts as { 0 }. */
struct dw_index {
	struct dw_buf text;
	struct dw_index_entry *entries;
	size_t nr, cap;
};

/*
 * Adds a value, copied, under a key, which may have several, and the same one
 * twice.  modprobe takes those of lower priority first.  A key with bytes
 * beyond ASCII cannot be stored: nothing is added.
 */
int dw_index_add(struct dw_index *index, const char *key, const char *value,
		 uint32_t priority, struct dw_err *err);

/* Appends the file to out.  DW_LIMIT where it would pass 256 MiB, which is as
 * far as its offsets reach. */
int dw_index_write(const struct dw_index *index, struct dw_buf *out,
		   struct dw_err *err);
void dw_index_free(struct dw_index *index);

#endif
