/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of boot configurations: text in, text out. */
#ifndef TESTS_UNIT_CONF_H
#define TESTS_UNIT_CONF_H

#include "boot/bootconf.h"

/* Fails the test where the text is not taken. */
struct dw_bootconf *conf_parse(enum dw_bootconf_kind kind, const char *text,
			       size_t len);
/* Fails the test where it is not written as 'want'. */
void conf_is(struct dw_bootconf *bc, const char *want);

#endif
