/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a system sleeps: in swap space, in a volume, in a file. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "guest/fstab.h"
#include "fs/read_text.h"
#include "job/awake.h"
#include "job/swap.h"
#include "job/wanted_part.h"
#include "job/wanted_places.h"
#include "stack/stack.h"

#define FSTAB_CAP_LEN (1u << 20)

/* What cannot be understood sleeps for nobody. */
static bool is_unknown(int code)
{
	return dw_is_about_content(code) || dw_fs_has_not(code);
}

/* Swap space, through a mirror if it is in one. */
static int is_asleep(struct dw_dev *dev, bool *asleep, struct dw_err *err)
{
	struct dw_dev *content;
	int ret;

	*asleep = false;
	ret = dw_stack_see_through(dev, &content, err);
	if (!ret)
		ret = dw_swap_is_asleep(content, asleep, err);
	dw_dev_close(content, NULL);
	return is_unknown(ret) ? 0 : ret;
}

/* ---- volumes -------------------------------------------------------------- */

/*
 * The start of a volume that cannot be opened.  Of a group on several disks,
 * only one of which is here, the swap space may be on that one.
 */
static int open_start(const struct dw_lv *lv, struct dw_dev **out,
		      struct dw_err *err)
{
	const struct dw_segment *seg = lv->segments;
	const struct dw_area *area;
	uint64_t len;

	*out = NULL;
	if (!lv->segments_nr || seg->kind != DW_SEGMENT_STRIPED ||
	    !seg->areas[0].pv || !seg->areas[0].pv->dev)
		return dw_fail(err, DW_NOENT, "the start of %s/%s is not there",
			       lv->vg->name, lv->name);
	area = seg->areas;
	/* Neither product overflows: the group was checked. */
	len = dw_min(seg->extents_nr / seg->areas_nr * lv->vg->extent_len,
		     DW_SWAP_START_LEN);
	if (seg->areas_nr > 1)
		len = dw_min(len, seg->stripe_len);
	return dw_window_new(area->pv->dev, area->pv->pe_start_off +
			     area->extent * lv->vg->extent_len, len, lv->name,
			     out, err);
}

static int check_volume(struct dw_ctx *ctx, const struct dw_lv *lv,
			struct dw_err *err)
{
	struct dw_dev *dev;
	bool asleep = false;
	int ret = dw_lv_open(ctx, lv, lv->name, &dev, err);

	if (is_unknown(ret))
		ret = open_start(lv, &dev, err);
	if (!ret)
		ret = is_asleep(dev, &asleep, err);
	dw_dev_close(dev, NULL);
	if (asleep)
		return dw_fail(err, DW_UNSUPPORTED, "the volume %s/%s holds "
			       "the memory of a suspended system",
			       lv->vg->name, lv->name);
	return is_unknown(ret) ? 0 : ret;
}

int dw_awake_check_group(struct dw_ctx *ctx, const struct dw_vg *vg,
			 struct dw_err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < vg->lvs_nr && !ret; i++)
		ret = check_volume(ctx, &vg->lvs[i], err);
	return ret;
}

/* ---- devices -------------------------------------------------------------- */

/* The group of a physical volume, as far as that alone tells of it. */
static int check_pv(struct dw_ctx *ctx, struct dw_dev *dev, struct dw_err *err)
{
	struct dw_pv_places on;
	int ret;

	if (!dw_lvm_is_pv(dev))
		return 0;
	ret = dw_pv_places_open(ctx, dev, &on, err);
	if (is_unknown(ret))
		ret = 0;
	else if (!ret)
		ret = dw_awake_check_group(ctx, on.vg, err);
	dw_pv_places_close(&on);
	return ret;
}

int dw_awake_check(struct dw_ctx *ctx, struct dw_dev *dev, struct dw_err *err)
{
	struct dw_dev *content;
	bool asleep = false;
	int ret = is_asleep(dev, &asleep, err);

	if (asleep)
		return dw_fail(err, DW_UNSUPPORTED, "the swap space holds the "
			       "memory of a suspended system");
	if (ret)
		return ret;
	ret = dw_stack_see_through(dev, &content, err);
	if (is_unknown(ret))
		return 0;
	if (!ret)
		ret = check_pv(ctx, content, err);
	dw_dev_close(content, NULL);
	return ret;
}

static int check_part(struct dw_ctx *ctx, struct dw_dev *disk,
		      const struct dw_part *part, struct dw_err *err)
{
	struct dw_dev *dev;
	int ret = dw_part_open(disk, part, &dev, err);

	if (is_unknown(ret))
		return 0;
	if (!ret)
		ret = dw_awake_check(ctx, dev, err);
	dw_dev_close(dev, NULL);
	return ret ? dw_err_prefix(err, ret, "partition %u", part->nr) : 0;
}

int dw_awake_check_parts(struct dw_ctx *ctx, struct dw_dev *disk,
			 const struct dw_part_table *table,
			 struct dw_err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < table->parts_nr && !ret; i++)
		if (!table->parts[i].extended)
			ret = check_part(ctx, disk, &table->parts[i], err);
	return ret;
}

int dw_awake_check_disk(struct dw_ctx *ctx, struct dw_dev *disk,
			struct dw_err *err)
{
	struct dw_part_table *table = NULL;
	int ret = dw_awake_check(ctx, disk, err);

	if (ret)
		return ret;
	ret = dw_part_read(disk, &table, err);
	if (is_unknown(ret))
		ret = 0;
	else if (!ret)
		ret = dw_awake_check_parts(ctx, disk, table, err);
	dw_part_free(table);
	return ret;
}

/* ---- files ---------------------------------------------------------------- */

static int check_file(struct dw_fs *fs, const char *path, struct dw_err *err)
{
	uint8_t start[DW_SWAP_START_LEN];
	struct dw_stat st;
	size_t got = 0;
	int ret = dw_fs_stat(fs, path, &st, err);

	if (!ret && S_ISREG(st.mode))
		ret = dw_fs_pread(fs, st.ino, 0, start, sizeof(start), &got,
				  err);
	if (ret)
		return is_unknown(ret) ? 0 : ret;
	if (!dw_swap_start_is_asleep(start, got))
		return 0;
	return dw_fail(err, DW_UNSUPPORTED, "the file %s holds the memory of a"
		       " suspended system", path);
}

/* What an fstab calls swap space and is no device. */
static int check_fstab(struct dw_fs *fs, const char *text, size_t len,
		       struct dw_err *err)
{
	struct dw_span spec;
	size_t pos = 0;
	char *path;
	int ret = 0;

	while (!ret && dw_fstab_next_swap(text, len, &pos, &spec)) {
		if (!dw_span_starts(spec, "/") || dw_span_starts(spec, "/dev/"))
			continue;
		path = dw_span_dup(spec);
		if (!path)
			return dw_fail_nomem(err);
		ret = check_file(fs, path, err);
		free(path);
	}
	return ret;
}

int dw_awake_check_fs(struct dw_fs *fs, struct dw_err *err)
{
	static const char *const usual[] = {
		"/swapfile", "/swap.img", "/swap", NULL,
	};
	char *text = NULL;
	size_t i, len = 0;
	int ret = 0;

	for (i = 0; usual[i] && !ret; i++)
		ret = check_file(fs, usual[i], err);
	if (ret)
		return ret;
	ret = dw_fs_read_text(fs, "/etc/fstab", FSTAB_CAP_LEN, &text, &len,
				 err);
	if (!ret && text)
		ret = check_fstab(fs, text, len, err);
	else if (is_unknown(ret))
		ret = 0;
	free(text);
	return ret;
}
