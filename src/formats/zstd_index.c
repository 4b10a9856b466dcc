/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the frames of a zstd file are, and unpacking one of them. */
#include <inttypes.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/zstd.h"

#define MAGIC 0xfd2fb528u
#define HEADER_LEN_MAX 18u
/* Entries of the seek table that are read at once. */
#define ENTRIES_AT_ONCE 4096u

/* ---- the seek table --------------------------------------------------------- */

struct table {
	uint64_t off;		/* of the first entry */
	uint32_t nr;
	uint32_t entry_len;
};

/* DW_NOT_MINE where the file does not end in a table that can be right. */
static int find_table(struct dw_dev *file, struct table *out,
		      struct dw_err *err)
{
	uint8_t foot[DW_ZSTD_SEEK_FOOTER_LEN], head[DW_ZSTD_SKIPPABLE_LEN];
	uint64_t len;
	int rc;

	if (file->size < sizeof(foot) + sizeof(head))
		return DW_NOT_MINE;
	rc = dw_dev_pread(file, file->size - sizeof(foot), foot, sizeof(foot),
			  err);
	if (rc)
		return rc;
	out->nr = dw_le32(foot);
	out->entry_len = foot[4] & DW_ZSTD_SEEK_CHECKSUMS ? 12 : 8;
	len = (uint64_t)out->nr * out->entry_len + sizeof(foot);
	if (dw_le32(foot + 5) != DW_ZSTD_SEEKABLE_MAGIC ||
	    out->nr > DW_ZSTD_SEEK_FRAMES_MAX ||
	    len > file->size - sizeof(head))
		return DW_NOT_MINE;
	out->off = file->size - len;
	rc = dw_dev_pread(file, out->off - sizeof(head), head, sizeof(head),
			  err);
	if (rc)
		return rc;
	return dw_le32(head) == DW_ZSTD_SKIPPABLE_MAGIC &&
	       dw_le32(head + 4) == len ? 0 : DW_NOT_MINE;
}

/*
 * Takes the table at its word: each frame is checked when it is unpacked.
 * Frames that do not reach from the file's start to the table are DW_NOT_MINE,
 * as files may have been joined; and so is a frame of nothing, which would
 * never be unpacked.
 */
static int read_table(struct dw_ctx *ctx, struct dw_dev *file,
		      struct dw_stream_index *index, struct dw_err *err)
{
	uint8_t buf[ENTRIES_AT_ONCE * 12];
	struct table t;
	uint64_t in_off = 0, end_off;
	uint32_t i, nr;
	int rc = find_table(file, &t, err);

	end_off = rc ? 0 : t.off - DW_ZSTD_SKIPPABLE_LEN;
	for (; !rc && t.nr; t.nr -= nr, t.off += nr * t.entry_len) {
		nr = (uint32_t)dw_min(t.nr, ENTRIES_AT_ONCE);
		rc = dw_ctx_check(ctx, err);
		if (!rc)
			rc = dw_dev_pread(file, t.off, buf, nr * t.entry_len,
					  err);
		for (i = 0; i < nr && !rc; i++) {
			const uint8_t *p = buf + i * t.entry_len;

			rc = !dw_le32(p + 4) ? DW_NOT_MINE :
				dw_stream_index_add(index, in_off, dw_le32(p),
						    dw_le32(p + 4), 0, err);
			in_off += dw_le32(p);
		}
	}
	return !rc && in_off != end_off ? DW_NOT_MINE : rc;
}

/* ---- the frames themselves -------------------------------------------------- */

struct frame {
	uint64_t len;		/* in the file */
	uint64_t content_len;
	bool has_blocks;	/* else it is skippable */
	bool has_checksum;
};

/* RFC 8878, 3.1.1.1: the header's length, and what it tells of the content;
 * DW_NOT_MINE where that has no length. */
static int read_header(struct dw_dev *file, uint64_t off, struct frame *f,
		       struct dw_err *err)
{
	static const uint8_t id_lens[] = { 0, 1, 2, 4 };
	static const uint8_t size_lens[] = { 0, 2, 4, 8 };
	uint8_t buf[HEADER_LEN_MAX] = { 0 };
	size_t len = dw_min(sizeof(buf), file->size - off);
	bool single;
	int rc = dw_dev_pread(file, off, buf, len, err);

	if (rc)
		return rc;
	if (len >= 8 &&
	    (dw_le32(buf) & DW_ZSTD_SKIPPABLE_MASK) == DW_ZSTD_SKIPPABLE) {
		*f = (struct frame){ .len = 8ull + dw_le32(buf + 4) };
		return 0;
	}
	if (len < 6 || dw_le32(buf) != MAGIC)
		return dw_fail(err, DW_CORRUPT, "zstd: no frame begins at byte %"
			       PRIu64, off);
	single = buf[4] & 0x20;
	*f = (struct frame){
		.len = 5u + !single + id_lens[buf[4] & 3] +
		       (buf[4] >> 6 ? size_lens[buf[4] >> 6] : single),
		.content_len = ZSTD_getFrameContentSize(buf, len),
		.has_blocks = true,
		.has_checksum = buf[4] & 4,
	};
	if (f->content_len == ZSTD_CONTENTSIZE_UNKNOWN)
		return DW_NOT_MINE;
	if (f->content_len == ZSTD_CONTENTSIZE_ERROR)
		return dw_fail(err, DW_CORRUPT, "zstd: the frame at byte %"
			       PRIu64 " has a damaged header", off);
	return 0;
}

/* RFC 8878, 3.1.1.2: from block to block, by the 3 bytes before each; it ends
 * because a block takes at least those of the file. */
static int measure_frame(struct dw_ctx *ctx, struct dw_dev *file, uint64_t off,
			 struct frame *f, struct dw_err *err)
{
	uint8_t buf[3];
	uint32_t header = 0;
	int rc = 0;

	while (!(header & 1) && !rc) {
		if (!dw_in_range(off, f->len + 3, file->size))
			return dw_fail(err, DW_CORRUPT, "zstd: the frame at "
				       "byte %" PRIu64 " breaks off", off);
		rc = dw_ctx_check(ctx, err);
		if (!rc)
			rc = dw_dev_pread(file, off + f->len, buf, 3, err);
		header = dw_le16(buf) | (uint32_t)buf[2] << 16;
		/* Bits 1 and 2: raw, one byte repeated, compressed. */
		f->len += 3 + ((header >> 1 & 3) == 1 ? 1 : header >> 3);
	}
	f->len += f->has_checksum ? 4 : 0;
	return rc;
}

static int scan_frames(struct dw_ctx *ctx, struct dw_dev *file,
		       struct dw_stream_index *index, struct dw_err *err)
{
	struct frame f = { 0 };
	uint64_t off = 0;
	int rc;

	do {
		rc = read_header(file, off, &f, err);
		if (!rc && f.has_blocks)
			rc = measure_frame(ctx, file, off, &f, err);
		if (!rc && !dw_in_range(off, f.len, file->size))
			rc = dw_fail(err, DW_CORRUPT, "zstd: the frame at byte %"
				     PRIu64 " breaks off", off);
		if (!rc)
			rc = dw_stream_index_add(index, off, f.len,
						 f.content_len, 0, err);
		off += f.len;
	} while (!rc && off < file->size);
	return rc;
}

int dw_zstd_read_index(struct dw_ctx *ctx, struct dw_dev *file,
		       struct dw_stream_index *out, struct dw_err *err)
{
	const struct dw_stream_index empty = {
		.name = "zstd", .memory_cap_len = ctx->memory_cap_len,
	};
	int rc;

	*out = empty;
	rc = read_table(ctx, file, out, err);
	if (rc == DW_NOT_MINE) {
		dw_stream_index_free(out);
		*out = empty;
		rc = scan_frames(ctx, file, out, err);
	}
	if (rc)
		dw_stream_index_free(out);
	return rc;
}

/* ---- a frame ---------------------------------------------------------------- */

int dw_zstd_unpack_block(struct dw_dev *file,
			 const struct dw_stream_block *block, uint8_t *dst,
			 size_t len, struct dw_err *err)
{
	uint8_t *src;
	size_t ret;
	int rc = dw_stream_fetch_block(file, block, &src, err);

	if (rc)
		return rc;
	/* Straight into dst: no window is needed, whatever the frame asks. */
	ret = ZSTD_decompress(dst, len, src, block->in_len);
	free(src);
	if (!ZSTD_isError(ret) && ret == len)
		return 0;
	if (ZSTD_getErrorCode(ret) == ZSTD_error_memory_allocation)
		return dw_fail_nomem(err);
	return dw_fail(err, DW_CORRUPT, "%s", ZSTD_isError(ret) ?
		       ZSTD_getErrorName(ret) : "it holds less than it tells");
}
