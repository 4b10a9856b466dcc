/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The persistent-data reader on trees and arrays made by hand. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "lib/pdimg.h"
#include "lib/run.h"

#define BTREE DW_PDATA_SALT_BTREE
#define BLOCKS_NR 2000u

static struct dw_ctx *ctx;
static struct dw_err err;
static struct pdimg img;
static struct dw_pdata *pd;

static void setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	pdimg_new(&img, BLOCKS_NR);
	ck_assert_int_eq(dw_pdata_open(ctx, img.dev, "test metadata", &pd,
				       &err), 0);
}

static void teardown(void)
{
	dw_pdata_close(pd);
	pdimg_free(&img);
	dw_ctx_free(ctx);
}

/* The result, and each piece of the text. */
static void fails(int rc, enum dw_code code, const char *text)
{
	ck_assert_msg(rc == (int)code, "%d: %s", rc, err.text);
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
	ck_assert_msg(!strncmp(err.text, "test metadata: ", 15), "%s",
		      err.text);
}

/* ---- blocks ------------------------------------------------------------- */

START_TEST(blocks_are_checked)
{
	uint8_t block[DW_PDATA_BLOCK_LEN] = { 0 }, got[DW_PDATA_BLOCK_LEN];

	memset(block + 64, 7, 100);
	pdimg_put(&img, 5, DW_PDATA_SALT_ARRAY, block);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(dw_pdata_read(pd, 5, DW_PDATA_SALT_ARRAY, got,
					       &err), 0);
		ck_assert_mem_eq(got, block, sizeof(got));
	}
	/* What is sound as one kind is none of another, read before or not. */
	fails(dw_pdata_read(pd, 5, BTREE, got, &err), DW_CORRUPT,
	      "block 5 is no sound btree node: its checksum is ");
	fails(dw_pdata_read(pd, 6, DW_PDATA_SALT_CACHE_SUPER, got, &err),
	      DW_CORRUPT, "block 6 is no sound superblock");
	fails(dw_pdata_read(pd, BLOCKS_NR, BTREE, got, &err), DW_CORRUPT,
	      "a btree node at block 2000 of 2000");
	fails(dw_pdata_read(pd, UINT64_MAX / 4096 + 2, BTREE, got, &err),
	      DW_CORRUPT, "of 2000");
	ck_assert_int_eq(dw_pdata_read(pd, 5, 1, got, &err), DW_USAGE);
}
END_TEST

START_TEST(blocks_know_their_number)
{
	uint8_t block[DW_PDATA_BLOCK_LEN] = { 0 };

	pdimg_put(&img, 5, BTREE, block);
	ck_assert_int_eq(dw_dev_pwrite(img.dev, 9 * sizeof(block), block,
				       sizeof(block), &err), 0);
	fails(dw_pdata_read(pd, 9, BTREE, block, &err), DW_CORRUPT,
	      "block 9, a btree node, says that it is block 5");
}
END_TEST

START_TEST(a_device_bounds_its_blocks)
{
	uint8_t block[DW_PDATA_BLOCK_LEN];
	struct dw_dev *small;
	struct dw_pdata *other;

	fails(dw_pdata_set_blocks_nr(pd, BLOCKS_NR + 1, &err), DW_CORRUPT,
	      "has 2001 blocks on a device of 2000");
	fails(dw_pdata_set_blocks_nr(pd, 0, &err), DW_CORRUPT, "has 0 blocks");
	ck_assert_int_eq(dw_pdata_set_blocks_nr(pd, 7, &err), 0);
	fails(dw_pdata_read(pd, 7, BTREE, block, &err), DW_CORRUPT,
	      "at block 7 of 7");
	ck_assert_int_eq(dw_mem_new("small", 4095, &small, &err), 0);
	fails(dw_pdata_open(ctx, small, "test metadata", &other, &err),
	      DW_CORRUPT, "the device has only 4095 bytes");
	ck_assert_ptr_null(other);
	dw_dev_close(small, NULL);
}
END_TEST

/* More blocks than are kept, twice: what is kept is what was read. */
START_TEST(many_blocks)
{
	uint8_t block[DW_PDATA_BLOCK_LEN] = { 0 };

	for (uint32_t i = 0; i < BLOCKS_NR; i++) {
		dw_put_le32(block + 100, i);
		pdimg_put(&img, i, BTREE, block);
	}
	for (uint32_t i = 0; i < 4 * BLOCKS_NR; i++) {
		uint32_t blk = i % 3 ? i / 3 % BLOCKS_NR : i % 100;

		ck_assert_int_eq(dw_pdata_read(pd, blk, BTREE, block, &err),
				 0);
		ck_assert_uint_eq(dw_le32(block + 100), blk);
	}
}
END_TEST

/* ---- trees -------------------------------------------------------------- */

#define KEYS_NR 400u

/* Keys 10, 13, 16 ... with values of 24 bytes that begin with them. */
static uint64_t make_tree(size_t nr, uint32_t fan)
{
	uint64_t keys[KEYS_NR], root;
	uint8_t *values = calloc(nr + 1, 24);

	for (size_t i = 0; i < nr; i++) {
		keys[i] = 10 + 3 * i;
		dw_put_le64(values + 24 * i, keys[i]);
	}
	root = pdimg_tree(&img, keys, values, nr, 24, fan);
	free(values);
	return root;
}

static int count(void *arg, uint64_t key, const uint8_t *value,
		 struct dw_err *e)
{
	size_t *nr = arg;

	ck_assert_uint_eq(key, 10 + 3 * *nr);
	ck_assert_uint_eq(dw_le64(value), key);
	++*nr;
	return 0;
}

static int ignore(void *arg, uint64_t key, const uint8_t *value,
		  struct dw_err *e)
{
	return 0;
}

/* In every shape from one leaf to nine levels. */
START_TEST(trees_read)
{
	static const uint32_t fans[] = { 2, 3, 7, 126 };
	uint64_t root = make_tree(KEYS_NR, fans[_i]), key, end, want;
	uint8_t value[24];
	size_t nr = 0;

	ck_assert_int_eq(dw_btree_walk(pd, root, 24, count, &nr, &err), 0);
	ck_assert_uint_eq(nr, KEYS_NR);
	end = 10 + 3 * KEYS_NR;
	for (uint64_t at = 0; at < end; at++) {
		bool is_key = at >= 10 && (at - 10) % 3 == 0;
		int rc = dw_btree_lookup(pd, root, at, value, 24, &err);

		if (is_key)
			ck_assert_int_eq(rc, 0);
		else
			fails(rc, DW_NOENT, "has no key ");
		want = at <= 10 ? 10 : at + (3 - (at - 10) % 3) % 3;
		key = at;
		rc = dw_btree_next(pd, root, &key, value, 24, &err);
		if (want >= end) {
			fails(rc, DW_NOENT, " on");
			continue;
		}
		ck_assert_int_eq(rc, 0);
		ck_assert_uint_eq(key, want);
		ck_assert_uint_eq(dw_le64(value), want);
	}
}
END_TEST

/* Texts are made for errors only: they are most of what a lookup can cost. */
START_TEST(success_leaves_the_error_alone)
{
	uint64_t root = make_tree(KEYS_NR, 7), key = 11, sum = 0;
	uint8_t value[24];

	strcpy(err.text, "as it was");
	ck_assert_int_eq(dw_btree_lookup(pd, root, 10, value, 24, &err), 0);
	ck_assert_int_eq(dw_btree_next(pd, root, &key, value, 24, &err), 0);
	ck_assert_str_eq(err.text, "as it was");
	root = pdimg_array(&img, value, 2, 4);
	ck_assert_int_eq(dw_parray_walk(pd, root, 2, 4, ignore, &sum, &err),
			 0);
	ck_assert_str_eq(err.text, "as it was");
}
END_TEST

START_TEST(an_empty_tree)
{
	uint64_t root = make_tree(0, 2), key = 0;
	uint8_t value[24];
	size_t nr = 0;

	ck_assert_int_eq(dw_btree_walk(pd, root, 24, count, &nr, &err), 0);
	ck_assert_uint_eq(nr, 0);
	fails(dw_btree_next(pd, root, &key, value, 24, &err), DW_NOENT,
	      "from 0 on");
	fails(dw_btree_lookup(pd, root, 0, value, 24, &err), DW_NOENT,
	      "no key 0");
}
END_TEST

START_TEST(the_highest_key)
{
	uint64_t keys[] = { 0, 1, UINT64_MAX - 1, UINT64_MAX };
	uint8_t values[32] = { 0 };
	uint64_t root, key = 2;

	root = pdimg_tree(&img, keys, values, 4, 8, 2);
	ck_assert_int_eq(dw_btree_next(pd, root, &key, values, 8, &err), 0);
	ck_assert_uint_eq(key, UINT64_MAX - 1);
	ck_assert_int_eq(dw_btree_lookup(pd, root, UINT64_MAX, values, 8,
					 &err), 0);
}
END_TEST

static int stop(void *arg, uint64_t key, const uint8_t *value,
		struct dw_err *e)
{
	++*(size_t *)arg;
	return dw_fail(e, DW_LIMIT, "test metadata: enough");
}

START_TEST(a_walk_can_be_stopped)
{
	uint64_t root = make_tree(50, 3);
	size_t nr = 0;

	fails(dw_btree_walk(pd, root, 24, stop, &nr, &err), DW_LIMIT,
	      "enough");
	ck_assert_uint_eq(nr, 1);
	dw_ctx_cancel(ctx);
	ck_assert_int_eq(dw_btree_walk(pd, root, 24, stop, &nr, &err),
			 DW_CANCELLED);
}
END_TEST

/* ---- damaged trees ------------------------------------------------------ */

/* The first numbers are of a tree of 9 entries, 3 a node: leaves 1, 2 and 3
 * with keys from 10, 19 and 28 on, root 4. */
static const struct {
	uint64_t blk;
	unsigned off, width;
	uint64_t value;
	const char *text;
} damages[] = {
	{ 4, PDIMG_FLAGS, 4, 0,
	  "block 4: neither a leaf nor above leaves (flags 0" },
	{ 4, PDIMG_FLAGS, 4, 3, "(flags 3)" },
	{ 2, PDIMG_FLAGS, 4, 1, "block 2: values of 24 bytes in place of 8" },
	{ 4, PDIMG_FLAGS, 4, 2, "block 4: values of 8 bytes in place" },
	{ 1, PDIMG_VALUE_LEN, 4, 16, "values of 16 bytes in place of 24" },
	{ 1, PDIMG_VALUE_LEN, 4, UINT32_MAX, "values of 4294967295 bytes" },
	{ 1, PDIMG_MAX_NR, 4, 128, "room for 128 entries of 32 bytes" },
	{ 4, PDIMG_MAX_NR, 4, UINT32_MAX, "room for 4294967295 entries" },
	{ 3, PDIMG_NR, 4, 127, "127 entries, with room for 126" },
	{ 3, PDIMG_NR, 4, 0, "block 3: it is empty" },
	{ 4, PDIMG_NR, 4, 0, "block 4: it is empty" },
	{ 2, PDIMG_KEY(1), 8, 19, "block 2: key 19 after 19" },
	{ 4, PDIMG_KEY(2), 8, 5, "block 4: key 5 after 19" },
	{ 2, PDIMG_KEY(0), 8, 18, "its first key, 18, is below 19 of the" },
	{ 1, PDIMG_KEY(2), 8, 19, "its last key, 19, is past 18 of the node" },
	{ 4, PDIMG_CHILD(1), 8, BLOCKS_NR, "node at block 2000 of 2000" },
	{ 4, PDIMG_CHILD(1), 8, UINT64_MAX, "at block 18446744073709551615" },
	{ 4, PDIMG_CHILD(1), 8, 0, "block 0 is no sound btree node" },
	/* The same leaf twice; the root as its own child. */
	{ 4, PDIMG_CHILD(2), 8, 1, "block 1: its first key, 10, is below 28" },
	{ 4, PDIMG_CHILD(1), 8, 3, "block 3: its last key, 34, is past 27" },
	{ 4, PDIMG_CHILD(0), 8, 4, "block 4: its last key, 28, is past 18" },
	{ 4, PDIMG_CHILD(2), 8, 4, "block 4: its first key, 10, is below 28" },
};

#define DAMAGES_NR ((int)(sizeof(damages) / sizeof(*damages)))

START_TEST(damage_is_told)
{
	uint64_t root = make_tree(9, 3);

	ck_assert_uint_eq(root, 4);
	pdimg_poke(&img, damages[_i].blk, BTREE, damages[_i].off,
		   damages[_i].width, damages[_i].value);
	fails(dw_btree_walk(pd, root, 24, ignore, NULL, &err), DW_CORRUPT,
	      damages[_i].text);
}
END_TEST

/* Two nodes with one entry each that are each other's children: their range
 * does not get smaller. */
START_TEST(a_circle_ends)
{
	uint64_t key = 7;
	uint8_t child[8], value[8];

	dw_put_le64(child, 2);
	pdimg_node(&img, 1, false, &key, child, 1, 8);
	dw_put_le64(child, 1);
	pdimg_node(&img, 2, false, &key, child, 1, 8);
	fails(dw_btree_walk(pd, 1, 8, ignore, NULL, &err), DW_CORRUPT,
	      "the btree at block 1 has more than 16 levels");
	fails(dw_btree_lookup(pd, 2, 7, value, 8, &err), DW_CORRUPT,
	      "the btree at block 2 has more than 16 levels");
	fails(dw_btree_next(pd, 2, &key, value, 8, &err), DW_CORRUPT,
	      "16 levels");
}
END_TEST

/* ---- arrays ------------------------------------------------------------- */

static int sum_up(void *arg, uint64_t i, const uint8_t *value,
		  struct dw_err *e)
{
	uint64_t *sum = arg;

	ck_assert_uint_eq(dw_le32(value), i * 5);
	*sum += i;
	return 0;
}

#define VALUES_NR 2500u		/* of 1018 a block */

static uint64_t make_array(void)
{
	uint8_t *values = malloc(4 * VALUES_NR);
	uint64_t root;

	for (uint32_t i = 0; i < VALUES_NR; i++)
		dw_put_le32(values + 4 * i, i * 5);
	root = pdimg_array(&img, values, VALUES_NR, 4);
	free(values);
	return root;
}

START_TEST(arrays_read)
{
	static const uint64_t lens[] = { 0, 1, 1018, 1019, 2499, VALUES_NR };
	uint64_t root = make_array(), nr, sum;

	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		nr = lens[i];
		sum = 0;
		ck_assert_int_eq(dw_parray_walk(pd, root, nr, 4, sum_up, &sum,
						&err), 0);
		ck_assert_uint_eq(sum, nr ? nr * (nr - 1) / 2 : 0);
	}
}
END_TEST

static const struct {
	uint64_t blk;
	unsigned off;
	uint32_t value;
	uint64_t nr;
	const char *text;
} array_damages[] = {
	{ 3, 8, 464, 2501, "array block 3: 464 values in place of 465" },
	{ 1, 8, 1017, 2500, "block 1: 1017 values in place of 1018" },
	{ 1, 4, 1019, 2500, "1018 values, with room for 1019 of 4 bytes" },
	{ 1, 8, 1019, 2500, "1019 values, with room for 1018 of 4 bytes" },
	{ 2, 12, 8, 2500, "array block 2: values of 8 bytes in place of 4" },
	{ 3, 8, 1018, 5000, "array at block 4 lacks its block 3" },
};

START_TEST(damaged_arrays_are_told)
{
	uint64_t root = make_array();

	ck_assert_uint_eq(root, 4);
	pdimg_poke(&img, array_damages[_i].blk, DW_PDATA_SALT_ARRAY,
		   array_damages[_i].off, 4, array_damages[_i].value);
	fails(dw_parray_walk(pd, root, array_damages[_i].nr, 4, ignore, NULL,
			     &err), DW_CORRUPT, array_damages[_i].text);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pdata");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, blocks_are_checked);
	tcase_add_test(tc, blocks_know_their_number);
	tcase_add_test(tc, a_device_bounds_its_blocks);
	tcase_add_test(tc, many_blocks);
	tcase_add_loop_test(tc, trees_read, 0, 4);
	tcase_add_test(tc, success_leaves_the_error_alone);
	tcase_add_test(tc, an_empty_tree);
	tcase_add_test(tc, the_highest_key);
	tcase_add_test(tc, a_walk_can_be_stopped);
	tcase_add_loop_test(tc, damage_is_told, 0, DAMAGES_NR);
	tcase_add_test(tc, a_circle_ends);
	tcase_add_test(tc, arrays_read);
	tcase_add_loop_test(tc, damaged_arrays_are_told, 0,
			    (int)(sizeof(array_damages) /
				  sizeof(*array_damages)));
	return dw_test_run("pdata", tc);
}
