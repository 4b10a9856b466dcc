/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading, changing and writing menu.lst and grub.conf of GRUB legacy. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/run.h"

static struct dw_bootconf *parse(const char *text)
{
	return conf_parse(DW_BOOTCONF_MENULST, text, strlen(text));
}

/* The shape that Debian's update-grub and pv-grub-menu give it. */
#define DEBIAN(disk, root, kopt, xenkopt, extra) \
	"# menu.lst - See: grub(8), info grub, update-grub(8)\n" \
	"default\t\t1\n" \
	"timeout\t\t5\n" \
	"color cyan/blue white/blue\n" \
	"splashimage=" disk "/boot/grub/caf\xe9.xpm.gz\n" \
	"### BEGIN AUTOMAGIC KERNELS LIST\n" \
	"## e.g. kopt=root=/dev/hda1 ro\n" \
	"##      kopt_2_6_8=root=/dev/hdc1 ro\n" \
	"# kopt=" kopt "\n" \
	"# kopt_2_6_18=" kopt "\n" \
	"## e.g. groot=(hd0,0)\n" \
	"# groot=" disk "\n" \
	"# defoptions=quiet console=hvc0\n" \
	"# xenhopt=\n" \
	"# xenkopt=" xenkopt "\n" \
	"# howmany=all\n" \
	"## ## End Default Options ##\n" \
	"\n" \
	"title\t\tDebian GNU/Linux, kernel 3.2.0-4-amd64\n" \
	"root\t\t" disk "\n" \
	"kernel\t\t/boot/vmlinuz-3.2.0-4-amd64 root=" root \
	" ro quiet  console=hvc0" extra "\n" \
	"initrd\t\t/boot/initrd.img-3.2.0-4-amd64\n" \
	"\n" \
	"title\t\tXen 4.1\n" \
	"root\t\t" disk "\n" \
	"kernel\t\t/boot/xen-4.1.gz root=/dev/keep\n" \
	"module\t\t" disk "/boot/vmlinuz-3.2 root=" root " ro\n" \
	"module\t\t/boot/initrd.img-3.2\n" \
	"### END DEBIAN AUTOMAGIC KERNELS LIST"

START_TEST(changes_debian)
{
	static const struct dw_arg_edit edits[] = {
		{ DW_ARG_SET, "root", "UUID=ab-cd", NULL },
		{ DW_ARG_ADD, "nosmp", NULL, NULL },
	};
	struct dw_bootconf *bc = parse(DEBIAN("(hd0)", "/dev/xvda",
					      "root=/dev/xvda ro",
					      "console=tty0", ""));
	struct dw_changes list = { 0 };
	size_t i;

	ck_assert_uint_eq(bc->entries_nr, 2);
	ck_assert_int_eq(bc->default_nr, 1);
	ck_assert_int_eq(bc->timeout_ds, 50);
	ck_assert_str_eq(bc->entries[0].title,
			 "Debian GNU/Linux, kernel 3.2.0-4-amd64");
	ck_assert_str_eq(bc->entries[0].kernel,
			 "/boot/vmlinuz-3.2.0-4-amd64");
	ck_assert_str_eq(bc->entries[0].args,
			 "root=/dev/xvda ro quiet  console=hvc0");
	ck_assert_str_eq(bc->entries[0].root, "(hd0)");
	ck_assert_uint_eq(bc->entries[0].kernel_line, 21);
	ck_assert(bc->entries[1].is_module);
	ck_assert_int_eq(dw_bootconf_set_partition(bc, 1, NULL), 0);
	ck_assert_int_eq(dw_bootconf_edit_defaults(bc, edits, 1, NULL), 0);
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(dw_bootconf_edit_entry(bc, i, edits, 2, NULL),
				 0);
	conf_is(bc, DEBIAN("(hd0,0)", "UUID=ab-cd", "root=UUID=ab-cd ro",
			       "console=tty0", " nosmp"));
	dw_text_report(bc->text, &list);
	ck_assert_uint_eq(list.nr, 8);
	ck_assert_uint_eq(list.items[1].line_nr, 9);
	ck_assert_str_eq(list.items[1].after, "# kopt=root=UUID=ab-cd ro");
	dw_changes_free(&list);
	dw_bootconf_free(bc);
}
END_TEST

/* RHEL's grub.conf with CR LF, '=' after commands and no last newline. */
START_TEST(changes_rhel)
{
	static const struct dw_arg_edit edit = {
		DW_ARG_REPLACE, "root", "LABEL=r", "/dev/xvda" };
	struct dw_bootconf *bc = parse(
		"default=0\r\ntimeout=5\r\nhiddenmenu\r\n"
		"title CentOS (2.6.18-8.el5xen)\r\n\troot (hd0)\r\n"
		"\tkernel (hd0)/boot/vmlinuz-2.6.18-8.el5xen ro "
		"root=/dev/xvda console=xvc0\r\n"
		"\tinitrd (hd0)/boot/initrd-2.6.18-8.el5xen.img\r\n"
		"title other\r\n\trootnoverify (hd0)\r\n"
		"\tchainloader (hd0)+1");

	ck_assert_uint_eq(bc->entries_nr, 2);
	ck_assert_str_eq(bc->entries[0].title, "CentOS (2.6.18-8.el5xen)");
	ck_assert_str_eq(bc->entries[0].initrds[0],
			 "/boot/initrd-2.6.18-8.el5xen.img");
	ck_assert(bc->entries[1].is_other);
	ck_assert_int_eq(dw_bootconf_set_partition(bc, 2, NULL), 0);
	ck_assert_int_eq(dw_bootconf_edit_entry(bc, 0, &edit, 1, NULL), 0);
	ck_assert_int_eq(dw_bootconf_edit_entry(bc, 1, &edit, 1, NULL), 0);
	ck_assert_int_eq(dw_bootconf_edit_entry(bc, 2, &edit, 1, NULL),
			 DW_USAGE);
	conf_is(bc,
		"default=0\r\ntimeout=5\r\nhiddenmenu\r\n"
		"title CentOS (2.6.18-8.el5xen)\r\n\troot (hd0,1)\r\n"
		"\tkernel (hd0,1)/boot/vmlinuz-2.6.18-8.el5xen ro "
		"root=LABEL=r console=xvc0\r\n"
		"\tinitrd (hd0,1)/boot/initrd-2.6.18-8.el5xen.img\r\n"
		"title other\r\n\trootnoverify (hd0,1)\r\n"
		"\tchainloader (hd0)+1");
	dw_bootconf_free(bc);
}
END_TEST

static const struct {
	const char *text;
	long want;
} defaults[] = {
	{ "title a\nkernel /a\ntitle b\n", 0 },
	{ "default 1\ntitle a\nkernel /a\ntitle b\n", 1 },
	{ "default=1\ntitle a\nkernel /a\ntitle b\n", 1 },
	{ "default 2\ntitle a\nkernel /a\ntitle b\n", -1 },
	{ "default saved\ntitle a\nkernel /a\n", -1 },
	{ "title a\ndefault 1\nkernel /a\ntitle b\n", 0 },
	{ "default 99999999999999999999\ntitle a\n", -1 },
	{ "", -1 },
};

START_TEST(chooses_the_default)
{
	struct dw_bootconf *bc = parse(defaults[_i].text);

	ck_assert_int_eq(bc->default_nr, defaults[_i].want);
	dw_bootconf_free(bc);
}
END_TEST

START_TEST(reads_odd_lines)
{
	struct dw_bootconf *bc = parse(
		"title=Foo bar\nuuid 1234\n"
		"kernel --no-mem-option --type=linux (hd0,0)/v\troot=/dev/xvda "
		"x\ninitrd /a (hd0,0)/b\n");

	ck_assert_str_eq(bc->entries[0].title, "Foo bar");
	ck_assert_str_eq(bc->entries[0].root, "1234");
	ck_assert_str_eq(bc->entries[0].kernel, "/v");
	ck_assert_str_eq(bc->entries[0].args, "root=/dev/xvda x");
	ck_assert_uint_eq(bc->entries[0].initrds_nr, 2);
	ck_assert_str_eq(bc->entries[0].initrds[1], "/b");
	dw_bootconf_free(bc);
}
END_TEST

START_TEST(builds)
{
	static const struct dw_boot_spec_entry entry = {
		NULL, "Debian", "/boot/vmlinuz-6", "/boot/initrd.img-6",
		"root=UUID=a ro",
	};
	struct dw_boot_spec spec = {
		.entries = &entry, .entries_nr = 1, .timeout_ds = 15,
		.serial_port = -1, .grub_root = "(hd0,0)",
	};
	char *data;
	size_t len;

	ck_assert_int_eq(dw_menulst_build(&spec, &data, &len, NULL), 0);
	ck_assert_str_eq(data,
		"default 0\ntimeout 2\n\ntitle Debian\nroot (hd0,0)\n"
		"kernel /boot/vmlinuz-6 root=UUID=a ro\n"
		"initrd /boot/initrd.img-6\n");
	free(data);
	spec.default_nr = 1;
	ck_assert_int_eq(dw_menulst_build(&spec, &data, &len, NULL), DW_USAGE);
}
END_TEST

/* A "ro" for every kernel goes to kopt alone; what stands somewhere already
 * is changed there. */
START_TEST(changes_options_of_debian)
{
	static const struct dw_arg_edit edits[] = {
		{ DW_ARG_ADD, "ro", NULL, NULL },
		{ DW_ARG_REPLACE, "resume", "LABEL=s", NULL },
	};
	struct dw_bootconf *bc = parse(
		"# kopt=root=/dev/sda1 \n#kopt_2_6=root=/dev/sda1 resume=/x\n"
		"# groot=12-34\n# defoptions=quiet resume=/dev/hda5\n"
		"# altoptions=(recovery mode) single resume=/dev/hda5\n"
		"# xenkopt=\n## kopt=resume=/no\n# kopt resume=/no\n");

	ck_assert_int_eq(dw_bootconf_set_partition(bc, 1, NULL), 0);
	ck_assert_int_eq(dw_bootconf_edit_defaults(bc, edits, 2, NULL), 0);
	conf_is(bc,
		"# kopt=root=/dev/sda1 ro \n"
		"#kopt_2_6=root=/dev/sda1 resume=LABEL=s ro\n"
		"# groot=12-34\n# defoptions=quiet resume=LABEL=s\n"
		"# altoptions=(recovery mode) single resume=LABEL=s\n"
		"# xenkopt=\n## kopt=resume=/no\n# kopt resume=/no\n");
	dw_bootconf_free(bc);
}
END_TEST

START_TEST(replaces_a_uuid)
{
	struct dw_bootconf *bc = parse(
		"# kopt=root=UUID=11-22 ro\ntitle a\n"
		"kernel /a root=UUID=11-22 x=11-22\n# 11-2\n");

	ck_assert_int_eq(dw_bootconf_replace(bc, "11-22", "33-44", NULL), 0);
	conf_is(bc, "# kopt=root=UUID=33-44 ro\ntitle a\n"
		    "kernel /a root=UUID=33-44 x=33-44\n# 11-2\n");
	dw_bootconf_free(bc);
}
END_TEST

START_TEST(sets_the_default)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "default\t\t0\ntitle a\n", "default\t\t7\ntitle a\n" },
		{ "default=0\r\ntitle a\r\n", "default=7\r\ntitle a\r\n" },
		{ "default\ntitle a\n", "default 7\ntitle a\n" },
		{ "default 1\ndefault saved\ntitle a\ndefault 2\n",
		  "default 7\ndefault 7\ntitle a\ndefault 2\n" },
		{ "# a\n\ntimeout 3\ntitle a\n",
		  "# a\n\ndefault 7\ntimeout 3\ntitle a\n" },
		{ "title a", "default 7\ntitle a" },
		{ "# a", "# a\ndefault 7\n" }, { "", "default 7\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct dw_bootconf *bc = parse(cases[i].text);

		ck_assert_int_eq(dw_menulst_set_default(bc, 7, NULL), 0);
		conf_is(bc, cases[i].want);
		dw_bootconf_free(bc);
	}
}
END_TEST

START_TEST(adds_an_entry)
{
	struct dw_boot_spec_entry e = {
		.title = "PV", .kernel = "/boot/k", .args = "ro",
	};
	struct dw_bootconf *bc = parse("title a\nkernel /b");

	ck_assert_int_eq(dw_menulst_add_entry(bc, &e, "(hd0)", NULL), 0);
	conf_is(bc, "title a\nkernel /b\n\n"
		"title PV\nroot (hd0)\nkernel /boot/k ro\n");
	e.initrd = "/boot/i";
	ck_assert_int_eq(dw_menulst_add_entry(bc, &e, NULL, NULL), 0);
	ck_assert_int_eq(dw_bootconf_reread(bc, NULL), 0);
	ck_assert_uint_eq(bc->entries_nr, 3);
	ck_assert_str_eq(bc->entries[2].initrds[0], "/boot/i");
	e.kernel = "/boot/two words";
	ck_assert_int_eq(dw_menulst_add_entry(bc, &e, NULL, NULL), DW_USAGE);
	dw_bootconf_free(bc);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("menulst");

	tcase_add_test(tc, changes_debian);
	tcase_add_test(tc, changes_rhel);
	tcase_add_loop_test(tc, chooses_the_default, 0,
			    sizeof(defaults) / sizeof(*defaults));
	tcase_add_test(tc, reads_odd_lines);
	tcase_add_test(tc, builds);
	tcase_add_test(tc, changes_options_of_debian);
	tcase_add_test(tc, replaces_a_uuid);
	tcase_add_test(tc, sets_the_default);
	tcase_add_test(tc, adds_an_entry);
	return dw_test_run("menulst", tc);
}
