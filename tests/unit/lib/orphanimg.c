/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filesystems with orphans, for tests: files removed or cut off in use. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/kinds.h"
#include "fsimg.h"
#include "orphanimg.h"

struct dw_ctx *oi_ctx;
struct dw_err oi_err;
struct dw_recovery oi_stats;

void oi_setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&oi_ctx, NULL), 0);
	memset(&oi_err, 0, sizeof(oi_err));
}

void oi_teardown(void)
{
	dw_ctx_free(oi_ctx);
}

/* ---- making orphans ----------------------------------------------------- */

static struct dw_dev *dev;
ext2_filsys oi_fs;

void oi_open(const char *path)
{
	OK(dw_file_open(oi_ctx, path, DW_OPEN_RDWR, &dev, &oi_err));
	OK(dw_ext_open_raw(oi_ctx, dev, DW_FS_WRITE, &oi_fs, &oi_err));
	OK(dw_ext_load_bitmaps(oi_fs, &oi_err));
}

void oi_close(void)
{
	OK(dw_ext_flush_raw(oi_fs, &oi_err));
	dw_ext_close_raw(oi_fs);
	OK(dw_dev_close(dev, &oi_err));
}

ext2_ino_t oi_ino(const char *name)
{
	ext2_ino_t ino = 0;

	OK(ext2fs_namei(oi_fs, EXT2_ROOT_INO, EXT2_ROOT_INO, name, &ino));
	return ino;
}

struct ext2_inode *oi_read_inode(ext2_ino_t ino)
{
	struct ext2_inode *inode = calloc(1, EXT2_INODE_SIZE(oi_fs->super));

	OK(ext2fs_read_inode_full(oi_fs, ino, inode,
				  EXT2_INODE_SIZE(oi_fs->super)));
	return inode;
}

void oi_write_inode_free(ext2_ino_t ino, struct ext2_inode *inode)
{
	OK(ext2fs_write_inode_full(oi_fs, ino, inode,
				   EXT2_INODE_SIZE(oi_fs->super)));
	free(inode);
}

uint8_t *oi_orphan_block(blk64_t *blk)
{
	uint8_t *buf = malloc(oi_fs->blocksize);

	OK(ext2fs_bmap2(oi_fs, oi_fs->super->s_orphan_file_inum, NULL, NULL, 0,
			0, NULL, blk));
	OK(io_channel_read_blk64(oi_fs->io, *blk, 1, buf));
	return buf;
}

void oi_add_to_file(ext2_ino_t ino, unsigned slot)
{
	blk64_t blk = 0;
	uint8_t *buf = oi_orphan_block(&blk);

	dw_put_le32(buf + 4 * slot, ino);
	OK(ext2fs_orphan_file_block_csum_set(oi_fs,
					     oi_fs->super->s_orphan_file_inum,
					     blk, (char *)buf));
	OK(io_channel_write_blk64(oi_fs->io, blk, 1, buf));
	free(buf);
	ext2fs_set_feature_orphan_present(oi_fs->super);
	ext2fs_mark_super_dirty(oi_fs);
}

void oi_add_to_list(ext2_ino_t ino)
{
	struct ext2_inode *inode = oi_read_inode(ino);

	inode->i_dtime = oi_fs->super->s_last_orphan;
	oi_write_inode_free(ino, inode);
	oi_fs->super->s_last_orphan = ino;
	ext2fs_mark_super_dirty(oi_fs);
}

static void make_orphan(ext2_ino_t ino, bool use_file)
{
	static unsigned slot;

	if (use_file)
		oi_add_to_file(ino, slot++ * 3 % 200);
	else
		oi_add_to_list(ino);
}

/* The name goes, the inode stays: a file that was open when it was removed. */
void oi_unlink(const char *name, bool use_file)
{
	ext2_ino_t ino = oi_ino(name), root = EXT2_ROOT_INO;
	struct ext2_inode *inode = oi_read_inode(ino);

	OK(ext2fs_unlink(oi_fs, root, name + 1, ino, 0));
	if (LINUX_S_ISDIR(inode->i_mode)) {
		struct ext2_inode *parent = oi_read_inode(root);

		parent->i_links_count--;
		oi_write_inode_free(root, parent);
	}
	inode->i_links_count = 0;
	oi_write_inode_free(ino, inode);
	make_orphan(ino, use_file);
}

/* The size is cut, the blocks are still there. */
static void orphan_cut(const char *name, uint64_t size, bool use_file)
{
	ext2_ino_t ino = oi_ino(name);
	struct ext2_inode *inode = oi_read_inode(ino);

	OK(ext2fs_inode_size_set(oi_fs, inode, (ext2_off64_t)size));
	oi_write_inode_free(ino, inode);
	make_orphan(ino, use_file);
}

/* Every second block, so that a file has as many extents as blocks. */
static void make_holes(const char *name, unsigned nr)
{
	ext2_file_t file;
	unsigned i, got;
	ext2_ino_t ino = oi_ino(name);

	OK(ext2fs_file_open2(oi_fs, ino, NULL, EXT2_FILE_WRITE, &file));
	for (i = 0; i < nr; i++) {
		OK(ext2fs_file_llseek(file, 2ull * i * oi_fs->blocksize,
				      EXT2_SEEK_SET, NULL));
		OK(ext2fs_file_write(file, "data", 4, &got));
	}
	OK(ext2fs_file_close(file));
}

void oi_put(struct dw_fs *f, const char *path, size_t len)
{
	char *data = malloc(len + 1);

	memset(data, 'd', len);
	OK(dw_fs_write_file(f, path, data, len, NULL, &oi_err));
	free(data);
}

static void populate(const char *path)
{
	char *value = calloc(1, 1000);
	struct dw_fs *f = fsimg_open(oi_ctx, path, DW_FS_WRITE);
	char longlink[301];

	oi_put(f, "/keep", 100000);
	oi_put(f, "/empty", 0);
	oi_put(f, "/small", 50);
	oi_put(f, "/big", 3000000);
	oi_put(f, "/holes", 1);
	oi_put(f, "/attrs", 5000);
	oi_put(f, "/cut", 2000000);
	oi_put(f, "/cutholes", 1);
	oi_put(f, "/cutall", 700000);
	oi_put(f, "/cutsmall", 120);
	OK(dw_fs_mkdir(f, "/dir", false, NULL, &oi_err));
	memset(longlink, 'l', 300);
	longlink[300] = '\0';
	OK(dw_fs_symlink(f, "short", "/slink", &oi_err));
	OK(dw_fs_symlink(f, longlink, "/llink", &oi_err));
	OK(dw_fs_setxattr(f, "/attrs", "user.a", value, 700, &oi_err));
	OK(dw_fs_setxattr(f, "/keep", "user.k", value, 40, &oi_err));
	fsimg_close(f, path);
	free(value);
}

/* A value in an inode of its own; its blocks count for the file, too. */
static void make_large_attr(const char *name)
{
	struct ext2_xattr_handle *h;
	ext2_ino_t ino = oi_ino(name);
	struct ext2_inode *inode;
	char *value = calloc(1, 9000);

	OK(ext2fs_xattrs_open(oi_fs, ino, &h));
	OK(ext2fs_xattrs_read(h));
	OK(ext2fs_xattr_set(h, "user.large", value, 9000));
	OK(ext2fs_xattrs_close(&h));
	free(value);
	inode = oi_read_inode(ino);
	ext2fs_iblk_add_blocks(oi_fs, inode, (9000 + oi_fs->blocksize - 1) /
					  oi_fs->blocksize);
	oi_write_inode_free(ino, inode);
}

const char *const oi_unlinked[OI_UNLINKED_NR] = {
	"/empty", "/small", "/big", "/holes", "/attrs", "/dir", "/slink",
	"/llink",
};

const char *oi_make(const struct oi_kind *k)
{
	const char *path = fsimg_make(k->name, k->size, k->args);
	bool f = k->use_file;
	unsigned i;

	populate(path);
	oi_open(path);
	make_holes("/holes", oi_fs->blocksize > 4096 ? 500 : 3000);
	make_holes("/cutholes", oi_fs->blocksize > 4096 ? 500 : 1500);
	if (ext2fs_has_feature_ea_inode(oi_fs->super)) {
		make_large_attr("/attrs");
		make_large_attr("/keep");
	}
	for (i = 0; i < OI_UNLINKED_NR; i++)
		/* Both ways at once, where there are both. */
		oi_unlink(oi_unlinked[i], f && i % 4);
	orphan_cut("/cut", 5001, f);
	orphan_cut("/cutholes", 100000, f);
	orphan_cut("/cutall", 0, f);
	orphan_cut("/cutsmall", 70, f);
	oi_close();
	return path;
}

/* Extents need not be as few as they could be: the kernel leaves them so. */
void oi_expect_clean(const char *path)
{
	const char *out;
	int rc = fsimg_run(&out, "e2fsck -fn -E no_optimize_extents '%s'",
			   path);

	ck_assert_msg(!rc && !strstr(out, "wrong") && !strstr(out, "Fix") &&
		      !strstr(out, "Clear"), "e2fsck: %d %s", rc, out);
}

int oi_recover(const char *path)
{
	struct dw_dev *d;
	int ret;

	memset(&oi_stats, 0, sizeof(oi_stats));
	OK(dw_file_open(oi_ctx, path, DW_OPEN_RDWR, &d, &oi_err));
	ret = dw_fs_recover(oi_ctx, d, &oi_stats, &oi_err);
	dw_dev_close(d, NULL);
	return ret;
}
