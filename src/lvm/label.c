/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The label that makes a device a physical volume; see NOTES.md. */
#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lvm/label.h"

/* Offsets in the sector. */
enum {
	LABEL_SECTOR = 8,
	LABEL_CRC = 16,
	LABEL_OFFSET = 20,	/* the checksum covers all from here on */
	LABEL_TYPE = 24,
	LABEL_LEN = 32,
};

/* Offsets in the PV header. */
enum {
	PV_SIZE = 32,
	PV_AREAS = 40,
};

#define ID_LEN 32u
#define AREA_LEN 16u
#define CRC_START 0xf597a6cfu

uint32_t dw_lvm_crc(const void *buf, size_t len)
{
	const uint8_t *p = buf;
	uLong crc = CRC_START ^ 0xffffffffu;
	size_t step;

	/* zlib inverts at both ends, LVM at neither. */
	for (; len; p += step, len -= step) {
		step = dw_min(len, 1u << 30);
		crc = crc32(crc, p, (uInt)step);
	}
	return (uint32_t)crc ^ 0xffffffffu;
}

static bool is_id_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '!' || c == '#';
}

/* Where a dash stands in the text: groups of 6, 4, 4, 4, 4, 4 and 6. */
static bool is_dash_at(size_t i)
{
	return i == 6 || i == 11 || i == 16 || i == 21 || i == 26 || i == 31;
}

bool dw_lvm_id_is(const char *text)
{
	size_t i;

	for (i = 0; i < DW_LVM_ID_TEXT - 1; i++)
		if (is_dash_at(i) ? text[i] != '-' : !is_id_char(text[i]))
			return false;
	return !text[i];
}

bool dw_lvm_id_format(const uint8_t raw[32], char text[DW_LVM_ID_TEXT])
{
	size_t i, at = 0;

	for (i = 0; i < ID_LEN; i++) {
		if (is_dash_at(at))
			text[at++] = '-';
		text[at++] = (char)raw[i];
	}
	text[at] = '\0';
	return dw_lvm_id_is(text);
}

/* A list of areas from *at on, which ends with a pair of zeros; it ends at the
 * sector's end at the latest. */
static bool decode_areas(const uint8_t *buf, size_t *at,
			 struct dw_lvm_area *areas, size_t *nr)
{
	uint64_t off, len;

	for (*nr = 0; *at + AREA_LEN <= DW_LVM_SECTOR; (*nr)++) {
		off = dw_le64(buf + *at);
		len = dw_le64(buf + *at + 8);
		*at += AREA_LEN;
		if (!off)
			return true;
		areas[*nr] = (struct dw_lvm_area){ off, len };
	}
	return false;
}

/* What came with version 1: flags; with 2: bootloader areas. */
static bool decode_extension(const uint8_t *buf, size_t at,
			     struct dw_label *out)
{
	/* What was written before there were extensions has zeros here. */
	if (at + 8 > DW_LVM_SECTOR)
		return true;
	out->version = dw_le32(buf + at);
	if (!out->version)
		return true;
	out->flags = dw_le32(buf + at + 4);
	at += 8;
	return decode_areas(buf, &at, out->boot, &out->boot_nr);
}

static int decode_pv(const uint8_t *buf, size_t at, struct dw_label *out,
		     struct dw_err *err)
{
	if (!dw_lvm_id_format(buf + at, out->id))
		return dw_fail(err, DW_CORRUPT, "lvm: the label in sector %"
			       PRIu64 " has a UUID that is none", out->sector);
	out->size = dw_le64(buf + at + PV_SIZE);
	at += PV_AREAS;
	if (!decode_areas(buf, &at, out->data, &out->data_nr) ||
	    !decode_areas(buf, &at, out->mdas, &out->mdas_nr) ||
	    !decode_extension(buf, at, out))
		return dw_fail(err, DW_CORRUPT,
			       "lvm: the areas in the label in sector %" PRIu64
			       " have no end", out->sector);
	return 0;
}

/* What says that it is a label, and one of ours. */
static int check_magic(const uint8_t *buf, uint64_t sector,
		       struct dw_err *err)
{
	uint64_t said = dw_le64(buf + LABEL_SECTOR);
	uint32_t crc;

	if (memcmp(buf, "LABELONE", 8))
		return dw_fail(err, DW_NOT_MINE, "lvm: no label");
	/* A copy of another device's start, as found inside of images. */
	if (said != sector)
		return dw_fail(err, DW_CORRUPT,
			       "lvm: the label in sector %" PRIu64
			       " says it is in sector %" PRIu64, sector, said);
	crc = dw_lvm_crc(buf + LABEL_OFFSET, DW_LVM_SECTOR - LABEL_OFFSET);
	if (crc != dw_le32(buf + LABEL_CRC))
		return dw_fail(err, DW_CORRUPT,
			       "lvm: the checksum of the label in sector %"
			       PRIu64 " is %08" PRIx32 ", it says %08" PRIx32,
			       sector, crc, dw_le32(buf + LABEL_CRC));
	if (memcmp(buf + LABEL_TYPE, "LVM2 001", 8))
		return dw_fail(err, DW_NOT_MINE, "lvm: a label of another "
			       "type");
	return 0;
}

int dw_label_decode(const uint8_t buf[DW_LVM_SECTOR], uint64_t sector,
		    struct dw_label *out, struct dw_err *err)
{
	uint32_t offset;
	int rc = check_magic(buf, sector, err);

	if (rc)
		return rc;
	memset(out, 0, sizeof(*out));
	out->sector = sector;
	offset = dw_le32(buf + LABEL_OFFSET);
	if (offset < LABEL_LEN || offset > DW_LVM_SECTOR - PV_AREAS)
		return dw_fail(err, DW_CORRUPT,
			       "lvm: the label in sector %" PRIu64
			       " puts the PV header at %" PRIu32, sector,
			       offset);
	return decode_pv(buf, offset, out, err);
}

int dw_label_check(const struct dw_label *label, struct dw_err *err)
{
	const struct dw_lvm_area *a;
	size_t i;

	for (i = 0; i < label->mdas_nr; i++) {
		a = &label->mdas[i];
		if (a->off < DW_LVM_SECTOR || a->off % DW_LVM_SECTOR)
			return dw_fail(err, DW_CORRUPT,
				       "lvm: PV %s has a metadata area at %"
				       PRIu64, label->id, a->off);
		if (!dw_in_range(a->off, a->len, UINT64_MAX))
			return dw_fail(err, DW_CORRUPT,
				       "lvm: PV %s has a metadata area of %"
				       PRIu64 " bytes", label->id, a->len);
	}
	return 0;
}

/*
 * LVM takes the first sector whose label is right, and passes over others.  At
 * most four sectors are looked at.
 */
int dw_label_read(struct dw_dev *dev, struct dw_label *out,
		  struct dw_err *err)
{
	uint8_t buf[DW_LABEL_SECTORS * DW_LVM_SECTOR];
	size_t i, nr = dw_min(dev->size / DW_LVM_SECTOR, DW_LABEL_SECTORS);
	struct dw_err now = { 0 }, bad = { 0 };
	int rc;

	rc = dw_dev_pread(dev, 0, buf, nr * DW_LVM_SECTOR, err);
	if (rc)
		return rc;
	for (i = 0; i < nr; i++) {
		rc = dw_label_decode(buf + i * DW_LVM_SECTOR, i, out, &now);
		if (!rc)
			return dw_label_check(out, err);
		if (rc == DW_CORRUPT && !bad.code)
			bad = now;
	}
	if (!bad.code)
		return dw_fail(err, DW_NOT_MINE, "%s: no LVM label",
			       dev->name);
	if (err)
		*err = bad;
	return dw_err_prefix(err, bad.code, "%s", dev->name);
}
