/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The image that a job makes: its format, and how it gets written. */
#ifndef DW_JOB_TARGET_H
#define DW_JOB_TARGET_H

#include "dev/output.h"
#include "formats/format.h"
#include "job/copy.h"

/* As the caller names it; borrowed. */
struct dw_target_names {
	const char *format;	/* NULL: raw */
	const char *subformat;
	const char *compress;	/* "zstd:19"; NULL: plain */
	uint32_t cluster_len;
};

struct dw_target {
	const struct dw_format_driver *format;
	struct dw_format_options options;
	char *subformat;		/* options' own copy */
};

/* DW_USAGE where a name is none, DW_UNSUPPORTED for a format that cannot be
 * written.  dw_target_free() after an error too. */
int dw_target_choose(const struct dw_target_names *names,
		     struct dw_target *out, struct dw_err *err);

/* Whether the format can do what was chosen, for a disk of size bytes:
 * without making anything. */
int dw_target_try(struct dw_ctx *ctx, const struct dw_target *target,
		  uint64_t size, struct dw_err *err);

/* Makes an image of a disk of size bytes and copies into it; copy's writer
 * belongs to the call. */
int dw_target_write(struct dw_ctx *ctx, const struct dw_target *target,
		    const struct dw_output *output, uint64_t size,
		    struct dw_copy *copy, struct dw_err *err);

void dw_target_free(struct dw_target *target);

#endif
