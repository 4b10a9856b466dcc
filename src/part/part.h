/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Partition tables: what lies where on a disk. */
#ifndef DW_PART_PART_H
#define DW_PART_PART_H

#include "dev/dev.h"

#define DW_SECTOR 512u
/* Where the first partition of a new table starts: 1 MiB. */
#define DW_PART_ALIGN_LBA 2048u

enum dw_part_kind { DW_PART_MBR, DW_PART_GPT };

struct dw_part {
	unsigned nr;		/* as Linux numbers it, from 1; logical from 5 */
	uint64_t start_lba;
	uint64_t len_lba;
	uint64_t entry_off;	/* where its entry lies on the disk, bytes */
	uint8_t mbr_type;	/* MBR: 0x83 ... ; GPT: 0 */
	bool active;		/* GPT: the "legacy BIOS bootable" attribute */
	bool logical;
	bool extended;		/* the container of logical partitions */
	uint8_t type_guid[16];	/* GPT, as on disk */
	uint8_t guid[16];
	char name[109];		/* GPT, UTF-8 */
};

struct dw_part_table {
	enum dw_part_kind kind;
	uint32_t sector_len;		/* in which the table itself counts */
	uint32_t disk_signature;	/* MBR */
	uint8_t disk_guid[16];		/* GPT */
	bool backup_used;		/* GPT: the first copy was bad */
	size_t parts_nr;
	struct dw_part *parts;		/* ordered by nr */
};

struct dw_part_driver {
	const char *name;
	/* 0, DW_NOT_MINE where there is no such table, or an error. */
	int (*read)(struct dw_dev *disk, struct dw_part_table **out,
		    struct dw_err *err);
};

/* GPT before MBR: a GPT disk carries a protective MBR. */
extern const struct dw_part_driver *const dw_part_drivers[];

/*
 * Reads and checks the table of a disk; DW_NOT_MINE where there is none.  A
 * sector 0 with 55 AA and four empty entries is no table, nor is the boot
 * sector of a filesystem.  All LBAs in the result are sectors of 512 bytes,
 * whatever the table itself counts in.  DW_CORRUPT: overlapping or cyclic
 * partitions, past the end of the disk, no GPT behind a protective MBR.
 */
int dw_part_read(struct dw_dev *disk, struct dw_part_table **out,
		 struct dw_err *err);
void dw_part_free(struct dw_part_table *table);
const struct dw_part *dw_part_by_nr(const struct dw_part_table *table,
				    unsigned nr);

/* The partition as a device "NAME@pN". */
int dw_part_open(struct dw_dev *disk, const struct dw_part *part,
		 struct dw_dev **out, struct dw_err *err);

/* MBR, bytes <-> struct, without any I/O. */
#define DW_MBR_CODE_LEN 440

struct dw_mbr_entry {
	bool active;
	uint8_t type;		/* 0: empty */
	uint32_t start_lba;
	uint32_t len_lba;
};

struct dw_mbr {
	uint8_t code[DW_MBR_CODE_LEN];
	uint32_t disk_signature;
	struct dw_mbr_entry entries[4];
};

/* DW_NOT_MINE without 55 AA or with impossible active bytes. */
int dw_mbr_decode(const uint8_t sector[DW_SECTOR], struct dw_mbr *out,
		  struct dw_err *err);
/* Pure: order, overlap, bounds against disk_lba sectors. */
int dw_mbr_check(const struct dw_mbr *mbr, uint64_t disk_lba,
		 struct dw_err *err);
/* CHS fields are derived from the LBAs (255 heads, 63 sectors, capped). */
void dw_mbr_encode(const struct dw_mbr *mbr, uint8_t sector[DW_SECTOR]);

/*
 * Writes a table of primary and logical partitions: signature and entries of
 * sector 0, whose code stays, and an EBR for each logical partition, where its
 * entry_off says, or (0) before the partition.  Logical partitions are chained
 * in the order of the table and have to be numbered so.  Nothing is written
 * where our own reader would not read the same table back (its error).
 */
int dw_mbr_write(struct dw_dev *disk, const struct dw_part_table *table,
		 struct dw_err *err);

/* Rewrites only the active bytes of the four primary entries. */
int dw_mbr_set_active(struct dw_dev *disk, unsigned nr, struct dw_err *err);

#endif
