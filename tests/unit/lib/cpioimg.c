/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Archives and their compressions in memory, right and wrong ones. */
#include <bzlib.h>
#include <check.h>
#include <lz4.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/bytes.h"
#include "cpioimg.h"

static void put(struct dw_buf *b, const char *name, unsigned mode,
		unsigned ino, unsigned links_nr, const char *data)
{
	static const char zeros[4];
	size_t len = strlen(data), name_len = strlen(name) + 1;

	dw_buf_printf(b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x"
		      "%08x%08x", ino, mode, 0, 0, links_nr, 0, (unsigned)len, 0, 0, 0,
		      0, (unsigned)name_len, 0);
	dw_buf_add(b, name, name_len);
	dw_buf_add(b, zeros, (4 - (110 + name_len) % 4) % 4);
	dw_buf_add(b, data, len);
	dw_buf_add(b, zeros, (4 - len % 4) % 4);
}

void cpio_add(struct dw_buf *b, const char *name, unsigned mode,
	      const char *data)
{
	put(b, name, mode, 1, 1, data);
}

void cpio_add_link(struct dw_buf *b, const char *name, unsigned links_nr,
		   unsigned ino, const char *data)
{
	put(b, name, 0100644, ino, links_nr, data);
}

/* As lzop -c writes it: with sums of what is unpacked. */
static void pack_lzo(struct dw_buf *out, const struct dw_buf *in)
{
	static const uint8_t head[38] = {
		0x89, 'L', 'Z', 'O', 0, 0x0d, 0x0a, 0x1a, 0x0a, 0x10, 0x40,
		0x20, 0xa0, 0x09, 0x40, 1, 5, 3, 0, 0, 1,
	};
	static uint8_t work[LZO1X_1_MEM_COMPRESS], block[400000];
	uint8_t p[12];

	dw_buf_add(out, head, sizeof(head));
	for (size_t at = 0; at < in->len; at += 262144) {
		size_t n = in->len - at < 262144 ? in->len - at : 262144;
		const uint8_t *from = (const uint8_t *)in->data + at;
		lzo_uint len;

		lzo1x_1_compress(from, n, block, &len, work);
		dw_put_be32(p, (uint32_t)n);
		dw_put_be32(p + 4, (uint32_t)(len < n ? len : n));
		dw_put_be32(p + 8, (uint32_t)adler32(1, from, (uInt)n));
		dw_buf_add(out, p, sizeof(p));
		dw_buf_add(out, len < n ? block : from, len < n ? len : n);
	}
	dw_buf_add(out, "\0\0\0\0", 4);
}

void cpio_pack(struct dw_buf *out, const struct dw_buf *in,
		 enum dw_packing kind)
{
	size_t cap = in->len + in->len / 2 + 4096, len = 0;
	uint8_t *p = malloc(cap), head[8];
	z_stream z = { 0 };
	unsigned bz_len;
	lzma_options_lzma opt;
	lzma_stream l = LZMA_STREAM_INIT;

	switch (kind) {
	case DW_PACK_GZIP:
		deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
		z.next_in = (uint8_t *)in->data;
		z.avail_in = in->len;
		z.next_out = p;
		z.avail_out = cap;
		ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
		len = z.total_out;
		deflateEnd(&z);
		break;
	case DW_PACK_XZ:
		ck_assert_int_eq(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32,
			NULL, (uint8_t *)in->data, in->len, p, &len, cap), 0);
		break;
	case DW_PACK_LZMA:
		lzma_lzma_preset(&opt, 1);
		ck_assert_int_eq(lzma_alone_encoder(&l, &opt), LZMA_OK);
		l.next_in = (uint8_t *)in->data;
		l.avail_in = in->len;
		l.next_out = p;
		l.avail_out = cap;
		ck_assert_int_eq(lzma_code(&l, LZMA_FINISH), LZMA_STREAM_END);
		len = l.total_out;
		lzma_end(&l);
		break;
	case DW_PACK_ZSTD:
		len = ZSTD_compress(p, cap, in->data, in->len, 3);
		break;
	case DW_PACK_LZ4:
		len = (size_t)LZ4_compress_default(in->data, (char *)p,
						   (int)in->len, (int)cap);
		dw_put_le32(head, 0x184c2102);
		dw_put_le32(head + 4, (uint32_t)len);
		dw_buf_add(out, head, 8);
		break;
	case DW_PACK_BZIP2:
		bz_len = (unsigned)cap;
		ck_assert_int_eq(BZ2_bzBuffToBuffCompress((char *)p, &bz_len,
			in->data, (unsigned)in->len, 9, 0, 0), BZ_OK);
		len = bz_len;
		break;
	case DW_PACK_LZO:
		pack_lzo(out, in);
		break;
	default:
		dw_buf_add(out, in->data, in->len);
	}
	dw_buf_add(out, p, len);
	free(p);
}

int cpio_read(void *arg, uint64_t off, void *buf, size_t len, size_t *got,
	      struct dw_err *err)
{
	struct dw_buf *b = arg;

	*got = off >= b->len ? 0 : b->len - off < len ? b->len - off : len;
	if (*got)
		memcpy(buf, b->data + off, *got);
	return 0;
}
