/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deflate by ISA-L's igzip: its levels 1 to 3 pack seven times as fast as
 * zlib's first level, and unpack three times as fast. */
#ifdef DW_HAVE_ISAL
#include <isa-l.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "base/codec_internal.h"
#include "base/sum.h"

/* Level 3 takes twice the time for 2 % less. */
#define LEVEL_DEFAULT 1

static const uint32_t level_buf_lens[] = {
	0, ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT, ISAL_DEF_LVL3_DEFAULT,
};

struct packer {
	struct dw_packer p;
	size_t map_len;
	struct isal_zstream z;
	uint8_t level_buf[];
};

/*
 * ISA-L's code for x86 (up to 2.32 at least, igzip_icf_body_h1_gr_bt.asm)
 * begins a stream by hashing not its third byte but a register that was never
 * set, and holds the stream's own address, shifted right by 16.  One slot of
 * the hash table then has a wrong entry, which now and then hides a match: the
 * data is right, but what is packed would depend on where malloc() puts the
 * stream.  So streams are mapped only where that hash is 0: at one in 8192 of
 * the multiples of 64 KiB.
 */
#define PLACES_OFF UINT64_C(0x200000000000)
#define PLACES_END (PLACES_OFF + (UINT64_C(256) << 30))
#define HASH_MASK (IGZIP_HASH8K_HASH_SIZE - 1)

static bool is_place(uint64_t addr)
{
	uint8_t word[4];

#ifndef __x86_64__
	return true;
#endif
	dw_put_le32(word, (uint32_t)(addr >> 16));
	return !(dw_crc32c(0, word, sizeof(word)) & HASH_MASK);
}

static void *map_packer(size_t len)
{
	uint64_t addr;
	void *want, *p;

	for (addr = PLACES_OFF; addr < PLACES_END; addr += 1 << 16) {
		if (!is_place(addr))
			continue;
		want = (void *)(uintptr_t)addr;
		p = mmap(want, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			 -1, 0);
		if (p == want)
			return p;
		/* To kernels before 4.17 it is only a hint. */
		if (p != MAP_FAILED)
			munmap(p, len);
	}
	return NULL;
}

static uint16_t wrapping(enum dw_codec_kind kind)
{
	switch (kind) {
	case DW_CODEC_ZLIB:	return IGZIP_ZLIB;
	case DW_CODEC_GZIP:	return IGZIP_GZIP;
	default:		return IGZIP_DEFLATE;
	}
}

static int packer_new(const struct dw_codec *codec, struct dw_packer **out,
		      struct dw_err *err)
{
	int level = codec->level ? codec->level : LEVEL_DEFAULT;
	size_t len = sizeof(struct packer) + level_buf_lens[level];
	struct packer *p = map_packer(len);

	if (!p)
		return dw_fail_nomem(err);
	p->map_len = len;
	isal_deflate_init(&p->z);
	p->z.level = (uint32_t)level;
	p->z.level_buf = p->level_buf;
	p->z.level_buf_size = level_buf_lens[level];
	p->z.hist_bits = codec->window_bits;
	*out = &p->p;
	return 0;
}

static void packer_free(struct dw_packer *packer)
{
	munmap(packer, ((struct packer *)packer)->map_len);
}

/* What does not get smaller goes into stored blocks of at most 65535 bytes,
 * one for each filling of the level's buffer. */
static size_t bound(const struct dw_codec *codec, size_t len)
{
	return len + (len / 32768 + 2) * 8 + 32;
}

/* A reset keeps level and buffer, but not that a header is wanted. */
static int pack(struct dw_packer *packer, const void *src, size_t len,
		void *dst, size_t cap, size_t *packed_len, struct dw_err *err)
{
	struct isal_zstream *z = &((struct packer *)packer)->z;

	isal_deflate_reset(z);
	z->gzip_flag = wrapping(packer->codec.kind);
	z->next_in = (uint8_t *)src;
	z->avail_in = (uint32_t)len;
	z->end_of_stream = 1;
	z->next_out = dst;
	z->avail_out = (uint32_t)cap;
	if (isal_deflate(z) == COMP_OK &&
	    z->internal_state.state == ZSTATE_END)
		*packed_len = z->total_out;
	return 0;
}

/* The state takes 90 KiB of the stack, of which 20 are touched. */
int dw_isal_unpack(enum dw_codec_kind kind, const void *src, size_t src_len,
		   void *dst, size_t dst_len, struct dw_err *err)
{
	struct inflate_state z;
	int ret;

	isal_inflate_init(&z);
	z.crc_flag = kind == DW_CODEC_ZLIB ? ISAL_ZLIB :
		     kind == DW_CODEC_GZIP ? ISAL_GZIP : ISAL_DEFLATE;
	z.next_in = (uint8_t *)src;
	z.avail_in = (uint32_t)src_len;
	z.next_out = dst;
	z.avail_out = (uint32_t)dst_len;
	ret = isal_inflate_stateless(&z);
	/* A full output is enough, whether or not the stream says its end. */
	if (!z.avail_out &&
	    (ret == ISAL_DECOMP_OK || ret == ISAL_OUT_OVERFLOW ||
	     ret == ISAL_END_INPUT))
		return 0;
	return dw_fail(err, DW_CORRUPT,
		       "deflate gives %u of %zu bytes (ISA-L says %d)",
		       z.total_out, dst_len, ret);
}

const struct dw_codec_driver dw_codec_isal = {
	.name = "deflate",
	.packer_new = packer_new,
	.packer_free = packer_free,
	.bound = bound,
	.pack = pack,
};
#endif
