/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the blocks of an xz file are, and unpacking one of them. */
#include <inttypes.h>
#include <lzma.h>
#include <stdlib.h>

#include "base/checked.h"
#include "formats/xz.h"

#define BUF_LEN (64u << 10)
/* A block's tag: the kind of its check, and what it is padded by. */
#define TAG_PAD_SHIFT 8

/* ---- the index -------------------------------------------------------------- */

static int say(lzma_ret ret, struct dw_err *err)
{
	switch (ret) {
	case LZMA_OK:
	case LZMA_SEEK_NEEDED:
	case LZMA_STREAM_END:
		return 0;
	case LZMA_MEM_ERROR:
		return dw_fail_nomem(err);
	case LZMA_MEMLIMIT_ERROR:
		return dw_fail(err, DW_LIMIT,
			       "xz: its index needs more memory than allowed");
	case LZMA_OPTIONS_ERROR:
		return dw_fail(err, DW_UNSUPPORTED,
			       "xz: flags that liblzma does not know");
	default:
		return dw_fail(err, DW_CORRUPT, "xz: its headers and its index "
			       "are damaged, or it breaks off");
	}
}

/* Follows liblzma through the file, from its start to its end and back from
 * stream to stream; it ends because an index is no longer than the file. */
static int read_file(struct dw_ctx *ctx, struct dw_dev *file, lzma_stream *z,
		     uint8_t *buf, struct dw_err *err)
{
	uint64_t off = 0;
	size_t len;
	lzma_ret ret = LZMA_OK;
	int rc = 0;

	while (!rc && ret != LZMA_STREAM_END) {
		rc = dw_ctx_check(ctx, err);
		len = dw_min(BUF_LEN, file->size - off);
		if (!rc && !z->avail_in && len) {
			rc = dw_dev_pread(file, off, buf, len, err);
			z->next_in = buf;
			z->avail_in = len;
			off += len;
		}
		if (rc)
			break;
		ret = lzma_code(z, LZMA_RUN);
		rc = say(ret, err);
		if (ret == LZMA_SEEK_NEEDED) {
			off = z->seek_pos;
			z->avail_in = 0;
		}
	}
	return rc;
}

static int add_blocks(const lzma_index *from, struct dw_stream_index *to,
		      struct dw_err *err)
{
	lzma_index_iter iter;
	uint64_t pad;
	int rc = 0;

	lzma_index_iter_init(&iter, from);
	while (!rc && !lzma_index_iter_next(&iter,
					    LZMA_INDEX_ITER_NONEMPTY_BLOCK)) {
		pad = iter.block.total_size - iter.block.unpadded_size;
		if (!lzma_check_is_supported(iter.stream.flags->check))
			rc = dw_fail(err, DW_UNSUPPORTED, "xz: a check of kind "
				     "%d", (int)iter.stream.flags->check);
		else
			rc = dw_stream_index_add(to,
				iter.block.compressed_file_offset,
				iter.block.total_size,
				iter.block.uncompressed_size,
				(uint32_t)(iter.stream.flags->check |
					   pad << TAG_PAD_SHIFT), err);
	}
	return rc;
}

int dw_xz_read_index(struct dw_ctx *ctx, struct dw_dev *file,
		     struct dw_stream_index *out, struct dw_err *err)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_index *index = NULL;
	uint8_t *buf = malloc(BUF_LEN);
	int rc = 0;

	*out = (struct dw_stream_index){
		.name = "xz", .memory_cap_len = ctx->memory_cap_len,
	};
	if (!buf || lzma_file_info_decoder(&z, &index, ctx->memory_cap_len,
					   file->size) != LZMA_OK)
		rc = dw_fail_nomem(err);
	if (!rc)
		rc = read_file(ctx, file, &z, buf, err);
	if (!rc)
		rc = add_blocks(index, out, err);
	lzma_index_end(index, NULL);
	lzma_end(&z);
	free(buf);
	if (rc)
		dw_stream_index_free(out);
	return rc;
}

/* ---- a block ---------------------------------------------------------------- */

/* No distance is longer than the block; what its header asks for more would
 * only be memory. */
static void bound_dictionaries(lzma_filter *filters, size_t len)
{
	lzma_options_lzma *options;

	for (; filters->id != LZMA_VLI_UNKNOWN; filters++) {
		if (filters->id != LZMA_FILTER_LZMA2)
			continue;
		options = filters->options;
		options->dict_size = (uint32_t)
			dw_min(options->dict_size,
			       dw_max(len, LZMA_DICT_SIZE_MIN));
	}
}

static int unpack(lzma_block *block, uint64_t unpadded_len, const uint8_t *src,
		  size_t src_len, uint8_t *dst, size_t len, struct dw_err *err)
{
	size_t in_pos = block->header_size, out_pos = 0;
	lzma_ret ret;

	ret = lzma_block_compressed_size(block, unpadded_len);
	if (ret == LZMA_OK) {
		bound_dictionaries(block->filters, len);
		ret = lzma_block_buffer_decode(block, NULL, src, &in_pos,
					       src_len, dst, &out_pos, len);
	}
	if (ret == LZMA_MEM_ERROR)
		return dw_fail_nomem(err);
	if (ret != LZMA_OK || in_pos != src_len || out_pos != len)
		return dw_fail(err, DW_CORRUPT,
			       "it is damaged, or its checksum is wrong");
	return 0;
}

static int unpack_block(const struct dw_stream_block *b, const uint8_t *src,
			uint8_t *dst, size_t len, struct dw_err *err)
{
	lzma_filter filters[LZMA_FILTERS_MAX + 1];
	lzma_block block = {
		.check = (lzma_check)(b->tag & 0xff), .filters = filters,
	};
	lzma_ret ret;
	int rc;

	block.header_size = lzma_block_header_size_decode(src[0]);
	if (!src[0] || block.header_size > b->in_len)
		return dw_fail(err, DW_CORRUPT, "no block begins there");
	ret = lzma_block_header_decode(&block, NULL, src);
	if (ret == LZMA_OPTIONS_ERROR)
		return dw_fail(err, DW_UNSUPPORTED,
			       "a filter that liblzma does not know");
	if (ret != LZMA_OK)
		return dw_fail(err, DW_CORRUPT, "its header is damaged");
	rc = unpack(&block, b->in_len - (b->tag >> TAG_PAD_SHIFT), src,
		    b->in_len, dst, len, err);
	lzma_filters_free(filters, NULL);
	return rc;
}

int dw_xz_unpack_block(struct dw_dev *file, const struct dw_stream_block *block,
		       uint8_t *dst, size_t len, struct dw_err *err)
{
	uint8_t *src;
	int rc = dw_stream_fetch_block(file, block, &src, err);

	if (!rc)
		rc = unpack_block(block, src, dst, len, err);
	free(src);
	return rc;
}
