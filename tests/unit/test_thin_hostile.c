/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Thin pools that are damaged, lost, or of another kind. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/run.h"
#include "lib/thinbed.h"

#define CHUNK THINIMG_CHUNK_LEN
#define NR(a) (sizeof(a) / sizeof(*(a)))
#define SIZE THINIMG_SIZE

static void fails_to_open(const struct dw_thin_params *params,
			  enum dw_code code, const char *text)
{
	struct dw_dev *dev;

	bed_fails(dw_thin_open(bed.ctx, "vg/thin", params, &dev, &bed.err),
		  code, text);
	ck_assert_msg(!strncmp(bed.err.text, "vg/thin: thin metadata: ", 24),
		      "%s", bed.err.text);
	ck_assert_ptr_null(dev);
}

START_TEST(a_volume_that_is_lost_is_not_empty)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, 9, SIZE);

	params.transaction_id = 6;
	params.parent_id = 2;
	fails_to_open(&params, DW_CORRUPT, "no device 9, which LVM made in "
		      "transaction 6; the pool has had 7");
}
END_TEST

START_TEST(a_snapshot_to_be_made_needs_its_parent)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, 9, SIZE);

	params.transaction_id = 7;
	params.parent_id = 3;
	fails_to_open(&params, DW_CORRUPT, "neither device 9 nor its parent 3");
}
END_TEST

START_TEST(a_volume_without_mappings_is_damaged)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, 5, SIZE);
	uint8_t tree[8] = { 0 };
	uint64_t id = 4, blk = 490;

	pdimg_node(&bed.pool.img, blk, true, &id, tree, 1, 8);
	pdimg_poke(&bed.pool.img, 0, DW_PDATA_SALT_THIN_SUPER, THINIMG_MAPPING,
		   8, blk);
	fails_to_open(&params, DW_CORRUPT, "device 5 has no mappings");
}
END_TEST

/* ---- damage ------------------------------------------------------------- */

static const struct {
	unsigned off, width;
	uint64_t value;
	enum dw_code code;
	const char *text;
} supers[] = {
	{ THINIMG_MAGIC, 8, 27022011, DW_CORRUPT,
	  "magic number is 27022011, not 27022010" },
	{ THINIMG_VERSION, 4, 0, DW_UNSUPPORTED, "version 0 is not known" },
	{ THINIMG_VERSION, 4, 3, DW_UNSUPPORTED, "version 3 is not known" },
	{ THINIMG_INCOMPAT, 4, 4, DW_UNSUPPORTED, "features 0x4 are not" },
	{ THINIMG_BLOCK, 4, 16, DW_UNSUPPORTED, "blocks of 16 sectors" },
	{ THINIMG_BLOCK, 4, 0x800008, DW_UNSUPPORTED, "8388616 sectors" },
	{ THINIMG_CHUNK, 4, 0, DW_CORRUPT, "chunks of 0 sectors" },
	{ THINIMG_CHUNK, 4, 127, DW_CORRUPT, "chunks of 127 sectors" },
	{ THINIMG_CHUNK, 4, 192, DW_CORRUPT, "chunks of 192 sectors" },
	{ THINIMG_CHUNK, 4, 2097280, DW_CORRUPT, "of 2097280 sectors" },
	{ THINIMG_CHUNK, 4, 256, DW_CORRUPT,
	  "chunks of 131072 bytes, but LVM says 65536" },
	{ THINIMG_BLOCKS_NR, 8, 501, DW_CORRUPT,
	  "has 501 blocks on a device of 500" },
	{ THINIMG_BLOCKS_NR, 8, 0, DW_CORRUPT, "has 0 blocks" },
	{ THINIMG_BLOCKS_NR, 8, 3, DW_CORRUPT, "of 3" },
	{ THINIMG_DETAILS, 8, 0, DW_CORRUPT, "block 0 is no sound btree node" },
	{ THINIMG_DETAILS, 8, 1, DW_CORRUPT, "values of 8 bytes in place" },
	{ THINIMG_MAPPING, 8, UINT64_MAX, DW_CORRUPT, "of 500" },
};

START_TEST(odd_superblocks_are_refused)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, 1, SIZE);

	pdimg_poke(&bed.pool.img, 0, DW_PDATA_SALT_THIN_SUPER, supers[_i].off,
		   supers[_i].width, supers[_i].value);
	fails_to_open(&params, supers[_i].code, supers[_i].text);
}
END_TEST

/* The kernel reads these, too. */
START_TEST(some_superblocks_are_not_odd)
{
	static const struct { unsigned off; uint32_t value; } fine[] = {
		{ THINIMG_FLAGS, 1 }, { THINIMG_VERSION, 1 },
		{ THINIMG_INCOMPAT - 4, 8 }, { THINIMG_INCOMPAT - 8, 8 },
		/* Of the day when the pool was made. */
		{ 344, 9999 },
	};
	uint8_t *want = thinimg_expected(thinimg_first);
	struct dw_dev *dev;

	for (size_t i = 0; i < NR(fine); i++)
		pdimg_poke(&bed.pool.img, 0, DW_PDATA_SALT_THIN_SUPER,
			   fine[i].off, 4, fine[i].value);
	dev = bed_open(1);
	thinimg_reads_as(dev, want);
	dw_dev_close(dev, NULL);
	free(want);
}
END_TEST

START_TEST(a_size_that_no_disk_has_is_refused)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, 1, UINT64_MAX);

	fails_to_open(&params, DW_CORRUPT, "18446744073709551615 bytes");
}
END_TEST

/* Data that ends within chunk 8, so that chunks 8 and 9 are not there: what
 * can be read is. */
START_TEST(chunks_past_the_data)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, 1, SIZE);
	uint8_t *buf = malloc(2 * CHUNK);
	struct dw_extent e;
	struct dw_dev *dev;

	ck_assert_int_eq(dw_window_new(bed.pool.data, 0, 9 * CHUNK - 512,
				       "data", &params.data, &bed.err), 0);
	dev = bed_open_as(&params);
	bed_fails(dw_dev_pread(dev, 7 * CHUNK, buf, 1, &bed.err), DW_CORRUPT,
	      "vg/thin: thin metadata: chunk 7 of device 1 lies at chunk 8 of "
	      "data that has 8");
	bed_fails(dw_dev_extent(dev, 8 * CHUNK, 1, &e, &bed.err), DW_CORRUPT,
		  "chunk 8 of device 1 lies at chunk 9 of data that has 8");
	dw_dev_close(dev, NULL);
	dw_dev_close(params.data, NULL);
	ck_assert_int_eq(dw_window_new(bed.pool.data, 0, 9 * CHUNK, "data",
				       &params.data, &bed.err), 0);
	dev = bed_open_as(&params);
	ck_assert_int_eq(dw_dev_extent(dev, 7 * CHUNK, 2 * CHUNK, &e, &bed.err),
			 0);
	ck_assert_uint_eq(e.len, CHUNK);
	bed_fails(dw_dev_pread(dev, 7 * CHUNK, buf, 2 * CHUNK, &bed.err),
		  DW_CORRUPT,
		  "chunk 8 of device 1 lies at chunk 9 of data that has 9");
	dw_dev_close(dev, NULL);
	dw_dev_close(params.data, NULL);
	free(buf);
}
END_TEST

/* Each read of the metadata fails once. */
START_TEST(failed_reads_are_told)
{
	struct dw_thin_params params = thinimg_params(&bed.pool, 1, SIZE);
	uint8_t *buf = malloc(SIZE);
	struct dw_fault fault;
	struct dw_dev *dev;
	uint64_t n;
	int rc;

	for (n = 1; ; n++) {
		fault = (struct dw_fault){ .fail_read_at = n };
		ck_assert_int_eq(dw_fault_new(bed.pool.img.dev, &fault,
					      &params.metadata, &bed.err), 0);
		rc = dw_thin_open(bed.ctx, "vg/thin", &params, &dev, &bed.err);
		if (!rc)
			rc = dw_dev_pread(dev, 0, buf, SIZE, &bed.err);
		dw_dev_close(dev, NULL);
		dw_dev_close(params.metadata, NULL);
		if (!rc)
			break;
		bed_fails(rc, DW_IO, "thin metadata: ");
	}
	/* The superblock, two trees of one node, one of six. */
	ck_assert_uint_eq(n, 1 + 1 + 2 + 6);
	free(buf);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("thin_hostile");

	tcase_add_checked_fixture(tc, thinbed_setup, thinbed_teardown);
	tcase_add_test(tc, a_volume_that_is_lost_is_not_empty);
	tcase_add_test(tc, a_snapshot_to_be_made_needs_its_parent);
	tcase_add_test(tc, a_volume_without_mappings_is_damaged);
	tcase_add_loop_test(tc, odd_superblocks_are_refused, 0,
			    (int)NR(supers));
	tcase_add_test(tc, some_superblocks_are_not_odd);
	tcase_add_test(tc, a_size_that_no_disk_has_is_refused);
	tcase_add_test(tc, chunks_past_the_data);
	tcase_add_test(tc, failed_reads_are_told);
	return dw_test_run("thin_hostile", tc);
}
