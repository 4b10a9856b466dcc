/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A RAID set as a device: raid0, 4, 5, 6 and 10.  Read-only; chunks of legs
 * that are lost are made from the others.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "dev/mapped.h"
#include "lvm/raid.h"

/* Lost bytes are made in pieces of this length, so that the memory for it
 * depends neither on the stripe nor on what is asked for. */
#define PIECE_LEN 32768u

struct raid_leg {
	struct dw_dev *data;	/* NULL: missing */
	uint64_t good_len;	/* what lies below is in sync */
};

struct raid_dev {
	struct dw_dev dev;
	struct dw_raid_layout layout;
	struct raid_leg legs[];
};

/* Some bytes of a row's legs, at the same place in each. */
struct row_part {
	struct dw_raid_row row;
	unsigned leg;		/* the one that is asked for */
	uint64_t off;
	uint64_t len;
};

static struct raid_dev *raid_of(struct dw_dev *dev)
{
	return (struct raid_dev *)dev;
}

static bool is_good(const struct raid_dev *r, unsigned leg, uint64_t off)
{
	return off < r->legs[leg].good_len;
}

/* How much of len bytes each leg has all of or nothing of: a leg may be in
 * sync up to some place. */
static uint64_t even_len(const struct raid_dev *r, uint64_t off, uint64_t len)
{
	unsigned i;

	for (i = 0; i < r->layout.legs_nr; i++)
		if (is_good(r, i, off))
			len = dw_min(len, r->legs[i].good_len - off);
	return len;
}

/* The part that begins at off of the volume, as its first good copy has it,
 * else its only one. */
static void find_part(const struct raid_dev *r, uint64_t off, uint64_t len,
		      struct row_part *out)
{
	uint32_t stripe_len = r->layout.stripe_len;
	uint64_t in_off = off % stripe_len;
	struct dw_raid_place place = { 0 };
	unsigned copy;

	for (copy = 0; copy < r->layout.copies; copy++) {
		place = dw_raid_find(&r->layout, off / stripe_len, copy);
		out->off = place.row * stripe_len + in_off;
		if (is_good(r, place.leg, out->off))
			break;
	}
	out->leg = place.leg;
	out->row = dw_raid_row(&r->layout, place.row);
	out->len = even_len(r, out->off, dw_min(len, stripe_len - in_off));
}

/* Where the bytes lie; those that lie nowhere are COMPRESSED: there is more
 * to it than reading. */
static int raid_map(struct dw_dev *dev, uint64_t off, uint64_t len,
		    struct dw_run *out, struct dw_err *err)
{
	struct raid_dev *r = raid_of(dev);
	struct row_part part;

	find_part(r, off, len, &part);
	*out = (struct dw_run){ .kind = DW_EXTENT_COMPRESSED, .len = part.len };
	if (!is_good(r, part.leg, part.off))
		return 0;
	out->kind = DW_EXTENT_DATA;
	out->dev = r->legs[part.leg].data;
	out->off = part.off;
	out->is_view = true;
	return 0;
}

/* ---- making what is lost ------------------------------------------------ */

/* Which sums give a lost chunk of data, and what else they lack. */
struct recipe {
	bool use_p, use_q;
	unsigned other;		/* with both sums: another lost leg with data */
};

/*
 * dw_raid_judge() saw to it that no more legs are lost than a row has parity,
 * so that one of the three ways is open.
 */
static struct recipe find_recipe(const struct raid_dev *r,
				 const struct row_part *part)
{
	const struct dw_raid_row *row = &part->row;
	unsigned nr = r->layout.legs_nr, i;
	struct recipe recipe = { .other = nr };

	for (i = 0; i < nr; i++)
		if (i != part->leg && i != row->p && i != row->q &&
		    !is_good(r, i, part->off))
			recipe.other = i;
	recipe.use_p = recipe.other < nr || is_good(r, row->p, part->off);
	recipe.use_q = recipe.other < nr || !recipe.use_p;
	return recipe;
}

static bool is_needed(const struct recipe *recipe, const struct row_part *part,
		      unsigned leg)
{
	if (leg == part->row.p)
		return recipe->use_p;
	if (leg == part->row.q)
		return recipe->use_q;
	return leg != part->leg && leg != recipe->other;
}

static enum dw_raid_role role_of(const struct dw_raid_row *row, unsigned leg)
{
	return leg == row->p ? DW_RAID_ROLE_P :
	       leg == row->q ? DW_RAID_ROLE_Q : DW_RAID_ROLE_DATA;
}

/* One piece.  'room' has three of them: two sums and what is read. */
static int make_piece(const struct raid_dev *r, const struct row_part *part,
		      uint8_t *room, uint8_t *out, struct dw_err *err)
{
	struct recipe recipe = find_recipe(r, part);
	const struct dw_raid_row *row = &part->row;
	uint8_t *buf = room + 2 * PIECE_LEN;
	struct dw_raid_sums sums = {
		.p = recipe.use_p ? room : NULL,
		.q = recipe.use_q ? room + PIECE_LEN : NULL,
	};
	unsigned i;
	int ret;

	memset(room, 0, 2 * PIECE_LEN);
	for (i = 0; i < r->layout.legs_nr; i++) {
		if (!is_needed(&recipe, part, i))
			continue;
		ret = dw_dev_pread(r->legs[i].data, part->off, buf, part->len,
				   err);
		if (ret)
			return ret;
		dw_raid_sums_add(&sums, role_of(row, i),
				 dw_raid_exponent(&r->layout, row, i), buf,
				 part->len);
	}
	dw_raid_solve(&sums, dw_raid_exponent(&r->layout, row, part->leg),
		      dw_raid_exponent(&r->layout, row, recipe.other), out,
		      part->len);
	return 0;
}

/* Reads a run that raid_map() found on no leg. */
static int raid_make(struct dw_dev *dev, uint64_t off,
		     const struct dw_run *run, void *buf, struct dw_err *err)
{
	struct raid_dev *r = raid_of(dev);
	uint64_t len = run->len;
	struct row_part part;
	uint8_t *room, *p = buf;
	int ret = 0;

	room = malloc(3 * (size_t)PIECE_LEN);
	if (!room)
		return dw_fail_nomem(err);
	for (; len && !ret; off += part.len, p += part.len, len -= part.len) {
		find_part(r, off, dw_min(len, PIECE_LEN), &part);
		ret = make_piece(r, &part, room, p, err);
	}
	free(room);
	return ret;
}

/* Zeros are made of zeros, and of nothing else for certain. */
static int made_extent(const struct raid_dev *r, const struct row_part *part,
		       struct dw_extent *out, struct dw_err *err)
{
	struct recipe recipe = find_recipe(r, part);
	uint64_t len = part->len;
	struct dw_extent e;
	unsigned i;
	int ret;

	out->kind = DW_EXTENT_UNMAPPED;
	for (i = 0; i < r->layout.legs_nr; i++) {
		if (!is_needed(&recipe, part, i))
			continue;
		ret = dw_dev_extent(r->legs[i].data, part->off, len, &e, err);
		if (ret)
			return ret;
		len = e.len;
		if (!dw_extent_is_hole(&e)) {
			out->kind = DW_EXTENT_DATA;
			break;
		}
	}
	out->len = len;
	return 0;
}

/* ---- the device --------------------------------------------------------- */

static int raid_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		      struct dw_err *err)
{
	return dw_mapped_pread(dev, raid_map, raid_make, off, buf, len, err);
}

static int raid_extent(struct dw_dev *dev, uint64_t off, uint64_t len,
		       struct dw_extent *out, struct dw_err *err)
{
	struct raid_dev *r = raid_of(dev);
	struct row_part part;

	find_part(r, off, len, &part);
	if (!is_good(r, part.leg, part.off))
		return made_extent(r, &part, out, err);
	return dw_mapped_extent(dev, raid_map, off, len, out, err);
}

static int raid_check_unchanged(struct dw_dev *dev, struct dw_err *err)
{
	struct raid_dev *r = raid_of(dev);
	int ret = 0;
	unsigned i;

	for (i = 0; i < r->layout.legs_nr && !ret; i++)
		if (r->legs[i].data)
			ret = dw_dev_check_unchanged(r->legs[i].data, err);
	return ret;
}

static int raid_close(struct dw_dev *dev, struct dw_err *err)
{
	struct raid_dev *r = raid_of(dev);
	int ret = 0, one;
	unsigned i;

	for (i = 0; i < r->layout.legs_nr; i++) {
		one = dw_dev_close(r->legs[i].data, ret ? NULL : err);
		if (!ret)
			ret = one;
	}
	return ret;
}

static const struct dw_dev_driver raid_driver = {
	.kind = "raid",
	.pread = raid_pread,
	.extent = raid_extent,
	.check_unchanged = raid_check_unchanged,
	.close = raid_close,
};

static uint32_t block_size(const struct dw_raid_set *set)
{
	uint32_t size = 512;
	size_t i;

	for (i = 0; i < set->legs_nr; i++)
		if (set->legs[i].data && set->legs[i].data->block_size > size)
			size = set->legs[i].data->block_size;
	return size;
}

static int new_rows(const char *name, const struct dw_raid_set *set,
		    const struct dw_raid_layout *l,
		    const struct dw_raid_leg_state *states,
		    struct dw_dev **out, struct dw_err *err)
{
	struct raid_dev *r;
	unsigned i;
	int ret;

	r = calloc(1, sizeof(*r) + l->legs_nr * sizeof(r->legs[0]));
	if (!r)
		return dw_fail_nomem(err);
	ret = dw_dev_init(&r->dev, &raid_driver, name, set->size,
			  block_size(set), true, err);
	if (ret) {
		free(r);
		return ret;
	}
	r->layout = *l;
	for (i = 0; i < l->legs_nr; i++) {
		if (set->legs[i].data)
			r->legs[i].data = dw_dev_ref(set->legs[i].data);
		r->legs[i].good_len = states[i].good_len;
	}
	*out = &r->dev;
	return 0;
}

int dw_raid_new(const char *name, const struct dw_raid_set *set,
		struct dw_dev **out, struct dw_err *err)
{
	struct dw_raid_leg_state states[DW_RAID_LEGS_MAX];
	struct dw_raid_layout l;
	int ret;

	*out = NULL;
	ret = dw_raid_layout_init(&l, set, err);
	if (!ret)
		ret = dw_raid_judge(set, &l, states, err);
	if (!ret && l.type->level == DW_RAID_1)
		ret = dw_raid1_new(name, set, states, out, err);
	else if (!ret)
		ret = new_rows(name, set, &l, states, out, err);
	return ret ? dw_err_prefix(err, ret, "%s", name) : 0;
}
