/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that images name: where a name may lead, and what lies below. */
#include <check.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/ctx.h"
#include "dev/kinds.h"
#include "formats/backing.h"
#include "formats/qcow2.h"
#include "lib/run.h"

#define DISK_LEN 98816u

static char folder[] = "/tmp/dw-backing-XXXXXX";
static char old_folder[4096];
static struct dw_ctx *ctx;
static struct dw_dev *image;
static struct dw_err err;

static void make_file(const char *name)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fputs(name, f) < 0 || fclose(f), 0);
}

/* allowed/{image,base,sub/base}, outside/base, and links to some of them. */
static void make_tree(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(mkdir("allowed", 0700) | mkdir("allowed/sub", 0700) |
			 mkdir("outside", 0700), 0);
	make_file("allowed/image");
	make_file("allowed/base");
	make_file("allowed/sub/base");
	make_file("outside/base");
	ck_assert_int_eq(symlink("../outside/base", "allowed/escape") |
			 symlink("sub/base", "allowed/link") |
			 symlink("/proc/self/cwd/outside", "allowed/magic") |
			 mkfifo("allowed/fifo", 0600), 0);
}

static void setup(void)
{
	ck_assert_ptr_nonnull(getcwd(old_folder, sizeof(old_folder)));
	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	make_tree();
	ck_assert_int_eq(dw_file_open(ctx, "allowed/image", 0, &image, &err),
			 0);
	ck_assert_int_eq(dw_ctx_set_backing_dir(ctx, "allowed", &err), 0);
}

static void teardown(void)
{
	char command[64];

	dw_dev_close(image, NULL);
	dw_ctx_free(ctx);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(chdir(old_folder) || system(command), 0);
}

static int open_name(const char *name, struct dw_dev **out)
{
	static const struct dw_format_how plain;

	return dw_backing_file(ctx, &plain, image, "backing file", name, false,
			       out, &err);
}

static const char *const goods[] = {
	"base", "sub/base", "./base", "sub/../base", "../allowed/base", "link",
	".//sub/base",
};

START_TEST(names_below_the_folder)
{
	struct dw_dev *dev;
	int rc = open_name(goods[_i], &dev);

	ck_assert_msg(!rc, "%s: %s", goods[_i], err.text);
	ck_assert(dev->readonly);
	dw_dev_close(dev, NULL);
}
END_TEST

struct bad {
	const char *name;
	enum dw_code code;
};

static const struct bad bads[] = {
	{ "", DW_DENIED },
	{ "../outside/base", DW_DENIED },
	{ "sub/../../outside/base", DW_DENIED },
	{ "../../../../../../../etc/passwd", DW_DENIED },
	{ "/etc/passwd", DW_DENIED },
	{ "..", DW_DENIED },
	{ ".", DW_DENIED },
	{ "escape", DW_DENIED },
	{ "magic/base", DW_DENIED },
	{ "nbd:unix:/run/x", DW_DENIED },
	{ "json:{}", DW_DENIED },
	{ "fifo", DW_DENIED },
	{ "sub", DW_DENIED },
	{ "none", DW_NOENT },
	{ "base/x", DW_NOENT },
	{ "image", DW_CORRUPT },
};

START_TEST(names_that_lead_elsewhere)
{
	struct dw_dev *dev;
	int rc = open_name(bads[_i].name, &dev);

	ck_assert_msg(rc == (int)bads[_i].code, "%s: %d, %s", bads[_i].name, rc,
		      err.text);
	ck_assert_ptr_null(dev);
}
END_TEST

START_TEST(absolute_names_below_the_folder)
{
	char name[4200], real[4096];
	struct dw_dev *dev;

	ck_assert_ptr_nonnull(realpath("allowed", real));
	snprintf(name, sizeof(name), "%s/base", real);
	ck_assert_int_eq(open_name(name, &dev), 0);
	dw_dev_close(dev, NULL);
	/* A folder whose name only begins the same. */
	ck_assert_int_eq(rename("outside", "allowed2"), 0);
	snprintf(name, sizeof(name), "%s2/base", real);
	ck_assert_int_eq(open_name(name, &dev), DW_DENIED);
	/* As the caller wrote it, through a link. */
	ck_assert_int_eq(symlink("allowed", "alias"), 0);
	snprintf(name, sizeof(name), "%s/alias", folder);
	ck_assert_int_eq(dw_ctx_set_backing_dir(ctx, name, &err), 0);
	strcat(name, "/base");
	ck_assert_int_eq(open_name(name, &dev), 0);
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(nothing_without_a_folder)
{
	struct dw_dev *dev;

	ck_assert_int_eq(dw_ctx_set_backing_dir(ctx, NULL, &err), 0);
	ck_assert_int_eq(open_name("base", &dev), DW_DENIED);
	ck_assert_ptr_nonnull(strstr(err.text, "--allow-backing"));
}
END_TEST

START_TEST(a_chain_ends)
{
	struct dw_format_how how = { .depth = DW_BACKING_DEPTH_MAX };
	struct dw_dev *dev;

	ck_assert_int_eq(dw_backing_file(ctx, &how, image, "backing file",
					 "base", false, &dev, &err), DW_LIMIT);
	how.depth--;
	ck_assert_int_eq(dw_backing_file(ctx, &how, image, "backing file",
					 "base", false, &dev, &err), 0);
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(a_format_is_never_guessed)
{
	static const struct dw_format_how plain;
	struct dw_dev *dev;

	ck_assert_int_eq(dw_backing_disk(ctx, &plain, image, "base", NULL, &dev,
					 &err), DW_DENIED);
	ck_assert_int_eq(dw_backing_disk(ctx, &plain, image, "base", "vdi",
					 &dev, &err), DW_UNSUPPORTED);
	ck_assert_int_eq(dw_backing_disk(ctx, &plain, image, "base", "qcow2",
					 &dev, &err), DW_NOT_MINE);
	ck_assert_int_eq(dw_backing_disk(ctx, &plain, image, "base", "raw",
					 &dev, &err), 0);
	dw_dev_close(dev, NULL);
}
END_TEST

/* The fixtures that hold the disk of all good ones with another file. */
static const char *const named[] = { "good-backing", "good-data-file" };

START_TEST(what_an_image_names_is_part_of_it)
{
	uint8_t *want = malloc(DISK_LEN), *got = malloc(DISK_LEN);
	struct dw_dev *disk;
	char path[64];

	ck_assert_int_eq(chdir(old_folder), 0);
	ck_assert_int_eq(dw_ctx_set_backing_dir(ctx, "tests/images", &err), 0);
	ck_assert_int_eq(dw_open(ctx, "tests/images/good-v3.qcow2", NULL, 0,
				 &disk, &err), 0);
	ck_assert_int_eq(dw_dev_pread(disk, 0, want, DISK_LEN, &err), 0);
	dw_dev_close(disk, NULL);
	snprintf(path, sizeof(path), "tests/images/%s.qcow2", named[_i]);
	ck_assert_int_eq(dw_open(ctx, path, NULL, 0, &disk, &err), 0);
	ck_assert_int_eq(dw_dev_pread(disk, 0, got, DISK_LEN, &err), 0);
	ck_assert_mem_eq(got, want, DISK_LEN);
	dw_dev_close(disk, NULL);
	free(want);
	free(got);
}
END_TEST

/* An old kernel: the calls below fail as there. */
static bool take_openat2_away(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = 4, .filter = code };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

START_TEST(a_kernel_that_cannot_confine)
{
	struct dw_dev *dev;

	if (!take_openat2_away())
		return;
	ck_assert_int_eq(open_name("base", &dev), DW_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.text, "openat2"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("backing");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, names_below_the_folder, 0,
			    sizeof(goods) / sizeof(*goods));
	tcase_add_loop_test(tc, names_that_lead_elsewhere, 0,
			    sizeof(bads) / sizeof(*bads));
	tcase_add_test(tc, absolute_names_below_the_folder);
	tcase_add_test(tc, nothing_without_a_folder);
	tcase_add_test(tc, a_chain_ends);
	tcase_add_test(tc, a_format_is_never_guessed);
	tcase_add_loop_test(tc, what_an_image_names_is_part_of_it, 0, 2);
	/* Last, because where nothing forks it stays so. */
	tcase_add_test(tc, a_kernel_that_cannot_confine);
	return dw_test_run("qcow2 backing", tc);
}
