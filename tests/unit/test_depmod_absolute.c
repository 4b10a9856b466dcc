/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* modules.dep as module-init-tools before 3.4 wants it: depmod's, with the
 * folder before each path that is below it. */
#include <check.h>
#include <string.h>

#include "base/ctx.h"
#include "kmod/modules.h"
#include "lib/depimg.h"
#include "lib/fsimg.h"
#include "lib/run.h"

static struct dw_ctx *ctx;
static struct dw_err err;
static struct dw_depmod lists;

static void setup(void)
{
	depimg_new();
	depimg_module("kernel/a.ko", &(struct modelf){ .crcs = "a" });
	depimg_module("kernel/b.ko", &(struct modelf){ .crcs = "b",
						       .needs = "a" });
	depimg_module("kernel/c.ko", &(struct modelf){ .needs = "b" });
	depimg_text("modules.order", "kernel/b.ko\n");
	depimg_text("modules.builtin", "kernel/z.ko\n");
}

static void teardown(void)
{
	dw_depmod_free(&lists);
}

static void make_lists(unsigned flags)
{
	struct dw_fs *fs = fsimg_open(ctx, depimg_image(), 0);
	int ret = dw_depmod(ctx, fs, DEPIMG_DIR, flags, &lists, &err);

	dw_fs_close(fs);
	ck_assert_msg(!ret, "%s", err.text);
}

static struct dw_modules *modules_of_image(void)
{
	struct dw_fs *fs = fsimg_open(ctx, depimg_image(), 0);
	struct dw_modules *mods = NULL;
	int ret = dw_modules_open(fs, DEPIMG_VERSION, &mods, &err);

	dw_fs_close(fs);
	ck_assert_msg(!ret, "%s", err.text);
	return mods;
}

START_TEST(absolute_paths)
{
	struct dw_modules *mods;
	const char *out;

	make_lists(DW_DEPMOD_ABSOLUTE);
	for (size_t i = 0; i < lists.files_nr; i++)
		ck_assert_ptr_null(strstr(lists.files[i].name, ".bin"));
	ck_assert(!depimg_theirs(&out));
	mods = modules_of_image();
	ck_assert(!dw_modules_are_absolute(mods));
	dw_modules_free(mods);
	depimg_shell("sed -i -E 's,(^| ),\\1" DEPIMG_DIR "/,g' modules.dep");
	ck_assert(!fsimg_run(&out, "cat %s" DEPIMG_DIR "/modules.dep",
			     fsimg_path("tree")));
	ck_assert_str_eq(depimg_file(&lists, "modules.dep"), out);
	mods = modules_of_image();
	ck_assert(dw_modules_are_absolute(mods));
	dw_modules_free(mods);
}
END_TEST

/* Newer ones have absolute paths too, to what lies in other folders. */
START_TEST(external_modules)
{
	struct dw_modules *mods;

	depimg_module("/opt/n.ko", &(struct modelf){ .needs = "a" });
	depimg_text("/etc/depmod.d/b.conf", "search built-in external\n"
		    "external * /opt\n");
	make_lists(0);
	depimg_text("modules.dep", depimg_file(&lists, "modules.dep"));
	ck_assert_ptr_nonnull(strstr(depimg_file(&lists, "modules.dep"),
				     "/opt/n.ko: kernel/a.ko\n"));
	mods = modules_of_image();
	ck_assert(!dw_modules_are_absolute(mods));
	dw_modules_free(mods);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("depmod-absolute");
	int failed;

	depimg_require_tools();
	dw_ctx_new(&ctx, NULL);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, absolute_paths);
	tcase_add_test(tc, external_modules);
	failed = dw_test_run("depmod-absolute", tc);
	dw_ctx_free(ctx);
	return failed;
}
