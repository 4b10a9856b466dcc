/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VMDK: reading the fixtures, refusing them, writing.  What QEMU thinks of it
 * is the matter of tests/cli/formats-vmdk.sh. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "formats/vmdk.h"
#include "lib/images.h"
#include "lib/run.h"

static struct dw_ctx *ctx;
static struct dw_err err;

/* ---- reading ------------------------------------------------------------ */

static const struct good {
	const char *name;
	const char *subformat;
} good[] = {
	{ "good-sparse.vmdk", "monolithicSparse" },
	{ "good-zeroed.vmdk", "monolithicSparse" },
	{ "good-tables.vmdk", "monolithicSparse" },
	{ "good-stream.vmdk", "streamOptimized" },
	{ "good-stream-tables.vmdk", "streamOptimized" },
	{ "good-stream-front.vmdk", "streamOptimized" },
};

#define GOOD_NR ((int)(sizeof(good) / sizeof(*good)))

START_TEST(good_images_read)
{
	uint8_t *want = pattern();
	struct dw_dev *disk;

	ck_assert_msg(!open_disk(ctx, good[_i].name, &disk, &err), "%s",
		      err.text);
	disk_is(disk, want, PATTERN_LEN);
	ck_assert_uint_gt(check_extents(disk), 60000);
	dw_dev_close(disk, NULL);
	free(want);
}
END_TEST

static void free_info(struct dw_image_info *info)
{
	free(info->subformat);
	free(info->backing_name);
	free(info->data_file);
}

START_TEST(info_tells_the_kind)
{
	struct dw_dev *file = open_fixture(ctx, good[_i].name);
	bool packed = strstr(good[_i].name, "stream");
	struct dw_image_info info = { 0 };

	ck_assert_int_eq(dw_vmdk_format.info(ctx, file, &info, &err), 0);
	ck_assert_str_eq(info.subformat, good[_i].subformat);
	ck_assert_uint_eq(info.size, PATTERN_LEN);
	ck_assert_uint_eq(info.cluster_len, 4096);
	ck_assert_uint_eq(info.dirty,
			  strstr(good[_i].name, "zeroed") != NULL);
	ck_assert_int_eq(packed, info.codec && !strcmp(info.codec, "zlib"));
	free_info(&info);
	dw_dev_close(file, NULL);
}
END_TEST

START_TEST(info_opens_what_is_refused)
{
	struct dw_dev *parent = open_fixture(ctx, "unsupported-parent.vmdk");
	struct dw_dev *flat = open_fixture(ctx, "unsupported-flat.vmdk");
	struct dw_image_info info = { 0 };

	ck_assert_int_eq(dw_vmdk_format.info(ctx, parent, &info, &err), 0);
	ck_assert_str_eq(info.backing_name, "/etc/passwd");
	free_info(&info);
	info = (struct dw_image_info){ 0 };
	ck_assert_int_eq(dw_vmdk_format.info(ctx, flat, &info, &err), 0);
	ck_assert_str_eq(info.subformat, "monolithicFlat");
	ck_assert_str_eq(info.data_file, "/etc/passwd");
	ck_assert_uint_eq(info.size, 4096);
	free_info(&info);
	dw_dev_close(parent, NULL);
	dw_dev_close(flat, NULL);
}
END_TEST

static const struct {
	const char *name;
	int code;
	const char *text;
} refused[] = {
	{ "unsupported-version.vmdk", DW_UNSUPPORTED, "version 4" },
	{ "unsupported-algorithm.vmdk", DW_UNSUPPORTED, "compression 2" },
	{ "unsupported-no-markers.vmdk", DW_UNSUPPORTED, "without markers" },
	{ "unsupported-parent.vmdk", DW_UNSUPPORTED,
	  "parent \"/etc/passwd\"" },
	{ "unsupported-split.vmdk", DW_UNSUPPORTED, "twoGbMaxExtentSparse" },
	{ "unsupported-extents.vmdk", DW_UNSUPPORTED, "2 extents" },
	{ "unsupported-extent.vmdk", DW_UNSUPPORTED, "one extent" },
	{ "unsupported-cowd.vmdk", DW_UNSUPPORTED, "COWD" },
	{ "unsupported-sesparse.vmdk", DW_UNSUPPORTED, "seSparse" },
	{ "unsupported-flat.vmdk", DW_UNSUPPORTED, "lies in \"/etc/passwd\"" },
	{ "bad-newline.vmdk", DW_CORRUPT, "as text" },
	{ "bad-flags.vmdk", DW_CORRUPT, "0x00000003" },
	{ "bad-grain-odd.vmdk", DW_CORRUPT, "3 sectors" },
	{ "bad-grain-none.vmdk", DW_CORRUPT, "of 0 sectors" },
	{ "bad-grain-huge.vmdk", DW_CORRUPT, "4294967296 sectors" },
	{ "bad-table-none.vmdk", DW_CORRUPT, "0 entries" },
	{ "bad-table-huge.vmdk", DW_CORRUPT, "513 entries" },
	{ "bad-capacity.vmdk", DW_CORRUPT, "72057594037927936" },
	{ "bad-directory-short.vmdk", DW_CORRUPT, "2097152 sectors" },
	{ "bad-directory-past-end.vmdk", DW_CORRUPT, "at 4294967296" },
	{ "bad-descriptor-past-end.vmdk", DW_CORRUPT, "at 4294967296" },
	{ "bad-table-past-end.vmdk", DW_CORRUPT, "table 0 at 8589934592" },
	{ "bad-grain-past-end.vmdk", DW_CORRUPT, "grain 0 at 8589934592" },
	{ "bad-grain-in-header.vmdk", DW_CORRUPT, "at 512 overlaps" },
	{ "bad-cut.vmdk", DW_CORRUPT, "the end at 11776" },
	{ "bad-cut-stream.vmdk", DW_CORRUPT, "cut off" },
	{ "bad-footer-marker.vmdk", DW_CORRUPT, "no footer" },
	{ "bad-footer-differs.vmdk", DW_CORRUPT, "footer differ" },
	{ "bad-footer-at-end.vmdk", DW_CORRUPT, "footer differ" },
	{ "bad-marker-sector.vmdk", DW_CORRUPT, "of sector 8" },
	{ "bad-marker-empty.vmdk", DW_CORRUPT, "0 packed bytes" },
	{ "bad-marker-long.vmdk", DW_CORRUPT, "1073741824 packed" },
	{ "bad-packed.vmdk", DW_CORRUPT, "grain 0 at 4096: " },
	{ "bad-packed-short.vmdk", DW_CORRUPT, "2 of 4096" },
};

START_TEST(others_are_refused)
{
	is_refused(ctx, refused[_i].name, refused[_i].code, refused[_i].text);
}
END_TEST

/* Two entries lead to one packed grain, of the disk's last sector: whoever
 * reads it as the other one gets an error, and no stale bytes. */
START_TEST(a_shared_grain_is_found)
{
	struct dw_dev *good_file = open_fixture(ctx, "good-stream.vmdk");
	struct dw_dev *file, *disk;
	uint8_t entry[4], buf[512];
	struct dw_vmdk_image image;
	uint64_t table;

	ck_assert_int_eq(dw_vmdk_read_headers(good_file, &image, &err), 0);
	ck_assert_int_eq(dw_overlay_new(good_file, 512, 1 << 20, &file, &err),
			 0);
	ck_assert_int_eq(dw_dev_pread(file, image.h.directory_off_lba * 512,
				      entry, 4, &err), 0);
	table = (uint64_t)dw_le32(entry) * 512;
	ck_assert_int_eq(dw_dev_pread(file, table + 24 * 4, entry, 4, &err),
			 0);
	ck_assert_int_eq(dw_dev_pwrite(file, table, entry, 4, &err), 0);
	disk = reopen(ctx, file);
	ck_assert_int_eq(dw_dev_pread(disk, PATTERN_LEN - 256, buf, 256, &err),
			 0);
	ck_assert_int_eq(dw_dev_pread(disk, 0, buf, 512, &err), DW_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, "of sector 192"));
	dw_dev_close(disk, NULL);
	dw_dev_close(file, NULL);
	dw_dev_close(good_file, NULL);
}
END_TEST

START_TEST(descriptors_in_any_spelling)
{
	static const char text[] =
		"# Disk DescriptorFile\r\n createtype = \"custom\" \r\n"
		"parentCID =FFFFFFFF\rRW 10 ZERO\nRDONLY 99 SPARSE \"a b\" 0\n"
		"\n#RW 1 FLAT \"no\"\nparentFileNameHint=\"\x01x\"";
	struct dw_vmdk_descriptor d;

	dw_vmdk_descriptor_parse(text, sizeof(text), &d);
	ck_assert_str_eq(d.create_type, "custom");
	ck_assert(!d.has_parent);
	ck_assert_uint_eq(d.extents_nr, 2);
	ck_assert_uint_eq(d.extents_lba, 109);
	ck_assert_str_eq(d.extent_kind, "ZERO");
	ck_assert_str_eq(d.extent_file, "");
	ck_assert_str_eq(d.parent, "?x");
	/* Cut off anywhere, it is read no further. */
	dw_vmdk_descriptor_parse("createType=\"abc", 12, &d);
	ck_assert_str_eq(d.create_type, "");
	dw_vmdk_descriptor_parse("RW 99999999999999999999 FLAT \"x\"", 32, &d);
	ck_assert_uint_eq(d.extents_lba, UINT64_MAX);
}
END_TEST

START_TEST(headers_survive_encoding)
{
	struct dw_vmdk_header h = {
		.version = 3, .flags = 0x30001, .capacity_lba = 1234567,
		.grain_lba = 128, .descriptor_off_lba = 1,
		.descriptor_len_lba = 20, .table_nr = 512,
		.redundant_off_lba = 5, .directory_off_lba = 6,
		.overhead_lba = 7, .unclean = true,
		.newline = { '\n', ' ', '\r', '\n' }, .algorithm = 1,
	}, back;
	uint8_t buf[DW_VMDK_HEADER_LEN], again[DW_VMDK_HEADER_LEN];

	dw_vmdk_header_encode(&h, buf);
	ck_assert_int_eq(dw_vmdk_header_decode(buf, &back, &err), 0);
	ck_assert_uint_eq(back.capacity_lba, 1234567);
	ck_assert_uint_eq(back.directory_off_lba, 6);
	ck_assert(back.unclean);
	ck_assert_mem_eq(back.newline, h.newline, 4);
	dw_vmdk_header_encode(&back, again);
	ck_assert_mem_eq(buf, again, sizeof(buf));
}
END_TEST

/* ---- writing ------------------------------------------------------------ */

static struct dw_writer *create(struct dw_dev *file, uint64_t size,
				const char *subformat)
{
	struct dw_format_options options = { .subformat = subformat };

	return new_image(ctx, file, &dw_vmdk_format, size, &options);
}

/* A grain of letters at off, packed where the writer wants it. */
static void add_grain(struct dw_writer *w, uint64_t off, char letter)
{
	uint8_t *grain = malloc(DW_VMDK_GRAIN_LEN), packed[4096];
	struct dw_packer *packer;
	size_t len;

	memset(grain, letter, DW_VMDK_GRAIN_LEN);
	if (!w->must_pack) {
		add_payload(w, off, grain, DW_VMDK_GRAIN_LEN);
	} else {
		ck_assert_int_eq(dw_packer_new(&w->codec, &packer, &err), 0);
		ck_assert_int_eq(dw_pack(packer, grain, DW_VMDK_GRAIN_LEN,
					 packed, sizeof(packed), &len, &err),
				 0);
		ck_assert_uint_gt(len, 0);
		add_payload(w, off, packed, len);
		dw_packer_free(packer);
	}
	free(grain);
}

static void has_letter(struct dw_dev *disk, uint64_t off, char letter)
{
	uint8_t got[512], want[512];

	memset(want, letter, sizeof(want));
	ck_assert_int_eq(dw_dev_pread(disk, off, got, sizeof(got), &err), 0);
	ck_assert_mem_eq(got, want, sizeof(want));
}

/* First and last grain of a disk far beyond 2 TiB, and two neighbours around
 * the end of a table and a directory's sector. */
START_TEST(a_vast_disk)
{
	const char *kind = _i ? "streamOptimized" : "monolithicSparse";
	uint64_t size = (UINT64_C(1) << 44) + 65536 + 512;
	uint64_t border = 128 * (UINT64_C(32) << 20);
	struct dw_dev *file = mem_dev(0), *disk;
	struct dw_writer *w = create(file, size, kind);

	add_grain(w, 0, 'a');
	add_grain(w, border - DW_VMDK_GRAIN_LEN, 'b');
	add_grain(w, border, 'c');
	add_grain(w, size - 512, 'd');
	end_image(w);
	disk = reopen(ctx, file);
	ck_assert_uint_eq(disk->size, size);
	has_letter(disk, 65024, 'a');
	has_letter(disk, 65536, '\0');
	has_letter(disk, border - 65536, 'b');
	has_letter(disk, border - 512, 'b');
	has_letter(disk, border, 'c');
	has_letter(disk, border + 65536, '\0');
	has_letter(disk, size - 1024, '\0');
	has_letter(disk, size - 512, 'd');
	dw_dev_close(disk, NULL);
	dw_dev_close(file, NULL);
}
END_TEST

/* A device that nobody may write before its end: what a pipe is. */
struct tape {
	struct dw_dev dev;
	uint64_t end;
};

static int tape_pread(struct dw_dev *dev, uint64_t off, void *buf, size_t len,
		      struct dw_err *e)
{
	return DW_UNSUPPORTED;
}

static int tape_pwrite(struct dw_dev *dev, uint64_t off, const void *buf,
		       size_t len, struct dw_err *e)
{
	struct tape *t = (struct tape *)dev;

	ck_assert_uint_ge(off, t->end);
	t->end = off + len;
	return 0;
}

static int tape_resize(struct dw_dev *dev, uint64_t size, struct dw_err *e)
{
	dev->size = size;
	return 0;
}

static const struct dw_dev_driver tape_driver = {
	.kind = "tape", .pread = tape_pread, .pwrite = tape_pwrite,
	.resize = tape_resize,
};

START_TEST(a_stream_never_goes_back)
{
	struct tape *t = calloc(1, sizeof(*t));
	struct dw_writer *w;
	uint64_t off;

	ck_assert_int_eq(dw_dev_init(&t->dev, &tape_driver, "tape", 0, 512,
				     false, &err), 0);
	w = create(&t->dev, UINT64_C(1) << 32, "streamOptimized");
	ck_assert(w->sequential && w->must_pack);
	for (off = 0; off < UINT64_C(1) << 32; off += 9 << 20)
		add_grain(w, off, 'x');
	end_image(w);
	ck_assert_uint_eq(t->dev.size, t->end);
	dw_dev_close(&t->dev, NULL);
}
END_TEST

START_TEST(misuse_is_refused)
{
	struct dw_format_options odd[] = {
		{ .subformat = "monolithicFlat" }, { .cluster_len = 4096 },
		{ .codec = { .kind = DW_CODEC_ZSTD } },
		{ .codec = { .kind = DW_CODEC_ZLIB, .level = 77 } },
		{ .codec = { .kind = DW_CODEC_ZLIB },
		  .subformat = "monolithicSparse" },
	};
	struct dw_dev *file = mem_dev(0), *device = mem_dev(1 << 20);
	struct dw_writer *w;
	int i;

	for (i = 0; i < 5; i++)
		ck_assert_int_eq(dw_vmdk_format.create(ctx, file, 4096,
						       &odd[i], &w, &err),
				 DW_USAGE);
	ck_assert_int_eq(dw_vmdk_format.create(ctx, file, DW_VMDK_SIZE_MAX + 1,
					       NULL, &w, &err),
			 DW_UNSUPPORTED);
	ck_assert_int_eq(dw_vmdk_format.create(ctx, device, 4096, NULL, &w,
					       &err), DW_UNSUPPORTED);
	dw_dev_close(device, NULL);
	dw_dev_close(file, NULL);
}
END_TEST

/* Pieces of a disk take memory, and that has a cap. */
START_TEST(the_map_is_bounded)
{
	struct dw_dev *file = mem_dev(0);
	struct dw_writer *w;
	struct dw_place p;
	uint64_t off = 0;
	int rc;

	dw_ctx_set_memory_cap(ctx, 4096);
	w = create(file, UINT64_C(1) << 40, "monolithicSparse");
	do {
		rc = dw_writer_place(w, off, DW_VMDK_GRAIN_LEN, &p, &err);
		off += 2 * DW_VMDK_GRAIN_LEN;
	} while (!rc);
	ck_assert_int_eq(rc, DW_LIMIT);
	ck_assert_uint_le(off, 300 * 2 * DW_VMDK_GRAIN_LEN);
	dw_writer_free(w);
	dw_dev_close(file, NULL);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("vmdk");
	int failed_nr;

	dw_ctx_new(&ctx, NULL);
	tcase_add_loop_test(t, good_images_read, 0, GOOD_NR);
	tcase_add_loop_test(t, info_tells_the_kind, 0, GOOD_NR);
	tcase_add_test(t, info_opens_what_is_refused);
	tcase_add_loop_test(t, others_are_refused, 0,
			    (int)(sizeof(refused) / sizeof(*refused)));
	tcase_add_test(t, a_shared_grain_is_found);
	tcase_add_test(t, descriptors_in_any_spelling);
	tcase_add_test(t, headers_survive_encoding);
	tcase_add_loop_test(t, a_vast_disk, 0, 2);
	tcase_add_test(t, a_stream_never_goes_back);
	tcase_add_test(t, misuse_is_refused);
	tcase_add_test(t, the_map_is_bounded);
	failed_nr = dw_test_run("vmdk", t);
	dw_ctx_free(ctx);
	return failed_nr;
}
