/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device of which some chunks are read from another one. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/checked.h"
#include "dev/mapped.h"
#include "lvm/chunkmap.h"

struct chunkmap_dev {
	struct dw_dev dev;
	struct dw_dev_driver driver;	/* with a kind of its own */
	struct dw_dev *base, *store;
	uint32_t chunk_len;
	struct dw_chunkmap map;
};

static struct chunkmap_dev *chunkmap_of(struct dw_dev *dev)
{
	return (struct chunkmap_dev *)dev;
}

/* Neither product overflows: runs lie within devices, and those end where a
 * chunk more is still a number, which dw_chunkmap_dev_take() has seen to. */
static int map(struct dw_dev *dev, uint64_t off, uint64_t len,
	       struct dw_run *out, struct dw_err *err)
{
	struct chunkmap_dev *c = chunkmap_of(dev);
	uint64_t chunk = off / c->chunk_len, in = off % c->chunk_len;
	const struct dw_chunk_run *run = dw_chunkmap_find(&c->map, chunk);

	*out = (struct dw_run){
		.kind = DW_EXTENT_DATA, .len = len, .dev = c->base, .off = off,
		.is_view = true,
	};
	if (!run)
		return 0;
	if (chunk < run->from) {
		out->len = dw_min(len, run->from * c->chunk_len - off);
		return 0;
	}
	chunk -= run->from;
	out->len = dw_min(len, (run->nr - chunk) * c->chunk_len - in);
	out->dev = c->store;
	out->off = (run->to + chunk) * c->chunk_len + in;
	return 0;
}

static int chunkmap_pread(struct dw_dev *dev, uint64_t off, void *buf,
			  size_t len, struct dw_err *err)
{
	return dw_mapped_pread(dev, map, NULL, off, buf, len, err);
}

static int chunkmap_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
			   struct dw_extent *out, struct dw_err *err)
{
	return dw_mapped_extent(dev, map, off, len, out, err);
}

static int chunkmap_check_unchanged(struct dw_dev *dev, struct dw_err *err)
{
	struct chunkmap_dev *c = chunkmap_of(dev);
	int rc = dw_dev_check_unchanged(c->base, err);

	return rc ? rc : dw_dev_check_unchanged(c->store, err);
}

static int chunkmap_close(struct dw_dev *dev, struct dw_err *err)
{
	struct chunkmap_dev *c = chunkmap_of(dev);
	int rc = dw_dev_close(c->base, err);
	int store_rc = dw_dev_close(c->store, rc ? NULL : err);

	dw_chunkmap_free(&c->map);
	return rc ? rc : store_rc;
}

static const struct dw_dev_driver chunkmap_driver = {
	.pread = chunkmap_pread,
	.extent = chunkmap_extent,
	.check_unchanged = chunkmap_check_unchanged,
	.close = chunkmap_close,
};

static int check_size(const struct dw_dev *dev, struct dw_err *err)
{
	if (dev->size <= INT64_MAX)
		return 0;
	return dw_fail(err, DW_CORRUPT, "%s: %" PRIu64 " bytes are more than a "
		       "device can have", dev->name, dev->size);
}

int dw_chunkmap_dev_take(const char *name, const char *kind,
			 struct dw_dev *base, struct dw_dev *store,
			 uint32_t chunk_len, struct dw_chunkmap *list,
			 struct dw_dev **out, struct dw_err *err)
{
	struct chunkmap_dev *c = calloc(1, sizeof(*c));
	int rc = c ? 0 : dw_fail_nomem(err);

	*out = NULL;
	if (!rc)
		rc = check_size(base, err);
	if (!rc)
		rc = check_size(store, err);
	if (!rc) {
		c->driver = chunkmap_driver;
		c->driver.kind = kind;
		rc = dw_dev_init(&c->dev, &c->driver, name, base->size,
				 base->block_size, true, err);
	}
	if (rc) {
		dw_chunkmap_free(list);
		free(c);
		return rc;
	}
	c->base = dw_dev_ref(base);
	c->store = dw_dev_ref(store);
	c->chunk_len = chunk_len;
	c->map = *list;
	*list = (struct dw_chunkmap){ 0 };
	*out = &c->dev;
	return 0;
}
