/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2: what an image says besides where its data lies. */
#ifndef DW_FORMATS_QCOW2_META_H
#define DW_FORMATS_QCOW2_META_H

#include "formats/qcow2.h"

/* Reads and checks the header of an image file. */
int dw_qcow2_read_header(struct dw_dev *file, struct dw_qcow2_header *out,
			 struct dw_err *err);

struct dw_qcow2_ext {
	uint32_t type;
	uint32_t len;
	const uint8_t *data;
};

/* Steps through the extensions in buf[*pos..len): 1 and the next one, 0 at
 * their end, DW_CORRUPT.  It ends because *pos grows with every step. */
int dw_qcow2_ext_next(const uint8_t *buf, size_t len, size_t *pos,
		      struct dw_qcow2_ext *out, struct dw_err *err);

/* What follows the header in the first cluster; strings are NULL where they
 * are absent. */
struct dw_qcow2_exts {
	char *backing_name, *backing_format, *data_name;
	uint64_t luks_off, luks_len;		/* 0: no LUKS header */
	uint32_t bitmaps_nr;
	uint64_t bitmap_dir_off, bitmap_dir_len;
	/* Of the first incompatible feature that we do not know: "" or the
	 * name that the image has for it. */
	char feature[48];
};

/* Reads the first cluster and takes it apart; freed by ..._free(), also after
 * an error. */
int dw_qcow2_exts_read(struct dw_dev *file, const struct dw_qcow2_header *h,
		       struct dw_qcow2_exts *out, struct dw_err *err);
void dw_qcow2_exts_free(struct dw_qcow2_exts *exts);

/* Text of an image as a string: a copy, with '?' for each byte 0. */
char *dw_qcow2_text(const uint8_t *p, size_t len);

/* An image that needs what we do not know has no meaning that we could tell:
 * DW_UNSUPPORTED.  Anything else can be named and checked. */
int dw_qcow2_refuse_unknown(const struct dw_qcow2_header *h,
			    const struct dw_qcow2_exts *exts,
			    struct dw_err *err);
/* What stands against reading the disk, apart from files that it names. */
int dw_qcow2_refuse(const struct dw_qcow2_header *h,
		    const struct dw_qcow2_exts *exts, struct dw_err *err);

struct dw_qcow2_snapshot {
	char *id, *name;
	uint64_t l1_off;
	uint32_t l1_nr;
	uint32_t time_s, time_ns;
	uint64_t vm_clock_ns;
	uint64_t vm_state_len;
	uint64_t disk_size;
	bool is_incomplete;	/* version 3 without a disk size of its own */
};

struct dw_qcow2_snapshots {
	size_t nr;
	struct dw_qcow2_snapshot *items;
	uint64_t table_len;	/* bytes in the file */
};

/* What QEMU accepts. */
#define DW_QCOW2_SNAPSHOT_TABLE_MAX_LEN (64u << 20)
#define DW_QCOW2_SNAPSHOT_EXTRA_MAX_LEN 1024u

/* Reads the whole table; freed by ..._free(), also after an error. */
int dw_qcow2_snapshots_read(struct dw_dev *file,
			    const struct dw_qcow2_header *h,
			    struct dw_qcow2_snapshots *out, struct dw_err *err);
void dw_qcow2_snapshots_free(struct dw_qcow2_snapshots *snapshots);

/* Makes a header that of the disk as it was in a snapshot, which is found by
 * its id, else by its name: DW_NOENT. */
int dw_qcow2_snapshot_apply(struct dw_dev *file, const char *id_or_name,
			    struct dw_qcow2_header *h, struct dw_err *err);

int dw_qcow2_check_image(struct dw_ctx *ctx, struct dw_dev *file, bool repair,
			 struct dw_image_check *out, struct dw_err *err);

int dw_qcow2_info(struct dw_ctx *ctx, struct dw_dev *file,
		  struct dw_image_info *out, struct dw_err *err);

#endif
