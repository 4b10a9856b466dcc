/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes through the journal: whatever a crash leaves, e2fsck makes the old or
 * the new filesystem of it, and finds nothing else to do. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "fs/journal.h"
#include "lib/fsimg.h"
#include "lib/record.h"
#include "lib/run.h"

static struct dw_err err;
static struct dw_ctx *ctx;

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)

static const struct jkind {
	const char *name, *size, *args;
	unsigned csum;		/* of the journal */
	bool is_64bit;
	bool has_index;		/* the folder is a hashed one */
} kinds[] = {
	{ "ext3-1k", "8M", "-t ext3 -b 1024", 0, false, false },
	{ "ext3-htree", "8M", "-t ext3 -b 1024", 0, false, true },
	{ "ext4-4k", "16M", "-t ext4 -b 4096", 0, false, false },
	{ "csum-v1", "8M", "-t ext4 -b 1024 -O ^metadata_csum", 1, false,
	  false },
	{ "csum-v2", "8M", "-t ext4 -b 1024", 2, false, false },
	{ "csum-v2-64", "16M", "-t ext4 -b 4096", 2, true, false },
	{ "csum-v3", "8M", "-t ext4 -b 1024", 3, false, true },
	{ "csum-v3-64", "16M", "-t ext4 -b 4096", 3, true, false },
	{ "bigalloc", "16M", "-t ext4 -b 1024 -O bigalloc -C 8192", 3, true,
	  false },
	{ "inline", "16M", "-t ext4 -b 4096 -O inline_data", 3, true, false },
	{ "uninit", "24M", "-t ext4 -b 1024 -O ^metadata_csum,uninit_bg", 0,
	  true, false },
	{ "metabg", "24M", "-t ext4 -b 1024 -O meta_bg,^resize_inode", 3, true,
	  false },
	{ "orphanfile", "16M", "-t ext4 -b 2048 -O orphan_file", 3, false,
	  false },
};
#define KINDS_NR ((int)(sizeof(kinds) / sizeof(kinds[0])))

/* Blocks of the log may not begin as these do. */
static const char magic[] = "\xc0\x3b\x39\x98 is the journal's magic number";

static char *content(size_t len, char fill)
{
	char *p = malloc(len + 1);

	memset(p, fill, len);
	memcpy(p, magic, len < sizeof(magic) ? len : sizeof(magic));
	return p;
}

static void put(struct dw_fs *fs, const char *path, size_t len, char fill)
{
	char *p = content(len, fill);

	OK(dw_fs_write_file(fs, path, p, len, NULL, &err));
	free(p);
}

static bool has(struct dw_fs *fs, const char *path, size_t len, char fill)
{
	char *want = content(len, fill), *got = NULL;
	size_t n = 0;
	bool same;

	same = !dw_fs_read_file(fs, path, 1 << 24, &got, &n, &err) &&
	       n == len && !memcmp(got, want, len);
	free(got);
	free(want);
	return same;
}

/* Gives the journal of a fresh image features: no tool sets all of them. */
static void set_journal(const char *path, unsigned csum, uint32_t incompat)
{
	struct dw_journal j = { .ctx = ctx };
	uint8_t buf[DW_JBD2_SUPER_LEN];
	struct dw_jbd2_format fmt;

	OK(dw_file_open(ctx, path, DW_OPEN_RDWR, &j.dev, &err));
	OK(dw_journal_read_fs(j.dev, &j.fs, &err));
	OK(dw_journal_load(&j, buf, &err));
	fmt = j.fmt;
	fmt.csum = csum;
	if (csum >= 2)
		incompat |= csum == 2 ? DW_JBD2_INCOMPAT_CSUM_V2
				      : DW_JBD2_INCOMPAT_CSUM_V3;
	dw_put_be32(buf + 36, csum == 1 ? DW_JBD2_COMPAT_CHECKSUM : 0);
	dw_put_be32(buf + 40, incompat);
	buf[80] = csum >= 2 ? 4 : 0;
	dw_jbd2_encode_empty(buf, &fmt, 77);
	OK(dw_journal_write_super(&j, buf, &err));
	dw_journal_unload(&j);
	dw_dev_close(j.dev, NULL);
}

/* An image in the old state. */
static const char *make(const struct jkind *k)
{
	const char *path = fsimg_make(k->name, k->size, k->args);
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);
	char name[64];

	OK(dw_fs_mkdir(fs, "/d", false, NULL, &err));
	for (int i = 0; k->has_index && i < 200; i++) {
		snprintf(name, sizeof(name), "/d/a_name_to_fill_folders_%d", i);
		OK(dw_fs_symlink(fs, "x", name, &err));
	}
	put(fs, "/d/kept", 9000, 'o');
	put(fs, "/d/gone", 30000, 'g');
	fsimg_close(fs, path);
	if (k->has_index)
		fsimg_run(NULL, "e2fsck -fyD %s", path);
	set_journal(path, k->csum, k->is_64bit ? DW_JBD2_INCOMPAT_64BIT : 0);
	fsimg_check(path);
	return path;
}

static void change(struct dw_fs *fs)
{
	put(fs, "/d/kept", 20000, 'n');
	OK(dw_fs_unlink(fs, "/d/gone", &err));
	OK(dw_fs_mkdir(fs, "/d/sub", false, NULL, &err));
	put(fs, "/d/sub/new", 100, 's');
	put(fs, "/d/sub/large", 70000, 'l');
}

/* 1 in the new state, 0 in the old one, -1 in another. */
static int state_of(struct dw_dev *dev, const char *what)
{
	struct dw_fs *fs = NULL;
	int is_new, is_old;

	ck_assert_msg(!dw_fs_open(ctx, dev, 0, &fs, &err), "%s: %s", what,
		      err.text);
	is_new = has(fs, "/d/kept", 20000, 'n') &&
		 !dw_fs_exists(fs, "/d/gone") &&
		 has(fs, "/d/sub/new", 100, 's') &&
		 has(fs, "/d/sub/large", 70000, 'l');
	is_old = has(fs, "/d/kept", 9000, 'o') &&
		 has(fs, "/d/gone", 30000, 'g') && !dw_fs_exists(fs, "/d/sub");
	dw_fs_close(fs);
	return is_new ? 1 : is_old ? 0 : -1;
}

/* What our own reader sees, the image being as the crash left it. */
static int state_of_crashed(const char *path, const char *what)
{
	struct dw_dev *dev = NULL, *overlay = NULL;
	struct dw_recovery stats;
	int state;

	OK(dw_file_open(ctx, path, 0, &dev, &err));
	OK(dw_overlay_new(dev, 512, 1 << 26, &overlay, &err));
	ck_assert_msg(!dw_fs_recover(ctx, overlay, &stats, &err), "%s: %s",
		      what, err.text);
	ck_assert_msg(!stats.damage[0], "%s: %s", what, stats.damage);
	state = state_of(overlay, what);
	dw_dev_close(overlay, NULL);
	dw_dev_close(dev, NULL);
	return state;
}

static int state_of_image(const char *path, const char *what)
{
	struct dw_dev *dev = NULL;
	int state;

	OK(dw_file_open(ctx, path, 0, &dev, &err));
	state = state_of(dev, what);
	dw_dev_close(dev, NULL);
	return state;
}

/* What is left of the image at 'base' once nr operations were begun. */
static int judge(const char *base, const struct record_log *log, size_t nr,
		 unsigned seed)
{
	const char *path = fsimg_path("crashed"), *out;
	struct dw_dev *dev = NULL;
	char what[128];
	int ours, theirs;

	snprintf(what, sizeof(what), "%s, crash after %zu of %zu, seed %u",
		 base, nr, log->nr, seed);
	fsimg_run(NULL, "cp --sparse=always '%s' '%s'", base, path);
	OK(dw_file_open(ctx, path, DW_OPEN_RDWR, &dev, &err));
	record_replay(log, nr, seed, dev);
	dw_dev_close(dev, NULL);
	ours = state_of_crashed(path, what);
	ck_assert_msg(fsimg_run(&out, "e2fsck -y -E journal_only '%s'", path)
		      < 2, "%s: %s", what, out);
	fsimg_check(path);
	theirs = state_of_image(path, what);
	ck_assert_msg(ours >= 0 && ours == theirs, "%s: we see %d, after "
		      "e2fsck it is %d", what, ours, theirs);
	return ours;
}

/* Changes the image at path, remembering what is written. */
static void record_change(const char *path, struct record_log *log)
{
	struct dw_dev *file = NULL, *dev, *overlay = NULL;
	struct dw_fs_commit plan;
	struct dw_fs *fs = NULL;

	OK(dw_file_open(ctx, path, DW_OPEN_RDWR, &file, &err));
	dev = record_new(file, log);
	OK(dw_overlay_new(dev, 1024, 1 << 26, &overlay, &err));
	OK(dw_fs_open(ctx, overlay, DW_FS_WRITE | DW_FS_PRIMARY_ONLY, &fs,
		      &err));
	change(fs);
	OK(dw_fs_flush(fs, &err));
	dw_fs_close(fs);
	OK(dw_fs_commit_plan(ctx, dev, overlay, &plan, &err));
	ck_assert_uint_eq(log->nr, 0);
	OK(dw_fs_commit(ctx, dev, overlay, &err));
	ck_assert_uint_gt(log->nr, plan.blocks_nr);
	dw_dev_close(overlay, NULL);
	dw_dev_close(dev, NULL);
	dw_dev_close(file, NULL);
}

/* Data that begins as blocks of the log do is told apart. */
static void check_log(const char *path)
{
	struct dw_journal j = { .ctx = ctx };
	uint8_t buf[DW_JBD2_SUPER_LEN];
	uint32_t type, sequence, commits_nr = 0;
	const uint8_t *block;

	OK(dw_file_open(ctx, path, 0, &j.dev, &err));
	OK(dw_journal_read_fs(j.dev, &j.fs, &err));
	OK(dw_journal_load(&j, buf, &err));
	for (uint32_t log = 1; log < j.fmt.end; log++) {
		OK(dw_journal_block(&j, log, &block, &err));
		if (!dw_jbd2_decode_header(block, &type, &sequence))
			continue;
		ck_assert_uint_eq(sequence, 78);
		ck_assert_msg(type == DW_JBD2_DESCRIPTOR ||
			      type == DW_JBD2_COMMIT, "type %u", type);
		commits_nr += type == DW_JBD2_COMMIT;
	}
	ck_assert_uint_eq(commits_nr, 1);
	dw_journal_unload(&j);
	dw_dev_close(j.dev, NULL);
}

START_TEST(a_crash_leaves_the_old_or_the_new)
{
	const struct jkind *k = &kinds[_i];
	const char *path = make(k);
	/* A superblock torn in two is e2fsck's matter, as it is after a crash
	 * of the kernel: its flag and its checksum are in different sectors
	 * of 512 bytes. */
	struct record_log log = { .sector_len = 1024 };
	char base[128];
	int state = 0, last;

	snprintf(base, sizeof(base), "%s.base", path);
	fsimg_run(NULL, "cp --sparse=always '%s' '%s'", path, base);
	record_change(path, &log);
	fsimg_check(path);
	ck_assert_int_eq(state_of_image(path, "committed"), 1);
	check_log(path);
	for (size_t nr = 0; nr <= log.nr; nr++) {
		last = state;
		state = judge(base, &log, nr, 0);
		ck_assert_msg(state >= last, "%s: old again after %zu",
			      k->name, nr);
		judge(base, &log, nr, (unsigned)nr * 2 + 1);
	}
	ck_assert_int_eq(state, 1);
	record_free(&log);
}
END_TEST

/* What the journal cannot take is refused before anything is written. */
START_TEST(a_change_that_is_too_large)
{
	const char *path = fsimg_make("large", "32M", "-t ext4 -b 1024 "
				      "-J size=1");
	struct dw_dev *dev = NULL, *overlay = NULL;
	struct dw_fs_commit plan;
	struct dw_fs *fs = NULL;

	OK(dw_file_open(ctx, path, 0, &dev, &err));
	OK(dw_overlay_new(dev, 1024, 1 << 26, &overlay, &err));
	OK(dw_fs_open(ctx, overlay, DW_FS_WRITE | DW_FS_PRIMARY_ONLY, &fs,
		      &err));
	put(fs, "/f", 1021 << 10, 'x');
	OK(dw_fs_flush(fs, &err));
	dw_fs_close(fs);
	ck_assert_int_eq(dw_fs_commit_plan(ctx, dev, overlay, &plan, &err),
			 DW_LIMIT);
	ck_assert_msg(strstr(err.text, "more than it has") != NULL, "%s",
		      err.text);
	dw_dev_close(overlay, NULL);
	dw_dev_close(dev, NULL);
}
END_TEST

static const struct {
	const char *args;
	enum { AS_MADE, WITH_FC, DIRTY } how;
	const char *text;
} refused[] = {
	{ "-t ext2", AS_MADE, "no journal" },
	{ "-t ext4 -O fast_commit", WITH_FC, "fast commits" },
	{ "-t ext4", DIRTY, "not yet made" },
};

START_TEST(journals_that_are_not_written)
{
	const char *path = fsimg_make("refused", "64M", refused[_i].args);
	struct dw_dev *dev = NULL, *overlay = NULL;
	struct dw_fs_commit plan;
	const char *block = fsimg_path("block");

	if (refused[_i].how == WITH_FC)
		set_journal(path, 0, DW_JBD2_INCOMPAT_FAST_COMMIT);
	if (refused[_i].how == DIRTY)
		fsimg_run(NULL, "head -c 4096 /dev/zero > %s; printf "
			  "'jo\\njw -b 700 %s\\njc\\n' | debugfs -w -f - %s",
			  block, block, path);
	OK(dw_file_open(ctx, path, 0, &dev, &err));
	OK(dw_overlay_new(dev, 1024, 1 << 26, &overlay, &err));
	ck_assert_int_eq(dw_fs_commit_plan(ctx, dev, overlay, &plan, &err),
			 DW_UNSUPPORTED);
	ck_assert_msg(strstr(err.text, refused[_i].text) != NULL, "%s",
		      err.text);
	dw_dev_close(overlay, NULL);
	dw_dev_close(dev, NULL);
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
	tcase_add_loop_test(tc, a_crash_leaves_the_old_or_the_new, 0, KINDS_NR);
	tcase_add_test(tc, a_change_that_is_too_large);
	tcase_add_loop_test(tc, journals_that_are_not_written, 0, 3);
	failed = dw_test_run("journal-write", tc);
	dw_ctx_free(ctx);
	return failed;
}
