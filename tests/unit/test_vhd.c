/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VHD: reading the fixtures, refusing them, writing.  What QEMU thinks of it
 * is the matter of tests/cli/formats-vhd.sh. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "formats/vhd.h"
#include "lib/images.h"
#include "lib/run.h"

static struct dw_ctx *ctx;
static struct dw_err err;

/* ---- reading ------------------------------------------------------------ */

static const struct good {
	const char *name;
	uint64_t size;
	const char *subformat;
} good[] = {
	{ "good-dynamic.vhd", PATTERN_LEN, "dynamic" },
	{ "good-bitmap.vhd", PATTERN_LEN, "dynamic" },
	{ "good-front-copy.vhd", PATTERN_LEN, "dynamic" },
	{ "good-cut-footer.vhd", PATTERN_LEN, "dynamic" },
	{ "good-fixed.vhd", PATTERN_LEN, "fixed" },
	{ "good-old-footer.vhd", PATTERN_LEN, "fixed" },
	{ "good-geometry.vhd", 12 * 4 * 4 * 512, "fixed" },
};

#define GOOD_NR ((int)(sizeof(good) / sizeof(*good)))

START_TEST(good_images_read)
{
	const struct good *g = &good[_i];
	uint8_t *want = pattern();
	struct dw_dev *disk;
	uint64_t zeros;

	ck_assert_msg(!open_disk(ctx, g->name, &disk, &err), "%s", err.text);
	disk_is(disk, want, g->size);
	zeros = check_extents(disk);
	if (!strcmp(g->subformat, "dynamic"))
		ck_assert_uint_gt(zeros, 60000);
	dw_dev_close(disk, NULL);
	free(want);
}
END_TEST

START_TEST(info_tells_the_kind)
{
	struct dw_image_info info = { 0 };
	struct dw_dev *file = open_fixture(ctx, good[_i].name);

	ck_assert_int_eq(dw_vhd_format.info(ctx, file, &info, &err), 0);
	ck_assert_str_eq(info.subformat, good[_i].subformat);
	ck_assert_uint_eq(info.size, good[_i].size);
	ck_assert_uint_eq(info.cluster_len,
			  strcmp(info.subformat, "fixed") ? 4096 : 0);
	ck_assert_ptr_null(info.backing_name);
	free(info.subformat);
	dw_dev_close(file, NULL);
}
END_TEST

START_TEST(info_names_the_parent)
{
	struct dw_image_info info = { 0 };
	struct dw_dev *file = open_fixture(ctx, "unsupported-parent.vhd");

	ck_assert_int_eq(dw_vhd_format.info(ctx, file, &info, &err), 0);
	ck_assert_str_eq(info.subformat, "differencing");
	ck_assert_str_eq(info.backing_name, "parent.vhd");
	free(info.subformat);
	free(info.backing_name);
	dw_dev_close(file, NULL);
}
END_TEST

static const struct {
	const char *name;
	int code;
	const char *text;
} refused[] = {
	{ "unsupported-type.vhd", DW_UNSUPPORTED, "type 5" },
	{ "unsupported-version.vhd", DW_UNSUPPORTED, "footer has version 2.0" },
	{ "unsupported-header-version.vhd", DW_UNSUPPORTED,
	  "header has version 2.0" },
	{ "unsupported-size.vhd", DW_UNSUPPORTED, "2199023255552 bytes" },
	{ "unsupported-parent.vhd", DW_UNSUPPORTED, "\"parent.vhd\"" },
	{ "bad-header-far.vhd", DW_CORRUPT, "16777216" },
	{ "bad-header-cookie.vhd", DW_CORRUPT, "dynamic header is not" },
	{ "bad-header-sum.vhd", DW_CORRUPT, "checksum of the dynamic" },
	{ "bad-block-odd.vhd", DW_CORRUPT, "4097 bytes" },
	{ "bad-block-none.vhd", DW_CORRUPT, "0 bytes" },
	{ "bad-table-short.vhd", DW_CORRUPT, "15 blocks for a disk of 16" },
	{ "bad-table-past-end.vhd", DW_CORRUPT, "16777216" },
	{ "bad-table-in-front.vhd", DW_CORRUPT, "at 4 overlaps" },
	{ "bad-table-huge.vhd", DW_CORRUPT, "4294967295 blocks" },
	{ "bad-block-past-end.vhd", DW_CORRUPT, "block 0 at 16777216" },
	{ "bad-block-in-header.vhd", DW_CORRUPT, "block 0 at 1024 overlaps" },
	{ "bad-footers.vhd", DW_CORRUPT, "both damaged" },
	{ "bad-truncated.vhd", DW_CORRUPT, "the end at 5120" },
	{ "bad-fixed-short.vhd", DW_CORRUPT, "99328 bytes, but 98816" },
};

START_TEST(others_are_refused)
{
	is_refused(ctx, refused[_i].name, refused[_i].code, refused[_i].text);
}
END_TEST

/* Which creators mean the size; as qemu-img 7.2 was seen to do, but for "wa",
 * which later versions know. */
START_TEST(creators_mean_size_or_geometry)
{
	static const struct { char name[5]; bool size; } creators[] = {
		{ "win ", true }, { "qem2", true }, { "d2v ", true },
		{ "CTXS", true }, { "tap", true }, { "wa", true },
		{ "tapX", false }, { "vpc ", false }, { "qemu", false },
		{ "vbox", false },
	};
	struct dw_vhd_footer f = {
		.current_size = 10 << 20, .cylinders = 100, .heads = 4,
		.sectors = 17,
	};
	size_t i;

	for (i = 0; i < sizeof(creators) / sizeof(*creators); i++) {
		memcpy(f.creator, creators[i].name, 4);
		ck_assert_uint_eq(dw_vhd_size(&f), creators[i].size ?
				  10 << 20 : 100 * 4 * 17 * 512);
	}
	f.cylinders = 65535;
	f.heads = 16;
	f.sectors = 255;
	ck_assert_uint_eq(dw_vhd_size(&f), 10 << 20);
}
END_TEST

/* ---- writing ------------------------------------------------------------ */

static struct dw_writer *create(struct dw_dev *file, uint64_t size,
				const char *subformat)
{
	struct dw_format_options options = { .subformat = subformat };

	return new_image(ctx, file, &dw_vhd_format, size, &options);
}

/* At both ends of the largest disk there is. */
START_TEST(the_largest_disk)
{
	struct dw_dev *file = mem_dev(0), *disk;
	struct dw_writer *w = create(file, DW_VHD_SIZE_MAX, "dynamic");
	uint8_t buf[4096], got[4096];

	memset(buf, 7, sizeof(buf));
	add_payload(w, 0, buf, sizeof(buf));
	add_payload(w, DW_VHD_SIZE_MAX - 4096, buf, sizeof(buf));
	end_image(w);
	disk = reopen(ctx, file);
	ck_assert_uint_eq(disk->size, DW_VHD_SIZE_MAX);
	ck_assert_int_eq(dw_dev_pread(disk, DW_VHD_SIZE_MAX - 4096, got, 4096,
				      &err), 0);
	ck_assert_mem_eq(got, buf, 4096);
	ck_assert_int_eq(dw_dev_pread(disk, 4096, got, 4096, &err), 0);
	ck_assert(dw_is_zero(got, 4096));
	dw_dev_close(disk, NULL);
	dw_dev_close(file, NULL);
}
END_TEST

START_TEST(misuse_is_refused)
{
	struct dw_format_options odd[] = {
		{ .subformat = "differencing" }, { .cluster_len = 65536 },
		{ .codec = { .kind = DW_CODEC_ZLIB } },
	};
	struct dw_dev *file = mem_dev(0), *device = mem_dev(1 << 20);
	struct dw_writer *w;
	struct dw_place p;
	int i;

	for (i = 0; i < 3; i++)
		ck_assert_int_eq(dw_vhd_format.create(ctx, file, 4096, &odd[i],
						      &w, &err), DW_USAGE);
	ck_assert_int_eq(dw_vhd_format.create(ctx, file, DW_VHD_SIZE_MAX + 1,
					      NULL, &w, &err), DW_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.text, "2190433320961"));
	ck_assert_int_eq(dw_vhd_format.create(ctx, device, 4096, NULL, &w,
					      &err), DW_UNSUPPORTED);
	w = create(file, 8 << 20, NULL);
	ck_assert_int_eq(dw_writer_place(w, (2 << 20) - 4096, 8192, &p, &err),
			 DW_USAGE);
	dw_writer_free(w);
	dw_dev_close(device, NULL);
	dw_dev_close(file, NULL);
}
END_TEST

/* The footer of a disk that holds one byte, made at 'clock'. */
static struct dw_vhd_footer footer_of(const char *subformat, uint8_t byte,
				      int64_t clock)
{
	struct dw_dev *file = mem_dev(0);
	struct dw_writer *w;
	struct dw_vhd_image image;
	uint8_t buf[4096] = { byte };

	dw_ctx_set_clock(ctx, clock);
	w = create(file, 1 << 20, subformat);
	add_payload(w, 0, buf, sizeof(buf));
	end_image(w);
	ck_assert_int_eq(dw_vhd_read_headers(file, &image, &err), 0);
	dw_dev_close(file, NULL);
	return image.footer;
}

START_TEST(id_and_time_are_reproducible)
{
	const char *subformat = _i ? "fixed" : "dynamic";
	struct dw_vhd_footer a = footer_of(subformat, 1, 1700000000);
	struct dw_vhd_footer b = footer_of(subformat, 1, 1700000000);
	struct dw_vhd_footer c = footer_of(subformat, 2, 1700000001);
	struct dw_vhd_footer d = footer_of(subformat, 2, 5);

	ck_assert_mem_eq(a.uuid, b.uuid, 16);
	ck_assert_mem_ne(a.uuid, c.uuid, 16);
	ck_assert_mem_eq(c.uuid, d.uuid, 16);
	ck_assert_uint_eq(a.time, 1700000000 - 946684800);
	ck_assert_uint_eq(b.time, a.time);
	ck_assert_uint_eq(c.time, a.time + 1);
	ck_assert_uint_eq(d.time, 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("vhd");
	int failed_nr;

	dw_ctx_new(&ctx, NULL);
	tcase_add_loop_test(t, good_images_read, 0, GOOD_NR);
	tcase_add_loop_test(t, info_tells_the_kind, 0, GOOD_NR);
	tcase_add_test(t, info_names_the_parent);
	tcase_add_loop_test(t, others_are_refused, 0,
			    (int)(sizeof(refused) / sizeof(*refused)));
	tcase_add_test(t, creators_mean_size_or_geometry);
	tcase_add_test(t, the_largest_disk);
	tcase_add_test(t, misuse_is_refused);
	tcase_add_loop_test(t, id_and_time_are_reproducible, 0, 2);
	failed_nr = dw_test_run("vhd", t);
	dw_ctx_free(ctx);
	return failed_nr;
}
