/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packing and unpacking: zlib and zstd themselves are the other side. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/codec.h"
#include "lib/run.h"

#define LEN_MAX ((200u << 10) + 3)

static struct dw_err err;
static uint8_t src[LEN_MAX], back[LEN_MAX + 1], packed[2 * LEN_MAX];

static const size_t lens[] = { 1, 2, 511, 4096, 65535, 65536, LEN_MAX };
#define LENS_NR (sizeof(lens) / sizeof(*lens))

/* Zeros; noise; words, which repeat near and far; noise then words. */
#define KINDS_NR 4
static void fill(unsigned kind)
{
	unsigned seed = kind + 1, n;
	size_t i;

	for (i = 0; i < LEN_MAX; i++) {
		n = (unsigned)rand_r(&seed);
		if (kind == 0)
			src[i] = 0;
		else if (kind == 1 || (kind == 3 && i % 65536 < 20000))
			src[i] = (uint8_t)n;
		else
			src[i] = (uint8_t)(i % 7 ? src[i - 1] + n % 2
						 : 'a' + n % 20);
	}
}

static int zlib_window(const struct dw_codec *codec)
{
	int bits = codec->window_bits ? codec->window_bits : 15;

	switch (codec->kind) {
	case DW_CODEC_DEFLATE:	return -bits;
	case DW_CODEC_GZIP:	return 16 + bits;
	/* The header names 32 KiB, whatever was used. */
	default:		return 15;
	}
}

/* The whole of what was packed gives the bytes, and is nothing but them. */
static void judge_by_zlib(const struct dw_codec *codec, size_t packed_len,
			  size_t len)
{
	z_stream z = { .next_in = packed, .avail_in = (uInt)packed_len,
		       .next_out = back, .avail_out = (uInt)len + 1 };

	memset(back, 0xee, len);
	ck_assert_int_eq(inflateInit2(&z, zlib_window(codec)), Z_OK);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(z.total_out, len);
	ck_assert_uint_eq(z.avail_in, 0);
	ck_assert(!memcmp(back, src, len));
	inflateEnd(&z);
}

static void judge_by_zstd(size_t packed_len, size_t len)
{
	ck_assert_uint_eq(ZSTD_getFrameContentSize(packed, packed_len), len);
	ck_assert_uint_eq(ZSTD_decompress(back, len, packed, packed_len), len);
	ck_assert(!memcmp(back, src, len));
}

static size_t pack(struct dw_packer *p, size_t len, size_t cap)
{
	uint8_t behind[64];
	size_t got = 0;

	memset(behind, 0xab, sizeof(behind));
	memcpy(packed + cap, behind, sizeof(behind));
	ck_assert_int_eq(dw_pack(p, src, len, packed, cap, &got, &err), 0);
	ck_assert_uint_le(got, cap);
	/* Nothing is written past the room. */
	ck_assert_mem_eq(packed + cap, behind, sizeof(behind));
	return got;
}

static void one_length(struct dw_packer *p, const struct dw_codec *codec,
		       size_t len)
{
	size_t got = pack(p, len, dw_pack_bound(codec, len));

	ck_assert_uint_gt(got, 0);
	if (codec->kind == DW_CODEC_ZSTD)
		judge_by_zstd(got, len);
	else
		judge_by_zlib(codec, got, len);
	/* Bytes behind it do not matter. */
	memset(back, 0, len);
	ck_assert_int_eq(dw_unpack_exact(codec->kind, packed, got + 64, back,
					 len, &err), 0);
	ck_assert(!memcmp(back, src, len));
	ck_assert_int_eq(dw_unpack_exact(codec->kind, packed, got, back,
					 len + 1, &err), DW_CORRUPT);
	/* Where one byte is missing in the room, it does not fit. */
	ck_assert_uint_eq(pack(p, len, got - 1), 0);
}

static void every_length(struct dw_codec codec)
{
	struct dw_packer *p;
	unsigned kind;
	size_t i;

	ck_assert_int_eq(dw_packer_new(&codec, &p, &err), 0);
	for (kind = 0; kind < KINDS_NR; kind++) {
		fill(kind);
		for (i = 0; i < LENS_NR; i++)
			one_length(p, &codec, lens[i]);
	}
	dw_packer_free(p);
}

/* _i: the level */
START_TEST(deflate_is_what_zlib_reads)
{
	static const uint8_t windows[] = { 0, 9, 12, 15 };
	struct dw_codec codec = { .kind = DW_CODEC_DEFLATE, .level = _i };
	size_t i;

	for (i = 0; i < sizeof(windows); i++) {
		codec.window_bits = windows[i];
		every_length(codec);
	}
	codec.window_bits = 0;
	codec.kind = DW_CODEC_ZLIB;
	every_length(codec);
	codec.kind = DW_CODEC_GZIP;
	every_length(codec);
}
END_TEST

START_TEST(zstd_is_what_zstd_reads)
{
	static const int levels[] = { 0, 1, 3, 9, 22 };
	struct dw_codec codec = { .kind = DW_CODEC_ZSTD };

	codec.level = levels[_i];
	every_length(codec);
}
END_TEST

/* A packer leaves no trace of what it packed before. */
START_TEST(equal_bytes_pack_alike)
{
	struct dw_codec codec = { .level = _i };
	uint8_t *first = malloc(2 * LEN_MAX);
	struct dw_packer *a, *b;
	size_t first_len;
	int kind;

	for (kind = DW_CODEC_DEFLATE; kind <= DW_CODEC_ZSTD; kind++) {
		codec.kind = (enum dw_codec_kind)kind;
		ck_assert_int_eq(dw_packer_new(&codec, &a, &err), 0);
		ck_assert_int_eq(dw_packer_new(&codec, &b, &err), 0);
		fill(2);
		first_len = pack(a, 65536, 65535);
		memcpy(first, packed, first_len);
		fill(3);
		pack(b, LEN_MAX, dw_pack_bound(&codec, LEN_MAX));
		pack(b, 65536, 5000);
		fill(2);
		ck_assert_uint_eq(pack(b, 65536, 65535), first_len);
		ck_assert(!memcmp(first, packed, first_len));
		dw_packer_free(a);
		dw_packer_free(b);
	}
	free(first);
}
END_TEST

/* ... nor where in memory it is.  The unit's first bytes come again, because
 * they are what ISA-L is careless about; see codec_isal.c. */
START_TEST(packers_do_not_differ)
{
	struct dw_codec codec = { .kind = DW_CODEC_DEFLATE, .level = _i };
	struct dw_packer *p[3];
	uint8_t first[512];
	unsigned n, i, at, seed = 1;
	size_t first_len = 0, len;

	for (i = 0; i < 3; i++)
		ck_assert_int_eq(dw_packer_new(&codec, &p[i], &err), 0);
	fill(1);
	for (n = 0; n < 8000; n++) {
		at = (unsigned)rand_r(&seed) % (LEN_MAX - 512);
		memmove(src, src + at, 512);
		memcpy(src + 200, src, 60);
		memcpy(src + 300, src + 2, 60);
		for (i = 0; i < 3; i++) {
			len = pack(p[i], 512, 511);
			if (i) {
				ck_assert_uint_eq(len, first_len);
				ck_assert(!memcmp(packed, first, len));
			}
			first_len = len;
			memcpy(first, packed, len);
		}
	}
	for (i = 0; i < 3; i++)
		dw_packer_free(p[i]);
}
END_TEST

/* gzip says when, by which name and where: none of it is here. */
START_TEST(gzip_is_anonymous)
{
	struct dw_codec codec = { .kind = DW_CODEC_GZIP, .level = _i };
	struct dw_packer *p;

	ck_assert_int_eq(dw_packer_new(&codec, &p, &err), 0);
	fill(2);
	pack(p, 4096, 8192);
	ck_assert_mem_eq(packed, "\x1f\x8b\x08\0\0\0\0\0", 8);
	dw_packer_free(p);
}
END_TEST

/* Every truncation and many damages of a small stream: an error or other
 * bytes, nothing worse. */
START_TEST(damage_is_found)
{
	struct dw_codec codec = { .kind = (enum dw_codec_kind)_i };
	struct dw_packer *p;
	uint8_t *in, *out = malloc(3000);
	size_t got, n, bit;

	ck_assert_int_eq(dw_packer_new(&codec, &p, &err), 0);
	fill(2);
	got = pack(p, 3000, 4000);
	for (n = 0; n < got; n++) {
		/* Exactly as long, for those who watch the heap. */
		in = malloc(n + 1);
		memcpy(in, packed, n);
		/* Without a checksum all bytes may be there already. */
		if (dw_unpack_exact(codec.kind, in, n, out, 3000, &err))
			ck_assert_int_eq(err.code, DW_CORRUPT);
		else
			ck_assert(n + 9 >= got && !memcmp(out, src, 3000));
		free(in);
	}
	in = malloc(got);
	for (bit = 0; bit < got * 8; bit++) {
		memcpy(in, packed, got);
		in[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (dw_unpack_exact(codec.kind, in, got, out, 3000, &err))
			ck_assert_int_eq(err.code, DW_CORRUPT);
	}
	free(in);
	free(out);
	dw_packer_free(p);
}
END_TEST

START_TEST(levels_have_bounds)
{
	struct dw_codec codec = { .kind = DW_CODEC_ZLIB, .level = 10 };

	ck_assert_int_eq(dw_codec_check(&codec, &err), DW_USAGE);
	ck_assert_str_eq(err.text, "zlib has the levels 1 to 9, not 10");
	codec.level = -1;
	ck_assert_int_eq(dw_codec_check(&codec, &err), DW_USAGE);
	codec.kind = DW_CODEC_ZSTD;
	codec.level = 22;
	ck_assert_int_eq(dw_codec_check(&codec, &err), 0);
	codec.level = 23;
	ck_assert_int_eq(dw_codec_check(&codec, &err), DW_USAGE);
	codec.kind = DW_CODEC_NONE;
	ck_assert_int_eq(dw_codec_check(&codec, &err), DW_USAGE);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("codec");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, deflate_is_what_zlib_reads, 0, 10);
	tcase_add_loop_test(tc, zstd_is_what_zstd_reads, 0, 5);
	tcase_add_loop_test(tc, equal_bytes_pack_alike, 0, 10);
	tcase_add_loop_test(tc, packers_do_not_differ, 0, 4);
	tcase_add_loop_test(tc, gzip_is_anonymous, 0, 10);
	tcase_add_loop_test(tc, damage_is_found, DW_CODEC_DEFLATE,
			    DW_CODEC_ZSTD + 1);
	tcase_add_test(tc, levels_have_bounds);
	return dw_test_run("codec", tc);
}
