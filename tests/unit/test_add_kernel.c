/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* add-kernel: a crash or a failed write in the middle leaves a guest with the
 * old kernel or with both. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/add_kernel.h"
#include "lib/fsimg.h"
#include "lib/guestimg.h"
#include "lib/pkgimg.h"
#include "lib/record.h"
#include "lib/run.h"

#define NEW "6.1.1-test"
#define KERNEL_LEN 16384
#define DOC_LEN 300000

static struct dw_err err;
static struct dw_ctx *ctx;
static char image[300], base[320];
static char kernel[KERNEL_LEN], doc[DOC_LEN];

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)

/* The guest's own kernel, under another version. */
static void read_kernel(void)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/boot/vmlinuz-6.1.0-test",
		 fsimg_path("root"));
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(kernel, 1, KERNEL_LEN, f), KERNEL_LEN);
	fclose(f);
	memcpy(kernel + 0x500, NEW, sizeof(NEW));
	for (size_t i = 0; i < DOC_LEN; i++)
		doc[i] = (char)(i * 7 + i / 251) | 1;
}

static const char *make_package(const char *config)
{
	const struct pkgimg_member members[] = {
		{ "./boot/vmlinuz-" NEW, S_IFREG | 0644, kernel, NULL,
		  KERNEL_LEN },
		{ "./boot/config-" NEW, S_IFREG | 0644, config, NULL, 0 },
		{ "./lib/modules/" NEW, S_IFDIR | 0755, NULL, NULL, 0 },
		{ "./lib/modules/" NEW "/modules.builtin", S_IFREG | 0644,
		  "kernel/fs/ext4/ext4.ko\n", NULL, 0 },
		{ "./lib/modules/" NEW "/modules.order", S_IFREG | 0644, "",
		  NULL, 0 },
		{ "./usr/share/doc/kernel/large", S_IFREG | 0644, doc, NULL,
		  DOC_LEN },
		{ NULL, 0, NULL, NULL, 0 },
	};
	const char *path = fsimg_path("package.deb");

	pkgimg_deb(path, "gzip", "Package: linux-image-" NEW "\n"
		   "Version: 1\nArchitecture: all\n", members);
	return path;
}

#define BOOTS	"CONFIG_64BIT=y\nCONFIG_XEN_PV=y\nCONFIG_XEN=y\n"	\
		"CONFIG_XEN_BLKDEV_FRONTEND=y\nCONFIG_VIRTIO_PCI=y\n"	\
		"CONFIG_VIRTIO_BLK=y\nCONFIG_VIRTIO_NET=y\n"		\
		"CONFIG_EXT4_FS=y\nCONFIG_CRYPTO_CRC32C=y\n"		\
		"CONFIG_BLK_DEV_INITRD=y\n"

static int plan_with(const char *package, bool force,
		     struct dw_add_kernel_plan **plan)
{
	const struct dw_add_kernel_options o = {
		.size = sizeof(o), .packages = &package, .packages_nr = 1,
		.force = force,
	};

	return dw_add_kernel_plan(ctx, image, "raw", &o, plan, &err);
}

static bool holds(struct dw_fs *fs, const char *path, const char *want,
		  size_t len)
{
	char *got = NULL;
	size_t n = 0;
	bool same;

	same = !dw_fs_read_file(fs, path, 1 << 20, &got, &n, NULL) &&
	       n == len && !memcmp(got, want, len);
	free(got);
	return same;
}

/* 0: nothing of it is there; 1: all of it; -1 else. */
static int state_of(const char *path)
{
	struct dw_fs *fs = fsimg_open(ctx, path, 0);
	char *menu = NULL;
	size_t len;
	int state = -1;

	OK(dw_fs_read_file(fs, "/boot/grub/menu.lst", 1 << 20, &menu, &len,
			   &err));
	if (holds(fs, "/boot/vmlinuz-" NEW, kernel, KERNEL_LEN) &&
	    holds(fs, "/usr/share/doc/kernel/large", doc, DOC_LEN) &&
	    dw_fs_exists(fs, "/lib/modules/" NEW "/modules.dep.bin") &&
	    strstr(menu, NEW))
		state = 1;
	else if (!dw_fs_exists(fs, "/boot/vmlinuz-" NEW) &&
		 !dw_fs_exists(fs, "/usr") && !dw_fs_exists(fs, "/lib") &&
		 !strstr(menu, NEW))
		state = 0;
	free(menu);
	dw_fs_close(fs);
	return state;
}

/* What e2fsck makes of it on a boot, without asking. */
static int judge(const struct record_log *log, size_t nr, unsigned seed)
{
	const char *path = fsimg_path("crashed"), *out;
	struct dw_dev *dev = NULL;
	int state;

	fsimg_run(NULL, "cp --sparse=always '%s' '%s'", base, path);
	OK(dw_file_open(ctx, path, DW_OPEN_RDWR, &dev, &err));
	record_replay(log, nr, seed, dev);
	dw_dev_close(dev, NULL);
	ck_assert_msg(fsimg_run(&out, "e2fsck -p '%s'", path) < 2, "%s", out);
	fsimg_check(path);
	state = state_of(path);
	ck_assert_msg(state >= 0, "half of it after %zu of %zu, seed %u", nr,
		      log->nr, seed);
	return state;
}

static void setup(void)
{
	OK(dw_ctx_new(&ctx, &err));
	snprintf(image, sizeof(image), "%s", guestimg_make("guest.img", ""));
	snprintf(base, sizeof(base), "%s.base", image);
	read_kernel();
}

static void teardown(void)
{
	dw_ctx_free(ctx);
}

START_TEST(a_crash_leaves_none_or_all)
{
	struct record_log log = { .sector_len = 1024 };
	struct dw_add_kernel_plan *plan;
	struct dw_amend *a;
	int state = 0;
	size_t nr;

	fsimg_run(NULL, "cp --sparse=always '%s' '%s'", image, base);
	OK(plan_with(make_package(BOOTS), false, &plan));
	ck_assert_str_eq(plan->version, NEW);
	ck_assert_ptr_null(plan->initrd);
	ck_assert(plan->pygrub_before.boots && plan->pygrub.boots);
	ck_assert_str_eq(plan->pygrub.kernel, "/boot/vmlinuz-" NEW);
	ck_assert_int_eq(plan->cost.way, DW_CHANGE_JOURNAL);
	a = &plan->state->amend;
	OK(dw_stack_push_take(&a->stack, record_new(a->stack.dev, &log),
			      &err));
	OK(dw_add_kernel_run(plan, &err));
	dw_add_kernel_plan_free(plan);
	fsimg_check(image);
	ck_assert_int_eq(state_of(image), 1);
	for (nr = 0; nr <= log.nr; nr++) {
		int now = judge(&log, nr, 0);

		ck_assert_int_ge(now, state);
		state = now;
		judge(&log, nr, (unsigned)nr * 2 + 1);
	}
	ck_assert_int_eq(state, 1);
	record_free(&log);
}
END_TEST

/* Each of some writes fails, and all after it: an error of one line. */
START_TEST(a_failed_write_leaves_none_or_all)
{
	const char *out;
	struct dw_fault fault = { .sticky = true };
	struct dw_add_kernel_plan *plan;
	struct dw_dev *faulty;
	struct dw_amend *a;
	int ret;

	if (_i % 2)
		fault.fail_write_at = (uint64_t)_i / 2 + 1;
	else
		fault.fail_flush_at = (uint64_t)_i / 2 + 1;
	OK(plan_with(make_package(BOOTS), false, &plan));
	a = &plan->state->amend;
	OK(dw_fault_new(a->stack.dev, &fault, &faulty, &err));
	OK(dw_stack_push_take(&a->stack, faulty, &err));
	err.text[0] = '\0';
	ret = dw_add_kernel_run(plan, &err);
	ck_assert(!ret || (ret == DW_IO && err.text[0] &&
			   !strchr(err.text, '\n')));
	dw_add_kernel_plan_free(plan);
	ck_assert_msg(fsimg_run(&out, "e2fsck -p '%s'", image) < 2, "%s", out);
	fsimg_check(image);
	ck_assert_int_ge(state_of(image), ret ? 0 : 1);
}
END_TEST

/* What boots on neither side; what is there; what another side loses. */
START_TEST(refused)
{
	struct dw_add_kernel_plan *plan;
	const char *package;

	package = make_package("CONFIG_64BIT=y\nCONFIG_BLK_DEV_INITRD=n\n"
			       "CONFIG_EXT4_FS=y\n");
	ck_assert_int_eq(plan_with(package, false, &plan), DW_NOBOOT);
	ck_assert_msg(strstr(err.text, "would boot on neither side") != NULL,
		      "%s", err.text);
	ck_assert_ptr_null(plan);
	/* Xen alone can no longer boot it. */
	package = make_package("CONFIG_64BIT=y\nCONFIG_VIRTIO_PCI=y\n"
			       "CONFIG_VIRTIO_BLK=y\nCONFIG_EXT4_FS=y\n"
			       "CONFIG_CRYPTO_CRC32C=y\n");
	OK(plan_with(package, false, &plan));
	ck_assert(plan->is_worse && !plan->pygrub.boots);
	ck_assert_int_eq(dw_add_kernel_run(plan, &err), DW_NOBOOT);
	ck_assert_msg(strstr(err.text, "no longer boot under PyGrub") != NULL,
		      "%s", err.text);
	dw_add_kernel_plan_free(plan);
	ck_assert_int_eq(state_of(image), 0);
	package = make_package(BOOTS);
	OK(plan_with(package, false, &plan));
	OK(dw_add_kernel_run(plan, &err));
	dw_add_kernel_plan_free(plan);
	ck_assert_int_eq(plan_with(package, false, &plan), DW_EXISTS);
	OK(plan_with(package, true, &plan));
	OK(dw_add_kernel_run(plan, &err));
	dw_add_kernel_plan_free(plan);
	fsimg_check(image);
	ck_assert_int_eq(state_of(image), 1);
}
END_TEST

#define OLD_DIR "lib/modules/6.1.0-test"

/* The old kernel's modules.dep decides: tools of its time open its paths. */
START_TEST(absolute_paths_stay)
{
	const struct pkgimg_member members[] = {
		{ "./boot/vmlinuz-" NEW, S_IFREG | 0644, kernel, NULL,
		  KERNEL_LEN },
		{ "./boot/config-" NEW, S_IFREG | 0644, BOOTS, NULL, 0 },
		{ "./lib/modules/" NEW "/kernel/a.ko", S_IFREG | 0644, "x",
		  NULL, 0 },
		{ NULL, 0, NULL, NULL, 0 },
	};
	static const char *const dirs[] = { "", "/lib/modules/" NEW "/" };
	const char *package = fsimg_path("package.deb");
	struct dw_add_kernel_plan *plan;
	char more[300], want[200];
	struct dw_fs *fs;

	snprintf(more, sizeof(more), "mkdir -p " OLD_DIR " && echo %s"
		 "kernel/old.ko: > " OLD_DIR "/modules.dep; ",
		 _i ? "/" OLD_DIR "/" : "");
	snprintf(image, sizeof(image), "%s", guestimg_make("guest.img", more));
	pkgimg_deb(package, "gzip", "Package: linux-image-" NEW "\n"
		   "Version: 1\nArchitecture: all\n", members);
	OK(plan_with(package, false, &plan));
	OK(dw_add_kernel_run(plan, &err));
	dw_add_kernel_plan_free(plan);
	snprintf(want, sizeof(want), "%skernel/a.ko:\n", dirs[_i]);
	fs = fsimg_open(ctx, image, 0);
	ck_assert(holds(fs, "/lib/modules/" NEW "/modules.dep", want,
			strlen(want)));
	ck_assert(dw_fs_exists(fs, "/lib/modules/" NEW "/modules.dep.bin") ==
		  !_i);
	dw_fs_close(fs);
}
END_TEST

/* What depmod passes over in silence is told, the first ten by name. */
START_TEST(damaged_modules)
{
	static char names[12][80];
	struct pkgimg_member members[15] = {
		{ "./boot/vmlinuz-" NEW, S_IFREG | 0644, kernel, NULL,
		  KERNEL_LEN },
		{ "./boot/config-" NEW, S_IFREG | 0644, BOOTS, NULL, 0 },
	};
	const char *package = fsimg_path("package.deb");
	struct dw_add_kernel_plan *plan;
	size_t named = 0, counts = 0;

	for (int i = 0; i < 12; i++) {
		snprintf(names[i], sizeof(names[i]), "./lib/modules/" NEW
			 "/kernel/m%d.ko", i);
		members[2 + i] = (struct pkgimg_member) {
			names[i], S_IFREG | 0644, "no module", NULL, 0
		};
	}
	pkgimg_deb(package, "gzip", "Package: linux-image-" NEW "\n"
		   "Version: 1\nArchitecture: all\n", members);
	OK(plan_with(package, false, &plan));
	for (size_t i = 0; i < plan->notes.nr; i++) {
		named += !strncmp(plan->notes.items[i], "a damaged module: "
				  "/lib/modules/" NEW "/kernel/m", 47);
		counts += !strcmp(plan->notes.items[i],
				  "damaged modules beside these: 2");
	}
	ck_assert_uint_eq(named, 10);
	ck_assert_uint_eq(counts, 1);
	dw_add_kernel_plan_free(plan);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("add_kernel");

	fsimg_require_tools();
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_crash_leaves_none_or_all);
	tcase_add_loop_test(tc, a_failed_write_leaves_none_or_all, 0, 40);
	tcase_add_test(tc, refused);
	tcase_add_loop_test(tc, absolute_paths_stay, 0, 2);
	tcase_add_test(tc, damaged_modules);
	return dw_test_run("add_kernel", tc);
}
