/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of changed lines. */
#include <check.h>
#include <stdlib.h>

#include "base/changes.h"
#include "lib/run.h"

START_TEST(adds_and_moves)
{
	struct dw_changes a = { 0 }, b = { 0 };

	dw_changes_add(&a, 3, "old\0line tail", 8, "new", 3, "why %d", 7);
	dw_changes_set_path(&a, 0, "/etc/fstab");
	dw_changes_add(&a, 4, NULL, 0, "added", 5, NULL);
	dw_changes_set_path(&a, 1, "/etc/other");
	dw_changes_set_path(&a, 0, "/never");
	dw_changes_note(&b, 9, "left alone");
	ck_assert(!dw_changes_any(&b));
	ck_assert(dw_changes_any(&a));
	dw_changes_take(&b, &a);
	ck_assert_uint_eq(a.nr, 0);
	ck_assert_uint_eq(b.nr, 3);
	ck_assert_str_eq(b.items[1].before, "old?line");
	ck_assert_str_eq(b.items[1].after, "new");
	ck_assert_str_eq(b.items[1].note, "why 7");
	ck_assert_str_eq(b.items[1].path, "/etc/fstab");
	ck_assert_str_eq(b.items[2].path, "/etc/other");
	ck_assert_ptr_null(b.items[2].before);
	ck_assert_ptr_null(b.items[0].path);
	ck_assert_int_eq(dw_changes_check(&b, NULL), 0);
	dw_changes_free(&b);
	dw_changes_free(&a);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("changes");

	tcase_add_test(tc, adds_and_moves);
	return dw_test_run("changes", tc);
}
