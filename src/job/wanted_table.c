/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a partition table is all that is to be known of a disk. */
#include <inttypes.h>

#include "fs/fs.h"
#include "job/awake.h"
#include "job/wanted_table.h"

#define MBR_TYPE_PROTECTIVE 0xee

static bool has_part(const struct dw_part_table *table, uint64_t start_lba,
		     uint64_t len_lba)
{
	size_t i;

	for (i = 0; i < table->parts_nr; i++)
		if (table->parts[i].start_lba == start_lba &&
		    table->parts[i].len_lba == len_lba)
			return true;
	return false;
}

/*
 * Beside a GPT an MBR may have entries of its own (hybrid layouts).  Those that
 * name a partition of the GPT are fine; another may be a second view of the
 * same blocks.
 */
static int check_hybrid(struct dw_dev *disk, const struct dw_part_table *table,
			struct dw_err *err)
{
	uint32_t scale = table->sector_len / DW_SECTOR;
	uint8_t sector[DW_SECTOR];
	const struct dw_mbr_entry *e;
	struct dw_mbr mbr;
	size_t i;
	int ret;

	ret = dw_dev_pread(disk, 0, sector, sizeof(sector), err);
	if (!ret)
		ret = dw_mbr_decode(sector, &mbr, err);
	for (i = 0; i < 4 && !ret; i++) {
		e = &mbr.entries[i];
		if (!e->type || !e->len_lba || e->type == MBR_TYPE_PROTECTIVE)
			continue;
		if (!has_part(table, (uint64_t)e->start_lba * scale,
			      (uint64_t)e->len_lba * scale))
			ret = dw_fail(err, DW_CORRUPT, "the MBR beside the GPT "
				      "has a partition of its own, %" PRIu32
				      " sectors at LBA %" PRIu32, e->len_lba,
				      e->start_lba);
	}
	return ret;
}

/* A disk that is a filesystem as a whole, too, is understood in two ways.  One
 * that once was, and has a copy of its superblock left (DW_CORRUPT), is not. */
static int check_not_whole(struct dw_dev *disk, struct dw_err *err)
{
	struct dw_fs_info info;
	int ret = dw_fs_identify(disk, &info, err);

	if (ret == DW_NOT_MINE || ret == DW_CORRUPT)
		return 0;
	return ret ? ret : dw_fail(err, DW_CORRUPT, "the disk with the "
				   "partition table is %s as a whole",
				   info.type);
}

static int check_overlaps(struct dw_dev *disk, const struct dw_part **parts,
			  size_t nr, struct dw_err *err)
{
	uint64_t end = 0;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (parts[i]->start_lba < end)
			return dw_fail(err, DW_CORRUPT, "partition %u begins "
				       "at LBA %" PRIu64 ", before the one "
				       "before it ends at %" PRIu64,
				       parts[i]->nr, parts[i]->start_lba, end);
		end = parts[i]->start_lba + parts[i]->len_lba;
	}
	if (end <= disk->size / DW_SECTOR)
		return 0;
	return dw_fail(err, DW_CORRUPT, "a partition ends at LBA %" PRIu64
		       " of %" PRIu64, end, disk->size / DW_SECTOR);
}

int dw_wanted_check_table(struct dw_ctx *ctx, struct dw_dev *disk,
			  const struct dw_part_table *table,
			  const struct dw_part **parts, size_t parts_nr,
			  struct dw_err *err)
{
	int ret = check_overlaps(disk, parts, parts_nr, err);

	if (!ret && table->kind == DW_PART_GPT)
		ret = check_hybrid(disk, table, err);
	if (!ret)
		ret = check_not_whole(disk, err);
	return ret ? ret : dw_awake_check_parts(ctx, disk, table, err);
}
