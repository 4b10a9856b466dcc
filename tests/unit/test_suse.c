/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scripts in initrds of SLES 10 and 11, and /etc/sysconfig/kernel:
 * tests/images/initrd has NAME, and NAME.edited as it has to become. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initrd/suse.h"
#include "lib/run.h"

#define LIST "RESOLVED_INITRD_MODULES"

static struct dw_module_list virtio;
static struct dw_buf out;
static struct dw_changes changes;
static struct dw_err err;

static void setup(void)
{
	ck_assert_int_eq(dw_module_list_add(&virtio, "virtio_pci", NULL), 0);
	ck_assert_int_eq(dw_module_list_add(&virtio, "virtio_blk", NULL), 0);
}

static void clear(void)
{
	dw_buf_free(&out);
	dw_changes_free(&changes);
}

static void teardown(void)
{
	clear();
	dw_module_list_free(&virtio);
}

static void edit(dw_edit_fn fn, const void *arg, const char *text,
		 const char *expect, bool changed)
{
	clear();
	ck_assert_int_eq(fn(text, strlen(text), arg, &out, &changes, &err), 0);
	ck_assert_str_eq(out.data ? out.data : "", expect);
	ck_assert_int_eq(dw_changes_any(&changes), changed);
}

/* Done twice it is done once. */
static void edit_twice(dw_edit_fn fn, const void *arg, const char *text,
		       const char *expect)
{
	edit(fn, arg, text, expect, true);
	edit(fn, arg, expect, expect, false);
}

static char *load(const char *name)
{
	char path[200], *text = calloc(1, 65536);
	FILE *f;

	snprintf(path, sizeof(path), "tests/images/initrd/%s", name);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	ck_assert(fread(text, 1, 65535, f) > 0);
	fclose(f);
	return text;
}

static const char *const lists[] = {
	"sles-11.run_all", "sles-11-empty.run_all", "sles-11.start",
};

static void golden(const char *name, dw_edit_fn fn, const void *arg)
{
	char edited[60], *text = load(name), *expect;

	snprintf(edited, sizeof(edited), "%s.edited", name);
	expect = load(edited);
	edit_twice(fn, arg, text, expect);
	free(text);
	free(expect);
}

START_TEST(golden_list)
{
	const struct dw_suse_list list = { LIST, &virtio, true };

	golden(lists[_i], dw_suse_list_edit, &list);
}
END_TEST

START_TEST(golden_init)
{
	char *text = load("sles-10.init");

	ck_assert_int_eq(dw_suse_kind(text, strlen(text)), DW_SUSE_SCRIPT);
	golden("sles-10.init", dw_suse_init_edit, &virtio);
	free(text);
}
END_TEST

START_TEST(kinds)
{
	static const char steps[] = "#!/bin/bash\nsource run_all.sh\n";

	ck_assert_int_eq(dw_suse_kind(steps, strlen(steps)), DW_SUSE_STEPS);
	ck_assert_int_eq(dw_suse_kind("#!/bin/sh\n", 10), DW_SUSE_NONE);
	ck_assert_int_eq(dw_suse_kind("", 0), DW_SUSE_NONE);
}
END_TEST

START_TEST(sysconfig)
{
	const struct dw_suse_list list = { "INITRD_MODULES", &virtio, false };
	static const struct {
		const char *before, *after;
	} texts[] = {
		{ "INITRD_MODULES=\"processor ext3\"\n"
		  "DOMU_INITRD_MODULES=\"xennet xenblk\"\n",
		  "INITRD_MODULES=\"virtio_pci virtio_blk processor ext3\"\n"
		  "DOMU_INITRD_MODULES=\"xennet xenblk\"\n" },
		{ "INITRD_MODULES=\"\"", "INITRD_MODULES=\"virtio_pci "
		  "virtio_blk\"" },
		{ "INITRD_MODULES=''  # none\r\n", "INITRD_MODULES='virtio_pci "
		  "virtio_blk'  # none\r\n" },
		{ "INITRD_MODULES=ext3\nA=b\n", "INITRD_MODULES=\"virtio_pci "
		  "virtio_blk ext3\"\nA=b\n" },
		{ "INITRD_MODULES=ata_piix # boot disk\nA=b\n",
		  "INITRD_MODULES=\"virtio_pci virtio_blk ata_piix\" # boot "
		  "disk\nA=b\n" },
		{ "INITRD_MODULES=a; export INITRD_MODULES\n",
		  "INITRD_MODULES=\"virtio_pci virtio_blk a\"; export "
		  "INITRD_MODULES\n" },
		{ "INITRD_MODULES=\n", "INITRD_MODULES=\"virtio_pci "
		  "virtio_blk\"\n" },
		{ "INITRD_MODULES=\"a \\\n virtio-blk\"\n",
		  "INITRD_MODULES=\"virtio_pci a \\\n virtio-blk\"\n" },
		{ "INITRD_MODULES=\"a\"\nINITRD_MODULES=\"b\"\n",
		  "INITRD_MODULES=\"a\"\nINITRD_MODULES=\"virtio_pci "
		  "virtio_blk b\"\n" },
		{ "A=b", "A=b\nINITRD_MODULES=\"virtio_pci virtio_blk\"\n" },
		{ "DOMU_INITRD_MODULES=\"virtio_pci virtio_blk\"\n"
		  "# INITRD_MODULES=\"virtio_pci\"\n",
		  "DOMU_INITRD_MODULES=\"virtio_pci virtio_blk\"\n"
		  "# INITRD_MODULES=\"virtio_pci\"\n"
		  "INITRD_MODULES=\"virtio_pci virtio_blk\"\n" },
		{ "", "INITRD_MODULES=\"virtio_pci virtio_blk\"\n" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		edit_twice(dw_suse_list_edit, &list, texts[i].before,
			   texts[i].after);
	edit(dw_suse_list_edit, &list,
	     "INITRD_MODULES=\"virtio-blk virtio_pci\"\n",
	     "INITRD_MODULES=\"virtio-blk virtio_pci\"\n", false);
}
END_TEST

START_TEST(refused)
{
	static const char *const texts[] = {
		"", "#!/bin/bash\n", "  modprobe x\nudev_discover_root() {\n",
		"unset udev_discover_root\n#modprobe x\nmodprobe -q\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		clear();
		ck_assert_int_eq(dw_suse_init_edit(texts[i], strlen(texts[i]),
						   &virtio, &out, &changes,
						   &err), DW_UNSUPPORTED);
	}
}
END_TEST

/* As long as any text that is read, zeros and endless lines included. */
START_TEST(hostile)
{
	static const char *const fill[] = {
		"x", "\n", LIST "='", "[ || " LIST "=", "$" LIST "\n", " ",
		"modprobe ", "modprobe a\n", LIST "=\n", "\\\n", "",
	};
	const struct dw_suse_list list = { LIST, &virtio, true };
	size_t len = 256 << 10;
	char *text = malloc(len);

	for (size_t i = 0; i < sizeof(fill) / sizeof(*fill); i++) {
		size_t n = strlen(fill[i]) + !fill[i][0], first;

		for (size_t at = 0; at < len; at++)
			text[at] = fill[i][at % n];
		clear();
		ck_assert_int_eq(dw_suse_list_edit(text, len, &list, &out,
						   &changes, &err), 0);
		first = out.len;
		ck_assert_uint_ge(first, len);
		clear();
		dw_suse_init_edit(text, len, &virtio, &out, &changes, &err);
	}
	free(text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("suse");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, golden_list, 0, 3);
	tcase_add_test(tc, golden_init);
	tcase_add_test(tc, kinds);
	tcase_add_test(tc, sysconfig);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, hostile);
	return dw_test_run("suse", tc);
}
