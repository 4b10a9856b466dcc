/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GPT inside this room. */
#ifndef DW_PART_GPT_H
#define DW_PART_GPT_H

#include "part/part.h"

#define DW_GPT_HEADER_LEN 92u
#define DW_GPT_ENTRY_LEN 128u

/* The specification asks for 16 KiB; no tool makes more than a few times
 * that. */
#define DW_GPT_ENTRIES_MAX_LEN (1u << 20)

/* LBAs count in the sectors of the table. */
struct dw_gpt_header {
	uint32_t revision;
	uint32_t header_len;
	uint64_t my_lba;
	uint64_t alternate_lba;
	uint64_t first_usable_lba;
	uint64_t last_usable_lba;
	uint8_t disk_guid[16];
	uint64_t entries_lba;
	uint32_t entries_nr;
	uint32_t entry_len;
	uint32_t entries_crc;
};

struct dw_gpt_entry {
	uint8_t type_guid[16];
	uint8_t guid[16];
	uint64_t first_lba;
	uint64_t last_lba;	/* inclusive */
	uint64_t attributes;
	char name[109];		/* UTF-8 */
};

/* DW_NOT_MINE without the signature, DW_CORRUPT where the checksum is wrong;
 * sector has sector_len bytes. */
int dw_gpt_decode(const uint8_t *sector, uint32_t sector_len,
		  struct dw_gpt_header *out, struct dw_err *err);
/* Pure: lba is where the header was read, disk_lba the sectors of the disk. */
int dw_gpt_check(const struct dw_gpt_header *h, uint32_t sector_len,
		 uint64_t lba, uint64_t disk_lba, struct dw_err *err);
bool dw_gpt_entry_is_used(const uint8_t *p);
void dw_gpt_entry_decode(const uint8_t *p, struct dw_gpt_entry *out);
/* nr: as people count, from 1. */
int dw_gpt_entry_check(const struct dw_gpt_entry *e, unsigned nr,
		       const struct dw_gpt_header *h, struct dw_err *err);

#endif
