/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LZ4 and LZO as kernels take them: blocks that are unpacked one by one. */
#include <lz4.h>
#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/unpack_internal.h"

/* The next chunk of the legacy frame: magic, then chunks with a 32-bit length
 * in front; nothing marks its end. */
int dw_unpack_step_lz4(struct dw_unpack *u, size_t *len, struct dw_err *err)
{
	const uint32_t most = LZ4_COMPRESSBOUND(DW_LZ4_CHUNK_LEN);
	uint8_t head[4];
	uint32_t chunk_len;
	size_t got;
	int ret, n;

	*len = 0;
	ret = u->src->read(u->src->arg, u->read_off, head, 4, &got, err);
	if (ret)
		return ret;
	chunk_len = got == 4 ? dw_le32(head) : 0;
	/* A magic starts a further frame; anything else that is no length is
	 * what follows this archive, as the kernel sees it. */
	if (chunk_len == DW_LZ4_MAGIC) {
		u->read_off += 4;
		return 0;
	}
	if (!chunk_len || chunk_len > most) {
		u->ended = true;
		return 0;
	}
	if (!u->block)
		u->block = malloc(most);
	if (!u->block)
		return dw_fail_nomem(err);
	ret = u->src->read(u->src->arg, u->read_off + 4, u->block, chunk_len,
			   &got, err);
	if (ret)
		return ret;
	n = got < chunk_len ? -1 :
		LZ4_decompress_safe((char *)u->block, (char *)u->out,
				    (int)chunk_len, DW_LZ4_CHUNK_LEN);
	if (n < 0)
		return dw_unpack_damaged(u, err);
	u->read_off += 4 + (uint64_t)chunk_len;
	*len = (size_t)n;
	return 0;
}

/* ---- LZO: the file format of lzop --------------------------------------------- */

enum {
	ADLER_D = 0x1,		/* checksums of blocks unpacked */
	ADLER_C = 0x2,		/* and as they are stored */
	EXTRA = 0x40,
	CRC_D = 0x100,
	CRC_C = 0x200,
	FILTER = 0x800,
};

/* Reads exactly, from where the last read ended. */
static int take(struct dw_unpack *u, void *buf, size_t len, struct dw_err *err)
{
	size_t got;
	int ret = u->src->read(u->src->arg, u->read_off, buf, len, &got, err);

	if (ret)
		return ret;
	u->read_off += got;
	if (got < len)
		return dw_fail(err, DW_CORRUPT, "initrd: lzo stream breaks "
			       "off at byte %llu",
			       (unsigned long long)u->read_off);
	return 0;
}

/*
 * Numbers are big-endian: magic (9 bytes), version (2), of the library (2),
 * needed to extract (2, from version 0x0940), method (1), level (1, likewise),
 * flags (4), filter (4, if flagged), mode (4), time (4, and 4 from 0x0940),
 * length of the name (1), name, checksum (4); an extra field if flagged.
 */
static int begin_lzo(struct dw_unpack *u, struct dw_err *err)
{
	static const uint8_t magic[9] = {
		0x89, 'L', 'Z', 'O', 0, 0x0d, 0x0a, 0x1a, 0x0a,
	};
	uint8_t p[64];
	bool is_new;
	int ret = take(u, p, 13, err);

	if (ret)
		return ret;
	is_new = dw_be16(p + 9) >= 0x0940;
	if (memcmp(p, magic, sizeof(magic)))
		return dw_unpack_damaged(u, err);
	ret = take(u, p, is_new ? 8 : 5, err);
	if (ret)
		return ret;
	u->lzo_flags = dw_be32(p + (is_new ? 4 : 1));
	/* Methods 1 to 3 are what different levels of lzo1x made. */
	if (p[is_new ? 2 : 0] < 1 || p[is_new ? 2 : 0] > 3 ||
	    u->lzo_flags & (FILTER | EXTRA))
		return dw_fail(err, DW_UNSUPPORTED, "initrd: lzo with method "
			       "%u and flags 0x%x", p[is_new ? 2 : 0],
			       u->lzo_flags);
	ret = take(u, p, is_new ? 13 : 9, err);
	if (!ret)
		u->read_off += p[is_new ? 12 : 8] + 4u;
	u->lzo_begun = !ret;
	return ret;
}

static int check_block(struct dw_unpack *u, const uint8_t *sums, size_t len,
		       struct dw_err *err)
{
	const uint8_t *p = sums;

	if (u->lzo_flags & ADLER_D) {
		if (dw_be32(p) != adler32(adler32(0, NULL, 0), u->out, len))
			return dw_unpack_damaged(u, err);
		p += 4;
	}
	if (u->lzo_flags & CRC_D &&
	    dw_be32(p) != crc32(crc32(0, NULL, 0), u->out, len))
		return dw_unpack_damaged(u, err);
	return 0;
}

/* Lengths unpacked and stored, checksums, and the bytes: stored as they are
 * where the lengths are the same. */
static int take_block(struct dw_unpack *u, size_t len, struct dw_err *err)
{
	unsigned sums_nr = !!(u->lzo_flags & ADLER_D) +
		!!(u->lzo_flags & CRC_D);
	uint8_t head[4], sums[8];
	lzo_uint made = len;
	uint32_t stored_len;
	int ret = take(u, head, 4, err);

	if (ret)
		return ret;
	stored_len = dw_be32(head);
	if (!stored_len || stored_len > len || len > DW_LZO_BLOCK_LEN)
		return dw_unpack_damaged(u, err);
	ret = take(u, sums, 4 * sums_nr, err);
	if (stored_len < len)
		u->read_off += 4 * (!!(u->lzo_flags & ADLER_C) +
				    !!(u->lzo_flags & CRC_C));
	if (!ret)
		ret = take(u, stored_len < len ? u->block : u->out, stored_len,
			   err);
	if (ret)
		return ret;
	if (stored_len < len &&
	    (lzo1x_decompress_safe(u->block, stored_len, u->out, &made,
				   NULL) != LZO_E_OK || made != len))
		return dw_unpack_damaged(u, err);
	return check_block(u, sums, len, err);
}

int dw_unpack_step_lzo(struct dw_unpack *u, size_t *len, struct dw_err *err)
{
	uint8_t head[4];
	uint32_t n = 0;
	int ret = 0;

	*len = 0;
	if (!u->block)
		u->block = malloc(DW_LZO_BLOCK_LEN);
	if (!u->block)
		return dw_fail_nomem(err);
	if (!u->lzo_begun)
		ret = begin_lzo(u, err);
	if (!ret)
		ret = take(u, head, 4, err);
	if (!ret)
		n = dw_be32(head);
	if (!ret && n)
		ret = take_block(u, n, err);
	u->ended = !ret && !n;
	*len = ret ? 0 : n;
	return ret;
}
