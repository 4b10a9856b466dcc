/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inputs of fuzz targets: taken apart, put together, run. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fuzz.h"

#define SECTOR_LEN	512u
#define PIECE_MAX	4096u
#define PIECE_HEAD	6u

/* Reads of one device: enough for any image that fits an input. */
#define EXTENTS_MAX	500u
#define READS_MAX	32u
#define READ_LEN	65536u

/* For FUZZ_DUMP=FILE: what the image had become when a run failed. */
static struct dw_dev *running;

static void dump(const char *path)
{
	uint8_t buf[4096];
	FILE *f = path && running ? fopen(path, "wb") : NULL;

	for (uint64_t off = 0; f && off < running->size; off += sizeof(buf)) {
		size_t len = dw_min(sizeof(buf), running->size - off);

		if (dw_dev_pread(running, off, buf, len, NULL) ||
		    fwrite(buf, 1, len, f) != len)
			break;
	}
	if (f)
		fclose(f);
}

void fuzz_fail(const char *fmt, ...)
{
	va_list ap;

	dump(getenv("FUZZ_DUMP"));

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

int fuzz_result(struct fuzz *z, int ret)
{
	if (ret > 0 || ret < DW_USAGE)
		fuzz_fail("a result of %d", ret);
	if (ret && ret != (int)z->err.code)
		fuzz_fail("a result of %d with an error of %d: %s", ret,
			  (int)z->err.code, z->err.text);
	if (ret && (!z->err.text[0] ||
		    !memchr(z->err.text, '\0', sizeof(z->err.text))))
		fuzz_fail("a result of %d without a text", ret);
	return ret;
}

void fuzz_layout(const uint8_t *data, size_t len, struct fuzz_layout *out)
{
	size_t left;

	*out = (struct fuzz_layout){ .ops_at = dw_min(len, FUZZ_CTL_LEN + 1) };
	left = len - out->ops_at;
	if (len > FUZZ_CTL_LEN)
		out->ops_nr = dw_min(data[FUZZ_CTL_LEN], left / FUZZ_OP_LEN);
	out->image_at = out->ops_at + out->ops_nr * FUZZ_OP_LEN;
	if (len - out->image_at >= 4)
		out->image_len = (uint32_t)
			dw_min(dw_le32(data + out->image_at), FUZZ_IMAGE_MAX);
	out->image_at += dw_min(4, len - out->image_at);
}

bool fuzz_next_piece(const uint8_t *data, size_t len,
		     const struct fuzz_layout *l, size_t *at,
		     struct fuzz_piece *out)
{
	size_t head = *at ? *at : l->image_at;

	if (len - head <= PIECE_HEAD)
		return false;
	out->off = dw_le32(data + head);
	out->at = head + PIECE_HEAD;
	out->len = dw_min(dw_le16(data + head + 4), len - out->at);
	*at = out->at + out->len;
	return true;
}

static size_t put_piece(uint8_t *p, uint32_t off, const uint8_t *bytes,
			size_t len)
{
	dw_put_le32(p, off);
	dw_put_le16(p + 4, (uint16_t)len);
	memcpy(p + PIECE_HEAD, bytes, len);
	return PIECE_HEAD + len;
}

size_t fuzz_pack(unsigned mode, const uint8_t *image, size_t len,
		 uint8_t **out)
{
	size_t at, end, n = FUZZ_CTL_LEN + 1;
	uint8_t *p = calloc(1, n + 4 + len + (len / SECTOR_LEN + 1) *
			    PIECE_HEAD);

	if (!p || len > UINT32_MAX)
		fuzz_fail("an image of %zu bytes", len);
	p[FUZZ_MODE] = (uint8_t)mode;
	dw_put_le32(p + n, (uint32_t)len);
	n += 4;
	for (at = 0; at < len; at = end) {
		for (end = at; end < len && end - at < PIECE_MAX;
		     end += dw_min(SECTOR_LEN, len - end))
			if (dw_is_zero(image + end,
				       dw_min(SECTOR_LEN, len - end)))
				break;
		if (end > at)
			n += put_piece(p + n, (uint32_t)at, image + at,
				       end - at);
		else
			end += dw_min(SECTOR_LEN, len - end);
	}
	*out = p;
	return n;
}

static struct dw_dev *make_dev(const uint8_t *data, size_t len,
			       const struct fuzz_layout *l)
{
	struct fuzz_piece piece;
	struct dw_dev *dev;
	size_t at = 0;

	if (dw_mem_new("input", l->image_len, &dev, NULL))
		fuzz_fail("no memory device");
	while (fuzz_next_piece(data, len, l, &at, &piece)) {
		if (piece.off >= dev->size)
			continue;
		piece.len = dw_min(piece.len, dev->size - piece.off);
		dw_dev_pwrite(dev, piece.off, data + piece.at, piece.len, NULL);
	}
	return dev;
}

/* The device as the control bytes want it. */
static void dress_dev(struct fuzz *z, struct dw_fault *fault)
{
	struct dw_dev *below = z->dev;

	if (z->ctl[FUZZ_FLAGS] & FUZZ_4K)
		below->block_size = 4096;
	if (z->ctl[FUZZ_FLAGS] & FUZZ_FIX && fuzz_target.fix)
		fuzz_target.fix(below);
	if (!z->ctl[FUZZ_FAULT])
		return;
	fault->fail_read_at = z->ctl[FUZZ_FAULT];
	fault->fail_write_at = z->ctl[FUZZ_FAULT];
	if (dw_fault_new(below, fault, &z->dev, NULL))
		fuzz_fail("no fault device");
	dw_dev_close(below, NULL);
}

void fuzz_one(const uint8_t *data, size_t len)
{
	uint8_t ctl[FUZZ_CTL_LEN] = { 0 };
	struct dw_fault fault = { 0 };
	struct fuzz z = { .ctl = ctl };
	struct fuzz_layout l;

	if (len)
		memcpy(ctl, data, dw_min(len, sizeof(ctl)));
	if (dw_ctx_new(&z.ctx, NULL))
		fuzz_fail("no context");
	dw_ctx_set_threads(z.ctx, 1);
	dw_ctx_set_clock(z.ctx, 1700000000);
	dw_ctx_set_memory_cap(z.ctx, FUZZ_CAP_LEN);
	z.mode = ctl[FUZZ_MODE] % fuzz_target.modes_nr;
	if (fuzz_target.plain) {
		z.data = data + dw_min(len, sizeof(ctl));
		z.len = len - dw_min(len, sizeof(ctl));
	} else {
		fuzz_layout(data, len, &l);
		z.ops = data + l.ops_at;
		z.ops_nr = (unsigned)l.ops_nr;
		z.dev = make_dev(data, len, &l);
		dress_dev(&z, &fault);
	}
	running = z.dev;
	fuzz_target.run(&z);
	running = NULL;
	dw_dev_close(z.dev, NULL);
	dw_ctx_free(z.ctx);
}

static void walk_extents(struct fuzz *z, struct dw_dev *dev)
{
	struct dw_extent e;
	uint64_t off = 0;

	for (unsigned n = 0; n < EXTENTS_MAX && off < dev->size; n++) {
		if (fuzz_result(z, dw_dev_extent(dev, off, dev->size - off, &e,
						 &z->err)))
			off += READ_LEN;
		else if (e.off != off || !e.len || e.len > dev->size - off)
			fuzz_fail("extent at %llu: %llu bytes at %llu of %llu",
				  (unsigned long long)off,
				  (unsigned long long)e.len,
				  (unsigned long long)e.off,
				  (unsigned long long)dev->size);
		else
			off += e.len;
	}
}

void fuzz_read_dev(struct fuzz *z, struct dw_dev *dev)
{
	uint8_t *buf = malloc(READ_LEN);
	uint64_t off = 0, step;

	walk_extents(z, dev);
	/* A large disk is read here and there, its end as well. */
	step = dw_max(READ_LEN, dev->size / READS_MAX);
	for (unsigned n = 0; n < READS_MAX && off < dev->size; n++) {
		fuzz_result(z, dw_dev_pread(dev, off, buf,
				(size_t)dw_min(READ_LEN, dev->size - off),
				&z->err));
		off += step;
	}
	if (dev->size)
		fuzz_result(z, dw_dev_pread(dev, dev->size - 1, buf, 1,
					    &z->err));
	free(buf);
}
