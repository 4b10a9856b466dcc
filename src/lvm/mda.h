/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A metadata area: a header, and a ring of texts behind it; see NOTES.md. */
#ifndef DW_LVM_MDA_H
#define DW_LVM_MDA_H

#include "base/ctx.h"
#include "lvm/label.h"

#define DW_MDA_HEADER_LEN 512u

/* Where the text lies that counts; off 0: there is none. */
struct dw_mda {
	uint64_t start_off, len;	/* the area, as it says itself */
	uint64_t text_off, text_len;	/* off from the area's start */
	uint32_t text_crc;
	bool is_ignored;	/* not kept up to date: never to be read */
};

int dw_mda_decode(const uint8_t buf[DW_MDA_HEADER_LEN], struct dw_mda *out,
		  struct dw_err *err);
/* 'area' is what the label says of it. */
int dw_mda_check(const struct dw_mda *mda, const struct dw_lvm_area *area,
		 uint64_t dev_size, struct dw_err *err);

/*
 * The text in an area, its checksum compared: *len bytes and a NUL, to be
 * freed.  NULL where it has none or is to be ignored.  'max_len' bounds it,
 * DW_LIMIT.  After DW_CORRUPT a text whose checksum is wrong is there, too.
 */
int dw_mda_read(struct dw_dev *dev, const struct dw_lvm_area *area,
		uint64_t max_len, char **out, size_t *len,
		struct dw_err *err);

#endif
