/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The MBR inside this room: entries, and the list being put together. */
#ifndef DW_PART_MBR_H
#define DW_PART_MBR_H

#include "part/part.h"

#define DW_MBR_TABLE_OFF 446u
#define DW_MBR_ENTRY_LEN 16u

/* EBRs of a disk: Linux gives a disk 256 minor numbers at most, and sfdisk
 * stops at 60. */
#define DW_MBR_LOGICAL_MAX 128u

/* An entry of type 0 or without sectors is none. */
bool dw_mbr_is_used(const struct dw_mbr_entry *e);
bool dw_mbr_is_extended(const struct dw_mbr_entry *e);

/* base_lba: what the entry's start counts from, for its CHS fields. */
void dw_mbr_encode_entry(const struct dw_mbr_entry *e, uint64_t base_lba,
			 uint8_t *p);

/* Adds a zeroed partition to a table. */
int dw_part_add(struct dw_part_table *table, struct dw_part **out,
		struct dw_err *err);
int dw_part_table_new(enum dw_part_kind kind, uint32_t sector_len,
		      struct dw_part_table **out, struct dw_err *err);

extern const struct dw_part_driver dw_mbr_driver, dw_gpt_driver;

#endif
