/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of a compressed stream's blocks. */
#include <stdlib.h>

#include "base/checked.h"
#include "formats/stream_index.h"

/* Bytes that cannot be packed take hardly more than themselves; a block that
 * takes much more is none of any packer's. */
#define PACKED_SLACK (64u << 10)

static int grow(struct dw_stream_index *index, struct dw_err *err)
{
	size_t cap = index->cap ? 2 * index->cap : 64;
	struct dw_stream_block *items;

	if (cap > index->memory_cap_len / sizeof(*items))
		return dw_fail(err, DW_LIMIT, "%s: an index of more than %zu "
			       "blocks needs more memory than allowed",
			       index->name, index->nr);
	items = reallocarray(index->items, cap, sizeof(*items));
	if (!items)
		return dw_fail_nomem(err);
	index->items = items;
	index->cap = cap;
	return 0;
}

static void give_up_blocks(struct dw_stream_index *index)
{
	free(index->items);
	index->items = NULL;
	index->nr = index->cap = 0;
	index->too_long = true;
}

int dw_stream_index_add(struct dw_stream_index *index, uint64_t in_off,
			uint64_t in_len, uint64_t len, uint32_t tag,
			struct dw_err *err)
{
	uint64_t off = index->size;
	int rc;

	if (!dw_add(off, len, &index->size) || index->size > INT64_MAX)
		return dw_fail(err, DW_CORRUPT, "%s: the lengths of its blocks "
			       "are more than a disk can have", index->name);
	if (len > DW_STREAM_BLOCK_LEN_MAX || in_len > 2 * len + PACKED_SLACK)
		give_up_blocks(index);
	if (!len || index->too_long)
		return 0;
	rc = index->nr < index->cap ? 0 : grow(index, err);
	if (rc)
		return rc;
	index->items[index->nr++] = (struct dw_stream_block){
		.in_off = in_off, .off = off, .in_len = (uint32_t)in_len,
		.tag = tag,
	};
	index->len_max = (uint32_t)dw_max(index->len_max, len);
	return 0;
}

void dw_stream_index_free(struct dw_stream_index *index)
{
	free(index->items);
	*index = (struct dw_stream_index){ 0 };
}

int dw_stream_fetch_block(struct dw_dev *file,
			  const struct dw_stream_block *block, uint8_t **out,
			  struct dw_err *err)
{
	int rc;

	*out = malloc(dw_max(block->in_len, 1));
	if (!*out)
		return dw_fail_nomem(err);
	rc = dw_dev_pread(file, block->in_off, *out, block->in_len, err);
	if (rc) {
		free(*out);
		*out = NULL;
	}
	return rc;
}
