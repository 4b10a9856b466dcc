/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Used blocks: equal to what dumpe2fs says, and enough to copy. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev/kinds.h"
#include "lib/fsimg.h"
#include "lib/fskinds.h"
#include "lib/run.h"

static struct dw_err err;
static struct dw_ctx *ctx;

#define OK(call) ck_assert_msg(!(call), "%s: %s", #call, err.text)

/* Files in pieces, some of them gone again. */
static const char *populated(const struct fskind *k)
{
	const char *path = fsimg_make(k->name, k->size, k->args);
	struct dw_fs *fs = fsimg_open(ctx, path, DW_FS_WRITE);
	char *data = calloc(1, 3000000), name[64];

	memset(data, 'd', 3000000);
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "/f%d", i);
		OK(dw_fs_write_file(fs, name, data, 200000, NULL, &err));
	}
	for (int i = 0; i < 40; i += 2) {
		snprintf(name, sizeof(name), "/f%d", i);
		OK(dw_fs_unlink(fs, name, &err));
	}
	OK(dw_fs_write_file(fs, "/big", data, 3000000, NULL, &err));
	free(data);
	fsimg_close(fs, path);
	return path;
}

/*
 * dumpe2fs lists free blocks: "  Free blocks: 12-40, 77" a group.  With
 * clusters the last number of a range is the first block of a cluster.
 */
static void clear_free(const char *text, uint8_t *used, uint64_t nr,
		       uint32_t block_len)
{
	const char *c = strstr(text, "\nCluster size:");
	uint64_t ratio = c ? strtoul(c + 14, NULL, 10) / block_len : 1;

	for (const char *p = text; (p = strstr(p, "\n  Free blocks: ")); ) {
		p += strlen("\n  Free blocks: ");
		while (*p >= '0' && *p <= '9') {
			char *end;
			uint64_t a = strtoull(p, &end, 10), b = a;

			if (*end == '-')
				b = strtoull(end + 1, &end, 10);
			for (b |= ratio - 1; a <= b && a < nr; a++)
				used[a] = 0;
			p = end + strspn(end, ", ");
		}
	}
}

/* debugfs names the blocks of a file, one number a line, or an error. */
static void clear_log(const char *path, uint8_t *used, uint64_t nr)
{
	const char *text;
	char *end;
	uint64_t blk;

	/* Logical blocks from 1 on: block 0 is the journal's superblock. */
	fsimg_run(&text, "for i in $(seq 1 5000); do echo \"bmap <8> $i\"; done"
		  " | debugfs -f - %s 2>/dev/null | grep -x '[0-9]*'", path);
	for (; *text; text = *end ? end + 1 : end) {
		blk = strtoull(text, &end, 10);
		if (end == text)
			break;
		if (blk && blk < nr)
			used[blk] = 0;
	}
}

START_TEST(used_blocks_are_those_of_dumpe2fs_without_the_log)
{
	const char *path = populated(&kinds[_i]), *text;
	struct dw_fs *fs = fsimg_open(ctx, path, 0);
	struct dw_fs_info info;
	struct dw_used *u;
	uint8_t *want, *got;
	uint64_t nr;

	OK(dw_fs_get_info(fs, &info, &err));
	nr = info.size / info.block_len;
	want = calloc(1, nr);
	got = calloc(1, nr);
	memset(want, 1, nr);
	ck_assert_int_eq(fsimg_run(&text, "dumpe2fs %s", path), 0);
	clear_free(text, want, nr, info.block_len);
	clear_log(path, want, nr);
	OK(dw_fs_used(fs, &u, &err));
	ck_assert_uint_eq(u->unmarked_blk_nr, 0);
	ck_assert_uint_eq(u->damaged_inodes_nr, 0);
	for (size_t i = 0; i < u->runs_nr; i++) {
		ck_assert(!i || u->runs[i].off >
			  u->runs[i - 1].off + u->runs[i - 1].len);
		memset(got + u->runs[i].off / info.block_len, 1,
		       u->runs[i].len / info.block_len);
	}
	for (uint64_t b = 0; b < nr; b++)
		ck_assert_msg(want[b] == got[b], "block %llu: %d, not %d",
			      (unsigned long long)b, got[b], want[b]);
	dw_used_free(u);
	dw_fs_close(fs);
	free(want);
	free(got);
}
END_TEST

static void copy_runs(struct dw_dev *from, struct dw_dev *to,
		      const struct dw_used *u)
{
	for (size_t i = 0; i < u->runs_nr; i++) {
		char *buf = malloc(u->runs[i].len);

		OK(dw_dev_pread(from, u->runs[i].off, buf, u->runs[i].len,
				&err));
		OK(dw_dev_pwrite(to, u->runs[i].off, buf, u->runs[i].len,
				 &err));
		free(buf);
	}
}

START_TEST(a_copy_of_the_used_blocks_is_whole)
{
	const char *path = populated(&kinds[_i]);
	const char *copy = fsimg_path("copy");
	struct dw_fs *fs = fsimg_open(ctx, path, 0);
	struct dw_dev *from, *to;
	struct dw_used *u;
	char *a, *b;
	size_t len;

	fsimg_run(NULL, "rm -f %s; truncate -s %s %s", copy, kinds[_i].size,
		  copy);
	OK(dw_file_open(ctx, path, 0, &from, &err));
	OK(dw_file_open(ctx, copy, DW_OPEN_RDWR, &to, &err));
	OK(dw_fs_used(fs, &u, &err));
	copy_runs(from, to, u);
	dw_dev_close(from, NULL);
	dw_dev_close(to, NULL);
	fsimg_check(copy);
	OK(dw_fs_read_file(fs, "/big", 1 << 30, &a, &len, &err));
	dw_fs_close(fs);
	fs = fsimg_open(ctx, copy, 0);
	OK(dw_fs_read_file(fs, "/big", 1 << 30, &b, &len, &err));
	ck_assert(!memcmp(a, b, len));
	free(a);
	free(b);
	dw_used_free(u);
	dw_fs_close(fs);
}
END_TEST

static int first_block(void *arg, uint64_t file_off, uint64_t dev_off,
		       uint64_t len, struct dw_err *e)
{
	*(uint64_t *)arg = dev_off;
	return 1;
}

/* Whether 3 blocks of 4 KiB at off are among the used ones. */
static bool are_used(const struct dw_used *u, uint64_t off)
{
	for (size_t i = 0; i < u->runs_nr; i++)
		if (u->runs[i].off <= off &&
		    off + 3 * 4096 <= u->runs[i].off + u->runs[i].len)
			return true;
	return false;
}

START_TEST(what_files_reference_is_used_whatever_the_bitmaps_say)
{
	const char *path = populated(&kinds[4]);	/* ext4 */
	struct dw_fs *fs = fsimg_open(ctx, path, 0);
	struct dw_stat st;
	struct dw_used *u;
	uint64_t off = 0;

	OK(dw_fs_stat(fs, "/big", &st, &err));
	ck_assert_int_eq(dw_fs_file_runs(fs, st.ino, first_block, &off, &err),
			 1);
	dw_fs_close(fs);
	ck_assert_int_eq(fsimg_run(NULL, "debugfs -w -R 'freeb %llu 3' %s",
				   (unsigned long long)off / 4096, path), 0);
	fs = fsimg_open(ctx, path, 0);
	OK(dw_fs_used(fs, &u, &err));
	ck_assert_uint_eq(u->unmarked_blk_nr, 3);
	ck_assert_uint_eq(u->first_unmarked_blk, off / 4096);
	ck_assert(are_used(u, off));
	dw_used_free(u);
	dw_fs_close(fs);

	/* Opened for changes, it is mended. */
	fs = fsimg_open(ctx, path, DW_FS_WRITE);
	OK(dw_fs_used(fs, &u, &err));
	ck_assert_uint_eq(u->unmarked_blk_nr, 3);
	dw_used_free(u);
	OK(dw_fs_mkdir(fs, "/new", false, NULL, &err));
	fsimg_close(fs, path);
}
END_TEST

/* A damaged filesystem: what one file has not written is another one's data. */
START_TEST(unwritten_blocks_of_two_files_are_used)
{
	const char *path = populated(&kinds[4]);	/* ext4 */
	struct dw_fs *fs = fsimg_open(ctx, path, 0);
	uint64_t big_off = 0;
	struct dw_stat st;
	struct dw_used *u;

	OK(dw_fs_stat(fs, "/big", &st, &err));
	dw_fs_file_runs(fs, st.ino, first_block, &big_off, &err);
	dw_fs_close(fs);
	ck_assert_int_eq(fsimg_run(NULL, "printf 'write /dev/null /own\\nsif "
				   "/own size 4096\\nfallocate /own 0 0\\n' "
				   "| debugfs -w -f - %s", path), 0);
	fs = fsimg_open(ctx, path, 0);
	OK(dw_fs_stat(fs, "/own", &st, &err));
	ck_assert_uint_eq(st.size, 4096);
	OK(dw_fs_used(fs, &u, &err));
	ck_assert(are_used(u, big_off));
	dw_used_free(u);
	dw_fs_close(fs);
	ck_assert_int_eq(fsimg_run(NULL, "printf 'eo /own\\nroot"
				   "\\nreplace_node --uninit 0 1 %llu\\nec\\n' | "
				   "debugfs -w -f - %s; debugfs -R 'ex /own' "
				   "%s | grep Uninit | grep %llu", (unsigned
				   long long)big_off / 4096, path, path,
				   (unsigned long long)big_off / 4096), 0);
	fs = fsimg_open(ctx, path, 0);
	OK(dw_fs_used(fs, &u, &err));
	ck_assert_uint_eq(u->damaged_inodes_nr + u->unmarked_blk_nr, 0);
	ck_assert(are_used(u, big_off));
	dw_used_free(u);
	dw_fs_close(fs);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("kinds");
	int failed;

	fsimg_require_tools();
	dw_ctx_new(&ctx, NULL);
	dw_ctx_set_clock(ctx, 1700000000);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc,
			    used_blocks_are_those_of_dumpe2fs_without_the_log,
			    0, KINDS_NR);
	tcase_add_loop_test(tc, a_copy_of_the_used_blocks_is_whole, 0,
			    KINDS_NR);
	tcase_add_test(tc,
		       what_files_reference_is_used_whatever_the_bitmaps_say);
	tcase_add_test(tc, unwritten_blocks_of_two_files_are_used);
	failed = dw_test_run("fs-used", tc);
	dw_ctx_free(ctx);
	return failed;
}
