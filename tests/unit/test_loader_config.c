/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage 2's configuration parser and command line, built for the host: what
 * they must understand, and texts made of anything.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/run.h"
/* The sources themselves: what boots is what is tested. */
#include "boot/x86/stage2/cmdline.c"
#include "boot/x86/stage2/config.c"
#include "boot/x86/stage2/text.c"

#define TEXT_MAX	4096
#define ROUNDS		20000

static struct config cfg;
static const char *const *files;	/* name, text, ..., NULL */
static char serial[64], said[64];
static uint32_t reads_nr;

static fault read_file(void *arg, const char *path, char *dst, uint32_t max,
		       uint32_t *len)
{
	uint32_t i;

	/* Sixteen deep, each included as often as the text has room for it. */
	ck_assert_uint_lt(reads_nr++, TEXT_MAX);
	for (i = 0; files[i]; i += 2) {
		if (strcmp(files[i], path))
			continue;
		*len = strlen(files[i + 1]);
		if (*len >= max)
			return "file is too large";
		memcpy(dst, files[i + 1], *len);
		return NULL;
	}
	return "file not found";
}

static void say(void *arg, const char *text)
{
	snprintf(said, sizeof(said), "%s", text);
}

static void open_serial(void *arg, const char *args)
{
	snprintf(serial, sizeof(serial), "%s", args);
}

/* The text is of its exact size, so that a look past its end is seen. */
static fault parse(const char *const *list, char **text_out)
{
	static const struct config_ops ops = {
		.read = read_file, .say = say, .serial = open_serial,
	};
	struct config_text text = { .start = malloc(TEXT_MAX), .max = TEXT_MAX };

	files = list;
	reads_nr = 0;
	*text_out = text.start;
	return config_read(&cfg, &ops, &text, "main");
}

START_TEST(directives)
{
	static const char *const list[] = {
		"main",
		"serial 1 9600 0x3\n"
		"\tDEFAULT two \r\n"
		"Prompt 1\ntimeout 50\nTOTALTIMEOUT 600\nONTIMEOUT one x\n"
		"onerror two\nSAY hello\nNOESCAPE 1\nIMPLICIT 0\n"
		"ALLOWOPTIONS 0\nappend all of it\n"
		"label one rest is dropped\n"
		"  kernel vmlinuz\n  append -\n  menu label ^One thing\n"
		"label two\n linux x.c32\n initrd a,b\n append mine\n"
		" menu default\n"
		"MENU BEGIN\nlabel three\n kernel chain.C32 x\n menu hide\n"
		"MENU END\nlabel four\n localboot -1\n"
		"text help\nlabel five\nendtext\ninclude sub title\n"
		"labels\nlabel",
		"sub", "menu title Sub\nui menu.c32", NULL,
	};
	char *text;

	ck_assert_ptr_null(parse(list, &text));
	ck_assert_str_eq(serial, "1 9600 0x3");
	ck_assert_str_eq(said, "hello");
	ck_assert_str_eq(cfg.default_line, "two");
	ck_assert(cfg.prompt && cfg.no_escape && cfg.no_implicit &&
		  cfg.no_options);
	ck_assert_uint_eq(cfg.timeout, 50);
	ck_assert_uint_eq(cfg.total_timeout, 600);
	ck_assert_str_eq(cfg.on_timeout, "one x");
	ck_assert_str_eq(cfg.on_error, "two");
	ck_assert_str_eq(cfg.append, "all of it");
	ck_assert_str_eq(cfg.menu_title, "Sub");
	ck_assert(config_is_menu(cfg.ui));
	ck_assert_uint_eq(cfg.entries_nr, 5);
	ck_assert_uint_eq(cfg.menu_default, 1);
	ck_assert_str_eq(cfg.entries[0].label, "one");
	ck_assert_str_eq(cfg.entries[0].title, "One thing");
	ck_assert_str_eq(cfg.entries[0].append, "");
	ck_assert_str_eq(cfg.entries[1].initrd, "a,b");
	ck_assert_int_eq(cfg.entries[1].type, BOOT_LINUX);
	ck_assert_int_eq(cfg.entries[2].type, BOOT_FOREIGN);
	ck_assert(cfg.entries[2].hidden);
	ck_assert_int_eq(cfg.entries[3].type, BOOT_LOCAL);
	ck_assert_ptr_eq(config_find(&cfg, "two single"), &cfg.entries[1]);
	ck_assert_ptr_null(config_find(&cfg, "Two"));
	ck_assert_ptr_null(config_find(&cfg, "tw"));
	ck_assert_ptr_null(config_find(&cfg, ""));
	free(text);
}
END_TEST

START_TEST(inclusion_ends)
{
	static const char *const self[] = {
		"main", "include main\ninclude main\nlabel x\n", NULL,
	};
	char *text;

	ck_assert_ptr_null(parse(self, &text));
	ck_assert_uint_gt(cfg.entries_nr, 1);
	free(text);
}
END_TEST

START_TEST(too_large_is_said)
{
	char *big = malloc(TEXT_MAX + 1), *text;
	const char *list[] = { "main", big, NULL };

	memset(big, 'x', TEXT_MAX);
	big[TEXT_MAX] = 0;
	ck_assert_str_eq(parse(list, &text), "file is too large");
	free(text);
	big[TEXT_MAX - 1] = 0;
	ck_assert_ptr_null(parse(list, &text));
	free(text);
	free(big);
}
END_TEST

START_TEST(any_text_is_parsed)
{
	static const char *const words[] = {
		"label", "menu", "default", "include", "sub", "main", "text",
		"help", "endtext", "append", "-", "kernel", "x.c32", "initrd",
		"timeout", "99999999999", "0x", "^", "\n", "\n", "\n", "\r\n",
		" ", "\t", "ui", "menu.c32", "say", "serial", "title", "hide",
		"localboot", "prompt", "\xff", ",", "=", "", "#",
	};
	char body[600], sub[600], *text;
	const char *list[] = { "main", body, "sub", sub, NULL };
	uint32_t round, i;

	srandom(1);
	for (round = 0; round < ROUNDS; round++) {
		body[0] = sub[0] = 0;
		for (i = random() % 60; i; i--) {
			char *to = random() % 3 ? body : sub;

			strcat(to, words[(unsigned long)random() %
					 ARRAY_LEN(words)]);
			strcat(to, random() % 2 ? " " : "");
		}
		parse(list, &text);
		for (i = 0; i < cfg.entries_nr; i++)
			ck_assert_ptr_nonnull(cfg.entries[i].title);
		config_is_menu(cfg.default_line);
		free(text);
	}
}
END_TEST

START_TEST(command_line)
{
	static struct cmdline cl;
	char options[CMDLINE_MAX * 2];

	cmdline_build(&cl, "/vmlinuz rest", " k=1", "a  mem=1G quiet vga=ask",
		      "/i,/j", " initrd=/k mem=64M");
	ck_assert_str_eq(cl.text, "BOOT_IMAGE=/vmlinuz k=1 a  mem=1G quiet "
			 "vga=ask initrd=/i,/j initrd=/k mem=64M");
	ck_assert_str_eq(cl.initrd, "/k mem=64M");
	ck_assert_uint_eq(cl.mem_end, 64 << 20);
	ck_assert_uint_eq(cl.vga, 0xfffd);
	ck_assert(cl.quiet && !cl.cut);
	cmdline_build(&cl, "k", NULL, "", NULL, "mem=4G vga=0x31a quietly");
	ck_assert_str_eq(cl.text, "BOOT_IMAGE=k mem=4G vga=0x31a quietly");
	ck_assert_uint_eq(cl.mem_end, 0);
	ck_assert_uint_eq(cl.vga, 0x31a);
	ck_assert(!cl.quiet && !cl.initrd);
	cmdline_build(&cl, "k", NULL, "initrd=/a b", "/c", NULL);
	ck_assert_str_eq(cl.initrd, "/a b initrd=/c");

	memset(options, 'x', sizeof(options));
	options[sizeof(options) - 1] = 0;
	cmdline_build(&cl, "k", options, options, "/i", options);
	ck_assert(cl.cut);
	ck_assert_uint_eq(strlen(cl.text), CMDLINE_MAX - 1);
}
END_TEST

START_TEST(numbers)
{
	const char *end;

	ck_assert_uint_eq(parse_number("115200 x", &end), 115200);
	ck_assert_str_eq(end, " x");
	ck_assert_uint_eq(parse_number("0x3F8", NULL), 0x3f8);
	ck_assert_uint_eq(parse_number("017", NULL), 15);
	ck_assert_uint_eq(parse_number("-1", NULL), 0);
	ck_assert_uint_eq(parse_number("", &end), 0);
	ck_assert_str_eq(end, "");
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("all");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, directives);
	tcase_add_test(c, inclusion_ends);
	tcase_add_test(c, too_large_is_said);
	tcase_add_test(c, any_text_is_parsed);
	tcase_add_test(c, command_line);
	tcase_add_test(c, numbers);
	return dw_test_run("loader_config", c);
}
