/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which filesystem is it: the drivers in order, then libblkid. */
#include <string.h>

#include "fs/ext_internal.h"
#include "fs/identify.h"

extern const struct dw_fs_driver dw_ext_driver;

const struct dw_fs_driver *const dw_fs_drivers[] = {
	&dw_ext_driver,
	NULL,
};

/* DW_NOT_MINE, or DW_CORRUPT where a backup superblock of ext lies at the
 * place that one has. */
static int nobody(struct dw_dev *dev, struct dw_err *err)
{
	uint64_t blk;
	uint32_t len;

	if (dw_ext_super_find_backup(dev, &blk, &len))
		return dw_fail(err, DW_CORRUPT, "ext: the superblock is gone; "
			       "a backup superblock is at block %llu (e2fsck -b "
			       "%llu -B %u)", (unsigned long long)blk,
			       (unsigned long long)blk, len);
	return dw_fail(err, DW_NOT_MINE, "no filesystem that is known");
}

static int find_driver(struct dw_dev *dev, const struct dw_fs_driver **out,
		       struct dw_err *err)
{
	int ret = DW_NOT_MINE;

	*out = NULL;
	for (unsigned i = 0; dw_fs_drivers[i]; i++) {
		ret = dw_fs_drivers[i]->probe(dev, err);
		if (!ret)
			*out = dw_fs_drivers[i];
		if (ret != DW_NOT_MINE)
			break;
	}
	return ret;
}

int dw_fs_identify(struct dw_dev *dev, struct dw_fs_info *out,
		   struct dw_err *err)
{
	const struct dw_fs_driver *driver;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = find_driver(dev, &driver, err);
	if (!ret)
		return driver->info(dev, out, err);
	if (ret == DW_NOT_MINE)
		ret = dw_blkid_identify(dev, out, err);
	return ret == DW_NOT_MINE ? nobody(dev, err) : ret;
}

int dw_fs_open(struct dw_ctx *ctx, struct dw_dev *dev, unsigned flags,
	       struct dw_fs **out, struct dw_err *err)
{
	const struct dw_fs_driver *driver;
	struct dw_fs_info info;
	int ret;

	*out = NULL;
	ret = find_driver(dev, &driver, err);
	if (!ret)
		return driver->open(ctx, dev, flags, out, err);
	if (ret != DW_NOT_MINE)
		return ret;
	ret = dw_fs_identify(dev, &info, err);
	if (ret)
		return ret;
	return dw_fail(err, DW_UNSUPPORTED,
		       "a %s filesystem is not handled", info.type);
}
