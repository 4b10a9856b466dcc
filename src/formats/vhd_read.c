/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The virtual disk of a dynamic VHD as a read-only block device.
 *
 * Source: Microsoft, "Virtual Hard Disk Image Format Specification": "Block
 * Allocation Table and Data Blocks", "Mapping a Disk Sector to a Sector in the
 * Block".
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "dev/mapped.h"
#include "formats/sectors.h"
#include "formats/vhd.h"

/* One call for an extent looks at so many blocks at most. */
#define BLOCKS_AT_ONCE 65536u

struct vhd_dev {
	struct dw_dev dev;
	struct dw_dev *file;
	struct dw_vhd_image image;
	uint32_t bitmap_len;
	/* A sector of the table stands for 128 blocks; one of a bitmap is all
	 * that a block of the usual 2 MiB has. */
	struct dw_sectors sectors;
};

/* ---- tables ------------------------------------------------------------- */

static int check_block(const struct vhd_dev *v, uint64_t block, uint32_t entry,
		       struct dw_err *err)
{
	const struct dw_vhd_image *i = &v->image;
	uint64_t off = (uint64_t)entry * DW_VHD_SECTOR;
	uint64_t len = (uint64_t)v->bitmap_len + i->dynamic.block_len;
	uint64_t table_end = i->dynamic.table_off +
			     (uint64_t)i->dynamic.blocks_nr * 4;

	if (!dw_in_range(off, len, i->data_end))
		return dw_fail(err, DW_CORRUPT,
			       "vhd: block %" PRIu64 " at %" PRIu64 " passes "
			       "the end at %" PRIu64, block, off, i->data_end);
	if (off < DW_VHD_FOOTER_LEN ||
	    (off < table_end && i->dynamic.table_off < off + len) ||
	    (off < i->footer.dynamic_off + DW_VHD_DYNAMIC_LEN &&
	     i->footer.dynamic_off < off + len))
		return dw_fail(err, DW_CORRUPT,
			       "vhd: block %" PRIu64 " at %" PRIu64
			       " overlaps the headers", block, off);
	return 0;
}

/* ---- mapping ------------------------------------------------------------ */

/* How many blocks from 'block' on, of nr at most, are not allocated; where it
 * is none, *entry says where the block is. */
static int count_unallocated(struct vhd_dev *v, uint64_t block, uint64_t nr,
			     uint64_t *found_nr, uint32_t *entry,
			     struct dw_err *err)
{
	uint8_t sector[DW_TABLE_SECTOR];
	uint64_t i, in, loaded = UINT64_MAX;
	int rc;

	*found_nr = 0;
	for (i = block; i < block + nr; i++) {
		in = i * 4 % DW_VHD_SECTOR;
		if (i * 4 - in != loaded) {
			loaded = i * 4 - in;
			rc = dw_sectors_read(&v->sectors,
					     v->image.dynamic.table_off +
					     loaded, sector, err);
			if (rc)
				return rc;
		}
		*entry = dw_be32(sector + in);
		if (*entry != DW_VHD_UNALLOCATED)
			return 0;
		++*found_nr;
	}
	return 0;
}

/* How many of the nr sectors from 'first' on are like that one; the bit of
 * the first sector of a byte is its highest. */
static uint32_t count_alike(const uint8_t *bits, uint32_t first, uint32_t nr,
			    bool *is_set)
{
	uint32_t i;

	*is_set = bits[first / 8] >> (7 - first % 8) & 1;
	for (i = first + 1; i < first + nr; i++)
		if ((bits[i / 8] >> (7 - i % 8) & 1) != *is_set)
			break;
	return i - first;
}

/* Within one block, and within what one sector of its bitmap tells of. */
static int map_in_block(struct vhd_dev *v, uint64_t block_off, uint32_t in,
			uint64_t len, struct dw_run *out, struct dw_err *err)
{
	uint8_t bits[DW_TABLE_SECTOR];
	uint32_t per_sector = DW_VHD_SECTOR * 8, first = in / DW_VHD_SECTOR;
	uint32_t sectors_nr, nr;
	bool is_set;
	int rc;

	sectors_nr = (uint32_t)dw_min(v->image.dynamic.block_len - in, len);
	sectors_nr = (uint32_t)dw_div_up(in % DW_VHD_SECTOR + sectors_nr,
					 DW_VHD_SECTOR);
	sectors_nr = (uint32_t)dw_min(sectors_nr,
				      per_sector - first % per_sector);
	rc = dw_sectors_read(&v->sectors, block_off +
			     first / per_sector * DW_VHD_SECTOR, bits, err);
	if (rc)
		return rc;
	nr = count_alike(bits, first % per_sector, sectors_nr, &is_set);
	out->kind = is_set ? DW_EXTENT_DATA : DW_EXTENT_ZERO;
	out->len = dw_min((uint64_t)(first + nr) * DW_VHD_SECTOR - in, len);
	out->dev = v->file;
	out->off = block_off + v->bitmap_len + in;
	return 0;
}

static int map(struct dw_dev *dev, uint64_t off, uint64_t len,
	       struct dw_run *out, struct dw_err *err)
{
	struct vhd_dev *v = (struct vhd_dev *)dev;
	uint32_t block_len = v->image.dynamic.block_len;
	uint64_t block = off / block_len, in = off % block_len, nr, found_nr;
	uint32_t entry = 0;
	int rc;

	nr = dw_min(dw_div_up(in + len, block_len), BLOCKS_AT_ONCE);
	rc = count_unallocated(v, block, nr, &found_nr, &entry, err);
	if (rc)
		return rc;
	if (found_nr) {
		out->kind = DW_EXTENT_UNMAPPED;
		out->len = dw_min(found_nr * block_len - in, len);
		return 0;
	}
	rc = check_block(v, block, entry, err);
	if (rc)
		return rc;
	return map_in_block(v, (uint64_t)entry * DW_VHD_SECTOR, (uint32_t)in,
			    len, out, err);
}

/* ---- the device --------------------------------------------------------- */

static int vhd_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		     struct dw_err *err)
{
	return dw_mapped_pread(dev, map, NULL, off, buf, len, err);
}

static int vhd_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
		      struct dw_extent *out, struct dw_err *err)
{
	return dw_mapped_extent(dev, map, off, len, out, err);
}

static int vhd_check_unchanged(struct dw_dev *dev, struct dw_err *err)
{
	return dw_dev_check_unchanged(((struct vhd_dev *)dev)->file, err);
}

static int vhd_close(struct dw_dev *dev, struct dw_err *err)
{
	struct vhd_dev *v = (struct vhd_dev *)dev;

	dw_sectors_free(&v->sectors);
	return dw_dev_close(v->file, err);
}

static const struct dw_dev_driver vhd_dev_driver = {
	.kind = "vhd",
	.pread = vhd_pread,
	.extent = vhd_extent,
	.check_unchanged = vhd_check_unchanged,
	.close = vhd_close,
};

int dw_vhd_dynamic_open(struct dw_dev *file, const struct dw_vhd_image *image,
			struct dw_dev **out, struct dw_err *err)
{
	struct vhd_dev *v;
	int rc;

	*out = NULL;
	v = calloc(1, sizeof(*v));
	if (!v)
		return dw_fail_nomem(err);
	rc = dw_sectors_init(&v->sectors, file, err);
	if (!rc)
		rc = dw_dev_init(&v->dev, &vhd_dev_driver, file->name,
				 image->size, DW_VHD_SECTOR, true, err);
	if (rc) {
		dw_sectors_free(&v->sectors);
		free(v);
		return rc;
	}
	v->file = dw_dev_ref(file);
	v->image = *image;
	v->bitmap_len = dw_vhd_bitmap_len(image->dynamic.block_len);
	*out = &v->dev;
	return 0;
}
