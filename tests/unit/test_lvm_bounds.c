/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups of many volumes, or deep ones: what opening them costs, and ends. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/checked.h"
#include "lib/lvmimg.h"
#include "lib/run.h"
#include "lvm/targets.h"


static struct dw_ctx *ctx;
static struct dw_err err;

static void setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
}

static void teardown(void)
{
	dw_ctx_free(ctx);
}

static struct dw_dev *open_lv(const struct dw_lvm *lvm, const char *name)
{
	struct dw_dev *vol;

	ck_assert_msg(!lvmimg_open(ctx, lvm, name, &vol, &err), "%s",
		      err.text);
	return vol;
}

static void add_head(struct dw_buf *b)
{
	dw_buf_adds(b, "vg0 {\nid = \"vgvgvg-0000-1111-2222-3333-4444-"
		    "555550\"\nseqno = 1\nextent_size = 8\n"
		    "physical_volumes {\npv0 {\nid = \"aaaaaa-0000-1111-2222-"
		    "3333-4444-55555a\"\npe_start = 256\npe_count = 100000\n"
		    "}\n}\nlogical_volumes {\n");
}

static void add_lv(struct dw_buf *b, unsigned nr, const char *area,
		   uint64_t extent, unsigned segments_nr)
{
	unsigned i;

	dw_buf_printf(b, "lv%u {\nid = \"lvlvlv-0000-1111-2222-3333-4444-"
		      "%06u\"\nstatus = [\"READ\", \"WRITE\", \"VISIBLE\"]\n"
		      "flags = []\ncreation_time = 1795174896\n"
		      "creation_host = \"host\"\nsegment_count = %u\n", nr, nr,
		      segments_nr);
	for (i = 0; i < segments_nr; i++)
		dw_buf_printf(b, "segment%u {\nstart_extent = %u\n"
			      "extent_count = 1\ntype = \"striped\"\n"
			      "stripe_count = 1\nstripes = [\n\"%s\", %llu\n]"
			      "\n}\n", i + 1, i, area,
			      (unsigned long long)extent + i);
	dw_buf_adds(b, "}\n");
}

static void add_tail(struct dw_buf *b)
{
	dw_buf_adds(b, "}\n}\ncontents = \"Text Format Volume Group\"\n"
		    "version = 1\n");
	ck_assert_int_eq(dw_buf_check(b, &err), 0);
}

/* As large an area as it takes, in a window of its own behind the data. */
static struct dw_dev *big_pv(const char *text)
{
	uint64_t len = dw_round_up(strlen(text) + 1025, 512), off = 1 << 20;
	uint64_t size = off + len + 500000000;
	struct dw_dev *dev;
	uint8_t buf[512] = "LABELONE";

	ck_assert_int_eq(dw_mem_new("big", size, &dev, &err), 0);
	dw_put_le64(buf + 8, 1);
	dw_put_le32(buf + 20, 32);
	memcpy(buf + 24, "LVM2 001" LVMIMG_ID0, 40);
	dw_put_le64(buf + 88, off);
	dw_put_le64(buf + 96, len);
	ck_assert_int_eq(dw_dev_pwrite(dev, 512, buf, 512, &err), 0);
	memset(buf, 0, sizeof(buf));
	memcpy(buf + 4, " LVM2 x[5A%r0N*>", 16);
	dw_put_le32(buf + 20, 1);
	dw_put_le64(buf + 24, off);
	dw_put_le64(buf + 32, len);
	dw_put_le64(buf + 40, 512);
	dw_put_le64(buf + 48, strlen(text) + 1);
	ck_assert_int_eq(dw_dev_pwrite(dev, off, buf, 512, &err), 0);
	ck_assert_int_eq(dw_dev_pwrite(dev, off + 512, text, strlen(text) + 1,
				       &err), 0);
	lvmimg_seal_area(dev, off);
	lvmimg_seal(dev);
	return dev;
}

static struct dw_lvm *big_set(struct dw_buf *b)
{
	struct dw_dev *dev;
	struct dw_lvm *lvm;

	add_tail(b);
	dev = big_pv(b->data);
	dw_buf_free(b);
	lvm = lvmimg_set(ctx, &dev, 1);
	dw_dev_close(dev, NULL);
	return lvm;
}

/*
 * All names and keys are compared by this one, which takes the place of the C
 * library's in the code under test, too.  Sorting and halving takes 2 and 5
 * million steps below; a search through all of them at least 50.
 */
#define STEPS_MAX 20000000
static uint64_t compares_nr;

int strcmp(const char *a, const char *b)
{
	compares_nr++;
	for (; *a && *a == *b; a++)
		b++;
	return (unsigned char)*a - (unsigned char)*b;
}

/* A search among all names for each of them would take 10^8 steps. */
START_TEST(many_volumes_take_few_steps)
{
	struct dw_buf b = { 0 };
	struct dw_dev *vol;
	struct dw_lvm *lvm;
	unsigned i;

	add_head(&b);
	for (i = 0; i < 10000; i++)
		add_lv(&b, i, "pv0", i * 3, 3);
	compares_nr = 0;
	lvm = big_set(&b);
	for (i = 0; i < 10000; i += 10) {
		vol = open_lv(lvm, "lv9999");
		dw_dev_close(vol, NULL);
	}
	ck_assert_uint_lt(compares_nr, STEPS_MAX);
	ck_assert_uint_eq(dw_lvm_vg(lvm, 0)->lvs_nr, 10000);
	ck_assert_uint_eq(dw_lvm_vg(lvm, 0)->pvs[0].pe_used_nr, 30000);
	dw_lvm_free(lvm);
}
END_TEST

START_TEST(many_segments_take_few_steps)
{
	struct dw_buf b = { 0 };
	struct dw_dev *vol;
	struct dw_lvm *lvm;

	compares_nr = 0;
	add_head(&b);
	add_lv(&b, 0, "pv0", 0, 50000);
	add_lv(&b, 1, "lv0", 0, 50000);
	lvm = big_set(&b);
	vol = open_lv(lvm, "lv1");
	ck_assert_uint_eq(vol->size, 50000 * 4096);
	dw_dev_close(vol, NULL);
	dw_lvm_free(lvm);
	ck_assert_uint_lt(compares_nr, STEPS_MAX);
}
END_TEST

/* lv0 is the deepest; nothing recurses further than it is allowed to. */
START_TEST(depth_is_bounded)
{
	unsigned nr = _i ? 10000 : 33, i;
	struct dw_buf b = { 0 };
	struct dw_lvm *lvm;
	struct dw_dev *vol;
	char area[24];
	int rc;

	add_head(&b);
	add_lv(&b, 0, "pv0", 0, 1);
	for (i = 1; i < nr; i++) {
		snprintf(area, sizeof(area), "lv%u", i - 1);
		add_lv(&b, i, area, 0, 1);
	}
	lvm = big_set(&b);
	vol = open_lv(lvm, "lv32");
	dw_dev_close(vol, NULL);
	if (_i) {
		rc = lvmimg_open(ctx, lvm, "lv9999", &vol, &err);
		ck_assert_int_eq(rc, DW_LIMIT);
		ck_assert_str_eq(err.text, "vg0/lv9966: lies 32 volumes deep, "
				 "which is as deep as is read");
	}
	dw_lvm_free(lvm);
}
END_TEST

/* Each level needs the one below twice: still each is opened once. */
START_TEST(shared_volumes_are_opened_once)
{
	struct dw_buf b = { 0 };
	struct dw_lvm *lvm;
	struct dw_dev *vol;
	char area[24];
	unsigned i, k;

	add_head(&b);
	add_lv(&b, 0, "pv0", 0, 1);
	for (i = 1; i < 31; i++) {
		snprintf(area, sizeof(area), "lv%u", i - 1);
		dw_buf_printf(&b, "lv%u {\nid = \"lvlvlv-0000-1111-2222-3333-"
			      "4444-%06u\"\nstatus = []\nsegment_count = 2\n",
			      i, i);
		for (k = 0; k < 2; k++)
			dw_buf_printf(&b, "s%u { start_extent = %u "
				      "extent_count = 1 type = \"striped\" "
				      "stripe_count = 1 stripes = [ \"%s\", 0 "
				      "] }\n", k, k, area);
		dw_buf_adds(&b, "}\n");
	}
	lvm = big_set(&b);
	vol = open_lv(lvm, "lv30");
	ck_assert_uint_eq(vol->size, 8192);
	dw_dev_close(vol, NULL);
	dw_lvm_free(lvm);
}
END_TEST

/* A cycle of 10000 volumes is found, and told as far as there is room. */
START_TEST(long_cycles_are_told)
{
	struct dw_buf b = { 0 };
	const struct dw_vg *vg;
	struct dw_lvm *lvm;
	char area[24];
	unsigned i;

	add_head(&b);
	for (i = 0; i < 10000; i++) {
		snprintf(area, sizeof(area), "lv%u", (i + 1) % 10000);
		add_lv(&b, i, area, 0, 1);
	}
	lvm = big_set(&b);
	ck_assert_int_eq(dw_lvm_find_vg(lvm, "vg0", &vg, &err), DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "needs itself: lv0 -> lv1 -> lv2 -> "),
		      "%s", err.text);
	dw_lvm_free(lvm);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("lvm-bounds");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, many_volumes_take_few_steps);
	tcase_add_test(tc, many_segments_take_few_steps);
	tcase_add_loop_test(tc, depth_is_bounded, 0, 2);
	tcase_add_test(tc, shared_volumes_are_opened_once);
	tcase_add_test(tc, long_cycles_are_told);
	return dw_test_run("lvm-bounds", tc);
}
