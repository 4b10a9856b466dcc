/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The MBR: bytes to struct and back, and its check, without any I/O. */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "part/mbr.h"

enum {
	OFF_SIGNATURE = 440,
	OFF_MAGIC = 510,
	ENTRY_ACTIVE = 0,
	ENTRY_CHS_FIRST = 1,
	ENTRY_TYPE = 4,
	ENTRY_CHS_LAST = 5,
	ENTRY_START = 8,
	ENTRY_LEN = 12,
};

#define HEADS 255u
#define SECTORS 63u
#define CYLINDERS 1024u

static const uint8_t *entry_at(const uint8_t *sector, unsigned i)
{
	return sector + DW_MBR_TABLE_OFF + i * DW_MBR_ENTRY_LEN;
}

int dw_mbr_decode(const uint8_t sector[DW_SECTOR], struct dw_mbr *out,
		  struct dw_err *err)
{
	unsigned i;

	memset(out, 0, sizeof(*out));
	if (sector[OFF_MAGIC] != 0x55 || sector[OFF_MAGIC + 1] != 0xaa)
		return dw_fail(err, DW_NOT_MINE, "mbr: no 55 AA");
	memcpy(out->code, sector, DW_MBR_CODE_LEN);
	out->disk_signature = dw_le32(sector + OFF_SIGNATURE);
	for (i = 0; i < 4; i++) {
		const uint8_t *p = entry_at(sector, i);

		if (p[ENTRY_ACTIVE] & 0x7f)
			return dw_fail(err, DW_NOT_MINE,
				       "mbr: entry %u has %02x for 'active'",
				       i + 1, p[ENTRY_ACTIVE]);
		out->entries[i].active = p[ENTRY_ACTIVE];
		out->entries[i].type = p[ENTRY_TYPE];
		out->entries[i].start_lba = dw_le32(p + ENTRY_START);
		out->entries[i].len_lba = dw_le32(p + ENTRY_LEN);
	}
	return 0;
}

bool dw_mbr_is_used(const struct dw_mbr_entry *e)
{
	return e->type && e->len_lba;
}

bool dw_mbr_is_extended(const struct dw_mbr_entry *e)
{
	/* DOS, Windows (LBA), Linux. */
	return e->type == 0x05 || e->type == 0x0f || e->type == 0x85;
}

/* Sums of two 32-bit numbers: no overflow in 64 bits. */
static uint64_t end_of(const struct dw_mbr_entry *e)
{
	return (uint64_t)e->start_lba + e->len_lba;
}

static int check_overlap(const struct dw_mbr *mbr, unsigned i,
			 struct dw_err *err)
{
	const struct dw_mbr_entry *e = &mbr->entries[i], *other;
	unsigned k;

	for (k = 0; k < i; k++) {
		other = &mbr->entries[k];
		if (!dw_mbr_is_used(other) || e->start_lba >= end_of(other) ||
		    other->start_lba >= end_of(e))
			continue;
		return dw_fail(err, DW_CORRUPT,
			       "mbr: partition %u (LBA %" PRIu32 " to %" PRIu64
			       ") overlaps partition %u (LBA %" PRIu32 " to %"
			       PRIu64 ")", i + 1, e->start_lba, end_of(e) - 1,
			       k + 1, other->start_lba, end_of(other) - 1);
	}
	return 0;
}

int dw_mbr_check(const struct dw_mbr *mbr, uint64_t disk_lba,
		 struct dw_err *err)
{
	unsigned i;
	int rc;

	for (i = 0; i < 4; i++) {
		const struct dw_mbr_entry *e = &mbr->entries[i];

		if (!dw_mbr_is_used(e))
			continue;
		if (!e->start_lba)
			return dw_fail(err, DW_CORRUPT,
				       "mbr: partition %u starts at LBA 0, "
				       "inside the table itself", i + 1);
		if (end_of(e) > disk_lba)
			return dw_fail(err, DW_CORRUPT,
				       "mbr: partition %u (LBA %" PRIu32 " to %"
				       PRIu64 ") ends past the end of the disk "
				       "of %" PRIu64 " sectors", i + 1,
				       e->start_lba, end_of(e) - 1, disk_lba);
		rc = check_overlap(mbr, i, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Past cylinder 1023 the last address that fits stands for all. */
static void put_chs(uint8_t *p, uint64_t lba)
{
	uint64_t cylinder = lba / (HEADS * SECTORS);
	unsigned head = (unsigned)(lba / SECTORS % HEADS);
	unsigned sector = (unsigned)(lba % SECTORS) + 1;

	if (cylinder >= CYLINDERS) {
		cylinder = CYLINDERS - 1;
		head = HEADS - 1;
		sector = SECTORS;
	}
	p[0] = (uint8_t)head;
	p[1] = (uint8_t)(sector | (cylinder >> 8) << 6);
	p[2] = (uint8_t)cylinder;
}

void dw_mbr_encode_entry(const struct dw_mbr_entry *e, uint64_t base_lba,
			 uint8_t *p)
{
	memset(p, 0, DW_MBR_ENTRY_LEN);
	if (!dw_mbr_is_used(e))
		return;
	p[ENTRY_ACTIVE] = e->active ? 0x80 : 0;
	put_chs(p + ENTRY_CHS_FIRST, base_lba + e->start_lba);
	p[ENTRY_TYPE] = e->type;
	put_chs(p + ENTRY_CHS_LAST, base_lba + end_of(e) - 1);
	dw_put_le32(p + ENTRY_START, e->start_lba);
	dw_put_le32(p + ENTRY_LEN, e->len_lba);
}

void dw_mbr_encode(const struct dw_mbr *mbr, uint8_t sector[DW_SECTOR])
{
	unsigned i;

	memset(sector, 0, DW_SECTOR);
	memcpy(sector, mbr->code, DW_MBR_CODE_LEN);
	dw_put_le32(sector + OFF_SIGNATURE, mbr->disk_signature);
	for (i = 0; i < 4; i++)
		dw_mbr_encode_entry(&mbr->entries[i], 0,
				    sector + DW_MBR_TABLE_OFF +
				    i * DW_MBR_ENTRY_LEN);
	sector[OFF_MAGIC] = 0x55;
	sector[OFF_MAGIC + 1] = 0xaa;
}
