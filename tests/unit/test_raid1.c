/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* raid1 and dm-mirror: which leg is read, and that all are written. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/kinds.h"
#include "lib/run.h"
#include "lvm/raid.h"

#define LEN (256u << 10)
#define REGION_LEN 4096u
#define REGIONS_NR (LEN / REGION_LEN)

static struct dw_ctx *ctx;
static struct dw_err err;

/* ---- what they are made of ---------------------------------------------- */

/* A leg of nothing but one byte, which tells where something was read. */
static struct dw_dev *new_leg(const char *name, uint8_t fill)
{
	struct dw_dev *dev;
	uint8_t *buf = malloc(LEN);

	ck_assert_ptr_nonnull(buf);
	memset(buf, fill, LEN);
	ck_assert_int_eq(dw_mem_new(name, LEN, &dev, &err), 0);
	ck_assert_int_eq(dw_dev_pwrite(dev, 0, buf, LEN, &err), 0);
	free(buf);
	return dev;
}

static bool holds(struct dw_dev *dev, uint64_t off, size_t len, uint8_t fill)
{
	uint8_t buf[LEN];
	size_t i;

	ck_assert_msg(!dw_dev_pread(dev, off, buf, len, &err), "%s", err.text);
	for (i = 0; i < len && buf[i] == fill; i++)
		;
	return i == len;
}

#define LEGS_NR 3
static struct dw_dev *legs[LEGS_NR], *metas[LEGS_NR];
static struct dw_raid_leg pairs[LEGS_NR];
static bool is_writebehind;

static void setup(void)
{
	unsigned i;

	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	is_writebehind = false;
	for (i = 0; i < LEGS_NR; i++) {
		legs[i] = new_leg("leg", (uint8_t)('a' + i));
		ck_assert_int_eq(dw_mem_new("meta", 8192, &metas[i], &err), 0);
		pairs[i] = (struct dw_raid_leg){
			.data = legs[i], .meta = metas[i],
		};
	}
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

static int open_raid1(struct dw_dev **out)
{
	struct dw_raid_set set = {
		.type = "raid1", .legs = pairs, .legs_nr = LEGS_NR,
		.size = LEN, .is_writebehind = is_writebehind,
	};

	return dw_raid_new("vg/lv", &set, out, &err);
}

/* What the kernel leaves on a leg of raid1 that is as it should be. */
static void put_super(unsigned leg, uint64_t events, uint64_t failed)
{
	uint8_t buf[DW_RAID_SUPER_LEN] = { 0 };

	dw_put_le32(buf, 0x64526d44);
	dw_put_le32(buf + 4, 1);
	dw_put_le32(buf + 8, LEGS_NR);
	dw_put_le32(buf + 12, leg);
	dw_put_le64(buf + 16, events);
	dw_put_le64(buf + 24, failed);
	dw_put_le64(buf + 32, UINT64_MAX);
	dw_put_le64(buf + 40, UINT64_MAX);
	dw_put_le32(buf + 48, 1);
	ck_assert_int_eq(dw_dev_pwrite(metas[leg], 0, buf, sizeof(buf), &err),
			 0);
}

static void put_supers(uint64_t failed)
{
	unsigned i;

	for (i = 0; i < LEGS_NR; i++)
		put_super(i, 7, failed);
}

/* Opens it, finds that its bytes are those of a leg, closes it. */
static void reads_leg(unsigned leg, bool readonly)
{
	struct dw_dev *dev;

	ck_assert_msg(!open_raid1(&dev), "%s", err.text);
	ck_assert(holds(dev, 5, 4000, (uint8_t)('a' + leg)));
	ck_assert_uint_eq(dev->size, LEN);
	ck_assert_int_eq(dev->readonly, readonly);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
}

static void fails(int code, const char *text)
{
	struct dw_dev *dev;

	ck_assert_int_eq(open_raid1(&dev), code);
	ck_assert_ptr_null(dev);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

/* ---- raid1 -------------------------------------------------------------- */

START_TEST(raid1_reads_its_first_leg)
{
	reads_leg(0, false);
	put_supers(0);
	reads_leg(0, false);
}
END_TEST

START_TEST(raid1_writes_all_legs)
{
	static const uint8_t buf[1000] = { [0 ... 999] = 'x' };
	struct dw_dev *dev;
	unsigned i;

	ck_assert_int_eq(open_raid1(&dev), 0);
	ck_assert_int_eq(dw_dev_pwrite(dev, 4097, buf, sizeof(buf), &err), 0);
	ck_assert_int_eq(dw_dev_zero(dev, 8192, 4096, &err), 0);
	ck_assert_int_eq(dw_dev_flush(dev, &err), 0);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
	for (i = 0; i < LEGS_NR; i++) {
		ck_assert(holds(legs[i], 0, 4097, (uint8_t)('a' + i)));
		ck_assert(holds(legs[i], 4097, 1000, 'x'));
		ck_assert(holds(legs[i], 8192, 4096, 0));
		ck_assert(holds(legs[i], 12288, 4096, (uint8_t)('a' + i)));
	}
}
END_TEST

/* The n-th call fails, of one for each leg. */
START_TEST(raid1_failures_show)
{
	struct dw_fault fault = { 0 };
	struct dw_dev *dev, *faulty[LEGS_NR];
	unsigned i, kind = (unsigned)_i / LEGS_NR, nth = (unsigned)_i % LEGS_NR;
	int ret;

	*(kind == 2 ? &fault.fail_flush_at : &fault.fail_write_at) = nth + 1;
	for (i = 0; i < LEGS_NR; i++) {
		ck_assert_int_eq(dw_fault_new(legs[i], &fault, &faulty[i],
					      &err), 0);
		pairs[i].data = faulty[i];
	}
	ck_assert_int_eq(open_raid1(&dev), 0);
	ret = kind == 0 ? dw_dev_pwrite(dev, 0, "new", 3, &err) :
	      kind == 1 ? dw_dev_zero(dev, 0, 3, &err) :
			  dw_dev_flush(dev, &err);
	ck_assert_int_eq(ret, DW_IO);
	/* What is read of the volume is what was there before. */
	ck_assert(holds(dev, 0, 4096, 'a'));
	if (kind == 2)
		ck_assert_uint_eq(atomic_load(&fault.flushes_nr), LEGS_NR);
	dw_dev_close(dev, NULL);
	for (i = 0; i < LEGS_NR; i++)
		dw_dev_close(faulty[i], NULL);
}
END_TEST

START_TEST(raid1_without_a_leg_is_readonly)
{
	unsigned i;

	pairs[0].data = NULL;
	reads_leg(1, true);
	pairs[1].data = NULL;
	reads_leg(2, true);
	pairs[2].data = NULL;
	fails(DW_NOENT, "leg 0 is missing, leg 1 is missing, leg 2 is missing");
	for (i = 0; i < LEGS_NR; i++)
		pairs[i].data = legs[i];
	legs[1]->readonly = true;
	reads_leg(0, true);
}
END_TEST

START_TEST(raid1_heeds_superblocks)
{
	uint8_t zeros[512] = { 0 };

	put_supers(1);
	reads_leg(1, true);
	put_supers(0);
	/* Behind by one: a crash amid an update.  By more: it was away. */
	put_super(0, 6, 0);
	reads_leg(0, false);
	put_super(0, 5, 0);
	reads_leg(1, true);
	/* One that was added, and never started. */
	dw_dev_pwrite(metas[0], 0, zeros, sizeof(zeros), NULL);
	reads_leg(1, true);
	put_supers(7);
	fails(DW_NOENT, "leg 2 has failed");
}
END_TEST

/* LVM takes the first leg away; the others keep their superblocks. */
START_TEST(raid1_legs_may_move)
{
	unsigned i;

	put_supers(0);
	put_super(0, 7, 2);
	put_super(1, 7, 2);
	put_super(2, 7, 2);
	for (i = 0; i < LEGS_NR; i++) {
		pairs[i].data = legs[(i + 1) % LEGS_NR];
		pairs[i].meta = metas[(i + 1) % LEGS_NR];
	}
	/* The bit is that of a position, not of a place in the list. */
	reads_leg(2, true);
}
END_TEST

START_TEST(raid1_reads_writemostly_legs_last)
{
	pairs[0].is_writemostly = true;
	reads_leg(1, false);
	is_writebehind = true;
	reads_leg(1, true);
	/* Nothing else is left, or ever was. */
	is_writebehind = false;
	pairs[1].data = pairs[2].data = NULL;
	reads_leg(0, true);
	pairs[1].data = legs[1];
	pairs[2].data = legs[2];
	pairs[1].is_writemostly = pairs[2].is_writemostly = true;
	reads_leg(0, true);
}
END_TEST

START_TEST(raid1_leg_must_be_long_enough)
{
	struct dw_dev *short_leg;

	ck_assert_int_eq(dw_mem_new("short", LEN - 1, &short_leg, &err), 0);
	pairs[1].data = short_leg;
	fails(DW_CORRUPT, "leg 1 has 262143 bytes");
	dw_dev_close(short_leg, NULL);
}
END_TEST

/* ---- mirror ------------------------------------------------------------- */

static int open_mirror(struct dw_dev *log, bool is_notsynced,
		       struct dw_dev **out)
{
	struct dw_mirror_params params = {
		.legs = legs, .legs_nr = LEGS_NR, .log = log,
		.region_len = REGION_LEN, .is_notsynced = is_notsynced,
	};

	return dw_mirror_new(ctx, "vg/lv", &params, out, &err);
}

static void mirror_reads(struct dw_dev *log, bool is_notsynced, char fill)
{
	struct dw_dev *dev;

	ck_assert_msg(!open_mirror(log, is_notsynced, &dev), "%s", err.text);
	ck_assert(holds(dev, 0, LEN, (uint8_t)fill));
	ck_assert_uint_eq(dev->size, LEN);
	ck_assert(dev->readonly);
	dw_dev_close(dev, NULL);
}

static void mirror_fails(struct dw_dev *log, int code, const char *text)
{
	struct dw_dev *dev;

	ck_assert_int_eq(open_mirror(log, false, &dev), code);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

/* A log, all regions in sync. */
static struct dw_dev *new_log(uint64_t regions_nr)
{
	uint8_t buf[1024 + REGIONS_NR / 8] = { 0 };
	struct dw_dev *log;

	dw_put_le32(buf, 0x4d695272);
	dw_put_le32(buf + 4, 2);
	dw_put_le64(buf + 8, regions_nr);
	memset(buf + 1024, 0xff, REGIONS_NR / 8);
	ck_assert_int_eq(dw_mem_new("log", 4096, &log, &err), 0);
	ck_assert_int_eq(dw_dev_pwrite(log, 0, buf, sizeof(buf), &err), 0);
	return log;
}

static void lose_first(void)
{
	dw_dev_close(legs[0], NULL);
	legs[0] = NULL;
}

START_TEST(mirror_reads_its_first_leg)
{
	struct dw_dev *log = new_log(0);

	mirror_reads(NULL, false, 'a');
	mirror_reads(log, false, 'a');
	dw_dev_close(log, NULL);
}
END_TEST

START_TEST(mirror_reads_another_in_sync)
{
	struct dw_dev *log = new_log(UINT64_MAX);
	uint8_t bits = 0xfe;

	lose_first();
	mirror_reads(log, false, 'b');
	mirror_reads(NULL, true, 'b');
	dw_dev_pwrite(log, 1024 + REGIONS_NR / 8 - 1, &bits, 1, NULL);
	mirror_fails(log, DW_NOENT, "region 56 of 64 was not in sync");
	dw_dev_close(log, NULL);
}
END_TEST

START_TEST(mirror_refuses_what_it_cannot_know)
{
	struct dw_dev *log = new_log(REGIONS_NR - 1), *short_log;

	lose_first();
	mirror_fails(NULL, DW_NOENT, "without a log");
	mirror_fails(log, DW_NOENT, "knows of 63 of 64");
	dw_dev_pwrite(log, 4, "\x03", 1, NULL);
	mirror_fails(log, DW_CORRUPT, "version 3");
	ck_assert_int_eq(dw_mem_new("log", 1023, &short_log, &err), 0);
	mirror_fails(short_log, DW_CORRUPT, "log of 1023 bytes");
	dw_dev_close(log, NULL);
	log = new_log(REGIONS_NR);
	dw_dev_close(short_log, NULL);
	ck_assert_int_eq(dw_window_new(log, 0, 1024 + 7, "log", &short_log,
				       &err), 0);
	mirror_fails(short_log, DW_CORRUPT, "cannot tell of 64 regions");
	dw_dev_close(short_log, NULL);
	dw_dev_close(log, NULL);
	dw_dev_close(legs[1], NULL);
	dw_dev_close(legs[2], NULL);
	legs[1] = legs[2] = NULL;
	mirror_fails(NULL, DW_NOENT, "all 3 legs are missing");
}
END_TEST

/* Declared in sync when it was made, which its log may know better. */
START_TEST(mirror_asks_for_its_log)
{
	struct dw_mirror_params params = {
		.legs = legs, .legs_nr = LEGS_NR, .region_len = REGION_LEN,
		.is_notsynced = true, .is_log_missing = true,
	};
	struct dw_dev *dev;

	ck_assert_int_eq(dw_mirror_new(ctx, "m", &params, &dev, &err), 0);
	dw_dev_close(dev, NULL);
	lose_first();
	ck_assert_int_eq(dw_mirror_new(ctx, "m", &params, &dev, &err),
			 DW_NOENT);
	ck_assert_str_eq(err.text, "m: leg 0 is missing: the log, which tells "
			 "whether the others were in sync, is missing, too");
}
END_TEST

START_TEST(mirror_log_can_be_cancelled)
{
	struct dw_dev *log = new_log(UINT64_MAX);

	lose_first();
	dw_ctx_cancel(ctx);
	mirror_fails(log, DW_CANCELLED, "cancelled");
	dw_dev_close(log, NULL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("raid1");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, raid1_reads_its_first_leg);
	tcase_add_test(tc, raid1_writes_all_legs);
	tcase_add_loop_test(tc, raid1_failures_show, 0, 3 * LEGS_NR);
	tcase_add_test(tc, raid1_without_a_leg_is_readonly);
	tcase_add_test(tc, raid1_heeds_superblocks);
	tcase_add_test(tc, raid1_legs_may_move);
	tcase_add_test(tc, raid1_reads_writemostly_legs_last);
	tcase_add_test(tc, raid1_leg_must_be_long_enough);
	tcase_add_test(tc, mirror_reads_its_first_leg);
	tcase_add_test(tc, mirror_reads_another_in_sync);
	tcase_add_test(tc, mirror_refuses_what_it_cannot_know);
	tcase_add_test(tc, mirror_asks_for_its_log);
	tcase_add_test(tc, mirror_log_can_be_cancelled);
	return dw_test_run("raid1", tc);
}
