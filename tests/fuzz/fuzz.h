/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What fuzz targets share.
 *
 * An input is not the image itself: images are mostly zeros, which are not
 * worth mutating, and a run is more than an image.  An input is
 *
 *   offset  bytes
 *   0       8      control: mode, fault, flags, then for the target
 *   8       1      n: operations, of 4 bytes each, for targets that write
 *   9       4 n    the operations
 *   .       4      length of the image, cut off at FUZZ_IMAGE_MAX
 *   .       6 + m  pieces: offset (4), m (2), m bytes; the rest is zeros
 *
 * with numbers in little endian.  What is cut off is zero, so that every
 * string of bytes is an input.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/ctx.h"
#include "dev/kinds.h"

#define FUZZ_CTL_LEN	8u
#define FUZZ_OP_LEN	4u
/* Longer images take time, and hold nothing more. */
#define FUZZ_IMAGE_MAX	(16u << 20)

/* What a context of ours allows, and what a run may take in all. */
#define FUZZ_CAP_LEN	(16u << 20)
#define FUZZ_RSS_MAX	(48u << 20)

enum fuzz_ctl {
	FUZZ_MODE = 0,		/* modulo the number of modes */
	FUZZ_FAULT = 1,		/* the n-th read or write of the file fails */
	FUZZ_FLAGS = 2,
	FUZZ_OWN = 3,		/* from here on the target's own */
};

enum fuzz_flags {
	FUZZ_FIX = 1 << 0,	/* make checksums right first */
	FUZZ_4K = 1 << 1,	/* a disk of 4096-byte sectors */
};

struct fuzz {
	struct dw_ctx *ctx;
	const uint8_t *ctl;	/* FUZZ_CTL_LEN bytes */
	unsigned mode;
	const uint8_t *ops;
	unsigned ops_nr;
	struct dw_dev *dev;	/* the image, writable; NULL for plain ones */
	const uint8_t *data;	/* plain targets: what follows the control */
	size_t len;
	struct dw_err err;
};

struct fuzz_target {
	const char *name;
	unsigned modes_nr;
	bool plain;		/* the input is no image but a text */
	/* May be NULL: sets the checksums in an image to what it holds. */
	void (*fix)(struct dw_dev *dev);
	void (*run)(struct fuzz *z);
};

/* Each target's file defines it. */
extern const struct fuzz_target fuzz_target;

/* One input through the target. */
void fuzz_one(const uint8_t *data, size_t len);

/* Stops the program unless a result and its error fit each other: an error
 * has its code and a text.  Returns ret. */
int fuzz_result(struct fuzz *z, int ret);
/* Stops the program with a message, as a crash does. */
void fuzz_fail(const char *fmt, ...) DW_PRINTF(1, 2);

/* Walks the extents of a device and reads from it, within a budget. */
void fuzz_read_dev(struct fuzz *z, struct dw_dev *dev);

/* ---- inputs as bytes ---------------------------------------------------- */

struct fuzz_piece {
	uint32_t off;
	size_t at, len;		/* its bytes in the input */
};

struct fuzz_layout {
	size_t ops_at, ops_nr, image_at;
	uint32_t image_len;
};

/* Finds the parts of an input; *at of fuzz_next_piece() starts at 0. */
void fuzz_layout(const uint8_t *data, size_t len, struct fuzz_layout *out);
bool fuzz_next_piece(const uint8_t *data, size_t len,
		     const struct fuzz_layout *l, size_t *at,
		     struct fuzz_piece *out);
/* An input that holds this image; *out is malloced. */
size_t fuzz_pack(unsigned mode, const uint8_t *image, size_t len,
		 uint8_t **out);

#endif
