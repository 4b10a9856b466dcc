/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several files changed at once, made longer or replaced: a crash, or a write
 * that fails, leaves all of them old or all of them new. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/amend.h"
#include "lib/fsimg.h"
#include "lib/record.h"
#include "lib/run.h"

static struct dw_err err;
static struct dw_ctx *ctx;

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)
#define OLD_LEN 150001u
#define MORE_LEN 90001u

static const struct pkind {
	const char *name, *args;
	bool whole;	/* appended to by writing all anew */
} kinds[] = {
	{ "ext3", "-t ext3 -b 1024", false },
	{ "ext4", "-t ext4 -b 4096", false },
	{ "bigalloc", "-t ext4 -b 1024 -O bigalloc -C 8192", true },
	{ "inline", "-t ext4 -b 1024 -O inline_data", false },
};
#define KINDS_NR ((int)(sizeof(kinds) / sizeof(kinds[0])))

static char *bytes(size_t len, unsigned seed)
{
	char *p = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		p[i] = (char)(rand_r(&seed) | 1);
	return p;
}

/* Two that grow, two that are replaced, one line of text. */
static const struct changed {
	const char *path;
	bool grows;
} files[] = {
	{ "/grows", true }, { "/replaced", false }, { "/grows too", true },
	{ "/replaced too", false },
};
#define FILES_NR (sizeof(files) / sizeof(files[0]))

static const char *make(const struct pkind *k)
{
	const char *path = fsimg_make(k->name, "10M", k->args);
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);

	for (unsigned i = 0; i < FILES_NR; i++) {
		char *old = bytes(OLD_LEN, i);

		OK(dw_fs_write_file(fs, files[i].path, old, OLD_LEN, NULL,
				    &err));
		free(old);
	}
	OK(dw_fs_write_file(fs, "/text", "old", 3, NULL, &err));
	fsimg_close(fs, path);
	return path;
}

static void change_one(struct dw_amend *a, unsigned i)
{
	char *more = bytes(MORE_LEN, 100 + i);
	struct dw_dev *content = NULL;

	if (files[i].grows) {
		OK(dw_amend_append(a, files[i].path, more, MORE_LEN, &err));
	} else {
		OK(dw_mem_from("new", more, MORE_LEN, &content, &err));
		OK(dw_amend_file(a, files[i].path, content, false, NULL,
				 &err));
	}
	dw_dev_close(content, NULL);
	free(more);
}

static void plan(struct dw_amend *a, const char *path)
{
	OK(dw_amend_open(ctx, path, "raw", DW_OPEN_RDWR, a, &err));
	for (unsigned i = 0; i < FILES_NR; i++)
		change_one(a, i);
	OK(dw_fs_write_file(a->fs, "/text", "new", 3, NULL, &err));
	OK(dw_amend_plan(a, false, &err));
	ck_assert_int_eq(a->cost.way, DW_CHANGE_JOURNAL);
}

/* 0: old, 1: new, -1: neither. */
static int state_of_file(struct dw_fs *fs, unsigned i)
{
	char *old = bytes(OLD_LEN, i), *more = bytes(MORE_LEN, 100 + i);
	size_t front = files[i].grows ? OLD_LEN : 0, len = 0;
	char *got = NULL;
	int state = -1;

	OK(dw_fs_read_file(fs, files[i].path, 1 << 24, &got, &len, &err));
	if (len == OLD_LEN && !memcmp(got, old, len))
		state = 0;
	else if (len == front + MORE_LEN && !memcmp(got, old, front) &&
		 !memcmp(got + front, more, MORE_LEN))
		state = 1;
	free(got);
	free(old);
	free(more);
	return state;
}

/* Of all of them, after recovery. */
static int state_of(const char *path, const char *what)
{
	struct dw_dev *dev = NULL, *overlay = NULL;
	struct dw_fs *fs = NULL;
	char *text = NULL;
	size_t len;
	int state;

	OK(dw_file_open(ctx, path, 0, &dev, &err));
	OK(dw_overlay_new(dev, 512, 1 << 26, &overlay, &err));
	OK(dw_fs_recover(ctx, overlay, NULL, &err));
	OK(dw_fs_open(ctx, overlay, 0, &fs, &err));
	OK(dw_fs_read_file(fs, "/text", 3, &text, &len, &err));
	state = !strcmp(text, "new");
	free(text);
	for (unsigned i = 0; i < FILES_NR; i++)
		ck_assert_msg(state_of_file(fs, i) == state, "%s: %s is %d, "
			      "and the text %d", what, files[i].path,
			      state_of_file(fs, i), state);
	dw_fs_close(fs);
	dw_dev_close(overlay, NULL);
	dw_dev_close(dev, NULL);
	ck_assert_msg(fsimg_run(NULL, "e2fsck -p '%s'", path) < 2, "%s", what);
	fsimg_check(path);
	return state;
}

static void copy_of(const char *from, char to[200], const char *name)
{
	snprintf(to, 200, "%s", fsimg_path(name));
	fsimg_run(NULL, "cp --sparse=always '%s' '%s'", from, to);
}

START_TEST(a_crash_leaves_all_old_or_all_new)
{
	struct record_log log = { .sector_len = 1024 };
	const struct pkind *k = &kinds[_i];
	char base[200], crashed[200], what[100];
	const char *path = make(k);
	struct dw_dev *dev = NULL;
	struct dw_amend a;
	int state = 0, last;

	copy_of(path, base, "base");
	plan(&a, path);
	/* What is there is not written again. */
	ck_assert(k->whole || a.cost.data_len < 4 * (MORE_LEN + 8192));
	OK(dw_stack_push_take(&a.stack, record_new(a.stack.dev, &log), &err));
	OK(dw_amend_run(&a, &err));
	OK(dw_amend_close(&a, &err));
	ck_assert_int_eq(state_of(path, k->name), 1);
	for (size_t nr = 0; nr <= log.nr; nr++) {
		last = state;
		for (unsigned seed = 0; seed < 2; seed++) {
			snprintf(what, sizeof(what), "%s, %zu of %zu, %u",
				 k->name, nr, log.nr, seed);
			copy_of(base, crashed, "crashed");
			OK(dw_file_open(ctx, crashed, DW_OPEN_RDWR, &dev,
					&err));
			record_replay(&log, nr, seed * ((unsigned)nr + 1),
				      dev);
			dw_dev_close(dev, NULL);
			state = state_of(crashed, what);
		}
		ck_assert_msg(state >= last, "%s: old again", what);
	}
	record_free(&log);
}
END_TEST

/* Each write fails in turn, and each one after it. */
START_TEST(a_failed_write_leaves_all_old_or_all_new)
{
	const char *path = make(&kinds[_i]);
	char base[200], failed[200], what[100];
	bool done = false;
	unsigned n;

	copy_of(path, base, "base");
	for (n = 1; !done && n < 1000; n++) {
		struct dw_fault fault = { .fail_write_at = n, .sticky = true };
		struct dw_dev *faulty = NULL, *below;
		struct dw_amend a;
		int ret, state;

		snprintf(what, sizeof(what), "%s, write %u", kinds[_i].name,
			 n);
		copy_of(base, failed, "failed");
		plan(&a, failed);
		below = a.stack.dev;
		OK(dw_fault_new(below, &fault, &faulty, &err));
		OK(dw_stack_push_take(&a.stack, faulty, &err));
		ret = dw_amend_run(&a, &err);
		dw_amend_close(&a, NULL);
		state = state_of(failed, what);
		done = !ret;
		ck_assert_msg(ret == DW_IO || (!ret && state == 1),
			      "%s: %d, state %d", what, ret, state);
	}
	ck_assert_uint_gt(n, 5);
	ck_assert(done);
}
END_TEST

/* A copy has all that the file has. */
START_TEST(a_backup_is_the_old_file)
{
	const char *path = make(&kinds[1]);
	char *name = NULL, *old = bytes(OLD_LEN, 0), *got = NULL;
	struct dw_fs *fs;
	struct dw_stat st;
	struct dw_amend a;
	size_t len = 0;

	ck_assert_int_eq(dw_amend_name_backup("/grows", "", &name, &err),
			 DW_USAGE);
	ck_assert_int_eq(dw_amend_name_backup("/grows", "/x", &name, &err),
			 DW_USAGE);
	OK(dw_amend_name_backup("/grows", ".was", &name, &err));
	ck_assert_str_eq(name, "/grows.was");
	OK(dw_amend_open(ctx, path, "raw", DW_OPEN_RDWR, &a, &err));
	OK(dw_fs_chmod(a.fs, "/grows", 0600, &err));
	OK(dw_fs_chown(a.fs, "/grows", 7, 9, &err));
	OK(dw_fs_setxattr(a.fs, "/grows", "user.key", "value", 5, &err));
	ck_assert_int_eq(dw_amend_backup(&a, "/grows", "/text", &err),
			 DW_EXISTS);
	OK(dw_amend_backup(&a, "/grows", name, &err));
	change_one(&a, 0);
	OK(dw_amend_plan(&a, false, &err));
	OK(dw_amend_run(&a, &err));
	OK(dw_amend_close(&a, &err));
	fsimg_check(path);
	fs = fsimg_open(ctx, path, 0);
	OK(dw_fs_read_file(fs, name, 1 << 24, &got, &len, &err));
	ck_assert(len == OLD_LEN && !memcmp(got, old, len));
	free(got);
	OK(dw_fs_getxattr(fs, name, "user.key", &got, &len, &err));
	ck_assert(len == 5 && !memcmp(got, "value", 5));
	OK(dw_fs_stat(fs, name, &st, &err));
	ck_assert_uint_eq(st.mode & 07777, 0600);
	ck_assert(st.uid == 7 && st.gid == 9);
	ck_assert_int_eq(state_of_file(fs, 0), 1);
	dw_fs_close(fs);
	free(got);
	free(old);
	free(name);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("kinds");
	int failed;

	fsimg_require_tools();
	dw_ctx_new(&ctx, NULL);
	dw_ctx_set_clock(ctx, 1700000000);
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, a_crash_leaves_all_old_or_all_new, 0,
			    KINDS_NR);
	tcase_add_loop_test(tc, a_failed_write_leaves_all_old_or_all_new, 0,
			    KINDS_NR);
	tcase_add_test(tc, a_backup_is_the_old_file);
	failed = dw_test_run("amend_append", tc);
	dw_ctx_free(ctx);
	return failed;
}
