/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Orphans that cannot be: refused by name, and nothing worse. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/kinds.h"
#include "lib/fsimg.h"
#include "lib/orphanimg.h"
#include "lib/run.h"

/* ---- damage ------------------------------------------------------------- */

static const struct oi_kind plain = {
	"plain", "20M", "-t ext4 -b 1024 -O orphan_file", true,
};

static void damage_cycle(void)
{
	struct ext2_inode *inode;

	oi_add_to_list(oi_ino("/a"));
	oi_add_to_list(oi_ino("/b"));
	inode = oi_read_inode(oi_ino("/a"));
	inode->i_dtime = oi_ino("/b");
	oi_write_inode_free(oi_ino("/a"), inode);
}

static void damage_twice(void)
{
	oi_add_to_list(oi_ino("/a"));
	oi_add_to_file(oi_ino("/a"), 7);
}

static void damage_high(void)
{
	oi_add_to_file(oi_fs->super->s_inodes_count + 1, 0);
}

static void damage_reserved(void)
{
	oi_fs->super->s_last_orphan = 8;
	ext2fs_mark_super_dirty(oi_fs);
}

static void damage_unused(void)
{
	oi_add_to_file(200, 0);
}

static void damage_next(void)
{
	struct ext2_inode *inode;

	oi_add_to_list(oi_ino("/a"));
	inode = oi_read_inode(oi_ino("/a"));
	inode->i_dtime = 0x7fffffff;
	oi_write_inode_free(oi_ino("/a"), inode);
}

static void damage_byte(unsigned from_end)
{
	blk64_t blk = 0;
	uint8_t *buf;

	oi_add_to_file(oi_ino("/a"), 0);
	buf = oi_orphan_block(&blk);
	buf[oi_fs->blocksize - from_end] ^= 0x10;
	OK(io_channel_write_blk64(oi_fs->io, blk, 1, buf));
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
	oi_add_to_file(oi_ino("/a"), 0);
	oi_fs->super->s_orphan_file_inum = 0;
}

static void damage_hole(void)
{
	ext2_ino_t ino = oi_fs->super->s_orphan_file_inum;

	oi_add_to_file(oi_ino("/a"), 0);
	OK(ext2fs_punch(oi_fs, ino, NULL, NULL, 1, 1));
}

/* A block of an orphan that the bitmap calls free. */
static void damage_free_block(void)
{
	blk64_t blk = 0;

	OK(ext2fs_bmap2(oi_fs, oi_ino("/a"), NULL, NULL, 0, 2, NULL, &blk));
	ext2fs_block_alloc_stats2(oi_fs, blk, -1);
	oi_add_to_file(oi_ino("/a"), 0);
}

static void damage_far_block(void)
{
	struct ext2_inode *inode = oi_read_inode(oi_ino("/a"));

	dw_put_le32((uint8_t *)inode->i_block + 20, 0xfffff000);
	oi_write_inode_free(oi_ino("/a"), inode);
	oi_add_to_file(oi_ino("/a"), 0);
}

static void damage_acl(void)
{
	struct ext2_inode *inode = oi_read_inode(oi_ino("/a"));

	ext2fs_file_acl_block_set(oi_fs, inode, 0x7ffffff0);
	inode->i_links_count = 0;
	oi_write_inode_free(oi_ino("/a"), inode);
	oi_add_to_file(oi_ino("/a"), 0);
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
	struct dw_fs *f = fsimg_open(oi_ctx, path, DW_FS_WRITE);
	int ret;

	oi_put(f, "/a", 10000);
	oi_put(f, "/b", 10000);
	fsimg_close(f, path);
	oi_open(path);
	damages[_i].damage();
	oi_close();
	ret = oi_recover(path);
	ck_assert_msg(ret == DW_CORRUPT, "%d %s", ret, oi_err.text);
	ck_assert_msg(strstr(oi_err.text, damages[_i].text) != NULL, "%s",
		      oi_err.text);
}
END_TEST

/* Marked as having errors: the orphans stay, and that is said. */
START_TEST(test_errors)
{
	const char *path = fsimg_make("errors", "20M", plain.args);
	struct dw_fs *f = fsimg_open(oi_ctx, path, DW_FS_WRITE);

	oi_put(f, "/a", 10000);
	fsimg_close(f, path);
	oi_open(path);
	oi_unlink("/a", true);
	oi_fs->super->s_state |= EXT2_ERROR_FS;
	oi_close();
	OK(oi_recover(path));
	ck_assert_uint_eq(oi_stats.orphans_deleted_nr, 0);
	ck_assert_ptr_nonnull(strstr(oi_stats.damage,
				     "orphan inodes were kept"));
}
END_TEST

/* Usage files of quotas would be wrong afterwards. */
START_TEST(test_quota)
{
	const char *path = fsimg_make("quota", "20M", "-t ext4 -O quota");
	int ret;

	ck_assert_int_eq(fsimg_run(NULL, "debugfs -w -R 'ssv last_orphan 12' "
				   "'%s'", path), 0);
	ret = oi_recover(path);
	ck_assert_int_eq(ret, DW_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(oi_err.text,
				     "orphans cannot be released"));
	ck_assert_ptr_nonnull(strstr(oi_err.text, "quota"));
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
		OK(dw_dev_pread(d, off, buf, sizeof(buf), &oi_err));
		/* The files' own bytes are of no interest. */
		if (!dw_is_zero(buf, sizeof(buf)) && buf[0] != 'd')
			out[nr++] = off;
	}
	return nr;
}

static const struct oi_kind soft_kinds[] = {
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
	const char *path = oi_make(&soft_kinds[_i]);
	struct dw_dev *d, *over;
	static uint64_t targets[20000];
	size_t nr;
	unsigned round, k;
	uint8_t byte;
	int ret;

	random_state = 77 + (unsigned)_i;
	OK(dw_file_open(oi_ctx, path, 0, &d, &oi_err));
	nr = find_targets(d, targets, 20000);
	for (round = 0; round < 1200; round++) {
		OK(dw_overlay_new(d, 1024, 64 << 20, &over, &oi_err));
		for (k = 1 + random_below(6); k; k--) {
			uint64_t off = targets[random_below((uint32_t)nr)] +
				       random_below(512);

			byte = (uint8_t)random_below(256);
			OK(dw_dev_pwrite(over, off, &byte, 1, &oi_err));
		}
		ret = dw_fs_recover(oi_ctx, over, &oi_stats, &oi_err);
		ck_assert_msg(ret <= 0 && ret != DW_IO && ret != DW_NOMEM,
			      "%d: %s", ret, oi_err.text);
		dw_dev_close(over, NULL);
	}
	dw_dev_close(d, NULL);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("damage");

	fsimg_require_tools();
	tcase_add_checked_fixture(t, oi_setup, oi_teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_damage, 0,
			    (int)(sizeof(damages) / sizeof(damages[0])));
	tcase_add_test(t, test_errors);
	tcase_add_test(t, test_quota);
	tcase_add_loop_test(t, test_hostile, 0,
			    (int)(sizeof(soft_kinds) / sizeof(soft_kinds[0])));
	return dw_test_run("orphan damage", t);
}
