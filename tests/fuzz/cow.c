/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots: the image is the exception store, the origin a plain device. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "fuzz.h"
#include "lvm/targets.h"

enum { OPEN, MERGING, MODES_NR };

#define ORIGIN_UNIT	3584u	/* so that chunks end in the middle */
#define COMPARE_LEN	(256u << 10)

static struct dw_dev *make_origin(const struct fuzz *z)
{
	uint64_t len = (256u - z->ctl[FUZZ_OWN]) * ORIGIN_UNIT;
	struct dw_dev *origin;

	if (dw_mem_new("origin", len, &origin, NULL))
		fuzz_fail("no origin");
	for (uint64_t off = 0; off < len; off += 4096)
		dw_dev_pwrite(origin, off, &off, dw_min(8, len - off), NULL);
	return origin;
}

/* One read of it all gives what reads by extents do. */
static void compare_extents(struct fuzz *z, struct dw_dev *dev)
{
	uint64_t len = dw_min(dev->size, COMPARE_LEN), off;
	uint8_t *whole = calloc(1, len), *part = malloc(len);
	struct dw_extent e;
	int rc = dw_dev_pread(dev, 0, whole, len, &z->err);

	for (off = 0; !rc && off < len; off += e.len) {
		rc = dw_dev_extent(dev, off, len - off, &e, &z->err);
		if (rc)
			break;
		memset(part, 0, e.len);
		if (!dw_extent_is_hole(&e))
			rc = dw_dev_pread(dev, off, part, e.len, &z->err);
		if (!rc && memcmp(part, whole + off, e.len))
			fuzz_fail("the extent at %llu reads otherwise",
				  (unsigned long long)off);
	}
	fuzz_result(z, rc);
	free(whole);
	free(part);
}

static void run(struct fuzz *z)
{
	struct dw_dev *origin = make_origin(z), *dev;
	uint64_t used_len;
	int rc;

	rc = fuzz_result(z, dw_cow_used_len(z->ctx, z->dev, &used_len,
					    &z->err));
	if (!rc && used_len > z->dev->size)
		fuzz_fail("%llu bytes used of %llu",
			  (unsigned long long)used_len,
			  (unsigned long long)z->dev->size);
	rc = z->mode == MERGING ?
	     dw_cow_open_merging(z->ctx, "input", origin, z->dev, &dev,
				 &z->err) :
	     dw_cow_open(z->ctx, "input", origin, z->dev, &dev, &z->err);
	if (!fuzz_result(z, rc)) {
		if (dev->size != origin->size)
			fuzz_fail("%llu bytes of %llu",
				  (unsigned long long)dev->size,
				  (unsigned long long)origin->size);
		fuzz_read_dev(z, dev);
		compare_extents(z, dev);
		dw_dev_close(dev, NULL);
	}
	dw_dev_close(origin, NULL);
}

const struct fuzz_target fuzz_target = {
	.name = "cow",
	.modes_nr = MODES_NR,
	.run = run,
};
