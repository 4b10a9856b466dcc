/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An entry for one more kernel: what is added, and that all else is kept. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/run.h"

#define OLD "6.1.0-50-amd64"
#define NEW "6.1.0-51-amd64"

static struct dw_err err;

static const struct dw_boot_add to_default = {
	.old_version = OLD, .version = NEW, .kernel = "/boot/vmlinuz-" NEW,
	.initrd = "/boot/initrd.img-" NEW, .make_default = true,
};

/* Adds it with the entry that is best made after. */
static struct dw_bootconf *add(enum dw_bootconf_kind kind, const char *text,
			       const struct dw_boot_add *how)
{
	struct dw_bootconf *bc = conf_parse(kind, text, strlen(text));
	struct dw_boot_add own = *how;
	size_t nr;

	ck_assert_int_ge(dw_bootconf_model(bc), 0);
	own.like = (size_t)dw_bootconf_model(bc);
	ck_assert_msg(!dw_bootconf_add_entry(bc, &own, &nr, &err), "%s",
		      err.text);
	ck_assert_str_eq(bc->entries[nr].kernel, own.kernel);
	if (own.initrd) {
		ck_assert_uint_ge(bc->entries[nr].initrds_nr, 1);
		ck_assert_str_eq(bc->entries[nr].initrds[
				 bc->entries[nr].initrds_nr - 1], own.initrd);
	} else {
		ck_assert_uint_eq(bc->entries[nr].initrds_nr, 0);
	}
	ck_assert_int_eq(bc->default_nr == (long)nr, own.make_default);
	return bc;
}

static void becomes(enum dw_bootconf_kind kind, const char *text,
		    const struct dw_boot_add *how, const char *want)
{
	struct dw_bootconf *bc = add(kind, text, how);

	conf_is(bc, want);
	dw_bootconf_free(bc);
}

/* ---- menu.lst ------------------------------------------------------------ */

#define MENU_ENTRY(version, more)					\
	"title\t\tDebian GNU/Linux, kernel " version "\n"		\
	"root\t\t(hd0)\n"						\
	"kernel\t\t/boot/vmlinuz-" version " root=/dev/xvda1 ro" more "\n" \
	"initrd\t\t/boot/initrd.img-" version "\n"			\
	"\n"
#define MENU_HEAD(nr, more)						\
	"# caf\xe9\ndefault\t\t" nr "\n" more				\
	"### BEGIN AUTOMAGIC KERNELS LIST\n"				\
	"# kopt=root=/dev/xvda1 ro\n"					\
	"## ## End Default Options ##\n\n"
#define MENU_END "### END DEBIAN AUTOMAGIC KERNELS LIST"
#define MENU_OTHER "title other\nrootnoverify (hd1)\nchainloader +1\n\n"

START_TEST(menulst)
{
	static const struct dw_boot_add last = {
		.old_version = OLD, .version = NEW,
		.kernel = "/boot/vmlinuz-" NEW,
		.initrd = "/boot/initrd.img-" NEW,
	};
	const enum dw_bootconf_kind kind = DW_BOOTCONF_MENULST;

	becomes(kind, MENU_HEAD("0", "") MENU_ENTRY(OLD, "") MENU_END,
		&to_default, MENU_HEAD("0", "") MENU_ENTRY(NEW, "")
		MENU_ENTRY(OLD, "") MENU_END);
	/* Numbers behind the new entry count one more. */
	becomes(kind, MENU_HEAD("1", "fallback 0 2\n") MENU_OTHER
		MENU_ENTRY(OLD, "") MENU_OTHER MENU_END, &to_default,
		MENU_HEAD("1", "fallback 0 3\n") MENU_OTHER
		MENU_ENTRY(NEW, "") MENU_ENTRY(OLD, "") MENU_OTHER MENU_END);
	becomes(kind, MENU_HEAD("saved", "") MENU_ENTRY(OLD, "") MENU_END,
		&to_default, MENU_HEAD("0", "") MENU_ENTRY(NEW, "")
		MENU_ENTRY(OLD, "") MENU_END);
	/* What is the default stays so. */
	becomes(kind, MENU_HEAD("0", "fallback 1\n") MENU_ENTRY(OLD, "")
		MENU_OTHER MENU_END, &last,
		MENU_HEAD("0", "fallback 2\n") MENU_ENTRY(OLD, "")
		MENU_ENTRY(NEW, "") MENU_OTHER MENU_END);
	/* A version that another one begins with is another one. */
	becomes(kind, MENU_HEAD("0", "") MENU_ENTRY(OLD, " x=" OLD "0 y=a"
		OLD) MENU_END, &to_default, MENU_HEAD("0", "")
		MENU_ENTRY(NEW, " x=" OLD "0 y=a" OLD)
		MENU_ENTRY(OLD, " x=" OLD "0 y=a" OLD) MENU_END);
}
END_TEST

START_TEST(menulst_rhel)
{
	static const struct dw_boot_add none = {
		.old_version = "", .version = NEW,
		.kernel = "/boot/vmlinuz-" NEW, .make_default = true,
	};
	const enum dw_bootconf_kind kind = DW_BOOTCONF_MENULST;

	/* No default line, no version, CR LF, no end of the last line. */
	becomes(kind, "timeout=5\r\ntitle CentOS\r\n\troot (hd0)\r\n"
		"\tkernel (hd0)/vmlinuz ro root=LABEL=/\r\n"
		"\tinitrd /initrd.img", &to_default,
		"timeout=5\r\ntitle CentOS (" NEW ")\r\n\troot (hd0)\r\n"
		"\tkernel (hd0)/boot/vmlinuz-" NEW " ro root=LABEL=/\r\n"
		"\tinitrd /boot/initrd.img-" NEW "\r\n\r\n"
		"title CentOS\r\n\troot (hd0)\r\n"
		"\tkernel (hd0)/vmlinuz ro root=LABEL=/\r\n"
		"\tinitrd /initrd.img");
	/* An initrd that goes, one that comes. */
	becomes(kind, "title a\n\tkernel /k ro\n\tinitrd /i\n", &none,
		"title a (" NEW ")\n\tkernel /boot/vmlinuz-" NEW " ro\n\n"
		"title a\n\tkernel /k ro\n\tinitrd /i\n");
	becomes(kind, "title a\n  kernel\t/k ro\n", &to_default,
		"title a (" NEW ")\n  kernel\t/boot/vmlinuz-" NEW " ro\n"
		"  initrd\t/boot/initrd.img-" NEW "\n\n"
		"title a\n  kernel\t/k ro\n");
	becomes(kind, "title x\nchainloader +1\ntitle a\nkernel /k ro\n",
		&none, "default 1\ntitle x\nchainloader +1\n"
		"title a (" NEW ")\nkernel /boot/vmlinuz-" NEW " ro\n\n"
		"title a\nkernel /k ro\n");
}
END_TEST

/* ---- extlinux ------------------------------------------------------------ */

#define LABEL(label, version)						\
	"LABEL " label "\n\tMENU LABEL Linux " version "\n"		\
	"\tKERNEL /boot/vmlinuz-" version "\n"				\
	"\tAPPEND root=UUID=1 initrd=/boot/initrd.img-" version " ro\n"

START_TEST(extlinux)
{
	struct dw_boot_add more = to_default;
	const enum dw_bootconf_kind kind = DW_BOOTCONF_EXTLINUX;

	becomes(kind, "# ours\nDEFAULT " OLD "\nPROMPT 1\n\n" LABEL(OLD, OLD),
		&to_default, "# ours\nDEFAULT " NEW "\nPROMPT 1\n\n"
		LABEL(NEW, NEW) "\n" LABEL(OLD, OLD));
	/* A label without a version, an initrd of its own line, a menu. */
	becomes(kind, "default menu.c32\nlabel l0\n\tmenu default\n"
		"\tlinux /boot/vmlinuz-" OLD "\n\tinitrd /boot/initrd.img-"
		OLD "\n\tappend ro\n", &to_default,
		"default menu.c32\nlabel " NEW "\n\tlinux /boot/vmlinuz-" NEW
		"\n\tinitrd /boot/initrd.img-" NEW "\n\tappend ro\n"
		"\tMENU DEFAULT\n\nlabel l0\n\tlinux /boot/vmlinuz-" OLD
		"\n\tinitrd /boot/initrd.img-" OLD "\n\tappend ro\n");
	/* The label is taken; the arguments are the file's. */
	becomes(kind, "APPEND ro quiet\nLABEL " OLD "\nKERNEL /k\nLABEL " NEW
		"\nKERNEL /other\n", &to_default,
		"DEFAULT " NEW "-2\nAPPEND ro quiet\nLABEL " NEW "-2\n"
		"KERNEL /boot/vmlinuz-" NEW "\n"
		"APPEND ro quiet initrd=/boot/initrd.img-" NEW "\n\n"
		"LABEL " OLD "\nKERNEL /k\nLABEL " NEW "\nKERNEL /other\n");
	more.make_default = false;
	more.initrd = NULL;
	becomes(kind, "DEFAULT " OLD "\n" LABEL(OLD, OLD) "# end\n", &more,
		"DEFAULT " OLD "\n" LABEL(OLD, OLD) "\nLABEL " NEW
		"\n\tMENU LABEL Linux " NEW "\n\tKERNEL /boot/vmlinuz-" NEW
		"\n\tAPPEND root=UUID=1 ro\n# end\n");
}
END_TEST

/* ---- grub.cfg ------------------------------------------------------------ */

#define GRUB_HEAD(nr) "set default=" nr "\nset timeout=5\n"		\
	"function f {\n\ttrue\n}\n"
#define GRUB_ENTRY(t, title, id, version)				\
	t "menuentry '" title "' --class os $menuentry_id_option '" id	\
	"' {\n" t "\tset root='hd0'\n"					\
	t "\techo\t'Loading Linux " version " ...'\n"			\
	t "\tlinux\t/boot/vmlinuz-" version " root=/dev/xvda1 ro\n"	\
	t "\tinitrd\t/boot/initrd.img-" version "\n" t "}\n"
#define GRUB_MENU(more) "submenu 'Advanced' $menuentry_id_option 'adv' {\n" \
	more "}\n"

START_TEST(grubcfg)
{
	struct dw_boot_add last = to_default;
	const enum dw_bootconf_kind kind = DW_BOOTCONF_GRUBCFG;

	becomes(kind, GRUB_HEAD("\"0\"") GRUB_ENTRY("", "Debian", "simple-1",
						    OLD), &to_default,
		GRUB_HEAD("\"0\"") GRUB_ENTRY("", "Debian, with Linux " NEW,
			"simple-1-" NEW, NEW)
		GRUB_ENTRY("", "Debian", "simple-1", OLD));
	/* One out of a submenu goes before it. */
	becomes(kind, GRUB_HEAD("'adv>x-" OLD "-1'") GRUB_MENU(
		GRUB_ENTRY("\t", "Linux " OLD, "x-" OLD "-1", OLD)),
		&to_default, GRUB_HEAD("'0'")
		GRUB_ENTRY("", "Linux " NEW, "x-" NEW "-1", NEW)
		GRUB_MENU(GRUB_ENTRY("\t", "Linux " OLD, "x-" OLD "-1",
				     OLD)));
	last.make_default = false;
	becomes(kind, GRUB_HEAD("0") GRUB_ENTRY("", "A", "a", OLD)
		"# end", &last, GRUB_HEAD("0") GRUB_ENTRY("", "A", "a", OLD)
		GRUB_ENTRY("", "A, with Linux " NEW, "a-" NEW, NEW) "# end");
	/* Item 2 becomes item 3: only what is linux is copied. */
	becomes(kind, GRUB_HEAD("1>0") "menuentry 'x' {\n\tchainloader +1\n}\n"
		GRUB_MENU(GRUB_ENTRY("\t", "A", "a", OLD)), &last,
		GRUB_HEAD("1>0") "menuentry 'x' {\n\tchainloader +1\n}\n"
		GRUB_MENU(GRUB_ENTRY("\t", "A", "a", OLD))
		GRUB_ENTRY("", "A, with Linux " NEW, "a-" NEW, NEW));
	/* No initrd, and one that comes, as linux16 has it. */
	becomes(kind, "menuentry \"A\" {\n  linux16 /k ro\n}\n", &to_default,
		"menuentry \"A, with Linux " NEW "\" {\n"
		"  linux16 /boot/vmlinuz-" NEW " ro\n"
		"  initrd16 /boot/initrd.img-" NEW "\n}\n"
		"menuentry \"A\" {\n  linux16 /k ro\n}\n");
	last.initrd = NULL;
	becomes(kind, "menuentry 'A' {\nlinux /k\ninitrd /i\n}\n", &last,
		"menuentry 'A' {\nlinux /k\ninitrd /i\n}\n"
		"menuentry 'A, with Linux " NEW "' {\nlinux /boot/vmlinuz-"
		NEW "\n}\n");
	/* A command of Ubuntu's, which only begins like one. */
	becomes(kind, "menuentry 'A' {\nlinux /k\ninitrdfail\n}\n", &last,
		"menuentry 'A' {\nlinux /k\ninitrdfail\n}\n"
		"menuentry 'A, with Linux " NEW "' {\nlinux /boot/vmlinuz-"
		NEW "\ninitrdfail\n}\n");
}
END_TEST

/* The number is in a variable: the first item is what PyGrub takes. */
START_TEST(grubcfg_saved)
{
	const char *text = "if [ a ] ; then\n set default=\"${next_entry}\"\n"
		"else\n set default=\"${saved_entry}\"\nfi\n"
		GRUB_ENTRY("", "A", "a", OLD);
	struct dw_bootconf *bc = conf_parse(DW_BOOTCONF_GRUBCFG, text,
					    strlen(text));
	struct dw_boot_add own = to_default;
	size_t nr;

	ck_assert_int_eq(dw_bootconf_add_entry(bc, &own, &nr, &err), 0);
	ck_assert_uint_eq(nr, 0);
	dw_bootconf_free(bc);
}
END_TEST

/* ---- what cannot be done ------------------------------------------------- */

START_TEST(refused)
{
	static const char *const texts[] = {
		"menuentry 'A' { linux /k ; initrd /i ; }\n",
		"menuentry 'A' {\nlinux /k; initrd /i }\n",
		"if a ; then menuentry 'A' {\n\tlinux /k\n}\nfi\n",
		"menuentry \\\n'A' {\n\tlinux /k\n}\n",
	};
	struct dw_boot_add own = to_default;
	struct dw_bootconf *bc;
	size_t nr;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		bc = conf_parse(DW_BOOTCONF_GRUBCFG, texts[i],
				strlen(texts[i]));
		ck_assert_int_eq(dw_bootconf_add_entry(bc, &own, &nr, &err),
				 DW_UNSUPPORTED);
		dw_bootconf_free(bc);
	}
	bc = conf_parse(DW_BOOTCONF_MENULST, "title a\nchainloader +1\n", 23);
	ck_assert_int_eq(dw_bootconf_model(bc), -1);
	ck_assert_int_eq(dw_bootconf_add_entry(bc, &own, &nr, &err), DW_USAGE);
	dw_bootconf_free(bc);
	bc = conf_parse(DW_BOOTCONF_MENULST, "title a\nkernel /k\n", 18);
	own.kernel = "/boot/vmlinuz 6";
	ck_assert_int_eq(dw_bootconf_add_entry(bc, &own, &nr, &err), DW_USAGE);
	own.kernel = "/boot/vmlinuz;6";
	ck_assert_int_eq(dw_bootconf_add_entry(bc, &own, &nr, &err), DW_USAGE);
	dw_bootconf_free(bc);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("bootconf_add");

	tcase_add_test(tc, menulst);
	tcase_add_test(tc, menulst_rhel);
	tcase_add_test(tc, extlinux);
	tcase_add_test(tc, grubcfg);
	tcase_add_test(tc, grubcfg_saved);
	tcase_add_test(tc, refused);
	return dw_test_run("bootconf_add", tc);
}
