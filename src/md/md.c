/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding the superblock of a member, and its content as a device. */
#include <inttypes.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "dev/kinds.h"
#include "md/super.h"

/* Where each version keeps its superblock. */
struct place {
	unsigned minor;
	uint64_t off;
};

#define PLACES_NR 4u
#define NO_PLACE UINT64_MAX

/* 0.90: the last whole 64 KiB but 64 KiB. */
static uint64_t place_0_90(uint64_t dev_len)
{
	uint64_t whole = dw_round_down(dev_len, 65536);

	return whole ? whole - 65536 : NO_PLACE;
}

/* 1.0: 8 KiB before the end, at a multiple of 4 KiB. */
static uint64_t place_1_0(uint64_t dev_len)
{
	uint64_t sectors = dw_round_down(dev_len, 512);

	return sectors >= 8192 ? dw_round_down(sectors - 8192, 4096)
			       : NO_PLACE;
}

static void find_places(uint64_t dev_len, struct place places[PLACES_NR])
{
	places[0] = (struct place){ 90, place_0_90(dev_len) };
	places[1] = (struct place){ 0, place_1_0(dev_len) };
	places[2] = (struct place){ 1, 0 };
	places[3] = (struct place){ 2, 4096 };
}

/* ---- whose superblock it is --------------------------------------------- */

#define MBR_LEN		512u
#define MBR_ENTRIES_OFF	446u
#define MBR_ENTRY_LEN	16u
#define MBR_ENTRIES_NR	4u

/* Whether the superblock lies in a partition that has room for all the array
 * uses in front of it.  p: an entry of the boot record. */
static bool is_of_partition(const uint8_t *p, uint32_t sector_len,
			    uint64_t super_off, uint64_t used_len)
{
	/* Both numbers of sectors have 32 bits. */
	uint64_t start_off = (uint64_t)dw_le32(p + 8) * sector_len;
	uint64_t len = (uint64_t)dw_le32(p + 12) * sector_len;

	return p[4] && start_off && start_off <= super_off &&
	       super_off - start_off < len &&
	       super_off - start_off >= used_len;
}

/*
 * A superblock of version 0.90 does not say where it belongs, and that of a
 * disk's last partition may lie where one of the disk would.  Inside a member
 * that is a whole disk, partitions end in front of the superblock.
 */
static int check_owner(struct dw_dev *dev, uint64_t super_off,
		       uint64_t used_len, struct dw_err *err)
{
	uint8_t buf[MBR_LEN];
	unsigned i;
	int ret;

	ret = dw_dev_pread(dev, 0, buf, sizeof(buf), err);
	if (ret || dw_le16(buf + 510) != 0xaa55)
		return ret;
	for (i = 0; i < MBR_ENTRIES_NR; i++)
		if (is_of_partition(buf + MBR_ENTRIES_OFF + i * MBR_ENTRY_LEN,
				    dev->block_size, super_off, used_len))
			return dw_fail(err, DW_NOT_MINE,
				       "md: the superblock at %" PRIu64
				       " is that of partition %u", super_off,
				       i + 1);
	return 0;
}

static int read_0_90(struct dw_dev *dev, const uint8_t *buf,
		     uint64_t super_off, struct dw_md_super *out,
		     struct dw_err *err)
{
	int ret = dw_md0_read(buf, super_off, out, err);

	return ret ? ret : check_owner(dev, super_off, out->used_len, err);
}

/* ---- reading ------------------------------------------------------------ */

static int read_place(struct dw_dev *dev, const struct place *place,
		      struct dw_md_super *out, struct dw_err *err)
{
	uint8_t buf[DW_MD_SUPER_LEN];
	int ret;

	if (!dw_in_range(place->off, sizeof(buf), dev->size))
		return dw_fail(err, DW_NOT_MINE, "md: %" PRIu64 " bytes",
			       dev->size);
	ret = dw_dev_pread(dev, place->off, buf, sizeof(buf), err);
	if (ret)
		return ret;
	if (place->minor == 90)
		return read_0_90(dev, buf, place->off, out, err);
	return dw_md1_read(buf, place->minor, place->off, dev->size, out, err);
}

/* A disk that was used before may have more than one superblock; what made the
 * last one did not care for the others.  A damaged one counts where there is
 * no other. */
int dw_md_read(struct dw_dev *dev, struct dw_md_info *out, struct dw_err *err)
{
	struct dw_md_super best = { 0 }, super;
	struct place places[PLACES_NR];
	struct dw_err first = { 0 };
	bool is_found = false;
	unsigned i;
	int ret;

	find_places(dev->size, places);
	for (i = 0; i < PLACES_NR; i++) {
		struct dw_err now = { 0 };

		ret = read_place(dev, &places[i], &super, &now);
		if (ret && ret != DW_NOT_MINE && ret != DW_CORRUPT) {
			if (err)
				*err = now;
			return ret;
		}
		if (ret == DW_CORRUPT && !first.code)
			first = now;
		if (ret || (is_found && super.created <= best.created))
			continue;
		best = super;
		is_found = true;
	}
	*out = best.info;
	if (is_found)
		return 0;
	if (!first.code)
		return dw_fail(err, DW_NOT_MINE, "md: no superblock");
	if (err)
		*err = first;
	return first.code;
}

/* ---- content ------------------------------------------------------------ */

struct level_name {
	char s[24];
};

static struct level_name level_name(int level)
{
	struct level_name name;

	if (level == -1)
		snprintf(name.s, sizeof(name.s), "linear");
	else if (level == -4)
		snprintf(name.s, sizeof(name.s), "multipath");
	else if (level == -5)
		snprintf(name.s, sizeof(name.s), "faulty");
	else if (level < 0)
		snprintf(name.s, sizeof(name.s), "level %d", level);
	else
		snprintf(name.s, sizeof(name.s), "raid%d", level);
	return name;
}

int dw_md_open(struct dw_dev *dev, const struct dw_md_info *info,
	       struct dw_dev **out, struct dw_err *err)
{
	int ret;

	*out = NULL;
	if (info->level != 1)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: a member of %s, of which only raid1 is "
			       "read", dev->name, level_name(info->level).s);
	if (!info->is_complete)
		return dw_fail(err, DW_UNSUPPORTED, "%s: the member %s",
			       dev->name, info->why);
	ret = dw_window_new_kind(dev, info->data_off, info->data_len,
				 dev->name, "md", out, err);
	if (!ret)
		(*out)->readonly = true;
	return ret;
}
