/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of one partition is worth copying.  The used blocks of a filesystem are
 * enough only where it is certain which those are: any doubt, and all blocks
 * are taken.  A copy that is too large is a nuisance, one that lacks a block
 * is a loss.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dev/kinds.h"
#include "fs/identify.h"
#include "job/awake.h"
#include "job/recovered.h"
#include "job/swap.h"
#include "job/wanted.h"
#include "job/wanted_pv.h"

bool dw_is_about_content(int code)
{
	switch (code) {
	case DW_NOT_MINE:
	case DW_CORRUPT:
	case DW_UNSUPPORTED:
	case DW_DENIED:
	case DW_RANGE:
	case DW_BUSY:	/* MMP: a mark on the disk; locks were taken before */
	case DW_LIMIT:
		return true;
	default:
		return false;
	}
}

/* ---- ext ----------------------------------------------------------------- */

/*
 * A superblock of ext may be left over beneath something newer (ZFS leaves the
 * first 8 KiB alone), or be seen through a mirror (RAID with its metadata at
 * the end, one half of which must not be changed alone).  libblkid knows more
 * kinds than we do: ours counts only where it sees no other.
 */
static int refuse_others(struct dw_dev *dev, struct dw_err *err)
{
	struct dw_fs_info info;
	int ret = dw_blkid_identify(dev, &info, err);

	if (ret == DW_NOT_MINE || (!ret && !strncmp(info.type, "ext", 3)))
		return 0;
	return ret ? ret : dw_fail(err, DW_UNSUPPORTED,
				   "it is %s with the superblock of an ext "
				   "filesystem in it", info.type);
}

static int check_trust(struct dw_fs *fs, const struct dw_used *used,
		       struct dw_fs_info *info, struct dw_err *err)
{
	int ret = dw_fs_get_info(fs, info, err);

	if (ret)
		return ret;
	if (info->has_errors)
		return dw_fail(err, DW_CORRUPT,
			       "the filesystem is marked as having errors");
	if (used->damaged_inodes_nr)
		return dw_fail(err, DW_CORRUPT, "%" PRIu64 " inodes are "
			       "damaged", used->damaged_inodes_nr);
	if (used->unmarked_blk_nr)
		return dw_fail(err, DW_CORRUPT, "%" PRIu64 " blocks are in use "
			       "but marked free, block %" PRIu64 " first",
			       used->unmarked_blk_nr,
			       used->first_unmarked_blk);
	return 0;
}

/* The used blocks, and what lies behind the filesystem. */
static int take_runs(struct dw_wanted_part *part, struct dw_used *used,
		     uint64_t fs_size, uint64_t dev_size, struct dw_err *err)
{
	struct dw_used_run *runs;

	runs = reallocarray(used->runs, used->runs_nr + 1, sizeof(*runs));
	if (!runs)
		return dw_fail_nomem(err);
	used->runs = NULL;
	part->runs = runs;
	part->runs_nr = used->runs_nr;
	if (fs_size < dev_size)
		runs[part->runs_nr++] = (struct dw_used_run){
			fs_size, dev_size - fs_size,
		};
	return 0;
}

static int note_change(void *arg, uint64_t off, uint64_t len,
		       struct dw_err *err)
{
	*(bool *)arg = true;
	return 0;
}

/* Where recovery had nothing to do the copy reads the device itself. */
static int take_overlay(struct dw_wanted_part *part,
			const struct dw_recovered *r, struct dw_err *err)
{
	bool is_changed = false;
	int ret = dw_overlay_changed(r->overlay, note_change, &is_changed, err);

	part->recovery = r->recovery;
	if (!ret && is_changed)
		part->overlay = dw_dev_ref(r->overlay);
	return ret;
}

static int look_ext(struct dw_ctx *ctx, struct dw_dev *dev,
		    const struct dw_fs_info *info, struct dw_wanted_part *part,
		    struct dw_err *err)
{
	struct dw_fs_info recovered_info;
	struct dw_recovered r = { 0 };
	struct dw_used *used = NULL;
	int ret;

	ret = dw_dev_pread(dev, DW_SUPER_OFF, part->super, DW_SUPER_LEN, err);
	if (ret)
		return ret;
	part->has_super = true;
	ret = refuse_others(dev, err);
	if (!ret)
		ret = dw_recovered_open(ctx, dev, info, 0, &r, err);
	if (!ret) {
		ret = dw_awake_check_fs(r.fs, err);
		part->is_asleep = ret == DW_UNSUPPORTED;
	}
	if (!ret)
		ret = dw_fs_used(r.fs, &used, err);
	if (!ret)
		ret = check_trust(r.fs, used, &recovered_info, err);
	if (!ret)
		ret = take_runs(part, used, recovered_info.size, dev->size,
				err);
	if (!ret)
		ret = take_overlay(part, &r, err);
	dw_used_free(used);
	dw_recovered_close(&r);
	return ret;
}

/* ---- either -------------------------------------------------------------- */

int dw_wanted_look(struct dw_ctx *ctx, struct dw_dev *dev, unsigned depth,
		   struct dw_wanted_part *out, struct dw_err *err)
{
	struct dw_fs_info info;
	struct dw_err why = { 0 };
	int ret;

	memset(out, 0, sizeof(*out));
	strcpy(out->type, "unknown");
	ret = dw_fs_identify(dev, &info, &why);
	if (ret == DW_NOT_MINE)
		return 0;
	if (!ret)
		memcpy(out->type, info.type, sizeof(out->type));
	if (!ret && dw_is_ext(&info))
		ret = look_ext(ctx, dev, &info, out, &why);
	else if (!ret && !strcmp(info.type, "swap"))
		ret = dw_swap_runs(dev, &out->runs, &out->runs_nr, &why);
	else if (!ret && !strcmp(info.type, "LVM2_member"))
		ret = dw_wanted_look_pv(ctx, dev, depth, out, &why);
	if (ret && dw_is_about_content(ret)) {
		memcpy(out->note, why.text, sizeof(out->note));
		return 0;
	}
	if (ret && err)
		*err = why;
	return ret;
}

void dw_wanted_part_free(struct dw_wanted_part *part)
{
	dw_dev_close(part->overlay, NULL);
	free(part->runs);
	dw_wanted_free_all(part->nested, part->nested_nr);
	part->overlay = NULL;
	part->runs = NULL;
	part->nested = NULL;
}
