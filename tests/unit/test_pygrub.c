/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What PyGrub would boot: the rules of Xen 4.4 by table (tests/boot has those
 * of 4.17 against the program itself), partitions, kernels, hostile texts.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "boot/pygrub.h"
#include "lib/run.h"

#define MENU "/boot/grub/menu.lst"
#define GRUB "/boot/grub/grub.cfg"
#define EXTL "/boot/extlinux/extlinux.conf"

/* One configuration; every other file is there unless its name says no. */
struct disk {
	const char *path, *text;
	size_t len;
};

static bool exists(void *arg, const char *path)
{
	struct disk *d = arg;

	return !strcmp(path, d->path) ||
	       (!strstr(path, "no") && !strstr(path, "grub.c") &&
		!strstr(path, "linux.c") && !strstr(path, "menu.lst"));
}

static int read_file(void *arg, const char *path, size_t max_len, char **data,
		     size_t *len, struct dw_err *err)
{
	struct disk *d = arg;

	ck_assert_str_eq(path, d->path);
	*len = d->len < max_len ? d->len : max_len;
	*data = malloc(*len ? *len : 1);
	memcpy(*data, d->text, *len);
	return 0;
}

static struct dw_pygrub_result *lint(enum dw_pygrub_rules rules,
				     const char *path, const char *text,
				     size_t len)
{
	struct disk d = { path, text, len };
	struct dw_pygrub_files files = { &d, exists, read_file };
	struct dw_pygrub_result *r;
	struct dw_err err;

	ck_assert_msg(!dw_pygrub_lint(rules, &files, &r, &err), "%s",
		      err.text);
	return r;
}

/* "kernel|initrd|args" of what boots, else the number of what stops it. */
static const char *say(const struct dw_pygrub_result *r)
{
	static char text[400];

	if (r->v.boots)
		snprintf(text, sizeof(text), "%s|%s|%s", r->v.kernel,
			 r->v.initrd ? r->v.initrd : "",
			 r->v.args ? r->v.args : "");
	else
		snprintf(text, sizeof(text), "%d", r->why);
	return text;
}

#define VALUE "3"	/* DW_PYGRUB_BAD_VALUE */
#define SYNTAX "5"
#define NO_ENTRY "6"
#define NO_KERNEL "7"
#define ONE(rest) "menuentry 'A' {\n" rest "}\n"
#define TWO "title A\nkernel /a\ntitle B\nkernel /b x\n"

static const struct {
	const char *path, *text, *old, *new;
} cases[] = {
	/* what both do alike */
	{ MENU, TWO, "/a||", "/a||" },
	{ MENU, "default 1\n" TWO, "/b||x", "/b||x" },
	{ MENU, "default saved\n" TWO, "/a||", "/a||" },
	{ MENU, "default -1\n" TWO, VALUE, VALUE },
	{ MENU, "default 2\n" TWO, "/a||", "/a||" },
	{ MENU, "title A\nroot (hd0)\nkernel (hd0,0)/a b\ninitrd /i\n",
	  "/a|/i|b", "/a|/i|b" },
	{ MENU, "title A\nroot (nd)\nkernel /a\n", VALUE, VALUE },
	{ MENU, "title A\nroot (/dev/xvda)\nkernel /a\n", "/a||", "/a||" },
	{ MENU, "title A\nkernel\t/a\tb\n", "/a\tb||", "/a\tb||" },
	{ MENU, "", NO_ENTRY, NO_ENTRY },
	{ MENU, "title A\nmodule /a\n", NO_KERNEL, NO_KERNEL },
	{ EXTL, "label a\nlinux /a\n", NO_KERNEL, NO_KERNEL },
	{ EXTL, "default b\nlabel a\nkernel /a\nlabel b\nkernel /b\n"
	  "append initrd=/i x\n", "/b|/i|x", "/b|/i|x" },
	{ EXTL, "label a\nappend initrd=/i x\nkernel /a\n", "/a||", "/a||" },
	{ GRUB, ONE("linux /a b\ninitrd /i\n"), "/a|/i|b", "/a|/i|b" },
	{ GRUB, ONE("set root='lvm/x'\nlinux /a\n"), VALUE, VALUE },
	{ GRUB, ONE("set root='hd0,msdos1'\nlinux /a\n"), "/a||", "/a||" },
	{ GRUB, "}\n", SYNTAX, SYNTAX },
	{ GRUB, "menuentry 'A'{\n}\n", SYNTAX, SYNTAX },
	{ GRUB, "set default=\"${saved_entry}\"\n" ONE("linux /a\n"), "/a||",
	  "/a||" },
	{ GRUB, "function f {\n set a b\n}\n" ONE("linux /a\n"), "/a||",
	  "/a||" },
	{ GRUB, "submenu 'x' {\n" ONE("linux /a\n") "}\n", "/a||", "/a||" },
	/* a default that is no number ends it in 4.4, and is 0 in 4.17 */
	{ MENU, "default B\n" TWO, VALUE, "/a||" },
	{ MENU, "default 1 # x\n" TWO, VALUE, "/a||" },
	{ MENU, "default\n" TWO, VALUE, "/a||" },
	{ GRUB, "set default=\"x>A\"\n" ONE("linux /a\n"), VALUE, "/a||" },
	{ GRUB, "set default=\"1>0\"\n" ONE("linux /a\n"), VALUE, "/a||" },
	/* Python 3 takes underscores in numbers */
	{ MENU, "default 0_1\n" TWO, VALUE, "/b||x" },
	{ MENU, "title A\nroot (hd0_0)\nkernel /a\n", VALUE, "/a||" },
	/* linux16 came with 4.4.1 */
	{ GRUB, ONE("linux16 /a\ninitrd16 /i\n"), NO_KERNEL, "/a|/i|" },
	{ GRUB, ONE("linux /a\ninitrd16 /i\n"), "/a||", "/a|/i|" },
	/* bytes, not characters */
	{ MENU, "# \xe9\n" TWO, "/a||", "2" },
	{ MENU, "title A\nkernel /a \xe9\n", "/a||\xe9", "2" },
	{ MENU, "title A\nkernel /a\xc2\xa0x y\n", "/a\xc2\xa0x||y",
	  "/a||x y" },
	{ MENU, "title A\nroot \xc3\xa9" "0\nkernel /a\n", "/a||", VALUE },
	/* later paths */
	{ "/extlinux/extlinux.conf", "label a\nkernel /a\n", "1", "/a||" },
	{ "/extlinux.conf", "label a\nkernel /a\n", "1", "/a||" },
	{ "/boot/extlinux.conf", "label a\nkernel /a\n", "/a||", "/a||" },
	{ "/grub/grub.conf", TWO, "/a||", "/a||" },
};

START_TEST(follows_the_rules)
{
	struct dw_pygrub_result *r;

	r = lint(DW_PYGRUB_4_4, cases[_i].path, cases[_i].text,
		 strlen(cases[_i].text));
	ck_assert_str_eq(say(r), cases[_i].old);
	ck_assert_int_eq(r->v.boots, r->why == DW_PYGRUB_BOOTS);
	ck_assert_int_eq(r->v.boots, !r->v.reason);
	dw_pygrub_free(r);
	r = lint(DW_PYGRUB_4_17, cases[_i].path, cases[_i].text,
		 strlen(cases[_i].text));
	ck_assert_str_eq(say(r), cases[_i].new);
	dw_pygrub_free(r);
}
END_TEST

/* 4.4 takes the longest title, 4.17 the shortest. */
START_TEST(titles)
{
	static const char text[] =
		"menuentry 'A' --class b $id 'c' {\nlinux /a root=/dev/x\n}\n";
	struct dw_pygrub_result *r;

	r = lint(DW_PYGRUB_4_4, GRUB, text, strlen(text));
	ck_assert_str_eq(r->v.entry, "A' --class b $id 'c");
	dw_pygrub_free(r);
	r = lint(DW_PYGRUB_4_17, GRUB, text, strlen(text));
	ck_assert_str_eq(r->v.entry, "A");
	ck_assert_str_eq(r->v.root, "/dev/x");
	ck_assert_str_eq(r->v.config, GRUB);
	ck_assert_uint_eq(r->line_nr, 2);
	dw_pygrub_free(r);
}
END_TEST

static const struct {
	const char *path, *text, *reason;
} reasons[] = {
	{ "/x", "", "no grub.cfg, extlinux.conf, menu.lst or grub.conf where "
	  "PyGrub looks for one" },
	{ MENU, "title A\nkernel /no\tro\n", MENU " line 2: kernel '/no?ro' "
	  "is not there: PyGrub ends a name at a space, not at a tab" },
	{ MENU, "title A\nkernel /a b\ninitrd /no /b\n", MENU " line 2: "
	  "initrd '/no /b' is not there: PyGrub takes the whole line as one "
	  "name" },
	{ GRUB, "\n\n}\n", GRUB " line 3: closing brace without menuentry" },
	{ GRUB, "", GRUB ": it is empty" },
	{ GRUB, "# \xe9", GRUB ": byte 2 (e9) is not UTF-8" },
	{ EXTL, "label a\nlinux /a\n", EXTL " line 1: the entry has no KERNEL "
	  "line, and PyGrub knows no LINUX" },
	{ GRUB, "menuentry 'A' {\n", GRUB " line 1: a menuentry that is not "
	  "closed" },
	{ GRUB, "\nset x=\"a=b\"\n", GRUB " line 2: PyGrub stops at a 'set' "
	  "that is not NAME=VALUE with one '='" },
	{ MENU, "title A\n\nroot (hd0,x)\n", MENU " line 3: 'x' is no "
	  "partition number" },
};

START_TEST(gives_reasons)
{
	struct dw_pygrub_result *r = lint(DW_PYGRUB_4_17, reasons[_i].path,
					  reasons[_i].text,
					  strlen(reasons[_i].text));

	ck_assert(!r->v.boots);
	ck_assert_str_eq(r->v.reason, reasons[_i].reason);
	dw_pygrub_free(r);
}
END_TEST

START_TEST(warns)
{
	static const char text[] =
		"timeout 5 # s\nlabel a\nkernel /a\ninitrd /i\n";
	struct dw_pygrub_result *r = lint(DW_PYGRUB_4_17, EXTL, text,
					  strlen(text));

	ck_assert(r->v.boots);
	ck_assert_uint_eq(r->v.warnings.nr, 2);
	ck_assert_ptr_nonnull(strstr(r->v.warnings.items[0], "timeout"));
	ck_assert_ptr_nonnull(strstr(r->v.warnings.items[1], "INITRD"));
	dw_pygrub_free(r);
}
END_TEST

/* ---- partitions -------------------------------------------------------- */

/* Entries as "active type start", and the offsets in MiB/2048 sectors. */
static const struct {
	bool signature;
	struct { uint8_t active, type; uint32_t start_lba; } e[4];
	const char *old, *new;
} tables[] = {
	{ false, { { 0 } }, "0", "0" },
	{ false, { { 0x80, 0x83, 2048 } }, "0", "0" },
	{ true, { { 0 } }, "", "0" },
	{ true, { { 0x80, 0x83, 0 } }, "", "0" },
	{ true, { { 0x80, 0x83, 2048 } }, "2048", "2048" },
	{ true, { { 0, 0x83, 2048 }, { 0x80, 0x83, 4096 } }, "4096 2048",
	  "2048 4096" },
	{ true, { { 0, 0x82, 2048 }, { 0, 0x83, 4096 } }, "4096", "4096" },
	{ true, { { 0, 0x82, 2048 } }, "", "0" },
	{ true, { { 0, 0xee, 1 }, { 0, 0x83, 7 } }, "34 0", "34 0" },
	{ true, { { 0, 0x83, 7 }, { 0, 0xee, 1 } }, "7 34 0", "7 34 0" },
};

START_TEST(finds_partitions)
{
	uint64_t list[DW_PYGRUB_MAX_OFFSETS];
	uint8_t head[8192] = { 0 };
	unsigned i, rules;
	size_t nr, k;

	for (i = 0; i < 4; i++) {
		uint8_t *e = head + 446 + 16 * i;

		e[0] = tables[_i].e[i].active;
		e[4] = tables[_i].e[i].type;
		dw_put_le32(e + 8, tables[_i].e[i].start_lba);
	}
	if (tables[_i].signature)
		dw_put_le16(head + 510, 0xaa55);
	/* A GPT of two entries. */
	dw_put_le32(head + 512 + 80, 2);
	dw_put_le32(head + 512 + 84, 128);
	dw_put_le64(head + 1024 + 32, 34);
	for (rules = DW_PYGRUB_4_4; rules <= DW_PYGRUB_4_17; rules++) {
		char text[80] = "";

		ck_assert_int_eq(dw_pygrub_offsets(rules, head, sizeof(head),
						   list, &nr, NULL), 0);
		for (k = 0; k < nr; k++)
			sprintf(text + strlen(text), "%s%u", k ? " " : "",
				(unsigned)(list[k] / 512));
		ck_assert_str_eq(text, rules == DW_PYGRUB_4_4 ? tables[_i].old
							      : tables[_i].new);
	}
}
END_TEST

START_TEST(survives_bad_tables)
{
	uint64_t list[DW_PYGRUB_MAX_OFFSETS];
	uint8_t *head;
	size_t nr, len;
	int i;

	for (i = 0; i < 2000; i++) {
		srandom((unsigned)i);
		len = (size_t)random() % 3000;
		head = malloc(len ? len : 1);
		for (nr = 0; nr < len; nr++)
			head[nr] = (uint8_t)random();
		if (len >= 512) {
			dw_put_le16(head + 510, 0xaa55);
			head[450] = i % 3 ? 0xee : 0x83;
		}
		dw_pygrub_offsets(i % 2, head, len, list, &nr, NULL);
		ck_assert_uint_le(nr, DW_PYGRUB_MAX_OFFSETS);
		free(head);
	}
}
END_TEST

/* ---- filesystems and kernels ------------------------------------------- */

START_TEST(names_what_bars_a_filesystem)
{
	ck_assert_ptr_null(dw_pygrub_fs_bar("ext4", "has_journal extent 64bit",
					    1000));
	ck_assert_ptr_nonnull(dw_pygrub_fs_bar("ext4", "extent bigalloc",
					       1000));
	ck_assert_ptr_null(dw_pygrub_fs_bar("ext4", "bigallocx", 1000));
	ck_assert_ptr_nonnull(dw_pygrub_fs_bar("ext4", "", 1ull << 33));
}
END_TEST

/* ---- hostile texts ----------------------------------------------------- */

static void try_all(const char *text, size_t len)
{
	static const char *const paths[] = { MENU, GRUB, EXTL };
	char *exact = malloc(len ? len : 1);
	unsigned i;

	memcpy(exact, text, len);
	for (i = 0; i < 6; i++) {
		struct disk d = { paths[i % 3], exact, len };
		struct dw_pygrub_files files = { &d, exists, read_file };
		struct dw_pygrub_result *r;

		dw_pygrub_lint(i / 3, &files, &r, NULL);
		dw_pygrub_free(r);
	}
	free(exact);
}

START_TEST(survives_noise)
{
	static const char *const bits[] = {
		"title ", "label ", "menuentry 'a' {", "menuentry ", "submenu",
		"function", "kernel ", "linux ", "initrd ", "append ", "set ",
		"root=", "default ", "'", "\"", "{", "}", "(hd0,0)", "(", ")",
		"\n", "\n", "\n", "\r\n", " ", "\t", "#", "=", "initrd=", "-",
		"/dev/xvd", "mboot.c32", "---", "\xff", "\xe2\x80\xa8", "\xc2",
		"1", "_", ",", "msdos", "\xa0", ("\xe2\x84\xaa" "ernel "),
	};
	char text[2000];
	size_t len, n;
	int i;

	srandom((unsigned)_i);
	for (i = 0; i < 200; i++) {
		for (len = 0; len < sizeof(text) - 40 && random() % 400; ) {
			n = (size_t)random() % (sizeof(bits) / sizeof(*bits) +
						1);
			if (n == sizeof(bits) / sizeof(*bits)) {
				text[len++] = '\0';
				continue;
			}
			memcpy(text + len, bits[n], strlen(bits[n]));
			len += strlen(bits[n]);
		}
		try_all(text, len);
	}
}
END_TEST

START_TEST(survives_size)
{
	static const char *const fill[] = {
		"x", "title a\n", "title a\nkernel /a b\n", "menuentry 'a' {",
		"menuentry 'a' {\n}\n", "submenu\n", "label a\nkernel /b c\n",
		"\n", "label a\nkernel /b\nappend initrd=/a ", "' {", "=", " ",
		"\xe2\x80\x80", "((((((", "---", "set ", "function\n", "\"",
		"default 1", "}",
	};
	size_t max = (1u << 20) + 10, len = 0, n = strlen(fill[_i]);
	char *text = malloc(max + n);

	while (len < max) {
		memcpy(text + len, fill[_i], n);
		len += n;
	}
	try_all(text, len);
	free(text);
}
END_TEST

#define NR(a) (sizeof(a) / sizeof(*(a)))

int main(void)
{
	TCase *tc = tcase_create("pygrub");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, follows_the_rules, 0, NR(cases));
	tcase_add_test(tc, titles);
	tcase_add_loop_test(tc, gives_reasons, 0, NR(reasons));
	tcase_add_test(tc, warns);
	tcase_add_loop_test(tc, finds_partitions, 0, NR(tables));
	tcase_add_test(tc, survives_bad_tables);
	tcase_add_test(tc, names_what_bars_a_filesystem);
	tcase_add_loop_test(tc, survives_noise, 0, 20);
	tcase_add_loop_test(tc, survives_size, 0, 20);
	return dw_test_run("pygrub", tc);
}
