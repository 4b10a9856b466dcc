/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logical volumes as devices: their bytes, extents and writes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lib/lvmimg.h"
#include "lib/run.h"
#include "lvm/targets.h"

#define NR(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define EXTENT ((uint64_t)LVMIMG_EXTENT_LEN)

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

/* A run of a volume, and where in a PV's extents it lies. */
struct run {
	const char *id;
	uint64_t off, len, pe, pe_off;
};

static void check_run(struct dw_dev *vol, const struct run *run)
{
	uint64_t i, at = LVMIMG_PE_OFF + run->pe * EXTENT + run->pe_off;
	uint8_t *buf = malloc(run->len);

	ck_assert_msg(!dw_dev_pread(vol, run->off, buf, run->len, &err), "%s",
		      err.text);
	for (i = 0; i < run->len; i += 8)
		ck_assert_uint_eq(dw_le64(buf + i),
				  lvmimg_word(run->id, at + i));
	free(buf);
}

/* ---- reading --------------------------------------------------------------- */

static const struct {
	const char *lv;
	uint64_t extents_nr;
	struct run runs[8];
} volumes[] = {
	{ "lin", 4, { { LVMIMG_ID0, 0, 4 * EXTENT, 0, 0 } } },
	{ "two", 5, { { LVMIMG_ID0, 0, 2 * EXTENT, 4, 0 },
		      { LVMIMG_ID1, 2 * EXTENT, 3 * EXTENT, 0, 0 } } },
	{ "str", 4, { { LVMIMG_ID0, 0, 4096, 6, 0 },
		      { LVMIMG_ID1, 4096, 4096, 3, 0 },
		      { LVMIMG_ID0, 8192, 4096, 6, 4096 },
		      { LVMIMG_ID1, 4 * EXTENT - 4096, 4096, 4,
			EXTENT - 4096 },
		      { LVMIMG_ID0, 4 * EXTENT - 8192, 4096, 7,
			EXTENT - 4096 } } },
	{ "mir", 1, { { LVMIMG_ID0, 0, EXTENT, 11, 0 } } },
	{ "org", 2, { { LVMIMG_ID0, 0, 2 * EXTENT, 12, 0 } } },
	{ "r1_rimage_1", 2, { { LVMIMG_ID1, 0, 2 * EXTENT, 6, 0 } } },
};

START_TEST(runs_lie_where_they_should)
{
	struct dw_lvm *lvm = lvmimg_set_of(ctx, lvmimg_text(LVMIMG_TEXT));
	struct dw_dev *vol = open_lv(lvm, volumes[_i].lv);
	int i;

	ck_assert_uint_eq(vol->size, volumes[_i].extents_nr * EXTENT);
	/* It holds all that it needs. */
	dw_lvm_free(lvm);
	for (i = 0; i < NR(volumes[_i].runs) && volumes[_i].runs[i].id; i++)
		check_run(vol, &volumes[_i].runs[i]);
	dw_dev_close(vol, NULL);
}
END_TEST

/* A read at odd offsets is that of the parts, whatever lies between. */
START_TEST(stripes_are_seamless)
{
	struct dw_lvm *lvm = lvmimg_set_of(ctx, lvmimg_text(LVMIMG_TEXT));
	struct dw_dev *vol = open_lv(lvm, "str");
	uint8_t *all = malloc(vol->size), *part = malloc(vol->size);
	unsigned seed = 1, n;
	uint64_t off, len;

	ck_assert_int_eq(dw_dev_pread(vol, 0, all, vol->size, &err), 0);
	for (n = 0; n < 200; n++) {
		off = (unsigned)rand_r(&seed) % vol->size;
		len = 1 + (unsigned)rand_r(&seed) % dw_min(20000,
							   vol->size - off);
		ck_assert_int_eq(dw_dev_pread(vol, off, part, len, &err), 0);
		ck_assert(!memcmp(all + off, part, len));
	}
	free(all);
	free(part);
	dw_dev_close(vol, NULL);
	dw_lvm_free(lvm);
}
END_TEST

START_TEST(errors_and_zeros)
{
	struct dw_lvm *lvm = lvmimg_set_of(ctx, lvmimg_text(LVMIMG_TEXT));
	struct dw_dev *vol = open_lv(lvm, "ze");
	struct dw_extent e;
	uint8_t buf[4096];

	memset(buf, 1, sizeof(buf));
	ck_assert_int_eq(dw_dev_pread(vol, EXTENT - 10, buf, sizeof(buf),
				      &err), 0);
	ck_assert(dw_is_zero(buf, sizeof(buf)));
	ck_assert_int_eq(dw_dev_extent(vol, 0, vol->size, &e, &err), 0);
	ck_assert(dw_extent_is_hole(&e));
	ck_assert_uint_eq(e.len, 2 * EXTENT);
	dw_dev_close(vol, NULL);
	vol = open_lv(lvm, "er");
	ck_assert_int_eq(dw_dev_pread(vol, 0, buf, 1, &err), DW_IO);
	ck_assert_str_eq(err.text, "volume: every read of an error volume "
			 "fails");
	dw_dev_close(vol, NULL);
	dw_lvm_free(lvm);
}
END_TEST

/* ---- what is refused ------------------------------------------------------- */

static const struct {
	const char *lv;
	int code;
	const char *text;
} refused[] = {
	{ "tp", DW_UNSUPPORTED, "vg0/tp: a thin-pool is read by the volumes" },
	{ "cp", DW_UNSUPPORTED, "vg0/cp: a cache-pool is read by the" },
	{ "dedup", DW_UNSUPPORTED, "vg0/dedup: volumes of type vdo are not" },
	/* Nothing is on the devices that these could read. */
	{ "th1", DW_CORRUPT, "thin" },
	{ "slow", DW_CORRUPT, "cache" },
	{ "fast", DW_CORRUPT, "cache" },
	{ "snap", DW_CORRUPT, "snap" },
};

START_TEST(others_are_refused)
{
	struct dw_lvm *lvm = lvmimg_set_of(ctx, lvmimg_text(LVMIMG_TEXT));
	struct dw_dev *vol;
	int rc = lvmimg_open(ctx, lvm, refused[_i].lv, &vol, &err);

	ck_assert_msg(rc == refused[_i].code, "%d %s", rc, err.text);
	ck_assert_msg(strstr(err.text, refused[_i].text), "%s", err.text);
	dw_lvm_free(lvm);
}
END_TEST

/* A flag that is not known, on the pool: its volumes alone are lost. */
static const struct {
	const char *from, *to, *lv, *text;
} unknown_pools[] = {
	{ "\"thin-pool\"", "\"thin-pool+TOMORROW\"", "th1",
	  "vg0/tp: volumes of type thin-pool+TOMORROW are not read" },
	{ "\"cache-pool+METADATA_FORMAT\"", "\"cache-pool+TOMORROW\"", "slow",
	  "vg0/cp: volumes of type cache-pool+TOMORROW are not read" },
};

START_TEST(unknown_pools_are_refused)
{
	char *text = lvmimg_edit(lvmimg_text(LVMIMG_TEXT),
				 unknown_pools[_i].from, unknown_pools[_i].to);
	struct dw_lvm *lvm = lvmimg_set_of(ctx, text);
	struct dw_dev *vol;
	int rc = lvmimg_open(ctx, lvm, unknown_pools[_i].lv, &vol, &err);

	ck_assert_msg(rc == DW_UNSUPPORTED, "%d %s", rc, err.text);
	ck_assert_str_eq(err.text, unknown_pools[_i].text);
	vol = open_lv(lvm, "lin");
	dw_dev_close(vol, NULL);
	dw_lvm_free(lvm);
	free(text);
}
END_TEST

/* ---- legs that were given up --------------------------------------------- */

/* Turns a linear volume into errors, as LVM does without its PV. */
static char *give_up(char *text, const char *area)
{
	char from[256], *edited;

	snprintf(from, sizeof(from), "type = \"striped\"\n\t\t\t\t"
		 "stripe_count = 1\t# linear\n\t\t\t\t\n\t\t\t\t"
		 "stripes = [\n\t\t\t\t\t%s\n\t\t\t\t]", area);
	edited = lvmimg_edit(text, from, "type = \"error\"");
	free(text);
	return edited;
}

/* The set was never started: zeros in place of superblocks. */
static struct dw_lvm *raid1_set(const char *text)
{
	struct dw_dev *devs[2];
	struct dw_lvm *lvm;
	int i;

	for (i = 0; i < 2; i++) {
		devs[i] = lvmimg_new(&(struct lvmimg){
			.id = i ? LVMIMG_ID1 : LVMIMG_ID0, .text = text,
		});
		ck_assert_int_eq(dw_dev_zero(devs[i], LVMIMG_PE_OFF +
					     (i ? 5 : 8) * EXTENT, EXTENT,
					     &err), 0);
	}
	lvm = lvmimg_set(ctx, devs, 2);
	dw_dev_close(devs[0], NULL);
	dw_dev_close(devs[1], NULL);
	return lvm;
}

START_TEST(legs_that_were_given_up_are_missing)
{
	char *text = lvmimg_edit(lvmimg_text(LVMIMG_TEXT), "seqno = 7",
				 "seqno = 8");
	const struct dw_lv *lv;
	struct dw_lvm *lvm;
	struct dw_dev *vol;

	text = give_up(give_up(text, "\"pv0\", 8"), "\"pv0\", 9");
	lvm = raid1_set(text);
	vol = open_lv(lvm, "r1");
	check_run(vol, &(struct run){ LVMIMG_ID1, 0, 2 * EXTENT, 6, 0 });
	ck_assert(vol->readonly);
	ck_assert_int_eq(dw_lvm_find_lv(dw_lvm_vg(lvm, 0), "r1", &lv, &err),
			 0);
	ck_assert(!lv->is_whole);
	dw_dev_close(vol, NULL);
	dw_lvm_free(lvm);
	text = give_up(text, "\"pv1\", 6");
	lvm = raid1_set(text);
	ck_assert_int_eq(lvmimg_open(ctx, lvm, "r1", &vol, &err), DW_NOENT);
	ck_assert_str_eq(err.text, "vg0/r1: vg0/r1_rimage_0: was given up, "
			 "and is nothing but errors");
	dw_lvm_free(lvm);
	free(text);
}
END_TEST

START_TEST(what_was_reshaped_is_refused)
{
	char *text = lvmimg_edit(lvmimg_text(LVMIMG_TEXT),
				 "stripe_size = 128", _i ?
				 "data_offset = 0\nstripe_size = 128" :
				 "reshape_count = 2\nstripe_size = 128");
	struct dw_lvm *lvm = lvmimg_set_of(ctx, text);
	struct dw_dev *vol;

	ck_assert_int_eq(lvmimg_open(ctx, lvm, "r5", &vol, &err),
			 DW_UNSUPPORTED);
	ck_assert_msg(strstr(err.text, "vg0/r5: raid5_ls that was reshaped"),
		      "%s", err.text);
	dw_lvm_free(lvm);
	free(text);
}
END_TEST

START_TEST(legs_must_hold_all_rows)
{
	struct dw_dev *legs[2], *out;

	ck_assert_int_eq(dw_mem_new("a", 8192, &legs[0], &err), 0);
	ck_assert_int_eq(dw_mem_new("b", 8191, &legs[1], &err), 0);
	ck_assert_int_eq(dw_striped_new("s", legs, 2, 4096, 16384, &out,
					&err), DW_CORRUPT);
	ck_assert_str_eq(err.text, "s: stripe 2 has 8191 bytes, and 2 chunks "
			 "of 4096 are needed");
	ck_assert_int_eq(dw_striped_new("s", legs, 2, 0, 16384, &out, &err),
			 DW_CORRUPT);
	ck_assert_int_eq(dw_striped_new("s", legs, 0, 4096, 16384, &out,
					&err), DW_CORRUPT);
	ck_assert_int_eq(dw_striped_new("s", legs, 2, 4096, 8192, &out, &err),
			 0);
	dw_dev_close(out, NULL);
	dw_dev_close(legs[0], NULL);
	dw_dev_close(legs[1], NULL);
}
END_TEST

/* ---- writing --------------------------------------------------------------- */

START_TEST(writes_reach_the_pvs)
{
	static const char *const names[] = { "lin", "two", "str" };
	struct dw_lvm *lvm = lvmimg_set_of(ctx, lvmimg_text(LVMIMG_TEXT));
	struct dw_dev *vol = open_lv(lvm, names[_i]);
	uint8_t *want = malloc(vol->size), *got = malloc(vol->size);
	unsigned seed = 7;
	size_t i;

	ck_assert(!vol->readonly);
	ck_assert_int_eq(dw_dev_pread(vol, 0, want, vol->size, &err), 0);
	for (i = 5000; i < 150000; i++)
		want[i] = (uint8_t)rand_r(&seed);
	memset(want + 20000, 0, 30000);
	ck_assert_int_eq(dw_dev_pwrite(vol, 5000, want + 5000, 145000, &err),
			 0);
	ck_assert_int_eq(dw_dev_zero(vol, 20000, 30000, &err), 0);
	ck_assert_int_eq(dw_dev_flush(vol, &err), 0);
	dw_dev_close(vol, NULL);
	vol = open_lv(lvm, names[_i]);
	ck_assert_int_eq(dw_dev_pread(vol, 0, got, vol->size, &err), 0);
	ck_assert(!memcmp(want, got, vol->size));
	dw_dev_close(vol, NULL);
	/* And nothing else. */
	vol = open_lv(lvm, "org");
	check_run(vol, &volumes[4].runs[0]);
	dw_dev_close(vol, NULL);
	free(want);
	free(got);
	dw_lvm_free(lvm);
}
END_TEST

static const struct {
	const char *lv, *text;
} readonly[] = {
	{ "mir", "vg0/mir: is of type mirror; only linear, striped and raid1 "
		 "volumes can be changed" },
	{ "ze", "is of type zero" },
	{ "org", "vg0/org: cannot be changed, it is needed by snap" },
	{ "r1_rimage_0", "cannot be changed, it is needed by r1" },
	{ "tp_tdata", "needed by tp" },
	{ "slow_corig", "needed by slow" },
	{ "cvol", "needed by fast" },
};

START_TEST(others_say_why_not)
{
	struct dw_lvm *lvm = lvmimg_set_of(ctx, lvmimg_text(LVMIMG_TEXT));
	struct dw_dev *vol = open_lv(lvm, readonly[_i].lv);
	const struct dw_lv *lv;

	ck_assert(vol->readonly);
	ck_assert_int_eq(dw_dev_pwrite(vol, 0, "x", 1, &err), DW_READONLY);
	ck_assert_int_eq(dw_lvm_find_lv(dw_lvm_vg(lvm, 0), readonly[_i].lv,
					&lv, &err), 0);
	ck_assert_int_eq(dw_lv_check_writable(lv, vol, &err), DW_READONLY);
	ck_assert_msg(strstr(err.text, readonly[_i].text), "%s", err.text);
	dw_dev_close(vol, NULL);
	dw_lvm_free(lvm);
}
END_TEST

START_TEST(marks_make_readonly)
{
	static const struct { const char *from, *to, *text; } marks[] = {
		{ "\"READ\", \"WRITE\", \"VISIBLE\"", "\"READ\", \"VISIBLE\"",
		  "is marked as read-only" },
		{ "\"READ\", \"WRITE\", \"VISIBLE\"", "\"READ\", \"WRITE\"",
		  "is hidden" },
		{ "\"READ\", \"WRITE\", \"VISIBLE\"]\n\t\t\tflags = []",
		  "\"READ\", \"VISIBLE\"]\n\t\t\tflags = [\"WRITE_LOCKED\"]",
		  NULL },
	};
	char *text = lvmimg_edit(lvmimg_text(LVMIMG_TEXT), marks[_i].from,
				 marks[_i].to);
	struct dw_lvm *lvm = lvmimg_set_of(ctx, text);
	struct dw_dev *vol = open_lv(lvm, "lin");
	const struct dw_lv *lv = &dw_lvm_vg(lvm, 0)->lvs[0];

	ck_assert_int_eq(vol->readonly, marks[_i].text != NULL);
	ck_assert_int_eq(dw_lv_check_writable(lv, vol, &err),
			 marks[_i].text ? DW_READONLY : 0);
	if (marks[_i].text)
		ck_assert_msg(strstr(err.text, marks[_i].text), "%s",
			      err.text);
	dw_dev_close(vol, NULL);
	dw_lvm_free(lvm);
	free(text);
}
END_TEST

START_TEST(readonly_pvs_make_readonly)
{
	struct dw_dev *devs[2];
	struct dw_lvm *lvm;
	struct dw_dev *vol;
	int i;

	for (i = 0; i < 2; i++)
		devs[i] = lvmimg_new(&(struct lvmimg){
			.id = i ? LVMIMG_ID1 : LVMIMG_ID0,
			.text = lvmimg_text(LVMIMG_TEXT),
		});
	devs[1]->readonly = true;
	lvm = lvmimg_set(ctx, devs, 2);
	vol = open_lv(lvm, "lin");
	ck_assert(!vol->readonly);
	dw_dev_close(vol, NULL);
	vol = open_lv(lvm, _i ? "two" : "str");
	ck_assert(vol->readonly);
	dw_dev_close(vol, NULL);
	dw_lvm_free(lvm);
	dw_dev_close(devs[0], NULL);
	dw_dev_close(devs[1], NULL);
}
END_TEST

/* Both PVs, with superblocks of zeros for r1: it was never started. */
static struct dw_lvm *set_with_raid1(const char *text)
{
	static const uint8_t zeros[4096];
	struct dw_dev *devs[2];
	struct dw_lvm *lvm;
	int i;

	for (i = 0; i < 2; i++) {
		devs[i] = lvmimg_new(&(struct lvmimg){
			.id = i ? LVMIMG_ID1 : LVMIMG_ID0, .text = text,
		});
		ck_assert_int_eq(dw_dev_pwrite(devs[i], LVMIMG_PE_OFF +
					       (i ? 5 : 8) * EXTENT, zeros,
					       sizeof(zeros), &err), 0);
	}
	lvm = lvmimg_set(ctx, devs, 2);
	dw_dev_close(devs[0], NULL);
	dw_dev_close(devs[1], NULL);
	return lvm;
}

static const struct {
	const char *from, *to;
	struct run run;
	bool readonly;
} legs_of_raid1[] = {
	{ "", "", { LVMIMG_ID0, 0, 2 * EXTENT, 9, 0 }, false },
	{ "000119\"\n\t\t\tstatus = [\"READ\", \"WRITE\"]",
	  "000119\"\n\t\t\tstatus = [\"READ\", \"WRITE\", "
	  "\"WRITEMOSTLY\"]", { LVMIMG_ID1, 0, 2 * EXTENT, 6, 0 }, false },
	{ "device_count = 2", "device_count = 2\nwritebehind = 256",
	  { LVMIMG_ID0, 0, 2 * EXTENT, 9, 0 }, true },
};

START_TEST(raid1_heeds_the_text)
{
	char *text = lvmimg_edit(lvmimg_text(LVMIMG_TEXT),
				 legs_of_raid1[_i].from,
				 legs_of_raid1[_i].to);
	struct dw_lvm *lvm = set_with_raid1(text);
	struct dw_dev *vol = open_lv(lvm, "r1");

	check_run(vol, &legs_of_raid1[_i].run);
	ck_assert_int_eq(vol->readonly, legs_of_raid1[_i].readonly);
	dw_dev_close(vol, NULL);
	dw_lvm_free(lvm);
	free(text);
}
END_TEST

/* ---- host extents ---------------------------------------------------------- */

/* The same PVs as host files: volumes tell where their bytes lie in them. */
START_TEST(extents_lead_to_host_files)
{
	static const char *const names[] = { "lin", "two", "str" };
	struct dw_dev *mem, *devs[2], *vol;
	uint8_t *all = malloc(LVMIMG_SIZE), a[8], b[8];
	struct dw_lvm *lvm;
	struct dw_extent e;
	char path[] = "/tmp/lvmopenXXXXXX";
	uint64_t off;
	int i, fd;

	for (i = 0; i < 2; i++) {
		mem = lvmimg_new(&(struct lvmimg){
			.id = i ? LVMIMG_ID1 : LVMIMG_ID0,
			.text = lvmimg_text(LVMIMG_TEXT),
		});
		ck_assert_int_eq(dw_dev_pread(mem, 0, all, LVMIMG_SIZE, &err),
				 0);
		dw_dev_close(mem, NULL);
		strcpy(path, "/tmp/lvmopenXXXXXX");
		fd = mkstemp(path);
		ck_assert_int_ge(fd, 0);
		unlink(path);
		ck_assert_int_eq(pwrite(fd, all, LVMIMG_SIZE, 0),
				 LVMIMG_SIZE);
		ck_assert_int_eq(dw_file_from_fd_take(fd, path, true,
						      &devs[i], &err), 0);
	}
	lvm = lvmimg_set(ctx, devs, 2);
	vol = open_lv(lvm, names[_i]);
	for (off = 0; off < vol->size; off += e.len) {
		ck_assert_int_eq(dw_dev_extent(vol, off, vol->size - off, &e,
					       &err), 0);
		ck_assert_uint_eq(e.off, off);
		ck_assert_int_ge(e.host_fd, 0);
		ck_assert_int_eq(dw_dev_pread(vol, off, a, 8, &err), 0);
		ck_assert_int_eq(pread(e.host_fd, b, 8, (off_t)e.host_off),
				 8);
		ck_assert(!memcmp(a, b, 8));
	}
	dw_dev_close(vol, NULL);
	dw_lvm_free(lvm);
	dw_dev_close(devs[0], NULL);
	dw_dev_close(devs[1], NULL);
	free(all);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("lvm-open");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, runs_lie_where_they_should, 0, NR(volumes));
	tcase_add_test(tc, stripes_are_seamless);
	tcase_add_test(tc, errors_and_zeros);
	tcase_add_loop_test(tc, others_are_refused, 0, NR(refused));
	tcase_add_loop_test(tc, unknown_pools_are_refused, 0,
			    NR(unknown_pools));
	tcase_add_test(tc, legs_that_were_given_up_are_missing);
	tcase_add_loop_test(tc, what_was_reshaped_is_refused, 0, 2);
	tcase_add_test(tc, legs_must_hold_all_rows);
	tcase_add_loop_test(tc, writes_reach_the_pvs, 0, 3);
	tcase_add_loop_test(tc, others_say_why_not, 0, NR(readonly));
	tcase_add_loop_test(tc, marks_make_readonly, 0, 3);
	tcase_add_loop_test(tc, readonly_pvs_make_readonly, 0, 2);
	tcase_add_loop_test(tc, raid1_heeds_the_text, 0, NR(legs_of_raid1));
	tcase_add_loop_test(tc, extents_lead_to_host_files, 0, 3);
	return dw_test_run("lvm-open", tc);
}
