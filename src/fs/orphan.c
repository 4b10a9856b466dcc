/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All orphans of a filesystem: the list of inodes, then the orphan file. */
#include <stdlib.h>

#include "fs/orphan.h"

/* Ends because dw_orphan_release() refuses an inode that it has seen. */
static int release_list(struct dw_orphans *o, struct dw_err *err)
{
	ext2_ino_t ino = o->fs->super->s_last_orphan;
	int ret = 0;

	if (!ino)
		return 0;
	while (!ret && ino)
		ret = dw_orphan_release(o, ino, &ino, err);
	o->fs->super->s_last_orphan = 0;
	ext2fs_mark_super_dirty(o->fs);
	return ret;
}

static int prepare(struct dw_orphans *o, struct dw_err *err)
{
	errcode_t rc;

	o->inode = calloc(1, EXT2_INODE_SIZE(o->fs->super));
	o->block_buf = malloc(o->fs->blocksize);
	if (!o->inode || !o->block_buf)
		return dw_fail_nomem(err);
	rc = ext2fs_allocate_inode_bitmap(o->fs, "orphans", &o->seen);
	if (rc)
		return dw_ext_fail(err, o->fs, rc, "ext: orphans");
	return dw_ext_load_bitmaps(o->fs, err);
}

int dw_orphans_release(struct dw_ctx *ctx, ext2_filsys fs,
		       struct dw_recovery *stats, struct dw_err *err)
{
	struct dw_orphans o = { .ctx = ctx, .fs = fs, .stats = stats };
	int ret;

	ret = prepare(&o, err);
	if (!ret)
		ret = release_list(&o, err);
	if (!ret)
		ret = dw_orphan_file_release(&o, err);
	if (o.seen)
		ext2fs_free_inode_bitmap(o.seen);
	free(o.inode);
	free(o.block_buf);
	return ret;
}
