/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device names in files other than fstab; releases. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "guest/devnames.h"
#include "guest/release.h"
#include "lib/run.h"

#define UUID "1b4e28ba-2fa1-11d2-883f-0016d3cca427"

typedef int (*edit_fn)(const char *text, size_t len,
		       const struct dw_names *names, struct dw_buf *out,
		       struct dw_changes *changes, struct dw_err *err);

static struct dw_names names;
static struct dw_buf out;
static struct dw_changes changes;

static void setup(void)
{
	dw_names_init(&names, UUID, "", NULL);
	dw_names_add(&names, dw_span_of("/dev/xvda1"));
}

static void teardown(void)
{
	dw_buf_free(&out);
	dw_changes_free(&changes);
}

static void edit(edit_fn fn, const char *text, const char *want)
{
	teardown();
	ck_assert_int_eq(fn(text, strlen(text), &names, &out, &changes, NULL),
			 0);
	ck_assert_str_eq(out.data ? out.data : "", want);
}

START_TEST(default_grub)
{
	edit(dw_args_edit,
	     "GRUB_CMDLINE_LINUX=\"root=/dev/xvda1 ro resume=/dev/xvda2\"\n"
	     "# root=/dev/xvda1\nGRUB_CMDLINE_LINUX_XEN='console=hvc0 "
	     "root=/dev/sda1'\nGRUB_X=xroot=/dev/xvda1\n",
	     "GRUB_CMDLINE_LINUX=\"root=UUID=" UUID " ro resume=/dev/xvda2\"\n"
	     "# root=/dev/xvda1\nGRUB_CMDLINE_LINUX_XEN='console=hvc0 "
	     "root=UUID=" UUID "'\nGRUB_X=xroot=/dev/xvda1\n");
	ck_assert_uint_eq(changes.nr, 3);	/* two, and a remark */
	edit(dw_args_edit, "boot=/dev/xvda1\nforcelba=0\nboot=/dev/xvda\n",
	     "boot=/dev/xvda\nforcelba=0\nboot=/dev/xvda\n");
	names.unpartitioned = true;
	edit(dw_args_edit, "boot=/dev/xvda1\n", "boot=/dev/xvda1\n");
	edit(dw_args_edit, "root=", "root=");
}
END_TEST

START_TEST(resume)
{
	static const char other[] = "RESUME=/dev/xvda2\n";
	static const char none[] = "RESUME=none\n";

	edit(dw_resume_edit, other, other);
	ck_assert_uint_eq(changes.nr, 1);
	edit(dw_resume_edit, "RESUME=\"/dev/xvda1\" # x\n",
	     "RESUME=\"UUID=" UUID "\" # x\n");
	edit(dw_resume_edit, none, none);
	ck_assert_uint_eq(changes.nr, 0);
	ck_assert(dw_resume_waits(other, sizeof(other) - 1, &names));
	ck_assert(!dw_resume_waits(none, sizeof(none) - 1, &names));
	dw_names_add_part(&names, 2, "22");
	edit(dw_resume_edit, other, "RESUME=UUID=22\n");
	ck_assert(!dw_resume_waits(other, sizeof(other) - 1, &names));
}
END_TEST

START_TEST(crypttab)
{
	edit(dw_crypttab_edit,
	     "# name dev\ncswap /dev/xvdb1 /dev/urandom swap,cipher=aes\n"
	     "data UUID=00-1 none\nx /dev/xvdc\ny /file key\n"
	     "z /dev/xvdd none noauto\n",
	     "# name dev\ncswap /dev/xvdb1 /dev/urandom "
	     "swap,cipher=aes,noauto\ndata UUID=00-1 none noauto\n"
	     "x /dev/xvdc none noauto\ny /file key\n"
	     "z /dev/xvdd none noauto\n");
	names.systemd = true;
	edit(dw_crypttab_edit, "x /dev/xvdc -", "x /dev/xvdc - nofail");
}
END_TEST

START_TEST(device_map)
{
	edit(dw_device_map_edit,
	     "(hd0)\t/dev/xvda1\n(hd1) /dev/xvdb1 \n(fd0) /dev/fd0\njunk\n",
	     "(hd0)\t/dev/xvda\n(hd1) /dev/xvdb1 \n(fd0) /dev/fd0\njunk\n");
	ck_assert_uint_eq(changes.nr, 1);
}
END_TEST

START_TEST(root_names)
{
	static const struct {
		const char *name;
		bool root, device;
	} cases[] = {
		{ "/dev/xvda1", true, true }, { "/dev/hda1", true, true },
		{ "/dev/vda1", true, true }, { "/dev/xvda", false, true },
		{ "/dev/xvda11", false, true }, { "/dev/xvdb1", false, true },
		{ "UUID=" UUID, true, true }, { "UUID=x", false, true },
		{ "\"UUID=" UUID "\"", true, true },
		{ "/dev/disk/by-uuid/" UUID, true, true },
		{ "LABEL=", false, true }, { "", false, false },
		{ "/dev/", false, false }, { "/dev/shm", false, false },
		{ "/swapfile", false, false }, { "tmpfs", false, false },
		{ "/dev/mapper/vg-lv", false, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct dw_span s = dw_span_of(cases[i].name);

		ck_assert_msg(dw_names_is_root(&names, s) == cases[i].root,
			      "%s", cases[i].name);
		ck_assert_msg(dw_name_is_device(s) == cases[i].device, "%s",
			      cases[i].name);
	}
	ck_assert_uint_eq(names.devices_nr, 1);
	dw_names_add(&names, dw_span_of("/dev/sda1"));
	dw_names_add(&names, dw_span_of("LABEL=x"));
	ck_assert_uint_eq(names.devices_nr, 1);
	for (int i = 0; i < 20; i++) {
		char dev[] = "/dev/xxxA";

		dev[8] = (char)('A' + i);
		dw_names_add(&names, dw_span_of(dev));
	}
	ck_assert_uint_eq(names.devices_nr, DW_NAMES_NR);
}
END_TEST

START_TEST(releases)
{
	static const struct {
		const char *file, *text;
		enum dw_distro distro;
		unsigned major, minor;
		bool old_mount;
	} cases[] = {
		{ "os-release", "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n"
		  "ID=debian\n", DW_DISTRO_DEBIAN, 12, 0, false },
		{ "os-release", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"
		  "VERSION_ID=\"9.4\"\n", DW_DISTRO_RHEL, 9, 4, false },
		{ "os-release", "ID=foo\nID_LIKE=\"bar ubuntu\"\n",
		  DW_DISTRO_UBUNTU, 0, 0, false },
		{ "os-release", "ID=alpine\nVERSION_ID=3.20.1\n",
		  DW_DISTRO_ALPINE, 3, 20, false },
		{ "os-release", "ID=arch\n", DW_DISTRO_ARCH, 0, 0, false },
		{ "debian_version", "4.0\n", DW_DISTRO_DEBIAN, 4, 0, true },
		{ "debian_version", "5.0.10\n", DW_DISTRO_DEBIAN, 5, 0, true },
		{ "debian_version", "6.0.10\n", DW_DISTRO_DEBIAN, 6, 0, false },
		{ "debian_version", "squeeze/sid\n", DW_DISTRO_DEBIAN, 6, 0,
		  false },
		{ "redhat-release", "Red Hat Enterprise Linux AS release 4 "
		  "(Nahant Update 8)\n", DW_DISTRO_RHEL, 4, 0, true },
		{ "redhat-release", "CentOS release 5.11 (Final)\n",
		  DW_DISTRO_RHEL, 5, 11, true },
		{ "redhat-release", "CentOS release 6.10 (Final)\n",
		  DW_DISTRO_RHEL, 6, 10, false },
		{ "redhat-release", "Fedora Core release 6 (Zod)\n",
		  DW_DISTRO_FEDORA, 6, 0, true },
		{ "SuSE-release", "SUSE Linux Enterprise Server 10 (x86_64)\n"
		  "VERSION = 10\nPATCHLEVEL = 4\n", DW_DISTRO_SLES, 10, 4,
		  true },
		{ "SuSE-release", "SUSE Linux Enterprise Server 11 (x86_64)\n"
		  "VERSION = 11\nPATCHLEVEL = 3\n", DW_DISTRO_SLES, 11, 3,
		  false },
		{ "lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=8.04\n",
		  DW_DISTRO_UBUNTU, 8, 4, true },
		{ "lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\n",
		  DW_DISTRO_UBUNTU, 14, 4, false },
		{ "alpine-release", "3.4.6\n", DW_DISTRO_ALPINE, 3, 4, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct dw_release r = { 0 };

		ck_assert(dw_release_parse(cases[i].file, cases[i].text,
					   strlen(cases[i].text), &r));
		ck_assert_int_eq(r.distro, cases[i].distro);
		ck_assert_uint_eq(r.major, cases[i].major);
		ck_assert_uint_eq(r.minor, cases[i].minor);
		ck_assert_int_eq(dw_release_has_old_mount(&r),
				 cases[i].old_mount);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("guest_names");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, default_grub);
	tcase_add_test(tc, resume);
	tcase_add_test(tc, crypttab);
	tcase_add_test(tc, device_map);
	tcase_add_test(tc, root_names);
	tcase_add_test(tc, releases);
	return dw_test_run("guest_names", tc);
}
