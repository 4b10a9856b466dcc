/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of boot configurations: text in, text out. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

struct dw_bootconf *conf_parse(enum dw_bootconf_kind kind, const char *text,
			       size_t len)
{
	struct dw_bootconf *bc;
	struct dw_err err;

	ck_assert_msg(!dw_bootconf_parse(kind, text, len, &bc, &err), "%s",
		      err.text);
	return bc;
}

void conf_is(struct dw_bootconf *bc, const char *want)
{
	char *data;
	size_t len;

	ck_assert_int_eq(dw_text_render(bc->text, &data, &len, NULL), 0);
	ck_assert_str_eq(data, want);
	ck_assert_uint_eq(len, strlen(want));
	free(data);
}
