/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lists of small trees of modules, each beside what depmod makes of it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "lib/depimg.h"
#include "lib/fsimg.h"
#include "lib/run.h"

static struct dw_ctx *ctx;
static struct dw_depmod lists;

static void setup(void)
{
	depimg_new();
}

static void teardown(void)
{
	dw_depmod_free(&lists);
}

static void has(const char *file, const char *text)
{
	const char *data = depimg_file(&lists, file);

	ck_assert_msg(strstr(data, text) != NULL, "%s has no '%s':\n%s", file,
		      text, data);
}

static void has_not(const char *file, const char *text)
{
	const char *data = depimg_file(&lists, file);

	ck_assert_msg(!strstr(data, text), "%s has '%s':\n%s", file, text,
		      data);
}

/* ---- what modules say ---------------------------------------------------- */

START_TEST(aliases)
{
	static char long_alias[6000] = "alias=";

	memset(long_alias + 6, 'x', 5000);
	depimg_module("kernel/a.ko", &(struct modelf){ .info =
		"license=GPL;alias=usb:v0A[12-4]d*-x;alias=pci:v0000-8086*;"
		"alias=a-[!x-z]b-[9-0];alias=bad[;alias=bad];alias=[];alias=;"
		"alias;alias=usb:v0A[12-4]d*-x;parm=n:alias=none;aliases=no" });
	depimg_module("kernel/b-c.ko", &(struct modelf){ .info =
		"alias=pci:v0000-8086*;alias=pci:v0000;alias=pci;alias=p;"
		"alias=pci:v0000-8087d*;;;;alias=pci:w" });
	depimg_module("kernel/d.ko", &(struct modelf){ .info = long_alias });
	depimg_text("modules.order", "kernel/d.ko\nkernel/a.ko\nkernel/b-c.ko\n");
	depimg_same(ctx, &lists);
	has("modules.alias", "alias usb:v0A[12-4]d*-x a\n");
	has("modules.alias", "alias pci b_c\n");
	ck_assert_uint_eq(lists.damaged.nr, 0);
}
END_TEST

START_TEST(soft_and_weak_dependencies)
{
	static const char info[] = "softdep=pre: b-c post: d;softdep=e;"
				   "weakdep=f;weakdep=g";

	depimg_module("kernel/a.ko", &(struct modelf){ .info = info });
	depimg_same(ctx, &lists);
	has("modules.softdep", "softdep a pre: b-c post: d\nsoftdep a e\n");
	ck_assert_uint_eq(lists.files_nr, 10);
	dw_depmod_free(&lists);
	depimg_text("modules.weakdep", "old");
	depimg_same(ctx, &lists);
	ck_assert_uint_eq(lists.files_nr, 11);
	ck_assert_str_eq(depimg_file(&lists, "modules.weakdep"),
			 "# Weak dependencies extracted from modules "
			 "themselves.\nweakdep a f\nweakdep a g\n");
}
END_TEST

START_TEST(device_nodes)
{
	depimg_module("kernel/a.ko", &(struct modelf){ .info =
		"alias=devname:net/tun;alias=char-major-10-200" });
	depimg_module("kernel/b.ko", &(struct modelf){ .info =
		"alias=block-major-7-*;alias=block-major-7-1;"
		"alias=char-major- 9-+3x;alias=devname:loop-control" });
	depimg_module("kernel/c.ko", &(struct modelf){ .info =
		"alias=devname:one;alias=devname:two" });
	depimg_module("kernel/d.ko", &(struct modelf){ .info =
		"alias=char-major-1-4294967299" });
	depimg_same(ctx, &lists);
	has("modules.devname", "a net/tun c10:200\n");
	has("modules.devname", "b loop-control c9:3\n");
	has_not("modules.devname", "one");
}
END_TEST

START_TEST(nothing_to_say)
{
	depimg_module("kernel/a.ko", &(struct modelf){ .needs = "x" });
	depimg_module("kernel/b.ko", &(struct modelf){ .stripped = true });
	depimg_module("kernel/c.ko", &(struct modelf){ .info = "" });
	depimg_same(ctx, &lists);
	has("modules.dep", "kernel/b.ko:\n");
	ck_assert_uint_eq(lists.damaged.nr, 0);
}
END_TEST

START_TEST(no_modules)
{
	depimg_same(ctx, &lists);
	ck_assert_str_eq(depimg_file(&lists, "modules.dep"), "");
}
END_TEST

START_TEST(no_folder)
{
	struct dw_err err;

	depimg_shell("cd .. && rmdir " DEPIMG_VERSION);
	ck_assert_int_eq(depimg_ours(ctx, &lists, &err), DW_NOENT);
	ck_assert_ptr_null(lists.files);
}
END_TEST

/* depmod lists what it cannot read, and goes on. */
START_TEST(unreadable_modules)
{
	static const char junk[] = "this is no module, and a long one";
	static const char xz[] = "\xfd" "7zXZ\0 and more";
	static const char zstd[] = "\x28\xb5\x2f\xfd 123456";
	struct dw_buf b = { 0 };

	modelf_make(&(struct modelf){ .info = "alias=a", .crcs = "f" }, &b);
	depimg_bytes("kernel/cut.ko", b.data, b.len - 70);
	depimg_bytes("kernel/junk.ko", junk, sizeof(junk));
	depimg_bytes("kernel/packed.ko.xz.ko", xz, sizeof(xz));
	depimg_bytes("kernel/empty.ko", "", 0);
	depimg_bytes("kernel/broken.ko.zst", zstd, sizeof(zstd));
	depimg_module("kernel/good.ko", &(struct modelf){ .needs = "f" });
	dw_buf_free(&b);
	depimg_same(ctx, &lists);
	has("modules.dep", "kernel/good.ko:\n");
	has("modules.dep", "kernel/broken.ko.zst:\n");
	ck_assert_uint_eq(lists.damaged.nr, 5);
	for (size_t i = 0; i < lists.damaged.nr; i++)
		ck_assert_msg(strstr(lists.damaged.items[i], DEPIMG_DIR
				     "/kernel/") != NULL, "%s",
			      lists.damaged.items[i]);
}
END_TEST

/* ---- who needs whom ------------------------------------------------------ */

static const struct modelf shapes[] = {
	{ .is_32 = false, .is_big = false }, { .is_32 = true, .is_big = false },
	{ .is_32 = false, .is_big = true }, { .is_32 = true, .is_big = true },
};

START_TEST(symbols_of_each_shape)
{
	struct modelf m = shapes[_i];

	m.crcs = "a1 a2";
	m.info = "alias=of-a";
	depimg_module("kernel/a.ko", &m);
	m.crcs = NULL;
	m.strings = "b1 b2";
	m.versions = "module_layout a1";
	depimg_module("kernel/b.ko", &m);
	/* Symbols that have CRCs are all that count. */
	m.crcs = "c1";
	m.strings = "c1 c2";
	m.versions = "module_layout";
	m.needs = "printk b2";
	m.weak = "a2 gone";
	depimg_module("kernel/c.ko", &m);
	m.crcs = m.strings = m.weak = NULL;
	m.needs = ".c1 c2";
	depimg_module("kernel/d.ko", &m);
	m.stripped = true;
	m.versions = "c1";
	depimg_module("kernel/e.ko", &m);
	depimg_same(ctx, &lists);
	has("modules.dep", "kernel/b.ko: kernel/a.ko\n");
	has("modules.dep", "kernel/c.ko: kernel/b.ko kernel/a.ko\n");
	has("modules.dep", "kernel/d.ko: kernel/c.ko kernel/b.ko kernel/a.ko\n");
	has("modules.dep", "kernel/e.ko:\n");
	has("modules.symbols", "alias symbol:c1 c\n");
	has_not("modules.symbols", "symbol:c2");
}
END_TEST

START_TEST(last_exporter_owns)
{
	static const struct modelf both = { .crcs = "same other" };

	depimg_module("kernel/a.ko", &both);
	depimg_module("kernel/b.ko", &both);
	depimg_module("kernel/c.ko", &(struct modelf){ .needs = "same" });
	depimg_text("modules.order", "kernel/c.ko\nkernel/b.ko\nkernel/a.ko\n");
	depimg_same(ctx, &lists);
	has("modules.dep", "kernel/c.ko: kernel/a.ko\n");
	has_not("modules.symbols", "symbol:same b");
}
END_TEST

/* gcc 3.3 on SPARC leaves registers among the undefined symbols. */
START_TEST(sparc_registers)
{
	depimg_module("kernel/a.ko", &(struct modelf){ .crcs = "g2" });
	depimg_module("kernel/b.ko", &(struct modelf){
		.needs = "g2", .machine = 43, .need_type = 13 });
	depimg_module("kernel/c.ko", &(struct modelf){
		.needs = "g2", .machine = 43 });
	depimg_same(ctx, &lists);
	has("modules.dep", "kernel/b.ko:\n");
	has("modules.dep", "kernel/c.ko: kernel/a.ko\n");
}
END_TEST

/* Each module needs some of those before it, in no order. */
START_TEST(random_graph)
{
	char path[64], exports[64], needs[512], order[128 * 32] = "";
	unsigned seed = (unsigned)_i + 1;

	for (unsigned i = 0; i < 120; i++) {
		struct modelf m = { .crcs = exports, .needs = needs };
		unsigned n = rand_r(&seed) % 4;

		snprintf(exports, sizeof(exports), "sym_%u_a sym_%u_b", i, i);
		needs[0] = '\0';
		for (unsigned k = 0; i && k < n; k++)
			snprintf(needs + strlen(needs),
				 sizeof(needs) - strlen(needs), " sym_%u_%c",
				 rand_r(&seed) % i, "ab"[k % 2]);
		snprintf(path, sizeof(path), "kernel/%u/mod%u.ko",
			 rand_r(&seed) % 5, i);
		depimg_module(path, &m);
		if (rand_r(&seed) % 4)
			snprintf(order + strlen(order),
				 sizeof(order) - strlen(order), "%s\n", path);
	}
	depimg_text("modules.order", order);
	depimg_same(ctx, &lists);
	has("modules.dep", ".ko: kernel/");
}
END_TEST

START_TEST(cycles)
{
	struct dw_err err;
	const char *out;

	depimg_module("kernel/top.ko", &(struct modelf){ .needs = "a" });
	depimg_module("kernel/a.ko", &(struct modelf){ .crcs = "a",
						       .needs = "b" });
	depimg_module("kernel/b.ko", &(struct modelf){ .crcs = "b",
						       .needs = "low c" });
	depimg_module("kernel/c.ko", &(struct modelf){ .crcs = "c",
						       .needs = "a" });
	depimg_module("kernel/low.ko", &(struct modelf){ .crcs = "low" });
	ck_assert_int_eq(depimg_ours(ctx, &lists, &err), DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "a -> b -> c -> a") ||
		      strstr(err.text, "b -> c -> a -> b") ||
		      strstr(err.text, "c -> a -> b -> c"), "%s", err.text);
	ck_assert_int_ne(depimg_theirs(&out), 0);
	ck_assert_msg(strstr(out, "Cycle detected: ") != NULL, "%s", out);
}
END_TEST

START_TEST(needs_itself)
{
	struct dw_err err;

	depimg_module("kernel/a.ko", &(struct modelf){ .crcs = "a",
						       .needs = "a" });
	ck_assert_int_eq(depimg_ours(ctx, &lists, &err), DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "a -> a") != NULL, "%s", err.text);
	ck_assert_int_ne(depimg_theirs(NULL), 0);
}
END_TEST

/* ---- what is built in ---------------------------------------------------- */

START_TEST(lists_of_built_in_modules)
{
	static const char modinfo[] =
		"ext-4.license=GPL\0ext-4.alias=fs-ext4\0ext-4.alias=bad[\0"
		"no dot\0a.b=c\0.alias=x\0a.alias=\0a.noequals\0a.alias=lost\0"
		"b.alias=usb:[0-9]-x\0b.alias=usb:[0-9]-x\0a.alias=cut";

	depimg_text("modules.builtin", "kernel/fs/ext4/ext-4.ko\n"
		    "kernel/lib/a.ko\nno_path\n9digit.ko\n\n/abs/x.ko\n"
		    "kernel/lib/a.ko\nends/in/\nlast/one.ko.gz");
	depimg_bytes("modules.builtin.modinfo", modinfo, sizeof(modinfo) - 1);
	depimg_same(ctx, &lists);
	ck_assert_uint_gt(lists.files_nr, 9);
}
END_TEST

START_TEST(long_lines_of_built_in_modules)
{
	char text[9000];
	size_t len = 4090 + (size_t)_i;

	memset(text, 'x', len);
	strcpy(text + len, ".ko\nkernel/y.ko\n");
	depimg_text("modules.builtin", text);
	depimg_same(ctx, &lists);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("depmod");
	int failed;

	depimg_require_tools();
	dw_ctx_new(&ctx, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, aliases);
	tcase_add_test(tc, soft_and_weak_dependencies);
	tcase_add_test(tc, device_nodes);
	tcase_add_test(tc, nothing_to_say);
	tcase_add_test(tc, no_modules);
	tcase_add_test(tc, no_folder);
	tcase_add_test(tc, unreadable_modules);
	tcase_add_loop_test(tc, symbols_of_each_shape, 0, 4);
	tcase_add_test(tc, last_exporter_owns);
	tcase_add_test(tc, sparc_registers);
	tcase_add_loop_test(tc, random_graph, 0, 3);
	tcase_add_test(tc, cycles);
	tcase_add_test(tc, needs_itself);
	tcase_add_test(tc, lists_of_built_in_modules);
	tcase_add_loop_test(tc, long_lines_of_built_in_modules, 0, 8);
	failed = dw_test_run("depmod", tc);
	dw_ctx_free(ctx);
	return failed;
}
