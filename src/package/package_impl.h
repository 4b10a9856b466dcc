/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the readers of both kinds of package share; for this room alone. */
#ifndef DW_PACKAGE_PACKAGE_IMPL_H
#define DW_PACKAGE_PACKAGE_IMPL_H

#include "base/unpack.h"
#include "package/package.h"

/* Fill in name, version and the rest, and all entries. */
int dw_deb_read(struct dw_ctx *ctx, struct dw_package *pkg,
		struct dw_err *err);
int dw_rpm_read(struct dw_ctx *ctx, struct dw_package *pkg,
		struct dw_err *err);

/* A piece of the package's file. */
struct dw_piece {
	struct dw_dev *dev;
	uint64_t off, len;
};

/* ---- payload.c ----------------------------------------------------------- */

struct dw_payload;
struct archive_entry;

enum dw_payload_kind {
	DW_PAYLOAD_TAR,
	DW_PAYLOAD_CPIO,
};

/*
 * Walks over the members of an archive, compressed or not.  piece, ctx and
 * what they refer to must outlive it.
 */
int dw_payload_open(struct dw_ctx *ctx, enum dw_payload_kind kind,
		    const struct dw_piece *piece, struct dw_payload **out,
		    struct dw_err *err);
void dw_payload_close(struct dw_payload *p);
/* The next member; NULL at the end.  It is valid until the next call. */
int dw_payload_next(struct dw_payload *p, struct archive_entry **out,
		    struct dw_err *err);
/* The next run of the member's content, *len 0 at its end. */
int dw_payload_data(struct dw_payload *p, const void **buf, size_t *len,
		    uint64_t *off, struct dw_err *err);

/* ---- entries.c ------------------------------------------------------------ */

/* Takes in every member: entries and content of the package. */
int dw_package_take(struct dw_ctx *ctx, struct dw_package *pkg,
		    struct dw_payload *p, struct dw_err *err);
/* After the last one: hard links get their content, entries their order. */
int dw_package_settle(struct dw_ctx *ctx, struct dw_package *pkg,
		      struct dw_err *err);

#endif
