/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which modules of a tree are taken, and in which order, beside depmod. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "dev/kinds.h"
#include "lib/depimg.h"
#include "lib/fsimg.h"
#include "lib/run.h"

static struct dw_ctx *ctx;
static struct dw_depmod lists;

static const struct modelf plain = { .info = "license=GPL" };

static void setup(void)
{
	depimg_new();
}

static void teardown(void)
{
	dw_depmod_free(&lists);
}

static void add(const char *path)
{
	depimg_module(path, &plain);
}

/* The paths in modules.dep, with a blank behind each. */
static void listed(const char *want)
{
	const char *dep = depimg_file(&lists, "modules.dep");
	char got[4096] = "";

	while (*dep) {
		size_t len = strcspn(dep, ":\n");

		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s ",
			 (int)len, dep);
		dep += strcspn(dep, "\n") + 1;
	}
	ck_assert_str_eq(got, want);
}

static bool has(const char *path)
{
	char line[512];

	snprintf(line, sizeof(line), "%s:", path);
	return strstr(depimg_file(&lists, "modules.dep"), line) != NULL;
}

/* ---- modules.order ------------------------------------------------------- */

/* What each text makes of a to f, of which depmod has hashed order. */
static const struct {
	const char *text;
	size_t len;		/* 0: of the text */
} orders[] = {
	{ "kernel/c.ko\nkernel/a.ko\nkernel/b.ko\n", 0 },
	{ "kernel/c.ko\nkernel/a.ko\nkernel/c.ko\n", 0 },
	{ "kernel/c.ko\nkernel/a.ko", 0 },
	{ "\nkernel/c.ko\n\n\nkernel/none.ko\nkernel/a.ko\n", 0 },
	{ "kernel/c.ko\r\nkernel/b.ko\n", 0 },
	{ "kernel/c.ko\nker\0el/d.ko\nkernel/a.ko\n", 37 },
	{ "kernel/c.ko\n\0kernel/d.ko\nkernel/a.ko\n", 37 },
	{ "kernel/f.ko\nkernel/e_e.ko\nkernel/e-e.ko\n", 0 },
	{ "kernel/f.ko.xz\nkernel/b\nb.ko\n", 0 },
	{ "", 0 },
};

static void add_six(void)
{
	add("kernel/a.ko");
	add("kernel/b.ko");
	add("kernel/c.ko");
	add("kernel/d.ko");
	add("kernel/e-e.ko");
	add("kernel/f.ko");
	depimg_shell("xz --check=crc32 kernel/f.ko");
}

START_TEST(order_of_a_list)
{
	add_six();
	depimg_bytes("modules.order", orders[_i].text, orders[_i].len ?
		     orders[_i].len : strlen(orders[_i].text));
	depimg_same(ctx, &lists);
	if (_i == 0)
		ck_assert(!strncmp(depimg_file(&lists, "modules.dep"),
				   "kernel/c.ko:\nkernel/a.ko:\n", 26));
}
END_TEST

/* kmod reads 4095 bytes of a line. */
START_TEST(order_with_long_lines)
{
	char text[6000] = "kernel/f.ko\n";
	size_t len = 4090 + (size_t)_i;

	add_six();
	memset(text + 12, 'x', len);
	strcpy(text + 12 + len, "\nkernel/a.ko\n");
	depimg_text("modules.order", text);
	depimg_same(ctx, &lists);
}
END_TEST

/* ---- names --------------------------------------------------------------- */

START_TEST(names_of_files)
{
	add("kernel/with-dash_and.ko");
	add("kernel/two.dots.ko");
	add("kernel/.hidden/x.ko");
	add("kernel/.ko");
	add("kernel/upper.KO");
	add("kernel/object.o");
	add("kernel/.start.ko");
	add("top.ko");
	add("build/no.ko");
	add("kernel/source/no2.ko");
	add("kernel/sources/yes.ko");
	depimg_text("modules.order", "kernel/two.do\nkernel/with-dash_and.ko\n"
		    "kernel/two.dots.ko\ntop.ko\n");
	depimg_same(ctx, &lists);
	ck_assert(has("kernel/.hidden/x.ko") && has("kernel/sources/yes.ko"));
	ck_assert(!has("build/no.ko") && !has("kernel/object.o"));
}
END_TEST

/* A name that the 7 bits of an index cannot hold is only in the texts; depmod
 * has no answer to it. */
START_TEST(names_beyond_ascii)
{
	struct dw_err err;

	add("kernel/a.ko");
	add("kernel/\xc3\xa9.ko");
	depimg_module("kernel/b.ko", &(struct modelf){ .info = "alias=\xc3" });
	ck_assert_int_eq(depimg_ours(ctx, &lists, &err), 0);
	ck_assert(has("kernel/\xc3\xa9.ko"));
	ck_assert_ptr_nonnull(strstr(depimg_file(&lists, "modules.alias"),
				     "alias \xc3 b\n"));
}
END_TEST

START_TEST(links)
{
	add("kernel/a.ko");
	add("/outside/linked.ko");
	depimg_shell("mkdir extra && ln -s ../../../../outside/linked.ko extra &&"
		     " ln -s ../../../../outside extra/folder && "
		     "ln -s nowhere extra/dangling.ko && "
		     "ln -s .. extra/up && ln -s . kernel/loop && "
		     "ln -s loop2 extra/loop1 && ln -s loop1 extra/loop2 && "
		     "mkfifo extra/fifo.ko");
	depimg_text("/etc/depmod.d/x.conf", "exclude folder up loop\n");
	depimg_same(ctx, &lists);
	ck_assert(has("extra/linked.ko"));
	/* depmod goes round until a path is too long, and finds the same. */
	depimg_shell("rm ../../../etc/depmod.d/x.conf && rm extra/linked.ko");
	dw_depmod_free(&lists);
	ck_assert_int_eq(depimg_ours(ctx, &lists, NULL), 0);
	ck_assert(has("extra/folder/linked.ko") && has("kernel/a.ko"));
}
END_TEST

/* ---- depmod.d ------------------------------------------------------------ */

#define THREE "search updates extra kernel\n"

/* No two files have the same rank: of those depmod takes what the directory
 * has first. */
static const struct {
	const char *conf, *want;
} two[] = {
	{ "", "updates/m.ko " },
	{ "search built-in updates", "kernel/m.ko " },
	{ "search updates built-in", "updates/m.ko " },
	{ "search updates", "updates/m.ko " },
	{ "exclude updates", "kernel/m.ko " },
	{ "search updates external built-in\n"
	  "external * /lib/modules/none", "updates/m.ko " },
}, three[] = {
	{ "search updates extra built-in", "updates/m.ko " },
	{ "search extra updates built-in", "extra/m.ko " },
	{ "search extra\nsearch built-in\nsearch updates", "extra/m.ko " },
	{ "#search kernel\n\n \nsearch \\\n  extra \\\n updates built-in\n",
	  "extra/m.ko " },
	{ THREE "override m * kernel", "kernel/m.ko " },
	{ THREE "override m ^6\\\\.1 kernel", "kernel/m.ko " },
	{ THREE "override m ^5 kernel", "updates/m.ko " },
	{ THREE "override m [ kernel", "updates/m.ko " },
	{ THREE "override m * ker", "updates/m.ko " },
	{ THREE "override m *", "updates/m.ko " },
	{ THREE "override n * kernel", "updates/m.ko " },
	{ "exclude updates extra", "kernel/m.ko " },
	{ "search extra updates built-in \r\nexclude extra", "updates/m.ko " },
	{ "include x\nsearch\nmake_map_files no\nsearch kernel extra updates",
	  "kernel/m.ko " },
	{ "search\textra\tupdates\tkernel", "extra/m.ko " },
	{ "search extra updates kernel\\", "extra/m.ko " },
};

START_TEST(search_among_two)
{
	add("kernel/m.ko");
	add("updates/m.ko");
	depimg_text("/etc/depmod.d/test.conf", two[_i].conf);
	depimg_same(ctx, &lists);
	listed(two[_i].want);
}
END_TEST

START_TEST(search_among_three)
{
	add("kernel/m.ko");
	add("updates/m.ko");
	add("extra/m.ko");
	depimg_text("/etc/depmod.d/test.conf", three[_i].conf);
	depimg_same(ctx, &lists);
	listed(three[_i].want);
}
END_TEST

/* A file of one name counts in the first folder only; others by their names. */
START_TEST(configurations)
{
	add("kernel/m.ko");
	add("updates/m.ko");
	add("extra/m.ko");
	depimg_text("/etc/depmod.d/b.conf", "search updates");
	depimg_text("/run/depmod.d/b.conf", "search kernel");
	depimg_text("/usr/lib/depmod.d/z.conf", "search extra");
	depimg_text("/usr/lib/depmod.d/.a.conf", "search extra");
	depimg_text("/usr/lib/depmod.d/a", "search extra");
	ck_assert_int_eq(depimg_ours(ctx, &lists, NULL), 0);
	listed("updates/m.ko ");
	dw_depmod_free(&lists);
	depimg_text("/usr/lib/depmod.d/a.conf", "search extra");
	ck_assert_int_eq(depimg_ours(ctx, &lists, NULL), 0);
	listed("extra/m.ko ");
}
END_TEST

START_TEST(external_folders)
{
	add("kernel/m.ko");
	add("/opt/drivers/m.ko");
	add("/opt/drivers/n.ko");
	add("/opt/drivers/sub/o.ko");
	depimg_text("/etc/depmod.d/b.conf", "search external built-in\n"
		    "external ^6 /opt/drivers\nexternal ^6 /opt/none\n"
		    "external ^6 relative\nexternal ^5 /etc\n");
	ck_assert_int_eq(depimg_ours(ctx, &lists, NULL), 0);
	ck_assert(has("/opt/drivers/m.ko") && has("/opt/drivers/n.ko") &&
		  has("/opt/drivers/sub/o.ko") && !has("kernel/m.ko"));
	dw_depmod_free(&lists);
	depimg_text("/etc/depmod.d/b.conf", "search built-in external\n"
		    "external * /opt/drivers\n");
	ck_assert_int_eq(depimg_ours(ctx, &lists, NULL), 0);
	ck_assert(has("kernel/m.ko") && has("/opt/drivers/n.ko"));
}
END_TEST

static const char *const refused[] = {
	"override m 6{1,1000} kernel", "external (^|$|())* /opt",
};

START_TEST(patterns_that_are_refused)
{
	struct dw_err err;

	depimg_text("/etc/depmod.d/b.conf", refused[_i]);
	ck_assert_int_eq(depimg_ours(ctx, &lists, &err), DW_UNSUPPORTED);
	ck_assert_msg(strstr(err.text, "/etc/depmod.d/b.conf") != NULL, "%s",
		      err.text);
}
END_TEST

/* ---- the image fails ----------------------------------------------------- */

static int run_faulty(struct dw_fault *fault, struct dw_err *err)
{
	struct dw_dev *file = NULL, *dev = NULL;
	struct dw_fs *fs = NULL;
	int ret;

	ret = dw_file_open(ctx, fsimg_path("img"), 0, &file, err);
	ck_assert_int_eq(ret, 0);
	ck_assert_int_eq(dw_fault_new(file, fault, &dev, err), 0);
	ret = dw_fs_open(ctx, dev, 0, &fs, err);
	if (!ret)
		ret = dw_depmod(ctx, fs, DEPIMG_DIR, 0, &lists, err);
	dw_fs_close(fs);
	dw_dev_close(dev, NULL);
	dw_dev_close(file, NULL);
	return ret;
}

/* Whichever read fails: nothing is written from what is left. */
START_TEST(reads_that_fail)
{
	struct dw_fault fault = { 0 };
	uint64_t reads_nr, failed_nr = 0;
	struct dw_err err;

	add_six();
	depimg_module("kernel/g.ko", &(struct modelf){ .crcs = "g" });
	depimg_module("kernel/h.ko", &(struct modelf){ .needs = "g" });
	depimg_text("modules.order", "kernel/g.ko\n");
	depimg_text("modules.builtin", "kernel/z.ko\n");
	depimg_text("/etc/depmod.d/b.conf", "search updates\n");
	depimg_image();
	ck_assert_int_eq(run_faulty(&fault, &err), 0);
	reads_nr = fault.reads_nr;
	ck_assert_uint_gt(reads_nr, 5);
	dw_depmod_free(&lists);
	for (uint64_t i = 1; i <= reads_nr; i++) {
		struct dw_fault f = { .fail_read_at = i, .sticky = true };
		int ret = run_faulty(&f, &err);

		failed_nr += ret == DW_IO;
		ck_assert_msg(ret == DW_IO || !ret, "read %d: %d %s", (int)i,
			      ret, err.text);
		if (ret)
			ck_assert_uint_eq(lists.files_nr, 0);
		dw_depmod_free(&lists);
	}
	ck_assert_uint_ge(failed_nr, reads_nr - 1);
}
END_TEST

START_TEST(cancelled)
{
	struct dw_ctx *other;

	add_six();
	ck_assert_int_eq(dw_ctx_new(&other, NULL), 0);
	dw_ctx_cancel(other);
	ck_assert_int_eq(depimg_ours(other, &lists, NULL), DW_CANCELLED);
	dw_ctx_free(other);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("depmod-tree");
	int failed;

	depimg_require_tools();
	dw_ctx_new(&ctx, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, order_of_a_list, 0,
			    sizeof(orders) / sizeof(orders[0]));
	tcase_add_loop_test(tc, order_with_long_lines, 0, 8);
	tcase_add_test(tc, names_of_files);
	tcase_add_test(tc, names_beyond_ascii);
	tcase_add_test(tc, links);
	tcase_add_loop_test(tc, search_among_two, 0,
			    sizeof(two) / sizeof(two[0]));
	tcase_add_loop_test(tc, search_among_three, 0,
			    sizeof(three) / sizeof(three[0]));
	tcase_add_test(tc, configurations);
	tcase_add_test(tc, external_folders);
	tcase_add_loop_test(tc, patterns_that_are_refused, 0, 2);
	tcase_add_test(tc, reads_that_fail);
	tcase_add_test(tc, cancelled);
	failed = dw_test_run("depmod-tree", tc);
	dw_ctx_free(ctx);
	return failed;
}
