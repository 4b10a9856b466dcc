/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packs archives as every kernel unpacks them. */
#include <string.h>

#include "base/checked.h"
#include "initrd/pack.h"

/* zlib's own: its output depends on nothing but its version. */
#define LEVEL		6
#define GZIP_BITS	(15 + 16)
#define MEMORY_LEVEL	8
#define PIECE_LEN	(64u << 10)

void dw_initrd_pack_open(struct dw_initrd_pack *p, bool plain)
{
	memset(p, 0, sizeof(*p));
	p->plain = plain;
	if (plain)
		return;
	if (deflateInit2(&p->z, LEVEL, Z_DEFLATED, GZIP_BITS, MEMORY_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		p->ret = dw_fail_nomem(&p->err);
	else
		p->open = true;
}

static void put(struct dw_initrd_pack *p, const void *data, size_t len)
{
	if (p->out.len + len > DW_INITRD_LEN_MAX)
		p->ret = dw_fail(&p->err, DW_LIMIT,
				 "initrd: more than %u bytes",
				 DW_INITRD_LEN_MAX);
	else
		dw_buf_add(&p->out, data, len);
}

/* Ends: each round takes input or gives output. */
static void run(struct dw_initrd_pack *p, int flush)
{
	uint8_t piece[PIECE_LEN];

	do {
		p->z.next_out = piece;
		p->z.avail_out = sizeof(piece);
		deflate(&p->z, flush);
		put(p, piece, sizeof(piece) - p->z.avail_out);
	} while (!p->ret && !p->z.avail_out);
}

void dw_initrd_pack_add(struct dw_initrd_pack *p, const void *data, size_t len)
{
	const uint8_t *at = data;

	if (p->plain && !p->ret)
		put(p, data, len);
	while (p->open && !p->ret && len) {
		size_t n = dw_min(len, 1u << 30);

		p->z.next_in = (uint8_t *)at;
		p->z.avail_in = (unsigned)n;
		run(p, Z_NO_FLUSH);
		at += n;
		len -= n;
	}
}

int dw_initrd_pack_end(struct dw_initrd_pack *p, char **data, size_t *len,
		       struct dw_err *err)
{
	int ret;

	*data = NULL;
	*len = 0;
	if (p->open && !p->ret)
		run(p, Z_FINISH);
	ret = p->ret ? p->ret : dw_buf_check(&p->out, err);
	if (p->ret && err)
		*err = p->err;
	if (!ret)
		*data = dw_buf_take(&p->out, len);
	dw_initrd_pack_abort(p);
	return ret;
}

void dw_initrd_pack_abort(struct dw_initrd_pack *p)
{
	if (p->open)
		deflateEnd(&p->z);
	dw_buf_free(&p->out);
	memset(p, 0, sizeof(*p));
}
