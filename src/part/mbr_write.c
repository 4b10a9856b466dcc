/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing an MBR and its chain of logical partitions; changing one in place. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "dev/kinds.h"
#include "part/mbr.h"

#define OFF_SIGNATURE DW_MBR_CODE_LEN
#define SIGNATURE_LEN 4
#define TYPE_LINK 0x05

int dw_mbr_set_active(struct dw_dev *disk, unsigned nr, struct dw_err *err)
{
	uint8_t sector[DW_SECTOR];
	struct dw_mbr mbr;
	unsigned i;
	int rc;

	if (nr < 1 || nr > 4)
		return dw_fail(err, DW_UNSUPPORTED,
			       "mbr: partition %u cannot be active, only 1 to "
			       "4 can", nr);
	rc = dw_dev_pread(disk, 0, sector, sizeof(sector), err);
	if (!rc)
		rc = dw_mbr_decode(sector, &mbr, err);
	if (rc)
		return rc;
	if (!dw_mbr_is_used(&mbr.entries[nr - 1]))
		return dw_fail(err, DW_NOENT, "mbr: there is no partition %u",
			       nr);
	for (i = 0; i < 4; i++)
		sector[DW_MBR_TABLE_OFF + i * DW_MBR_ENTRY_LEN] =
			i + 1 == nr ? 0x80 : 0;
	return dw_dev_pwrite(disk, 0, sector, sizeof(sector), err);
}

/* One sector to be written; the EBRs in the order of their chain. */
struct ebr {
	uint64_t lba;			/* in the disk's own sectors */
	const struct dw_part *part;	/* NULL: only a link */
};

struct plan {
	struct dw_dev *disk;
	uint32_t scale;		/* 512-byte sectors in one of the disk's */
	struct dw_mbr mbr;
	const struct dw_part *container;
	struct ebr ebrs[DW_MBR_LOGICAL_MAX + 1];
	unsigned ebrs_nr;
};

/* From sectors of 512 bytes to 32 bits of the disk's own. */
static int to_entry(const struct plan *plan, const struct dw_part *part,
		    uint64_t base_lba, struct dw_mbr_entry *out,
		    struct dw_err *err)
{
	uint64_t start = part->start_lba / plan->scale;
	uint64_t len = part->len_lba / plan->scale;

	if (part->start_lba % plan->scale || part->len_lba % plan->scale)
		return dw_fail(err, DW_USAGE,
			       "mbr: partition %u is not aligned to sectors of "
			       "%u bytes", part->nr, plan->scale * DW_SECTOR);
	if (start < base_lba || start - base_lba > UINT32_MAX ||
	    len > UINT32_MAX)
		return dw_fail(err, DW_UNSUPPORTED,
			       "mbr: partition %u (LBA %" PRIu64 ", %" PRIu64
			       " sectors) is too large for an MBR", part->nr,
			       start, len);
	out->active = part->active;
	out->type = part->mbr_type;
	out->start_lba = (uint32_t)(start - base_lba);
	out->len_lba = (uint32_t)len;
	return 0;
}

static int plan_primary(struct plan *plan, const struct dw_part *part,
			struct dw_err *err)
{
	if (part->nr < 1 || part->nr > 4)
		return dw_fail(err, DW_USAGE,
			       "mbr: a primary partition with number %u",
			       part->nr);
	if (part->extended)
		plan->container = part;
	return to_entry(plan, part, 0, &plan->mbr.entries[part->nr - 1], err);
}

/*
 * An EBR stays where it was read.  A new one lies at the container's start for
 * the first partition, then 1 MiB before its partition, as sfdisk places it,
 * or at least behind the partition before.
 */
static uint64_t ebr_lba_of(const struct plan *plan, const struct dw_part *part)
{
	const struct ebr *last;
	uint64_t lba, last_end;

	if (part->entry_off)
		return part->entry_off / DW_SECTOR / plan->scale;
	if (!plan->ebrs_nr)
		return plan->container->start_lba / plan->scale;
	last = &plan->ebrs[plan->ebrs_nr - 1];
	last_end = last->part ? (last->part->start_lba + last->part->len_lba) /
				plan->scale : last->lba + 1;
	lba = part->start_lba / plan->scale;
	lba -= dw_min(DW_PART_ALIGN_LBA / plan->scale, lba);
	return dw_max(lba, last_end);
}

static int plan_logical(struct plan *plan, const struct dw_part *part,
			struct dw_err *err)
{
	uint64_t lba, container_lba;

	if (!plan->container)
		return dw_fail(err, DW_USAGE,
			       "mbr: logical partition %u without an extended "
			       "one", part->nr);
	if (plan->ebrs_nr >= DW_MBR_LOGICAL_MAX)
		return dw_fail(err, DW_LIMIT,
			       "mbr: more than %u logical partitions",
			       DW_MBR_LOGICAL_MAX);
	lba = ebr_lba_of(plan, part);
	container_lba = plan->container->start_lba / plan->scale;
	/* The chain always starts where the container does. */
	if (!plan->ebrs_nr && lba != container_lba)
		plan->ebrs[plan->ebrs_nr++].lba = container_lba;
	plan->ebrs[plan->ebrs_nr].lba = lba;
	plan->ebrs[plan->ebrs_nr++].part = part;
	return 0;
}

static int plan_table(struct plan *plan, const struct dw_part_table *t,
		      struct dw_err *err)
{
	int rc = 0;
	size_t i;

	plan->mbr.disk_signature = t->disk_signature;
	for (i = 0; !rc && i < t->parts_nr; i++)
		if (!t->parts[i].logical)
			rc = plan_primary(plan, &t->parts[i], err);
	for (i = 0; !rc && i < t->parts_nr; i++)
		if (t->parts[i].logical)
			rc = plan_logical(plan, &t->parts[i], err);
	/* An empty extended partition has an empty EBR. */
	if (!rc && plan->container && !plan->ebrs_nr)
		plan->ebrs[plan->ebrs_nr++].lba =
			plan->container->start_lba / plan->scale;
	return rc;
}

static int encode_ebr(const struct plan *plan, unsigned i, uint8_t *sector,
		      struct dw_err *err)
{
	uint64_t container_lba = plan->container->start_lba / plan->scale;
	const struct ebr *e = &plan->ebrs[i], *next;
	struct dw_mbr ebr = { 0 };
	struct dw_part link;
	int rc = 0;

	if (e->part)
		rc = to_entry(plan, e->part, e->lba, &ebr.entries[0], err);
	if (!rc && i + 1 < plan->ebrs_nr) {
		next = &plan->ebrs[i + 1];
		link = *next->part;
		link.len_lba += link.start_lba - next->lba * plan->scale;
		link.start_lba = next->lba * plan->scale;
		link.mbr_type = TYPE_LINK;
		link.active = false;
		rc = to_entry(plan, &link, container_lba, &ebr.entries[1],
			      err);
	}
	if (rc)
		return rc;
	dw_mbr_encode(&ebr, sector);
	/* The addresses in it count from two different places. */
	dw_mbr_encode_entry(&ebr.entries[0], e->lba,
			    sector + DW_MBR_TABLE_OFF);
	dw_mbr_encode_entry(&ebr.entries[1], container_lba,
			    sector + DW_MBR_TABLE_OFF + DW_MBR_ENTRY_LEN);
	return 0;
}

/* The last EBR first and sector 0 last, so that what a pointer leads to is
 * there before the pointer is. */
static int write_plan(const struct plan *plan, struct dw_dev *to,
		      struct dw_err *err)
{
	uint8_t sector[DW_SECTOR], old[DW_SECTOR];
	unsigned i;
	int rc = 0;

	for (i = plan->ebrs_nr; !rc && i-- > 0;) {
		rc = encode_ebr(plan, i, sector, err);
		if (!rc)
			rc = dw_dev_pwrite(to, plan->ebrs[i].lba * plan->scale *
					   DW_SECTOR, sector, DW_SECTOR, err);
	}
	if (!rc)
		rc = dw_dev_pread(to, 0, old, DW_SECTOR, err);
	if (rc)
		return rc;
	dw_mbr_encode(&plan->mbr, sector);
	memcpy(sector, old, OFF_SIGNATURE);
	memcpy(sector + OFF_SIGNATURE + SIGNATURE_LEN,
	       old + OFF_SIGNATURE + SIGNATURE_LEN,
	       DW_MBR_TABLE_OFF - OFF_SIGNATURE - SIGNATURE_LEN);
	return dw_dev_pwrite(to, 0, sector, DW_SECTOR, err);
}

static bool same_parts(const struct dw_part_table *a,
		       const struct dw_part_table *b)
{
	size_t i;

	if (a->parts_nr != b->parts_nr)
		return false;
	for (i = 0; i < a->parts_nr; i++)
		if (a->parts[i].nr != b->parts[i].nr ||
		    a->parts[i].start_lba != b->parts[i].start_lba ||
		    a->parts[i].len_lba != b->parts[i].len_lba)
			return false;
	return true;
}

/* Writes into an overlay first, and lets the reader judge. */
static int try_plan(const struct plan *plan, const struct dw_part_table *t,
		    struct dw_err *err)
{
	struct dw_part_table *back = NULL;
	struct dw_dev *overlay = NULL;
	int rc;

	rc = dw_overlay_new(plan->disk, DW_SECTOR, 1u << 20, &overlay, err);
	if (!rc)
		rc = write_plan(plan, overlay, err);
	if (!rc && t->parts_nr)
		rc = dw_mbr_driver.read(overlay, &back, err);
	if (!rc && back && !same_parts(t, back))
		rc = dw_fail(err, DW_USAGE,
			     "mbr: a table of %zu partitions reads back as "
			     "another one of %zu", t->parts_nr, back->parts_nr);
	dw_part_free(back);
	dw_dev_close(overlay, NULL);
	return rc;
}

int dw_mbr_write(struct dw_dev *disk, const struct dw_part_table *table,
		 struct dw_err *err)
{
	struct plan *plan;
	int rc;

	if (table->kind != DW_PART_MBR)
		return dw_fail(err, DW_USAGE, "mbr: the table is no MBR");
	plan = calloc(1, sizeof(*plan));
	if (!plan)
		return dw_fail_nomem(err);
	plan->disk = disk;
	plan->scale = disk->block_size / DW_SECTOR;
	rc = plan_table(plan, table, err);
	if (!rc)
		rc = try_plan(plan, table, err);
	if (!rc)
		rc = write_plan(plan, disk, err);
	free(plan);
	return rc;
}
