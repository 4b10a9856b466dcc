/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each test of thin pools starts from: a context and the usual pool. */
#ifndef TESTS_UNIT_THINBED_H
#define TESTS_UNIT_THINBED_H

#include "thinimg.h"

struct thinbed {
	struct dw_ctx *ctx;
	struct dw_err err;
	struct thinimg pool;
};

extern struct thinbed bed;

/* Before and after each test. */
void thinbed_setup(void);
void thinbed_teardown(void);

/* Both fail the test where the volume does not open. */
struct dw_dev *bed_open_as(const struct dw_thin_params *params);
struct dw_dev *bed_open(uint64_t id);

/* That rc is code, and bed.err has the text. */
void bed_fails(int rc, enum dw_code code, const char *text);

#endif
