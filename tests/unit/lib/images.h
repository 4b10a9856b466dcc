/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of image formats: fixtures, images in memory, what they hold. */
#ifndef TESTS_UNIT_IMAGES_H
#define TESTS_UNIT_IMAGES_H

#include <check.h>

#include "dev/kinds.h"
#include "formats/format.h"

/* Each call fails the test where it does not succeed. */

/* The disk that all good-* fixtures hold, what lib.sh there calls pattern();
 * the caller frees it. */
#define PATTERN_LEN 98816u
uint8_t *pattern(void);

struct dw_dev *open_fixture(struct dw_ctx *ctx, const char *name);
/* Probes and opens: its result, the error in *err. */
int open_disk(struct dw_ctx *ctx, const char *name, struct dw_dev **out,
	      struct dw_err *err);

/* The fixture is refused with this code, in one line with its name and these
 * words; damage of what holds data may show when it is read. */
void is_refused(struct dw_ctx *ctx, const char *name, int code,
		const char *text);

struct dw_dev *mem_dev(uint64_t size);
struct dw_writer *new_image(struct dw_ctx *ctx, struct dw_dev *file,
			    const struct dw_format_driver *format,
			    uint64_t size,
			    const struct dw_format_options *options);
/* Places and puts one payload. */
void add_payload(struct dw_writer *w, uint64_t off, const void *buf,
		 size_t len);
/* Finishes and frees the writer. */
void end_image(struct dw_writer *w);
struct dw_dev *reopen(struct dw_ctx *ctx, struct dw_dev *file);

/* The whole disk is 'want', in one read and in odd pieces. */
void disk_is(struct dw_dev *disk, const uint8_t *want, uint64_t len);
/* Extents cover the disk, and what they call zero or unmapped reads so;
 * returns the bytes of those. */
uint64_t check_extents(struct dw_dev *disk);

#endif
