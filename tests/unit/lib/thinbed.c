/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each test of thin pools starts from: a context and the usual pool. */
#include <check.h>
#include <string.h>

#include "thinbed.h"

struct thinbed bed;

void thinbed_setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&bed.ctx, &bed.err), 0);
	thinimg_usual(&bed.pool);
}

void thinbed_teardown(void)
{
	thinimg_free(&bed.pool);
	dw_ctx_free(bed.ctx);
}

struct dw_dev *bed_open_as(const struct dw_thin_params *params)
{
	struct dw_dev *dev;
	int rc = dw_thin_open(bed.ctx, "vg/thin", params, &dev, &bed.err);

	ck_assert_msg(!rc, "%s", bed.err.text);
	return dev;
}

struct dw_dev *bed_open(uint64_t id)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, id,
						      THINIMG_SIZE);

	return bed_open_as(&params);
}

void bed_fails(int rc, enum dw_code code, const char *text)
{
	ck_assert_msg(rc == (int)code, "%d: %s", rc, bed.err.text);
	ck_assert_msg(strstr(bed.err.text, text), "%s", bed.err.text);
}
