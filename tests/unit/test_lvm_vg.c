/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volume groups out of texts: what the members say, and what is refused. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lvmimg.h"
#include "lib/run.h"
#include "lvm/vg.h"

#define NR(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define EXTENT LVMIMG_EXTENT_LEN

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

static const struct dw_lv *find(const struct dw_vg *vg, const char *name)
{
	const struct dw_lv *lv;

	ck_assert_msg(!dw_lvm_find_lv(vg, name, &lv, &err), "%s", err.text);
	return lv;
}

/* ---- what is read ----------------------------------------------------------- */

START_TEST(the_group)
{
	struct dw_lvm *lvm = lvmimg_set_of(ctx, lvmimg_text(LVMIMG_TEXT));
	const struct dw_vg *vg = dw_lvm_vg(lvm, 0);

	ck_assert_uint_eq(dw_lvm_vgs_nr(lvm), 1);
	ck_assert_uint_eq(dw_lvm_orphans_nr(lvm), 0);
	ck_assert_ptr_null(vg->problem);
	ck_assert_uint_eq(vg->notes.nr, 0);
	ck_assert_str_eq(vg->name, "vg0");
	ck_assert_str_eq(vg->id, "vgvgvg-0000-1111-2222-3333-4444-555550");
	ck_assert_uint_eq(vg->seqno, 7);
	ck_assert_uint_eq(vg->extent_len, EXTENT);
	ck_assert(!vg->is_exported && !vg->is_clustered_or_shared);
	ck_assert_str_eq(vg->creator, "Write from lvcreate --addtag \"a\\b\" "
			 "-n lin vg0. (host host)");
	ck_assert_uint_eq(vg->pvs_nr, 2);
	ck_assert_uint_eq(vg->lvs_nr, 37);
	ck_assert_uint_eq(vg->missing_nr, 0);
	ck_assert_str_eq(vg->pvs[1].name, "pv1");
	ck_assert_str_eq(vg->pvs[1].hint, "/dev/sdb");
	ck_assert_str_eq(vg->pvs[1].dev->name, "pv-b");
	ck_assert_uint_eq(vg->pvs[1].size, 3448 * 512);
	ck_assert_uint_eq(vg->pvs[1].pe_start_off, LVMIMG_PE_OFF);
	ck_assert_uint_eq(vg->pvs[1].pe_nr, LVMIMG_PE_NR);
	ck_assert_uint_eq(vg->pvs[0].pe_used_nr, 23);
	ck_assert_uint_eq(vg->pvs[1].pe_used_nr, 19);
	dw_lvm_free(lvm);
}
END_TEST

START_TEST(kinds_have_names)
{
	static const struct { const char *lv, *kind; bool is_visible; } k[] = {
		{ "lin", "linear", true }, { "two", "linear", true },
		{ "str", "striped", true }, { "r1", "raid1", true },
		{ "r5", "raid5_ls", true }, { "mir", "mirror", true },
		{ "org", "linear", true }, { "snap", "snapshot", true },
		{ "snapshot0", "snapshot", false },
		{ "tp", "thin-pool", true }, { "th1", "thin", true },
		{ "slow", "cache", true }, { "fast", "cache", true },
		{ "cp", "cache-pool", false }, { "cvol", "linear", false },
		{ "er", "error", true }, { "ze", "zero", true },
		{ "dedup", "vdo", true }, { "r1_rimage_0", "linear", false },
	};
	struct dw_lvm *lvm = lvmimg_set_of(ctx, lvmimg_text(LVMIMG_TEXT));
	const struct dw_lv *lv;

	for (int i = 0; i < NR(k); i++) {
		lv = find(dw_lvm_vg(lvm, 0), k[i].lv);
		ck_assert_str_eq(dw_lv_kind_name(lv), k[i].kind);
		ck_assert_int_eq(lv->is_visible, k[i].is_visible);
	}
	dw_lvm_free(lvm);
}
END_TEST

START_TEST(segments_refer)
{
	struct dw_lvm *lvm = lvmimg_set_of(ctx, lvmimg_text(LVMIMG_TEXT));
	const struct dw_vg *vg = dw_lvm_vg(lvm, 0);
	const struct dw_segment *s;

	s = find(vg, "two")->segments;
	ck_assert_uint_eq(find(vg, "two")->segments_nr, 2);
	ck_assert_ptr_eq(s[1].areas[0].pv, &vg->pvs[1]);
	ck_assert_uint_eq(s[1].start_extent, 2);
	ck_assert_uint_eq(s[1].extents_nr, 3);
	s = find(vg, "r5")->segments;
	ck_assert_uint_eq(s->areas_nr, 3);
	ck_assert_ptr_eq(s->areas[2].lv, find(vg, "r5_rimage_2"));
	ck_assert_ptr_eq(s->metas[2].lv, find(vg, "r5_rmeta_2"));
	ck_assert_uint_eq(s->stripe_len, 65536);
	ck_assert(find(vg, "r1")->is_notsynced);
	s = find(vg, "snapshot0")->segments;
	ck_assert_ptr_eq(s->origin, find(vg, "org"));
	ck_assert_ptr_eq(find(vg, "snap")->snapshot, find(vg, "snapshot0"));
	ck_assert_ptr_eq(find(vg, "org")->user, find(vg, "snapshot0"));
	ck_assert_uint_eq(s->chunk_len, 4096);
	s = find(vg, "th2")->segments;
	ck_assert_ptr_eq(s->pool, find(vg, "tp"));
	ck_assert_ptr_eq(s->origin, find(vg, "th1"));
	ck_assert_ptr_eq(s->external_origin, find(vg, "ze"));
	ck_assert_uint_eq(s->device_id, 2);
	s = find(vg, "tp")->segments;
	ck_assert_ptr_eq(s->data, find(vg, "tp_tdata"));
	ck_assert_ptr_eq(s->metadata, find(vg, "tp_tmeta"));
	s = find(vg, "cp")->segments;
	ck_assert(s->is_writeback);
	ck_assert_uint_eq(s->metadata_format, 2);
	s = find(vg, "fast")->segments;
	ck_assert(!s->is_writeback);
	ck_assert_uint_eq(s->cachevol_data_off, 64 * 512);
	dw_lvm_free(lvm);
}
END_TEST

/* Without format, flags, sizes; a time that is no number; pvmove under way, or
 * done with the segment. */
START_TEST(an_old_text)
{
	char *text = lvmimg_edit(lvmimg_text(LVMIMG_TEXT_OLD),
				 "extents_moved = 0", _i ?
				 "extents_moved = 1" : "extents_moved = 0");
	struct dw_dev *dev = lvmimg_new(&(struct lvmimg){
		.id = LVMIMG_ID0, .text = text,
	});
	struct dw_lvm *lvm = lvmimg_set(ctx, &dev, 1);
	const struct dw_vg *vg = dw_lvm_vg(lvm, 0);
	struct dw_dev *vol;
	uint8_t buf[8];

	ck_assert_msg(!vg->problem, "%s", vg->problem);
	ck_assert_uint_eq(vg->pvs[0].size, 0);
	ck_assert_str_eq(vg->creator, " (host old)");
	ck_assert_int_eq(lvmimg_open(ctx, lvm, "mvd", &vol, &err), 0);
	ck_assert_int_eq(dw_dev_pread(vol, 8, buf, 8, &err), 0);
	ck_assert(!memcmp(buf, &(uint64_t){ lvmimg_word(LVMIMG_ID0,
		  LVMIMG_PE_OFF + (5 + (unsigned)_i) * EXTENT + 8) }, 8));
	ck_assert(vol->readonly);
	dw_dev_close(vol, NULL);
	dw_lvm_free(lvm);
	dw_dev_close(dev, NULL);
	free(text);
}
END_TEST

/* One change each; the group stays readable. */
static const struct {
	const char *from, *to;
} allowed[] = {
	{ "dev_size = 3448", "dev_size = 7" },
	{ "pe_start = 256", "pe_start = 16" },
	{ "pe_count = 24", "pe_count = 4294967295" },
	{ "\"RESIZEABLE\"", "\"RESIZEABLE\", \"A_FLAG_OF_TOMORROW\"" },
	{ "type = \"vdo\"", "type = \"tomorrow\"" },
	{ "type = \"raid1\"", "type = \"raid1+TOMORROW\"" },
	{ "type = \"thin-pool\"", "type = \"thin-pool+CROP_METADATA\"" },
	{ "type = \"thin-pool\"", "type = \"thin-pool+TOMORROW\"" },
	{ "cache-pool+METADATA_FORMAT", "cache-pool+TOMORROW" },
	{ "region_size = 128", "region_size = 8388608" },
	{ "format = \"lvm2\"", "lock_type = \"none\"" },
	{ "contents =", "historical_logical_volumes { }\ncontents =" },
	{ "cow_store = \"snap\"", "merging_store = \"snap\"" },
	{ "extent_count = 8", "extent_count = 4294967295" },
};

START_TEST(a_change_that_is_allowed)
{
	char *text = lvmimg_edit(lvmimg_text(LVMIMG_TEXT), allowed[_i].from,
				 allowed[_i].to);
	struct dw_lvm *lvm = lvmimg_set_of(ctx, text);

	ck_assert_msg(!dw_lvm_vg(lvm, 0)->problem, "%s",
		      dw_lvm_vg(lvm, 0)->problem);
	ck_assert_uint_eq(dw_lvm_vg(lvm, 0)->lvs_nr, 37);
	dw_lvm_free(lvm);
	free(text);
}
END_TEST

/* ---- what is refused -------------------------------------------------------- */

static const struct {
	const char *from, *to, *error;
	int code;
} refused[] = {
	/* the text as such */
	{ "\"Text Format Volume Group\"", "\"Text Format PV\"",
	  "metadata with \"Text Format PV\"", DW_UNSUPPORTED },
	{ "version = 1", "version = 2", "metadata of version 2",
	  DW_UNSUPPORTED },
	{ "format = \"lvm2\"", "format = \"lvm1\"", "format \"lvm1\"",
	  DW_UNSUPPORTED },
	{ "contents =", "content =", "no \"contents\"", DW_CORRUPT },
	{ "\"/dev/sda\"", "\"/dev/sda", "vg0 metadata line 16: string without "
	  "its end", DW_CORRUPT },
	{ "extent_size = 128", "extent_size = 0", "extents of 0 sectors",
	  DW_CORRUPT },
	{ "extent_size = 128", "extent_size = -128", "is -128, not within",
	  DW_CORRUPT },
	{ "extent_size = 128", "extent_size = 99999999999999999999",
	  "is 99999999999999999999, not within", DW_CORRUPT },
	/* names and UUIDs */
	{ "\t\tlin {", "\t\t.. {", "\"..\" cannot be a name", DW_CORRUPT },
	{ "\t\tlin {", "\t\ta/b {", "\"a/b\" cannot be a name", DW_CORRUPT },
	{ "\t\tlin {", "\t\t-n {", "\"-n\" cannot be a name", DW_CORRUPT },
	{ "\t\ttwo {", "\t\tlin {", "\"lin\" is there twice", DW_CORRUPT },
	{ "id = \"aaaaaa-", "id = \"aaa-", "line 14: the \"id\" of \"pv0\" is "
	  "no UUID", DW_CORRUPT },
	{ "id = \"bbbbbb-0000-1111-2222-3333-4444-55555b\"",
	  "id = \"aaaaaa-0000-1111-2222-3333-4444-55555a\"",
	  "pv0 and pv1 have the same UUID aaaaaa-", DW_CORRUPT },
	/* PVs */
	{ "pe_start = 256", "pe_start = 36028797018963967",
	  "pv0 has 24 extents of 65536 bytes from 18446744073709551104 on",
	  DW_CORRUPT },
	{ "pe_count = 24", "pe_count = 3", "lin: 4 extents from 0 on pass the "
	  "3 of pv0", DW_CORRUPT },
	{ "pe_count = 24", "pe_counts = 24", "\"pv0\" has no \"pe_count\"",
	  DW_CORRUPT },
	{ "physical_volumes {", "physical {", "no \"physical_volumes\"",
	  DW_CORRUPT },
	/* segments */
	{ "segment_count = 2", "segment_count = 3", "\"two\" has 2 segments, "
	  "it says 3", DW_CORRUPT },
	{ "segment_count = 2", "segment_count = 4294967295",
	  "it says 4294967295", DW_CORRUPT },
	{ "start_extent = 2", "start_extent = 3", "two: segment 2 begins at "
	  "extent 3, the one before ends at 2", DW_CORRUPT },
	{ "start_extent = 2", "start_extent = 1", "segment 2 begins at extent "
	  "1", DW_CORRUPT },
	{ "start_extent = 2", "start_extent = 0", "begins at extent 0",
	  DW_CORRUPT },
	{ "extent_count = 4", "extent_count = 0", "lin: segment 1 has no "
	  "extents", DW_CORRUPT },
	{ "extent_count = 4", "extent_count = 25", "25 extents from 0 on pass "
	  "the 24 of pv0", DW_CORRUPT },
	{ "extent_count = 4", "extent_count = 4294967296",
	  "is 4294967296, not within 0 and 4294967295", DW_CORRUPT },
	{ "extent_count = 3", "extent_count = 4294967295",
	  "\"two\" has 4294967297 extents, more than LVM can count",
	  DW_CORRUPT },
	{ "\"pv0\", 0\n", "\"pv0\", -1\n", "\"stripes\" is no list of names",
	  DW_CORRUPT },
	{ "\"pv0\", 0\n", "\"pv0\", 18446744073709551615\n",
	  "4 extents from 18446744073709551615 on pass the 24", DW_CORRUPT },
	{ "\"pv0\", 0\n", "\"pv0\", \"0\"\n", "no list of names", DW_CORRUPT },
	{ "\"pv0\", 0\n", "\"pv9\", 0\n", "there is no volume \"pv9\"",
	  DW_CORRUPT },
	{ "\"pv0\", 0\n", "\"pv0\"\n", "\"stripes\" has 1 values for a "
	  "\"stripe_count\" of 1", DW_CORRUPT },
	{ "\"pv0\", 4\n", "\"pv0\", 3\n", "extents 0 to 3 of pv0 belong to "
	  "lin, and 3 to 4 to two", DW_CORRUPT },
	{ "stripe_count = 1", "stripe_count = 0", "2 values for a "
	  "\"stripe_count\" of 0", DW_CORRUPT },
	{ "stripe_count = 2", "stripe_count = 4294967295",
	  "4 values for a \"stripe_count\" of 4294967295", DW_CORRUPT },
	{ "stripe_size = 8\t", "stripe_size = 0\t", "str: stripes of 131072 "
	  "bytes in chunks of 0", DW_CORRUPT },
	{ "stripe_size = 8\t", "stripe_size = 12\t", "in chunks of 6144",
	  DW_CORRUPT },
	{ "stripe_size = 8\t", "stripe_size = 8388608\t", "not within 0 and "
	  "8388607", DW_CORRUPT },
	{ "type = \"striped\"\n", "", "\"segment1\" has no \"type\"",
	  DW_CORRUPT },
	/* RAID and mirrors */
	{ "stripe_size = 128", "stripe_size = 96", "r5: raid5_ls in chunks of "
	  "49152 bytes", DW_CORRUPT },
	{ "device_count = 2", "device_count = 3", "4 values for a "
	  "\"device_count\" of 3", DW_CORRUPT },
	{ "region_size = 128", "region_size = 100", "r1: regions of 51200 "
	  "bytes", DW_CORRUPT },
	{ "\"r1_rimage_1\"\n", "\"r1_rimage_9\"\n", "there is no volume "
	  "\"r1_rimage_9\"", DW_CORRUPT },
	{ "\"r1_rimage_1\"\n", "\"r1_rmeta_0\"\n", "r1: 2 extents from 0 on "
	  "pass the 1 of r1_rmeta_0", DW_CORRUPT },
	{ "\"mir_mimage_1\", 0", "\"mir_mimage_1\", 1", "mir: 1 extents from "
	  "1 on pass the 1 of mir_mimage_1", DW_CORRUPT },

	/* snapshots, pools and caches */
	{ "cow_store = \"snap\"", "cow_store = \"org\"", "org is a snapshot "
	  "of itself", DW_CORRUPT },
	{ "cow_store = \"snap\"", "cow_store = \"snapshot0\"", "snapshot0 "
	  "cannot store a snapshot", DW_CORRUPT },
	{ "cow_store = \"snap\"", "", "has no \"cow_store\"", DW_CORRUPT },
	{ "chunk_size = 8\n", "chunk_size = 9\n", "snapshot0: chunks of 4608",
	  DW_CORRUPT },
	{ "chunk_size = 128\t", "chunk_size = 64\t", "tp: chunks of 32768",
	  DW_CORRUPT },
	{ "thin_pool = \"tp\"", "thin_pool = \"cp\"", "th1: cp is no thin "
	  "pool", DW_CORRUPT },
	{ "device_id = 1", "device_id = 16777216", "device number 16777216",
	  DW_CORRUPT },
	{ "cache_pool = \"cp\"", "cache_pool = \"lin\"", "lin is no cache "
	  "pool", DW_CORRUPT },
	{ "\tdata_len = 64", "\tdata_len = 65", "the parts of its cache pass the "
	  "65536 bytes of cvol", DW_CORRUPT },
	{ "metadata_start = 0", "metadata_start = 36028797018963967",
	  "the parts of its cache pass", DW_CORRUPT },
	{ "metadata_format = 2", "metadata_format = 3", "not within 0 and 2",
	  DW_CORRUPT },
	{ "type = \"striped\"\n\t\t\t\tstripe_count = 1\t# linear\n\t\t\t\t\n"
	  "\t\t\t\tstripes = [\n\t\t\t\t\t\"pv0\", 4\n\t\t\t\t]\n",
	  "type = \"thin\"\nthin_pool = \"tp\"\ntransaction_id = 0\n"
	  "device_id = 1\n", "two: a segment of type thin among 2",
	  DW_CORRUPT },
	/* parts that two volumes want */
	{ "cache_pool = \"cvol\"", "cache_pool = \"cp\"", "cp is used by slow, "
	  "and by fast", DW_CORRUPT },
	{ "data = \"cp_cdata\"", "data = \"cvol\"", "cvol is used by fast, and "
	  "by cp", DW_CORRUPT },
	{ "metadata = \"cp_cmeta\"", "metadata = \"tp_tmeta\"", "tp_tmeta is "
	  "used by tp, and by cp", DW_CORRUPT },
	{ "cow_store = \"snap\"", "cow_store = \"cvol\"", "cvol is used by "
	  "fast, and by snapshot0", DW_CORRUPT },
	/* volumes that need themselves */
	{ "\"pv0\", 0\n", "\"lin\", 0\n", "needs itself: lin -> lin",
	  DW_CORRUPT },
	{ "\"pv0\", 15\n", "\"th1\", 0\n", "needs itself: tp -> tp_tdata -> "
	  "th1 -> tp", DW_CORRUPT },
	{ "origin = \"slow_corig\"", "origin = \"slow\"", "needs itself: "
	  "slow -> slow", DW_CORRUPT },
	{ "metadata = \"tp_tmeta\"", "metadata = \"th2\"", "needs itself: ",
	  DW_CORRUPT },
};

START_TEST(a_change_that_is_refused)
{
	char *text = lvmimg_edit(lvmimg_text(LVMIMG_TEXT), refused[_i].from,
				 refused[_i].to);
	struct dw_lvm *lvm = lvmimg_set_of(ctx, text);
	const struct dw_vg *vg;
	int rc;

	ck_assert_uint_eq(dw_lvm_vgs_nr(lvm), 1);
	rc = dw_lvm_find_vg(lvm, "vg0", &vg, &err);
	ck_assert_msg(rc == refused[_i].code, "%s: %d %s", refused[_i].to,
		      rc, err.text);
	if (refused[_i].error) {
		ck_assert_msg(strstr(err.text, refused[_i].error), "%s",
			      err.text);
		vg = dw_lvm_vg(lvm, 0);
		ck_assert_str_eq(vg->problem, err.text);
		ck_assert_str_eq(vg->id,
				 "vgvgvg-0000-1111-2222-3333-4444-555550");
		ck_assert_uint_eq(vg->lvs_nr, 0);
	}
	dw_lvm_free(lvm);
	free(text);
}
END_TEST

/* The largest extents, and as many of them as LVM can count. */
static const struct {
	const char *from, *to, *error;
} too_large[] = {
	{ "pe_count = 24", "pe_count = 4294967295", "pv0 has "
	  "4294967295 extents of 2199023255040 bytes from 131072 on" },
	{ "extent_count = 8", "extent_count = 4294967295", "has "
	  "4294967295 extents of 2199023255040 bytes" },
};

START_TEST(extents_beyond_64_bits)
{
	char *large, *text;
	struct dw_lvm *lvm;

	large = lvmimg_edit(lvmimg_text(LVMIMG_TEXT), "extent_size = 128",
			    "extent_size = 4294967295");
	text = lvmimg_edit(large, too_large[_i].from, too_large[_i].to);
	lvm = lvmimg_set_of(ctx, text);
	ck_assert_ptr_nonnull(dw_lvm_vg(lvm, 0)->problem);
	ck_assert_msg(strstr(dw_lvm_vg(lvm, 0)->problem, too_large[_i].error),
		      "%s", dw_lvm_vg(lvm, 0)->problem);
	dw_lvm_free(lvm);
	free(text);
	free(large);
}
END_TEST

START_TEST(areas_are_capped)
{
	char *counted = lvmimg_edit(lvmimg_text(LVMIMG_TEXT),
				    "stripe_count = 2\n",
				    "stripe_count = 254\n");
	char areas[253 * sizeof("\"pv0\", 6,")] = "", *text;
	const struct dw_vg *vg;
	struct dw_lvm *lvm;

	for (int i = 0; i < 253; i++)
		strcat(areas, "\"pv0\", 6,");
	text = lvmimg_edit(counted, "\"pv0\", 6,", areas);
	lvm = lvmimg_set_of(ctx, text);
	ck_assert_int_eq(dw_lvm_find_vg(lvm, "vg0", &vg, &err), DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "a \"stripe_count\" of 254, where 253 "
			     "are the most"), "%s", err.text);
	dw_lvm_free(lvm);
	free(counted);
	free(text);
}
END_TEST

START_TEST(names_are_those_of_lvm)
{
	static const char *const good[] = {
		"a", "A9+_.-x", ".x", "...", "_",
	};
	static const char *const bad[] = {
		"", ".", "..", "-a", "a b", "a/b", "\303\251", "a\n", "a:",
	};
	char name[DW_LVM_NAME_LEN + 1];

	for (int i = 0; i < NR(good); i++)
		ck_assert_msg(dw_lvm_name_is(good[i]), "%s", good[i]);
	for (int i = 0; i < NR(bad); i++)
		ck_assert_msg(!dw_lvm_name_is(bad[i]), "%s", bad[i]);
	memset(name, 'x', sizeof(name));
	name[DW_LVM_NAME_LEN] = '\0';
	ck_assert(!dw_lvm_name_is(name));
	name[DW_LVM_NAME_LEN - 1] = '\0';
	ck_assert(dw_lvm_name_is(name));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("lvm-vg");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_group);
	tcase_add_test(tc, kinds_have_names);
	tcase_add_test(tc, segments_refer);
	tcase_add_loop_test(tc, an_old_text, 0, 2);
	tcase_add_loop_test(tc, a_change_that_is_allowed, 0, NR(allowed));
	tcase_add_loop_test(tc, a_change_that_is_refused, 0, NR(refused));
	tcase_add_loop_test(tc, extents_beyond_64_bits, 0, NR(too_large));
	tcase_add_test(tc, areas_are_capped);
	tcase_add_test(tc, names_are_those_of_lvm);
	return dw_test_run("lvm-vg", tc);
}
