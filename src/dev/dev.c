/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dispatcher: every check that all devices share, made once. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "dev/dev.h"

int dw_dev_init(struct dw_dev *dev, const struct dw_dev_driver *driver,
		const char *name, uint64_t size, uint32_t block_size,
		bool readonly, struct dw_err *err)
{
	dev->driver = driver;
	dev->size = size;
	dev->block_size = block_size;
	dev->readonly = readonly;
	atomic_init(&dev->refs, 1);
	dev->name = strdup(name);
	return dev->name ? 0 : dw_fail_nomem(err);
}

struct dw_dev *dw_dev_ref(struct dw_dev *dev)
{
	atomic_fetch_add(&dev->refs, 1);
	return dev;
}

int dw_dev_close(struct dw_dev *dev, struct dw_err *err)
{
	int ret = 0;

	if (!dev || atomic_fetch_sub(&dev->refs, 1) > 1)
		return 0;
	if (dev->driver->close)
		ret = dev->driver->close(dev, err);
	free(dev->name);
	free(dev);
	return ret;
}

uint64_t dw_dev_size(const struct dw_dev *dev)
{
	return dev->size;
}

static int check_range(const struct dw_dev *dev, uint64_t off, uint64_t len,
		       const char *verb, struct dw_err *err)
{
	if (dw_in_range(off, len, dev->size))
		return 0;
	return dw_fail(err, DW_RANGE,
		       "%s: %s of %" PRIu64 " bytes at %" PRIu64
		       " passes the end at %" PRIu64,
		       dev->name, verb, len, off, dev->size);
}

static int check_writable(const struct dw_dev *dev, struct dw_err *err)
{
	if (!dev->readonly)
		return 0;
	return dw_fail(err, DW_READONLY, "%s: opened read-only", dev->name);
}

static int check_write(const struct dw_dev *dev, uint64_t off, uint64_t len,
		       const char *verb, struct dw_err *err)
{
	int ret = check_writable(dev, err);

	return ret ? ret : check_range(dev, off, len, verb, err);
}

static int refuse(const struct dw_dev *dev, const char *verb,
		  struct dw_err *err)
{
	return dw_fail(err, DW_UNSUPPORTED, "%s: a %s cannot %s", dev->name,
		       dev->driver->kind, verb);
}

int dw_dev_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		 struct dw_err *err)
{
	int ret = check_range(dev, off, len, "read", err);

	if (ret || !len)
		return ret;
	return dev->driver->pread(dev, off, buf, len, err);
}

int dw_dev_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
		  size_t len, struct dw_err *err)
{
	int ret = check_write(dev, off, len, "write", err);

	if (ret || !len)
		return ret;
	if (!dev->driver->pwrite)
		return refuse(dev, "be written", err);
	return dev->driver->pwrite(dev, off, buf, len, err);
}

static int write_zeros(struct dw_dev *dev, uint64_t off, uint64_t len,
		       struct dw_err *err)
{
	static const uint8_t zeros[65536];
	size_t step;
	int ret;

	for (; len; off += step, len -= step) {
		step = dw_min(len, sizeof(zeros));
		ret = dw_dev_pwrite(dev, off, zeros, step, err);
		if (ret)
			return ret;
	}
	return 0;
}

int dw_dev_zero(struct dw_dev *dev, uint64_t off, uint64_t len,
		struct dw_err *err)
{
	int ret = check_write(dev, off, len, "zeroing", err);

	if (ret || !len)
		return ret;
	if (!dev->driver->zero)
		return write_zeros(dev, off, len, err);
	return dev->driver->zero(dev, off, len, err);
}

int dw_dev_discard(struct dw_dev *dev, uint64_t off, uint64_t len,
		   struct dw_err *err)
{
	int ret = check_write(dev, off, len, "discard", err);

	if (ret || !len || !dev->driver->discard)
		return ret;
	return dev->driver->discard(dev, off, len, err);
}

int dw_dev_resize(struct dw_dev *dev, uint64_t size, struct dw_err *err)
{
	int ret = check_writable(dev, err);

	if (ret || size == dev->size)
		return ret;
	if (!dev->driver->resize)
		return refuse(dev, "be resized", err);
	return dev->driver->resize(dev, size, err);
}

int dw_dev_insert(struct dw_dev *dev, uint64_t off, uint64_t len,
		  struct dw_err *err)
{
	int ret = check_write(dev, off, 0, "insertion", err);

	if (ret || !len)
		return ret;
	if (!dev->driver->insert)
		return refuse(dev, "have bytes inserted", err);
	return dev->driver->insert(dev, off, len, err);
}

int dw_dev_flush(struct dw_dev *dev, struct dw_err *err)
{
	return dev->driver->flush ? dev->driver->flush(dev, err) : 0;
}

int dw_dev_check_unchanged(struct dw_dev *dev, struct dw_err *err)
{
	if (!dev->driver->check_unchanged)
		return 0;
	return dev->driver->check_unchanged(dev, err);
}

int dw_dev_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
		  struct dw_extent *out, struct dw_err *err)
{
	*out = (struct dw_extent){
		.off = off, .len = len, .kind = DW_EXTENT_DATA, .host_fd = -1,
	};
	if (!len || off >= dev->size)
		return check_range(dev, off, len ? len : 1, "extent", err);
	out->len = len = dw_min(len, dev->size - off);
	if (!dev->driver->extent)
		return 0;
	return dev->driver->extent(dev, off, len, out, err);
}
