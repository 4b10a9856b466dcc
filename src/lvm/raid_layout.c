/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the chunks of a RAID set lie: pure geometry, after dm-raid's names. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "lvm/raid.h"

/* Layouts of raid10: the number of near copies, and one far copy. */
#define MD_RAID10_FAR_ONE 0x100u

/*
 * The numbers of a superblock are those of the kernel's md, for which raid4 is
 * a raid5 whose parity stays on the first leg.  raid10's layout depends on the
 * number of copies.  "raid5" and "raid6" are what LVM calls its defaults.
 */
static const struct dw_raid_type types[] = {
	{ "raid0", DW_RAID_0, 0, 0, 0, 0, 0 },
	{ "raid0_meta", DW_RAID_0, 0, 0, 0, 0, 0 },
	{ "raid1", DW_RAID_1, 1, 0, 0, 0, 0 },
	{ "raid10", DW_RAID_10, 10, 0, 0, 0, 0 },
	{ "raid10_near", DW_RAID_10, 10, 0, 0, 0, 0 },
	{ "raid4", DW_RAID_4, 5, 4, DW_RAID_P_FIRST, 0, false },
	{ "raid5_n", DW_RAID_5, 5, 5, DW_RAID_P_LAST, 0, false },
	{ "raid5_la", DW_RAID_5, 5, 0, DW_RAID_P_LEFT, 0, false },
	{ "raid5_ra", DW_RAID_5, 5, 1, DW_RAID_P_RIGHT, 0, false },
	{ "raid5_ls", DW_RAID_5, 5, 2, DW_RAID_P_LEFT, 0, true },
	{ "raid5_rs", DW_RAID_5, 5, 3, DW_RAID_P_RIGHT, 0, true },
	{ "raid5", DW_RAID_5, 5, 2, DW_RAID_P_LEFT, 0, true },
	{ "raid6_zr", DW_RAID_6, 6, 8, DW_RAID_P_RIGHT, DW_RAID_Q_BEHIND_P,
	  false },
	{ "raid6_nr", DW_RAID_6, 6, 9, DW_RAID_P_LEFT_NEXT,
	  DW_RAID_Q_BEHIND_P, false },
	{ "raid6_nc", DW_RAID_6, 6, 10, DW_RAID_P_LEFT, DW_RAID_Q_BEFORE_P,
	  true },
	{ "raid6_n_6", DW_RAID_6, 6, 5, DW_RAID_P_LAST, DW_RAID_Q_LAST,
	  false },
	{ "raid6_la_6", DW_RAID_6, 6, 16, DW_RAID_P_LEFT, DW_RAID_Q_LAST,
	  false },
	{ "raid6_ra_6", DW_RAID_6, 6, 17, DW_RAID_P_RIGHT, DW_RAID_Q_LAST,
	  false },
	{ "raid6_ls_6", DW_RAID_6, 6, 18, DW_RAID_P_LEFT, DW_RAID_Q_LAST,
	  true },
	{ "raid6_rs_6", DW_RAID_6, 6, 19, DW_RAID_P_RIGHT, DW_RAID_Q_LAST,
	  true },
	{ "raid6", DW_RAID_6, 6, 8, DW_RAID_P_RIGHT, DW_RAID_Q_BEHIND_P,
	  false },
};

#define TYPES_NR (sizeof(types) / sizeof(types[0]))

int dw_raid_type_find(const char *name, const struct dw_raid_type **out,
		      struct dw_err *err)
{
	size_t i;

	for (i = 0; i < TYPES_NR; i++) {
		*out = &types[i];
		if (!strcmp(types[i].name, name))
			return 0;
	}
	*out = NULL;
	return dw_fail(err, DW_UNSUPPORTED, "RAID of type \"%s\" is not read",
		       name);
}

const char *dw_raid_type_name(uint32_t md_level, uint32_t md_layout)
{
	size_t i;

	for (i = 0; i < TYPES_NR; i++)
		if (types[i].md_level == md_level &&
		    (types[i].md_layout == md_layout || md_level == 10))
			return types[i].name;
	return NULL;
}

static unsigned parity_nr(const struct dw_raid_type *type)
{
	return (type->p != DW_RAID_P_NONE) + (type->q != DW_RAID_Q_NONE);
}

/* Legs over which the chunks of a row are counted. */
static unsigned data_nr(const struct dw_raid_layout *l)
{
	return l->legs_nr - l->parity_nr;
}

static int check_numbers(const struct dw_raid_layout *l,
			 const struct dw_raid_set *set, struct dw_err *err)
{
	/* A raid6 of three legs is a mirror that the kernel does not start. */
	unsigned least_nr = l->parity_nr == 2 ? 4 : l->parity_nr + 1;

	if (set->legs_nr < least_nr || set->legs_nr > DW_RAID_LEGS_MAX)
		return dw_fail(err, DW_CORRUPT,
			       "%s of %zu legs; it has from %u to %u",
			       set->type, set->legs_nr, least_nr,
			       DW_RAID_LEGS_MAX);
	if (l->copies > l->legs_nr)
		return dw_fail(err, DW_CORRUPT, "%s of %u legs has %u copies",
			       set->type, l->legs_nr, l->copies);
	if (l->type->level != DW_RAID_1 &&
	    (set->stripe_len < 512 || !dw_is_pow2(set->stripe_len)))
		return dw_fail(err, DW_CORRUPT,
			       "%s with stripes of %" PRIu32 " bytes",
			       set->type, set->stripe_len);
	return 0;
}

/* What the last chunk needs; a row that is begun is needed in whole. */
static uint64_t leg_len(const struct dw_raid_layout *l, uint64_t size)
{
	/* Chunks have 512 bytes at least, and 253 copies at most. */
	uint64_t chunks_nr = dw_div_up(size, l->stripe_len) * l->copies;
	uint64_t rows_nr = dw_div_up(chunks_nr, data_nr(l));
	uint64_t len;

	return dw_mul(rows_nr, l->stripe_len, &len) ? len : UINT64_MAX;
}

int dw_raid_layout_init(struct dw_raid_layout *l,
			const struct dw_raid_set *set, struct dw_err *err)
{
	int ret;

	memset(l, 0, sizeof(*l));
	ret = dw_raid_type_find(set->type, &l->type, err);
	if (ret)
		return ret;
	l->legs_nr = (unsigned)dw_min(set->legs_nr, DW_RAID_LEGS_MAX + 1);
	l->parity_nr = parity_nr(l->type);
	l->stripe_len = set->stripe_len;
	l->copies = 1;
	if (l->type->level == DW_RAID_10)
		l->copies = set->data_copies ? set->data_copies : 2;
	ret = check_numbers(l, set, err);
	if (ret)
		return ret;
	l->leg_len = l->type->level == DW_RAID_1 ? set->size
						 : leg_len(l, set->size);
	return 0;
}

/* p moves over the first moving_nr legs. */
static unsigned find_p(enum dw_raid_p p, unsigned moving_nr, uint64_t row)
{
	unsigned last = moving_nr - 1;

	switch (p) {
	case DW_RAID_P_FIRST:
		return 0;
	case DW_RAID_P_LAST:
		return last;
	case DW_RAID_P_LEFT:
		return last - (unsigned)(row % moving_nr);
	case DW_RAID_P_LEFT_NEXT:
		return last - (unsigned)((row + 1) % moving_nr);
	case DW_RAID_P_RIGHT:
		return (unsigned)(row % moving_nr);
	case DW_RAID_P_NONE:
		break;
	}
	return 0;
}

/* Legs over which P and, with is_continued, data move. */
static unsigned moving_nr(const struct dw_raid_layout *l)
{
	return l->legs_nr - (l->type->q == DW_RAID_Q_LAST);
}

struct dw_raid_row dw_raid_row(const struct dw_raid_layout *l, uint64_t row)
{
	struct dw_raid_row r = { .p = l->legs_nr, .q = l->legs_nr };

	if (l->type->p == DW_RAID_P_NONE)
		return r;
	r.p = find_p(l->type->p, moving_nr(l), row);
	switch (l->type->q) {
	case DW_RAID_Q_LAST:
		r.q = l->legs_nr - 1;
		break;
	case DW_RAID_Q_BEHIND_P:
		r.q = (r.p + 1) % l->legs_nr;
		break;
	case DW_RAID_Q_BEFORE_P:
		r.q = (r.p + l->legs_nr - 1) % l->legs_nr;
		break;
	case DW_RAID_Q_NONE:
		break;
	}
	return r;
}

/* The leg of a row's n-th data chunk. */
static unsigned data_leg(const struct dw_raid_layout *l,
			 const struct dw_raid_row *row, unsigned n)
{
	if (l->type->is_continued)
		return (row->p + 1 + n) % moving_nr(l);
	/* Ascending, with P and Q left out. */
	if (n >= dw_min(row->p, row->q))
		n++;
	if (n >= dw_max(row->p, row->q))
		n++;
	return n;
}

struct dw_raid_place dw_raid_find(const struct dw_raid_layout *l,
				  uint64_t chunk, unsigned copy)
{
	/* Copies of raid10 follow each other like chunks of their own. */
	uint64_t slot = chunk * l->copies + copy;
	struct dw_raid_place place = { .row = slot / data_nr(l) };
	struct dw_raid_row row = dw_raid_row(l, place.row);

	place.leg = data_leg(l, &row, (unsigned)(slot % data_nr(l)));
	return place;
}

/*
 * Where Q moves, the kernel counts all legs of a row, P and Q as well; where it
 * stays on the last leg, those with data (raid6_idx_to_slot() and the "DDF"
 * layouts of its raid5.c).
 */
unsigned dw_raid_exponent(const struct dw_raid_layout *l,
			  const struct dw_raid_row *row, unsigned leg)
{
	return l->type->q == DW_RAID_Q_LAST && leg > row->p ? leg - 1 : leg;
}

bool dw_raid_has_data(const struct dw_raid_layout *l, unsigned leg)
{
	if (l->type->q == DW_RAID_Q_LAST && leg == l->legs_nr - 1)
		return false;
	if (l->type->p == DW_RAID_P_FIRST)
		return leg != 0;
	if (l->type->p == DW_RAID_P_LAST)
		return leg != moving_nr(l) - 1;
	return true;
}
