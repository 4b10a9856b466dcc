/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The superblock of dm-raid: decoding, and whether it fits the text. */
#include <inttypes.h>

#include "base/bytes.h"
#include "lvm/raid.h"

#define MAGIC 0x64526d44u	/* "DmRd" */

/* Where the fields lie; those from FLAGS on are there with COMPAT_V190. */
enum {
	COMPAT = 4,
	LEGS_NR = 8,
	POSITION = 12,
	EVENTS = 16,
	FAILED = 24,
	RECOVERY = 32,
	RESYNC = 40,
	LEVEL = 48,
	LAYOUT = 52,
	STRIPE = 56,
	FLAGS = 60,
	DELTA_LEGS = 84,
	DATA = 96,
	FAILED_MORE = 120,
	INCOMPAT = 144,
};

#define COMPAT_V190 1u
#define FLAG_RESHAPE_ACTIVE 1u

static void decode_v190(const uint8_t *buf, struct dw_raid_super *out)
{
	unsigned i;

	out->flags = dw_le32(buf + FLAGS);
	out->delta_legs = dw_le32(buf + DELTA_LEGS);
	out->data_lba = dw_le64(buf + DATA);
	for (i = 1; i < DW_RAID_FAILED_WORDS; i++)
		out->failed[i] = dw_le64(buf + FAILED_MORE + 8 * (i - 1));
	out->incompat = dw_le32(buf + INCOMPAT);
}

int dw_raid_super_decode(const uint8_t buf[DW_RAID_SUPER_LEN],
			 struct dw_raid_super *out, struct dw_err *err)
{
	uint32_t magic = dw_le32(buf);

	*out = (struct dw_raid_super){ 0 };
	if (magic != MAGIC)
		return dw_fail(err, DW_NOT_MINE, "magic %08" PRIx32 " in place "
			       "of a RAID superblock's", magic);
	out->compat = dw_le32(buf + COMPAT);
	out->legs_nr = dw_le32(buf + LEGS_NR);
	out->position = dw_le32(buf + POSITION);
	out->events = dw_le64(buf + EVENTS);
	out->failed[0] = dw_le64(buf + FAILED);
	out->recovery_lba = dw_le64(buf + RECOVERY);
	out->resync_lba = dw_le64(buf + RESYNC);
	out->md_level = dw_le32(buf + LEVEL);
	out->md_layout = dw_le32(buf + LAYOUT);
	out->stripe_lba = dw_le32(buf + STRIPE);
	if (out->compat & COMPAT_V190)
		decode_v190(buf, out);
	return 0;
}

static int check_features(const struct dw_raid_super *super,
			  struct dw_err *err)
{
	if (super->compat & ~COMPAT_V190 || super->incompat)
		return dw_fail(err, DW_UNSUPPORTED,
			       "unknown features %" PRIx32 " and %" PRIx32,
			       super->compat, super->incompat);
	if (super->flags & FLAG_RESHAPE_ACTIVE || super->delta_legs)
		return dw_fail(err, DW_UNSUPPORTED,
			       "a reshape was not finished; only the kernel "
			       "can do that");
	if (super->data_lba)
		return dw_fail(err, DW_UNSUPPORTED,
			       "after a reshape data begins at sector %" PRIu64
			       " of each leg; 'lvconvert' without a layout "
			       "moves it back", super->data_lba);
	return 0;
}

/* raid10's layout tells its copies, near and (one) far. */
static uint32_t md_layout(const struct dw_raid_layout *l)
{
	return l->type->level == DW_RAID_10 ? 0x100 | l->copies
					    : l->type->md_layout;
}

static int check_layout(const struct dw_raid_super *super,
			const struct dw_raid_layout *l, struct dw_err *err)
{
	const char *name = dw_raid_type_name(super->md_level,
					     super->md_layout);

	if (super->md_level != l->type->md_level ||
	    super->md_layout != md_layout(l))
		return dw_fail(err, DW_UNSUPPORTED,
			       "the superblock has level %" PRIu32 " layout %"
			       PRIx32 " (%s), the volume group %s: a "
			       "conversion was not finished", super->md_level,
			       super->md_layout, name ? name : "unknown",
			       l->type->name);
	if (l->type->level != DW_RAID_1 &&
	    super->stripe_lba != l->stripe_len / 512)
		return dw_fail(err, DW_UNSUPPORTED,
			       "the superblock has stripes of %" PRIu32
			       " sectors, the volume group of %" PRIu32,
			       super->stripe_lba, l->stripe_len / 512);
	return 0;
}

/* Legs of raid1 are the same wherever they stand: the kernel lets them change
 * places, and their number, as LVM does when one is taken away. */
static int check_place(const struct dw_raid_super *super,
		       const struct dw_raid_layout *l, unsigned leg,
		       struct dw_err *err)
{
	if (super->position >= DW_RAID_LEGS_MAX ||
	    super->legs_nr > DW_RAID_LEGS_MAX)
		return dw_fail(err, DW_CORRUPT,
			       "the superblock is of leg %" PRIu32 " of %"
			       PRIu32, super->position, super->legs_nr);
	if (l->type->level == DW_RAID_1 ||
	    (super->position == leg && super->legs_nr == l->legs_nr))
		return 0;
	return dw_fail(err, DW_UNSUPPORTED,
		       "the superblock is of leg %" PRIu32 " of %" PRIu32
		       ", the volume group has it as %u of %u",
		       super->position, super->legs_nr, leg, l->legs_nr);
}

int dw_raid_super_check(const struct dw_raid_super *super,
			const struct dw_raid_layout *l, unsigned leg,
			struct dw_err *err)
{
	int ret = check_features(super, err);

	if (!ret)
		ret = check_layout(super, l, err);
	if (!ret)
		ret = check_place(super, l, leg, err);
	return ret ? dw_err_prefix(err, ret, "leg %u", leg) : 0;
}
