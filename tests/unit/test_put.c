/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* put: a crash in the middle leaves the old file or the new one, also on a
 * filesystem that a kernel was cut off from. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "job/amend.h"
#include "lib/fsimg.h"
#include "lib/record.h"
#include "lib/run.h"

static struct dw_err err;
static struct dw_ctx *ctx;

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)
#define NEW_LEN 700001u

static const struct pkind {
	const char *name, *size, *args;
	const char *fixture;	/* instead: an image of tests/images */
} kinds[] = {
	{ "ext3-1k", "10M", "-t ext3 -b 1024", NULL },
	{ "ext4-4k", "16M", "-t ext4 -b 4096", NULL },
	{ "ext4-64bit", "16M", "-t ext4 -b 1024 -O 64bit", NULL },
	{ "bigalloc", "16M", "-t ext4 -b 1024 -O bigalloc -C 8192", NULL },
	{ "inline", "16M", "-t ext4 -b 4096 -O inline_data", NULL },
	{ "uninit", "24M", "-t ext4 -b 1024 -O ^metadata_csum,uninit_bg",
	  NULL },
	{ "metabg", "24M", "-t ext4 -b 1024 -O meta_bg,^resize_inode", NULL },
	{ "cut-ext3", NULL, NULL, "good-cut-ext3" },
	{ "cut-ext4", NULL, NULL, "good-cut-ext4" },
};
#define KINDS_NR ((int)(sizeof(kinds) / sizeof(kinds[0])))

static char *bytes(size_t len, unsigned seed)
{
	char *p = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		p[i] = (char)(rand_r(&seed) | 1);
	return p;
}

/* Random bytes with a hole in their middle. */
static char *new_bytes(void)
{
	char *p = bytes(NEW_LEN, 7);

	memset(p + 200000, 0, 300000);
	return p;
}

/* An image with a file; one that was cut off has no room for a long one. */
static const char *make(const struct pkind *k, size_t *old_len)
{
	const char *path;
	struct dw_fs *fs;
	char *old;

	*old_len = k->fixture ? 0 : 400000;
	if (k->fixture) {
		path = fsimg_path(k->name);
		fsimg_run(NULL, "gzip -dc tests/images/%s.img.gz > %s",
			  k->fixture, path);
		return path;
	}
	path = fsimg_make(k->name, k->size, k->args);
	fs = fsimg_open(ctx, path, DW_FS_WRITE);
	old = bytes(*old_len, 3);
	OK(dw_fs_write_file(fs, "/file", old, *old_len, NULL, &err));
	fsimg_close(fs, path);
	free(old);
	return path;
}

static bool holds(struct dw_fs *fs, const char *path, const char *want,
		  size_t len)
{
	char *got = NULL;
	size_t n = 0;
	bool same;

	same = !dw_fs_read_file(fs, path, 1 << 24, &got, &n, &err) &&
	       n == len && !memcmp(got, want, len);
	free(got);
	return same;
}

/* 1 with the new file, and the one beside it; 0 with the old one or none, and
 * nothing beside it; -1 else. */
static int state_of(struct dw_dev *dev, size_t old_len, const char *what)
{
	char *old = bytes(old_len, 3), *new = new_bytes();
	struct dw_fs *fs = NULL;
	int state = -1;

	ck_assert_msg(!dw_fs_open(ctx, dev, 0, &fs, &err), "%s: %s", what,
		      err.text);
	if (holds(fs, "/file", new, NEW_LEN))
		state = holds(fs, "/beside", new, NEW_LEN) ? 1 : -1;
	else if (old_len ? holds(fs, "/file", old, old_len)
			 : !dw_fs_exists(fs, "/file"))
		state = dw_fs_exists(fs, "/beside") ? -1 : 0;
	dw_fs_close(fs);
	free(old);
	free(new);
	return state;
}

static int state_of_crashed(const char *path, size_t old_len, const char *what)
{
	struct dw_dev *dev = NULL, *overlay = NULL;
	struct dw_recovery stats;
	int state;

	OK(dw_file_open(ctx, path, 0, &dev, &err));
	OK(dw_overlay_new(dev, 512, 1 << 26, &overlay, &err));
	ck_assert_msg(!dw_fs_recover(ctx, overlay, &stats, &err), "%s: %s",
		      what, err.text);
	ck_assert_msg(!stats.damage[0], "%s: %s", what, stats.damage);
	state = state_of(overlay, old_len, what);
	dw_dev_close(overlay, NULL);
	dw_dev_close(dev, NULL);
	return state;
}

/* What e2fsck does on a boot, without asking, has to do. */
static int judge(const char *base, const struct record_log *log, size_t nr,
		 unsigned seed, size_t old_len)
{
	const char *path = fsimg_path("crashed"), *out;
	struct dw_dev *dev = NULL;
	char what[160];
	int ours, theirs;

	snprintf(what, sizeof(what), "%s, crash after %zu of %zu, seed %u",
		 base, nr, log->nr, seed);
	fsimg_run(NULL, "cp --sparse=always '%s' '%s'", base, path);
	OK(dw_file_open(ctx, path, DW_OPEN_RDWR, &dev, &err));
	record_replay(log, nr, seed, dev);
	dw_dev_close(dev, NULL);
	ours = state_of_crashed(path, old_len, what);
	ck_assert_msg(fsimg_run(&out, "e2fsck -p '%s'", path) < 2, "%s: %s",
		      what, out);
	fsimg_check(path);
	OK(dw_file_open(ctx, path, 0, &dev, &err));
	theirs = state_of(dev, old_len, what);
	dw_dev_close(dev, NULL);
	ck_assert_msg(ours >= 0 && ours == theirs, "%s: we see %d, after "
		      "e2fsck it is %d", what, ours, theirs);
	return ours;
}

static struct dw_dev *content(void)
{
	struct dw_dev *dev = NULL;
	char *p = new_bytes();

	OK(dw_mem_new("content", NEW_LEN, &dev, &err));
	OK(dw_dev_pwrite(dev, 0, p, NEW_LEN, &err));
	free(p);
	return dev;
}

static void record_put(const char *path, struct record_log *log)
{
	struct dw_dev *from = content();
	struct dw_amend a;

	OK(dw_amend_open(ctx, path, "raw", DW_OPEN_RDWR, &a, &err));
	OK(dw_amend_file(&a, "/beside", from, false, NULL, &err));
	OK(dw_amend_file(&a, "/file", from, false, NULL, &err));
	OK(dw_amend_plan(&a, false, &err));
	ck_assert_int_eq(a.cost.way, DW_CHANGE_JOURNAL);
	ck_assert_uint_lt(a.cost.data_len, 2 * (NEW_LEN - 190000));
	OK(dw_stack_push_take(&a.stack, record_new(a.stack.dev, log), &err));
	OK(dw_amend_run(&a, &err));
	OK(dw_amend_close(&a, &err));
	dw_dev_close(from, NULL);
}

START_TEST(a_crash_leaves_the_old_or_the_new_file)
{
	/* A superblock counts as written whole; see src/fs/NOTES.md. */
	struct record_log log = { .sector_len = 1024 };
	const struct pkind *k = &kinds[_i];
	size_t old_len, nr;
	const char *path = make(k, &old_len);
	char base[128];
	int state = 0, last;

	snprintf(base, sizeof(base), "%s.base", path);
	fsimg_run(NULL, "cp --sparse=always '%s' '%s'", path, base);
	record_put(path, &log);
	fsimg_check(path);
	for (nr = 0; nr <= log.nr; nr++) {
		last = state;
		state = judge(base, &log, nr, 0, old_len);
		ck_assert_msg(state >= last, "%s: old again after %zu",
			      k->name, nr);
		judge(base, &log, nr, (unsigned)nr * 2 + 1, old_len);
	}
	ck_assert_int_eq(state, 1);
	record_free(&log);
}
END_TEST

/* As if a block had been taken for a file that is written by the filesystem as
 * well. */
START_TEST(bytes_and_blocks_lie_apart)
{
	const char *path = fsimg_make("apart", "10M", _i ? "-t ext2 -b 1024" :
				      "-t ext4 -b 1024");
	struct dw_dev *from = content();
	const struct dw_amend_run *last;
	struct dw_amend a;

	OK(dw_amend_open(ctx, path, "raw", 0, &a, &err));
	OK(dw_amend_file(&a, "/file", from, false, NULL, &err));
	OK(dw_amend_plan(&a, false, &err));
	last = &a.runs[a.runs_nr - 1];
	OK(dw_dev_pwrite(a.changed, last->dev_off + last->len - 1, "x", 1,
			 &err));
	ck_assert_int_eq(dw_amend_plan(&a, false, &err), DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "of a file as well") != NULL, "%s",
		      err.text);
	dw_amend_close(&a, NULL);
	dw_dev_close(from, NULL);
}
END_TEST

/* Each write of the change itself fails in turn, and all after it: the record
 * that is left brings the old file back. */
START_TEST(without_a_journal_it_can_be_undone)
{
	const char *path = fsimg_make("undo", "10M", "-t ext2 -b 1024");
	struct dw_fault fault = { .fail_write_at = (uint64_t)_i + 1,
				  .sticky = true };
	struct dw_dev *from = content(), *faulty = NULL, *dev = NULL;
	char record[160];
	struct dw_amend a;
	struct stat st;
	int ret;

	snprintf(record, sizeof(record), "%s.diskwright-undo", path);
	OK(dw_amend_open(ctx, path, "raw", DW_OPEN_RDWR, &a, &err));
	OK(dw_amend_file(&a, "/file", from, false, NULL, &err));
	OK(dw_amend_plan(&a, false, &err));
	ck_assert_int_eq(a.cost.way, DW_CHANGE_UNDO);
	ck_assert_uint_gt(a.cost.blocks_nr, (uint64_t)_i);
	OK(dw_fault_new(a.stack.file, &fault, &faulty, &err));
	a.stack.file = faulty;
	ret = dw_amend_run(&a, &err);
	OK(stat(record, &st));
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_msg(ret == DW_IO && strstr(err.text, "run 'undo' with"),
		      "%d %s", ret, err.text);
	dw_amend_close(&a, NULL);
	dw_dev_close(faulty, NULL);
	ck_assert_int_eq(dw_amend_open(ctx, path, "raw", 0, &a, &err),
			 DW_EXISTS);
	dw_amend_close(&a, NULL);
	OK(dw_undo(ctx, path, record, &err));
	fsimg_check(path);
	OK(dw_file_open(ctx, path, 0, &dev, &err));
	ck_assert_int_eq(state_of(dev, 0, path), 0);
	dw_dev_close(dev, NULL);
	dw_dev_close(from, NULL);
}
END_TEST

/* ---- cancelled in the middle ---------------------------------------------- */

/* Cancels a context at one of its writes. */
struct cancelling_dev {
	struct dw_dev dev;
	struct dw_dev *below;
	struct dw_ctx *ctx;
	unsigned *left_nr;	/* writes until then */
};

static int cancelling_pread(struct dw_dev *dev, uint64_t off, void *buf,
			    size_t len, struct dw_err *e)
{
	struct cancelling_dev *c = (struct cancelling_dev *)dev;

	return dw_dev_pread(c->below, off, buf, len, e);
}

static int cancelling_pwrite(struct dw_dev *dev, uint64_t off,
			     const void *buf, size_t len, struct dw_err *e)
{
	struct cancelling_dev *c = (struct cancelling_dev *)dev;

	if (*c->left_nr && !--*c->left_nr)
		dw_ctx_cancel(c->ctx);
	return dw_dev_pwrite(c->below, off, buf, len, e);
}

static int cancelling_close(struct dw_dev *dev, struct dw_err *e)
{
	return dw_dev_close(((struct cancelling_dev *)dev)->below, e);
}

static const struct dw_dev_driver cancelling_driver = {
	.kind = "cancelling device",
	.pread = cancelling_pread,
	.pwrite = cancelling_pwrite,
	.close = cancelling_close,
};

static struct dw_dev *cancelling(struct dw_dev *below, struct dw_ctx *of,
				 unsigned *left_nr)
{
	struct cancelling_dev *c = calloc(1, sizeof(*c));

	OK(dw_dev_init(&c->dev, &cancelling_driver, below->name, below->size,
		       below->block_size, false, &err));
	c->below = dw_dev_ref(below);
	c->ctx = of;
	c->left_nr = left_nr;
	return &c->dev;
}

/* Without a journal and a record, whenever it comes: the filesystem is the old
 * one or the new one. */
START_TEST(a_cancel_tears_nothing)
{
	const char *path = fsimg_make("bare", "10M", "-t ext2 -b 1024");
	unsigned left_nr = (unsigned)_i + 1;
	struct dw_dev *from = content(), *dev = NULL;
	struct dw_ctx *own;
	struct dw_amend a;
	int ret;

	dw_ctx_new(&own, NULL);
	OK(dw_amend_open(own, path, "raw", DW_OPEN_RDWR, &a, &err));
	OK(dw_amend_file(&a, "/beside", from, false, NULL, &err));
	OK(dw_amend_file(&a, "/file", from, false, NULL, &err));
	OK(dw_amend_plan(&a, true, &err));
	a.cost.way = DW_CHANGE_BARE;
	OK(dw_stack_push_take(&a.stack, cancelling(a.stack.dev, own, &left_nr),
			      &err));
	ret = dw_amend_run(&a, &err);
	/* Too late for it, or not at all: it is carried out. */
	ck_assert_msg(!ret || (!left_nr && ret == DW_CANCELLED), "%d %s", ret,
		      err.text);
	dw_amend_close(&a, NULL);
	fsimg_check(path);
	OK(dw_file_open(ctx, path, 0, &dev, &err));
	ck_assert_int_ge(state_of(dev, 0, path), 0);
	dw_dev_close(dev, NULL);
	dw_dev_close(from, NULL);
	dw_ctx_free(own);
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
	tcase_add_loop_test(tc, a_crash_leaves_the_old_or_the_new_file, 0,
			    KINDS_NR);
	tcase_add_loop_test(tc, bytes_and_blocks_lie_apart, 0, 2);
	tcase_add_loop_test(tc, without_a_journal_it_can_be_undone, 0, 5);
	tcase_add_loop_test(tc, a_cancel_tears_nothing, 0, 40);
	failed = dw_test_run("put", tc);
	dw_ctx_free(ctx);
	return failed;
}
