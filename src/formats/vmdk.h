/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VMDK, inside this room: sparse header, descriptor, an open sparse extent. */
#ifndef DW_FORMATS_VMDK_H
#define DW_FORMATS_VMDK_H

#include "base/buf.h"
#include "formats/format.h"

#define DW_VMDK_SECTOR 512u
#define DW_VMDK_HEADER_LEN 512u
#define DW_VMDK_MAGIC 0x564d444bu	/* "KDMV" */
#define DW_VMDK_GD_AT_END UINT64_MAX
#define DW_VMDK_TABLE_NR 512u		/* entries of a grain table */
#define DW_VMDK_TABLE_LEN (DW_VMDK_TABLE_NR * 4)
#define DW_VMDK_GRAIN_LEN 65536u	/* of a new image */
#define DW_VMDK_GRAIN_LEN_MAX (2u << 20)
#define DW_VMDK_ZEROED 1u		/* a table's entry, with FLAG_ZEROED */
/* QEMU takes no directory of more than 2^25 entries, 32 MiB of disk each. */
#define DW_VMDK_SIZE_MAX (UINT64_C(1) << 50)
/* Marker of a grain: its first sector (8 bytes), its packed length (4). */
#define DW_VMDK_MARKER_LEN 12u

enum {
	DW_VMDK_FLAG_NEWLINE = 1 << 0,	/* the test bytes are valid */
	DW_VMDK_FLAG_REDUNDANT = 1 << 1,
	DW_VMDK_FLAG_ZEROED = 1 << 2,
	DW_VMDK_FLAG_PACKED = 1 << 16,
	DW_VMDK_FLAG_MARKERS = 1 << 17,
};

/* What a marker without a grain stands before. */
enum dw_vmdk_marker {
	DW_VMDK_MARKER_END = 0,
	DW_VMDK_MARKER_TABLE = 1,
	DW_VMDK_MARKER_DIRECTORY = 2,
	DW_VMDK_MARKER_FOOTER = 3,
};

/* Lengths and offsets in sectors, as they are on disk. */
struct dw_vmdk_header {
	uint32_t version;
	uint32_t flags;
	uint64_t capacity_lba;
	uint64_t grain_lba;
	uint64_t descriptor_off_lba, descriptor_len_lba;
	uint32_t table_nr;		/* entries of a grain table */
	uint64_t redundant_off_lba, directory_off_lba;
	uint64_t overhead_lba;
	bool unclean;
	uint8_t newline[4];
	uint16_t algorithm;		/* 0 none, 1 deflate */
};

/* Bytes to struct: DW_NOT_MINE without the magic. */
int dw_vmdk_header_decode(const uint8_t buf[DW_VMDK_HEADER_LEN],
			  struct dw_vmdk_header *out, struct dw_err *err);
void dw_vmdk_header_encode(const struct dw_vmdk_header *h,
			   uint8_t buf[DW_VMDK_HEADER_LEN]);
/* Pure.  A directory at the end is not looked for: its footer is checked. */
int dw_vmdk_header_check(const struct dw_vmdk_header *h, uint64_t file_len,
			 struct dw_err *err);

/* Bytes of disk that one grain table stands for. */
uint64_t dw_vmdk_table_span(const struct dw_vmdk_header *h);

/* What the text says that matters to a reader. */
struct dw_vmdk_descriptor {
	char create_type[32];
	bool has_parent;
	char parent[128];	/* parentFileNameHint */
	unsigned extents_nr;
	uint64_t extents_lba;	/* sectors of all of them; too many: all ones */
	char extent_kind[16];	/* of the first one: "SPARSE", "FLAT" */
	char extent_file[128];
};

/* Never fails: what is not there stays empty.  Text may end with zeros. */
void dw_vmdk_descriptor_parse(const char *text, size_t len,
			      struct dw_vmdk_descriptor *out);
/* The text of a new image. */
void dw_vmdk_descriptor_build(struct dw_buf *out, const char *create_type,
			      uint32_t cid, uint64_t capacity_lba);

/* What an image says of itself, all of it checked. */
struct dw_vmdk_image {
	bool is_text;			/* a descriptor and nothing else */
	struct dw_vmdk_header h;	/* the footer where there is one */
	struct dw_vmdk_descriptor descriptor;
	uint64_t size;
};

/* Finds and checks the headers.  DW_UNSUPPORTED for the sparse files of ESX;
 * a descriptor that needs other files passes. */
int dw_vmdk_read_headers(struct dw_dev *file, struct dw_vmdk_image *out,
			 struct dw_err *err);
/* Why such an image cannot be opened: 0 or DW_UNSUPPORTED, with the names. */
int dw_vmdk_refuse(const struct dw_vmdk_image *image, struct dw_err *err);

/* The device on the extent. */
int dw_vmdk_sparse_open(struct dw_dev *file, const struct dw_vmdk_image *image,
			struct dw_dev **out, struct dw_err *err);

/* ---- writing ------------------------------------------------------------ */

int dw_vmdk_create(struct dw_ctx *ctx, struct dw_dev *file, uint64_t size,
		   const struct dw_format_options *options,
		   struct dw_writer **out, struct dw_err *err);

/* streamOptimized; file is empty and size was checked. */
int dw_vmdk_stream_create(struct dw_ctx *ctx, struct dw_dev *file,
			  uint64_t size, const struct dw_codec *codec,
			  struct dw_writer **out, struct dw_err *err);

#endif
