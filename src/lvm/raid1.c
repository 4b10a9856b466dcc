/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * raid1 as a device: read from its first good leg, write-mostly ones last, and
 * written on all of them where none is lost.
 */
#include <stdlib.h>

#include "lvm/raid.h"

struct raid1_dev {
	struct dw_dev dev;
	unsigned legs_nr;
	struct dw_dev *legs[];	/* the good ones; the first is read.  Those
				 * that are write-mostly come last */
};

static struct raid1_dev *raid1_of(struct dw_dev *dev)
{
	return (struct raid1_dev *)dev;
}

/*
 * Always from the same leg.  The others may differ where nothing was written
 * since a set was created without synchronisation, or where the host went down
 * amid a write; reads in turn would show now one and now the other, and for
 * what was not synchronised yet the kernel reads the first as well.  Like the
 * kernel, it is the first that is not write-mostly, if there is one: a write
 * may be acknowledged before such a leg has it, and is missing there after a
 * crash.
 */
static int raid1_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		       struct dw_err *err)
{
	return dw_dev_pread(raid1_of(dev)->legs[0], off, buf, len, err);
}

static int raid1_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
			struct dw_extent *out, struct dw_err *err)
{
	return dw_dev_extent(raid1_of(dev)->legs[0], off, len, out, err);
}

/*
 * The superblocks and dm-raid's bitmap of regions that are being written stay
 * as they are.  The bitmap is how the kernel finds, after a crash, what legs
 * may differ in; here they differ between the writes of one call and after one
 * that failed, which is an error that names the leg.  In between everything is
 * as the kernel expects it of a set that was put away in order: legs equal, no
 * region marked.
 *
 * The leg that is read comes last: until the others have the new bytes, the
 * volume reads as before.
 */
static int raid1_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
			size_t len, struct dw_err *err)
{
	struct raid1_dev *r = raid1_of(dev);
	int ret = 0;
	unsigned i;

	for (i = r->legs_nr; i-- && !ret;)
		ret = dw_dev_pwrite(r->legs[i], off, buf, len, err);
	return ret;
}

static int raid1_zero(struct dw_dev *dev, uint64_t off, uint64_t len,
		      struct dw_err *err)
{
	struct raid1_dev *r = raid1_of(dev);
	int ret = 0;
	unsigned i;

	for (i = r->legs_nr; i-- && !ret;)
		ret = dw_dev_zero(r->legs[i], off, len, err);
	return ret;
}

/* All legs are tried: what one of them holds is worth having. */
static int raid1_flush(struct dw_dev *dev, struct dw_err *err)
{
	struct raid1_dev *r = raid1_of(dev);
	int ret = 0, one;
	unsigned i;

	for (i = r->legs_nr; i--;) {
		one = dw_dev_flush(r->legs[i], ret ? NULL : err);
		if (!ret)
			ret = one;
	}
	return ret;
}

static int raid1_check_unchanged(struct dw_dev *dev, struct dw_err *err)
{
	struct raid1_dev *r = raid1_of(dev);
	int ret = 0;
	unsigned i;

	for (i = 0; i < r->legs_nr && !ret; i++)
		ret = dw_dev_check_unchanged(r->legs[i], err);
	return ret;
}

static int raid1_close(struct dw_dev *dev, struct dw_err *err)
{
	struct raid1_dev *r = raid1_of(dev);
	int ret = 0, one;
	unsigned i;

	for (i = 0; i < r->legs_nr; i++) {
		one = dw_dev_close(r->legs[i], ret ? NULL : err);
		if (!ret)
			ret = one;
	}
	return ret;
}

/* There is no discard: what it leaves is the host's choice, and the legs may
 * lie on different ones. */
static const struct dw_dev_driver raid1_driver = {
	.kind = "raid1",
	.pread = raid1_pread,
	.pwrite = raid1_pwrite,
	.zero = raid1_zero,
	.flush = raid1_flush,
	.extent = raid1_extent,
	.check_unchanged = raid1_check_unchanged,
	.close = raid1_close,
};

/*
 * With a leg lost a write would have to be noted in the superblocks, for the
 * kernel to rebuild that leg when it is back.  Legs that are written behind may
 * lack what was acknowledged, and only the kernel's bitmap says where; where all
 * are write-mostly, none is there to put the others right by.  Neither set is
 * known to have been put away in order, and a write would make it look so.
 */
static bool is_readonly(const struct dw_raid_set *set,
			const struct dw_raid_leg_state *states)
{
	bool all_mostly = true;
	size_t i;

	for (i = 0; i < set->legs_nr; i++)
		all_mostly &= set->legs[i].is_writemostly;
	if (all_mostly || set->is_writebehind)
		return true;
	for (i = 0; i < set->legs_nr; i++)
		if (states[i].why || set->legs[i].data->readonly)
			return true;
	return false;
}

static void add_legs(struct raid1_dev *r, const struct dw_raid_set *set,
		     const struct dw_raid_leg_state *states,
		     bool is_writemostly)
{
	const struct dw_raid_leg *leg;
	size_t i;

	for (i = 0; i < set->legs_nr; i++) {
		leg = &set->legs[i];
		if (!states[i].why && leg->is_writemostly == is_writemostly)
			r->legs[r->legs_nr++] = leg->data;
	}
}

int dw_raid1_new(const char *name, const struct dw_raid_set *set,
		 const struct dw_raid_leg_state *states, struct dw_dev **out,
		 struct dw_err *err)
{
	uint32_t block_size = 512;
	struct raid1_dev *r;
	size_t i;
	int ret;

	r = calloc(1, sizeof(*r) + set->legs_nr * sizeof(r->legs[0]));
	if (!r)
		return dw_fail_nomem(err);
	add_legs(r, set, states, false);
	add_legs(r, set, states, true);
	for (i = 0; i < r->legs_nr; i++)
		if (r->legs[i]->block_size > block_size)
			block_size = r->legs[i]->block_size;
	ret = dw_dev_init(&r->dev, &raid1_driver, name, set->size, block_size,
			  is_readonly(set, states), err);
	if (ret) {
		free(r);
		return ret;
	}
	for (i = 0; i < r->legs_nr; i++)
		dw_dev_ref(r->legs[i]);
	*out = &r->dev;
	return 0;
}
