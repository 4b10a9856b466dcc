/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Orphans of every kind are released; e2fsck finds nothing afterwards. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/kinds.h"
#include "fs/ext_internal.h"
#include "lib/fsimg.h"
#include "lib/run.h"

static struct dw_ctx *ctx;
static struct dw_err err;
static struct dw_recovery stats;

#define OK(call) do {							\
	long ret_ = (long)(call);					\
	ck_assert_msg(ret_ == 0, "%s: %ld %s", #call, ret_, err.text);	\
} while (0)

static const struct kind {
	const char *name, *size, *args;
	bool use_file;		/* orphans go to the orphan file */
} kinds[] = {
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

static void setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, NULL), 0);
	memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
	dw_ctx_free(ctx);
}

/* ---- making orphans ----------------------------------------------------- */

static struct dw_dev *dev;
static ext2_filsys fs;

static void raw_open(const char *path)
{
	OK(dw_file_open(ctx, path, DW_OPEN_RDWR, &dev, &err));
	OK(dw_ext_open_raw(ctx, dev, DW_FS_WRITE, &fs, &err));
	OK(dw_ext_load_bitmaps(fs, &err));
}

static void raw_close(void)
{
	OK(dw_ext_flush_raw(fs, &err));
	dw_ext_close_raw(fs);
	OK(dw_dev_close(dev, &err));
}

static ext2_ino_t ino_of(const char *name)
{
	ext2_ino_t ino = 0;

	OK(ext2fs_namei(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, name, &ino));
	return ino;
}

static struct ext2_inode *read_inode(ext2_ino_t ino)
{
	struct ext2_inode *inode = calloc(1, EXT2_INODE_SIZE(fs->super));

	OK(ext2fs_read_inode_full(fs, ino, inode,
				  EXT2_INODE_SIZE(fs->super)));
	return inode;
}

static void write_inode_free(ext2_ino_t ino, struct ext2_inode *inode)
{
	OK(ext2fs_write_inode_full(fs, ino, inode,
				   EXT2_INODE_SIZE(fs->super)));
	free(inode);
}

static uint8_t *orphan_block(blk64_t *blk)
{
	uint8_t *buf = malloc(fs->blocksize);

	OK(ext2fs_bmap2(fs, fs->super->s_orphan_file_inum, NULL, NULL, 0, 0,
			NULL, blk));
	OK(io_channel_read_blk64(fs->io, *blk, 1, buf));
	return buf;
}

static void add_to_file(ext2_ino_t ino, unsigned slot)
{
	blk64_t blk = 0;
	uint8_t *buf = orphan_block(&blk);

	dw_put_le32(buf + 4 * slot, ino);
	OK(ext2fs_orphan_file_block_csum_set(fs, fs->super->s_orphan_file_inum,
					     blk, (char *)buf));
	OK(io_channel_write_blk64(fs->io, blk, 1, buf));
	free(buf);
	ext2fs_set_feature_orphan_present(fs->super);
	ext2fs_mark_super_dirty(fs);
}

static void add_to_list(ext2_ino_t ino)
{
	struct ext2_inode *inode = read_inode(ino);

	inode->i_dtime = fs->super->s_last_orphan;
	write_inode_free(ino, inode);
	fs->super->s_last_orphan = ino;
	ext2fs_mark_super_dirty(fs);
}

static void make_orphan(ext2_ino_t ino, bool use_file)
{
	static unsigned slot;

	if (use_file)
		add_to_file(ino, slot++ * 3 % 200);
	else
		add_to_list(ino);
}

/* The name goes, the inode stays: a file that was open when it was removed. */
static void orphan_unlinked(const char *name, bool use_file)
{
	ext2_ino_t ino = ino_of(name), root = EXT2_ROOT_INO;
	struct ext2_inode *inode = read_inode(ino);

	OK(ext2fs_unlink(fs, root, name + 1, ino, 0));
	if (LINUX_S_ISDIR(inode->i_mode)) {
		struct ext2_inode *parent = read_inode(root);

		parent->i_links_count--;
		write_inode_free(root, parent);
	}
	inode->i_links_count = 0;
	write_inode_free(ino, inode);
	make_orphan(ino, use_file);
}

/* The size is cut, the blocks are still there. */
static void orphan_cut(const char *name, uint64_t size, bool use_file)
{
	ext2_ino_t ino = ino_of(name);
	struct ext2_inode *inode = read_inode(ino);

	OK(ext2fs_inode_size_set(fs, inode, (ext2_off64_t)size));
	write_inode_free(ino, inode);
	make_orphan(ino, use_file);
}

/* Every second block, so that a file has as many extents as blocks. */
static void make_holes(const char *name, unsigned nr)
{
	ext2_file_t file;
	unsigned i, got;
	ext2_ino_t ino = ino_of(name);

	OK(ext2fs_file_open2(fs, ino, NULL, EXT2_FILE_WRITE, &file));
	for (i = 0; i < nr; i++) {
		OK(ext2fs_file_llseek(file, 2ull * i * fs->blocksize,
				      EXT2_SEEK_SET, NULL));
		OK(ext2fs_file_write(file, "data", 4, &got));
	}
	OK(ext2fs_file_close(file));
}

static void put(struct dw_fs *f, const char *path, size_t len)
{
	char *data = malloc(len + 1);

	memset(data, 'd', len);
	OK(dw_fs_write_file(f, path, data, len, NULL, &err));
	free(data);
}

static void populate(const char *path)
{
	char *value = calloc(1, 1000);
	struct dw_fs *f = fsimg_open(ctx, path, DW_FS_WRITE);
	char longlink[301];

	put(f, "/keep", 100000);
	put(f, "/empty", 0);
	put(f, "/small", 50);
	put(f, "/big", 3000000);
	put(f, "/holes", 1);
	put(f, "/attrs", 5000);
	put(f, "/cut", 2000000);
	put(f, "/cutholes", 1);
	put(f, "/cutall", 700000);
	put(f, "/cutsmall", 120);
	OK(dw_fs_mkdir(f, "/dir", false, NULL, &err));
	memset(longlink, 'l', 300);
	longlink[300] = '\0';
	OK(dw_fs_symlink(f, "short", "/slink", &err));
	OK(dw_fs_symlink(f, longlink, "/llink", &err));
	OK(dw_fs_setxattr(f, "/attrs", "user.a", value, 700, &err));
	OK(dw_fs_setxattr(f, "/keep", "user.k", value, 40, &err));
	fsimg_close(f, path);
	free(value);
}

/* A value in an inode of its own; its blocks count for the file, too. */
static void make_large_attr(const char *name)
{
	struct ext2_xattr_handle *h;
	ext2_ino_t ino = ino_of(name);
	struct ext2_inode *inode;
	char *value = calloc(1, 9000);

	OK(ext2fs_xattrs_open(fs, ino, &h));
	OK(ext2fs_xattrs_read(h));
	OK(ext2fs_xattr_set(h, "user.large", value, 9000));
	OK(ext2fs_xattrs_close(&h));
	free(value);
	inode = read_inode(ino);
	ext2fs_iblk_add_blocks(fs, inode, (9000 + fs->blocksize - 1) /
					  fs->blocksize);
	write_inode_free(ino, inode);
}

static const char *const unlinked[] = {
	"/empty", "/small", "/big", "/holes", "/attrs", "/dir", "/slink",
	"/llink",
};
#define UNLINKED_NR (sizeof(unlinked) / sizeof(unlinked[0]))

static const char *make_image(const struct kind *k)
{
	const char *path = fsimg_make(k->name, k->size, k->args);
	bool f = k->use_file;
	unsigned i;

	populate(path);
	raw_open(path);
	make_holes("/holes", fs->blocksize > 4096 ? 500 : 3000);
	make_holes("/cutholes", fs->blocksize > 4096 ? 500 : 1500);
	if (ext2fs_has_feature_ea_inode(fs->super)) {
		make_large_attr("/attrs");
		make_large_attr("/keep");
	}
	for (i = 0; i < UNLINKED_NR; i++)
		/* Both ways at once, where there are both. */
		orphan_unlinked(unlinked[i], f && i % 4);
	orphan_cut("/cut", 5001, f);
	orphan_cut("/cutholes", 100000, f);
	orphan_cut("/cutall", 0, f);
	orphan_cut("/cutsmall", 70, f);
	raw_close();
	return path;
}

/* Extents need not be as few as they could be: the kernel leaves them so. */
static void expect_clean(const char *path)
{
	const char *out;
	int rc = fsimg_run(&out, "e2fsck -fn -E no_optimize_extents '%s'",
			   path);

	ck_assert_msg(!rc && !strstr(out, "wrong") && !strstr(out, "Fix") &&
		      !strstr(out, "Clear"), "e2fsck: %d %s", rc, out);
}

static int recover(const char *path)
{
	struct dw_dev *d;
	int ret;

	memset(&stats, 0, sizeof(stats));
	OK(dw_file_open(ctx, path, DW_OPEN_RDWR, &d, &err));
	ret = dw_fs_recover(ctx, d, &stats, &err);
	dw_dev_close(d, NULL);
	return ret;
}

static void expect_file(struct dw_fs *f, const char *name, size_t len)
{
	char *data;
	size_t got, i;

	OK(dw_fs_read_file(f, name, 1 << 24, &data, &got, &err));
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

	raw_open(path);
	buf = malloc(fs->blocksize);
	OK(ext2fs_bmap2(fs, ino_of(name), NULL, NULL, 0,
			size / fs->blocksize, NULL, &blk));
	OK(io_channel_read_blk64(fs->io, blk, 1, buf));
	for (i = size % fs->blocksize; i < fs->blocksize; i++)
		ck_assert_int_eq(buf[i], 0);
	free(buf);
	raw_close();
}

START_TEST(test_kinds)
{
	const char *path = make_image(&kinds[_i]);
	struct dw_fs *f;
	unsigned i;

	OK(recover(path));
	expect_clean(path);
	ck_assert_uint_eq(stats.orphans_deleted_nr, UNLINKED_NR);
	ck_assert_uint_eq(stats.orphans_truncated_nr, 4);
	ck_assert_str_eq(stats.damage, "");
	f = fsimg_open(ctx, path, 0);
	for (i = 0; i < UNLINKED_NR; i++)
		ck_assert(!dw_fs_exists(f, unlinked[i]));
	expect_file(f, "/keep", 100000);
	expect_file(f, "/cut", 5001);
	expect_file(f, "/cutall", 0);
	expect_file(f, "/cutsmall", 70);
	dw_fs_close(f);
	expect_zero_tail(path, "/cut", 5001);
	/* Nothing is left to do. */
	OK(recover(path));
	ck_assert_uint_eq(stats.orphans_deleted_nr +
			  stats.orphans_truncated_nr, 0);
	remove(path);
}
END_TEST

/* ---- shared attributes -------------------------------------------------- */

/* Two inodes use one attribute block; it goes with the last one only. */
START_TEST(test_shared_attributes)
{
	const char *path = fsimg_make("shared", "20M", "-t ext4 -b 1024");
	struct dw_fs *f = fsimg_open(ctx, path, DW_FS_WRITE);
	struct ext2_inode *a, *b;
	char value[600] = { 0 };
	uint32_t refs;
	char *buf;

	put(f, "/a", 10);
	put(f, "/b", 10);
	OK(dw_fs_setxattr(f, "/a", "user.x", value, sizeof(value), &err));
	fsimg_close(f, path);
	raw_open(path);
	a = read_inode(ino_of("/a"));
	b = read_inode(ino_of("/b"));
	buf = malloc(fs->blocksize);
	ck_assert_uint_ne(ext2fs_file_acl_block(fs, a), 0);
	ext2fs_file_acl_block_set(fs, b, ext2fs_file_acl_block(fs, a));
	OK(ext2fs_adjust_ea_refcount3(fs, ext2fs_file_acl_block(fs, a), buf, 1,
				      &refs, ino_of("/a")));
	ext2fs_iblk_add_blocks(fs, b, 1);
	write_inode_free(ino_of("/b"), b);
	free(buf);
	free(a);
	orphan_unlinked("/a", false);
	raw_close();
	OK(recover(path));
	expect_clean(path);

	raw_open(path);
	orphan_unlinked("/b", false);
	raw_close();
	OK(recover(path));
	expect_clean(path);
}
END_TEST

/* ---- damage ------------------------------------------------------------- */

static const struct kind plain = {
	"plain", "20M", "-t ext4 -b 1024 -O orphan_file", true,
};

static void damage_cycle(void)
{
	struct ext2_inode *inode;

	add_to_list(ino_of("/a"));
	add_to_list(ino_of("/b"));
	inode = read_inode(ino_of("/a"));
	inode->i_dtime = ino_of("/b");
	write_inode_free(ino_of("/a"), inode);
}

static void damage_twice(void)
{
	add_to_list(ino_of("/a"));
	add_to_file(ino_of("/a"), 7);
}

static void damage_high(void)
{
	add_to_file(fs->super->s_inodes_count + 1, 0);
}

static void damage_reserved(void)
{
	fs->super->s_last_orphan = 8;
	ext2fs_mark_super_dirty(fs);
}

static void damage_unused(void)
{
	add_to_file(200, 0);
}

static void damage_next(void)
{
	struct ext2_inode *inode;

	add_to_list(ino_of("/a"));
	inode = read_inode(ino_of("/a"));
	inode->i_dtime = 0x7fffffff;
	write_inode_free(ino_of("/a"), inode);
}

static void damage_byte(unsigned from_end)
{
	blk64_t blk = 0;
	uint8_t *buf;

	add_to_file(ino_of("/a"), 0);
	buf = orphan_block(&blk);
	buf[fs->blocksize - from_end] ^= 0x10;
	OK(io_channel_write_blk64(fs->io, blk, 1, buf));
	free(buf);
}

static void damage_magic(void)
{
	damage_byte(8);
}

static void damage_sum(void)
{
	damage_byte(1);
}

static void damage_no_file(void)
{
	add_to_file(ino_of("/a"), 0);
	fs->super->s_orphan_file_inum = 0;
}

static void damage_hole(void)
{
	ext2_ino_t ino = fs->super->s_orphan_file_inum;

	add_to_file(ino_of("/a"), 0);
	OK(ext2fs_punch(fs, ino, NULL, NULL, 1, 1));
}

/* A block of an orphan that the bitmap calls free. */
static void damage_free_block(void)
{
	blk64_t blk = 0;

	OK(ext2fs_bmap2(fs, ino_of("/a"), NULL, NULL, 0, 2, NULL, &blk));
	ext2fs_block_alloc_stats2(fs, blk, -1);
	add_to_file(ino_of("/a"), 0);
}

static void damage_far_block(void)
{
	struct ext2_inode *inode = read_inode(ino_of("/a"));

	dw_put_le32((uint8_t *)inode->i_block + 20, 0xfffff000);
	write_inode_free(ino_of("/a"), inode);
	add_to_file(ino_of("/a"), 0);
}

static void damage_acl(void)
{
	struct ext2_inode *inode = read_inode(ino_of("/a"));

	ext2fs_file_acl_block_set(fs, inode, 0x7ffffff0);
	inode->i_links_count = 0;
	write_inode_free(ino_of("/a"), inode);
	add_to_file(ino_of("/a"), 0);
}

static const struct {
	void (*damage)(void);
	const char *text;
} damages[] = {
	{ damage_cycle, "twice among the orphans" },
	{ damage_twice, "twice among the orphans" },
	{ damage_high, "is not among 11 to" },
	{ damage_reserved, "inode 8 is not among" },
	{ damage_unused, "inode 200 is not in use" },
	{ damage_next, "2147483647 is not among" },
	{ damage_magic, "magic number" },
	{ damage_sum, "checksum is wrong" },
	{ damage_no_file, "not there" },
	{ damage_hole, "hole at block 1" },
	{ damage_free_block, "not in use" },
	{ damage_far_block, "blocks at" },
	{ damage_acl, "attributes in block 2147483632" },
};

START_TEST(test_damage)
{
	const char *path = fsimg_make(plain.name, plain.size, plain.args);
	struct dw_fs *f = fsimg_open(ctx, path, DW_FS_WRITE);
	int ret;

	put(f, "/a", 10000);
	put(f, "/b", 10000);
	fsimg_close(f, path);
	raw_open(path);
	damages[_i].damage();
	raw_close();
	ret = recover(path);
	ck_assert_msg(ret == DW_CORRUPT, "%d %s", ret, err.text);
	ck_assert_msg(strstr(err.text, damages[_i].text) != NULL, "%s",
		      err.text);
}
END_TEST

/* Marked as having errors: the orphans stay, and that is said. */
START_TEST(test_errors)
{
	const char *path = fsimg_make("errors", "20M", plain.args);
	struct dw_fs *f = fsimg_open(ctx, path, DW_FS_WRITE);

	put(f, "/a", 10000);
	fsimg_close(f, path);
	raw_open(path);
	orphan_unlinked("/a", true);
	fs->super->s_state |= EXT2_ERROR_FS;
	raw_close();
	OK(recover(path));
	ck_assert_uint_eq(stats.orphans_deleted_nr, 0);
	ck_assert_ptr_nonnull(strstr(stats.damage, "orphan inodes were kept"));
}
END_TEST

/* Usage files of quotas would be wrong afterwards. */
START_TEST(test_quota)
{
	const char *path = fsimg_make("quota", "20M", "-t ext4 -O quota");
	int ret;

	ck_assert_int_eq(fsimg_run(NULL, "debugfs -w -R 'ssv last_orphan 12' "
				   "'%s'", path), 0);
	ret = recover(path);
	ck_assert_int_eq(ret, DW_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.text, "orphans cannot be released"));
	ck_assert_ptr_nonnull(strstr(err.text, "quota"));
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
	OK(recover(path));
	ck_assert_uint_eq(stats.transactions_nr, 1);
	expect_clean(path);
}
END_TEST

/* ---- hostile images ----------------------------------------------------- */

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)random_state * n >> 32);
}

/* Offsets where something else than zeros lies. */
static size_t find_targets(struct dw_dev *d, uint64_t *out, size_t cap)
{
	uint8_t buf[512];
	uint64_t off;
	size_t nr = 0;

	for (off = 0; off < d->size && nr < cap; off += sizeof(buf)) {
		OK(dw_dev_pread(d, off, buf, sizeof(buf), &err));
		/* The files' own bytes are of no interest. */
		if (!dw_is_zero(buf, sizeof(buf)) && buf[0] != 'd')
			out[nr++] = off;
	}
	return nr;
}

static const struct kind soft_kinds[] = {
	{ "soft-extents", "12M", "-t ext4 -b 1024 -O ^metadata_csum,"
	  "ea_inode,^has_journal", false },
	{ "soft-file", "16M", "-t ext4 -b 1024 -O ^metadata_csum,"
	  "orphan_file", true },
	{ "soft-lists", "12M", "-t ext2 -b 1024", false },
	{ "soft-big", "20M", "-t ext4 -b 1024 -C 4096 -O bigalloc,inline_data,"
	  "^metadata_csum,^has_journal", false },
};

/* Without checksums every damaged byte is met by the code behind them. */
START_TEST(test_hostile)
{
	const char *path = make_image(&soft_kinds[_i]);
	struct dw_dev *d, *over;
	static uint64_t targets[20000];
	size_t nr;
	unsigned round, k;
	uint8_t byte;
	int ret;

	random_state = 77 + (unsigned)_i;
	OK(dw_file_open(ctx, path, 0, &d, &err));
	nr = find_targets(d, targets, 20000);
	for (round = 0; round < 1200; round++) {
		OK(dw_overlay_new(d, 1024, 64 << 20, &over, &err));
		for (k = 1 + random_below(6); k; k--) {
			uint64_t off = targets[random_below((uint32_t)nr)] +
				       random_below(512);

			byte = (uint8_t)random_below(256);
			OK(dw_dev_pwrite(over, off, &byte, 1, &err));
		}
		ret = dw_fs_recover(ctx, over, &stats, &err);
		ck_assert_msg(ret <= 0 && ret != DW_IO && ret != DW_NOMEM,
			      "%d: %s", ret, err.text);
		dw_dev_close(over, NULL);
	}
	dw_dev_close(d, NULL);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("release");

	fsimg_require_tools();
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_kinds, 0, KINDS_NR);
	tcase_add_test(t, test_shared_attributes);
	tcase_add_loop_test(t, test_damage, 0,
			    (int)(sizeof(damages) / sizeof(damages[0])));
	tcase_add_test(t, test_errors);
	tcase_add_test(t, test_quota);
	tcase_add_loop_test(t, test_journal_inode, 0, 2);
	tcase_add_loop_test(t, test_hostile, 0,
			    (int)(sizeof(soft_kinds) / sizeof(soft_kinds[0])));
	return dw_test_run("orphan", t);
}
