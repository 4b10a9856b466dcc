/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the copy engine does with one chunk: read, pack, place, put. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "dev/kinds.h"
#include "job/copy_chunk.h"

#define CHUNK_LEN (512u << 10)

uint32_t dw_chunk_len(const struct dw_writer *w)
{
	return (uint32_t)dw_max(CHUNK_LEN, w->unit_len);
}

/* The room in which a unit is packed.  What is not smaller than the unit is
 * of use only to a writer that knows no plain units. */
static size_t pack_cap(const struct dw_writer *w)
{
	return w->must_pack ? dw_pack_bound(&w->codec, w->unit_len)
			    : w->unit_len - 1;
}

static size_t units_nr(const struct dw_writer *w)
{
	return dw_chunk_len(w) / w->unit_len;
}

static size_t packed_len(const struct dw_writer *w)
{
	return w->codec.kind ? units_nr(w) * pack_cap(w) : 0;
}

uint64_t dw_chunk_memory(const struct dw_writer *w)
{
	return dw_chunk_len(w) + packed_len(w) +
	       units_nr(w) * sizeof(struct dw_payload);
}

int dw_chunk_init(struct dw_chunk *c, const struct dw_writer *w,
		  struct dw_err *err)
{
	c->buf = malloc(dw_chunk_len(w));
	c->packed = w->codec.kind ? malloc(packed_len(w)) : NULL;
	c->payloads = calloc(units_nr(w), sizeof(*c->payloads));
	if (c->buf && c->payloads && !c->packed == !w->codec.kind)
		return 0;
	return dw_fail_nomem(err);
}

void dw_chunk_release(struct dw_chunk *c)
{
	free(c->buf);
	free(c->packed);
	free(c->payloads);
}

/* ---- reading ------------------------------------------------------------ */

/*
 * Bytes come in the disk's order.  What lies between them is zeros, which are
 * made only when more bytes follow: of a chunk of holes nothing is touched.
 */
struct fill {
	struct dw_chunk *c;
	struct dw_writer *w;
	uint64_t at;		/* of the disk: the buffer is made up to here */
};

static void fill_zeros(struct fill *f, uint64_t end)
{
	memset(f->c->buf + (f->at - f->c->off), 0, end - f->at);
	f->at = end;
}

static int fill_data(struct fill *f, struct dw_dev *disk, uint64_t off,
		     uint64_t len, struct dw_err *err)
{
	fill_zeros(f, off);
	f->at = off + len;
	f->c->data_len += len;
	return dw_dev_pread(disk, off, f->c->buf + (off - f->c->off), len,
			    err);
}

/*
 * Where the new file can share the blocks of the old one, they are neither
 * read nor written: returns how many bytes of the extent, from its start or
 * after off..*start, are done so.  Zeros in them stay stored, but once for both.
 */
static uint64_t share_data(struct fill *f, const struct dw_extent *extent,
			   uint64_t *start)
{
	uint64_t end, from_off;

	*start = dw_round_up(extent->off, DW_CLONE_ALIGN);
	end = dw_round_down(extent->off + extent->len, DW_CLONE_ALIGN);
	if (!f->w->driver->share || extent->host_fd < 0 || *start >= end)
		return 0;
	from_off = extent->host_off + (*start - extent->off);
	if (from_off % DW_CLONE_ALIGN ||
	    !f->w->driver->share(f->w, *start, end - *start, extent->host_fd,
				 from_off))
		return 0;
	f->c->written_len += end - *start;
	return end - *start;
}

/* An extent with data: its edges where the rest is shared, else all of it. */
static int fill_extent(struct fill *f, struct dw_dev *disk,
		       const struct dw_extent *extent, struct dw_err *err)
{
	uint64_t start, shared = share_data(f, extent, &start);
	uint64_t end = extent->off + extent->len;
	int ret = 0;

	if (!shared)
		return fill_data(f, disk, extent->off, extent->len, err);
	if (start > extent->off)
		ret = fill_data(f, disk, extent->off, start - extent->off,
				err);
	if (!ret && start + shared < end)
		ret = fill_data(f, disk, start + shared,
				end - start - shared, err);
	return ret;
}

/* Reads off..off+len of the disk into the chunk; holes cost no read. */
static int read_piece(struct fill *f, struct dw_dev *disk, uint64_t off,
		      uint64_t len, struct dw_err *err)
{
	struct dw_extent extent;
	uint64_t end = off + len;
	int ret = 0;

	f->c->read_len += len;
	for (; off < end && !ret; off += extent.len) {
		ret = dw_dev_extent(disk, off, end - off, &extent, err);
		if (!ret && !dw_extent_is_hole(&extent))
			ret = fill_extent(f, disk, &extent, err);
	}
	return ret;
}

/* Fills the buffer, up to the end of the last unit where the disk ends within
 * it; or leaves it alone, where data_len is 0. */
static int read_chunk(struct dw_chunk *c, const struct dw_copy *copy,
		      struct dw_err *err)
{
	const struct dw_used_run *run = copy->runs + c->first_run;
	const struct dw_used_run *runs_end = copy->runs + copy->runs_nr;
	uint64_t start, end, chunk_end = c->off + c->len;
	struct fill f = { .c = c, .w = copy->writer, .at = c->off };
	int ret = 0;

	c->read_len = c->data_len = 0;
	for (; run < runs_end && run->off < chunk_end && !ret; run++) {
		start = dw_max(run->off, c->off);
		end = dw_min(run->off + run->len, chunk_end);
		if (start < end)
			ret = read_piece(&f, copy->disk, start, end - start,
					 err);
	}
	if (c->data_len)
		fill_zeros(&f, c->off + dw_round_up(c->len,
						    copy->writer->unit_len));
	return ret;
}

/* ---- packing ------------------------------------------------------------ */

/* What stands for the unit at 'in' of the chunk.  Units are whole where the
 * image maps them, though the disk may end within the last; a stream that
 * must be packed ends where the disk does. */
static uint64_t unit_bytes(const struct dw_chunk *c, const struct dw_writer *w,
			   uint64_t in)
{
	if (w->maps && (!w->must_pack || w->whole_units))
		return w->unit_len;
	return dw_min(w->unit_len, c->len - in);
}

/* A plain unit; without a map, one payload with those before it. */
static void add_plain(struct dw_chunk *c, const struct dw_writer *w,
		      uint64_t in, uint64_t len)
{
	struct dw_payload *p = c->payloads + c->payloads_nr;

	if (!w->maps && !w->sequential && c->payloads_nr &&
	    p[-1].data + p[-1].len == c->buf + in) {
		p[-1].len += len;
		return;
	}
	c->payloads_nr++;
	p->off = c->off + in;
	p->data = c->buf + in;
	p->len = len;
}

static int add_unit(struct dw_chunk *c, const struct dw_writer *w,
		    struct dw_packer *packer, uint64_t in, uint8_t **packed,
		    struct dw_err *err)
{
	uint64_t len = unit_bytes(c, w, in);
	size_t got = 0;
	int ret = 0;

	if (dw_is_zero(c->buf + in, len))
		return 0;
	c->written_len += len;
	if (packer)
		ret = dw_pack(packer, c->buf + in, len, *packed, pack_cap(w),
			      &got, err);
	if (ret)
		return ret;
	if (!got && w->must_pack)
		return dw_fail(err, DW_LIMIT,
			       "%s: %zu bytes are no room for a packed unit",
			       dw_codec_name(w->codec.kind), pack_cap(w));
	if (!got) {
		add_plain(c, w, in, len);
		return 0;
	}
	c->payloads[c->payloads_nr++] = (struct dw_payload){
		.off = c->off + in, .data = *packed, .len = got,
	};
	*packed += got;
	return 0;
}

int dw_chunk_prepare(struct dw_chunk *c, const struct dw_copy *copy,
		     struct dw_packer *packer, struct dw_err *err)
{
	const struct dw_writer *w = copy->writer;
	uint8_t *packed = c->packed;
	uint64_t in;
	int ret;

	c->payloads_nr = 0;
	c->written_len = 0;
	ret = read_chunk(c, copy, err);
	for (in = 0; c->data_len && in < c->len && !ret; in += w->unit_len)
		ret = add_unit(c, w, packer, in, &packed, err);
	return ret;
}

/* ---- writing ------------------------------------------------------------ */

int dw_chunk_place(struct dw_chunk *c, struct dw_writer *w, struct dw_err *err)
{
	struct dw_payload *p = c->payloads;
	int ret = 0;

	for (; p < c->payloads + c->payloads_nr && !ret; p++)
		ret = dw_writer_place(w, p->off, p->len, &p->place, err);
	return ret;
}

/* Whether the payload follows on the place, in memory and in the file, so that
 * one write does both. */
static bool joins(const struct dw_place *place, const uint8_t *data,
		  const struct dw_payload *p)
{
	return data + place->len == p->data &&
	       place->host_off + place->len == p->place.host_off;
}

int dw_chunk_put(const struct dw_chunk *c, struct dw_writer *w,
		 struct dw_err *err)
{
	const struct dw_payload *p = c->payloads;
	const struct dw_payload *end = p + c->payloads_nr;
	struct dw_place place;
	const uint8_t *data;
	int ret = 0;

	while (p < end && !ret) {
		place = p->place;
		data = p->data;
		for (p++; p < end && joins(&place, data, p); p++)
			place.len += p->place.len;
		ret = dw_writer_put(w, &place, data, err);
	}
	return ret;
}

int dw_chunk_append(struct dw_chunk *c, struct dw_writer *w,
		    struct dw_err *err)
{
	struct dw_payload *p = c->payloads;
	int ret = 0;

	for (; p < c->payloads + c->payloads_nr && !ret; p++) {
		ret = dw_writer_place(w, p->off, p->len, &p->place, err);
		if (!ret)
			ret = dw_writer_put(w, &p->place, p->data, err);
	}
	return ret;
}
