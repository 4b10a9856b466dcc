/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of modules: sets of names, and how much work lists can ask for. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initrd/family.h"
#include "lib/run.h"

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)

static struct dw_err err;

START_TEST(set_of_names)
{
	struct dw_module_list list = { 0 };
	char name[DW_MODULE_NAME];

	/* The second time in another order, each is there. */
	for (unsigned i = 0; i < 40000; i++) {
		snprintf(name, sizeof(name), "m-%u",
			 i < 20000 ? i : 39999 - i);
		OK(dw_module_list_add(&list, name, &err));
	}
	ck_assert_uint_eq(list.nr, 20000);
	ck_assert_str_eq(list.names[12345], "m_12345");
	ck_assert(dw_module_list_has(&list, "m_0"));
	ck_assert(!dw_module_list_has(&list, "m_20000"));
	ck_assert_int_eq(dw_module_list_add(&list, "x", &err), DW_LIMIT);
	dw_module_list_clear(&list);
	ck_assert(!dw_module_list_has(&list, "m_0"));
	OK(dw_module_list_add(&list, "m_7", &err));
	OK(dw_module_list_add(&list, "m-7", &err));
	ck_assert_uint_eq(list.nr, 1);
	dw_module_list_free(&list);
}
END_TEST

/* The order in which "a" is loaded with what these files name. */
static int order(const char *softdep, const char *alias,
		 struct dw_module_list *load)
{
	static const char dep[] = "a.ko:\nb.ko:\nc.ko:\n";
	static char version[] = "6.1";
	struct dw_kernel kernel = { .version = version };
	struct dw_initrd_target t = { .kernel = &kernel };
	struct dw_module_list names = { 0 };
	struct dw_softdeps *soft;
	struct dw_modules *mods;
	int ret;

	OK(dw_ctx_new(&t.ctx, &err));
	OK(dw_modules_parse(dep, strlen(dep), NULL, 0, &mods, &err));
	OK(dw_softdeps_parse(softdep, strlen(softdep), alias, strlen(alias),
			     &soft, &err));
	OK(dw_module_list_add(&names, "a", &err));
	t.mods = mods;
	memset(&err, 0, sizeof(err));
	ret = dw_initrd_order(&t, NULL, soft, &names, load, &err);
	dw_module_list_free(&names);
	dw_softdeps_free(soft);
	dw_modules_free(mods);
	dw_ctx_free(t.ctx);
	return ret;
}

START_TEST(aliases)
{
	struct dw_module_list load = { 0 };

	OK(order("softdep a pre: x y/z x\n", "alias x c\nalias y/z b\n",
		 &load));
	ck_assert_uint_eq(load.nr, 3);
	ck_assert_str_eq(load.names[0], "c");
	ck_assert_str_eq(load.names[1], "b");
	ck_assert_str_eq(load.names[2], "a");
	dw_module_list_free(&load);
}
END_TEST

/* Each word asks for each module that its alias stands for. */
START_TEST(many_targets)
{
	struct dw_module_list load = { 0 };
	struct dw_buf alias = { 0 };

	for (unsigned i = 0; i < 1000; i++)
		dw_buf_adds(&alias, "alias x q\n");
	OK(order("softdep a pre: x x x\n", alias.data, &load));
	dw_buf_adds(&alias, "alias x q\n");
	ck_assert_int_eq(order("softdep a pre: x x x\n", alias.data, &load),
			 DW_LIMIT);
	ck_assert_str_eq(err.text, "modules.alias: x stands for more than "
			 "1000 modules");
	dw_module_list_free(&load);
	dw_buf_free(&alias);
}
END_TEST

START_TEST(many_words)
{
	struct dw_module_list load = { 0 };
	struct dw_buf softdep = { 0 };

	dw_buf_adds(&softdep, "softdep a pre:");
	for (unsigned i = 0; i < 20001; i++)
		dw_buf_adds(&softdep, " same");
	OK(order(softdep.data, "", &load));
	dw_module_list_free(&load);
	for (unsigned i = 0; i < 20000; i++)
		dw_buf_printf(&softdep, " w%u", i);
	ck_assert_int_eq(order(softdep.data, "", &load), DW_LIMIT);
	ck_assert_msg(strstr(err.text, "more than 20000"), "%s", err.text);
	dw_module_list_free(&load);
	dw_buf_free(&softdep);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("lists");

	tcase_set_timeout(tc, 0);
	tcase_add_test(tc, set_of_names);
	tcase_add_test(tc, aliases);
	tcase_add_test(tc, many_targets);
	tcase_add_test(tc, many_words);
	return dw_test_run("initrd_lists", tc);
}
