/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a GPT from a disk: the first copy, or the one at the end. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/sum.h"
#include "part/gpt.h"
#include "part/mbr.h"

#define TYPE_PROTECTIVE 0xee
#define ATTR_LEGACY_BOOT (1u << 2)
#define SECTOR_MAX 4096u

/* One copy of the table, with checksums that are right. */
struct copy {
	uint32_t sector_len;
	struct dw_gpt_header h;
	uint8_t *entries;
};

/* Without a protective entry in sector 0 an old GPT is left-over bytes, as
 * Linux sees it. */
static int check_protective(struct dw_dev *disk, struct dw_err *err)
{
	uint8_t sector[DW_SECTOR];
	struct dw_mbr mbr;
	unsigned i;
	int rc;

	if (disk->size < DW_SECTOR)
		return dw_fail(err, DW_NOT_MINE, "gpt: %" PRIu64 " bytes",
			       disk->size);
	rc = dw_dev_pread(disk, 0, sector, sizeof(sector), err);
	if (!rc)
		rc = dw_mbr_decode(sector, &mbr, err);
	if (rc)
		return rc;
	for (i = 0; i < 4; i++)
		if (mbr.entries[i].type == TYPE_PROTECTIVE)
			return 0;
	return dw_fail(err, DW_NOT_MINE, "gpt: no protective MBR");
}

static int read_header(struct dw_dev *disk, uint32_t sector_len, uint64_t lba,
		       struct dw_gpt_header *out, struct dw_err *err)
{
	uint64_t disk_lba = disk->size / sector_len;
	uint8_t sector[SECTOR_MAX];
	int rc;

	if (lba >= disk_lba)
		return dw_fail(err, DW_NOT_MINE,
			       "gpt: no LBA %" PRIu64 " on a disk of %" PRIu64
			       " sectors", lba, disk_lba);
	rc = dw_dev_pread(disk, lba * sector_len, sector, sector_len, err);
	if (!rc)
		rc = dw_gpt_decode(sector, sector_len, out, err);
	if (!rc)
		rc = dw_gpt_check(out, sector_len, lba, disk_lba, err);
	return rc;
}

/* Header and entries at lba, or the reason why there are none. */
static int read_copy(struct dw_dev *disk, uint32_t sector_len, uint64_t lba,
		     struct copy *out, struct dw_err *err)
{
	uint32_t crc;
	size_t len;
	int rc;

	out->sector_len = sector_len;
	rc = read_header(disk, sector_len, lba, &out->h, err);
	if (rc)
		return rc;
	/* At most 1 MiB: the check saw to it. */
	len = (size_t)out->h.entries_nr * out->h.entry_len;
	out->entries = malloc(len);
	if (!out->entries)
		return dw_fail_nomem(err);
	rc = dw_dev_pread(disk, out->h.entries_lba * sector_len, out->entries,
			  len, err);
	crc = rc ? 0 : dw_crc32(out->entries, len);
	if (!rc && crc != out->h.entries_crc)
		rc = dw_fail(err, DW_CORRUPT,
			     "gpt: the checksum of the entries at LBA %" PRIu64
			     " is %08" PRIx32 ", the header says %08" PRIx32,
			     out->h.entries_lba, crc, out->h.entries_crc);
	if (rc) {
		free(out->entries);
		out->entries = NULL;
	}
	return rc;
}

/* The sector sizes to try: the disk's own, then the other. */
static uint32_t sector_len_nr(const struct dw_dev *disk, unsigned i)
{
	uint32_t other = disk->block_size == 512 ? SECTOR_MAX : 512;

	return i ? other : disk->block_size;
}

/* A fault of the host, as opposed to one of the table. */
static bool is_fatal(int rc)
{
	return rc && rc != DW_NOT_MINE && rc != DW_CORRUPT;
}

/*
 * First copies in both sector sizes, then last copies.  What is said of none
 * is what is wrong with a header that is there, rather than that one is not.
 */
static int find_copy(struct dw_dev *disk, struct copy *out, bool *backup_used,
		     struct dw_err *err)
{
	struct dw_err first_err = { 0 }, now_err = { 0 };
	uint32_t sector_len;
	uint64_t lba;
	unsigned i;
	int rc;

	for (i = 0; i < 4; i++) {
		sector_len = sector_len_nr(disk, i % 2);
		lba = i < 2 ? 1 : disk->size / sector_len - 1;
		*backup_used = i >= 2;
		if (disk->size < 3 * sector_len)
			continue;
		rc = read_copy(disk, sector_len, lba, out, &now_err);
		if (!rc)
			return 0;
		if (rc == DW_CORRUPT && !first_err.code)
			first_err = now_err;
		if (is_fatal(rc)) {
			first_err = now_err;
			break;
		}
	}
	if (!first_err.code)
		return dw_fail(err, DW_CORRUPT,
			       "gpt: a protective MBR, but no table at LBA 1 "
			       "and none at the end of %" PRIu64 " bytes",
			       disk->size);
	if (err)
		*err = first_err;
	return first_err.code;
}

static int add_entry(struct dw_part_table *t, const struct copy *c, unsigned i,
		     struct dw_err *err)
{
	const uint8_t *p = c->entries + (size_t)i * c->h.entry_len;
	uint32_t scale = c->sector_len / DW_SECTOR;
	struct dw_gpt_entry e;
	struct dw_part *part;
	int rc;

	if (!dw_gpt_entry_is_used(p))
		return 0;
	dw_gpt_entry_decode(p, &e);
	rc = dw_gpt_entry_check(&e, i + 1, &c->h, err);
	if (!rc)
		rc = dw_part_add(t, &part, err);
	if (rc)
		return rc;
	part->nr = i + 1;
	part->start_lba = e.first_lba * scale;
	part->len_lba = (e.last_lba - e.first_lba + 1) * scale;
	part->entry_off = c->h.entries_lba * c->sector_len +
			  (uint64_t)i * c->h.entry_len;
	part->active = e.attributes & ATTR_LEGACY_BOOT;
	memcpy(part->type_guid, e.type_guid, 16);
	memcpy(part->guid, e.guid, 16);
	memcpy(part->name, e.name, sizeof(part->name));
	return 0;
}

static int compare_starts(const void *a, const void *b)
{
	const struct dw_part *const *pa = a, *const *pb = b;

	return (*pa)->start_lba < (*pb)->start_lba ? -1 :
	       (*pa)->start_lba > (*pb)->start_lba;
}

/* In order of their starts, neighbours are all that can overlap first. */
static int check_overlaps(const struct dw_part_table *t, struct dw_err *err)
{
	const struct dw_part **sorted, *a, *b;
	size_t i;
	int rc = 0;

	if (!t->parts_nr)
		return 0;
	sorted = calloc(t->parts_nr, sizeof(*sorted));
	if (!sorted)
		return dw_fail_nomem(err);
	for (i = 0; i < t->parts_nr; i++)
		sorted[i] = &t->parts[i];
	qsort(sorted, t->parts_nr, sizeof(*sorted), compare_starts);
	for (i = 1; !rc && i < t->parts_nr; i++) {
		a = sorted[i - 1];
		b = sorted[i];
		if (b->start_lba < a->start_lba + a->len_lba)
			rc = dw_fail(err, DW_CORRUPT,
				     "gpt: partition %u (LBA %" PRIu64 " to %"
				     PRIu64 ") overlaps partition %u (LBA %"
				     PRIu64 " to %" PRIu64 ")", a->nr,
				     a->start_lba,
				     a->start_lba + a->len_lba - 1, b->nr,
				     b->start_lba,
				     b->start_lba + b->len_lba - 1);
	}
	free(sorted);
	return rc;
}

static int build(const struct copy *c, bool backup_used,
		 struct dw_part_table **out, struct dw_err *err)
{
	struct dw_part_table *t;
	unsigned i;
	int rc;

	rc = dw_part_table_new(DW_PART_GPT, c->sector_len, &t, err);
	if (rc)
		return rc;
	memcpy(t->disk_guid, c->h.disk_guid, 16);
	t->backup_used = backup_used;
	for (i = 0; !rc && i < c->h.entries_nr; i++)
		rc = add_entry(t, c, i, err);
	if (!rc)
		rc = check_overlaps(t, err);
	if (rc) {
		dw_part_free(t);
		return rc;
	}
	*out = t;
	return 0;
}

static int gpt_read(struct dw_dev *disk, struct dw_part_table **out,
		    struct dw_err *err)
{
	struct copy c = { 0 };
	bool backup_used;
	int rc;

	*out = NULL;
	rc = check_protective(disk, err);
	if (!rc)
		rc = find_copy(disk, &c, &backup_used, err);
	if (!rc)
		rc = build(&c, backup_used, out, err);
	free(c.entries);
	return rc;
}

const struct dw_part_driver dw_gpt_driver = {
	.name = "gpt",
	.read = gpt_read,
};
