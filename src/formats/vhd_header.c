/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The structures of VHD: decode, check, encode, without any I/O.
 *
 * Source: Microsoft, "Virtual Hard Disk Image Format Specification", version
 * 1.0, 2006: "Hard Disk Footer Format", "Dynamic Disk Header Format".
 */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/vhd.h"

#define VERSION 0x00010000u
#define NO_OFFSET UINT64_MAX

enum {
	OFF_FEATURES = 8,
	OFF_VERSION = 12,
	OFF_DYNAMIC = 16,
	OFF_TIME = 24,
	OFF_CREATOR = 28,
	OFF_CREATOR_VERSION = 32,
	OFF_CREATOR_OS = 36,
	OFF_ORIGINAL_SIZE = 40,
	OFF_CURRENT_SIZE = 48,
	OFF_CYLINDERS = 56,
	OFF_HEADS = 58,
	OFF_SECTORS = 59,
	OFF_TYPE = 60,
	OFF_CHECKSUM = 64,
	OFF_UUID = 68,
};

enum {
	OFF_DYN_NEXT = 8,
	OFF_DYN_TABLE = 16,
	OFF_DYN_VERSION = 24,
	OFF_DYN_BLOCKS_NR = 28,
	OFF_DYN_BLOCK_LEN = 32,
	OFF_DYN_CHECKSUM = 36,
	OFF_DYN_PARENT = 64,
	DYN_PARENT_LEN = 512,
};

/* The complement of the sum of all bytes but those of the sum itself. */
static uint32_t checksum(const uint8_t *buf, size_t len, size_t sum_off)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		if (i < sum_off || i >= sum_off + 4)
			sum += buf[i];
	return ~sum;
}

static int check_sum(const char *what, const uint8_t *buf, size_t len,
		     size_t sum_off, struct dw_err *err)
{
	uint32_t want = dw_be32(buf + sum_off);
	uint32_t is = checksum(buf, len, sum_off);

	if (is == want)
		return 0;
	return dw_fail(err, DW_CORRUPT,
		       "vhd: the checksum of the %s is %08" PRIx32
		       ", it says %08" PRIx32, what, is, want);
}

static int check_version(const char *what, uint32_t version,
			 struct dw_err *err)
{
	if (version >> 16 == VERSION >> 16)
		return 0;
	return dw_fail(err, DW_UNSUPPORTED,
		       "vhd: the %s has version %" PRIu32 ".%" PRIu32
		       " (1 is supported)", what, version >> 16,
		       version & 0xffff);
}

int dw_vhd_footer_decode(const uint8_t *buf, size_t len,
			 struct dw_vhd_footer *out, struct dw_err *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if (memcmp(buf, "conectix", 8))
		return dw_fail(err, DW_NOT_MINE, "vhd: no footer");
	/* The byte that an old footer does not have would be zero. */
	rc = check_sum("footer", buf, len, OFF_CHECKSUM, err);
	if (rc)
		return rc;
	out->features = dw_be32(buf + OFF_FEATURES);
	out->version = dw_be32(buf + OFF_VERSION);
	out->dynamic_off = dw_be64(buf + OFF_DYNAMIC);
	out->time = dw_be32(buf + OFF_TIME);
	memcpy(out->creator, buf + OFF_CREATOR, 4);
	out->creator_version = dw_be32(buf + OFF_CREATOR_VERSION);
	memcpy(out->creator_os, buf + OFF_CREATOR_OS, 4);
	out->original_size = dw_be64(buf + OFF_ORIGINAL_SIZE);
	out->current_size = dw_be64(buf + OFF_CURRENT_SIZE);
	out->cylinders = dw_be16(buf + OFF_CYLINDERS);
	out->heads = buf[OFF_HEADS];
	out->sectors = buf[OFF_SECTORS];
	out->type = dw_be32(buf + OFF_TYPE);
	memcpy(out->uuid, buf + OFF_UUID, 16);
	return 0;
}

void dw_vhd_footer_encode(const struct dw_vhd_footer *f,
			  uint8_t buf[DW_VHD_FOOTER_LEN])
{
	memset(buf, 0, DW_VHD_FOOTER_LEN);
	memcpy(buf, "conectix", 8);
	dw_put_be32(buf + OFF_FEATURES, f->features);
	dw_put_be32(buf + OFF_VERSION, f->version);
	dw_put_be64(buf + OFF_DYNAMIC, f->dynamic_off);
	dw_put_be32(buf + OFF_TIME, f->time);
	memcpy(buf + OFF_CREATOR, f->creator, 4);
	dw_put_be32(buf + OFF_CREATOR_VERSION, f->creator_version);
	memcpy(buf + OFF_CREATOR_OS, f->creator_os, 4);
	dw_put_be64(buf + OFF_ORIGINAL_SIZE, f->original_size);
	dw_put_be64(buf + OFF_CURRENT_SIZE, f->current_size);
	dw_put_be16(buf + OFF_CYLINDERS, f->cylinders);
	buf[OFF_HEADS] = f->heads;
	buf[OFF_SECTORS] = f->sectors;
	dw_put_be32(buf + OFF_TYPE, f->type);
	memcpy(buf + OFF_UUID, f->uuid, 16);
	dw_put_be32(buf + OFF_CHECKSUM,
		    checksum(buf, DW_VHD_FOOTER_LEN, OFF_CHECKSUM));
}

/*
 * Virtual PC gives its guest the disk that the geometry makes, somewhat less
 * than the size, and says "vpc "; so did QEMU as "qemu".  The creators here
 * mean the size, and so does everybody by the largest geometry there is.  This
 * is what QEMU does; "wa" (Azure) came to its list after 7.2, which reads an
 * end too early there.
 */
static bool means_size(const struct dw_vhd_footer *f)
{
	static const char creators[][4] = {
		{ 'w', 'i', 'n', ' ' },		/* Hyper-V */
		{ 'w', 'a', 0, 0 },		/* Azure */
		{ 'q', 'e', 'm', '2' },		/* QEMU, force_size */
		{ 'd', '2', 'v', ' ' },		/* disk2vhd */
		{ 't', 'a', 'p', 0 },		/* XenServer */
		{ 'C', 'T', 'X', 'S' },		/* XenConverter */
	};
	size_t i;

	for (i = 0; i < sizeof(creators) / sizeof(*creators); i++)
		if (!memcmp(f->creator, creators[i], 4))
			return true;
	return f->cylinders == DW_VHD_CYLINDERS_MAX &&
	       f->heads == DW_VHD_HEADS_MAX &&
	       f->sectors == DW_VHD_SECTORS_MAX;
}

uint64_t dw_vhd_size(const struct dw_vhd_footer *f)
{
	if (means_size(f))
		return dw_round_down(f->current_size, DW_VHD_SECTOR);
	return (uint64_t)f->cylinders * f->heads * f->sectors * DW_VHD_SECTOR;
}

int dw_vhd_footer_check(const struct dw_vhd_footer *f, uint64_t data_end,
			struct dw_err *err)
{
	uint64_t size = dw_vhd_size(f);
	int rc = check_version("footer", f->version, err);

	if (rc)
		return rc;
	if (f->type < DW_VHD_FIXED || f->type > DW_VHD_DIFFERENCING)
		return dw_fail(err, DW_UNSUPPORTED,
			       "vhd: disks of type %" PRIu32 " are not "
			       "supported (2, 3 are: fixed, dynamic)", f->type);
	if (size > DW_VHD_SIZE_MAX)
		return dw_fail(err, DW_UNSUPPORTED,
			       "vhd: a disk of %" PRIu64 " bytes (at most %"
			       PRIu64 ")", size, DW_VHD_SIZE_MAX);
	if (f->type == DW_VHD_FIXED && size > data_end)
		return dw_fail(err, DW_CORRUPT,
			       "vhd: a fixed disk of %" PRIu64 " bytes, but %"
			       PRIu64 " before its footer", size, data_end);
	if (f->type != DW_VHD_FIXED &&
	    !dw_in_range(f->dynamic_off, DW_VHD_DYNAMIC_LEN, data_end))
		return dw_fail(err, DW_CORRUPT,
			       "vhd: the dynamic header at %" PRIu64 " passes "
			       "the end at %" PRIu64, f->dynamic_off, data_end);
	return 0;
}

/* UTF-16, in either byte order, for an error text. */
static void decode_parent(const uint8_t *p, char *out, size_t out_len)
{
	size_t i, nr = 0;
	uint16_t unit;

	for (i = 0; i < DYN_PARENT_LEN && nr < out_len - 1; i += 2) {
		unit = dw_be16(p + i);
		if (!unit)
			break;
		if (!(unit & 0xff))
			unit >>= 8;
		out[nr++] = unit >= 0x20 && unit < 0x7f ? (char)unit : '?';
	}
	out[nr] = '\0';
}

int dw_vhd_dynamic_decode(const uint8_t buf[DW_VHD_DYNAMIC_LEN],
			  struct dw_vhd_dynamic *out, struct dw_err *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if (memcmp(buf, "cxsparse", 8))
		return dw_fail(err, DW_CORRUPT,
			       "vhd: the dynamic header is not where the "
			       "footer says");
	rc = check_sum("dynamic header", buf, DW_VHD_DYNAMIC_LEN,
		       OFF_DYN_CHECKSUM, err);
	if (rc)
		return rc;
	out->table_off = dw_be64(buf + OFF_DYN_TABLE);
	out->version = dw_be32(buf + OFF_DYN_VERSION);
	out->blocks_nr = dw_be32(buf + OFF_DYN_BLOCKS_NR);
	out->block_len = dw_be32(buf + OFF_DYN_BLOCK_LEN);
	decode_parent(buf + OFF_DYN_PARENT, out->parent, sizeof(out->parent));
	return 0;
}

void dw_vhd_dynamic_encode(const struct dw_vhd_dynamic *d,
			   uint8_t buf[DW_VHD_DYNAMIC_LEN])
{
	memset(buf, 0, DW_VHD_DYNAMIC_LEN);
	memcpy(buf, "cxsparse", 8);
	dw_put_be64(buf + OFF_DYN_NEXT, NO_OFFSET);
	dw_put_be64(buf + OFF_DYN_TABLE, d->table_off);
	dw_put_be32(buf + OFF_DYN_VERSION, VERSION);
	dw_put_be32(buf + OFF_DYN_BLOCKS_NR, d->blocks_nr);
	dw_put_be32(buf + OFF_DYN_BLOCK_LEN, d->block_len);
	dw_put_be32(buf + OFF_DYN_CHECKSUM,
		    checksum(buf, DW_VHD_DYNAMIC_LEN, OFF_DYN_CHECKSUM));
}

int dw_vhd_dynamic_check(const struct dw_vhd_dynamic *d, uint64_t size,
			 uint64_t data_end, struct dw_err *err)
{
	int rc = check_version("dynamic header", d->version, err);

	if (rc)
		return rc;
	if (!dw_is_pow2(d->block_len) || d->block_len < DW_VHD_SECTOR)
		return dw_fail(err, DW_CORRUPT,
			       "vhd: blocks of %" PRIu32 " bytes (a power of "
			       "two from 512 on)", d->block_len);
	if (d->blocks_nr < dw_div_up(size, d->block_len))
		return dw_fail(err, DW_CORRUPT,
			       "vhd: a table of %" PRIu32 " blocks for a disk "
			       "of %" PRIu64, d->blocks_nr,
			       dw_div_up(size, d->block_len));
	if (d->table_off < DW_VHD_FOOTER_LEN)
		return dw_fail(err, DW_CORRUPT,
			       "vhd: the table of blocks at %" PRIu64
			       " overlaps the footer's copy", d->table_off);
	if (!dw_in_range(d->table_off, (uint64_t)d->blocks_nr * 4, data_end))
		return dw_fail(err, DW_CORRUPT,
			       "vhd: the table of %" PRIu32 " blocks at %"
			       PRIu64 " passes the end at %" PRIu64,
			       d->blocks_nr, d->table_off, data_end);
	return 0;
}

uint32_t dw_vhd_bitmap_len(uint32_t block_len)
{
	return (uint32_t)dw_round_up(dw_div_up(block_len, DW_VHD_SECTOR * 8),
				     DW_VHD_SECTOR);
}
