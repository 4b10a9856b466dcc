/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One gzip stream, unpacked by ISA-L where the build has it, else by zlib. */
#include <stdlib.h>
#ifdef DW_HAVE_ISAL
#include <isa-l.h>
#else
#include <zlib.h>
#endif

#include "base/inflate.h"

#ifdef DW_HAVE_ISAL

struct dw_inflate {
	struct inflate_state s;
};

int dw_inflate_new(struct dw_inflate **out, struct dw_err *err)
{
	*out = malloc(sizeof(**out));
	if (!*out)
		return dw_fail_nomem(err);
	isal_inflate_init(&(*out)->s);
	dw_inflate_reset(*out);
	return 0;
}

void dw_inflate_reset(struct dw_inflate *z)
{
	isal_inflate_reset(&z->s);
	z->s.crc_flag = ISAL_GZIP;
}

void dw_inflate_free(struct dw_inflate *z)
{
	free(z);
}

bool dw_inflate_step(struct dw_inflate *z, const uint8_t *in, size_t *in_len,
		     uint8_t *out, size_t *out_len, bool *ended)
{
	struct inflate_state *s = &z->s;
	int ret;

	s->next_in = (uint8_t *)in;
	s->avail_in = (uint32_t)*in_len;
	s->next_out = out;
	s->avail_out = (uint32_t)*out_len;
	ret = isal_inflate(s);
	*in_len -= s->avail_in;
	*out_len -= s->avail_out;
	*ended = !ret && s->block_state == ISAL_BLOCK_FINISH;
	return ret >= 0 && ret != ISAL_NEED_DICT;
}

#else

struct dw_inflate {
	z_stream s;
};

int dw_inflate_new(struct dw_inflate **out, struct dw_err *err)
{
	*out = calloc(1, sizeof(**out));
	if (*out && inflateInit2(&(*out)->s, 16 + MAX_WBITS) == Z_OK)
		return 0;
	free(*out);
	*out = NULL;
	return dw_fail_nomem(err);
}

void dw_inflate_reset(struct dw_inflate *z)
{
	inflateReset(&z->s);
}

void dw_inflate_free(struct dw_inflate *z)
{
	if (z)
		inflateEnd(&z->s);
	free(z);
}

bool dw_inflate_step(struct dw_inflate *z, const uint8_t *in, size_t *in_len,
		     uint8_t *out, size_t *out_len, bool *ended)
{
	int ret;

	z->s.next_in = (uint8_t *)in;
	z->s.avail_in = (uInt)*in_len;
	z->s.next_out = out;
	z->s.avail_out = (uInt)*out_len;
	ret = inflate(&z->s, Z_NO_FLUSH);
	*in_len -= z->s.avail_in;
	*out_len -= z->s.avail_out;
	*ended = ret == Z_STREAM_END;
	return ret == Z_OK || ret == Z_BUF_ERROR || *ended;
}

#endif
