/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copy-on-write in memory.  A block is, in this order: what was written; a
 * redirection to another place of the device below; the device below.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "dev/blocks.h"
#include "dev/kinds.h"

struct overlay_dev {
	struct dw_dev dev;
	struct dw_dev *below;
	pthread_rwlock_t lock;
	uint32_t block_len;
	struct dw_blocks written;
	/* block -> 1 + the block of 'below' that is seen there */
	struct dw_radix redirects;
};

static struct overlay_dev *overlay_of(struct dw_dev *dev)
{
	return (struct overlay_dev *)dev;
}

/* Where below the block lies that is seen at blk. */
static uint64_t source_blk(const struct overlay_dev *o, uint64_t blk)
{
	uint64_t redirect = dw_radix_get(&o->redirects, blk);

	return redirect ? redirect - 1 : blk;
}

/*
 * How many bytes from off on, at most len, can be read below in one call:
 * until a block was written or its source is not the next one.
 */
static uint64_t run_below(const struct overlay_dev *o, uint64_t off,
			  uint64_t len)
{
	uint64_t blk = off / o->block_len, first = blk;
	uint64_t source = source_blk(o, blk);
	uint64_t end = off + len;

	do {
		blk++;
	} while (blk * o->block_len < end && !dw_blocks_get(&o->written, blk) &&
		 source_blk(o, blk) == source + (blk - first));
	return dw_min(blk * o->block_len, end) - off;
}

static int read_locked(struct overlay_dev *o, uint64_t off, uint8_t *p,
		       uint64_t len, struct dw_err *err)
{
	uint64_t blk, in, step;
	const uint8_t *data;
	int ret;

	for (; len; off += step, p += step, len -= step) {
		blk = off / o->block_len;
		in = off % o->block_len;
		data = dw_blocks_get(&o->written, blk);
		if (data) {
			step = dw_min(len, o->block_len - in);
			memcpy(p, data + in, step);
			continue;
		}
		step = run_below(o, off, len);
		ret = dw_dev_pread(o->below,
				   source_blk(o, blk) * o->block_len + in, p,
				   step, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int overlay_pread(struct dw_dev *dev, uint64_t off, void *buf,
			 size_t len, struct dw_err *err)
{
	struct overlay_dev *o = overlay_of(dev);
	int ret;

	pthread_rwlock_rdlock(&o->lock);
	ret = read_locked(o, off, buf, len, err);
	pthread_rwlock_unlock(&o->lock);
	return ret;
}

/* A block written in part keeps the rest of what was seen there.  The last
 * block of the device may be shorter than the others. */
static int make_block(struct overlay_dev *o, uint64_t blk, bool whole,
		      uint8_t **data, struct dw_err *err)
{
	uint64_t off = blk * o->block_len;
	uint64_t len = dw_min(o->block_len, o->dev.size - off);
	int ret;

	*data = dw_blocks_get(&o->written, blk);
	if (*data)
		return 0;
	ret = dw_blocks_make(&o->written, blk, data, err);
	if (ret || whole)
		return ret;
	ret = dw_dev_pread(o->below, source_blk(o, blk) * o->block_len, *data,
			   len, err);
	if (ret)
		dw_blocks_drop(&o->written, blk);
	return ret;
}

static int overlay_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
			  size_t len, struct dw_err *err)
{
	struct overlay_dev *o = overlay_of(dev);
	const uint8_t *p = buf;
	uint8_t *data;
	uint64_t in, step;
	int ret = 0;

	pthread_rwlock_wrlock(&o->lock);
	for (; len && !ret; off += step, p += step, len -= step) {
		in = off % o->block_len;
		step = dw_min(len, o->block_len - in);
		ret = make_block(o, off / o->block_len, step == o->block_len,
				 &data, err);
		if (!ret)
			memcpy(data + in, p, step);
	}
	pthread_rwlock_unlock(&o->lock);
	return ret;
}

/* The next block >= blk that differs from below, UINT64_MAX for none. */
static uint64_t next_changed(const struct overlay_dev *o, uint64_t blk)
{
	uint64_t written = dw_blocks_next(&o->written, blk);
	uint64_t redirected, value;

	if (dw_radix_next(&o->redirects, blk, &redirected, &value))
		return dw_min(written, redirected);
	return written;
}

static int extent_locked(struct overlay_dev *o, uint64_t off, uint64_t len,
			 struct dw_extent *out, struct dw_err *err)
{
	uint64_t blk = off / o->block_len, changed = next_changed(o, blk);
	int ret;

	if (changed == blk) {
		out->len = dw_min(len, (blk + 1) * o->block_len - off);
		return 0;
	}
	if (changed != UINT64_MAX)
		len = dw_min(len, changed * o->block_len - off);
	ret = dw_dev_extent(o->below, off, len, out, err);
	out->off = off;
	return ret;
}

static int overlay_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
			  struct dw_extent *out, struct dw_err *err)
{
	struct overlay_dev *o = overlay_of(dev);
	int ret;

	pthread_rwlock_rdlock(&o->lock);
	ret = extent_locked(o, off, len, out, err);
	pthread_rwlock_unlock(&o->lock);
	return ret;
}

static int overlay_close(struct dw_dev *dev, struct dw_err *err)
{
	struct overlay_dev *o = overlay_of(dev);

	dw_blocks_free(&o->written);
	dw_radix_free(&o->redirects);
	pthread_rwlock_destroy(&o->lock);
	return dw_dev_close(o->below, err);
}

static const struct dw_dev_driver overlay_driver = {
	.kind = "overlay",
	.pread = overlay_pread,
	.pwrite = overlay_pwrite,
	.extent = overlay_extent,
	.close = overlay_close,
};

int dw_overlay_new(struct dw_dev *below, uint32_t block_len, uint64_t cap_len,
		   struct dw_dev **out, struct dw_err *err)
{
	struct overlay_dev *o;
	int ret;

	*out = NULL;
	if (block_len < 512 || !dw_is_pow2(block_len))
		return dw_fail(err, DW_USAGE, "overlay: block of %u bytes",
			       block_len);
	o = calloc(1, sizeof(*o));
	if (!o)
		return dw_fail_nomem(err);
	ret = dw_dev_init(&o->dev, &overlay_driver, below->name, below->size,
			  below->block_size, false, err);
	if (ret) {
		free(o);
		return ret;
	}
	pthread_rwlock_init(&o->lock, NULL);
	o->below = dw_dev_ref(below);
	o->block_len = block_len;
	dw_blocks_init(&o->written, block_len, cap_len);
	*out = &o->dev;
	return 0;
}

int dw_overlay_redirect(struct dw_dev *overlay, uint64_t off, uint64_t from_off,
			uint64_t len, struct dw_err *err)
{
	struct overlay_dev *o = overlay_of(overlay);
	uint64_t blk, from, i;
	int ret = 0;

	if (overlay->driver != &overlay_driver)
		return dw_fail(err, DW_USAGE, "%s: not an overlay",
			       overlay->name);
	if (!dw_in_range(off, len, overlay->size) ||
	    !dw_in_range(from_off, len, o->below->size))
		return dw_fail(err, DW_RANGE,
			       "%s: redirection of %" PRIu64 " bytes from %"
			       PRIu64 " to %" PRIu64 " passes the end at %"
			       PRIu64, overlay->name, len, from_off, off,
			       overlay->size);
	if ((off | from_off | len) & (o->block_len - 1))
		return dw_fail(err, DW_USAGE,
			       "%s: redirection is not aligned to %u bytes",
			       overlay->name, o->block_len);
	blk = off / o->block_len;
	from = from_off / o->block_len;
	pthread_rwlock_wrlock(&o->lock);
	for (i = 0; i < len / o->block_len && !ret; i++) {
		dw_blocks_drop(&o->written, blk + i);
		ret = dw_radix_set(&o->redirects, blk + i, from + i + 1, err);
	}
	pthread_rwlock_unlock(&o->lock);
	return ret;
}

int dw_overlay_changed(struct dw_dev *overlay, dw_run_fn fn, void *arg,
		       struct dw_err *err)
{
	struct overlay_dev *o = overlay_of(overlay);
	uint64_t blk = 0, end, off, len;
	int ret = 0;

	if (overlay->driver != &overlay_driver)
		return dw_fail(err, DW_USAGE, "%s: not an overlay",
			       overlay->name);
	while (!ret && (blk = next_changed(o, blk)) != UINT64_MAX) {
		for (end = blk + 1; next_changed(o, end) == end; end++)
			;
		off = blk * o->block_len;
		len = dw_min(end * o->block_len, overlay->size) - off;
		ret = fn(arg, off, len, err);
		blk = end;
	}
	return ret;
}
