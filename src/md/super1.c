/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The superblock of versions 1.0, 1.1 and 1.2, which differ in its place. */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/span.h"
#include "md/super.h"

/* Where the fields lie, in little endian. */
enum {
	MAGIC = 0,
	MAJOR = 4,
	FEATURES = 8,
	UUID = 16,
	NAME = 32,		/* 32 bytes */
	CTIME = 64,		/* 40 bits of seconds */
	LEVEL = 72,
	SIZE = 80,
	MEMBERS_NR = 92,
	DATA = 128,
	DATA_SIZE = 136,
	SUPER = 144,
	RECOVERY = 152,
	THIS_NR = 160,
	EVENTS = 200,
	RESYNC = 208,
	SUM = 216,
	ROLES_NR = 220,
	ROLES = 256,		/* two bytes for each member there ever was */
};

#define NAME_LEN 32u
#define SECONDS_MASK ((UINT64_C(1) << 40) - 1)
#define ROLES_MAX ((DW_MD_SUPER_LEN - ROLES) / 2)

#define ROLE_SPARE 0xffffu
#define ROLE_FAILED 0xfffeu
#define ROLE_JOURNAL 0xfffdu

#define FEATURE_RECOVERY 0x2u
#define FEATURE_RESHAPE 0x4u
#define FEATURE_BAD_BLOCKS 0x8u
#define FEATURE_NEW_OFFSET 0x40u
/* Those and what changes nothing for a reader of raid1: bitmaps, a replacement
 * for a member, clusters, journals and partial parity, raid0's layout. */
#define FEATURES_KNOWN 0x1fffu

struct super {
	uint32_t features;
	uint64_t size_lba;
	uint64_t data_lba;
	uint64_t data_size_lba;
	uint64_t super_lba;
	uint64_t recovery_lba;
	uint32_t this_nr;
	uint32_t roles_nr;
};

static int check_magic(const uint8_t *buf, uint64_t super_off,
		       struct dw_err *err)
{
	if (dw_le32(buf + MAGIC) != DW_MD_MAGIC || dw_le32(buf + MAJOR) != 1)
		return dw_fail(err, DW_NOT_MINE,
			       "md: no superblock of version 1");
	/* One at the end of a disk is at that of its last partition, too. */
	if (dw_le64(buf + SUPER) != super_off / 512)
		return dw_fail(err, DW_NOT_MINE, "md: a superblock at sector %"
			       PRIu64 " belongs to sector %" PRIu64,
			       super_off / 512, dw_le64(buf + SUPER));
	return 0;
}

/* The sum of the words up to the last role, but itself, with what carries over
 * added once; an odd role counts by itself. */
static int check_sum(const uint8_t *buf, struct dw_err *err)
{
	uint32_t roles_nr = dw_le32(buf + ROLES_NR);
	uint64_t sum = 0;
	size_t len, i;

	if (roles_nr > ROLES_MAX)
		return dw_fail(err, DW_CORRUPT, "md: the superblock has %"
			       PRIu32 " roles, there is room for %u", roles_nr,
			       ROLES_MAX);
	len = ROLES + 2 * (size_t)roles_nr;
	for (i = 0; i + 4 <= len; i += 4)
		if (i != SUM)
			sum += dw_le32(buf + i);
	if (i < len)
		sum += dw_le16(buf + i);
	sum = (uint32_t)((sum & UINT32_MAX) + (sum >> 32));
	if (sum == dw_le32(buf + SUM))
		return 0;
	return dw_fail(err, DW_CORRUPT, "md: the superblock's checksum is %08"
		       PRIx32 ", it says %08" PRIx32, (uint32_t)sum,
		       dw_le32(buf + SUM));
}

static void decode_name(const uint8_t *buf, char name[NAME_LEN + 1])
{
	struct dw_span s = { .p = (const char *)buf + NAME };

	s.len = strnlen(s.p, NAME_LEN);
	dw_span_copy(s, name, NAME_LEN + 1);
}

static void decode(const uint8_t *buf, unsigned minor, struct super *s,
		   struct dw_md_super *out)
{
	struct dw_md_info *info = &out->info;

	s->features = dw_le32(buf + FEATURES);
	s->size_lba = dw_le64(buf + SIZE);
	s->data_lba = dw_le64(buf + DATA);
	s->data_size_lba = dw_le64(buf + DATA_SIZE);
	s->recovery_lba = dw_le64(buf + RECOVERY);
	s->this_nr = dw_le32(buf + THIS_NR);
	s->roles_nr = dw_le32(buf + ROLES_NR);

	*out = (struct dw_md_super){
		.created = dw_le64(buf + CTIME) & SECONDS_MASK,
	};
	info->major = 1;
	info->minor = minor;
	info->level = (int)dw_le32(buf + LEVEL);
	info->members_nr = dw_le32(buf + MEMBERS_NR);
	memcpy(info->uuid, buf + UUID, sizeof(info->uuid));
	decode_name(buf, info->name);
	info->events = dw_le64(buf + EVENTS);
	info->is_clean = dw_le64(buf + RESYNC) == UINT64_MAX;
}

/* Where the data of a raid1 lies: in this member, clear of the superblock. */
static int check_data(const struct super *s, uint64_t super_off,
		      uint64_t dev_len, struct dw_md_info *info,
		      struct dw_err *err)
{
	uint64_t start_lba = super_off / 512, end_lba;

	if (!s->size_lba || s->size_lba > s->data_size_lba ||
	    !dw_add(s->data_lba, s->size_lba, &end_lba) ||
	    end_lba > dev_len / 512)
		return dw_fail(err, DW_CORRUPT,
			       "md: %" PRIu64 " sectors of %" PRIu64 " from %"
			       PRIu64 " on do not fit a member of %" PRIu64,
			       s->size_lba, s->data_size_lba, s->data_lba,
			       dev_len / 512);
	if (s->data_lba <= start_lba && end_lba > start_lba)
		return dw_fail(err, DW_CORRUPT,
			       "md: data of %" PRIu64 " sectors from %" PRIu64
			       " on runs over the superblock at %" PRIu64,
			       s->size_lba, s->data_lba, start_lba);
	info->data_off = s->data_lba * 512;
	info->data_len = s->size_lba * 512;
	return 0;
}

static const char *judge(const struct super *s, const struct dw_md_info *info)
{
	if (s->features & ~FEATURES_KNOWN)
		return "uses features that are not known";
	if (info->role == ROLE_FAILED)
		return "has failed";
	if (info->role == ROLE_JOURNAL)
		return "is a journal";
	if (info->role >= info->members_nr)
		return "is a spare";
	if (s->features & (FEATURE_RESHAPE | FEATURE_NEW_OFFSET))
		return "is being reshaped";
	if (s->features & FEATURE_RECOVERY && s->recovery_lba < s->size_lba)
		return "is not rebuilt";
	if (s->features & FEATURE_BAD_BLOCKS)
		return "has bad blocks, which another member has whole";
	return NULL;
}

/* A member that came after the last update of this list has no role yet. */
static unsigned find_role(const uint8_t *buf, const struct super *s)
{
	return s->this_nr < s->roles_nr ?
	       dw_le16(buf + ROLES + 2 * (size_t)s->this_nr) : ROLE_SPARE;
}

int dw_md1_read(const uint8_t buf[DW_MD_SUPER_LEN], unsigned minor,
		uint64_t super_off, uint64_t dev_len, struct dw_md_super *out,
		struct dw_err *err)
{
	struct dw_md_info *info = &out->info;
	struct super s = { 0 };
	int ret;

	ret = check_magic(buf, super_off, err);
	if (!ret)
		ret = check_sum(buf, err);
	if (ret)
		return ret;
	decode(buf, minor, &s, out);
	info->role = find_role(buf, &s);
	info->why = judge(&s, info);
	info->is_complete = !info->why;
	return info->level == 1 ? check_data(&s, super_off, dev_len, info, err)
				: 0;
}
