/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the main() of every unit test ends with. */
#ifndef DW_TESTS_RUN_H
#define DW_TESTS_RUN_H

#include <check.h>

/* Runs the case, which is given up, as a suite of its own.  CK_VERBOSITY and
 * the like are obeyed.  What main() returns: 0 where nothing failed. */
int dw_test_run(const char *name, TCase *tc);

#endif
