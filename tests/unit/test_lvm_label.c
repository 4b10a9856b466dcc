/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Labels and metadata areas: where they lie, and what is wrong with them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lvmimg.h"
#include "lib/run.h"
#include "lvm/label.h"
#include "lvm/mda.h"

#define AREA LVMIMG_MDA_OFF
/* In the device with its label in sector 1. */
#define PV_HEADER (512 + 32)
#define MDA_LIST (PV_HEADER + 40 + 32)

static struct dw_ctx *ctx;
static struct dw_err err;

static struct dw_dev *usual(void)
{
	return lvmimg_new(&(struct lvmimg){
		.id = LVMIMG_ID0, .text = lvmimg_text(LVMIMG_TEXT),
	});
}

static void setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
}

static void teardown(void)
{
	dw_ctx_free(ctx);
}

/* ---- labels --------------------------------------------------------------- */

START_TEST(labels_are_found)
{
	struct dw_dev *dev = lvmimg_new(&(struct lvmimg){
		.id = LVMIMG_ID0, .label_sector = (unsigned)_i,
		.has_label_0 = !_i, .mdas_nr = 2,
	});
	struct dw_label label;

	ck_assert(dw_lvm_is_pv(dev));
	ck_assert_int_eq(dw_label_read(dev, &label, &err), 0);
	ck_assert_uint_eq(label.sector, (unsigned)_i);
	ck_assert_str_eq(label.id, "aaaaaa-0000-1111-2222-3333-4444-55555a");
	ck_assert_uint_eq(label.size, LVMIMG_SIZE);
	ck_assert_uint_eq(label.data_nr, 1);
	ck_assert_uint_eq(label.data[0].off, LVMIMG_PE_OFF);
	ck_assert_uint_eq(label.data[0].len, 0);
	ck_assert_uint_eq(label.mdas_nr, 2);
	ck_assert_uint_eq(label.mdas[1].off, LVMIMG_MDA2_OFF);
	ck_assert_uint_eq(label.mdas[1].len, LVMIMG_MDA_LEN);
	ck_assert_uint_eq(label.version, 2);
	ck_assert_uint_eq(label.flags, 1);
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(no_label_behind_the_fourth_sector)
{
	struct dw_dev *dev = lvmimg_new(&(struct lvmimg){
		.id = LVMIMG_ID0, .label_sector = 4,
	});

	lvmimg_seal(dev);
	ck_assert(!dw_lvm_is_pv(dev));
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(a_damaged_label_is_passed_over)
{
	struct dw_dev *dev = usual();
	struct dw_label label;
	uint8_t buf[512];

	ck_assert_int_eq(dw_dev_pread(dev, 512, buf, 512, &err), 0);
	ck_assert_int_eq(dw_dev_pwrite(dev, 1024, buf, 512, &err), 0);
	lvmimg_put(dev, 1024 + 8, 8, 2);
	lvmimg_put(dev, 512 + 8, 8, 9);
	lvmimg_seal(dev);
	ck_assert_int_eq(dw_label_read(dev, &label, &err), 0);
	ck_assert_uint_eq(label.sector, 2);
	dw_dev_close(dev, NULL);
}
END_TEST

/* One change each to a label; sealed unless the checksum is what is wrong. */
static const struct {
	uint64_t off;
	unsigned bytes_nr;
	uint64_t value;
	bool keep_sum;
	int code;
	const char *text;
} bad_labels[] = {
	{ 512, 1, 'M', false, DW_NOT_MINE, "no LVM label" },
	{ 512 + 24, 1, 'X', false, DW_NOT_MINE, "no LVM label" },
	{ 512 + 8, 8, 3, false, DW_CORRUPT, "says it is in sector 3" },
	{ 512 + 16, 4, 1, true, DW_CORRUPT, "it says 00000001" },
	{ 512 + 511, 1, 1, true, DW_CORRUPT, "checksum of the label" },
	{ 512 + 20, 4, 31, false, DW_CORRUPT, "PV header at 31" },
	{ 512 + 20, 4, 473, false, DW_CORRUPT, "PV header at 473" },
	{ 512 + 20, 4, 0xffffffff, false, DW_CORRUPT, "at 4294967295" },
	{ PV_HEADER, 1, '/', false, DW_CORRUPT, "UUID that is none" },
	{ PV_HEADER, 1, 0, false, DW_CORRUPT, "UUID that is none" },
	{ MDA_LIST, 8, 100, false, DW_CORRUPT, "metadata area at 100" },
	{ MDA_LIST, 8, 4097, false, DW_CORRUPT, "metadata area at 4097" },
	{ MDA_LIST + 8, 8, UINT64_MAX, false, DW_CORRUPT,
	  "18446744073709551615 bytes" },
};

START_TEST(bad_labels_are_told)
{
	struct dw_dev *dev = usual();
	struct dw_lvm *lvm;

	lvmimg_put(dev, bad_labels[_i].off, bad_labels[_i].bytes_nr,
		   bad_labels[_i].value);
	if (!bad_labels[_i].keep_sum)
		lvmimg_seal(dev);
	ck_assert_int_eq(dw_lvm_new(ctx, &lvm, &err), 0);
	ck_assert_int_eq(dw_lvm_add(lvm, dev, &err), bad_labels[_i].code);
	ck_assert_msg(strstr(err.text, bad_labels[_i].text), "%s", err.text);
	ck_assert(!dw_lvm_is_pv(dev));
	dw_lvm_free(lvm);
	dw_dev_close(dev, NULL);
}
END_TEST

/* Lists that fill the sector never end in it. */
START_TEST(a_list_without_end_is_told)
{
	struct dw_dev *dev = usual();
	struct dw_label label;
	unsigned at;

	for (at = PV_HEADER + 40; at < 1024; at += 8)
		lvmimg_put(dev, at, 8, 4096);
	lvmimg_seal(dev);
	ck_assert_int_eq(dw_label_read(dev, &label, &err), DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "have no end"), "%s", err.text);
	dw_dev_close(dev, NULL);
}
END_TEST

/* Before there were extensions the sector was zeros behind the lists. */
START_TEST(a_label_without_extension_reads)
{
	struct dw_dev *dev = usual();
	struct dw_label label;

	lvmimg_put(dev, MDA_LIST + 32, 8, 0);
	lvmimg_seal(dev);
	ck_assert_int_eq(dw_label_read(dev, &label, &err), 0);
	ck_assert_uint_eq(label.version, 0);
	ck_assert_uint_eq(label.boot_nr, 0);
	lvmimg_put(dev, MDA_LIST + 32, 8, 2);
	lvmimg_put(dev, MDA_LIST + 40, 8, 65536);
	lvmimg_put(dev, MDA_LIST + 48, 8, 4096);
	lvmimg_seal(dev);
	ck_assert_int_eq(dw_label_read(dev, &label, &err), 0);
	ck_assert_uint_eq(label.boot_nr, 1);
	ck_assert_uint_eq(label.boot[0].off, 65536);
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(small_devices_have_no_label)
{
	static const uint64_t sizes[] = { 0, 511, 512, 1023 };
	struct dw_dev *dev;

	ck_assert_int_eq(dw_mem_new("small", sizes[_i], &dev, &err), 0);
	ck_assert(!dw_lvm_is_pv(dev));
	dw_dev_close(dev, NULL);
}
END_TEST

/* ---- metadata areas -------------------------------------------------------- */

static const struct dw_lvm_area area = { LVMIMG_MDA_OFF, LVMIMG_MDA_LEN };

static void reads(struct dw_dev *dev, const struct dw_lvm_area *at,
		  const char *want)
{
	char *text;
	size_t len;

	ck_assert_msg(!dw_mda_read(dev, at, 1 << 20, &text, &len, &err), "%s",
		      err.text);
	if (want) {
		ck_assert_ptr_nonnull(text);
		ck_assert_str_eq(text, want);
		ck_assert_uint_eq(len, strlen(want) + 1);
	} else {
		ck_assert_ptr_null(text);
	}
	free(text);
}

/* Each offset at which a text of ten bytes can lie in the ring's end. */
START_TEST(the_ring_goes_on_behind_the_header)
{
	static const char text[] = "0123456789";
	struct dw_dev *dev = lvmimg_new(&(struct lvmimg){
		.id = LVMIMG_ID0, .text = text,
		.text_off = LVMIMG_MDA_LEN - (unsigned)_i,
	});

	reads(dev, &area, text);
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(a_text_may_fill_the_ring)
{
	char *text = malloc(LVMIMG_MDA_LEN);
	struct dw_dev *dev;

	memset(text, 'x', LVMIMG_MDA_LEN);
	memcpy(text, "first", 5);
	text[LVMIMG_MDA_LEN - 512 - 1] = '\0';
	dev = lvmimg_new(&(struct lvmimg){
		.id = LVMIMG_ID0, .text = text, .text_off = 1024,
	});
	reads(dev, &area, text);
	dw_dev_close(dev, NULL);
	free(text);
}
END_TEST

START_TEST(what_is_not_to_be_read_is_not)
{
	static const struct dw_lvm_area second = {
		LVMIMG_MDA2_OFF, LVMIMG_MDA_LEN,
	};
	struct dw_dev *dev = lvmimg_new(&(struct lvmimg){
		.id = LVMIMG_ID0, .text = "one", .text2 = "two",
		.mdas_nr = 2, .is_ignored = true, .precommitted = "never",
	});

	reads(dev, &area, NULL);
	reads(dev, &second, "two");
	/* What an ignored area says of its text is of no account. */
	lvmimg_put(dev, AREA + 48, 8, UINT64_MAX);
	lvmimg_seal(dev);
	reads(dev, &area, NULL);
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(precommitted_text_does_not_count)
{
	struct dw_dev *dev = lvmimg_new(&(struct lvmimg){
		.id = LVMIMG_ID0, .text = "old", .precommitted = "new",
	});

	reads(dev, &area, "old");
	dw_dev_close(dev, NULL);
	dev = lvmimg_new(&(struct lvmimg){
		.id = LVMIMG_ID0, .precommitted = "new",
	});
	reads(dev, &area, NULL);
	dw_dev_close(dev, NULL);
}
END_TEST

static const struct {
	uint64_t off;
	unsigned bytes_nr;
	uint64_t value;
	bool keep_sum;
	int code;
	const char *text;
} bad_areas[] = {
	{ AREA + 4, 1, 'x', false, DW_CORRUPT, "no header" },
	{ AREA, 4, 0, true, DW_CORRUPT, "it says 00000000" },
	{ AREA + 100, 1, 1, true, DW_CORRUPT, "the header's checksum" },
	{ AREA + 20, 4, 2, false, DW_UNSUPPORTED, "version 2" },
	{ AREA + 24, 8, 8192, false, DW_CORRUPT, "says it is at 8192" },
	{ AREA + 32, 8, 512, false, DW_CORRUPT, "512 bytes in all" },
	{ AREA + 32, 8, LVMIMG_SIZE, false, DW_CORRUPT, "pass the end" },
	{ AREA + 32, 8, UINT64_MAX, false, DW_CORRUPT, "pass the end" },
	{ AREA + 40, 8, 511, false, DW_CORRUPT, "begins at 511" },
	{ AREA + 40, 8, LVMIMG_MDA_LEN, false, DW_CORRUPT,
	  "begins at 61440" },
	{ AREA + 40, 8, UINT64_MAX, false, DW_CORRUPT, "begins at 18446744" },
	{ AREA + 48, 8, 0, false, DW_CORRUPT, "a text of 0 bytes" },
	{ AREA + 48, 8, LVMIMG_MDA_LEN - 511, false, DW_CORRUPT,
	  "60929 bytes in 61440" },
	{ AREA + 48, 8, UINT64_MAX, false, DW_CORRUPT, "a text of 184467" },
	{ AREA + 600, 1, 0, true, DW_CORRUPT, "the text's checksum" },
};

START_TEST(bad_areas_are_told)
{
	struct dw_dev *dev = usual();
	char *text;
	size_t len;

	lvmimg_put(dev, bad_areas[_i].off, bad_areas[_i].bytes_nr,
		   bad_areas[_i].value);
	if (!bad_areas[_i].keep_sum)
		lvmimg_seal(dev);
	ck_assert_int_eq(dw_mda_read(dev, &area, 1 << 20, &text, &len, &err),
			 bad_areas[_i].code);
	ck_assert_msg(strstr(err.text, bad_areas[_i].text), "%s", err.text);
	ck_assert_msg(strstr(err.text, "pv-a: metadata area at 4096"), "%s",
		      err.text);
	free(text);
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(a_text_has_a_limit)
{
	struct dw_dev *dev = usual();
	char *text;
	size_t len;

	ck_assert_int_eq(dw_mda_read(dev, &area, 100, &text, &len, &err),
			 DW_LIMIT);
	ck_assert_ptr_null(text);
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(a_cut_device_has_no_area)
{
	static const uint64_t sizes[] = { 2048, 4096, 4607, 4608, 30000 };
	struct dw_dev *dev, *cut;
	char *text;
	size_t len;

	dev = usual();
	ck_assert_int_eq(dw_window_new(dev, 0, sizes[_i], "cut", &cut, &err),
			 0);
	ck_assert_int_eq(dw_mda_read(cut, &area, 1 << 20, &text, &len, &err),
			 DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "the end of the device"), "%s",
		      err.text);
	dw_dev_close(cut, NULL);
	dw_dev_close(dev, NULL);
}
END_TEST

#define NR(a) ((int)(sizeof(a) / sizeof((a)[0])))

int main(void)
{
	TCase *tc = tcase_create("lvm-label");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, labels_are_found, 0, 4);
	tcase_add_test(tc, no_label_behind_the_fourth_sector);
	tcase_add_test(tc, a_damaged_label_is_passed_over);
	tcase_add_loop_test(tc, bad_labels_are_told, 0, NR(bad_labels));
	tcase_add_test(tc, a_list_without_end_is_told);
	tcase_add_test(tc, a_label_without_extension_reads);
	tcase_add_loop_test(tc, small_devices_have_no_label, 0, 4);
	tcase_add_loop_test(tc, the_ring_goes_on_behind_the_header, 1, 13);
	tcase_add_test(tc, a_text_may_fill_the_ring);
	tcase_add_test(tc, what_is_not_to_be_read_is_not);
	tcase_add_test(tc, precommitted_text_does_not_count);
	tcase_add_loop_test(tc, bad_areas_are_told, 0, NR(bad_areas));
	tcase_add_test(tc, a_text_has_a_limit);
	tcase_add_loop_test(tc, a_cut_device_has_no_area, 0, 5);
	return dw_test_run("lvm-label", tc);
}
