/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Damaged modules: whatever is in a module's bytes, they are only read. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "kmod/elf.h"
#include "kmod/module_facts.h"
#include "lib/modelf.h"
#include "lib/run.h"

static const struct modelf whole = {
	.info = "alias=one;alias=two;softdep=pre: x;license=GPL",
	.crcs = "exported other", .strings = "strung",
	.needs = "needed", .weak = "perhaps", .versions = "module_layout",
};

static struct modelf shape(int i)
{
	struct modelf m = whole;

	m.is_32 = i & 1;
	m.is_big = i & 2;
	return m;
}

static void is_list(const struct dw_module_facts *f, enum dw_fact fact,
		    const char *want)
{
	char got[256] = "";

	for (const char *s = NULL; (s = dw_fact_next(&f->list[fact], s));) {
		strcat(got, s);
		strcat(got, "|");
	}
	ck_assert_str_eq(got, want);
}

/* Reads bytes that end where they end, so that a sanitizer sees more. */
static void read_exact(const char *data, size_t len, struct dw_module_facts *f)
{
	char *copy = malloc(len ? len : 1);
	struct dw_err err = { 0 };
	int ret;

	memcpy(copy, data, len);
	ret = dw_module_facts(copy, len, f, &err);
	free(copy);
	ck_assert_msg(!ret, "%d %s", ret, err.text);
	ck_assert(!f->damage.code || (f->damage.code == DW_CORRUPT &&
				      strlen(f->damage.text) > 5));
}

static void look(const char *data, size_t len)
{
	struct dw_module_facts f;

	read_exact(data, len, &f);
	dw_module_facts_free(&f);
}

START_TEST(whole_module)
{
	struct modelf m = shape(_i);
	struct dw_module_facts f;
	struct dw_buf b = { 0 };

	modelf_make(&m, &b);
	read_exact(b.data, b.len, &f);
	ck_assert(!f.damage.code);
	is_list(&f, DW_FACT_ALIAS, "one|two|");
	is_list(&f, DW_FACT_SOFTDEP, "pre: x|");
	is_list(&f, DW_FACT_WEAKDEP, "");
	is_list(&f, DW_FACT_EXPORT, "exported|other|");
	is_list(&f, DW_FACT_NEED, "needed|perhaps|module_layout|");
	dw_module_facts_free(&f);
	dw_buf_free(&b);
}
END_TEST

START_TEST(each_byte_wild)
{
	static const uint8_t wild[] = { 0, 0xff, 0x80, 1 };
	struct modelf m = shape(_i);
	struct dw_buf b = { 0 };

	modelf_make(&m, &b);
	for (size_t at = 0; at < b.len; at++) {
		char kept = b.data[at];

		for (size_t w = 0; w < sizeof(wild); w++) {
			b.data[at] = (char)wild[w];
			look(b.data, b.len);
		}
		b.data[at] = kept;
	}
	dw_buf_free(&b);
}
END_TEST

/* Each number of each width, at each place. */
START_TEST(each_field_wild)
{
	static const uint64_t wild[] = {
		0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff,
		0xfffffffffffffff0, UINT64_MAX,
	};
	struct modelf m = shape(_i);
	struct dw_buf b = { 0 };

	modelf_make(&m, &b);
	for (size_t at = 0; at + 8 <= b.len; at += 2)
		for (size_t w = 0; w < sizeof(wild) / sizeof(*wild); w++)
			for (unsigned len = 4; len <= 8; len += 4) {
				char kept[8];

				memcpy(kept, b.data + at, 8);
				for (unsigned i = 0; i < len; i++)
					b.data[at + i] = (char)(wild[w] >> 8 *
						(m.is_big ? len - 1 - i : i));
				look(b.data, b.len);
				memcpy(b.data + at, kept, 8);
			}
	dw_buf_free(&b);
}
END_TEST

START_TEST(each_length)
{
	struct modelf m = shape(_i);
	struct dw_buf b = { 0 };

	modelf_make(&m, &b);
	for (size_t len = 0; len < b.len; len++) {
		struct dw_module_facts f;

		/* The table of sections is the end. */
		read_exact(b.data, len, &f);
		ck_assert_int_eq(f.damage.code, DW_CORRUPT);
		dw_module_facts_free(&f);
	}
	dw_buf_free(&b);
}
END_TEST

/* A symbol whose name leads out: no needs, exports of the strings; the rest is
 * there. */
START_TEST(symbol_outside)
{
	struct dw_module_facts f;
	struct dw_elf_symbols s;
	struct dw_buf b = { 0 };
	struct dw_elf elf;

	modelf_make(&whole, &b);
	ck_assert_int_eq(dw_elf_open(b.data, b.len, &elf, NULL), 0);
	ck_assert_int_eq(dw_elf_symbols(&elf, &s, NULL), 0);
	memset((char *)s.table.p + (s.nr - 1) * 24, 0x7f, 4);
	read_exact(b.data, b.len, &f);
	ck_assert_int_eq(f.damage.code, DW_CORRUPT);
	is_list(&f, DW_FACT_EXPORT, "strung|");
	is_list(&f, DW_FACT_NEED, "");
	is_list(&f, DW_FACT_ALIAS, "one|two|");
	dw_module_facts_free(&f);
	dw_buf_free(&b);
}
END_TEST

/* A thousand symbols with one name that takes a megabyte: neither time nor
 * memory follow the product. */
START_TEST(endless_name)
{
	char *needs = malloc(3000), *name = malloc(1 << 20);
	struct modelf m = { .weak = needs, .needs = name };
	struct dw_module_facts f;
	struct dw_buf b = { 0 };

	for (int i = 0; i < 1000; i++)
		memcpy(needs + 2 * i, "x ", 3);
	memset(name, 'n', 1 << 20);
	name[(1 << 20) - 1] = '\0';
	modelf_make(&m, &b);
	read_exact(b.data, b.len, &f);
	ck_assert_int_eq(f.damage.code, DW_CORRUPT);
	ck_assert_uint_eq(f.list[DW_FACT_NEED].len, 0);
	dw_module_facts_free(&f);
	dw_buf_free(&b);
	free(needs);
	free(name);
}
END_TEST

/* 64 MiB of names out of a small table is too much, and is said so. */
START_TEST(too_many_names)
{
	size_t len = 4000, nr = 17000;
	char *name = malloc(len + 1), *needs = malloc(nr * 2 + 1);
	struct modelf m = { .needs = name, .weak = needs };
	struct dw_module_facts f;
	struct dw_elf_symbols s;
	struct dw_buf b = { 0 };
	struct dw_elf elf;
	struct dw_err err;

	memset(name, 'n', len);
	name[len] = '\0';
	for (size_t i = 0; i < nr; i++)
		memcpy(needs + 2 * i, "x ", 3);
	modelf_make(&m, &b);
	ck_assert_int_eq(dw_elf_open(b.data, b.len, &elf, NULL), 0);
	ck_assert_int_eq(dw_elf_symbols(&elf, &s, NULL), 0);
	for (uint64_t i = 3; i < s.nr; i++)
		memcpy((char *)s.table.p + i * 24, s.table.p + 2 * 24, 4);
	ck_assert_int_eq(dw_module_facts(b.data, b.len, &f, &err), DW_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "67108864"));
	dw_module_facts_free(&f);
	dw_buf_free(&b);
	free(needs);
	free(name);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("module-elf");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, whole_module, 0, 4);
	tcase_add_loop_test(tc, each_byte_wild, 0, 4);
	tcase_add_loop_test(tc, each_field_wild, 0, 4);
	tcase_add_loop_test(tc, each_length, 0, 4);
	tcase_add_test(tc, symbol_outside);
	tcase_add_test(tc, endless_name);
	tcase_add_test(tc, too_many_names);
	return dw_test_run("module-elf", tc);
}
