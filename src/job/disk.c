/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The new disk around a root filesystem: table, place, wanted bytes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "job/disk.h"

#define MBR_TYPE_LINUX 0x83

static int map_whole(struct dw_new_disk *d, const struct dw_root *root,
		     uint64_t fs_len, struct dw_dev *tail, struct dw_err *err)
{
	uint64_t fs_end = d->fs_off + fs_len;
	struct dw_map_piece pieces[] = {
		{ d->front, 0, d->fs_off },
		{ root->overlay, 0, fs_len },
		{ tail, tail ? fs_end : 0, d->size - fs_end },
	};

	return dw_map_new(root->disk->name, pieces, 3, &d->whole, err);
}

static int write_table(struct dw_new_disk *d, struct dw_err *err)
{
	struct dw_mbr mbr = {
		.disk_signature = d->signature,
		.entries[0] = {
			.active = true,
			.type = MBR_TYPE_LINUX,
			.start_lba = DW_PART_ALIGN_LBA,
			.len_lba = (uint32_t)(d->part_len / DW_SECTOR),
		},
	};
	uint8_t sector[DW_SECTOR];

	dw_mbr_encode(&mbr, sector);
	return dw_dev_pwrite(d->front, 0, sector, sizeof(sector), err);
}

static int check_size(const struct dw_root *root, uint64_t size,
		      uint64_t needed, struct dw_err *err)
{
	if (size && size < needed)
		return dw_fail(err, DW_USAGE,
			       "%s: needs a disk of %" PRIu64 " bytes, not %"
			       PRIu64 "; shrink the filesystem first",
			       root->disk->name, needed, size);
	if (size % DW_SECTOR)
		return dw_fail(err, DW_USAGE,
			       "a disk of %" PRIu64 " bytes is not whole "
			       "sectors of %u", size, DW_SECTOR);
	return 0;
}

/* An MBR counts sectors in 32 bits. */
static int check_mbr_limit(const struct dw_root *root, uint64_t size,
			   struct dw_err *err)
{
	if (size / DW_SECTOR <= UINT32_MAX)
		return 0;
	return dw_fail(err, DW_UNSUPPORTED,
		       "%s: a disk of %" PRIu64 " bytes; an MBR reaches %"
		       PRIu64, root->disk->name, size,
		       (uint64_t)UINT32_MAX * DW_SECTOR);
}

static int lay_new_table(struct dw_root *root, uint64_t fs_size, uint64_t size,
			 struct dw_new_disk *d, struct dw_err *err)
{
	uint64_t needed = DW_FRONT_LEN + dw_round_up(fs_size, DW_SECTOR);
	int ret;

	ret = check_size(root, size, needed, err);
	if (ret)
		return ret;
	d->has_new_table = true;
	d->size = size ? size : needed;
	ret = check_mbr_limit(root, d->size, err);
	if (ret)
		return ret;
	d->fs_off = DW_FRONT_LEN;
	d->part_nr = 1;
	d->part_len = d->size - DW_FRONT_LEN;
	ret = dw_mem_new(root->disk->name, DW_FRONT_LEN, &d->front, err);
	if (!ret)
		ret = write_table(d, err);
	return ret ? ret : map_whole(d, root, fs_size, NULL, err);
}

static int lay_bare(struct dw_root *root, uint64_t fs_size, uint64_t size,
		    struct dw_new_disk *d, struct dw_err *err)
{
	int ret = check_size(root, size, fs_size, err);

	if (ret)
		return ret;
	d->signature = 0;
	d->size = size ? size : dw_round_up(fs_size, DW_SECTOR);
	return map_whole(d, root, fs_size, NULL, err);
}

/* Sector 0 and what lies before the partition, so that writes to it stay in
 * memory. */
static int open_front(struct dw_ctx *ctx, const struct dw_root *root,
		      struct dw_dev *source, struct dw_new_disk *d,
		      struct dw_err *err)
{
	struct dw_dev *window;
	int ret;

	ret = dw_window_new(source, 0, d->fs_off, root->disk->name,
			    &window, err);
	if (!ret)
		ret = dw_overlay_new(window, DW_SECTOR, ctx->memory_cap_len,
				     &d->front, err);
	dw_dev_close(window, NULL);
	return ret;
}

static int lay_kept_table(struct dw_ctx *ctx, struct dw_root *root,
			  const struct dw_new_disk_options *options,
			  struct dw_new_disk *d, struct dw_err *err)
{
	struct dw_wanted_options wanted = { .skip_part_nr = root->part_nr };
	struct dw_dev *source = root->disk;
	const struct dw_part *part = dw_part_by_nr(root->table, root->part_nr);
	int ret = 0;

	if (part->logical)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: the root is logical partition %u; a BIOS "
			       "starts only primary ones", root->disk->name,
			       part->nr);
	if (options->size && options->size != root->disk->size)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: has a partition table already, which is "
			       "kept; its size cannot be changed here",
			       root->disk->name);
	d->signature = root->table->disk_signature;
	d->size = root->disk->size;
	d->fs_off = root->start_off;
	d->part_nr = root->part_nr;
	d->part_len = root->len;
	if (!options->in_place) {
		ret = dw_wanted_find(ctx, root->disk, &wanted, &d->others,
				     err);
		source = d->others.view;
	}
	if (!ret)
		ret = open_front(ctx, root, source, d, err);
	return ret ? ret : map_whole(d, root, root->len, source, err);
}

int dw_new_disk_open(struct dw_ctx *ctx, struct dw_root *root,
		     const struct dw_new_disk_options *options,
		     struct dw_new_disk *out, struct dw_err *err)
{
	int ret;

	memset(out, 0, sizeof(*out));
	out->signature = options->signature;
	if (root->table)
		ret = lay_kept_table(ctx, root, options, out, err);
	else if (options->layout == DW_LAYOUT_UNPARTITIONED)
		ret = lay_bare(root, options->fs_size, options->size, out,
			       err);
	else
		ret = lay_new_table(root, options->fs_size, options->size, out,
				    err);
	if (ret)
		dw_new_disk_close(out);
	return ret;
}

void dw_new_disk_close(struct dw_new_disk *disk)
{
	dw_dev_close(disk->whole, NULL);
	dw_dev_close(disk->front, NULL);
	dw_wanted_free(&disk->others);
	memset(disk, 0, sizeof(*disk));
}

/* Runs ascend; those that touch become one. */
static void add_run(struct dw_used_run *r, size_t *nr, uint64_t off,
		    uint64_t len)
{
	if (*nr && r[*nr - 1].off + r[*nr - 1].len == off)
		r[*nr - 1].len += len;
	else if (len)
		r[(*nr)++] = (struct dw_used_run){ off, len };
}

/* What of the others lies between off and end. */
static void add_others(const struct dw_new_disk *disk, uint64_t off,
		       uint64_t end, struct dw_used_run *r, size_t *nr)
{
	const struct dw_wanted *w = &disk->others;
	uint64_t from, to;
	size_t i;

	for (i = 0; i < w->runs_nr; i++) {
		from = dw_max(w->runs[i].off, off);
		to = dw_min(w->runs[i].off + w->runs[i].len, end);
		if (from < to)
			add_run(r, nr, from, to - from);
	}
}

int dw_new_disk_wanted(const struct dw_new_disk *disk,
		       const struct dw_used *used, struct dw_used_run **runs,
		       size_t *runs_nr, struct dw_err *err)
{
	struct dw_used_run *r;
	size_t i;

	*runs_nr = 0;
	/* A run around the filesystem becomes two; and one for a new front. */
	*runs = r = calloc(used->runs_nr + disk->others.runs_nr + 2,
			   sizeof(*r));
	if (!r)
		return dw_fail_nomem(err);
	if (disk->has_new_table)
		add_run(r, runs_nr, 0, disk->fs_off);
	else
		add_others(disk, 0, disk->fs_off, r, runs_nr);
	for (i = 0; i < used->runs_nr; i++)
		add_run(r, runs_nr, disk->fs_off + used->runs[i].off,
			used->runs[i].len);
	if (!disk->has_new_table)
		add_others(disk, disk->fs_off + disk->part_len, disk->size, r,
			   runs_nr);
	return 0;
}
