/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The superblock of version 0.90: 1024 words in the order of the machine that
 * wrote it. */
#include <inttypes.h>

#include "base/bytes.h"
#include "md/super.h"

#define WORDS_NR (DW_MD_SUPER_LEN / 4)

/* Words of the superblock, and of the descriptor of a member. */
enum {
	MAGIC = 0,
	MAJOR = 1,
	MINOR = 2,
	UUID_0 = 5,
	CTIME = 6,
	LEVEL = 7,
	SIZE_KIB = 8,
	MEMBERS_NR = 10,
	UUID_1 = 13,
	STATE = 33,
	SUM = 38,
	EVENTS = 39,		/* two words */
	MEMBERS = 128,
	MEMBER_WORDS = 32,
	MEMBER_ROLE = 3,
	MEMBER_STATE = 4,
	THIS_NR = 992,
};

/* Descriptors that there is room for. */
#define MEMBERS_MAX 27u
/* Minor versions; in a reshape 91 hides it from old kernels. */
#define MINOR_PLAIN 90u
#define MINOR_RESHAPE 91u

#define STATE_CLEAN 1u
#define MEMBER_FAULTY 1u
#define MEMBER_SYNC 4u
#define MEMBER_REMOVED 8u

/* The bytes, and the order in which they make words. */
struct words {
	const uint8_t *buf;
	bool is_big_endian;
};

static uint32_t word(const struct words *w, unsigned nr)
{
	const uint8_t *p = w->buf + 4 * (size_t)nr;

	return w->is_big_endian ? dw_be32(p) : dw_le32(p);
}

static int find_order(const uint8_t *buf, struct words *out,
		      struct dw_err *err)
{
	out->buf = buf;
	out->is_big_endian = dw_be32(buf) == DW_MD_MAGIC;
	if (word(out, MAGIC) == DW_MD_MAGIC && !word(out, MAJOR) &&
	    (word(out, MINOR) == MINOR_PLAIN ||
	     word(out, MINOR) == MINOR_RESHAPE))
		return 0;
	return dw_fail(err, DW_NOT_MINE, "md: no superblock of version 0.90");
}

/* The sum of all words but itself, with what carries over added once. */
static int check_sum(const struct words *w, struct dw_err *err)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < WORDS_NR; i++)
		if (i != SUM)
			sum += word(w, i);
	sum = (uint32_t)((sum & UINT32_MAX) + (sum >> 32));
	if (sum == word(w, SUM))
		return 0;
	return dw_fail(err, DW_CORRUPT, "md: the superblock's checksum is %08"
		       PRIx32 ", it says %08" PRIx32, (uint32_t)sum,
		       word(w, SUM));
}

/* Words 5 and 13 to 15, each with its highest byte first, as mdadm shows
 * them. */
static void decode_uuid(const struct words *w, uint8_t uuid[16])
{
	unsigned i;

	dw_put_be32(uuid, word(w, UUID_0));
	for (i = 0; i < 3; i++)
		dw_put_be32(uuid + 4 + 4 * i, word(w, UUID_1 + i));
}

static uint64_t decode_events(const struct words *w)
{
	uint64_t first = word(w, EVENTS), second = word(w, EVENTS + 1);

	return w->is_big_endian ? first << 32 | second : second << 32 | first;
}

static void decode(const struct words *w, struct dw_md_super *out)
{
	struct dw_md_info *info = &out->info;

	*out = (struct dw_md_super){
		.created = word(w, CTIME),
		.used_len = (uint64_t)word(w, SIZE_KIB) << 10,
	};
	info->minor = word(w, MINOR);
	info->level = (int)word(w, LEVEL);
	info->members_nr = word(w, MEMBERS_NR);
	decode_uuid(w, info->uuid);
	info->events = decode_events(w);
	info->is_clean = word(w, STATE) & STATE_CLEAN;
	if (info->level == 1)
		info->data_len = out->used_len;
}

/* The array's list knows more than what a member says of itself. */
static void decode_member(const struct words *w, unsigned nr,
			  struct dw_md_info *info)
{
	unsigned member = MEMBERS + MEMBER_WORDS * nr;
	uint32_t state = word(w, member + MEMBER_STATE);

	info->role = word(w, member + MEMBER_ROLE);
	if (info->minor == MINOR_RESHAPE)
		info->why = "is being reshaped";
	else if (state & MEMBER_FAULTY)
		info->why = "has failed";
	else if (state & MEMBER_REMOVED)
		info->why = "was removed";
	else if (!(state & MEMBER_SYNC) || info->role >= info->members_nr)
		info->why = "is a spare, or not rebuilt";
	info->is_complete = !info->why;
}

static int check(const struct words *w, const struct dw_md_info *info,
		 uint64_t super_off, struct dw_err *err)
{
	if (word(w, THIS_NR) >= MEMBERS_MAX || info->members_nr > MEMBERS_MAX)
		return dw_fail(err, DW_CORRUPT,
			       "md: member %" PRIu32 " of %u; a superblock of "
			       "version 0.90 lists %u", word(w, THIS_NR),
			       info->members_nr, MEMBERS_MAX);
	if (info->level == 1 &&
	    (!info->data_len || info->data_len > super_off))
		return dw_fail(err, DW_CORRUPT,
			       "md: %" PRIu64 " bytes of data in front of the "
			       "superblock at %" PRIu64, info->data_len,
			       super_off);
	return 0;
}

int dw_md0_read(const uint8_t buf[DW_MD_SUPER_LEN], uint64_t super_off,
		struct dw_md_super *out, struct dw_err *err)
{
	struct words w;
	int ret;

	ret = find_order(buf, &w, err);
	if (!ret)
		ret = check_sum(&w, err);
	if (ret)
		return ret;
	decode(&w, out);
	ret = check(&w, &out->info, super_off, err);
	if (!ret)
		decode_member(&w, word(&w, THIS_NR), &out->info);
	return ret;
}
