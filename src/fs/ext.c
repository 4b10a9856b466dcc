/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ext driver: probe, open, close, info. */
#include <stdlib.h>

#include "fs/ext_internal.h"

static int probe(struct dw_dev *dev, struct dw_err *err)
{
	struct dw_ext_super sb;

	return dw_ext_super_read(dev, &sb, err);
}

static int info(struct dw_dev *dev, struct dw_fs_info *out, struct dw_err *err)
{
	struct dw_ext_super sb;
	int ret = dw_ext_super_read(dev, &sb, err);

	if (ret)
		return ret;
	ret = dw_ext_super_check(&sb, err);
	if (ret)
		return dw_ext_add_backup(dev, ret, err);
	dw_ext_super_info(&sb, out);
	return 0;
}

static int check_journal(struct dw_dev *dev, struct dw_err *err)
{
	struct dw_ext_super sb;
	int ret = dw_ext_super_read(dev, &sb, err);

	if (!ret && sb.incompat & EXT3_FEATURE_INCOMPAT_RECOVER)
		ret = dw_fail(err, DW_UNSUPPORTED, "ext: the journal holds "
			      "changes that are not yet made "
			      "(needs_recovery)");
	return ret;
}

static int open_ext(struct dw_ctx *ctx, struct dw_dev *dev, unsigned flags,
		    struct dw_fs **out, struct dw_err *err)
{
	struct dw_fs *f;
	int ret;

	*out = NULL;
	f = calloc(1, sizeof(*f));
	if (!f)
		return dw_fail_nomem(err);
	f->ctx = ctx;
	f->map.max_len = ctx->memory_cap_len;
	f->writable = flags & DW_FS_WRITE;
	ret = dw_ext_open_raw(ctx, dev, flags, &f->fs, err);
	if (!ret)
		ret = check_journal(dev, err);
	if (!ret && f->writable)
		ret = dw_ext_load_bitmaps(f->fs, err);
	if (!ret && flags & DW_FS_PRIMARY_ONLY)
		f->fs->flags |= EXT2_FLAG_MASTER_SB_ONLY;
	if (ret) {
		dw_ext_close_raw(f->fs);
		free(f);
		return ret;
	}
	f->dev = dw_dev_ref(dev);
	*out = f;
	return 0;
}

const struct dw_fs_driver dw_ext_driver = {
	.name = "ext",
	.probe = probe,
	.open = open_ext,
	.info = info,
};

int dw_fs_flush(struct dw_fs *f, struct dw_err *err)
{
	int ret;

	if (!f->writable)
		return 0;
	ret = dw_ext_give_up(f, err);
	return ret ? ret : dw_ext_flush_raw(f->fs, err);
}

void dw_fs_close(struct dw_fs *f)
{
	if (!f)
		return;
	dw_ext_map_clear(&f->map);
	dw_ext_names_free(f->names);
	free(f->given_up);
	dw_ext_close_raw(f->fs);
	dw_dev_close(f->dev, NULL);
	free(f);
}

int dw_fs_get_info(struct dw_fs *f, struct dw_fs_info *out, struct dw_err *err)
{
	struct ext2_super_block copy = *f->fs->super;
	struct dw_ext_super sb;
	int ret;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	ext2fs_swap_super(&copy);
#endif
	ret = dw_ext_super_decode((const uint8_t *)&copy, &sb, err);
	if (!ret)
		dw_ext_super_info(&sb, out);
	return ret;
}
