/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The grammar of LVM's text: what is read, and what is refused where. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "lib/run.h"
#include "lvm/config.h"

#define NR(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct dw_arena arena;
static struct dw_config cfg;
static struct dw_err err;

static void setup(void)
{
	arena = (struct dw_arena){ .cap_len = 64 << 20 };
	cfg = (struct dw_config){ .arena = &arena };
}

static void teardown(void)
{
	dw_arena_free(&arena);
}

static int parse(const char *text)
{
	return dw_config_parse(&cfg, text, strlen(text), NULL, &err);
}

/* ---- what is read --------------------------------------------------------- */

START_TEST(all_of_it)
{
	const struct dw_config_node *vg, *s;
	const struct dw_config_value *v;
	const char *str;
	uint64_t num;

	ck_assert_int_eq(parse("# first\n"
			       "vg {a=1 # \"no string\n"
			       "b = [ \"x\",\n\t\"\\\"y\\\\z\\n\", 3 ]\n"
			       "none = []\r\n"
			       "sub { }\n"
			       "s { k = 1.5 m = -7 p=+8\n"
			       "t = 18446744073709551616\n"
			       "u = 18446744073709551615 }\n}\n"
			       "last = \"\"\n\n"), 0);
	vg = dw_config_group(&cfg);
	ck_assert_str_eq(vg->key, "vg");
	ck_assert_uint_eq(vg->line, 2);
	ck_assert_uint_eq(vg->children_nr, 5);
	ck_assert_int_eq(dw_config_num(&cfg, vg, "a", 9, &num, &err), 0);
	ck_assert_uint_eq(num, 1);
	v = dw_config_find(vg, "b")->values;
	ck_assert_str_eq(v->str, "x");
	ck_assert_str_eq(v->next->str, "\"y\\z\\n");
	ck_assert_uint_eq(v->next->next->num, 3);
	ck_assert_ptr_null(v->next->next->next);
	ck_assert_ptr_null(dw_config_find(vg, "none")->values);
	ck_assert(dw_config_find(vg, "sub")->is_section);
	ck_assert(dw_config_has(vg, "b", "x"));
	ck_assert(!dw_config_has(vg, "b", "y"));
	ck_assert(!dw_config_has(vg, "none", "x"));
	ck_assert_int_eq(dw_config_section(&cfg, vg, "s", &s, &err), 0);
	ck_assert_uint_eq(s->line, 7);
	ck_assert_int_eq(dw_config_num(&cfg, s, "p", 9, &num, &err), 0);
	ck_assert_uint_eq(num, 8);
	ck_assert_int_eq(dw_config_num(&cfg, s, "u", UINT64_MAX, &num, &err),
			 0);
	ck_assert_uint_eq(num, UINT64_MAX);
	ck_assert_int_eq(dw_config_str(&cfg, &cfg.root, "last", &str, &err),
			 0);
	ck_assert_str_eq(str, "");
}
END_TEST

/* Strings and comments may be in any language, and over several lines. */
START_TEST(bytes_of_others)
{
	const char *str;

	ck_assert_int_eq(parse("vg { # \303\251\n a = \"\303\251\n\"\nb=1}"),
			 0);
	ck_assert_int_eq(dw_config_str(&cfg, dw_config_group(&cfg), "a", &str,
				       &err), 0);
	ck_assert_str_eq(str, "\303\251\n");
	ck_assert_uint_eq(dw_config_find(dw_config_group(&cfg), "b")->line, 4);
}
END_TEST

START_TEST(what_follows_a_zero_is_not_read)
{
	static const char text[] = "vg { a = 1 }\n\0}}}";

	ck_assert_int_eq(dw_config_parse(&cfg, text, sizeof(text), NULL,
					 &err), 0);
}
END_TEST

START_TEST(reading_stops_where_it_should)
{
	static const char text[] = "x { seqno = 3 id = \"";
	uint64_t num;

	ck_assert_int_eq(dw_config_parse(&cfg, text, strlen(text), "seqno",
					 &err), 0);
	ck_assert_int_eq(dw_config_num(&cfg, dw_config_group(&cfg), "seqno",
				       9, &num, &err), 0);
	ck_assert_uint_eq(num, 3);
}
END_TEST

/* ---- what is not ----------------------------------------------------------- */

static const struct {
	const char *text, *error;
} refused[] = {
	{ "vg {\n\n\"", "vg metadata line 3: a string out of" },
	{ "vg {\n a = \"x\n\n", "vg metadata line 2: string without its end" },
	{ "vg {\n a = \"x\n b = \"y\"\n}\n",
	  "vg metadata line 2: string without its end" },
	{ "vg {\n a = \"x\n y\"\n b = 1\n c = {", "line 5: a value is" },
	{ "vg {\n a = \"x\\", "line 2: string without its end" },
	{ "vg {\n a = \"x\\\"", "line 2: string without its end" },
	{ "vg {\n a = \"x\001\"", "line 2: a control character in a string" },
	{ "vg {\n a = \"x\\\001\"", "line 2: a control character" },
	{ "vg {\n \001", "line 2: a control character" },
	{ "vg {\n # \177\n}", "line 2: a control character" },
	{ "vg {\n\303\251 = 1 }", "line 2: a byte that belongs to no" },
	{ "\211PNG", "lvm: metadata line 1: a byte that belongs to no" },
	{ "vg {\n", "vg metadata line 2: a section without its end" },
	{ "vg {\n a\n}", "line 3: neither '=' nor '{'" },
	{ "vg {\n a = \n}", "line 3: a value is expected" },
	{ "vg { a = b }", "neither a number nor a string" },
	{ "vg { a = 1x }", "neither a number nor a string" },
	{ "vg { a = 1.2.3 }", "neither a number nor a string" },
	{ "vg { a = - }", "neither a number nor a string" },
	{ "vg { a = . }", "neither a number nor a string" },
	{ "vg { a = [ 1", "an array without its end" },
	{ "vg { a = [ 1 2 ] }", "an array without its end" },
	{ "vg { a = [ 1, ] }", "a value is expected" },
	{ "vg { a = [ , ] }", "a value is expected" },
	{ "vg { a = [ [ 1 ] ] }", "a value is expected" },
	{ "vg { a = { } }", "a value is expected" },
	{ "vg { = 1 }", "a key or a section is expected" },
	{ "vg { } }", "a key or a section is expected" },
	{ "vg { a = 1 a = 2 }", "\"a\" is there twice" },
	{ "vg {\n s { }\n b = 1\n s { }\n}", "\"s\" is there twice" },
	{ "vg { \"a\" = 1 }", "a string out of place" },
};

START_TEST(errors_have_lines)
{
	ck_assert_int_eq(parse(refused[_i].text), DW_CORRUPT);
	ck_assert_msg(strstr(err.text, refused[_i].error), "%s", err.text);
	ck_assert_msg(!strncmp(err.text, "lvm: ", 5), "%s", err.text);
}
END_TEST

/* Nothing recurses, allocates or searches more than the text's length. */
static void repeat(struct dw_buf *b, const char *piece, size_t nr)
{
	while (nr--)
		dw_buf_adds(b, piece);
}

START_TEST(nesting_is_bounded)
{
	struct dw_buf b = { 0 };

	repeat(&b, "a {", DW_CONFIG_DEPTH_MAX);
	repeat(&b, "}", DW_CONFIG_DEPTH_MAX);
	ck_assert_int_eq(parse(b.data), 0);
	dw_buf_free(&b);
	repeat(&b, "a {", 1000000);
	ck_assert_int_eq(parse(b.data), DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "nested too deeply"), "%s", err.text);
	dw_buf_free(&b);
}
END_TEST

START_TEST(words_are_bounded)
{
	struct dw_buf b = { 0 };

	repeat(&b, "k", DW_CONFIG_KEY_MAX);
	dw_buf_adds(&b, "=1");
	ck_assert_int_eq(parse(b.data), 0);
	dw_buf_free(&b);
	repeat(&b, "k", DW_CONFIG_KEY_MAX + 1);
	dw_buf_adds(&b, "=1");
	ck_assert_int_eq(parse(b.data), DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "a word that is too long"), "%s",
		      err.text);
	dw_buf_free(&b);
	dw_buf_adds(&b, "vg { a = \"");
	repeat(&b, "s", DW_CONFIG_STRING_MAX + 1);
	dw_buf_adds(&b, "\" }");
	ck_assert_int_eq(parse(b.data), DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "a string that is too long"), "%s",
		      err.text);
	dw_buf_free(&b);
}
END_TEST

START_TEST(memory_is_bounded)
{
	struct dw_buf b = { 0 };
	unsigned i;

	arena.cap_len = 1 << 20;
	for (i = 0; i < 100000; i++)
		dw_buf_printf(&b, "a%u=1 ", i);
	ck_assert_int_eq(parse(b.data), DW_LIMIT);
	ck_assert_msg(strstr(err.text, "1048576 bytes"), "%s", err.text);
	dw_buf_free(&b);
}
END_TEST

START_TEST(values_of_other_kinds)
{
	const struct dw_config_node *s = NULL;
	const char *str;
	uint64_t num;

	ck_assert_int_eq(parse("vg {\na = -1\nb = \"1\"\nc = 11\nd = [1, 2]\n"
			       "e = 1.0\nf = 99999999999999999999\ng = []\n"
			       "h { }\nj = 010 }"), 0);
	s = dw_config_group(&cfg);
	static const struct { const char *key, *error; } nums[] = {
		{ "a", "line 2: \"a\" is -1, not within 0 and 10" },
		{ "b", "line 3: \"b\" is no number" },
		{ "c", "line 4: \"c\" is 11, not within 0 and 10" },
		{ "d", "line 5: \"d\" is no number" },
		{ "e", "\"e\" is 1.0, not within" },
		{ "f", "\"f\" is 99999999999999999999, not within" },
		{ "g", "\"g\" is no number" },
		{ "h", "\"h\" is no number" },
		{ "i", "line 1: \"vg\" has no \"i\"" },
		{ "j", "\"j\" is 010, not within" },
	};
	for (int i = 0; i < NR(nums); i++) {
		ck_assert_int_eq(dw_config_num(&cfg, s, nums[i].key, 10, &num,
					       &err), DW_CORRUPT);
		ck_assert_msg(strstr(err.text, nums[i].error), "%s",
			      err.text);
	}
	ck_assert_int_eq(dw_config_str(&cfg, s, "a", &str, &err), DW_CORRUPT);
	ck_assert_int_eq(dw_config_str(&cfg, s, "g", &str, &err), DW_CORRUPT);
	ck_assert_int_eq(dw_config_str(&cfg, s, "x", &str, &err), DW_CORRUPT);
	ck_assert_int_eq(dw_config_section(&cfg, s, "a", &s, &err),
			 DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "\"a\" is no section"), "%s",
		      err.text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("lvm-config");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_of_it);
	tcase_add_test(tc, bytes_of_others);
	tcase_add_test(tc, what_follows_a_zero_is_not_read);
	tcase_add_test(tc, reading_stops_where_it_should);
	tcase_add_loop_test(tc, errors_have_lines, 0, NR(refused));
	tcase_add_test(tc, nesting_is_bounded);
	tcase_add_test(tc, words_are_bounded);
	tcase_add_test(tc, memory_is_bounded);
	tcase_add_test(tc, values_of_other_kinds);
	return dw_test_run("lvm-config", tc);
}
