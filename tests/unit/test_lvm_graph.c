/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups whose volumes need one another many times over: what is done for each
 * way down would never end. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "lib/lvmimg.h"
#include "lib/run.h"

#define UUID_TAIL "-0000-1111-2222-3333-4444-"

static struct dw_ctx *ctx;
static struct dw_dev *pv;
static struct dw_lvm *lvm;
static struct dw_err err;

static void setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
}

static void teardown(void)
{
	dw_lvm_free(lvm);
	dw_dev_close(pv, NULL);
	dw_ctx_free(ctx);
}

/* ---- texts --------------------------------------------------------------- */

static void add_pv(struct dw_buf *b, const char *name, char c)
{
	dw_buf_printf(b, "%s { id = \"%c%c%c%c%c%c" UUID_TAIL "55555%c\" "
		      "pe_start = 256 pe_count = 24 }\n", name, c, c, c, c, c,
		      c, c);
}

static void add_lv(struct dw_buf *b, unsigned nr)
{
	dw_buf_printf(b, "lv%u { id = \"lvlvlv" UUID_TAIL "%06u\" status = "
		      "[\"READ\", \"WRITE\"] segment_count = 1 s1 { "
		      "start_extent = 0 extent_count = 2 ", nr, nr);
}

/* All of a volume, twice. */
static void add_mirror(struct dw_buf *b, unsigned below)
{
	dw_buf_printf(b, "type = \"mirror\" mirror_count = 2 mirrors = "
		      "[ \"lv%u\", 0, \"lv%u\", 0 ] } }\n", below, below);
}

/* The first half of a volume, and the second. */
static void add_stripes(struct dw_buf *b, unsigned below)
{
	dw_buf_printf(b, "type = \"striped\" stripe_count = 2 stripe_size = 8 "
		      "stripes = [ \"lv%u\", 0, \"lv%u\", 1 ] } }\n", below,
		      below);
}

typedef void (*level_fn)(struct dw_buf *b, unsigned below);

/* lv0 lies on pv0, which is there, or pv1; all others on the one before. */
static void make_set(const char *lowest, level_fn level, unsigned levels)
{
	struct dw_buf b = { 0 };
	unsigned i;

	dw_buf_adds(&b, "vg0 { id = \"vgvgvg" UUID_TAIL "555550\" seqno = 1 "
		    "extent_size = 128 physical_volumes {\n");
	add_pv(&b, "pv0", 'a');
	add_pv(&b, "pv1", 'c');
	dw_buf_adds(&b, "}\nlogical_volumes {\n");
	add_lv(&b, 0);
	dw_buf_printf(&b, "type = \"striped\" stripe_count = 1 stripes = "
		      "[ \"%s\", 0 ] } }\n", lowest);
	for (i = 1; i <= levels; i++) {
		add_lv(&b, i);
		level(&b, i - 1);
	}
	dw_buf_adds(&b, "}\n}\ncontents = \"Text Format Volume Group\"\n"
		    "version = 1\n");
	ck_assert_int_eq(dw_buf_check(&b, &err), 0);
	pv = lvmimg_new(&(struct lvmimg){ .id = LVMIMG_ID0, .text = b.data });
	lvm = lvmimg_set(ctx, &pv, 1);
	dw_buf_free(&b);
}

/* ---- opening ------------------------------------------------------------- */

START_TEST(what_fails_fails_once)
{
	struct dw_dev *vol;
	int rc;

	make_set("pv1", add_mirror, 30);
	rc = lvmimg_open(ctx, lvm, "lv30", &vol, &err);
	ck_assert_msg(rc == DW_NOENT, "%d %s", rc, err.text);
}
END_TEST

START_TEST(ways_are_counted)
{
	struct dw_dev *vol;
	uint8_t buf[8];
	int rc;

	make_set("pv0", _i ? add_mirror : add_stripes, 20);
	rc = lvmimg_open(ctx, lvm, "lv16", &vol, &err);
	ck_assert_msg(!rc, "%s", err.text);
	ck_assert_int_eq(dw_dev_pread(vol, 0, buf, sizeof(buf), &err), 0);
	ck_assert(!memcmp(buf, &(uint64_t){ lvmimg_word(LVMIMG_ID0,
		  LVMIMG_PE_OFF) }, sizeof(buf)));
	ck_assert_int_eq(dw_dev_flush(vol, &err), 0);
	dw_dev_close(vol, NULL);
	rc = lvmimg_open(ctx, lvm, "lv17", &vol, &err);
	ck_assert_msg(rc == DW_LIMIT, "%d %s", rc, err.text);
	ck_assert_str_eq(err.text, "vg0/lv17: 131072 ways lead down from it, "
			 "of which 65536 are the most that is read");
	ck_assert_int_eq(lvmimg_open(ctx, lvm, "lv20", &vol, &err), DW_LIMIT);
}
END_TEST

START_TEST(opening_can_be_cancelled)
{
	struct dw_dev *vol;

	make_set("pv0", add_mirror, 1);
	dw_ctx_cancel(ctx);
	ck_assert_int_eq(lvmimg_open(ctx, lvm, "lv1", &vol, &err),
			 DW_CANCELLED);
}
END_TEST

/* ---- listing ------------------------------------------------------------- */

START_TEST(all_are_listed)
{
	struct dw_volumes *volumes;

	make_set(_i ? "pv1" : "pv0", add_mirror, 150);
	for (int i = 0; i <= 150; i++)
		ck_assert_int_eq(dw_lvm_vg(lvm, 0)->lvs[i].is_whole, !_i);
	ck_assert_msg(!dw_volumes(ctx, pv, 0, &volumes, &err), "%s", err.text);
	ck_assert_uint_eq(volumes->vgs_nr, 1);
	ck_assert_uint_eq(volumes->vgs[0].lvs_nr, 151);
	dw_volumes_free(volumes);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("lvm-graph");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, what_fails_fails_once);
	tcase_add_loop_test(tc, ways_are_counted, 0, 2);
	tcase_add_test(tc, opening_can_be_cancelled);
	tcase_add_loop_test(tc, all_are_listed, 0, 2);
	return dw_test_run("lvm-graph", tc);
}
