/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The label that makes a device a physical volume; see NOTES.md. */
#ifndef DW_LVM_LABEL_H
#define DW_LVM_LABEL_H

#include "dev/dev.h"
#include "lvm/lvm.h"

#define DW_LVM_SECTOR 512u
/* The label lies in one of the first sectors. */
#define DW_LABEL_SECTORS 4u
/* A sector has no room for more. */
#define DW_LABEL_AREAS_MAX 28u

struct dw_lvm_area {
	uint64_t off, len;
};

struct dw_label {
	uint64_t sector;		/* where it was found */
	char id[DW_LVM_ID_TEXT];	/* of the PV */
	uint64_t size;			/* of the device when it was made */
	size_t data_nr, mdas_nr, boot_nr;
	struct dw_lvm_area data[DW_LABEL_AREAS_MAX];	/* len 0: to the end */
	struct dw_lvm_area mdas[DW_LABEL_AREAS_MAX];
	struct dw_lvm_area boot[DW_LABEL_AREAS_MAX];	/* version 2 on */
	uint32_t version;		/* of the extension; 0: none */
	uint32_t flags;
};

/* LVM's checksum: CRC-32 with a start of its own. */
uint32_t dw_lvm_crc(const void *buf, size_t len);

/* The text of an id from its 32 characters; false where one is none of LVM's
 * or there are fewer. */
bool dw_lvm_id_format(const uint8_t raw[32], char text[DW_LVM_ID_TEXT]);
/* Whether text is one. */
bool dw_lvm_id_is(const char *text);

/* One sector; 'sector' is its number.  DW_NOT_MINE without a label. */
int dw_label_decode(const uint8_t buf[DW_LVM_SECTOR], uint64_t sector,
		    struct dw_label *out, struct dw_err *err);
/* Whether the metadata areas can be; if they lie on the device is a question
 * of each of them. */
int dw_label_check(const struct dw_label *label, struct dw_err *err);

/* The first label that is right; DW_CORRUPT where there are only others. */
int dw_label_read(struct dw_dev *dev, struct dw_label *out,
		  struct dw_err *err);

#endif
