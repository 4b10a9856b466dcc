/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What expressions make of lines, and which lines are told to differ. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "job/linediff.h"
#include "job/subst.h"
#include "lib/run.h"

static struct dw_err err;
static struct dw_ctx *ctx;

/* Expected values are those of GNU sed -E. */
static const struct {
	const char *expression, *old, *new;
} substs[] = {
	{ "s/a/b/", "aa\na\n", "ba\nb\n" },
	{ "s/a/b/g", "aa\na", "bb\nb" },
	{ "s/^a/b/g", "aaa\n", "baa\n" },
	{ "s/a$/b/g", "aaa\r\n", "aab\r\n" },
	{ "s/x*/-/g", "abc\n", "-a-b-c-\n" },
	{ "s/a*/x/g", "baaac\n", "xbxcx\n" },
	{ "s/x*/-/", "abc\n", "-abc\n" },
	{ "s/$/!/", "a\n\n", "a!\n!\n" },
	{ "s/$/!/g", "a", "a!" },
	{ "s/b*$/!/g", "ab\n", "a!\n" },
	{ "s/(.)(.)/\\2\\1/g", "abcde\n", "badce\n" },
	{ "s/(a)|(b)/[\\1\\2]/g", "ab\n", "[a][b]\n" },
	{ "s/b/<&\\&\\\\>/", "abc\n", "a<b&\\>c\n" },
	{ "s,/dev/xvda,/dev/vda,", "/dev/xvda1 /\n", "/dev/vda1 /\n" },
	{ "s/\\/dev/\\/x/", "/dev\n", "/x\n" },
	{ "s|a|b\\|c|", "a\n", "b|c\n" },
	{ "s/\\bfoo\\b/bar/g", "foo afoo foo\n", "bar afoo bar\n" },
	{ "s/[0-9]+/N/g", "a12b345\n", "aNbN\n" },
	{ "s/a//g", "banana\n", "bnn\n" },
	{ "s/\xc3\xa9/e/", "caf\xc3\xa9\xff\n", "cafe\xff\n" },
	{ "s/a/b/", "", "" },
	{ "s/^$/x/", "\n\n", "x\nx\n" },
	{ "s/,/\\n/g", "a,b,c\n", "a\nb\nc\n" },
	{ "s/ /\\t\\\\t/", "a b\n", "a\t\\tb\n" },
	{ "s/\\t/\\\\n/", "a\tb\n", "a\\nb\n" },
	{ "s/[\\t,]/;/g", "a\tb,t\n", "a;b;t\n" },
	{ "s/b/[\\0]/", "abc\n", "a[b]c\n" },
};
#define SUBSTS_NR ((int)(sizeof(substs) / sizeof(substs[0])))

START_TEST(lines_are_changed_as_by_sed)
{
	struct dw_subst s;
	size_t len = 0;
	char *new;

	ck_assert_msg(!dw_subst_parse(substs[_i].expression, &s, &err), "%s",
		      err.text);
	ck_assert_int_eq(dw_subst_apply(ctx, &s, substs[_i].old,
					strlen(substs[_i].old), 100, &new,
					&len, &err), 0);
	ck_assert_str_eq(new, substs[_i].new);
	ck_assert_uint_eq(len, strlen(substs[_i].new));
	free(new);
	dw_subst_free(&s);
}
END_TEST

static const struct {
	const char *expression, *text;
} bad[] = {
	{ "", "is not s/" }, { "s", "is not s/" }, { "s/", "is not s/" },
	{ "s/a", "is not s/" }, { "s/a/b", "is not s/" },
	{ "s/a\\/b/", "is not s/" }, { "s/a/b\\", "is not s/" },
	{ "y/a/b/", "is not s/" }, { "sxaxbx", "is not s/" },
	{ "s\\a\\b\\", "is not s/" }, { "s/a/b/x", "only g" },
	{ "s/a/b/gg", "only g" }, { "s/(a/b/", "nmatched" },
	{ "s/[a/b/", "nmatched" }, { "s/(a)/\\2/", "has 1 groups" },
	{ "s/a/\\1/", "has 0 groups" },
	{ "s/a/\\x41/", "\\x is not" }, { "s/a/\\\\\\U/", "\\U is not" },
	{ "s/a/\\b/", "\\b is not" }, { "s/\\d/a/", "\\d is not" },
	{ "s/\\0/a/", "\\0 is not" },
};
#define BAD_NR ((int)(sizeof(bad) / sizeof(bad[0])))

START_TEST(expressions_that_make_no_sense)
{
	struct dw_subst s;

	ck_assert_int_eq(dw_subst_parse(bad[_i].expression, &s, &err),
			 DW_USAGE);
	ck_assert_msg(strstr(err.text, bad[_i].text) != NULL, "%s", err.text);
	dw_subst_free(&s);
}
END_TEST

static int apply(const char *expression, const char *old, size_t max_len)
{
	struct dw_subst s;
	size_t len = 0;
	char *new = NULL;
	int ret;

	ck_assert_int_eq(dw_subst_parse(expression, &s, &err), 0);
	ret = dw_subst_apply(ctx, &s, old, strlen(old), max_len, &new, &len,
			     &err);
	ck_assert_int_eq(!new, !!ret);
	free(new);
	dw_subst_free(&s);
	return ret;
}

START_TEST(a_result_has_a_limit)
{
	ck_assert_int_eq(apply("s/a/bbb/g", "aa\n", 7), 0);
	ck_assert_int_eq(apply("s/a/bbb/g", "aa\n", 6), DW_LIMIT);
	ck_assert_int_eq(apply("s/a/bbb/g", "aaaa", 6), DW_LIMIT);
	ck_assert_int_eq(apply("s/.*/&&&&/", "aaa", 11), DW_LIMIT);
	ck_assert_int_eq(apply("s/x/y/", "aaa", 2), DW_LIMIT);
}
END_TEST

/* The last to run. */
START_TEST(it_can_be_cancelled)
{
	dw_ctx_cancel(ctx);
	ck_assert_int_eq(apply("s/a/b/g", "aa\n", 7), DW_CANCELLED);
}
END_TEST

/* Changes as text: "2:b>x" a line that changes, "2-b" gone, "2+x" new. */
static char *told(const struct dw_changes *list)
{
	struct dw_buf b = { 0 };

	dw_buf_add(&b, "", 0);
	for (size_t i = 0; i < list->nr; i++) {
		const struct dw_change *c = &list->items[i];

		dw_buf_printf(&b, "%s%llu%s%s%s%s", i ? " " : "",
			      (unsigned long long)c->line_nr,
			      !c->before ? "+" : c->after ? ":" : "-",
			      c->before ? c->before : "",
			      c->before && c->after ? ">" : "",
			      c->after ? c->after : "");
	}
	return dw_buf_take(&b, NULL);
}

static const struct {
	const char *old, *new, *want;
} diffs[] = {
	{ "a\nb\nc\n", "a\nb\nc\n", "" },
	{ "a\nb\nc\n", "a\nx\nc\n", "2:b>x" },
	{ "a\nb\nc\n", "a\nc\n", "2-b" },
	{ "a\nc\n", "a\nb\nc\n", "2+b" },
	{ "", "a\nb\n", "1+a 1+b" },
	{ "a\nb\n", "", "1-a 2-b" },
	{ "a\nb\nc\nd\n", "x\nb\nd\n", "1:a>x 3-c" },
	{ "a\nb\n", "b\na\n", "1-a 3+a" },
	{ "a\n", "a", "1:a>a" },
	{ "a\r\nb\n", "a\nb\n", "1:a>a" },
	{ "a\na\na\n", "a\na\n", "3-a" },
	{ "a\nb\nc\n", "x\ny\nz\nw\n", "1:a>x 2:b>y 3:c>z 4+w" },
};
#define DIFFS_NR ((int)(sizeof(diffs) / sizeof(diffs[0])))

START_TEST(lines_that_differ)
{
	struct dw_changes list = { 0 };
	char *text;

	ck_assert_int_eq(dw_linediff(diffs[_i].old, strlen(diffs[_i].old),
				     diffs[_i].new, strlen(diffs[_i].new),
				     &list, &err), 0);
	text = told(&list);
	ck_assert_str_eq(text, diffs[_i].want);
	free(text);
	dw_changes_free(&list);
}
END_TEST

/* More than is compared with each other, and more than is told. */
START_TEST(many_lines)
{
	struct dw_changes list = { 0 };
	struct dw_buf a = { 0 }, b = { 0 };

	for (int i = 0; i < 20000; i++) {
		dw_buf_printf(&a, "line %d\n", i);
		dw_buf_printf(&b, "line %d\n", i % 2 ? i : -i - 1);
	}
	ck_assert_int_eq(dw_linediff(a.data, a.len, b.data, b.len, &list,
				     &err), 0);
	ck_assert_uint_eq(list.nr, 5001);
	ck_assert_str_eq(list.items[5000].note, "5000 more lines change");
	dw_changes_free(&list);
	dw_buf_free(&a);
	dw_buf_free(&b);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("text");
	int failed;

	dw_ctx_new(&ctx, NULL);
	tcase_add_loop_test(tc, lines_are_changed_as_by_sed, 0, SUBSTS_NR);
	tcase_add_loop_test(tc, expressions_that_make_no_sense, 0, BAD_NR);
	tcase_add_loop_test(tc, lines_that_differ, 0, DIFFS_NR);
	tcase_add_test(tc, many_lines);
	tcase_add_test(tc, a_result_has_a_limit);
	tcase_add_test(tc, it_can_be_cancelled);
	failed = dw_test_run("edit", tc);
	dw_ctx_free(ctx);
	return failed;
}
