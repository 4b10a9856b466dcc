/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading an MBR from a disk, with the chain of its logical partitions. */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "part/mbr.h"

/* The EBRs of a disk, in the order of the chain, in the disk's own sectors. */
struct chain {
	uint64_t ebr_lba[DW_MBR_LOGICAL_MAX];
	unsigned nr;
	unsigned next_part_nr;
};

static int fetch(struct dw_dev *disk, uint64_t off, uint8_t sector[DW_SECTOR],
		 struct dw_err *err)
{
	int rc = dw_dev_pread(disk, off, sector, DW_SECTOR, err);

	return rc ? dw_err_prefix(err, rc, "mbr") : 0;
}

/* The parameter block of FAT: numbers that only make sense together. */
static bool is_fat(const uint8_t *s)
{
	uint16_t sector_len = dw_le16(s + 11);

	return (s[0] == 0xeb || s[0] == 0xe9) && dw_is_pow2(sector_len) &&
	       sector_len >= 512 && sector_len <= 4096 && dw_is_pow2(s[13]) &&
	       dw_le16(s + 14) && (s[16] == 1 || s[16] == 2) && s[21] >= 0xf0;
}

/* Filesystems whose first sector ends with 55 AA, too: what lies where a table
 * would be is code. */
static bool is_boot_sector(const uint8_t *s)
{
	return !memcmp(s + 3, "NTFS    ", 8) || !memcmp(s + 3, "EXFAT   ", 8) ||
	       is_fat(s);
}

/* Linux counts in sectors of 512 bytes, and so do we; the table counts in the
 * disk's. */
static void set_place(struct dw_part *part, uint32_t sector_len, uint64_t start,
		      uint64_t len)
{
	part->start_lba = start * (sector_len / DW_SECTOR);
	part->len_lba = len * (sector_len / DW_SECTOR);
}

static int add_primary(struct dw_part_table *t, const struct dw_mbr *mbr,
		       unsigned i, struct dw_err *err)
{
	const struct dw_mbr_entry *e = &mbr->entries[i];
	struct dw_part *part;
	int rc;

	if (!dw_mbr_is_used(e))
		return 0;
	rc = dw_part_add(t, &part, err);
	if (rc)
		return rc;
	part->nr = i + 1;
	part->mbr_type = e->type;
	part->active = e->active;
	part->extended = dw_mbr_is_extended(e);
	part->entry_off = DW_MBR_TABLE_OFF + i * DW_MBR_ENTRY_LEN;
	set_place(part, t->sector_len, e->start_lba, e->len_lba);
	return 0;
}

static int add_logical(struct dw_part_table *t, struct chain *chain,
		       const struct dw_mbr_entry *container,
		       const struct dw_mbr_entry *e, unsigned slot,
		       struct dw_err *err)
{
	uint64_t ebr_lba = chain->ebr_lba[chain->nr - 1];
	uint64_t start = ebr_lba + e->start_lba;
	uint64_t end = (uint64_t)container->start_lba + container->len_lba;
	struct dw_part *part;
	int rc;

	if (!e->start_lba || start + e->len_lba > end) {
		/* Old tools left rubbish in the two unused entries. */
		if (slot >= 2)
			return 0;
		return dw_fail(err, DW_CORRUPT,
			       "mbr: logical partition %u (LBA %" PRIu64
			       " to %" PRIu64 ") is not inside its extended "
			       "partition, after its EBR at %" PRIu64
			       " and before %" PRIu64, chain->next_part_nr,
			       start, start + e->len_lba - 1, ebr_lba, end);
	}
	rc = dw_part_add(t, &part, err);
	if (rc)
		return rc;
	part->nr = chain->next_part_nr++;
	part->mbr_type = e->type;
	part->active = e->active;
	part->logical = true;
	part->entry_off = ebr_lba * t->sector_len + DW_MBR_TABLE_OFF +
			  slot * DW_MBR_ENTRY_LEN;
	set_place(part, t->sector_len, start, e->len_lba);
	return 0;
}

/* Notes the next EBR of the chain, which must be new and in the container. */
static int enter_ebr(struct chain *chain, const struct dw_mbr_entry *container,
		     uint64_t lba, struct dw_err *err)
{
	uint64_t end = (uint64_t)container->start_lba + container->len_lba;
	unsigned i;

	if (lba < container->start_lba || lba >= end)
		return dw_fail(err, DW_CORRUPT,
			       "mbr: the EBR at LBA %" PRIu64 " is not inside "
			       "its extended partition (LBA %" PRIu32 " to %"
			       PRIu64 ")", lba, container->start_lba, end - 1);
	for (i = 0; i < chain->nr; i++)
		if (chain->ebr_lba[i] == lba)
			return dw_fail(err, DW_CORRUPT,
				       "mbr: the chain of logical partitions "
				       "is cyclic: EBR %u leads back to LBA %"
				       PRIu64, chain->nr, lba);
	if (chain->nr == DW_MBR_LOGICAL_MAX)
		return dw_fail(err, DW_LIMIT,
			       "mbr: more than %u logical partitions",
			       DW_MBR_LOGICAL_MAX);
	chain->ebr_lba[chain->nr++] = lba;
	return 0;
}

/* DW_NOT_MINE: a new container, in which nothing was made yet. */
static int read_ebr(struct dw_dev *disk, const struct dw_part_table *t,
		    const struct chain *chain, bool is_first,
		    struct dw_mbr *out, struct dw_err *err)
{
	uint64_t lba = chain->ebr_lba[chain->nr - 1];
	uint8_t sector[DW_SECTOR];
	int rc;

	rc = fetch(disk, lba * t->sector_len, sector, err);
	if (rc)
		return rc;
	rc = dw_mbr_decode(sector, out, err);
	if (rc == DW_NOT_MINE && !(is_first && dw_is_zero(sector, DW_SECTOR)))
		return dw_fail(err, DW_CORRUPT,
			       "mbr: no EBR at LBA %" PRIu64, lba);
	return rc;
}

/* Follows one chain; it ends because each EBR is new and their number is
 * capped. */
static int read_chain(struct dw_dev *disk, struct dw_part_table *t,
		      struct chain *chain, const struct dw_mbr_entry *container,
		      struct dw_err *err)
{
	uint64_t lba = container->start_lba, next;
	struct dw_mbr ebr;
	unsigned i;
	int rc;

	for (; lba; lba = next) {
		rc = enter_ebr(chain, container, lba, err);
		if (rc)
			return rc;
		rc = read_ebr(disk, t, chain, lba == container->start_lba, &ebr,
			      err);
		if (rc)
			return rc == DW_NOT_MINE ? 0 : rc;
		next = 0;
		for (i = 0; i < 4; i++) {
			const struct dw_mbr_entry *e = &ebr.entries[i];

			if (!dw_mbr_is_used(e))
				continue;
			if (!dw_mbr_is_extended(e))
				rc = add_logical(t, chain, container, e, i,
						 err);
			else if (!next)
				next = (uint64_t)container->start_lba +
				       e->start_lba;
			if (rc)
				return rc;
		}
	}
	return 0;
}

static int check_logical(const struct dw_part_table *t, const struct chain *c,
			 const struct dw_part *part, struct dw_err *err)
{
	uint64_t end = part->start_lba + part->len_lba, ebr;
	const struct dw_part *p;
	unsigned i;

	for (p = t->parts; p < part; p++)
		if (p->logical && part->start_lba < p->start_lba + p->len_lba &&
		    p->start_lba < end)
			return dw_fail(err, DW_CORRUPT,
				       "mbr: partition %u (LBA %" PRIu64 " to %"
				       PRIu64 ") overlaps partition %u (LBA %"
				       PRIu64 " to %" PRIu64 ")", part->nr,
				       part->start_lba, end - 1, p->nr,
				       p->start_lba,
				       p->start_lba + p->len_lba - 1);
	for (i = 0; i < c->nr; i++) {
		ebr = c->ebr_lba[i] * (t->sector_len / DW_SECTOR);
		if (ebr >= part->start_lba && ebr < end)
			return dw_fail(err, DW_CORRUPT,
				       "mbr: partition %u (LBA %" PRIu64 " to %"
				       PRIu64 ") holds the EBR at LBA %" PRIu64,
				       part->nr, part->start_lba, end - 1, ebr);
	}
	return 0;
}

static int read_logicals(struct dw_dev *disk, struct dw_part_table *t,
			 const struct dw_mbr *mbr, struct dw_err *err)
{
	struct chain chain = { .next_part_nr = 5 };
	int rc = 0;
	size_t i;

	for (i = 0; !rc && i < 4; i++)
		if (dw_mbr_is_used(&mbr->entries[i]) &&
		    dw_mbr_is_extended(&mbr->entries[i]))
			rc = read_chain(disk, t, &chain, &mbr->entries[i], err);
	for (i = 0; !rc && i < t->parts_nr; i++)
		if (t->parts[i].logical)
			rc = check_logical(t, &chain, &t->parts[i], err);
	return rc;
}

/* Sector 0, and whether it is a table at all. */
static int read_sector0(struct dw_dev *disk, struct dw_mbr *out,
			struct dw_err *err)
{
	uint8_t sector[DW_SECTOR];
	unsigned i;
	int rc;

	if (disk->size < DW_SECTOR)
		return dw_fail(err, DW_NOT_MINE, "mbr: %" PRIu64 " bytes",
			       disk->size);
	rc = fetch(disk, 0, sector, err);
	if (!rc)
		rc = dw_mbr_decode(sector, out, err);
	if (rc)
		return rc;
	if (is_boot_sector(sector))
		return dw_fail(err, DW_NOT_MINE,
			       "mbr: the boot sector of a filesystem");
	for (i = 0; i < 4; i++)
		if (dw_mbr_is_used(&out->entries[i]))
			return 0;
	return dw_fail(err, DW_NOT_MINE, "mbr: no partitions");
}

static int mbr_read(struct dw_dev *disk, struct dw_part_table **out,
		    struct dw_err *err)
{
	struct dw_part_table *t = NULL;
	struct dw_mbr mbr;
	unsigned i;
	int rc;

	*out = NULL;
	rc = read_sector0(disk, &mbr, err);
	if (!rc)
		rc = dw_mbr_check(&mbr, disk->size / disk->block_size, err);
	if (!rc)
		rc = dw_part_table_new(DW_PART_MBR, disk->block_size, &t, err);
	if (rc)
		return rc;
	t->disk_signature = mbr.disk_signature;
	for (i = 0; !rc && i < 4; i++)
		rc = add_primary(t, &mbr, i, err);
	if (!rc)
		rc = read_logicals(disk, t, &mbr, err);
	if (rc) {
		dw_part_free(t);
		return rc;
	}
	*out = t;
	return 0;
}

const struct dw_part_driver dw_mbr_driver = {
	.name = "mbr",
	.read = mbr_read,
};
