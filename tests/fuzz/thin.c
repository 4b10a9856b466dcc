/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Metadata of thin pools: their volumes, with and without an external origin,
 * and whatever trees and arrays there are.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fuzz.h"
#include "lvm/thin.h"
#include "pdata.h"

enum { READ, ORIGIN, TREES, MODES_NR };

/* The control's own bytes. */
enum {
	CTL_DEVICE = FUZZ_OWN,	/* the first device from this id on */
	CTL_SIZE,		/* of the volume: 64 KiB, times this */
	CTL_SIZE_BITS,		/* and shifted by this */
	CTL_TRANSACTION,
	CTL_PARENT,
};

#define BLOCK_LEN DW_PDATA_BLOCK_LEN
#define DATA_LEN (300u << 16)
#define DATA_BYTE 0xda
#define ORIGIN_LEN 1000000u
#define EXTENTS_MAX 200u
#define ROOTS_MAX 40u
#define KEYS_MAX 300u

static void fix(struct dw_dev *dev)
{
	fuzz_fix_pdata(dev, DW_PDATA_SALT_THIN_SUPER);
}

/* ---- volumes ------------------------------------------------------------ */

static int read_data(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		     struct dw_err *err)
{
	memset(buf, DATA_BYTE, len);
	return 0;
}

static const struct dw_dev_driver data_driver = {
	.kind = "data",
	.pread = read_data,
};

/* Without a zero, so that what is mapped shows. */
static struct dw_dev *data_new(uint64_t size)
{
	struct dw_dev *dev = calloc(1, sizeof(*dev));

	if (!dev || dw_dev_init(dev, &data_driver, "data", size, 512, true,
				NULL))
		fuzz_fail("no data device");
	return dev;
}

static struct dw_thin_params params_of(struct fuzz *z)
{
	struct dw_thin_params p = {
		.metadata = z->dev,
		.data = data_new(DATA_LEN),
		.device_id = z->ctl[CTL_DEVICE],
		.transaction_id = z->ctl[CTL_TRANSACTION],
		.parent_id = z->ctl[CTL_PARENT],
		.size = (uint64_t)(z->ctl[CTL_SIZE] + 1) << 16
			<< z->ctl[CTL_SIZE_BITS] % 40,
	};
	uint8_t block[BLOCK_LEN], details[24];
	struct dw_thin_super super;
	struct dw_pdata *pd;

	if (z->dev->size < BLOCK_LEN ||
	    dw_dev_pread(z->dev, 0, block, BLOCK_LEN, NULL))
		return p;
	dw_thin_super_decode(block, &super);
	p.chunk_len = super.chunk_sectors_nr * 512;
	if (dw_pdata_open(z->ctx, z->dev, "thin metadata", &pd, NULL))
		return p;
	dw_btree_next(pd, super.details_root_blk, &p.device_id, details,
		      sizeof(details), NULL);
	dw_pdata_close(pd);
	return p;
}

/* What an extent says is what is read at both of its ends. */
static void check_extents(struct fuzz *z, struct dw_dev *dev)
{
	struct dw_extent e;
	uint64_t off = 0;
	uint8_t ends[2];

	for (unsigned n = 0; n < EXTENTS_MAX && off < dev->size; n++) {
		if (dw_dev_extent(dev, off, dev->size - off, &e, NULL))
			return;
		off += e.len;
		if (dw_dev_pread(dev, e.off, ends, 1, NULL) ||
		    dw_dev_pread(dev, off - 1, ends + 1, 1, NULL)) {
			if (!z->ctl[FUZZ_FAULT])
				fuzz_fail("an extent that cannot be read");
			return;
		}
		for (int i = 0; i < 2; i++)
			if (ends[i] != (dw_extent_is_hole(&e) ? 0 : DATA_BYTE))
				fuzz_fail("kind %d reads as %02x", e.kind,
					  ends[i]);
	}
}

static void read_volume(struct fuzz *z)
{
	struct dw_thin_params params = params_of(z);
	struct dw_dev *dev;
	uint64_t len;

	if (z->mode == ORIGIN)
		params.external_origin = data_new(ORIGIN_LEN);
	if (!fuzz_result(z, dw_thin_used_len(z->ctx, &params, &len,
					     &z->err)) && len > params.size)
		fuzz_fail("%llu bytes used of %llu", (unsigned long long)len,
			  (unsigned long long)params.size);
	if (!fuzz_result(z, dw_thin_open(z->ctx, "volume", &params, &dev,
					 &z->err))) {
		fuzz_read_dev(z, dev);
		check_extents(z, dev);
		dw_dev_close(dev, NULL);
	}
	dw_dev_close(params.external_origin, NULL);
	dw_dev_close(params.data, NULL);
}

/* ---- trees -------------------------------------------------------------- */

struct walk {
	struct fuzz *z;
	struct dw_pdata *pd;
	uint64_t root_blk;
	size_t value_len;
	uint64_t nr;		/* keys so far */
	uint64_t last;
};

/* Both other ways lead to what the walk finds. */
static void find_again(struct walk *w, uint64_t key, const uint8_t *value)
{
	uint64_t from = w->nr ? w->last + 1 : 0;
	uint8_t again[24];
	int rc;

	rc = dw_btree_next(w->pd, w->root_blk, &from, again, w->value_len,
			   &w->z->err);
	if (fuzz_result(w->z, rc) == DW_NOENT ||
	    (!rc && (from != key || memcmp(again, value, w->value_len))))
		fuzz_fail("key %llu comes next, not %llu",
			  (unsigned long long)from, (unsigned long long)key);
	rc = dw_btree_lookup(w->pd, w->root_blk, key, again, w->value_len,
			     &w->z->err);
	if (fuzz_result(w->z, rc) == DW_NOENT ||
	    (!rc && memcmp(again, value, w->value_len)))
		fuzz_fail("key %llu has another value",
			  (unsigned long long)key);
}

static int see_key(void *arg, uint64_t key, const uint8_t *value,
		   struct dw_err *err)
{
	struct walk *w = arg;

	if (w->nr && key <= w->last)
		fuzz_fail("key %llu after %llu", (unsigned long long)key,
			  (unsigned long long)w->last);
	if (w->nr < KEYS_MAX)
		find_again(w, key, value);
	w->last = key;
	/* No block is met twice. */
	if (++w->nr > w->z->dev->size / 16)
		fuzz_fail("%llu keys", (unsigned long long)w->nr);
	return 0;
}

static int see_value(void *arg, uint64_t i, const uint8_t *value,
		     struct dw_err *err)
{
	uint64_t *nr = arg;

	if (i != (*nr)++)
		fuzz_fail("value %llu of an array is number %llu",
			  (unsigned long long)*nr, (unsigned long long)i);
	return 0;
}

static void walk_trees(struct fuzz *z)
{
	struct dw_pdata *pd;
	uint64_t root, nr;
	int rc;

	if (fuzz_result(z, dw_pdata_open(z->ctx, z->dev, "metadata", &pd,
					 &z->err)))
		return;
	for (root = 0; root < z->dev->size / BLOCK_LEN && root < ROOTS_MAX;
	     root++) {
		for (size_t len = 4; len <= 24; len += len == 4 ? 4 : 16) {
			struct walk w = {
				.z = z, .pd = pd, .root_blk = root,
				.value_len = len,
			};

			fuzz_result(z, dw_btree_walk(pd, root, len, see_key,
						     &w, &z->err));
			nr = 0;
			rc = dw_parray_walk(pd, root, z->ctl[CTL_SIZE] * 9u,
					    len, see_value, &nr, &z->err);
			fuzz_result(z, rc);
		}
	}
	dw_pdata_close(pd);
}

static void run(struct fuzz *z)
{
	if (z->mode == TREES)
		walk_trees(z);
	else
		read_volume(z);
}

const struct fuzz_target fuzz_target = {
	.name = "thin",
	.modes_nr = MODES_NR,
	.fix = fix,
	.run = run,
};
