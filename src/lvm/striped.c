/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stripes: chunks that go round several devices. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/checked.h"
#include "lvm/targets.h"

struct striped_dev {
	struct dw_dev dev;
	uint32_t stripe_len;
	size_t legs_nr;
	struct dw_dev *legs[];
};

/* Where a run of bytes that lies within one chunk is. */
struct place {
	struct dw_dev *leg;
	uint64_t off, len;
};

static struct striped_dev *striped_of(struct dw_dev *dev)
{
	return (struct striped_dev *)dev;
}

static struct place find(struct striped_dev *s, uint64_t off, uint64_t len)
{
	uint64_t chunk = off / s->stripe_len;
	uint64_t in_off = off % s->stripe_len;

	return (struct place){
		.leg = s->legs[chunk % s->legs_nr],
		.off = chunk / s->legs_nr * s->stripe_len + in_off,
		.len = dw_min(len, s->stripe_len - in_off),
	};
}

static int striped_pread(struct dw_dev *dev, uint64_t off, void *buf,
			 size_t len, struct dw_err *err)
{
	struct place p;
	uint8_t *to = buf;
	int rc = 0;

	for (; !rc && len; off += p.len, to += p.len, len -= p.len) {
		p = find(striped_of(dev), off, len);
		rc = dw_dev_pread(p.leg, p.off, to, p.len, err);
	}
	return rc;
}

static int striped_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
			  size_t len, struct dw_err *err)
{
	const uint8_t *from = buf;
	struct place p;
	int rc = 0;

	for (; !rc && len; off += p.len, from += p.len, len -= p.len) {
		p = find(striped_of(dev), off, len);
		rc = dw_dev_pwrite(p.leg, p.off, from, p.len, err);
	}
	return rc;
}

static int for_chunks(struct dw_dev *dev, uint64_t off, uint64_t len,
		      int (*fn)(struct dw_dev *leg, uint64_t off, uint64_t len,
				struct dw_err *err), struct dw_err *err)
{
	struct place p;
	int rc = 0;

	for (; !rc && len; off += p.len, len -= p.len) {
		p = find(striped_of(dev), off, len);
		rc = fn(p.leg, p.off, p.len, err);
	}
	return rc;
}

static int striped_zero(struct dw_dev *dev, uint64_t off, uint64_t len,
			struct dw_err *err)
{
	return for_chunks(dev, off, len, dw_dev_zero, err);
}

static int striped_discard(struct dw_dev *dev, uint64_t off, uint64_t len,
			   struct dw_err *err)
{
	return for_chunks(dev, off, len, dw_dev_discard, err);
}

/* Calls fn for each leg, to the last one; the first error counts. */
static int for_legs(struct dw_dev *dev,
		    int (*fn)(struct dw_dev *leg, struct dw_err *err),
		    struct dw_err *err)
{
	struct striped_dev *s = striped_of(dev);
	int rc = 0, one;
	size_t i;

	for (i = 0; i < s->legs_nr; i++) {
		one = fn(s->legs[i], rc ? NULL : err);
		if (!rc)
			rc = one;
	}
	return rc;
}

static int striped_flush(struct dw_dev *dev, struct dw_err *err)
{
	return for_legs(dev, dw_dev_flush, err);
}

static int striped_check_unchanged(struct dw_dev *dev, struct dw_err *err)
{
	return for_legs(dev, dw_dev_check_unchanged, err);
}

static int striped_close(struct dw_dev *dev, struct dw_err *err)
{
	return for_legs(dev, dw_dev_close, err);
}

/* A run ends with its chunk: what follows lies in another file, or elsewhere
 * in it. */
static int striped_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
			  struct dw_extent *out, struct dw_err *err)
{
	struct place p = find(striped_of(dev), off, len);
	int rc = dw_dev_extent(p.leg, p.off, p.len, out, err);

	out->off = off;
	return rc;
}

static const struct dw_dev_driver striped_driver = {
	.kind = "striped",
	.pread = striped_pread,
	.pwrite = striped_pwrite,
	.zero = striped_zero,
	.discard = striped_discard,
	.flush = striped_flush,
	.extent = striped_extent,
	.check_unchanged = striped_check_unchanged,
	.close = striped_close,
};

/* Each leg holds all rows, the last one included. */
static int check_legs(const char *name, struct dw_dev *const *legs,
		      size_t legs_nr, uint32_t stripe_len, uint64_t size,
		      struct dw_err *err)
{
	uint64_t row_len, rows_nr;
	size_t i;

	if (!legs_nr || !stripe_len || !dw_mul(legs_nr, stripe_len, &row_len))
		return dw_fail(err, DW_CORRUPT,
			       "%s: %zu stripes in chunks of %" PRIu32
			       " bytes", name, legs_nr, stripe_len);
	rows_nr = dw_div_up(size, row_len);
	for (i = 0; i < legs_nr; i++)
		if (legs[i]->size / stripe_len < rows_nr)
			return dw_fail(err, DW_CORRUPT,
				       "%s: stripe %zu has %" PRIu64
				       " bytes, and %" PRIu64 " chunks of %"
				       PRIu32 " are needed", name, i + 1,
				       legs[i]->size, rows_nr, stripe_len);
	return 0;
}

int dw_striped_new(const char *name, struct dw_dev *const *legs,
		   size_t legs_nr, uint32_t stripe_len, uint64_t size,
		   struct dw_dev **out, struct dw_err *err)
{
	uint32_t block_size = 512;
	struct striped_dev *s;
	bool readonly = false;
	size_t i;
	int rc;

	*out = NULL;
	rc = check_legs(name, legs, legs_nr, stripe_len, size, err);
	if (rc)
		return rc;
	s = calloc(1, sizeof(*s) + legs_nr * sizeof(s->legs[0]));
	if (!s)
		return dw_fail_nomem(err);
	for (i = 0; i < legs_nr; i++) {
		readonly |= legs[i]->readonly;
		block_size = dw_max(block_size, legs[i]->block_size);
	}
	rc = dw_dev_init(&s->dev, &striped_driver, name, size, block_size,
			 readonly, err);
	if (rc) {
		free(s);
		return rc;
	}
	s->stripe_len = stripe_len;
	for (i = 0; i < legs_nr; i++)
		s->legs[s->legs_nr++] = dw_dev_ref(legs[i]);
	*out = &s->dev;
	return 0;
}
