/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the RAID targets share: where a chunk lies, how one that is lost comes
 * back, what dm-raid's superblocks say. */
#ifndef DW_LVM_RAID_H
#define DW_LVM_RAID_H

#include "lvm/targets.h"

/* Of dm-raid: what an array may have at most. */
#define DW_RAID_LEGS_MAX 253u

/* ---- geometry (raid_layout.c) ------------------------------------------- */

/* Where a row has P.  It moves over all legs, or all but the last where that
 * always has Q. */
enum dw_raid_p {
	DW_RAID_P_NONE,
	DW_RAID_P_FIRST,
	DW_RAID_P_LAST,
	DW_RAID_P_LEFT,		/* from the last leg down */
	DW_RAID_P_LEFT_NEXT,	/* the same, as if a row were in front */
	DW_RAID_P_RIGHT,	/* from the first leg up */
};

enum dw_raid_q {
	DW_RAID_Q_NONE,
	DW_RAID_Q_LAST,
	DW_RAID_Q_BEHIND_P,
	DW_RAID_Q_BEFORE_P,
};

/* One of LVM's names. */
struct dw_raid_type {
	const char *name;
	enum dw_raid_level level;
	uint32_t md_level;	/* as the superblock has them */
	uint32_t md_layout;
	enum dw_raid_p p;
	enum dw_raid_q q;
	bool is_continued;	/* data goes on behind the parity, and wraps;
				 * else it begins at leg 0 in each row */
};

struct dw_raid_layout {
	const struct dw_raid_type *type;
	unsigned legs_nr;
	unsigned parity_nr;	/* legs of a row without data: 0, 1, 2 */
	unsigned copies;	/* of each chunk; 1 but for raid10 */
	uint32_t stripe_len;
	uint64_t leg_len;	/* what the volume needs of each leg */
};

/* The parity of a row; legs_nr stands for none. */
struct dw_raid_row {
	unsigned p, q;
};

struct dw_raid_place {
	unsigned leg;
	uint64_t row;
};

/* DW_UNSUPPORTED for a name that is not handled, with the name. */
int dw_raid_type_find(const char *name, const struct dw_raid_type **out,
		      struct dw_err *err);
/* The name that a superblock's numbers stand for; NULL: none of ours. */
const char *dw_raid_type_name(uint32_t md_level, uint32_t md_layout);

/* Checks the numbers of a set, and makes a layout of them. */
int dw_raid_layout_init(struct dw_raid_layout *l,
			const struct dw_raid_set *set, struct dw_err *err);

struct dw_raid_row dw_raid_row(const struct dw_raid_layout *l, uint64_t row);
/* Where copy 'copy' (below l->copies) of a chunk of the volume lies. */
struct dw_raid_place dw_raid_find(const struct dw_raid_layout *l,
				  uint64_t chunk, unsigned copy);
/* Which power of two a leg's bytes are multiplied by in Q. */
unsigned dw_raid_exponent(const struct dw_raid_layout *l,
			  const struct dw_raid_row *row, unsigned leg);
/* Whether a leg has data in some row; one of parity alone has none. */
bool dw_raid_has_data(const struct dw_raid_layout *l, unsigned leg);

/* ---- parity (raid_parity.c) --------------------------------------------- */

/*
 * The sums of the legs that are there: p of data and P, q of data times its
 * power of two, and Q.  Over all legs both are 0, so that what they are is
 * what the lost ones would add.  NULL where a sum is not asked for.
 */
struct dw_raid_sums {
	uint8_t *p, *q;
};

/* What a leg is in a row. */
enum dw_raid_role { DW_RAID_ROLE_DATA, DW_RAID_ROLE_P, DW_RAID_ROLE_Q };

void dw_raid_sums_add(const struct dw_raid_sums *s, enum dw_raid_role role,
		      unsigned exponent, const uint8_t *src, size_t len);

/*
 * The bytes of the lost data leg with exponent x.  With both sums another
 * data leg is lost, that of exponent y, else y does not matter.  Changes the
 * sums.
 */
void dw_raid_solve(const struct dw_raid_sums *s, unsigned x, unsigned y,
		   uint8_t *out, size_t len);

/* ---- which legs can be read (raid_super.c, raid_state.c) ---------------- */

/* The superblock at the start of a leg's metadata volume. */
#define DW_RAID_SUPER_LEN 512u
#define DW_RAID_FAILED_WORDS 4u

struct dw_raid_super {
	uint32_t compat;
	uint32_t legs_nr;
	uint32_t position;
	uint64_t events;
	uint64_t failed[DW_RAID_FAILED_WORDS];	/* a bit for each position */
	uint64_t recovery_lba;	/* the leg is in sync below */
	uint64_t resync_lba;	/* parity and copies are, in each leg */
	uint32_t md_level;
	uint32_t md_layout;
	uint32_t stripe_lba;
	/* 0 in superblocks from before they could be reshaped. */
	uint32_t flags;
	uint32_t delta_legs;
	uint64_t data_lba;
	uint32_t incompat;
};

/* DW_NOT_MINE without the magic. */
int dw_raid_super_decode(const uint8_t buf[DW_RAID_SUPER_LEN],
			 struct dw_raid_super *out, struct dw_err *err);
/* Whether a superblock says what the volume group's text says. */
int dw_raid_super_check(const struct dw_raid_super *super,
			const struct dw_raid_layout *l, unsigned leg,
			struct dw_err *err);

/* What is to be read of a leg. */
struct dw_raid_leg_state {
	uint64_t good_len;	/* bytes from its start; UINT64_MAX: all */
	const char *why;	/* not all: "is missing", "failed" ... */
};

/*
 * Judges each leg by what is there and what the superblocks say; 'states' has
 * l->legs_nr entries.  DW_NOENT: too few legs; DW_UNSUPPORTED: legs are lost
 * and the parity cannot be relied on.
 */
int dw_raid_judge(const struct dw_raid_set *set,
		  const struct dw_raid_layout *l,
		  struct dw_raid_leg_state *states, struct dw_err *err);

/* ---- devices ------------------------------------------------------------ */

/* raid1.c */
int dw_raid1_new(const char *name, const struct dw_raid_set *set,
		 const struct dw_raid_leg_state *states, struct dw_dev **out,
		 struct dw_err *err);

#endif
