/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two superblocks of software RAID, from bytes. */
#ifndef DW_MD_SUPER_H
#define DW_MD_SUPER_H

#include "md/md.h"

#define DW_MD_MAGIC 0xa92b4efcu
/* Either of them, with all that its checksum is of. */
#define DW_MD_SUPER_LEN 4096u

struct dw_md_super {
	struct dw_md_info info;
	uint64_t created;	/* seconds since 1970 */
	uint64_t used_len;	/* 0.90: what the array uses of each member */
};

/*
 * What a superblock that was read at super_off of a device of dev_len bytes
 * says.  DW_NOT_MINE: it is none, or belongs elsewhere; DW_CORRUPT: its
 * checksum is wrong, or numbers do not fit the device.
 */
int dw_md0_read(const uint8_t buf[DW_MD_SUPER_LEN], uint64_t super_off,
		struct dw_md_super *out, struct dw_err *err);
/* minor: of the version whose place super_off is. */
int dw_md1_read(const uint8_t buf[DW_MD_SUPER_LEN], unsigned minor,
		uint64_t super_off, uint64_t dev_len, struct dw_md_super *out,
		struct dw_err *err);

#endif
