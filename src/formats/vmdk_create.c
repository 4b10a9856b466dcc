/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A new VMDK: the choice of its kind, and monolithicSparse.
 *
 * Source: VMware, "Virtual Disk Format 5.0": "Hosted Sparse Extents".
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "dev/kinds.h"
#include "formats/grow.h"
#include "formats/image_id.h"
#include "formats/vmdk.h"

#define DESCRIPTOR_LBA 1u
#define DESCRIPTOR_LEN_LBA 20u
#define TABLE_LEN_LBA (DW_VMDK_TABLE_LEN / DW_VMDK_SECTOR)
#define GRAIN_LBA (DW_VMDK_GRAIN_LEN / DW_VMDK_SECTOR)
/* Tables are written in pieces. */
#define SLICE_LEN 65536u

/*
 * Grains of the disk that were placed one after the other; in the file all of
 * them follow one another, so that the first one's rank tells where they are.
 */
struct run {
	uint64_t grain;
	uint64_t rank;
};

struct sparse_writer {
	struct dw_writer w;
	struct dw_grow grow;
	struct dw_vmdk_header h;
	uint64_t tables_nr;
	uint64_t cap_len;	/* of the memory for the runs */
	struct run *runs;
	size_t runs_nr, runs_cap;
	uint64_t placed_nr;	/* grains */
};

static struct sparse_writer *writer_of(struct dw_writer *w)
{
	return (struct sparse_writer *)w;
}

/* ---- placing ------------------------------------------------------------ */

static int add_run(struct sparse_writer *v, uint64_t grain, struct dw_err *err)
{
	size_t want = v->runs_cap ? v->runs_cap * 2 : 64;
	struct run *runs;

	if ((v->runs_nr + 1) * sizeof(*runs) > v->cap_len)
		return dw_fail(err, DW_LIMIT,
			       "vmdk: the map of the new image takes more than "
			       "the %" PRIu64 " bytes of memory allowed",
			       v->cap_len);
	if (v->runs_nr == v->runs_cap) {
		runs = reallocarray(v->runs, want, sizeof(*runs));
		if (!runs)
			return dw_fail_nomem(err);
		v->runs = runs;
		v->runs_cap = want;
	}
	v->runs[v->runs_nr++] = (struct run){ grain, v->placed_nr };
	return 0;
}

/* The grain behind the last one placed; a run ends where the next begins. */
static uint64_t next_grain(const struct sparse_writer *v)
{
	const struct run *last = &v->runs[v->runs_nr - 1];

	return last->grain + (v->placed_nr - last->rank);
}

static int sparse_place(struct dw_writer *w, uint64_t off, uint64_t payload_len,
			struct dw_place *out, struct dw_err *err)
{
	struct sparse_writer *v = writer_of(w);
	uint64_t grain = off / DW_VMDK_GRAIN_LEN, host_lba, nr;
	int rc = 0;

	nr = dw_div_up(payload_len, DW_VMDK_GRAIN_LEN);
	host_lba = v->h.overhead_lba + v->placed_nr * GRAIN_LBA;
	if (host_lba + nr * GRAIN_LBA > UINT32_MAX)
		return dw_fail(err, DW_LIMIT,
			       "vmdk: the file would be larger than its tables "
			       "reach, 2 TiB");
	if (!v->runs_nr || next_grain(v) != grain)
		rc = add_run(v, grain, err);
	v->placed_nr += nr;
	out->host_off = host_lba * DW_VMDK_SECTOR;
	out->len = payload_len;
	return rc;
}

static int sparse_put(struct dw_writer *w, const struct dw_place *place,
		      const void *payload, struct dw_err *err)
{
	return dw_grow_put(&writer_of(w)->grow, place->host_off, payload,
			   place->len, err);
}

/* ---- finishing ---------------------------------------------------------- */

/* The grain tables lie one behind the other, and so are one array. */
static int write_tables(struct sparse_writer *v, uint64_t off, uint8_t *buf,
			struct dw_err *err)
{
	uint64_t per_slice = SLICE_LEN / 4, i, grain, slice = UINT64_MAX;
	size_t r = 0;
	int rc = 0;

	for (i = 0; i < v->placed_nr && !rc; i++) {
		if (r + 1 < v->runs_nr && v->runs[r + 1].rank == i)
			r++;
		grain = v->runs[r].grain + (i - v->runs[r].rank);
		if (grain / per_slice != slice) {
			if (i)
				rc = dw_dev_pwrite(v->grow.file, off + slice *
						   SLICE_LEN, buf, SLICE_LEN,
						   err);
			memset(buf, 0, SLICE_LEN);
			slice = grain / per_slice;
		}
		dw_put_le32(buf + grain % per_slice * 4,
			    (uint32_t)(v->h.overhead_lba + i * GRAIN_LBA));
	}
	if (!v->placed_nr || rc)
		return rc;
	/* The last slice may be more than the tables have. */
	return dw_dev_pwrite(v->grow.file, off + slice * SLICE_LEN, buf,
			     dw_min(SLICE_LEN, v->tables_nr *
				    DW_VMDK_TABLE_LEN - slice * SLICE_LEN),
			     err);
}

static int write_directory(struct sparse_writer *v, uint64_t off,
			   uint64_t tables_off_lba, uint8_t *buf,
			   struct dw_err *err)
{
	uint64_t per_slice = SLICE_LEN / 4, first, nr, i;
	int rc = 0;

	for (first = 0; first < v->tables_nr && !rc; first += nr) {
		nr = dw_min(per_slice, v->tables_nr - first);
		for (i = 0; i < nr; i++)
			dw_put_le32(buf + i * 4, (uint32_t)
				    (tables_off_lba +
				     (first + i) * TABLE_LEN_LBA));
		rc = dw_dev_pwrite(v->grow.file, off + first * 4, buf, nr * 4,
				   err);
	}
	return rc;
}

static uint64_t directory_len_lba(const struct sparse_writer *v)
{
	return dw_div_up(v->tables_nr * 4, DW_VMDK_SECTOR);
}

/* A directory and the tables behind it. */
static int write_map(struct sparse_writer *v, uint64_t off_lba, uint8_t *buf,
		     struct dw_err *err)
{
	uint64_t tables_off_lba = off_lba + directory_len_lba(v);
	int rc;

	rc = write_directory(v, off_lba * DW_VMDK_SECTOR, tables_off_lba, buf,
			     err);
	return rc ? rc : write_tables(v, tables_off_lba * DW_VMDK_SECTOR, buf,
				      err);
}

static int write_descriptor(struct sparse_writer *v, struct dw_err *err)
{
	struct dw_buf text = { 0 };
	uint8_t id[16];
	int rc;

	rc = dw_image_id(v->grow.file, "vmdk", id, err);
	if (rc)
		return rc;
	dw_vmdk_descriptor_build(&text, "monolithicSparse", dw_le32(id),
				 v->h.capacity_lba);
	rc = dw_buf_check(&text, err);
	if (!rc)
		rc = dw_dev_pwrite(v->grow.file, DESCRIPTOR_LBA *
				   DW_VMDK_SECTOR, text.data, text.len, err);
	dw_buf_free(&text);
	return rc;
}

/* Data, both maps, the descriptor, and the header, which makes it an image,
 * last. */
static int sparse_finish(struct dw_writer *w, struct dw_err *err)
{
	struct sparse_writer *v = writer_of(w);
	uint8_t header[DW_VMDK_HEADER_LEN];
	uint8_t *buf = malloc(SLICE_LEN);
	int rc;

	rc = !buf ? dw_fail_nomem(err) :
	     dw_grow_end(&v->grow, (v->h.overhead_lba + v->placed_nr *
				    GRAIN_LBA) * DW_VMDK_SECTOR, err);
	if (!rc)
		rc = write_map(v, v->h.redundant_off_lba, buf, err);
	if (!rc)
		rc = write_map(v, v->h.directory_off_lba, buf, err);
	if (!rc)
		rc = write_descriptor(v, err);
	free(buf);
	if (rc)
		return rc;
	dw_vmdk_header_encode(&v->h, header);
	return dw_dev_pwrite(v->grow.file, 0, header, sizeof(header), err);
}

static void sparse_free(struct dw_writer *w)
{
	struct sparse_writer *v = writer_of(w);

	dw_grow_free(&v->grow);
	free(v->runs);
	free(v);
}

static const struct dw_writer_driver sparse_writer_driver = {
	.place = sparse_place,
	.put = sparse_put,
	.finish = sparse_finish,
	.free = sparse_free,
};

/* ---- creating ----------------------------------------------------------- */

/* Header, descriptor, the spare map, the map, and then the grains. */
static void lay_out(struct sparse_writer *v)
{
	uint64_t map_len_lba = directory_len_lba(v) +
			       v->tables_nr * TABLE_LEN_LBA;

	v->h.redundant_off_lba = DESCRIPTOR_LBA + DESCRIPTOR_LEN_LBA;
	v->h.directory_off_lba = v->h.redundant_off_lba + map_len_lba;
	v->h.overhead_lba = dw_round_up(v->h.directory_off_lba + map_len_lba,
					GRAIN_LBA);
}

static int sparse_create(struct dw_ctx *ctx, struct dw_dev *file,
			 uint64_t size, struct dw_writer **out,
			 struct dw_err *err)
{
	struct sparse_writer *v;

	if (dw_pipe_is(file))
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: monolithicSparse cannot be written there, "
			       "streamOptimized can", file->name);
	v = calloc(1, sizeof(*v));
	if (!v)
		return dw_fail_nomem(err);
	v->w = (struct dw_writer){
		.driver = &sparse_writer_driver, .maps = true,
		.unit_len = DW_VMDK_GRAIN_LEN, .size = size,
	};
	dw_grow_init(&v->grow, file);
	v->cap_len = ctx->memory_cap_len;
	v->h = (struct dw_vmdk_header){
		.version = 1,
		.flags = DW_VMDK_FLAG_NEWLINE | DW_VMDK_FLAG_REDUNDANT,
		.capacity_lba = dw_div_up(size, DW_VMDK_SECTOR),
		.grain_lba = GRAIN_LBA,
		.descriptor_off_lba = DESCRIPTOR_LBA,
		.descriptor_len_lba = DESCRIPTOR_LEN_LBA,
		.table_nr = DW_VMDK_TABLE_NR,
	};
	v->tables_nr = dw_div_up(size, dw_vmdk_table_span(&v->h));
	lay_out(v);
	*out = &v->w;
	return 0;
}

static int check_options(const struct dw_format_options *options,
			 struct dw_err *err)
{
	if (options->cluster_len && options->cluster_len != DW_VMDK_GRAIN_LEN)
		return dw_fail(err, DW_USAGE,
			       "vmdk: grains of %" PRIu32 " bytes (only %u)",
			       options->cluster_len, DW_VMDK_GRAIN_LEN);
	if (options->codec.kind != DW_CODEC_NONE &&
	    options->codec.kind != DW_CODEC_ZLIB)
		return dw_fail(err, DW_USAGE,
			       "vmdk: no compression by %s (only by zlib)",
			       dw_codec_name(options->codec.kind));
	return 0;
}

static int check_target(const struct dw_dev *file, uint64_t size,
			struct dw_err *err)
{
	if (size > DW_VMDK_SIZE_MAX)
		return dw_fail(err, DW_UNSUPPORTED,
			       "vmdk: a disk of %" PRIu64 " bytes; at most %"
			       PRIu64 " are read by others", size,
			       DW_VMDK_SIZE_MAX);
	if (file->size)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: a VMDK image is written to a new file only",
			       file->name);
	return 0;
}

int dw_vmdk_create(struct dw_ctx *ctx, struct dw_dev *file, uint64_t size,
		   const struct dw_format_options *options,
		   struct dw_writer **out, struct dw_err *err)
{
	static const struct dw_format_options plain;
	const struct dw_format_options *o = options ? options : &plain;
	bool pack = o->codec.kind == DW_CODEC_ZLIB;
	const char *name = o->subformat;
	int rc;

	*out = NULL;
	rc = check_options(o, err);
	if (!rc)
		rc = check_target(file, size, err);
	if (rc)
		return rc;
	if (!name)
		name = pack ? "streamOptimized" : "monolithicSparse";
	if (!strcasecmp(name, "streamOptimized"))
		return dw_vmdk_stream_create(ctx, file, size, &o->codec, out,
					     err);
	if (strcasecmp(name, "monolithicSparse"))
		return dw_fail(err, DW_USAGE,
			       "vmdk: no subformat is called \"%s\" "
			       "(monolithicSparse, streamOptimized)", name);
	if (pack)
		return dw_fail(err, DW_USAGE,
			       "vmdk: monolithicSparse has no compression, "
			       "streamOptimized has");
	return sparse_create(ctx, file, size, out, err);
}
