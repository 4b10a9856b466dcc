/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an archive needs around it to be taken behind the ones in front. */
#include <lz4.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "initrd/frame.h"

/* The kernel takes an archive that is not packed at a multiple of this
 * (Documentation/driver-api/early-userspace/buffer-format.rst). */
#define ALIGN		4u

#define LZ4_MAGIC	0x184c2102u
#define LZ4_CHUNK_LEN	(8u << 20)

/*
 * Nothing ends a legacy LZ4 frame but the file, or another frame: before Linux
 * 5.14 the kernel takes whatever follows for the length of a chunk.  So behind
 * one comes one more.
 */
static int pack_lz4(const char *data, size_t len, struct dw_buf *out,
		    struct dw_err *err)
{
	size_t cap = LZ4_COMPRESSBOUND(LZ4_CHUNK_LEN);
	char *chunk = malloc(cap);
	uint8_t head[4];

	if (!chunk)
		return dw_fail_nomem(err);
	dw_put_le32(head, LZ4_MAGIC);
	dw_buf_add(out, head, 4);
	for (size_t at = 0; at < len; at += LZ4_CHUNK_LEN) {
		int n = LZ4_compress_default(data + at, chunk,
			(int)dw_min(LZ4_CHUNK_LEN, len - at), (int)cap);

		dw_put_le32(head, (uint32_t)n);
		dw_buf_add(out, head, 4);
		dw_buf_add(out, chunk, (size_t)n);
	}
	free(chunk);
	return dw_buf_check(out, err);
}

/* Zeros up to the next multiple.  Where some follow an LZ4 frame already, newer
 * kernels take four of them for its end. */
static size_t zeros_before(const struct dw_cpio_tail *tail, uint64_t old_len)
{
	uint64_t at = dw_round_up(old_len, ALIGN);

	if (tail->packing == DW_PACK_LZ4 && at - tail->end_off < 4)
		at += ALIGN;
	return (size_t)(at - old_len);
}

static int put_zeros(char **data, size_t len, size_t zeros_nr,
		     struct dw_err *err)
{
	char *p = zeros_nr ? realloc(*data, len + zeros_nr) : *data;

	if (!p)
		return dw_fail_nomem(err);
	memmove(p + zeros_nr, p, len);
	memset(p, 0, zeros_nr);
	*data = p;
	return 0;
}

int dw_initrd_frame(const struct dw_cpio_tail *tail, uint64_t old_len,
		    char *data, size_t len, char **out, size_t *out_len,
		    struct dw_err *err)
{
	struct dw_buf buf = { 0 };
	size_t zeros_nr = zeros_before(tail, old_len);
	int ret;

	*out = NULL;
	*out_len = 0;
	if (tail->junk) {
		ret = dw_fail(err, DW_UNSUPPORTED, "what follows at byte "
			      "%llu is no archive; the kernel would not read "
			      "on behind it",
			      (unsigned long long)tail->junk_off);
	} else if (tail->packing == DW_PACK_LZ4 && tail->end_off == old_len) {
		ret = pack_lz4(data, len, &buf, err);
		if (!ret)
			*out = dw_buf_take(&buf, out_len);
	} else {
		ret = put_zeros(&data, len, zeros_nr, err);
		if (!ret) {
			*out = data;
			*out_len = len + zeros_nr;
			data = NULL;
		}
	}
	dw_buf_free(&buf);
	free(data);
	return ret;
}
