/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changing the UUID, which checksums depend on. */
#include <string.h>

#include "fs/ext_internal.h"

/*
 * With metadata_csum the UUID seeds the checksum of every inode, directory
 * block and extent block.  Instead of writing them all anew, the old seed is
 * kept in the superblock, which is what the feature metadata_csum_seed is for
 * (Linux 4.4, e2fsprogs 1.43; both older than metadata_csum by default).
 */
static void keep_seed(ext2_filsys fs)
{
	if (!ext2fs_has_feature_metadata_csum(fs->super) ||
	    ext2fs_has_feature_csum_seed(fs->super))
		return;
	fs->super->s_checksum_seed = fs->csum_seed;
	ext2fs_set_feature_csum_seed(fs->super);
}

int dw_fs_set_uuid(struct dw_fs *f, const uint8_t uuid[16], struct dw_err *err)
{
	ext2_filsys fs = f->fs;
	int ret = dw_ext_begin(f, err);

	if (ret)
		return ret;
	if (ext2fs_has_feature_stable_inodes(fs->super))
		return dw_fail(err, DW_UNSUPPORTED, "ext: feature "
			       "stable_inodes: encryption depends on the UUID");
	keep_seed(fs);
	memcpy(fs->super->s_uuid, uuid, sizeof(fs->super->s_uuid));
	ext2fs_init_csum_seed(fs);
	/* The older checksum of group descriptors takes the UUID itself. */
	for (dgrp_t g = 0; g < fs->group_desc_count; g++)
		ext2fs_group_desc_csum_set(fs, g);
	/* The backups must say the same. */
	fs->flags &= ~EXT2_FLAG_MASTER_SB_ONLY;
	ext2fs_mark_super_dirty(fs);
	return 0;
}
