/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What dm-raid's superblocks make of a set: legs that count and legs that do
 * not, sets that are refused, and how far what they say is believed. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/kinds.h"
#include "lib/run.h"
#include "lvm/raid.h"

/* A raid5_n, whose parity stays on the last leg. */
#define LEGS_NR 4u
#define STRIPE_LEN 4096u
#define LEG_LEN (16 * STRIPE_LEN)
#define VOLUME_LEN (3 * LEG_LEN)
#define ALL UINT64_MAX

static struct dw_ctx *ctx;
static struct dw_err err;
static struct dw_dev *legs[LEGS_NR], *metas[LEGS_NR];
static struct dw_raid_leg pairs[LEGS_NR];
static struct dw_raid_set set;
static uint8_t want[VOLUME_LEN];

/* ---- a set in step ------------------------------------------------------ */

static void put(struct dw_dev *dev, uint64_t off, const void *buf, size_t len)
{
	ck_assert_int_eq(dw_dev_pwrite(dev, off, buf, len, &err), 0);
}

static void put_field(unsigned leg, unsigned at, unsigned len, uint64_t value)
{
	uint8_t bytes[8];

	dw_put_le64(bytes, value);
	put(metas[leg], at, bytes, len);
}

/* As the kernel left that of a real set, but for the numbers of legs. */
static void put_super(unsigned leg)
{
	put_field(leg, 0, 4, 0x64526d44);
	put_field(leg, 4, 4, 1);
	put_field(leg, 8, 4, LEGS_NR);
	put_field(leg, 12, 4, leg);
	put_field(leg, 16, 8, 19);
	put_field(leg, 32, 8, ALL);
	put_field(leg, 40, 8, ALL);
	put_field(leg, 48, 4, 5);
	put_field(leg, 52, 4, 5);
	put_field(leg, 56, 4, STRIPE_LEN / 512);
	put_field(leg, 64, 8, ALL);
}

static void fill_legs(void)
{
	static uint8_t parity[LEG_LEN];
	size_t chunk, i, at;
	uint32_t x = 1;

	memset(parity, 0, sizeof(parity));
	for (i = 0; i < VOLUME_LEN; i++) {
		x = x * 1664525 + 1013904223;
		want[i] = (uint8_t)(x >> 24);
		chunk = i / STRIPE_LEN;
		at = chunk / 3 * STRIPE_LEN + i % STRIPE_LEN;
		parity[at] ^= want[i];
	}
	for (chunk = 0; chunk < VOLUME_LEN / STRIPE_LEN; chunk++)
		put(legs[chunk % 3], chunk / 3 * STRIPE_LEN,
		    want + chunk * STRIPE_LEN, STRIPE_LEN);
	put(legs[3], 0, parity, LEG_LEN);
}

static void setup(void)
{
	unsigned i;

	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	for (i = 0; i < LEGS_NR; i++) {
		ck_assert_int_eq(dw_mem_new("leg", LEG_LEN, &legs[i], &err),
				 0);
		ck_assert_int_eq(dw_mem_new("meta", 4096, &metas[i], &err), 0);
		pairs[i] = (struct dw_raid_leg){
			.data = legs[i], .meta = metas[i],
		};
		put_super(i);
	}
	fill_legs();
	set = (struct dw_raid_set){
		.type = "raid5_n", .legs = pairs, .legs_nr = LEGS_NR,
		.stripe_len = STRIPE_LEN, .size = VOLUME_LEN,
	};
}

static void teardown(void)
{
	unsigned i;

	for (i = 0; i < LEGS_NR; i++) {
		dw_dev_close(legs[i], NULL);
		dw_dev_close(metas[i], NULL);
	}
	dw_ctx_free(ctx);
}

static void reads_right(void)
{
	static uint8_t got[VOLUME_LEN];
	struct dw_dev *dev;

	ck_assert_msg(!dw_raid_new("vg/lv", &set, &dev, &err), "%s",
		      err.text);
	ck_assert_msg(!dw_dev_pread(dev, 0, got, VOLUME_LEN, &err), "%s",
		      err.text);
	ck_assert(!memcmp(got, want, VOLUME_LEN));
	dw_dev_close(dev, NULL);
}

static void fails(int code, const char *text)
{
	struct dw_dev *dev;
	int ret;

	ret = dw_raid_new("vg/lv", &set, &dev, &err);
	ck_assert_msg(ret == code, "%d %s", ret, err.text);
	ck_assert_ptr_null(dev);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
	ck_assert_msg(!strncmp(err.text, "vg/lv: ", 7), "%s", err.text);
}

/* Whatever is read of this leg now is wrong. */
static void spoil(unsigned leg, uint64_t off)
{
	static const uint8_t noise[LEG_LEN] = { [0 ... LEG_LEN - 1] = 0x5a };

	put(legs[leg], off, noise, LEG_LEN - off);
}

/* ---- legs --------------------------------------------------------------- */

START_TEST(whole)
{
	unsigned i;

	reads_right();
	/* Never started: the text is all there is. */
	for (i = 0; i < LEGS_NR; i++)
		put(metas[i], 0, (uint8_t[512]){ 0 }, 512);
	reads_right();
	for (i = 0; i < LEGS_NR; i++)
		pairs[i].meta = NULL;
	reads_right();
}
END_TEST

START_TEST(failed_leg_is_not_read)
{
	spoil(1, 0);
	put_field(3, 16, 8, 20);
	put_field(3, 24, 8, 1 << 1);
	reads_right();
	put_field(3, 24, 8, 1 << 1 | 1 << 2);
	fails(DW_NOENT, "2 of 4 legs of raid5_n are too many to do without: "
	      "leg 1 has failed, leg 2 has failed");
}
END_TEST

/* An old superblock that speaks of failures is not asked. */
START_TEST(newest_superblock_counts)
{
	put_field(2, 16, 8, 18);
	put_field(2, 24, 8, 7);
	reads_right();
}
END_TEST

START_TEST(leg_that_was_away_is_not_read)
{
	spoil(0, 0);
	put_field(0, 16, 8, 17);
	/* Nor is what it says held against the set. */
	put_field(0, 48, 4, 6);
	reads_right();
	put_field(1, 16, 8, 17);
	fails(DW_NOENT, "leg 0 was left behind, leg 1 was left behind");
}
END_TEST

START_TEST(new_leg_is_not_read)
{
	spoil(2, 0);
	put(metas[2], 0, (uint8_t[512]){ 0 }, 512);
	reads_right();
	put(metas[2], 0, "noise", 5);
	reads_right();
	pairs[2].meta = NULL;
	reads_right();
	pairs[0].data = NULL;
	fails(DW_NOENT, "leg 0 is missing, leg 2 has no superblock");
}
END_TEST

/* Up to an odd place, and to none: recovery counts sectors. */
START_TEST(half_rebuilt_leg_is_read_in_part)
{
	spoil(1, 5 * STRIPE_LEN + 512);
	put_field(1, 32, 8, 5 * STRIPE_LEN / 512 + 1);
	reads_right();
	spoil(1, 0);
	put_field(1, 32, 8, 0);
	reads_right();
	pairs[3].data = NULL;
	fails(DW_NOENT, "leg 1 is not rebuilt, leg 3 is missing");
}
END_TEST

START_TEST(damaged_superblocks_are_told)
{
	unsigned i;

	for (i = 0; i < LEGS_NR; i++)
		put_field(i, 0, 4, 0x64526d45);
	fails(DW_CORRUPT, "superblocks of all legs are damaged");
}
END_TEST

START_TEST(missing_superblocks_are_told)
{
	struct dw_dev *dev;
	unsigned i;

	set.has_metas = true;
	reads_right();
	for (i = 0; i < LEGS_NR; i++)
		pairs[i].meta = NULL;
	fails(DW_NOENT, "the metadata volumes of all 4 legs are missing");
	/* raid0 has no use for them. */
	set.type = "raid0_meta";
	set.size = LEGS_NR * LEG_LEN;
	ck_assert_int_eq(dw_raid_new("vg/lv", &set, &dev, &err), 0);
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(short_devices_are_refused)
{
	struct dw_dev *dev;

	ck_assert_int_eq(dw_mem_new("short", LEG_LEN - 1, &dev, &err), 0);
	pairs[2].data = dev;
	fails(DW_CORRUPT, "leg 2 has 65535 bytes, of which raid5_n of 196608 "
	      "needs 65536");
	pairs[2].data = legs[2];
	dw_dev_close(dev, NULL);
	ck_assert_int_eq(dw_mem_new("short", 511, &dev, &err), 0);
	pairs[2].meta = dev;
	fails(DW_CORRUPT, "leg 2: a metadata volume of 511 bytes");
	dw_dev_close(dev, NULL);
}
END_TEST

/* ---- parity ------------------------------------------------------------- */

START_TEST(parity_out_of_sync_is_not_believed)
{
	put_field(0, 16, 8, 20);
	put_field(0, 40, 8, 64);
	/* Data alone, with all legs or without that of the parity. */
	reads_right();
	pairs[3].data = NULL;
	reads_right();
	pairs[3].data = legs[3];
	pairs[1].data = NULL;
	fails(DW_UNSUPPORTED, "leg 1 is missing, and cannot be made from the "
	      "others: parity is in sync for 32768 of 65536 bytes");
	/* The last sector, and all. */
	put_field(0, 40, 8, LEG_LEN / 512 - 1);
	fails(DW_UNSUPPORTED, "parity is in sync for 65024");
	put_field(0, 40, 8, LEG_LEN / 512);
	reads_right();
}
END_TEST

START_TEST(parity_never_made_is_not_believed)
{
	set.is_notsynced = true;
	reads_right();
	pairs[3].data = NULL;
	reads_right();
	pairs[3].data = legs[3];
	pairs[0].data = NULL;
	fails(DW_UNSUPPORTED, "NOTSYNCED");
}
END_TEST

/* ---- what does not fit -------------------------------------------------- */

/* One field of one leg's superblock; what comes of it. */
static const struct change {
	unsigned at, len;
	uint64_t value;
	int code;
	const char *text;
} changes[] = {
	{ 4, 4, 0, 0, NULL },
	{ 4, 4, 2, DW_UNSUPPORTED, "leg 2: unknown features 2 and 0" },
	{ 144, 4, 1, DW_UNSUPPORTED, "unknown features 1 and 1" },
	{ 8, 4, 5, DW_UNSUPPORTED, "leg 2 of 5, the volume group has it as 2 "
	  "of 4" },
	{ 8, 4, UINT32_MAX, DW_CORRUPT, "leg 2 of 4294967295" },
	{ 12, 4, 1, DW_UNSUPPORTED, "leg 1 of 4" },
	{ 12, 4, 253, DW_CORRUPT, "leg 253 of 4" },
	{ 12, 4, UINT32_MAX, DW_CORRUPT, "leg 4294967295 of 4" },
	{ 48, 4, 6, DW_UNSUPPORTED, "level 6 layout 5 (raid6_n_6), the volume "
	  "group raid5_n: a conversion was not finished" },
	{ 52, 4, 2, DW_UNSUPPORTED, "(raid5_ls)" },
	{ 52, 4, 99, DW_UNSUPPORTED, "(unknown)" },
	{ 56, 4, 16, DW_UNSUPPORTED, "stripes of 16 sectors, the volume group "
	  "of 8" },
	{ 60, 4, 1, DW_UNSUPPORTED, "a reshape was not finished" },
	{ 60, 4, 2, 0, NULL },
	{ 84, 4, 1, DW_UNSUPPORTED, "a reshape was not finished" },
	{ 96, 8, 64, DW_UNSUPPORTED, "data begins at sector 64" },
};

START_TEST(superblocks_are_held_against_the_text)
{
	const struct change *c = &changes[_i];

	put_field(2, c->at, c->len, c->value);
	if (c->code)
		fails(c->code, c->text);
	else
		reads_right();
}
END_TEST

/* The text itself: what a volume group may ask for. */
static const struct odd_set {
	const char *type;
	unsigned legs_nr;
	uint32_t stripe_len;
	unsigned copies;
	int code;
	const char *text;
} odd_sets[] = {
	{ "raid7", 4, 4096, 0, DW_UNSUPPORTED, "\"raid7\" is not read" },
	{ "raid10_far", 4, 4096, 0, DW_UNSUPPORTED, "\"raid10_far\"" },
	{ "raid5_n", 1, 4096, 0, DW_CORRUPT, "raid5_n of 1 legs" },
	{ "raid6_zr", 3, 4096, 0, DW_CORRUPT, "has from 4 to 253" },
	{ "raid0", 0, 4096, 0, DW_CORRUPT, "raid0 of 0 legs" },
	{ "raid0", 254, 4096, 0, DW_CORRUPT, "raid0 of 254 legs" },
	{ "raid10", 4, 4096, 5, DW_CORRUPT, "raid10 of 4 legs has 5 copies" },
	{ "raid10", 1, 4096, 0, DW_CORRUPT, "raid10 of 1 legs has 2 copies" },
	{ "raid4", 4, 0, 0, DW_CORRUPT, "stripes of 0 bytes" },
	{ "raid4", 4, 256, 0, DW_CORRUPT, "stripes of 256 bytes" },
	{ "raid4", 4, 12288, 0, DW_CORRUPT, "stripes of 12288 bytes" },
};

START_TEST(odd_sets_are_refused)
{
	const struct odd_set *o = &odd_sets[_i];

	set.type = o->type;
	set.legs_nr = o->legs_nr;
	set.stripe_len = o->stripe_len;
	set.data_copies = o->copies;
	fails(o->code, o->text);
}
END_TEST

START_TEST(huge_volume_is_refused)
{
	set.size = UINT64_MAX;
	fails(DW_CORRUPT, "leg 0 has 65536 bytes");
	set.stripe_len = 512;
	fails(DW_CORRUPT, "leg 0 has 65536 bytes");
	set.stripe_len = 1u << 31;
	set.type = "raid10";
	set.data_copies = 4;
	fails(DW_CORRUPT, "leg 0 has 65536 bytes");
}
END_TEST

/* ---- failures ----------------------------------------------------------- */

/* The n-th read fails, of those that opening and reading it take. */
START_TEST(failed_reads_are_errors)
{
	static uint8_t got[2 * STRIPE_LEN];
	struct dw_dev *dev, *faulty[LEGS_NR];
	struct dw_fault fault = { 0 };
	unsigned i, nth;
	int ret = 1;

	pairs[0].data = NULL;
	for (i = 1; i < LEGS_NR; i++) {
		ck_assert_int_eq(dw_fault_new(legs[i], &fault, &faulty[i],
					      &err), 0);
		pairs[i].data = faulty[i];
	}
	for (nth = 1; ret && nth < 20; nth++) {
		atomic_store(&fault.reads_nr, 0);
		fault.fail_read_at = nth;
		ck_assert_int_eq(dw_raid_new("vg/lv", &set, &dev, &err),
				 0);
		ret = dw_dev_pread(dev, 100, got, sizeof(got), &err);
		ck_assert(ret == (nth <= 5 ? DW_IO : 0));
		dw_dev_close(dev, NULL);
	}
	/* Three reads for the lost chunk, one for each of the others. */
	ck_assert_uint_eq(nth, 7);
	ck_assert(!memcmp(got, want + 100, sizeof(got)));
	for (i = 1; i < LEGS_NR; i++)
		dw_dev_close(faulty[i], NULL);
}
END_TEST

START_TEST(extents_lead_to_host_files)
{
	struct dw_dev *dev, *spools[LEGS_NR];
	struct dw_extent e;
	unsigned i;

	for (i = 0; i < LEGS_NR; i++) {
		ck_assert_int_eq(dw_spool_new(ctx, "leg", &spools[i], &err),
				 0);
		ck_assert_int_eq(dw_spool_write(spools[i], LEG_LEN - 1, "x", 1,
						&err), 0);
		pairs[i].data = spools[i];
	}
	ck_assert_int_eq(dw_raid_new("vg/lv", &set, &dev, &err), 0);
	/* Chunk 46 lies in row 15 of leg 1, whose last byte is data. */
	ck_assert_int_eq(dw_dev_extent(dev, 47 * STRIPE_LEN - 1, 1, &e, &err),
			 0);
	ck_assert_int_eq(e.kind, DW_EXTENT_DATA);
	ck_assert_uint_eq(e.off, 47 * STRIPE_LEN - 1);
	ck_assert_int_ge(e.host_fd, 0);
	ck_assert_uint_eq(e.host_off, LEG_LEN - 1);
	dw_dev_close(dev, NULL);
	for (i = 0; i < LEGS_NR; i++)
		dw_dev_close(spools[i], NULL);
}
END_TEST

#define NR(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	TCase *tc = tcase_create("raid_state");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, whole);
	tcase_add_test(tc, failed_leg_is_not_read);
	tcase_add_test(tc, newest_superblock_counts);
	tcase_add_test(tc, leg_that_was_away_is_not_read);
	tcase_add_test(tc, new_leg_is_not_read);
	tcase_add_test(tc, half_rebuilt_leg_is_read_in_part);
	tcase_add_test(tc, damaged_superblocks_are_told);
	tcase_add_test(tc, missing_superblocks_are_told);
	tcase_add_test(tc, short_devices_are_refused);
	tcase_add_test(tc, parity_out_of_sync_is_not_believed);
	tcase_add_test(tc, parity_never_made_is_not_believed);
	tcase_add_loop_test(tc, superblocks_are_held_against_the_text, 0,
			    NR(changes));
	tcase_add_loop_test(tc, odd_sets_are_refused, 0, NR(odd_sets));
	tcase_add_test(tc, huge_volume_is_refused);
	tcase_add_test(tc, failed_reads_are_errors);
	tcase_add_test(tc, extents_lead_to_host_files);
	return dw_test_run("raid_state", tc);
}
