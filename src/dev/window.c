/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A part of another device: a partition, a volume's area. */
#include <stdlib.h>

#include "base/checked.h"
#include "dev/kinds.h"

struct window_dev {
	struct dw_dev dev;
	struct dw_dev_driver driver;	/* with a kind of its own */
	struct dw_dev *below;
	uint64_t start_off;
};

static struct window_dev *window_of(struct dw_dev *dev)
{
	return (struct window_dev *)dev;
}

static int window_pread(struct dw_dev *dev, uint64_t off, void *buf,
			size_t len, struct dw_err *err)
{
	struct window_dev *w = window_of(dev);

	return dw_dev_pread(w->below, w->start_off + off, buf, len, err);
}

static int window_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
			 size_t len, struct dw_err *err)
{
	struct window_dev *w = window_of(dev);

	return dw_dev_pwrite(w->below, w->start_off + off, buf, len, err);
}

static int window_zero(struct dw_dev *dev, uint64_t off, uint64_t len,
		       struct dw_err *err)
{
	struct window_dev *w = window_of(dev);

	return dw_dev_zero(w->below, w->start_off + off, len, err);
}

static int window_discard(struct dw_dev *dev, uint64_t off, uint64_t len,
			  struct dw_err *err)
{
	struct window_dev *w = window_of(dev);

	return dw_dev_discard(w->below, w->start_off + off, len, err);
}

static int window_flush(struct dw_dev *dev, struct dw_err *err)
{
	return dw_dev_flush(window_of(dev)->below, err);
}

static int window_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
			 struct dw_extent *out, struct dw_err *err)
{
	struct window_dev *w = window_of(dev);
	int ret = dw_dev_extent(w->below, w->start_off + off, len, out, err);

	out->off = off;
	return ret;
}

static int window_check_unchanged(struct dw_dev *dev, struct dw_err *err)
{
	return dw_dev_check_unchanged(window_of(dev)->below, err);
}

static int window_close(struct dw_dev *dev, struct dw_err *err)
{
	return dw_dev_close(window_of(dev)->below, err);
}

static const struct dw_dev_driver window_driver = {
	.pread = window_pread,
	.pwrite = window_pwrite,
	.zero = window_zero,
	.discard = window_discard,
	.flush = window_flush,
	.extent = window_extent,
	.check_unchanged = window_check_unchanged,
	.close = window_close,
};

int dw_window_new_kind(struct dw_dev *below, uint64_t off, uint64_t len,
		       const char *name, const char *kind, struct dw_dev **out,
		       struct dw_err *err)
{
	struct window_dev *w;
	int ret;

	*out = NULL;
	if (!dw_in_range(off, len, below->size))
		return dw_fail(err, DW_RANGE,
			       "%s: %llu bytes at %llu pass the end of %s at "
			       "%llu", name, (unsigned long long)len,
			       (unsigned long long)off, below->name,
			       (unsigned long long)below->size);
	w = calloc(1, sizeof(*w));
	if (!w)
		return dw_fail_nomem(err);
	w->driver = window_driver;
	w->driver.kind = kind;
	ret = dw_dev_init(&w->dev, &w->driver, name, len,
			  below->block_size, below->readonly, err);
	if (ret) {
		free(w);
		return ret;
	}
	w->below = dw_dev_ref(below);
	w->start_off = off;
	*out = &w->dev;
	return 0;
}

int dw_window_new(struct dw_dev *below, uint64_t off, uint64_t len,
		  const char *name, struct dw_dev **out, struct dw_err *err)
{
	return dw_window_new_kind(below, off, len, name, "window", out, err);
}

struct dw_dev *dw_window_below(struct dw_dev *dev)
{
	return dev->driver->pread == window_pread ? window_of(dev)->below :
		NULL;
}
