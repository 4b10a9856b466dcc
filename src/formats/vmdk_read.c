/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The virtual disk of a sparse VMDK extent as a read-only block device.
 *
 * Source: VMware, "Virtual Disk Format 5.0": "Hosted Sparse Extents", "Grain
 * Directory", "Grain Table", "Stream-Optimized Compressed Sparse Extents".
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/codec.h"
#include "dev/mapped.h"
#include "formats/inflated.h"
#include "formats/sectors.h"
#include "formats/vmdk.h"

/* One call for an extent looks at so many tables at most. */
#define TABLES_AT_ONCE 65536u
#define ENTRIES_A_SECTOR (DW_TABLE_SECTOR / 4)

struct vmdk_dev {
	struct dw_dev dev;
	struct dw_dev *file;
	struct dw_vmdk_header h;
	uint32_t grain_len;
	bool packed;
	struct dw_sectors sectors;	/* of the directory and the tables */
	struct dw_inflated inflated;
};

/* ---- tables ------------------------------------------------------------- */

/* The entry nr of the array at 'off'. */
static int read_entry(struct vmdk_dev *v, uint64_t off, uint64_t nr,
		      uint32_t *out, struct dw_err *err)
{
	uint8_t buf[DW_TABLE_SECTOR];
	int rc;

	rc = dw_sectors_read(&v->sectors, off + nr / ENTRIES_A_SECTOR *
			     DW_TABLE_SECTOR, buf, err);
	if (!rc)
		*out = dw_le32(buf + nr % ENTRIES_A_SECTOR * 4);
	return rc;
}

/* How many tables from 'table' on, of nr at most, there are none of; where it
 * is 0, *entry says where the table is. */
static int count_no_tables(struct vmdk_dev *v, uint64_t table, uint64_t nr,
			   uint64_t *found_nr, uint32_t *entry,
			   struct dw_err *err)
{
	uint64_t off = v->h.directory_off_lba * DW_VMDK_SECTOR;
	int rc = 0;

	nr = dw_min(nr, TABLES_AT_ONCE);
	for (*found_nr = 0; *found_nr < nr; ++*found_nr) {
		rc = read_entry(v, off, table + *found_nr, entry, err);
		if (rc || *entry)
			break;
	}
	return rc;
}

static int check_table(const struct vmdk_dev *v, uint64_t table,
		       uint32_t entry, struct dw_err *err)
{
	uint64_t off = (uint64_t)entry * DW_VMDK_SECTOR;

	if (dw_in_range(off, (uint64_t)v->h.table_nr * 4, v->file->size))
		return 0;
	return dw_fail(err, DW_CORRUPT,
		       "vmdk: grain table %" PRIu64 " at %" PRIu64 " passes "
		       "the end at %" PRIu64, table, off, v->file->size);
}

static bool overlaps(uint64_t off, uint64_t len, uint64_t with_lba,
		     uint64_t with_len_lba)
{
	return off < (with_lba + with_len_lba) * DW_VMDK_SECTOR &&
	       with_lba * DW_VMDK_SECTOR < off + len;
}

/* len: what the disk has of the grain; a marker is checked when it is read. */
static int check_grain(const struct vmdk_dev *v, uint64_t grain, uint64_t off,
		       uint64_t len, struct dw_err *err)
{
	const struct dw_vmdk_header *h = &v->h;

	if (!dw_in_range(off, len, v->file->size))
		return dw_fail(err, DW_CORRUPT,
			       "vmdk: grain %" PRIu64 " at %" PRIu64 " passes "
			       "the end at %" PRIu64, grain, off,
			       v->file->size);
	if (overlaps(off, len, 0, 1) ||
	    overlaps(off, len, h->descriptor_off_lba, h->descriptor_len_lba))
		return dw_fail(err, DW_CORRUPT,
			       "vmdk: grain %" PRIu64 " at %" PRIu64
			       " overlaps the headers", grain, off);
	return 0;
}

/* ---- mapping ------------------------------------------------------------ */

static enum dw_extent_kind kind_of(const struct vmdk_dev *v, uint32_t entry)
{
	if (!entry)
		return DW_EXTENT_UNMAPPED;
	if (entry == DW_VMDK_ZEROED && v->h.flags & DW_VMDK_FLAG_ZEROED)
		return DW_EXTENT_ZERO;
	return v->packed ? DW_EXTENT_COMPRESSED : DW_EXTENT_DATA;
}

/* How many of the nr entries lie as the first one does: holes, or grains one
 * behind the other; packed grains come singly. */
static uint32_t count_alike(const struct vmdk_dev *v, const uint8_t *entries,
			    uint32_t nr)
{
	uint32_t first = dw_le32(entries), entry, i;
	enum dw_extent_kind kind = kind_of(v, first);

	if (kind == DW_EXTENT_COMPRESSED)
		return 1;
	for (i = 1; i < nr; i++) {
		entry = dw_le32(entries + (size_t)i * 4);
		if (kind_of(v, entry) != kind ||
		    (kind == DW_EXTENT_DATA &&
		     entry != first + i * v->h.grain_lba))
			break;
	}
	return i;
}

/* Within what one sector of the table tells of. */
static int map_in_table(struct vmdk_dev *v, uint64_t table_off, uint64_t off,
			uint64_t len, struct dw_run *out, struct dw_err *err)
{
	uint8_t buf[DW_TABLE_SECTOR];
	uint64_t grain = off / v->grain_len, in = off % v->grain_len, nr, run;
	uint32_t at = (uint32_t)(grain % v->h.table_nr), entry;
	int rc;

	rc = dw_sectors_read(&v->sectors, table_off + at / ENTRIES_A_SECTOR *
			     DW_TABLE_SECTOR, buf, err);
	if (rc)
		return rc;
	nr = dw_min(dw_div_up(in + len, v->grain_len), v->h.table_nr - at);
	at %= ENTRIES_A_SECTOR;
	nr = dw_min(nr, ENTRIES_A_SECTOR - at);
	entry = dw_le32(buf + at * 4);
	nr = count_alike(v, buf + at * 4, (uint32_t)nr);
	out->kind = kind_of(v, entry);
	out->len = dw_min(nr * v->grain_len - in, len);
	out->dev = v->file;
	out->off = (uint64_t)entry * DW_VMDK_SECTOR;
	if (out->kind == DW_EXTENT_UNMAPPED || out->kind == DW_EXTENT_ZERO)
		return 0;
	run = v->packed ? DW_VMDK_MARKER_LEN :
	      dw_min(nr * v->grain_len, v->dev.size - (off - in));
	rc = check_grain(v, grain, out->off, run, err);
	if (out->kind == DW_EXTENT_DATA)
		out->off += in;
	return rc;
}

/* A packed run begins at its grain's marker, in that grain. */
static int map(struct dw_dev *dev, uint64_t off, uint64_t len,
	       struct dw_run *out, struct dw_err *err)
{
	struct vmdk_dev *v = (struct vmdk_dev *)dev;
	uint64_t span = dw_vmdk_table_span(&v->h);
	uint64_t table = off / span, in = off % span, found_nr;
	uint32_t entry = 0;
	int rc;

	rc = count_no_tables(v, table, dw_div_up(in + len, span), &found_nr,
			     &entry, err);
	if (rc)
		return rc;
	if (found_nr) {
		out->kind = DW_EXTENT_UNMAPPED;
		out->len = dw_min(found_nr * span - in, len);
		return 0;
	}
	rc = check_table(v, table, entry, err);
	if (rc)
		return rc;
	return map_in_table(v, (uint64_t)entry * DW_VMDK_SECTOR, off,
			    dw_min(len, span - in), out, err);
}

/* ---- packed grains ------------------------------------------------------ */

static int read_marker(struct vmdk_dev *v, uint64_t grain, uint64_t off,
		       uint32_t *packed_len, struct dw_err *err)
{
	uint8_t buf[DW_VMDK_MARKER_LEN];
	int rc;

	rc = dw_dev_pread(v->file, off, buf, sizeof(buf), err);
	if (rc)
		return rc;
	*packed_len = dw_le32(buf + 8);
	if (dw_le64(buf) != grain * v->h.grain_lba)
		return dw_fail(err, DW_CORRUPT,
			       "vmdk: the marker of grain %" PRIu64 " at %"
			       PRIu64 " is of sector %" PRIu64, grain, off,
			       dw_le64(buf));
	/* Packing makes nothing much longer; QEMU bounds it alike. */
	if (!*packed_len || *packed_len > 2 * v->grain_len ||
	    !dw_in_range(off + sizeof(buf), *packed_len, v->file->size))
		return dw_fail(err, DW_CORRUPT,
			       "vmdk: grain %" PRIu64 " at %" PRIu64 " has %"
			       PRIu32 " packed bytes", grain, off, *packed_len);
	return 0;
}

/* Unpacks len bytes: the grain, or what the disk has of it. */
static int fetch(struct vmdk_dev *v, uint64_t grain, uint64_t host_off,
		 uint8_t *dst, uint32_t len, struct dw_err *err)
{
	uint32_t packed_len;
	uint8_t *src;
	int rc;

	rc = read_marker(v, grain, host_off, &packed_len, err);
	if (rc)
		return rc;
	src = malloc(packed_len);
	if (!src)
		return dw_fail_nomem(err);
	rc = dw_dev_pread(v->file, host_off + DW_VMDK_MARKER_LEN, src,
			  packed_len, err);
	if (!rc) {
		rc = dw_unpack_exact(DW_CODEC_ZLIB, src, packed_len, dst, len,
				     err);
		if (rc)
			rc = dw_err_prefix(err, rc, "vmdk: grain %" PRIu64
					   " at %" PRIu64, grain, host_off);
	}
	free(src);
	return rc;
}

static int read_packed(struct vmdk_dev *v, uint64_t off, uint64_t host_off,
		       void *buf, uint32_t len, struct dw_err *err)
{
	uint64_t grain = off / v->grain_len;
	uint32_t in = (uint32_t)(off % v->grain_len);
	uint32_t whole = (uint32_t)dw_min(v->grain_len, v->dev.size - off + in);
	uint8_t *data;
	int rc;

	/* Whole grains are a copy's, which never comes back to them. */
	if (len == whole)
		return fetch(v, grain, host_off, buf, len, err);
	/* By its number: two entries may lead to one place, where the marker
	 * is right for one of them only. */
	if (dw_inflated_read(&v->inflated, grain, in, buf, len))
		return 0;
	data = malloc(v->grain_len);
	if (!data)
		return dw_fail_nomem(err);
	rc = fetch(v, grain, host_off, data, whole, err);
	if (rc) {
		free(data);
		return rc;
	}
	memcpy(buf, data + in, len);
	dw_inflated_keep_take(&v->inflated, grain, data);
	return 0;
}

/* ---- the device --------------------------------------------------------- */

static int unpack(struct dw_dev *dev, uint64_t off, const struct dw_run *run,
		  void *buf, struct dw_err *err)
{
	return read_packed((struct vmdk_dev *)dev, off, run->off, buf,
			   (uint32_t)run->len, err);
}

static int vmdk_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		      struct dw_err *err)
{
	return dw_mapped_pread(dev, map, unpack, off, buf, len, err);
}

static int vmdk_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
		       struct dw_extent *out, struct dw_err *err)
{
	return dw_mapped_extent(dev, map, off, len, out, err);
}

static int vmdk_check_unchanged(struct dw_dev *dev, struct dw_err *err)
{
	return dw_dev_check_unchanged(((struct vmdk_dev *)dev)->file, err);
}

static int vmdk_close(struct dw_dev *dev, struct dw_err *err)
{
	struct vmdk_dev *v = (struct vmdk_dev *)dev;

	dw_sectors_free(&v->sectors);
	dw_inflated_free(&v->inflated);
	return dw_dev_close(v->file, err);
}

static const struct dw_dev_driver vmdk_dev_driver = {
	.kind = "vmdk",
	.pread = vmdk_pread,
	.extent = vmdk_extent,
	.check_unchanged = vmdk_check_unchanged,
	.close = vmdk_close,
};

int dw_vmdk_sparse_open(struct dw_dev *file, const struct dw_vmdk_image *image,
			struct dw_dev **out, struct dw_err *err)
{
	struct vmdk_dev *v;
	int rc;

	*out = NULL;
	v = calloc(1, sizeof(*v));
	if (!v)
		return dw_fail_nomem(err);
	rc = dw_sectors_init(&v->sectors, file, err);
	if (!rc)
		rc = dw_dev_init(&v->dev, &vmdk_dev_driver, file->name,
				 image->size, DW_VMDK_SECTOR, true, err);
	if (rc) {
		dw_sectors_free(&v->sectors);
		free(v);
		return rc;
	}
	v->file = dw_dev_ref(file);
	v->h = image->h;
	v->grain_len = (uint32_t)image->h.grain_lba * DW_VMDK_SECTOR;
	v->packed = image->h.flags & DW_VMDK_FLAG_PACKED;
	dw_inflated_init(&v->inflated, v->grain_len);
	*out = &v->dev;
	return 0;
}
