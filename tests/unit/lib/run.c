/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the main() of every unit test ends with. */
#include "run.h"

int dw_test_run(const char *name, TCase *tc)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed_nr;

	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed_nr = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed_nr ? 1 : 0;
}
