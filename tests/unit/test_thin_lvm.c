/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What LVM's text says of thin volumes, on a pool that knows two of them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "lib/lvmimg.h"
#include "lib/run.h"
#include "lib/thinimg.h"

#define CHUNK THINIMG_CHUNK_LEN
/* The extents of the pool's parts in the fixture's text. */
#define DATA_OFF (LVMIMG_PE_OFF + 15 * LVMIMG_EXTENT_LEN)	/* first PV */
#define METADATA_OFF (LVMIMG_PE_OFF + 9 * LVMIMG_EXTENT_LEN)	/* second */

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

static void copy_into(struct dw_dev *pv, uint64_t off, struct dw_dev *from)
{
	uint8_t *buf = malloc(from->size);

	ck_assert_int_eq(dw_dev_pread(from, 0, buf, from->size, &err), 0);
	ck_assert_int_eq(dw_dev_pwrite(pv, off, buf, from->size, &err), 0);
	free(buf);
}

/* th1 is all of data chunk 0, which is bytes of 1, and th2 of chunk 1; unless
 * the pool has not got to th2 yet. */
static struct dw_lvm *make(const char *text, bool has_second)
{
	static const struct thinimg_mapping one = { 0, 0 }, two = { 0, 1 };
	struct lvmimg a = { .id = LVMIMG_ID0, .text = text };
	struct lvmimg b = { .id = LVMIMG_ID1, .text = text };
	struct dw_dev *devs[2] = { lvmimg_new(&a), lvmimg_new(&b) };
	struct thinimg pool;
	struct dw_lvm *lvm;

	thinimg_new(&pool, LVMIMG_EXTENT_LEN / DW_PDATA_BLOCK_LEN, 2);
	thinimg_add(&pool, 1, &one, 1, 3);
	if (has_second)
		thinimg_add(&pool, 2, &two, 1, 3);
	thinimg_finish(&pool, has_second ? 2 : 1);
	copy_into(devs[0], DATA_OFF, pool.data);
	copy_into(devs[1], METADATA_OFF, pool.img.dev);
	thinimg_free(&pool);
	lvm = lvmimg_set(ctx, devs, 2);
	dw_dev_close(devs[0], NULL);
	dw_dev_close(devs[1], NULL);
	return lvm;
}

static const struct dw_lv *find(const struct dw_lvm *lvm, const char *name)
{
	const struct dw_lv *lv;

	ck_assert_msg(!dw_lvm_find_lv(dw_lvm_vg(lvm, 0), name, &lv, &err),
		      "%s", err.text);
	return lv;
}

static void reads_as(const struct dw_lvm *lvm, const char *name, uint8_t want)
{
	uint8_t *buf = malloc(2 * CHUNK);
	struct dw_dev *dev;
	uint64_t len;

	ck_assert_msg(!lvmimg_open(ctx, lvm, name, &dev, &err), "%s",
		      err.text);
	ck_assert_uint_eq(dev->size, 8 * LVMIMG_EXTENT_LEN);
	ck_assert(dev->readonly);
	ck_assert_int_eq(dw_dev_pread(dev, 0, buf, 2 * CHUNK, &err), 0);
	for (size_t i = 0; i < CHUNK; i++) {
		ck_assert_uint_eq(buf[i], want);
		ck_assert_uint_eq(buf[CHUNK + i], 0);
	}
	ck_assert_int_eq(dw_lv_used_len(ctx, find(lvm, name), &len, &err), 0);
	ck_assert_uint_eq(len, CHUNK);
	dw_dev_close(dev, NULL);
	free(buf);
}

START_TEST(volumes_of_a_pool)
{
	struct dw_lvm *lvm = make(lvmimg_text(LVMIMG_TEXT), true);

	reads_as(lvm, "th1", 1);
	reads_as(lvm, "th2", 2);
	dw_lvm_free(lvm);
}
END_TEST

/* The text's message is still on its way to the pool. */
START_TEST(a_snapshot_the_pool_does_not_know)
{
	struct dw_lvm *lvm = make(lvmimg_text(LVMIMG_TEXT), false);

	reads_as(lvm, "th2", 1);
	dw_lvm_free(lvm);
}
END_TEST

START_TEST(a_merge_that_waits)
{
	char *text = lvmimg_edit(lvmimg_text(LVMIMG_TEXT),
				 "origin = \"th1\"",
				 "origin = \"th1\"\nmerge = \"th1\"");
	struct dw_lvm *lvm = make(text, true);

	reads_as(lvm, "th1", 2);
	ck_assert(find(lvm, "th1")->is_visible);
	ck_assert(!find(lvm, "th2")->is_visible);
	dw_lvm_free(lvm);
	free(text);
}
END_TEST

/* What the snapshot does not have comes from its own external origin. */
START_TEST(a_merge_brings_its_external_origin)
{
	char *text = lvmimg_edit(lvmimg_text(LVMIMG_TEXT),
				 "external_origin = \"ze\"",
				 "external_origin = \"lin\"\n"
				 "merge = \"th1\"");
	struct dw_lvm *lvm = make(text, true);
	uint64_t want = lvmimg_word(LVMIMG_ID0, LVMIMG_PE_OFF + CHUNK + 8);
	struct dw_dev *dev;
	uint8_t buf[8];

	ck_assert_msg(!lvmimg_open(ctx, lvm, "th1", &dev, &err), "%s",
		      err.text);
	ck_assert_int_eq(dw_dev_pread(dev, CHUNK + 8, buf, 8, &err), 0);
	ck_assert_uint_eq(dw_le64(buf), want);
	dw_dev_close(dev, NULL);
	dw_lvm_free(lvm);
	free(text);
}
END_TEST

START_TEST(a_merge_of_another_size)
{
	char *merge = lvmimg_edit(lvmimg_text(LVMIMG_TEXT),
				  "origin = \"th1\"",
				  "origin = \"th1\"\nmerge = \"th1\"");
	char *text = lvmimg_edit(merge, "extent_count = 8",
				 "extent_count = 4");
	struct dw_lvm *lvm = make(text, true);
	struct dw_dev *dev;
	uint64_t len;

	ck_assert_int_eq(lvmimg_open(ctx, lvm, "th1", &dev, &err),
			 DW_UNSUPPORTED);
	ck_assert_str_eq(err.text, "vg0/th1: has 262144 bytes, and th2, which "
			 "is to be merged into it, 524288: that is only read "
			 "once it is merged");
	ck_assert_int_eq(dw_lv_used_len(ctx, find(lvm, "th1"), &len, &err),
			 DW_UNSUPPORTED);
	dw_lvm_free(lvm);
	free(text);
	free(merge);
}
END_TEST

START_TEST(merges_that_cannot_be)
{
	static const char *const into[] = { "th2", "lin", "tp" };
	char line[64], *text;
	struct dw_lvm *lvm;

	for (size_t i = 0; i < sizeof(into) / sizeof(*into); i++) {
		sprintf(line, "origin = \"th1\"\nmerge = \"%s\"", into[i]);
		text = lvmimg_edit(lvmimg_text(LVMIMG_TEXT),
				   "origin = \"th1\"", line);
		lvm = make(text, true);
		sprintf(line, "it cannot take the place of %s", into[i]);
		ck_assert_ptr_nonnull(dw_lvm_vg(lvm, 0)->problem);
		ck_assert_msg(strstr(dw_lvm_vg(lvm, 0)->problem, line), "%s",
			      dw_lvm_vg(lvm, 0)->problem);
		dw_lvm_free(lvm);
		free(text);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("thin_lvm");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, volumes_of_a_pool);
	tcase_add_test(tc, a_snapshot_the_pool_does_not_know);
	tcase_add_test(tc, a_merge_that_waits);
	tcase_add_test(tc, a_merge_brings_its_external_origin);
	tcase_add_test(tc, a_merge_of_another_size);
	tcase_add_test(tc, merges_that_cannot_be);
	return dw_test_run("thin_lvm", tc);
}
