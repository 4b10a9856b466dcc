/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of physical volumes: which copy counts, and who belongs to whom. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lvmimg.h"
#include "lib/run.h"

#define NR(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct dw_ctx *ctx;
static struct dw_err err;
static struct dw_dev *devs[4];
static size_t devs_nr;
static struct dw_lvm *lvm;
static char *texts[4];
static size_t texts_nr;

static void setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	devs_nr = texts_nr = 0;
	lvm = NULL;
}

static void teardown(void)
{
	size_t i;

	dw_lvm_free(lvm);
	for (i = 0; i < devs_nr; i++)
		dw_dev_close(devs[i], NULL);
	for (i = 0; i < texts_nr; i++)
		free(texts[i]);
	dw_ctx_free(ctx);
}

/* The usual text with a change; kept until the test's end. */
static const char *edit(const char *from, const char *to)
{
	texts[texts_nr] = lvmimg_edit(lvmimg_text(LVMIMG_TEXT), from, to);
	return texts[texts_nr++];
}

static struct dw_dev *add(struct lvmimg img)
{
	devs[devs_nr] = lvmimg_new(&img);
	return devs[devs_nr++];
}

/* Both PVs, with a text each; NULL: the usual one. */
static void add_two(const char *first, const char *second)
{
	const char *usual = edit("seqno = 7", "seqno = 7");

	add((struct lvmimg){ .id = LVMIMG_ID0, .text = first ? first :
			     usual });
	add((struct lvmimg){ .id = LVMIMG_ID1, .text = second ? second :
			     usual });
}

static const struct dw_vg *assemble(void)
{
	lvm = lvmimg_set(ctx, devs, devs_nr);
	ck_assert_uint_ge(dw_lvm_vgs_nr(lvm), 1);
	return dw_lvm_vg(lvm, 0);
}

static bool has_note(const struct dw_vg *vg, const char *text)
{
	size_t i;

	for (i = 0; i < vg->notes.nr; i++)
		if (strstr(vg->notes.items[i], text))
			return true;
	return false;
}

/* ---- copies --------------------------------------------------------------- */

START_TEST(the_newest_copy_counts)
{
	const char *older = edit("seqno = 7", "seqno = 6");
	const struct dw_vg *vg;

	add_two(_i ? older : NULL, _i ? NULL : older);
	vg = assemble();
	ck_assert_uint_eq(vg->seqno, 7);
	ck_assert_uint_eq(vg->missing_nr, 0);
	ck_assert_uint_eq(vg->notes.nr, 1);
	ck_assert_msg(has_note(vg, _i ? "the metadata on pv-a is older "
			       "(sequence number 6), that of 7 is used" :
			       "the metadata on pv-b is older"), "%s",
		      vg->notes.items[0]);
}
END_TEST

START_TEST(one_good_area_of_two_is_enough)
{
	struct dw_dev *dev = add((struct lvmimg){
		.id = LVMIMG_ID0, .mdas_nr = 2,
		.text = edit("seqno = 7", "seqno = 7"),
	});
	const struct dw_vg *vg;

	/* A byte of the text; the header's magic; the other area's. */
	static const uint64_t offs[] = {
		LVMIMG_MDA_OFF + 600, LVMIMG_MDA_OFF + 5,
		LVMIMG_MDA2_OFF + 600,
	};
	lvmimg_put(dev, offs[_i], 1, 0);
	vg = assemble();
	ck_assert_msg(!vg->problem, "%s", vg->problem);
	ck_assert_uint_eq(vg->seqno, 7);
	ck_assert_uint_eq(vg->notes.nr, 1);
	ck_assert_msg(has_note(vg, _i == 2 ? "pv-a: metadata area at 1703936"
			       : "pv-a: metadata area at 4096"), "%s",
		      vg->notes.items[0]);
}
END_TEST

START_TEST(the_newer_of_two_areas_counts)
{
	add((struct lvmimg){
		.id = LVMIMG_ID0, .mdas_nr = 2,
		.text = edit("seqno = 7", "seqno = 8"),
		.text2 = edit("seqno = 7", "seqno = 9"),
	});
	ck_assert_uint_eq(assemble()->seqno, 9);
}
END_TEST

START_TEST(a_pv_without_areas_is_found)
{
	const struct dw_vg *vg;

	add((struct lvmimg){ .id = LVMIMG_ID0,
			     .text = edit("seqno = 7", "seqno = 7") });
	add((struct lvmimg){ .id = LVMIMG_ID1, .mdas_nr = LVMIMG_NO_MDAS });
	vg = assemble();
	ck_assert_uint_eq(vg->missing_nr, 0);
	ck_assert_ptr_eq(vg->pvs[1].dev, devs[1]);
	ck_assert_ptr_eq(dw_lvm_vg_of(lvm, devs[1]), vg);
	ck_assert_uint_eq(vg->notes.nr, 0);
}
END_TEST

START_TEST(rivals_are_told)
{
	const struct dw_vg *vg;

	add_two(NULL, edit("max_lv = 0", "max_lv = 9"));
	vg = assemble();
	ck_assert(has_note(vg, "the metadata on pv-a and pv-b differs, both "
			   "have the sequence number 7; the first is used"));
}
END_TEST

START_TEST(only_damaged_copies)
{
	const struct dw_vg *vg, *found;

	add_two(NULL, NULL);
	lvmimg_put(devs[0], LVMIMG_MDA_OFF + 9000, 1, 'X');
	lvmimg_put(devs[1], LVMIMG_MDA_OFF + 9000, 1, 'X');
	vg = assemble();
	ck_assert_uint_eq(dw_lvm_vgs_nr(lvm), 1);
	ck_assert_uint_eq(dw_lvm_orphans_nr(lvm), 0);
	ck_assert_str_eq(vg->name, "vg0");
	ck_assert_str_eq(vg->id, "vgvgvg-0000-1111-2222-3333-4444-555550");
	ck_assert_msg(strstr(vg->problem, "pv-a: metadata area at 4096: the "
			     "text's checksum"), "%s", vg->problem);
	ck_assert_ptr_eq(dw_lvm_vg_of(lvm, devs[1]), vg);
	ck_assert_int_eq(dw_lvm_find_vg(lvm, "vg0", &found, &err),
			 DW_CORRUPT);
	ck_assert_str_eq(err.text, vg->problem);
}
END_TEST

/* ---- members -------------------------------------------------------------- */

START_TEST(a_missing_pv)
{
	const struct dw_vg *vg;
	struct dw_dev *vol;
	const struct dw_lv *lv;

	add((struct lvmimg){ .id = LVMIMG_ID0,
			     .text = edit("seqno = 7", "seqno = 7") });
	vg = assemble();
	ck_assert_msg(!vg->problem, "%s", vg->problem);
	ck_assert_uint_eq(vg->missing_nr, 1);
	ck_assert(vg->pvs[1].is_missing);
	ck_assert_ptr_null(vg->pvs[1].dev);
	ck_assert_int_eq(dw_lvm_find_lv(vg, "two", &lv, &err), 0);
	ck_assert(!lv->is_whole);
	ck_assert_int_eq(dw_lvm_find_lv(vg, "lin", &lv, &err), 0);
	ck_assert(lv->is_whole);
	ck_assert_int_eq(lvmimg_open(ctx, lvm, "lin", &vol, &err), 0);
	dw_dev_close(vol, NULL);
	ck_assert_int_eq(lvmimg_open(ctx, lvm, "two", &vol, &err), DW_NOENT);
	ck_assert_str_eq(err.text, "vg0/two: needs physical volume pv1 (UUID "
			 "bbbbbb-0000-1111-2222-3333-4444-55555b, once "
			 "/dev/sdb), which is not among the images given");
}
END_TEST

/* Of what is made of legs the others serve. */
START_TEST(legs_may_be_missing)
{
	struct dw_dev *vol;

	add((struct lvmimg){ .id = _i ? LVMIMG_ID1 : LVMIMG_ID0,
			     .text = edit("seqno = 7", "seqno = 7") });
	assemble();
	ck_assert_msg(!lvmimg_open(ctx, lvm, "mir", &vol, &err), "%s",
		      err.text);
	ck_assert(vol->readonly);
	dw_dev_close(vol, NULL);
	ck_assert_int_eq(lvmimg_open(ctx, lvm, "str", &vol, &err), DW_NOENT);
	ck_assert_msg(strstr(err.text, _i ? "pv0 (UUID" : "pv1 (UUID"), "%s",
		      err.text);
}
END_TEST

/* A leg is there, but not what says whether it is good. */
static const struct {
	const char *from, *to, *id, *lv, *text;
} untold[] = {
	{ "mirror_count = 2", "mirror_count = 2\nmirror_log = \"lin\"",
	  LVMIMG_ID1, "mir", "needs physical volume pv0" },
	{ "\"r1_rmeta_0\"", "\"mir_mimage_1\"", LVMIMG_ID0, "r1",
	  "needs physical volume pv1" },
};

START_TEST(what_tells_of_legs_is_asked_for)
{
	struct dw_dev *vol;

	add((struct lvmimg){ .id = untold[_i].id,
			     .text = edit(untold[_i].from, untold[_i].to) });
	assemble();
	ck_assert_int_eq(lvmimg_open(ctx, lvm, untold[_i].lv, &vol, &err),
			 DW_NOENT);
	ck_assert_msg(strstr(err.text, untold[_i].text), "%s", err.text);
}
END_TEST

START_TEST(a_pv_that_was_given_up)
{
	const struct dw_vg *vg;
	struct dw_dev *vol;
	const char *text = edit("status = [\"ALLOCATABLE\"]\n\t\t\tflags = []",
				_i ? "status = [\"ALLOCATABLE\", \"MISSING\"]"
				: "status = []\n\t\t\tflags = [\"MISSING\"]");

	add_two(text, text);
	vg = assemble();
	ck_assert_uint_eq(vg->missing_nr, 1);
	ck_assert(vg->pvs[0].is_missing);
	ck_assert_ptr_nonnull(vg->pvs[0].dev);
	ck_assert_int_eq(lvmimg_open(ctx, lvm, "lin", &vol, &err), DW_NOENT);
	ck_assert_msg(strstr(err.text, "marked as missing"), "%s", err.text);
}
END_TEST

START_TEST(a_pv_that_left_is_an_orphan)
{
	const char *newer = edit("seqno = 7", "seqno = 8");

	texts[texts_nr++] = lvmimg_edit(newer, "id = \"bbbbbb-",
					"id = \"dddddd-");
	add((struct lvmimg){ .id = LVMIMG_ID0, .text = texts[texts_nr - 1] });
	add((struct lvmimg){ .id = LVMIMG_ID1,
			     .text = edit("seqno = 7", "seqno = 7") });
	add((struct lvmimg){ .id = LVMIMG_ID2 });
	assemble();
	ck_assert_uint_eq(dw_lvm_vgs_nr(lvm), 1);
	ck_assert_uint_eq(dw_lvm_vg(lvm, 0)->missing_nr, 1);
	ck_assert_uint_eq(dw_lvm_orphans_nr(lvm), 2);
	ck_assert_ptr_eq(dw_lvm_orphan(lvm, 0), devs[1]);
	ck_assert_ptr_eq(dw_lvm_orphan(lvm, 1), devs[2]);
	ck_assert_ptr_null(dw_lvm_vg_of(lvm, devs[1]));
}
END_TEST

/* It went to another group while pv-a was away. */
START_TEST(a_pv_belongs_to_its_own_group)
{
	const struct dw_vg *other;

	add((struct lvmimg){ .id = LVMIMG_ID0,
			     .text = edit("seqno = 7", "seqno = 70") });
	texts[texts_nr] = lvmimg_edit(lvmimg_text(LVMIMG_TEXT_OLD),
				      "id = \"aaaaaa-0000-1111-2222-3333-4444-"
				      "55555a\"",
				      "id = \"bbbbbb-0000-1111-2222-3333-4444-"
				      "55555b\"");
	add((struct lvmimg){ .id = LVMIMG_ID1, .text = texts[texts_nr++] });
	assemble();
	ck_assert_int_eq(dw_lvm_find_vg(lvm, "old_vg", &other, &err), 0);
	ck_assert_uint_eq(other->missing_nr, 0);
	ck_assert_ptr_eq(dw_lvm_vg_of(lvm, devs[1]), other);
	ck_assert_uint_eq(dw_lvm_vg(lvm, 0)->missing_nr, 1);
}
END_TEST

START_TEST(the_same_pv_twice)
{
	add_two(NULL, NULL);
	assemble();
	ck_assert_int_eq(dw_lvm_add(lvm, devs[0], &err), DW_EXISTS);
	add((struct lvmimg){ .id = LVMIMG_ID1 });
	ck_assert_int_eq(dw_lvm_add(lvm, devs[2], &err), DW_EXISTS);
	ck_assert_str_eq(err.text, "lvm: pv-b and pv-b are the same physical "
			 "volume bbbbbb-0000-1111-2222-3333-4444-55555b");
}
END_TEST

START_TEST(a_cut_device_is_noted)
{
	struct dw_dev *vol;

	add((struct lvmimg){ .id = LVMIMG_ID0, .size = 500000,
			     .text = edit("seqno = 7", "seqno = 7") });
	ck_assert(has_note(assemble(), "pv-a has 500000 bytes, the extents of "
			   "pv0 end at 1703936"));
	ck_assert_int_eq(lvmimg_open(ctx, lvm, "lin", &vol, &err), 0);
	dw_dev_close(vol, NULL);
	ck_assert_int_eq(lvmimg_open(ctx, lvm, "org", &vol, &err),
			 DW_CORRUPT);
	ck_assert_str_eq(err.text, "vg0/org: its 131072 bytes at 917504 pass "
			 "the end of pv-a at 500000");
}
END_TEST

START_TEST(extents_over_metadata_are_noted)
{
	const char *text = edit("pe_start = 256", "pe_start = 16");

	add_two(text, text);
	ck_assert(has_note(assemble(), "the metadata area at 4096 of pv-a "
			   "lies among its extents"));
	ck_assert_uint_eq(dw_lvm_vg(lvm, 0)->notes.nr, 1);
}
END_TEST

/* ---- groups --------------------------------------------------------------- */

START_TEST(two_groups_of_one_name)
{
	const struct dw_vg *vg;

	texts[texts_nr] = lvmimg_edit(lvmimg_text(LVMIMG_TEXT_OLD), "old_vg {",
				      "vg0 {");
	add((struct lvmimg){ .id = LVMIMG_ID0, .text = texts[texts_nr++] });
	add((struct lvmimg){ .id = LVMIMG_ID1,
			     .text = edit("seqno = 7", "seqno = 7") });
	assemble();
	ck_assert_uint_eq(dw_lvm_vgs_nr(lvm), 2);
	ck_assert_int_eq(dw_lvm_find_vg(lvm, "vg0", &vg, &err), DW_USAGE);
	ck_assert_msg(strstr(err.text, "oldold-0000-1111-2222-3333-4444-555550"
			     ", vgvgvg-0000-1111-2222-3333-4444-555550"), "%s",
		      err.text);
	ck_assert_int_eq(dw_lvm_find_vg(lvm, "oldold-0000-1111-2222-3333-4444-"
					"555550", &vg, &err), 0);
	ck_assert_uint_eq(vg->seqno, 3);
}
END_TEST

START_TEST(what_is_not_there_is_listed)
{
	const struct dw_vg *vg;
	const struct dw_lv *lv;

	add_two(NULL, NULL);
	vg = assemble();
	ck_assert_int_eq(dw_lvm_find_vg(lvm, "vg1", &vg, &err), DW_NOENT);
	ck_assert_str_eq(err.text, "lvm: there is no volume group vg1, there "
			 "is: vg0");
	vg = dw_lvm_vg(lvm, 0);
	ck_assert_int_eq(dw_lvm_find_lv(vg, "root", &lv, &err), DW_NOENT);
	ck_assert_str_eq(err.text, "lvm: vg0 has no volume root, it has: lin, "
			 "two, str, r1, r5, mir, org, snap, tp, th1, th2, "
			 "slow, fast, er, ze, dedup");
	ck_assert_int_eq(dw_lvm_find_lv(vg, "lvlvlv-0000-1111-2222-3333-4444-"
					"000102", &lv, &err), 0);
	ck_assert_str_eq(lv->name, "two");
}
END_TEST

START_TEST(an_empty_set)
{
	const struct dw_vg *vg;

	lvm = lvmimg_set(ctx, devs, 0);
	ck_assert_uint_eq(dw_lvm_vgs_nr(lvm), 0);
	ck_assert_int_eq(dw_lvm_find_vg(lvm, "vg0", &vg, &err), DW_NOENT);
	ck_assert_msg(strstr(err.text, "there is: none"), "%s", err.text);
}
END_TEST

START_TEST(groups_of_several_hosts)
{
	static const struct { const char *from, *to; bool shared; } marks[] = {
		{ "\"RESIZEABLE\"", "\"CLUSTERED\"", true },
		{ "\"RESIZEABLE\"", "\"SHARED\"", true },
		{ "format =", "lock_type = \"sanlock\"\nformat =", true },
		{ "\"RESIZEABLE\"", "\"EXPORTED\"", false },
	};
	const char *text = edit(marks[_i].from, marks[_i].to);
	const struct dw_vg *vg;
	const struct dw_lv *lv;
	struct dw_dev *vol;

	add_two(text, text);
	vg = assemble();
	ck_assert_int_eq(vg->is_clustered_or_shared, marks[_i].shared);
	ck_assert_int_eq(vg->is_exported, !marks[_i].shared);
	ck_assert_int_eq(lvmimg_open(ctx, lvm, "lin", &vol, &err), 0);
	ck_assert(vol->readonly);
	ck_assert_int_eq(dw_lvm_find_lv(vg, "lin", &lv, &err), 0);
	ck_assert_int_eq(dw_lv_check_writable(lv, vol, &err), DW_READONLY);
	ck_assert_msg(strstr(err.text, marks[_i].shared ? "several hosts" :
			     "is exported"), "%s", err.text);
	dw_dev_close(vol, NULL);
}
END_TEST

/* ---- the host ------------------------------------------------------------- */

/* Each read fails once: an error of the host is no damage of the image. */
START_TEST(errors_of_the_host_are_told)
{
	struct dw_fault fault = { .fail_read_at = (uint64_t)_i };
	struct dw_dev *faulty;
	int rc;

	add((struct lvmimg){ .id = LVMIMG_ID0,
			     .text = edit("seqno = 7", "seqno = 7") });
	ck_assert_int_eq(dw_fault_new(devs[0], &fault, &faulty, &err), 0);
	ck_assert_int_eq(dw_lvm_new(ctx, &lvm, &err), 0);
	rc = dw_lvm_add(lvm, faulty, &err);
	if (!rc)
		rc = dw_lvm_assemble(lvm, &err);
	dw_dev_close(faulty, NULL);
	ck_assert_int_eq(rc, DW_IO);
}
END_TEST

START_TEST(giving_up_is_told)
{
	add((struct lvmimg){ .id = LVMIMG_ID0 });
	ck_assert_int_eq(dw_lvm_new(ctx, &lvm, &err), 0);
	ck_assert_int_eq(dw_lvm_add(lvm, devs[0], &err), 0);
	dw_ctx_cancel(ctx);
	ck_assert_int_eq(dw_lvm_assemble(lvm, &err), DW_CANCELLED);
}
END_TEST

START_TEST(a_cap_is_kept)
{
	const struct dw_vg *vg;

	dw_ctx_set_memory_cap(ctx, 100000);
	add_two(NULL, NULL);
	vg = assemble();
	ck_assert_msg(vg->problem && strstr(vg->problem, "50000 bytes of "
					    "memory"), "%s", vg->problem);
	ck_assert_msg(dw_lvm_find_vg(lvm, "vg0", &vg, &err) == DW_LIMIT,
		      "%s", err.text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("lvm-set");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, the_newest_copy_counts, 0, 2);
	tcase_add_loop_test(tc, one_good_area_of_two_is_enough, 0, 3);
	tcase_add_test(tc, the_newer_of_two_areas_counts);
	tcase_add_test(tc, a_pv_without_areas_is_found);
	tcase_add_test(tc, rivals_are_told);
	tcase_add_test(tc, only_damaged_copies);
	tcase_add_test(tc, a_missing_pv);
	tcase_add_loop_test(tc, legs_may_be_missing, 0, 2);
	tcase_add_loop_test(tc, what_tells_of_legs_is_asked_for, 0, 2);
	tcase_add_loop_test(tc, a_pv_that_was_given_up, 0, 2);
	tcase_add_test(tc, a_pv_that_left_is_an_orphan);
	tcase_add_test(tc, a_pv_belongs_to_its_own_group);
	tcase_add_test(tc, the_same_pv_twice);
	tcase_add_test(tc, a_cut_device_is_noted);
	tcase_add_test(tc, extents_over_metadata_are_noted);
	tcase_add_test(tc, two_groups_of_one_name);
	tcase_add_test(tc, what_is_not_there_is_listed);
	tcase_add_test(tc, an_empty_set);
	tcase_add_loop_test(tc, groups_of_several_hosts, 0, 4);
	tcase_add_loop_test(tc, errors_of_the_host_are_told, 1, 4);
	tcase_add_test(tc, giving_up_is_told);
	tcase_add_test(tc, a_cap_is_kept);
	return dw_test_run("lvm-set", tc);
}
