/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RAID: superblocks of members, sets of legs by dm-raid's superblocks, mirrors
 * by their logs. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "fuzz.h"
#include "lvm/raid.h"
#include "md/super.h"

enum { MEMBER, SET, MIRROR, MODES_NR };

/* The control's own bytes; 0 is a raid5_ls of four legs. */
enum {
	CTL_LEGS = FUZZ_OWN,
	CTL_TYPE,
	CTL_STRIPE,
	CTL_MISSING,		/* a bit for each leg */
	CTL_MORE,		/* bit 0: NOTSYNCED; from 1 on: copies */
};

#define LEGS_MAX 8u
#define EXTENTS_MAX 200u

static const char *const types[] = {
	"raid5_ls", "raid0", "raid1", "raid10", "raid4", "raid5_n", "raid5_la",
	"raid6_zr", "raid6_nr", "raid6_nc", "raid6_n_6", "raid6_ls_6",
	"raid6_ra_6", "raid5_ra", "raid5_rs", "raid6_la_6", "raid6_rs_6",
};

/* ---- checksums ---------------------------------------------------------- */

static void fix_sum(struct dw_dev *dev, uint64_t off)
{
	uint8_t buf[DW_MD_SUPER_LEN];
	uint32_t at, len = sizeof(buf), i;
	uint64_t sum = 0;

	if (!dw_in_range(off, sizeof(buf), dev->size) ||
	    dw_dev_pread(dev, off, buf, sizeof(buf), NULL) ||
	    dw_le32(buf) != DW_MD_MAGIC)
		return;
	at = dw_le32(buf + 4) ? 216 : 152;
	if (at == 216)
		len = (uint32_t)dw_min(256 + 2 * (uint64_t)dw_le32(buf + 220),
				       len);
	dw_put_le32(buf + at, 0);
	for (i = 0; i + 4 <= len; i += 4)
		sum += dw_le32(buf + i);
	if (i < len)
		sum += dw_le16(buf + i);
	dw_put_le32(buf + at, (uint32_t)(sum + (sum >> 32)));
	dw_dev_pwrite(dev, off, buf, sizeof(buf), NULL);
}

static void fix(struct dw_dev *dev)
{
	fix_sum(dev, 0);
	fix_sum(dev, 4096);
	if (dev->size >= 8192)
		fix_sum(dev, dw_round_down(dw_round_down(dev->size, 512) -
					   8192, 4096));
	if (dev->size >= 65536)
		fix_sum(dev, dw_round_down(dev->size, 65536) - 65536);
}

/* ---- members ------------------------------------------------------------ */

static void read_member(struct fuzz *z)
{
	struct dw_md_info info;
	struct dw_dev *content;

	if (fuzz_result(z, dw_md_read(z->dev, &info, &z->err)))
		return;
	if (info.is_complete != !info.why)
		fuzz_fail("complete, but %s", info.why);
	if (!dw_in_range(info.data_off, info.data_len, z->dev->size))
		fuzz_fail("data outside of its member");
	if (fuzz_result(z, dw_md_open(z->dev, &info, &content, &z->err)))
		return;
	fuzz_read_dev(z, content);
	dw_dev_close(content, NULL);
}

/* ---- sets --------------------------------------------------------------- */

/* A sector of metadata for each leg, then the legs, all of one length. */
static void cut_legs(struct fuzz *z, unsigned nr, struct dw_raid_leg *legs)
{
	uint64_t metas_len = (uint64_t)nr * DW_RAID_SUPER_LEN;
	uint64_t len = z->dev->size > metas_len ?
		       (z->dev->size - metas_len) / nr : 0;
	unsigned i;

	for (i = 0; i < nr; i++) {
		legs[i] = (struct dw_raid_leg){ 0 };
		if (z->ctl[CTL_MISSING] >> i & 1)
			continue;
		dw_window_new(z->dev, metas_len + i * len, len, "leg",
			      &legs[i].data, NULL);
		dw_window_new(z->dev, i * DW_RAID_SUPER_LEN, DW_RAID_SUPER_LEN,
			      "meta", &legs[i].meta, NULL);
	}
}

static void put_le32(struct dw_dev *dev, uint64_t off, uint32_t v)
{
	uint8_t bytes[4];

	dw_put_le32(bytes, v);
	dw_dev_pwrite(dev, off, bytes, sizeof(bytes), NULL);
}

/* What must be as the text says, to see what comes of the rest. */
static void agree(const struct dw_raid_set *set)
{
	struct dw_raid_layout l;
	struct dw_dev *meta;
	unsigned i;

	if (dw_raid_layout_init(&l, set, NULL))
		return;
	for (i = 0; i < set->legs_nr; i++) {
		meta = set->legs[i].meta;
		if (!meta)
			continue;
		put_le32(meta, 8, l.legs_nr);
		put_le32(meta, 12, i);
		put_le32(meta, 48, l.type->md_level);
		put_le32(meta, 52, l.type->level == DW_RAID_10 ?
				   0x100 | l.copies : l.type->md_layout);
		put_le32(meta, 56, l.stripe_len / 512);
	}
}

/* What is called a hole reads as zeros, at both of its ends. */
static void check_holes(struct fuzz *z, struct dw_dev *dev)
{
	struct dw_extent e;
	uint64_t off = 0;
	uint8_t ends[2] = { 0 };

	for (unsigned n = 0; n < EXTENTS_MAX && off < dev->size; n++) {
		if (dw_dev_extent(dev, off, dev->size - off, &e, NULL))
			return;
		off += e.len;
		if (!dw_extent_is_hole(&e))
			continue;
		if (dw_dev_pread(dev, e.off, ends, 1, NULL) ||
		    dw_dev_pread(dev, off - 1, ends + 1, 1, NULL))
			return;
		if (ends[0] || ends[1])
			fuzz_fail("a hole reads as %02x to %02x", ends[0],
				  ends[1]);
	}
}

static uint64_t size_of(const struct dw_raid_set *set)
{
	uint64_t len = 0, nr = set->legs_nr;
	struct dw_raid_layout l;
	unsigned i;

	for (i = 0; i < nr; i++)
		if (set->legs[i].data)
			len = set->legs[i].data->size;
	if (!set->stripe_len || dw_raid_layout_init(&l, set, NULL))
		return len;
	return dw_round_down(len, set->stripe_len) * (nr - l.parity_nr) /
	       l.copies;
}

static void read_set(struct fuzz *z)
{
	struct dw_raid_leg legs[LEGS_MAX];
	struct dw_raid_set set = {
		.type = types[z->ctl[CTL_TYPE] %
			      (sizeof(types) / sizeof(types[0]))],
		.legs = legs,
		.legs_nr = (z->ctl[CTL_LEGS] + 3u) % LEGS_MAX + 1,
		.is_notsynced = z->ctl[CTL_MORE] & 1,
		.data_copies = z->ctl[CTL_MORE] >> 1,
	};
	struct dw_dev *dev;
	unsigned i;

	if (strcmp(set.type, "raid1"))
		set.stripe_len = 512u << z->ctl[CTL_STRIPE] % 9;
	cut_legs(z, (unsigned)set.legs_nr, legs);
	if (z->ctl[FUZZ_FLAGS] & FUZZ_FIX)
		agree(&set);
	set.size = size_of(&set);
	if (!fuzz_result(z, dw_raid_new("set", &set, &dev, &z->err))) {
		fuzz_read_dev(z, dev);
		check_holes(z, dev);
		dw_dev_close(dev, NULL);
	}
	for (i = 0; i < set.legs_nr; i++) {
		dw_dev_close(legs[i].data, NULL);
		dw_dev_close(legs[i].meta, NULL);
	}
}

/* ---- mirrors ------------------------------------------------------------ */

/* The image is the log. */
static void read_mirror(struct fuzz *z)
{
	struct dw_dev *legs[2] = { NULL }, *dev;
	uint64_t size = (uint64_t)(z->ctl[CTL_LEGS] + 1) << 20;
	struct dw_mirror_params params = {
		.legs = legs, .legs_nr = 2, .log = z->dev,
		.region_len = z->ctl[CTL_STRIPE] * 512u,
		.is_notsynced = z->ctl[CTL_MORE] & 1,
	};

	if (dw_mem_new("leg", size, &legs[1], NULL))
		return;
	if (!fuzz_result(z, dw_mirror_new(z->ctx, "mirror", &params,
					  &dev, &z->err)))
		dw_dev_close(dev, NULL);
	dw_dev_close(legs[1], NULL);
}

static void run(struct fuzz *z)
{
	if (z->mode == MEMBER)
		read_member(z);
	else if (z->mode == SET)
		read_set(z);
	else
		read_mirror(z);
}

const struct fuzz_target fuzz_target = {
	.name = "md",
	.modes_nr = MODES_NR,
	.fix = fix,
	.run = run,
};
