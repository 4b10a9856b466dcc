/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The header of a sparse extent of VMDK: decode, check, encode, without I/O.
 *
 * Source: VMware, "Virtual Disk Format 5.0" (technical note, 2011): "Hosted
 * Sparse Extents", "Stream-Optimized Compressed Sparse Extents".
 */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/vmdk.h"

enum {
	OFF_VERSION = 4,
	OFF_FLAGS = 8,
	OFF_CAPACITY = 12,
	OFF_GRAIN = 20,
	OFF_DESCRIPTOR = 28,
	OFF_DESCRIPTOR_LEN = 36,
	OFF_TABLE_NR = 44,
	OFF_REDUNDANT = 48,
	OFF_DIRECTORY = 56,
	OFF_OVERHEAD = 64,
	OFF_UNCLEAN = 72,
	OFF_NEWLINE = 73,
	OFF_ALGORITHM = 77,
};

/* They do not survive a transfer as text: that is what they are for. */
static const uint8_t newline_bytes[4] = { '\n', ' ', '\r', '\n' };

int dw_vmdk_header_decode(const uint8_t buf[DW_VMDK_HEADER_LEN],
			  struct dw_vmdk_header *out, struct dw_err *err)
{
	memset(out, 0, sizeof(*out));
	if (dw_le32(buf) != DW_VMDK_MAGIC)
		return dw_fail(err, DW_NOT_MINE, "vmdk: no magic number");
	out->version = dw_le32(buf + OFF_VERSION);
	out->flags = dw_le32(buf + OFF_FLAGS);
	out->capacity_lba = dw_le64(buf + OFF_CAPACITY);
	out->grain_lba = dw_le64(buf + OFF_GRAIN);
	out->descriptor_off_lba = dw_le64(buf + OFF_DESCRIPTOR);
	out->descriptor_len_lba = dw_le64(buf + OFF_DESCRIPTOR_LEN);
	out->table_nr = dw_le32(buf + OFF_TABLE_NR);
	out->redundant_off_lba = dw_le64(buf + OFF_REDUNDANT);
	out->directory_off_lba = dw_le64(buf + OFF_DIRECTORY);
	out->overhead_lba = dw_le64(buf + OFF_OVERHEAD);
	out->unclean = buf[OFF_UNCLEAN];
	memcpy(out->newline, buf + OFF_NEWLINE, sizeof(out->newline));
	out->algorithm = dw_le16(buf + OFF_ALGORITHM);
	return 0;
}

void dw_vmdk_header_encode(const struct dw_vmdk_header *h,
			   uint8_t buf[DW_VMDK_HEADER_LEN])
{
	memset(buf, 0, DW_VMDK_HEADER_LEN);
	dw_put_le32(buf, DW_VMDK_MAGIC);
	dw_put_le32(buf + OFF_VERSION, h->version);
	dw_put_le32(buf + OFF_FLAGS, h->flags);
	dw_put_le64(buf + OFF_CAPACITY, h->capacity_lba);
	dw_put_le64(buf + OFF_GRAIN, h->grain_lba);
	dw_put_le64(buf + OFF_DESCRIPTOR, h->descriptor_off_lba);
	dw_put_le64(buf + OFF_DESCRIPTOR_LEN, h->descriptor_len_lba);
	dw_put_le32(buf + OFF_TABLE_NR, h->table_nr);
	dw_put_le64(buf + OFF_REDUNDANT, h->redundant_off_lba);
	dw_put_le64(buf + OFF_DIRECTORY, h->directory_off_lba);
	dw_put_le64(buf + OFF_OVERHEAD, h->overhead_lba);
	buf[OFF_UNCLEAN] = h->unclean;
	memcpy(buf + OFF_NEWLINE, newline_bytes, sizeof(newline_bytes));
	dw_put_le16(buf + OFF_ALGORITHM, h->algorithm);
}

uint64_t dw_vmdk_table_span(const struct dw_vmdk_header *h)
{
	return h->table_nr * h->grain_lba * DW_VMDK_SECTOR;
}

/* A run of sectors behind the header and inside the file. */
static int check_place(const char *what, uint64_t off_lba, uint64_t len_lba,
		       uint64_t file_len, struct dw_err *err)
{
	/* What the last sector lacks reads as zeros. */
	uint64_t file_lba = dw_div_up(file_len, DW_VMDK_SECTOR);

	if (off_lba && dw_in_range(off_lba, len_lba, file_lba))
		return 0;
	return dw_fail(err, DW_CORRUPT,
		       "vmdk: the %s of %" PRIu64 " sectors at %" PRIu64
		       " is not between the header and the end at %" PRIu64,
		       what, len_lba, off_lba, file_lba);
}

static int check_kind(const struct dw_vmdk_header *h, struct dw_err *err)
{
	bool packed = h->flags & DW_VMDK_FLAG_PACKED;

	if (h->version < 1 || h->version > 3)
		return dw_fail(err, DW_UNSUPPORTED,
			       "vmdk: version %" PRIu32 " is not supported (1 "
			       "to 3 are)", h->version);
	if (h->algorithm > 1)
		return dw_fail(err, DW_UNSUPPORTED,
			       "vmdk: compression %u is not supported (1 is: "
			       "deflate)", h->algorithm);
	if (h->algorithm != packed)
		return dw_fail(err, DW_CORRUPT,
			       "vmdk: compression %u with the flags 0x%08"
			       PRIx32, h->algorithm, h->flags);
	if (packed && !(h->flags & DW_VMDK_FLAG_MARKERS))
		return dw_fail(err, DW_UNSUPPORTED,
			       "vmdk: compressed grains without markers are "
			       "not supported");
	if (h->flags & DW_VMDK_FLAG_NEWLINE &&
	    memcmp(h->newline, newline_bytes, sizeof(newline_bytes)))
		return dw_fail(err, DW_CORRUPT,
			       "vmdk: the line ends in it were changed; it was "
			       "transferred as text");
	return 0;
}

static int check_geometry(const struct dw_vmdk_header *h, struct dw_err *err)
{
	if (!dw_is_pow2(h->grain_lba) ||
	    h->grain_lba > DW_VMDK_GRAIN_LEN_MAX / DW_VMDK_SECTOR)
		return dw_fail(err, DW_CORRUPT,
			       "vmdk: grains of %" PRIu64 " sectors (a power "
			       "of two up to %u)", h->grain_lba,
			       DW_VMDK_GRAIN_LEN_MAX / DW_VMDK_SECTOR);
	if (!h->table_nr || h->table_nr > DW_VMDK_TABLE_NR)
		return dw_fail(err, DW_CORRUPT,
			       "vmdk: grain tables of %" PRIu32 " entries (1 "
			       "to %u)", h->table_nr, DW_VMDK_TABLE_NR);
	if (h->capacity_lba > INT64_MAX / DW_VMDK_SECTOR)
		return dw_fail(err, DW_CORRUPT,
			       "vmdk: a disk of %" PRIu64 " sectors",
			       h->capacity_lba);
	return 0;
}

int dw_vmdk_header_check(const struct dw_vmdk_header *h, uint64_t file_len,
			 struct dw_err *err)
{
	uint64_t tables_nr;
	int rc;

	rc = check_kind(h, err);
	if (!rc)
		rc = check_geometry(h, err);
	if (!rc && h->descriptor_off_lba)
		rc = check_place("descriptor", h->descriptor_off_lba,
				 h->descriptor_len_lba, file_len, err);
	if (rc || h->directory_off_lba == DW_VMDK_GD_AT_END)
		return rc;
	tables_nr = dw_div_up(h->capacity_lba * DW_VMDK_SECTOR,
			      dw_vmdk_table_span(h));
	return check_place("grain directory", h->directory_off_lba,
			   dw_div_up(tables_nr * 4, DW_VMDK_SECTOR), file_len,
			   err);
}
