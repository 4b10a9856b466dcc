/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The archive in a package.
 *
 * libarchive takes tar and cpio apart.  What is compressed is unpacked by our
 * own readers, since they bound what a window may take, and never by a program
 * of the host, which libarchive would start for a compression that it was built
 * without.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "package/package_impl.h"

#define BUF_LEN (128u << 10)
#define MAGIC_LEN 6
/* What may lie before a member's content.  libarchive holds all of a name that
 * cpio says to have up to 4 GiB; kernel packages have some kilobytes. */
#define HEADER_MAX (4u << 20)

struct dw_payload {
	struct dw_ctx *ctx;
	struct dw_piece piece;
	struct dw_source src;
	struct archive *archive;
	enum dw_packing packing;
	struct dw_unpack *unpack;	/* NULL: bytes go as they are */
	uint64_t off;			/* of what is read next */
	uint64_t total_len;		/* given to libarchive so far */
	uint64_t header_len;		/* of that, to the header at hand */
	bool in_header, in_member;
	uint8_t *buf;
	struct dw_err err;		/* of a callback; code 0: none */
};

static int read_source(void *arg, uint64_t off, void *buf, size_t len,
		       size_t *got, struct dw_err *err)
{
	const struct dw_piece *piece = arg;

	*got = off < piece->len ? (size_t)dw_min(len, piece->len - off) : 0;
	if (!*got)
		return 0;
	return dw_dev_pread(piece->dev, piece->off + off, buf, *got, err);
}

static int read_plain(struct dw_payload *p, const uint8_t **out, size_t *len,
		      struct dw_err *err)
{
	int ret = read_source(&p->piece, p->off, p->buf, BUF_LEN, len, err);

	*out = p->buf;
	p->off += ret ? 0 : *len;
	return ret;
}

/* Streams may follow each other, as pigz and zstd write them. */
static int next_stream(struct dw_payload *p, bool *more, struct dw_err *err)
{
	uint8_t magic[MAGIC_LEN];
	size_t got;
	int ret;

	p->off = dw_unpack_end_off(p->unpack);
	dw_unpack_close(p->unpack);
	p->unpack = NULL;
	*more = false;
	ret = read_source(&p->piece, p->off, magic, sizeof(magic), &got, err);
	if (ret || dw_packing_of(magic, got) != p->packing)
		return ret;
	*more = true;
	return dw_unpack_open(p->packing, &p->src, p->off,
			      p->ctx->memory_cap_len, &p->unpack, err);
}

static int read_packed(struct dw_payload *p, const uint8_t **out, size_t *len,
		       struct dw_err *err)
{
	bool more = true;
	int ret = 0;

	*len = 0;
	while (p->unpack && more && !ret) {
		ret = dw_unpack_next(p->unpack, out, len, err);
		if (ret || *len)
			break;
		ret = next_stream(p, &more, err);
	}
	return ret;
}

static la_ssize_t feed(struct archive *a, void *arg, const void **out)
{
	struct dw_payload *p = arg;
	const uint8_t *bytes = NULL;
	size_t len = 0;
	int ret = dw_ctx_check(p->ctx, &p->err);

	if (!ret && p->packing == DW_PACK_NONE)
		ret = read_plain(p, &bytes, &len, &p->err);
	else if (!ret)
		ret = read_packed(p, &bytes, &len, &p->err);
	p->total_len += len;
	if (!ret && p->total_len > 2 * DW_PACKAGE_MAX_LEN)
		ret = dw_fail(&p->err, DW_LIMIT, "unpacks to more than %llu "
			      "bytes", 2 * DW_PACKAGE_MAX_LEN);
	p->header_len += p->in_header ? len : 0;
	if (!ret && p->header_len > HEADER_MAX)
		ret = dw_fail(&p->err, DW_LIMIT, "a member's header has more "
			      "than %u bytes", HEADER_MAX);
	*out = bytes;
	if (!ret)
		return (la_ssize_t)len;
	archive_set_error(a, EIO, "%s", p->err.text);
	return -1;
}

/* What went wrong: in a callback of ours, else as libarchive tells it. */
static int fail(struct dw_payload *p, struct dw_err *err)
{
	const char *text = archive_error_string(p->archive);

	if (p->err.code) {
		if (err)
			*err = p->err;
		return p->err.code;
	}
	return dw_fail(err, DW_CORRUPT, "the archive in it is damaged: %.150s",
		       text ? text : "no reason is given");
}

static int open_archive(struct dw_payload *p, enum dw_payload_kind kind,
			struct dw_err *err)
{
	struct archive *a = archive_read_new();
	int ret;

	p->archive = a;
	if (!a)
		return dw_fail_nomem(err);
	ret = kind == DW_PAYLOAD_TAR ? archive_read_support_format_tar(a)
				     : archive_read_support_format_cpio(a);
	if (ret == ARCHIVE_OK)
		ret = archive_read_open(a, p, NULL, feed, NULL);
	return ret == ARCHIVE_OK ? 0 : fail(p, err);
}

static int start(struct dw_payload *p, enum dw_payload_kind kind,
		 struct dw_err *err)
{
	uint8_t magic[MAGIC_LEN];
	size_t got;
	int ret = read_source(&p->piece, 0, magic, sizeof(magic), &got, err);

	if (ret)
		return ret;
	p->packing = dw_packing_of(magic, got);
	if (p->packing != DW_PACK_NONE)
		ret = dw_unpack_open(p->packing, &p->src, 0,
				     p->ctx->memory_cap_len, &p->unpack, err);
	return ret ? ret : open_archive(p, kind, err);
}

int dw_payload_open(struct dw_ctx *ctx, enum dw_payload_kind kind,
		    const struct dw_piece *piece, struct dw_payload **out,
		    struct dw_err *err)
{
	struct dw_payload *p = calloc(1, sizeof(*p));
	int ret;

	*out = NULL;
	if (!p)
		return dw_fail_nomem(err);
	p->ctx = ctx;
	p->piece = *piece;
	p->src = (struct dw_source) {
		.read = read_source, .arg = &p->piece, .size = piece->len,
	};
	p->buf = malloc(BUF_LEN);
	ret = p->buf ? start(p, kind, err) : dw_fail_nomem(err);
	if (ret)
		dw_payload_close(p);
	else
		*out = p;
	return ret;
}

void dw_payload_close(struct dw_payload *p)
{
	if (!p)
		return;
	archive_read_free(p->archive);
	dw_unpack_close(p->unpack);
	free(p->buf);
	free(p);
}

/* What is left of a member's content is passed over first: it is no part of
 * the next one's header, and not held in memory. */
int dw_payload_next(struct dw_payload *p, struct archive_entry **out,
		    struct dw_err *err)
{
	int ret = p->in_member ? archive_read_data_skip(p->archive)
			       : ARCHIVE_OK;

	*out = NULL;
	if (ret != ARCHIVE_OK && ret != ARCHIVE_WARN)
		return fail(p, err);
	p->header_len = 0;
	p->in_header = true;
	ret = archive_read_next_header(p->archive, out);
	p->in_header = false;
	p->in_member = ret == ARCHIVE_OK || ret == ARCHIVE_WARN;
	if (ret == ARCHIVE_OK || ret == ARCHIVE_WARN)
		return 0;
	*out = NULL;
	return ret == ARCHIVE_EOF ? 0 : fail(p, err);
}

int dw_payload_data(struct dw_payload *p, const void **buf, size_t *len,
		    uint64_t *off, struct dw_err *err)
{
	la_int64_t at = 0;
	int ret = archive_read_data_block(p->archive, buf, len, &at);

	if (ret == ARCHIVE_EOF)
		*len = 0;
	*off = (uint64_t)at;
	return ret == ARCHIVE_OK || ret == ARCHIVE_EOF ? 0 : fail(p, err);
}
