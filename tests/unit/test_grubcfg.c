/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and changing a grub.cfg. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/run.h"

static struct dw_bootconf *parse(const char *text)
{
	return conf_parse(DW_BOOTCONF_GRUBCFG, text, strlen(text));
}

/* The shape of grub-mkconfig's output on Debian. */
#define DEBIAN(hint, disk, root, tail) \
	"### BEGIN /etc/grub.d/00_header ###\n" \
	"if [ -s $prefix/grubenv ]; then\n  load_env\nfi\n" \
	"if [ \"${next_entry}\" ] ; then\n" \
	"   set default=\"${next_entry}\"\n" \
	"   set next_entry=\n" \
	"else\n   set default=\"gnulinux-advanced-1>gnulinux-b\"\nfi\n" \
	"function savedefault {\n  if [ -z \"${boot_once}\" ]; then\n" \
	"    saved_entry=\"${chosen}\"\n    linux /no root=/dev/xvda\n" \
	"  fi\n}\n" \
	"if [ x$feature_default_font_path = xy ] ; then\n" \
	"   font=unicode\nelse\n" \
	"set root='" disk "'\n" \
	"  search --no-floppy --fs-uuid --set=root " hint " 1b-2c\nfi\n" \
	"if [ x$feature_timeout_style = xy ] ; then\n" \
	"  set timeout_style=menu\n  set timeout=5\n" \
	"else\n  set timeout=5\nfi\n" \
	"menuentry 'Debian GNU/Linux' --class debian " \
	"$menuentry_id_option 'gnulinux-simple-1' {\n" \
	"\tload_video\n" \
	"\tif [ x$grub_platform = xxen ]; then insmod xzio; " \
	"insmod lzopio; fi\n" \
	"\tset root='" disk "'\n" \
	"\techo\t'Loading Linux ...'\n" \
	"\tlinux\t/boot/vmlinuz-6.1.0 root=" root " ro  quiet" tail "\n" \
	"\tinitrd\t/boot/ucode.img /boot/initrd.img-6.1.0\n" \
	"}\n" \
	"submenu 'Advanced options' $menuentry_id_option " \
	"'gnulinux-advanced-1' {\n" \
	"\tmenuentry 'Debian, a' $menuentry_id_option 'gnulinux-a' {\n" \
	"\t\tlinux\t/boot/a root=" root " ro" tail "\n\t}\n" \
	"\tmenuentry 'Debian, b' --id gnulinux-b {\n" \
	"\t\tlinux\t/boot/b root=" root " \\\n\t\t\tro" tail "\n\t}\n" \
	"}\n" \
	"menuentry one { linux /c root=" root tail "; initrd /i; }\n" \
	"menuentry \"Xen\" {\n\tmultiboot /boot/xen.gz placeholder\n" \
	"\tmodule /boot/v placeholder root=" root "\n\tmodule /i\n}\n"

START_TEST(reads_debian)
{
	struct dw_bootconf *bc = parse(DEBIAN("", "hd0", "/dev/xvda", ""));
	struct dw_boot_entry *e = bc->entries;

	ck_assert_uint_eq(bc->entries_nr, 5);
	ck_assert_int_eq(bc->default_nr, 2);
	ck_assert_int_eq(bc->timeout_ds, 50);
	ck_assert_str_eq(e[0].title, "Debian GNU/Linux");
	ck_assert_str_eq(e[0].label, "gnulinux-simple-1");
	ck_assert_str_eq(e[0].kernel, "/boot/vmlinuz-6.1.0");
	ck_assert_str_eq(e[0].args, "root=/dev/xvda ro quiet");
	ck_assert_uint_eq(e[0].initrds_nr, 2);
	ck_assert_str_eq(e[0].initrds[1], "/boot/initrd.img-6.1.0");
	ck_assert_str_eq(e[0].root, "hd0");
	ck_assert_str_eq(e[2].args, "root=/dev/xvda ro");
	ck_assert_str_eq(e[2].label, "gnulinux-b");
	ck_assert_str_eq(e[3].title, "one");
	ck_assert_str_eq(e[3].kernel, "/c");
	ck_assert_str_eq(e[3].args, "root=/dev/xvda");
	ck_assert_str_eq(e[3].initrds[0], "/i");
	ck_assert(e[4].is_module);
	ck_assert_uint_eq(e[4].last_line - e[4].first_line, 4);
	dw_bootconf_free(bc);
}
END_TEST

START_TEST(changes_debian)
{
	static const struct dw_arg_edit edits[] = {
		{ DW_ARG_SET, "root", "UUID=1b-2c", NULL },
		{ DW_ARG_ADD, "console", "hvc0", NULL },
	};
	struct dw_bootconf *bc = parse(DEBIAN("--hint='hd0'", "hd0",
					      "/dev/xvda", ""));
	size_t i;

	ck_assert_int_eq(dw_bootconf_set_partition(bc, 1, NULL), 0);
	for (i = 0; i < bc->entries_nr; i++)
		ck_assert_int_eq(dw_bootconf_edit_entry(bc, i, edits, 2, NULL),
				 0);
	conf_is(bc, DEBIAN("--hint='hd0'", "hd0,msdos1", "UUID=1b-2c",
			       " console=hvc0"));
	dw_bootconf_free(bc);
}
END_TEST

/* The first change moves the words behind it. */
START_TEST(changes_several_words_of_a_module)
{
	static const struct dw_arg_edit edits[] = {
		{ DW_ARG_SET, "root", "UUID=1b-2c", NULL },
		{ DW_ARG_REPLACE, "resume", "UUID=3d-4e", NULL },
		{ DW_ARG_REMOVE, "quiet", NULL, NULL },
	};
	struct dw_bootconf *bc = parse("menuentry x {\n"
		"multiboot /xen\nmodule /v "
		"root=/dev/disk/by-id/long quiet resume=/dev/sda2 ro\n}\n");

	ck_assert_int_eq(dw_bootconf_edit_entry(bc, 0, edits, 3, NULL), 0);
	conf_is(bc, "menuentry x {\nmultiboot /xen\nmodule /v "
		    "root=UUID=1b-2c "
		    "resume=UUID=3d-4e ro\n}\n");
	dw_bootconf_free(bc);
}
END_TEST

/* Each set root= and what it becomes. */
static const struct {
	const char *before, *after;
} roots[] = {
	{ "set root='(hd0)'\n", "set root='(hd0,msdos1)'\n" },
	{ "set root=(hd0)\n", "set root=(hd0,msdos1)\n" },
	{ "set root=hd0", "set root=hd0,msdos1" },
	{ "\tset root=\"xen/xvda\"\r\n", "\tset root=\"hd0,msdos1\"\r\n" },
	{ "set root='hostdisk//dev/xvda'\n", "set root='hd0,msdos1'\n" },
	{ "set root='(/dev/xvda)'\n", "set root='(hd0,msdos1)'\n" },
	{ "set root='(/dev/xvda,msdos1)'\n",
	  "set root='(/dev/xvda,msdos1)'\n" },
	{ "set root='hd0,msdos1'\n", "set root='hd0,msdos1'\n" },
	{ "set root='hd1'\n", "set root='hd1'\n" },
	{ "set root='lvm/a-b'\n", "set root='lvm/a-b'\n" },
	{ "set root=$x\n", "set root=$x\n" },
	{ "set root=\n", "set root=\n" },
	{ "set root='\n", "set root='\n" },
	{ "set root=(\n", "set root=(\n" },
	{ "menuentry a { set root=hd0; linux (hd0)/v x; set root=hd0; }",
	  "menuentry a { set root=hd0,msdos1; linux (hd0,msdos1)/v x; "
	  "set root=hd0,msdos1; }" },
	{ "# set root=hd0\n", "# set root=hd0\n" },
};

START_TEST(sets_the_partition)
{
	struct dw_bootconf *bc = parse(roots[_i].before);

	ck_assert_int_eq(dw_bootconf_set_partition(bc, 1, NULL), 0);
	conf_is(bc, roots[_i].after);
	dw_bootconf_free(bc);
}
END_TEST

static const struct {
	const char *text;
	long want;
} defaults[] = {
	{ "menuentry a {\n}\n", 0 },
	{ "set default=1\nmenuentry a {\n}\nmenuentry b {\n}\n", 1 },
	{ "set default='b'\nmenuentry a {\n}\nmenuentry b {\n}\n", 1 },
	{ "set default='1>0'\nmenuentry a {\n}\nsubmenu b {\nmenuentry c {\n}"
	  "\n}\n", 1 },
	{ "set default='b>c'\nmenuentry a {\n}\nsubmenu b {\nmenuentry c {\n}"
	  "\n}\n", 1 },
	{ "set default='c'\nmenuentry a {\n}\nsubmenu b {\nmenuentry c {\n}"
	  "\n}\n", -1 },
	{ "set default=\"${saved_entry}\"\nmenuentry a {\n}\n", -1 },
	{ "set default=7\nmenuentry a {\n}\n", -1 },
	{ "submenu a {\nmenuentry b {\n}\n}\n", -1 },
	{ "", -1 },
};

START_TEST(chooses_the_default)
{
	struct dw_bootconf *bc = parse(defaults[_i].text);

	ck_assert_int_eq(bc->default_nr, defaults[_i].want);
	dw_bootconf_free(bc);
}
END_TEST

START_TEST(changes_kernelopts)
{
	static const struct dw_arg_edit edits[] = {
		{ DW_ARG_SET, "root", "LABEL=x", NULL },
		{ DW_ARG_SET, "resume", "LABEL=s", NULL },
	};
	struct dw_bootconf *bc = parse(
		"if [ -z \"${kernelopts}\" ]; then\n"
		"  set kernelopts=\"root=/dev/xvda ro crashkernel=auto \"\n"
		"fi\nset default_kernelopts='ro root=/dev/xvda'\n");

	ck_assert_int_eq(dw_bootconf_edit_defaults(bc, edits, 2, NULL), 0);
	conf_is(bc, "if [ -z \"${kernelopts}\" ]; then\n"
		"  set kernelopts=\"root=LABEL=x ro crashkernel=auto \"\n"
		"fi\nset default_kernelopts='ro root=LABEL=x'\n");
	dw_bootconf_free(bc);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("grubcfg");

	tcase_add_test(tc, reads_debian);
	tcase_add_test(tc, changes_debian);
	tcase_add_test(tc, changes_several_words_of_a_module);
	tcase_add_loop_test(tc, sets_the_partition, 0,
			    sizeof(roots) / sizeof(*roots));
	tcase_add_loop_test(tc, chooses_the_default, 0,
			    sizeof(defaults) / sizeof(*defaults));
	tcase_add_test(tc, changes_kernelopts);
	return dw_test_run("grubcfg", tc);
}
