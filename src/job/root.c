/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root filesystem of a disk, recovered and opened. */
#include <inttypes.h>
#include <string.h>

#include "job/recovered.h"
#include "job/root.h"
#include "stack/stack.h"

static int refuse_type(struct dw_ctx *ctx, struct dw_dev *dev,
		       const struct dw_fs_info *info, struct dw_err *err)
{
	if (dw_stack_explain(ctx, dev, DW_UNSUPPORTED, err))
		return DW_UNSUPPORTED;
	if (!strcmp(info->type, "crypto_LUKS"))
		return dw_fail(err, DW_UNSUPPORTED, "%s: encrypted (LUKS)",
			       dev->name);
	return dw_fail(err, DW_UNSUPPORTED,
		       "%s: %s, not an ext2, ext3 or ext4 filesystem",
		       dev->name, info->type);
}

static int open_on(struct dw_ctx *ctx, struct dw_dev *dev,
		   const struct dw_fs_info *info, unsigned fs_flags,
		   struct dw_root *root, struct dw_err *err)
{
	struct dw_recovered r;
	int ret = dw_recovered_open(ctx, dev, info, fs_flags, &r, err);

	root->overlay = r.overlay;
	root->recovery = r.recovery;
	root->fs = r.fs;
	return ret;
}

static void close_fs(struct dw_root *root)
{
	dw_fs_close(root->fs);
	root->fs = NULL;
	dw_dev_close(root->overlay, NULL);
	root->overlay = NULL;
	memset(&root->recovery, 0, sizeof(root->recovery));
}

/* A root filesystem has /etc and somewhere to start programs from. */
static int looks_like_root(struct dw_fs *fs, bool *yes, struct dw_err *err)
{
	static const char *const paths[] = { "/etc", "/sbin", "/bin" };
	bool found[3] = { false };
	struct dw_stat st;
	int ret = 0;

	/* What cannot be read is not the same as what is not there. */
	for (size_t i = 0; i < 3 && !ret; i++) {
		ret = dw_fs_stat(fs, paths[i], &st, err);
		found[i] = !ret;
		if (ret == DW_NOENT)
			ret = 0;
	}
	*yes = found[0] && (found[1] || found[2]);
	return ret;
}

/* The whole disk is one filesystem: what Xen guests mostly are. */
static int open_whole(struct dw_ctx *ctx, unsigned fs_flags,
		      struct dw_root *root, struct dw_err *err)
{
	struct dw_fs_info info;
	bool is_root = false;
	int ret = dw_fs_identify(root->disk, &info, err);

	if (ret == DW_NOT_MINE)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: neither a partition table nor a known "
			       "filesystem", root->disk->name);
	if (ret)
		return ret;
	if (!dw_is_ext(&info))
		return refuse_type(ctx, root->disk, &info, err);
	root->start_off = 0;
	root->len = root->disk->size;
	ret = open_on(ctx, root->disk, &info, fs_flags, root, err);
	if (!ret)
		ret = looks_like_root(root->fs, &is_root, err);
	if (!ret && !is_root)
		ret = dw_fail(err, DW_UNSUPPORTED,
			      "%s: holds no guest: /etc is missing, or /sbin "
			      "and /bin are", root->disk->name);
	return ret;
}

/*
 * Tries one partition: 0 with root->fs set where it is the root filesystem,
 * 0 without where it is something else.
 */
static int try_part(struct dw_ctx *ctx, const struct dw_part *part,
		    unsigned fs_flags, struct dw_root *root,
		    struct dw_err *err)
{
	struct dw_fs_info info;
	struct dw_dev *dev = NULL;
	bool is_root = false;
	int ret;

	ret = dw_part_open(root->disk, part, &dev, err);
	if (ret)
		return ret;
	ret = dw_fs_identify(dev, &info, err);
	if (ret == DW_NOT_MINE || (!ret && !dw_is_ext(&info))) {
		dw_dev_close(dev, NULL);
		return 0;
	}
	if (!ret)
		ret = open_on(ctx, dev, &info, fs_flags, root, err);
	dw_dev_close(dev, NULL);
	if (!ret)
		ret = looks_like_root(root->fs, &is_root, err);
	if (ret || !is_root) {
		close_fs(root);
		return ret;
	}
	root->part_nr = part->nr;
	root->start_off = part->start_lba * DW_SECTOR;
	root->len = part->len_lba * DW_SECTOR;
	return 0;
}

/* Where no partition is a root, one may be in a volume, or on a mirror. */
static bool explain_parts(struct dw_ctx *ctx, const struct dw_root *root,
			  struct dw_err *err)
{
	const struct dw_part *part;
	struct dw_dev *dev;
	bool found = false;

	for (size_t i = 0; i < root->table->parts_nr && !found; i++) {
		part = &root->table->parts[i];
		if (part->extended ||
		    dw_part_open(root->disk, part, &dev, NULL))
			continue;
		found = dw_stack_explain(ctx, dev, DW_UNSUPPORTED, err);
		dw_dev_close(dev, NULL);
	}
	return found;
}

static int open_in_table(struct dw_ctx *ctx, unsigned fs_flags,
			 struct dw_root *root, struct dw_err *err)
{
	const struct dw_part *part;
	size_t i;
	int ret;

	for (i = 0; i < root->table->parts_nr; i++) {
		part = &root->table->parts[i];
		if (part->extended)
			continue;
		ret = try_part(ctx, part, fs_flags, root, err);
		if (ret || root->fs)
			return ret;
	}
	if (explain_parts(ctx, root, err))
		return DW_UNSUPPORTED;
	return dw_fail(err, DW_UNSUPPORTED,
		       "%s: none of its %zu partitions is the root of an "
		       "ext2, ext3 or ext4 guest", root->disk->name,
		       root->table->parts_nr);
}

int dw_root_open(struct dw_ctx *ctx, struct dw_dev *disk, unsigned fs_flags,
		 struct dw_root *root, struct dw_err *err)
{
	int ret;

	memset(root, 0, sizeof(*root));
	root->disk = dw_dev_ref(disk);
	ret = dw_part_read(disk, &root->table, err);
	if (ret == DW_NOT_MINE)
		return open_whole(ctx, fs_flags, root, err);
	if (ret)
		return ret;
	if (root->table->kind == DW_PART_GPT)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: a GPT partition table; only MBR disks and "
			       "bare filesystems are converted", disk->name);
	return open_in_table(ctx, fs_flags, root, err);
}

void dw_root_close(struct dw_root *root)
{
	close_fs(root);
	dw_part_free(root->table);
	dw_dev_close(root->disk, NULL);
	memset(root, 0, sizeof(*root));
}
