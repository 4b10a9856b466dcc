/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A new VHD, written as a stream: fixed, or dynamic.
 *
 * Source: Microsoft, "Virtual Hard Disk Image Format Specification".  The
 * footer is the one of "qemu-img create -f vpc -o force_size=on", which Azure,
 * Hyper-V and XenServer are known to take.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "dev/kinds.h"
#include "formats/grow.h"
#include "formats/image_id.h"
#include "formats/vhd.h"

/* The size of a block of most host filesystems: the smallest hole. */
#define UNIT_LEN 4096u
#define TABLE_OFF (DW_VHD_FOOTER_LEN + DW_VHD_DYNAMIC_LEN)
/*
 * Before each block is its bitmap, and before that a gap, so that the data
 * begins at a multiple of 4096, as XenServer does it.  2040 GiB of such blocks
 * still have sector numbers of 32 bits.
 */
#define BITMAP_LEN 512u

struct vhd_writer {
	struct dw_writer w;
	struct dw_grow grow;
	enum dw_vhd_type type;
	uint32_t time;
	/* Of a dynamic disk. */
	uint32_t *table;	/* of sectors of the file */
	uint32_t blocks_nr;
	uint64_t end_off;	/* of what was placed and the tables */
};

static struct vhd_writer *writer_of(struct dw_writer *w)
{
	return (struct vhd_writer *)w;
}

static uint64_t disk_size(const struct vhd_writer *v)
{
	return dw_round_up(v->w.size, DW_VHD_SECTOR);
}

/* ---- placing ------------------------------------------------------------ */

static int place_fixed(struct vhd_writer *v, uint64_t off, uint64_t len,
		       struct dw_place *out)
{
	out->host_off = off;
	out->len = len;
	return 0;
}

static int place_dynamic(struct vhd_writer *v, uint64_t off, uint64_t len,
			 struct dw_place *out, struct dw_err *err)
{
	uint64_t block = off / DW_VHD_BLOCK_LEN, in = off % DW_VHD_BLOCK_LEN;
	uint64_t bitmap_off;

	if (in + len > DW_VHD_BLOCK_LEN)
		return dw_fail(err, DW_USAGE,
			       "vhd: a payload of %" PRIu64 " bytes at %"
			       PRIu64 " passes the end of its block", len, off);
	if (v->table[block] == DW_VHD_UNALLOCATED) {
		bitmap_off = dw_round_up(v->end_off + BITMAP_LEN, UNIT_LEN) -
			     BITMAP_LEN;
		v->table[block] = (uint32_t)(bitmap_off / DW_VHD_SECTOR);
		v->end_off = bitmap_off + BITMAP_LEN + DW_VHD_BLOCK_LEN;
	}
	out->host_off = (uint64_t)v->table[block] * DW_VHD_SECTOR +
			BITMAP_LEN + in;
	out->len = len;
	return 0;
}

static int vhd_place(struct dw_writer *w, uint64_t off, uint64_t payload_len,
		     struct dw_place *out, struct dw_err *err)
{
	struct vhd_writer *v = writer_of(w);

	return v->type == DW_VHD_FIXED ?
	       place_fixed(v, off, payload_len, out) :
	       place_dynamic(v, off, payload_len, out, err);
}

static int vhd_put(struct dw_writer *w, const struct dw_place *place,
		   const void *payload, struct dw_err *err)
{
	return dw_grow_put(&writer_of(w)->grow, place->host_off, payload,
			   place->len, err);
}

/* ---- finishing ---------------------------------------------------------- */

/* Every sector of an allocated block counts as written. */
static int write_bitmaps(struct vhd_writer *v, struct dw_err *err)
{
	uint8_t bits[BITMAP_LEN];
	uint32_t i;
	int rc = 0;

	memset(bits, 0xff, sizeof(bits));
	for (i = 0; i < v->blocks_nr && !rc; i++)
		if (v->table[i] != DW_VHD_UNALLOCATED)
			rc = dw_dev_pwrite(v->grow.file,
					   (uint64_t)v->table[i] *
					   DW_VHD_SECTOR, bits, sizeof(bits),
					   err);
	return rc;
}

/* Whole sectors; what the disk does not need of the last one is unallocated. */
static int write_table(struct vhd_writer *v, struct dw_err *err)
{
	size_t len = dw_round_up((uint64_t)v->blocks_nr * 4, DW_VHD_SECTOR);
	uint8_t *buf = malloc(len);
	uint32_t i;
	int rc;

	if (!buf)
		return dw_fail_nomem(err);
	memset(buf, 0xff, len);
	for (i = 0; i < v->blocks_nr; i++)
		dw_put_be32(buf + (size_t)i * 4, v->table[i]);
	rc = dw_dev_pwrite(v->grow.file, TABLE_OFF, buf, len, err);
	free(buf);
	return rc;
}

static int write_dynamic_header(struct vhd_writer *v, struct dw_err *err)
{
	struct dw_vhd_dynamic d = {
		.table_off = TABLE_OFF,
		.blocks_nr = v->blocks_nr,
		.block_len = DW_VHD_BLOCK_LEN,
	};
	uint8_t buf[DW_VHD_DYNAMIC_LEN];

	dw_vhd_dynamic_encode(&d, buf);
	return dw_dev_pwrite(v->grow.file, DW_VHD_FOOTER_LEN, buf, sizeof(buf),
			     err);
}

static int encode_footer(struct vhd_writer *v, uint8_t buf[DW_VHD_FOOTER_LEN],
			 struct dw_err *err)
{
	/* A creator and a geometry by which all readers look at the size. */
	struct dw_vhd_footer f = {
		.features = 2,		/* always set */
		.version = 0x00010000,
		.dynamic_off = v->type == DW_VHD_FIXED ? UINT64_MAX :
							 DW_VHD_FOOTER_LEN,
		.time = v->time,
		.creator = { 'q', 'e', 'm', '2' },
		.creator_version = 0x00050003,
		.creator_os = { 'W', 'i', '2', 'k' },
		.original_size = disk_size(v),
		.current_size = disk_size(v),
		.cylinders = DW_VHD_CYLINDERS_MAX,
		.heads = DW_VHD_HEADS_MAX,
		.sectors = DW_VHD_SECTORS_MAX,
		.type = v->type,
	};
	int rc = dw_image_id(v->grow.file, "vhd", f.uuid, err);

	if (!rc)
		dw_vhd_footer_encode(&f, buf);
	return rc;
}

static int finish_fixed(struct vhd_writer *v, struct dw_err *err)
{
	uint8_t buf[DW_VHD_FOOTER_LEN];
	int rc = encode_footer(v, buf, err);

	return rc ? rc : dw_dev_pwrite(v->grow.file, disk_size(v), buf,
				       sizeof(buf), err);
}

/* Data, bitmaps, table, dynamic header, the footer, and its copy in front,
 * without which nobody takes it for an image, last. */
static int finish_dynamic(struct vhd_writer *v, struct dw_err *err)
{
	uint8_t buf[DW_VHD_FOOTER_LEN];
	int rc;

	rc = dw_grow_end(&v->grow, v->end_off + sizeof(buf), err);
	if (!rc)
		rc = write_bitmaps(v, err);
	if (!rc)
		rc = write_table(v, err);
	if (!rc)
		rc = write_dynamic_header(v, err);
	if (!rc)
		rc = encode_footer(v, buf, err);
	if (!rc)
		rc = dw_dev_pwrite(v->grow.file, v->end_off, buf, sizeof(buf),
				   err);
	return rc ? rc : dw_dev_pwrite(v->grow.file, 0, buf, sizeof(buf), err);
}

static int vhd_finish(struct dw_writer *w, struct dw_err *err)
{
	struct vhd_writer *v = writer_of(w);

	return v->type == DW_VHD_FIXED ? finish_fixed(v, err) :
					 finish_dynamic(v, err);
}

static void vhd_free(struct dw_writer *w)
{
	struct vhd_writer *v = writer_of(w);

	dw_grow_free(&v->grow);
	free(v->table);
	free(v);
}

static const struct dw_writer_driver vhd_writer_driver = {
	.place = vhd_place,
	.put = vhd_put,
	.finish = vhd_finish,
	.free = vhd_free,
};

/* ---- creating ----------------------------------------------------------- */

static int choose_type(const struct dw_format_options *options,
		       enum dw_vhd_type *out, struct dw_err *err)
{
	const char *name = options ? options->subformat : NULL;

	*out = DW_VHD_DYNAMIC;
	if (!name || !strcmp(name, "dynamic"))
		return 0;
	*out = DW_VHD_FIXED;
	if (!strcmp(name, "fixed"))
		return 0;
	return dw_fail(err, DW_USAGE,
		       "vhd: no subformat is called \"%s\" (dynamic, fixed)",
		       name);
}

static int check_options(const struct dw_format_options *options,
			 struct dw_err *err)
{
	if (!options)
		return 0;
	if (options->cluster_len && options->cluster_len != DW_VHD_BLOCK_LEN)
		return dw_fail(err, DW_USAGE,
			       "vhd: blocks of %" PRIu32 " bytes (only %u)",
			       options->cluster_len, DW_VHD_BLOCK_LEN);
	if (options->codec.kind != DW_CODEC_NONE)
		return dw_fail(err, DW_USAGE,
			       "vhd: the format has no compression");
	return 0;
}

static int check_target(const struct dw_dev *file, uint64_t size,
			struct dw_err *err)
{
	if (size > DW_VHD_SIZE_MAX)
		return dw_fail(err, DW_UNSUPPORTED,
			       "vhd: a disk of %" PRIu64 " bytes; the format "
			       "reaches %" PRIu64 " (2040 GiB)", size,
			       DW_VHD_SIZE_MAX);
	/* The footer's place is the end, which a block device has elsewhere. */
	if (file->size || dw_pipe_is(file))
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: a VHD image is written to a new file only",
			       file->name);
	return 0;
}

/* A fixed disk has its whole length at once, a dynamic one its tables. */
static int prepare(struct vhd_writer *v, struct dw_err *err)
{
	uint64_t nr = dw_max(dw_div_up(v->w.size, DW_VHD_BLOCK_LEN), 1);

	if (v->type == DW_VHD_FIXED)
		return dw_grow_end(&v->grow, disk_size(v) + DW_VHD_FOOTER_LEN,
				   err);
	v->blocks_nr = (uint32_t)nr;
	v->end_off = TABLE_OFF + dw_round_up(nr * 4, DW_VHD_SECTOR);
	/* At most 4 MiB, for a disk of 2040 GiB. */
	v->table = malloc(nr * sizeof(*v->table));
	if (!v->table)
		return dw_fail_nomem(err);
	memset(v->table, 0xff, nr * sizeof(*v->table));
	return 0;
}

int dw_vhd_create(struct dw_ctx *ctx, struct dw_dev *file, uint64_t size,
		  const struct dw_format_options *options,
		  struct dw_writer **out, struct dw_err *err)
{
	enum dw_vhd_type type;
	struct vhd_writer *v;
	int64_t now;
	int rc;

	*out = NULL;
	rc = choose_type(options, &type, err);
	if (!rc)
		rc = check_options(options, err);
	if (!rc)
		rc = check_target(file, size, err);
	if (rc)
		return rc;
	v = calloc(1, sizeof(*v));
	if (!v)
		return dw_fail_nomem(err);
	now = dw_ctx_now(ctx, DW_VHD_EPOCH) - DW_VHD_EPOCH;
	v->w = (struct dw_writer){
		.driver = &vhd_writer_driver, .unit_len = UNIT_LEN,
		.maps = type == DW_VHD_DYNAMIC, .size = size,
	};
	v->type = type;
	v->time = now < 0 ? 0 : (uint32_t)dw_min((uint64_t)now, UINT32_MAX);
	dw_grow_init(&v->grow, file);
	rc = prepare(v, err);
	if (rc) {
		vhd_free(&v->w);
		return rc;
	}
	*out = &v->w;
	return 0;
}
