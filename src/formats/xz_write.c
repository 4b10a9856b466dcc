/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What makes an xz stream of packed blocks: its header, index and footer. */
#include <lzma.h>
#include <string.h>

#include "base/bytes.h"
#include "formats/xz.h"

#define HEADER_HAS_PACKED_LEN 0x40
#define BUF_LEN (64u << 10)

static const lzma_stream_flags flags = { .check = LZMA_CHECK_CRC64 };

static int xz_begin(struct dw_stream_writer *s, struct dw_err *err)
{
	uint8_t header[LZMA_STREAM_HEADER_SIZE];

	if (lzma_stream_header_encode(&flags, header) != LZMA_OK)
		return dw_fail(err, DW_UNSUPPORTED, "xz: liblzma has no CRC64");
	return dw_stream_append(s, header, sizeof(header), err);
}

/* The index counts a block without its padding, which only the header of the
 * block tells. */
static uint32_t xz_measure(const uint8_t *block, size_t len)
{
	uint32_t header_len = (block[0] + 1u) * 4;
	size_t pos = 2;
	lzma_vli packed_len;

	if (!(block[1] & HEADER_HAS_PACKED_LEN) ||
	    lzma_vli_decode(&packed_len, NULL, block, &pos, len) != LZMA_OK)
		return 0;
	return header_len + (uint32_t)packed_len +
	       lzma_check_size(LZMA_CHECK_CRC64);
}

/* The index on its way out. */
struct index_out {
	struct dw_stream_writer *s;
	uint8_t buf[BUF_LEN + 4];	/* with room for the padding */
	size_t buf_len;
	uint64_t len;
	uint32_t crc;
};

static int flush(struct index_out *x, struct dw_err *err)
{
	int rc;

	if (!x->buf_len)
		return 0;
	x->crc = lzma_crc32(x->buf, x->buf_len, x->crc);
	rc = dw_stream_append(x->s, x->buf, x->buf_len, err);
	x->len += x->buf_len;
	x->buf_len = 0;
	return rc;
}

static int add_vli(struct index_out *x, uint64_t v, struct dw_err *err)
{
	int rc = x->buf_len + LZMA_VLI_BYTES_MAX > BUF_LEN ? flush(x, err) : 0;

	/* It cannot fail: lengths are far below 2^63, and there is room. */
	lzma_vli_encode(v, NULL, x->buf, &x->buf_len, BUF_LEN);
	return rc;
}

static int write_records(struct index_out *x, struct dw_err *err)
{
	const struct dw_stream_run *run = x->s->runs;
	const struct dw_stream_run *end = run + x->s->runs_nr;
	uint64_t nr, blocks_nr = 0;
	int rc;

	for (; run < end; run++)
		blocks_nr += run->nr;
	x->buf[x->buf_len++] = 0;	/* no block begins so */
	rc = add_vli(x, blocks_nr, err);
	for (run = x->s->runs; run < end; run++) {
		for (nr = run->nr; nr && !rc; nr--) {
			rc = add_vli(x, run->packed_len, err);
			if (!rc)
				rc = add_vli(x, run->len, err);
		}
	}
	return rc;
}

static int write_footer(struct dw_stream_writer *s, uint64_t index_len,
			struct dw_err *err)
{
	lzma_stream_flags end = flags;
	uint8_t footer[LZMA_STREAM_HEADER_SIZE];

	end.backward_size = index_len;
	if (lzma_stream_footer_encode(&end, footer) != LZMA_OK)
		return dw_fail(err, DW_LIMIT, "xz: an index of %llu bytes is "
			       "too long", (unsigned long long)index_len);
	return dw_stream_append(s, footer, sizeof(footer), err);
}

static int xz_end(struct dw_stream_writer *s, struct dw_err *err)
{
	struct index_out x = { .s = s };
	uint8_t crc[4];
	int rc;

	rc = write_records(&x, err);
	if (rc)
		return rc;
	while ((x.len + x.buf_len) % 4)
		x.buf[x.buf_len++] = 0;
	rc = flush(&x, err);
	dw_put_le32(crc, x.crc);
	if (!rc)
		rc = dw_stream_append(s, crc, sizeof(crc), err);
	return rc ? rc : write_footer(s, x.len + sizeof(crc), err);
}

/* Within 3 % of one block of everything, and what a decoder holds is small. */
const struct dw_stream_packing dw_xz_packing = {
	.codec = DW_CODEC_XZ,
	.unit_len = 2u << 20,
	.zeros_len = 2u << 20,
	.begin = xz_begin,
	.measure = xz_measure,
	.end = xz_end,
};
