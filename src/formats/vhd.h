/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VHD, inside this room: footer, dynamic header, an open dynamic disk. */
#ifndef DW_FORMATS_VHD_H
#define DW_FORMATS_VHD_H

#include "formats/format.h"

#define DW_VHD_FOOTER_LEN 512u
#define DW_VHD_OLD_FOOTER_LEN 511u	/* before Virtual PC 2004 */
#define DW_VHD_DYNAMIC_LEN 1024u
#define DW_VHD_SECTOR 512u
#define DW_VHD_BLOCK_LEN (2u << 20)	/* of a new image */
#define DW_VHD_UNALLOCATED UINT32_MAX	/* in the BAT */
/* 2040 GiB: what 32-bit sector numbers of the file can reach. */
#define DW_VHD_SIZE_MAX (UINT64_C(0xff000000) * DW_VHD_SECTOR)
/* Times count from the beginning of 2000, UTC. */
#define DW_VHD_EPOCH INT64_C(946684800)

/* The geometry that says "look at the size instead". */
#define DW_VHD_CYLINDERS_MAX 65535u
#define DW_VHD_HEADS_MAX 16u
#define DW_VHD_SECTORS_MAX 255u

enum dw_vhd_type {
	DW_VHD_FIXED = 2,
	DW_VHD_DYNAMIC = 3,
	DW_VHD_DIFFERENCING = 4,
};

struct dw_vhd_footer {
	uint32_t features;
	uint32_t version;
	uint64_t dynamic_off;	/* all ones: none (a fixed disk) */
	uint32_t time;		/* seconds since DW_VHD_EPOCH */
	char creator[4];
	uint32_t creator_version;
	char creator_os[4];
	uint64_t original_size, current_size;
	uint16_t cylinders;
	uint8_t heads, sectors;
	uint32_t type;
	uint8_t uuid[16];
};

struct dw_vhd_dynamic {
	uint64_t table_off;	/* of the BAT */
	uint32_t version;
	uint32_t blocks_nr;	/* entries of the BAT */
	uint32_t block_len;
	char parent[128];	/* a differencing disk's; not ASCII: '?' */
};

/* Bytes to struct.  DW_NOT_MINE without the cookie, DW_CORRUPT where the
 * checksum is wrong.  len is one of the two footer lengths. */
int dw_vhd_footer_decode(const uint8_t *buf, size_t len,
			 struct dw_vhd_footer *out, struct dw_err *err);
void dw_vhd_footer_encode(const struct dw_vhd_footer *f,
			  uint8_t buf[DW_VHD_FOOTER_LEN]);
/* The size of the disk, which some creators mean by its geometry. */
uint64_t dw_vhd_size(const struct dw_vhd_footer *f);
/* Pure.  data_end: where the footer at the end lies, or the file's end. */
int dw_vhd_footer_check(const struct dw_vhd_footer *f, uint64_t data_end,
			struct dw_err *err);

int dw_vhd_dynamic_decode(const uint8_t buf[DW_VHD_DYNAMIC_LEN],
			  struct dw_vhd_dynamic *out, struct dw_err *err);
void dw_vhd_dynamic_encode(const struct dw_vhd_dynamic *d,
			   uint8_t buf[DW_VHD_DYNAMIC_LEN]);
/* Pure: for a disk of 'size' bytes whose blocks end before data_end. */
int dw_vhd_dynamic_check(const struct dw_vhd_dynamic *d, uint64_t size,
			 uint64_t data_end, struct dw_err *err);

/* Bytes of the sector bitmap in front of each block. */
uint32_t dw_vhd_bitmap_len(uint32_t block_len);

/* What the headers of an image say, all of it checked. */
struct dw_vhd_image {
	struct dw_vhd_footer footer;
	struct dw_vhd_dynamic dynamic;	/* zeros for a fixed disk */
	uint64_t size;
	uint64_t data_end;
};

/* Finds and checks the headers.  A differencing disk passes. */
int dw_vhd_read_headers(struct dw_dev *file, struct dw_vhd_image *out,
			struct dw_err *err);

/* The device on a dynamic disk. */
int dw_vhd_dynamic_open(struct dw_dev *file, const struct dw_vhd_image *image,
			struct dw_dev **out, struct dw_err *err);

int dw_vhd_create(struct dw_ctx *ctx, struct dw_dev *file, uint64_t size,
		  const struct dw_format_options *options,
		  struct dw_writer **out, struct dw_err *err);

#endif
