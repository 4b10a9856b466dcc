/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Orphans of every kind are released; e2fsck finds nothing afterwards. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fsimg.h"
#include "lib/orphanimg.h"
#include "lib/run.h"

static const struct oi_kind kinds[] = {
	{ "ext2-1k", "20M", "-t ext2 -b 1024", false },
	{ "ext3-1k-128", "20M", "-t ext3 -b 1024 -I 128", false },
	{ "ext3-4k", "40M", "-t ext3 -b 4096", false },
	{ "ext4", "40M", "-t ext4 -b 4096", false },
	{ "ext4-file", "40M", "-t ext4 -b 4096 -O orphan_file", true },
	{ "ext4-file-1k", "20M", "-t ext4 -b 1024 -O orphan_file,^64bit",
	  true },
	{ "ext4-file-nocsum", "20M",
	  "-t ext4 -b 1024 -O orphan_file,^metadata_csum,uninit_bg", true },
	{ "ext4-64k", "200M", "-t ext4 -b 65536", false },
	{ "ext4-bigalloc", "80M",
	  "-t ext4 -b 4096 -O bigalloc,orphan_file -C 16384", true },
	{ "ext4-bigalloc-1k", "80M", "-t ext4 -b 1024 -O bigalloc -C 8192",
	  false },
	{ "ext4-inline", "40M",
	  "-t ext4 -b 4096 -O inline_data,orphan_file -I 512", true },
	{ "ext4-metabg", "40M", "-t ext4 -b 1024 -O meta_bg,^resize_inode",
	  false },
	{ "ext4-eainode", "40M", "-t ext4 -b 4096 -O ea_inode,orphan_file",
	  true },
	{ "ext4-eainode-1k", "40M", "-t ext4 -b 1024 -O ea_inode", false },
};
#define KINDS_NR ((int)(sizeof(kinds) / sizeof(kinds[0])))

static void expect_file(struct dw_fs *f, const char *name, size_t len)
{
	char *data;
	size_t got, i;

	OK(dw_fs_read_file(f, name, 1 << 24, &data, &got, &oi_err));
	ck_assert_uint_eq(got, len);
	for (i = 0; i < got; i++)
		ck_assert_int_eq(data[i], 'd');
	free(data);
}

/* What lies behind the end in the last block of a file. */
static void expect_zero_tail(const char *path, const char *name, uint64_t size)
{
	uint8_t *buf;
	blk64_t blk;
	unsigned i;

	oi_open(path);
	buf = malloc(oi_fs->blocksize);
	OK(ext2fs_bmap2(oi_fs, oi_ino(name), NULL, NULL, 0,
			size / oi_fs->blocksize, NULL, &blk));
	OK(io_channel_read_blk64(oi_fs->io, blk, 1, buf));
	for (i = size % oi_fs->blocksize; i < oi_fs->blocksize; i++)
		ck_assert_int_eq(buf[i], 0);
	free(buf);
	oi_close();
}

START_TEST(test_kinds)
{
	const char *path = oi_make(&kinds[_i]);
	struct dw_fs *f;
	unsigned i;

	OK(oi_recover(path));
	oi_expect_clean(path);
	ck_assert_uint_eq(oi_stats.orphans_deleted_nr, OI_UNLINKED_NR);
	ck_assert_uint_eq(oi_stats.orphans_truncated_nr, 4);
	ck_assert_str_eq(oi_stats.damage, "");
	f = fsimg_open(oi_ctx, path, 0);
	for (i = 0; i < OI_UNLINKED_NR; i++)
		ck_assert(!dw_fs_exists(f, oi_unlinked[i]));
	expect_file(f, "/keep", 100000);
	expect_file(f, "/cut", 5001);
	expect_file(f, "/cutall", 0);
	expect_file(f, "/cutsmall", 70);
	dw_fs_close(f);
	expect_zero_tail(path, "/cut", 5001);
	/* Nothing is left to do. */
	OK(oi_recover(path));
	ck_assert_uint_eq(oi_stats.orphans_deleted_nr +
			  oi_stats.orphans_truncated_nr, 0);
	remove(path);
}
END_TEST

/* ---- shared attributes -------------------------------------------------- */

/* Two inodes use one attribute block; it goes with the last one only. */
START_TEST(test_shared_attributes)
{
	const char *path = fsimg_make("shared", "20M", "-t ext4 -b 1024");
	struct dw_fs *f = fsimg_open(oi_ctx, path, DW_FS_WRITE);
	struct ext2_inode *a, *b;
	char value[600] = { 0 };
	uint32_t refs;
	char *buf;

	oi_put(f, "/a", 10);
	oi_put(f, "/b", 10);
	OK(dw_fs_setxattr(f, "/a", "user.x", value, sizeof(value), &oi_err));
	fsimg_close(f, path);
	oi_open(path);
	a = oi_read_inode(oi_ino("/a"));
	b = oi_read_inode(oi_ino("/b"));
	buf = malloc(oi_fs->blocksize);
	ck_assert_uint_ne(ext2fs_file_acl_block(oi_fs, a), 0);
	ext2fs_file_acl_block_set(oi_fs, b, ext2fs_file_acl_block(oi_fs, a));
	OK(ext2fs_adjust_ea_refcount3(oi_fs, ext2fs_file_acl_block(oi_fs, a),
				      buf, 1, &refs, oi_ino("/a")));
	ext2fs_iblk_add_blocks(oi_fs, b, 1);
	oi_write_inode_free(oi_ino("/b"), b);
	free(buf);
	free(a);
	oi_unlink("/a", false);
	oi_close();
	OK(oi_recover(path));
	oi_expect_clean(path);

	oi_open(path);
	oi_unlink("/b", false);
	oi_close();
	OK(oi_recover(path));
	oi_expect_clean(path);
}
END_TEST

/* ---- journal and orphans together --------------------------------------- */

/* A journal whose inode is gone is found by the superblock's copy of it. */
START_TEST(test_journal_inode)
{
	const char *args[] = { "-t ext4 -b 4096", "-t ext3 -b 1024" };
	const char *path = fsimg_make("jinode", "40M", args[_i]);

	ck_assert_int_eq(fsimg_run(NULL, "head -c 4096 /dev/urandom >'%s.d' && "
				   "printf 'jo\njw -b 9000 %s.d\njc\n"
				   "clri <8>\n' | debugfs -w -f - '%s'", path,
				   path, path), 0);
	OK(oi_recover(path));
	ck_assert_uint_eq(oi_stats.transactions_nr, 1);
	oi_expect_clean(path);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("release");

	fsimg_require_tools();
	tcase_add_checked_fixture(t, oi_setup, oi_teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_kinds, 0, KINDS_NR);
	tcase_add_test(t, test_shared_attributes);
	tcase_add_loop_test(t, test_journal_inode, 0, 2);
	return dw_test_run("orphan", t);
}
