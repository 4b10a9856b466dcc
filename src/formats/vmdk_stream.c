/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A new VMDK of the kind streamOptimized: every grain packed, and written from
 * the first byte to the last without going back.
 *
 *	header | descriptor | grains, each table behind its own | grain
 *	directory | footer | end
 *
 * Source: VMware, "Virtual Disk Format 5.0": "Stream-Optimized Compressed
 * Sparse Extents".
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/sum.h"
#include "formats/grow.h"
#include "formats/vmdk.h"

#define DESCRIPTOR_LBA 1u
#define DESCRIPTOR_LEN_LBA 20u
/* Where the first grain lies: what VMware's own tools leave room for. */
#define OVERHEAD_LBA 128u
#define GRAIN_LBA (DW_VMDK_GRAIN_LEN / DW_VMDK_SECTOR)
#define SLICE_LEN 65536u

/* A grain table, with its marker before it. */
struct table {
	uint64_t nr;		/* in the directory */
	bool used;
	uint64_t host_off;	/* of the marker */
	uint8_t buf[DW_VMDK_SECTOR + DW_VMDK_TABLE_LEN];
};

struct stream_writer {
	struct dw_writer w;
	struct dw_grow grow;
	struct dw_vmdk_header h;
	uint64_t tables_nr;
	uint32_t *directory;	/* sectors of the tables */
	uint64_t next_off;
	uint64_t grain;		/* the one that was placed last */
	struct table table;	/* of that grain */
	struct table full;	/* the one before, to be written before it */
	uint8_t *buf;		/* a grain with its marker, whole sectors */
	size_t buf_len;
};

static struct stream_writer *writer_of(struct dw_writer *w)
{
	return (struct stream_writer *)w;
}

/* The marker of what is no grain: its length in sectors, 0, what it is. */
static void put_marker(uint8_t sector[DW_VMDK_SECTOR], uint64_t len_lba,
		       enum dw_vmdk_marker type)
{
	memset(sector, 0, DW_VMDK_SECTOR);
	dw_put_le64(sector, len_lba);
	dw_put_le32(sector + 12, type);
}

/* ---- placing ------------------------------------------------------------ */

/* The table is complete: it gets the place behind its last grain. */
static void end_table(struct stream_writer *v)
{
	v->full = v->table;
	v->full.host_off = v->next_off;
	v->directory[v->full.nr] = (uint32_t)(v->next_off / DW_VMDK_SECTOR) +
				   1;
	v->next_off += sizeof(v->full.buf);
	v->table.used = false;
}

static void start_table(struct stream_writer *v, uint64_t nr)
{
	v->table = (struct table){ .nr = nr, .used = true };
	put_marker(v->table.buf, DW_VMDK_TABLE_LEN / DW_VMDK_SECTOR,
		   DW_VMDK_MARKER_TABLE);
}

static int stream_place(struct dw_writer *w, uint64_t off, uint64_t payload_len,
			struct dw_place *out, struct dw_err *err)
{
	struct stream_writer *v = writer_of(w);
	uint64_t grain = off / DW_VMDK_GRAIN_LEN;
	uint64_t table_nr = grain / DW_VMDK_TABLE_NR;

	if (DW_VMDK_MARKER_LEN + payload_len > v->buf_len)
		return dw_fail(err, DW_USAGE,
			       "vmdk: a packed grain of %" PRIu64 " bytes",
			       payload_len);
	if (v->table.used && v->table.nr != table_nr)
		end_table(v);
	if (!v->table.used)
		start_table(v, table_nr);
	if (v->next_off / DW_VMDK_SECTOR > UINT32_MAX - OVERHEAD_LBA)
		return dw_fail(err, DW_LIMIT,
			       "vmdk: the file would be larger than its tables "
			       "reach, 2 TiB");
	dw_put_le32(v->table.buf + DW_VMDK_SECTOR +
		    grain % DW_VMDK_TABLE_NR * 4,
		    (uint32_t)(v->next_off / DW_VMDK_SECTOR));
	v->grain = grain;
	out->host_off = v->next_off;
	out->len = payload_len;
	v->next_off += dw_round_up(DW_VMDK_MARKER_LEN + payload_len,
				   DW_VMDK_SECTOR);
	return 0;
}

/* ---- writing ------------------------------------------------------------ */

static int write_full_table(struct stream_writer *v, struct dw_err *err)
{
	if (!v->full.used)
		return 0;
	v->full.used = false;
	return dw_grow_pwrite(&v->grow, v->full.host_off, v->full.buf,
			      sizeof(v->full.buf), err);
}

/* The grain is the one that was placed last: the writer is sequential. */
static int stream_put(struct dw_writer *w, const struct dw_place *place,
		      const void *payload, struct dw_err *err)
{
	struct stream_writer *v = writer_of(w);
	size_t used = DW_VMDK_MARKER_LEN + place->len;
	size_t len = dw_round_up(used, DW_VMDK_SECTOR);
	int rc = write_full_table(v, err);

	if (rc)
		return rc;
	dw_put_le64(v->buf, v->grain * GRAIN_LBA);
	dw_put_le32(v->buf + 8, (uint32_t)place->len);
	memcpy(v->buf + DW_VMDK_MARKER_LEN, payload, place->len);
	memset(v->buf + used, 0, len - used);
	return dw_grow_pwrite(&v->grow, place->host_off, v->buf, len, err);
}

static int append(struct stream_writer *v, const void *buf, size_t len,
		  struct dw_err *err)
{
	int rc = dw_grow_pwrite(&v->grow, v->next_off, buf, len, err);

	v->next_off += len;
	return rc;
}

static int append_marker(struct stream_writer *v, uint64_t len_lba,
			 enum dw_vmdk_marker type, struct dw_err *err)
{
	uint8_t sector[DW_VMDK_SECTOR];

	put_marker(sector, len_lba, type);
	return append(v, sector, sizeof(sector), err);
}

static int append_header(struct stream_writer *v, uint64_t directory_off_lba,
			 struct dw_err *err)
{
	uint8_t buf[DW_VMDK_HEADER_LEN];

	v->h.directory_off_lba = directory_off_lba;
	dw_vmdk_header_encode(&v->h, buf);
	return append(v, buf, sizeof(buf), err);
}

static int append_directory(struct stream_writer *v, struct dw_err *err)
{
	uint64_t len = dw_round_up(v->tables_nr * 4, DW_VMDK_SECTOR), done, n;
	uint8_t *buf = malloc(SLICE_LEN);
	uint64_t i;
	int rc;

	rc = buf ? append_marker(v, len / DW_VMDK_SECTOR,
				 DW_VMDK_MARKER_DIRECTORY, err) :
		   dw_fail_nomem(err);
	for (done = 0; done < len && !rc; done += n) {
		n = dw_min(SLICE_LEN, len - done);
		memset(buf, 0, n);
		for (i = done / 4; i < dw_min((done + n) / 4, v->tables_nr);
		     i++)
			dw_put_le32(buf + (i * 4 - done), v->directory[i]);
		rc = append(v, buf, n, err);
	}
	free(buf);
	return rc;
}

static int stream_finish(struct dw_writer *w, struct dw_err *err)
{
	struct stream_writer *v = writer_of(w);
	uint64_t directory_off_lba;
	int rc;

	if (v->table.used)
		end_table(v);
	rc = write_full_table(v, err);
	directory_off_lba = v->next_off / DW_VMDK_SECTOR + 1;
	if (!rc)
		rc = append_directory(v, err);
	if (!rc)
		rc = append_marker(v, 1, DW_VMDK_MARKER_FOOTER, err);
	if (!rc)
		rc = append_header(v, directory_off_lba, err);
	if (!rc)
		rc = append_marker(v, 0, DW_VMDK_MARKER_END, err);
	return rc ? rc : dw_grow_end(&v->grow, v->next_off, err);
}

static void stream_free(struct dw_writer *w)
{
	struct stream_writer *v = writer_of(w);

	dw_grow_free(&v->grow);
	free(v->directory);
	free(v->buf);
	free(v);
}

static const struct dw_writer_driver stream_writer_driver = {
	.place = stream_place,
	.put = stream_put,
	.finish = stream_finish,
	.free = stream_free,
};

/* ---- creating ----------------------------------------------------------- */

/* What begins the stream is written before the content is known, so the
 * content id follows from size and time only. */
static int start(struct stream_writer *v, struct dw_ctx *ctx,
		 struct dw_err *err)
{
	uint8_t facts[16], *sectors;
	struct dw_buf text = { 0 };
	int rc;

	dw_put_le64(facts, v->w.size);
	dw_put_le64(facts + 8, (uint64_t)dw_ctx_now(ctx, 0));
	dw_vmdk_descriptor_build(&text, "streamOptimized",
				 dw_crc32c(0, facts, sizeof(facts)),
				 v->h.capacity_lba);
	rc = dw_buf_check(&text, err);
	if (!rc)
		rc = append_header(v, DW_VMDK_GD_AT_END, err);
	sectors = rc ? NULL : calloc(OVERHEAD_LBA - 1, DW_VMDK_SECTOR);
	if (!rc && !sectors)
		rc = dw_fail_nomem(err);
	if (!rc) {
		memcpy(sectors, text.data, text.len);
		rc = append(v, sectors, (OVERHEAD_LBA - 1) * DW_VMDK_SECTOR,
			    err);
	}
	free(sectors);
	dw_buf_free(&text);
	return rc;
}

static int allocate(struct stream_writer *v, uint64_t cap_len,
		    struct dw_err *err)
{
	if (v->tables_nr * 4 > cap_len)
		return dw_fail(err, DW_LIMIT,
			       "vmdk: the grain directory takes more than the %"
			       PRIu64 " bytes of memory allowed", cap_len);
	v->buf_len = dw_round_up(DW_VMDK_MARKER_LEN +
				 dw_pack_bound(&v->w.codec, DW_VMDK_GRAIN_LEN),
				 DW_VMDK_SECTOR);
	v->buf = malloc(v->buf_len);
	v->directory = calloc(dw_max(v->tables_nr, 1), 4);
	return v->buf && v->directory ? 0 : dw_fail_nomem(err);
}

int dw_vmdk_stream_create(struct dw_ctx *ctx, struct dw_dev *file,
			  uint64_t size, const struct dw_codec *codec,
			  struct dw_writer **out, struct dw_err *err)
{
	struct stream_writer *v = calloc(1, sizeof(*v));
	int rc;

	if (!v)
		return dw_fail_nomem(err);
	v->w = (struct dw_writer){
		.driver = &stream_writer_driver, .maps = true,
		.unit_len = DW_VMDK_GRAIN_LEN, .size = size,
		.must_pack = true, .sequential = true, .whole_units = true,
		.codec = {
			.kind = DW_CODEC_ZLIB, .level = codec->level,
			.window_bits = codec->window_bits,
		},
	};
	dw_grow_init(&v->grow, file);
	v->h = (struct dw_vmdk_header){
		.version = 3,
		.flags = DW_VMDK_FLAG_NEWLINE | DW_VMDK_FLAG_PACKED |
			 DW_VMDK_FLAG_MARKERS,
		.capacity_lba = dw_div_up(size, DW_VMDK_SECTOR),
		.grain_lba = GRAIN_LBA,
		.descriptor_off_lba = DESCRIPTOR_LBA,
		.descriptor_len_lba = DESCRIPTOR_LEN_LBA,
		.table_nr = DW_VMDK_TABLE_NR,
		.overhead_lba = OVERHEAD_LBA,
		.algorithm = 1,
	};
	v->tables_nr = dw_div_up(size, dw_vmdk_table_span(&v->h));
	rc = dw_codec_check(&v->w.codec, err);
	if (!rc)
		rc = allocate(v, ctx->memory_cap_len, err);
	if (!rc)
		rc = start(v, ctx, err);
	if (rc) {
		stream_free(&v->w);
		return rc;
	}
	*out = &v->w;
	return 0;
}
