/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The orphan file: blocks of inode numbers, each with a tail of its own. */
#include <string.h>

#include "base/bytes.h"
#include "fs/blockmap.h"
#include "fs/orphan.h"

struct file_walk {
	struct dw_orphans *o;
	ext2_ino_t ino;
	uint64_t blocks_nr;	/* of the file, by its size */
	uint64_t seen_nr;
	uint8_t *buf;
};

static int fetch(void *arg, uint64_t blk, uint8_t *buf, struct dw_err *err)
{
	struct file_walk *w = arg;
	errcode_t rc = io_channel_read_blk64(w->o->fs->io, blk, 1, buf);

	if (rc)
		return dw_ext_fail(err, w->o->fs, rc, "ext: orphan file, block "
				   "%llu", (unsigned long long)blk);
	return 0;
}

static int check_block(struct file_walk *w, uint64_t blk, struct dw_err *err)
{
	ext2_filsys fs = w->o->fs;
	const uint8_t *tail = w->buf + fs->blocksize -
			      sizeof(struct ext4_orphan_block_tail);

	if (dw_le32(tail) != EXT4_ORPHAN_BLOCK_MAGIC)
		return dw_fail(err, DW_CORRUPT, "ext: orphan file, block %llu: "
			       "magic number 0x%08x",
			       (unsigned long long)blk, dw_le32(tail));
	if (!ext2fs_orphan_file_block_csum_verify(fs, w->ino, blk,
						  (char *)w->buf))
		return dw_fail(err, DW_CORRUPT, "ext: orphan file, block %llu: "
			       "its checksum is wrong",
			       (unsigned long long)blk);
	return 0;
}

static int release_block(struct file_walk *w, uint64_t blk, struct dw_err *err)
{
	ext2_filsys fs = w->o->fs;
	int i, nr = ext2fs_inodes_per_orphan_block(fs);
	ext2_ino_t ino, unused;
	errcode_t rc;
	int ret;

	ret = fetch(w, blk, w->buf, err);
	if (!ret)
		ret = check_block(w, blk, err);
	for (i = 0; !ret && i < nr; i++) {
		ino = dw_le32(w->buf + 4 * i);
		/* The order does not matter here; no list is kept. */
		if (ino)
			ret = dw_orphan_release(w->o, ino, &unused, err);
	}
	if (ret)
		return ret;
	memset(w->buf, 0, 4 * (size_t)nr);
	rc = ext2fs_orphan_file_block_csum_set(fs, w->ino, blk,
					       (char *)w->buf);
	if (!rc)
		rc = io_channel_write_blk64(fs->io, blk, 1, w->buf);
	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: orphan file, block %llu",
				   (unsigned long long)blk);
	return 0;
}

static int release_run(void *arg, uint64_t log, uint64_t blk, uint32_t nr,
		       struct dw_err *err)
{
	struct file_walk *w = arg;
	int ret = 0;

	if (log != w->seen_nr)
		return dw_fail(err, DW_CORRUPT, "ext: orphan file has a hole "
			       "at block %llu", (unsigned long long)w->seen_nr);
	for (; !ret && nr && w->seen_nr < w->blocks_nr; nr--, w->seen_nr++)
		ret = release_block(w, blk++, err);
	return ret;
}

static int walk_file(struct file_walk *w, struct dw_err *err)
{
	ext2_filsys fs = w->o->fs;
	struct ext2_inode inode;
	struct dw_blockmap blocks = {
		.what = "ext: orphan file, inode", .ino = w->ino,
		.block_len = fs->blocksize,
		.blocks_nr = ext2fs_blocks_count(fs->super),
		.arg = w, .fetch = fetch, .run = release_run,
	};
	errcode_t rc = ext2fs_read_inode(fs, w->ino, &inode);
	int ret;

	if (rc)
		return dw_ext_fail(err, fs, rc, "ext: orphan file, inode %u",
				   w->ino);
	if (!LINUX_S_ISREG(inode.i_mode) ||
	    !ext2fs_inode_has_valid_blocks2(fs, &inode) ||
	    EXT2_I_SIZE(&inode) % fs->blocksize)
		return dw_fail(err, DW_CORRUPT, "ext: orphan file, inode %u: "
			       "mode 0%o, %llu bytes", w->ino, inode.i_mode,
			       (unsigned long long)EXT2_I_SIZE(&inode));
	w->blocks_nr = EXT2_I_SIZE(&inode) / fs->blocksize;
	ret = dw_blockmap_walk(&blocks, (const uint8_t *)inode.i_block,
			       inode.i_flags & EXT4_EXTENTS_FL, err);
	if (!ret && w->seen_nr < w->blocks_nr)
		ret = dw_fail(err, DW_CORRUPT, "ext: orphan file has a hole at "
			      "block %llu", (unsigned long long)w->seen_nr);
	return ret;
}

int dw_orphan_file_release(struct dw_orphans *o, struct dw_err *err)
{
	ext2_filsys fs = o->fs;
	struct file_walk w = { .o = o, .ino = fs->super->s_orphan_file_inum };
	int ret;

	if (!ext2fs_has_feature_orphan_present(fs->super))
		return 0;
	if (!ext2fs_has_feature_orphan_file(fs->super) || !w.ino ||
	    w.ino > fs->super->s_inodes_count)
		return dw_fail(err, DW_CORRUPT, "ext: orphans are in a file "
			       "that is not there (inode %u)", w.ino);
	w.buf = malloc(fs->blocksize);
	if (!w.buf)
		return dw_fail_nomem(err);
	ret = walk_file(&w, err);
	free(w.buf);
	if (ret)
		return ret;
	ext2fs_clear_feature_orphan_present(fs->super);
	ext2fs_mark_super_dirty(fs);
	return 0;
}
