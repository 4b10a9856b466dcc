/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cached volumes: what is read from where, and metadata that is refused.  What
 * others write and read is the matter of tests/cli/lvm-cache.sh. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lib/images.h"
#include "lib/pdimg.h"
#include "lib/run.h"
#include "lvm/cache.h"
#include "lvm/targets.h"

#define CHUNK 32768u
#define VALID 1u
#define DIRTY 2u
#define SUPER DW_PDATA_SALT_CACHE_SUPER
#define ARRAY DW_PDATA_SALT_ARRAY

/* Where things lie in the superblock, for pdimg_poke(). */
enum {
	AT_FLAGS = 4, AT_MAGIC = 32, AT_VERSION = 40, AT_METADATA_NR = 64,
	AT_MAPPING_ROOT = 192, AT_BLOCK_LBA = 232, AT_METADATA_BLOCK = 236,
	AT_BLOCKS_NR = 240, AT_COMPAT_RO = 248, AT_INCOMPAT = 252,
	AT_DIRTY_ROOT = 284,
};

static struct dw_ctx *ctx;
static struct dw_err err;

/* ---- making caches ------------------------------------------------------ */

struct cache {
	struct pdimg img;
	struct dw_dev *origin, *data;
	uint8_t *mappings;
	uint8_t *dirty;
	unsigned version, flags;
	uint32_t blocks_nr;
};

static void cache_new(struct cache *c, unsigned version, unsigned flags,
		      uint64_t origin_len, uint32_t blocks_nr)
{
	*c = (struct cache){
		.version = version, .flags = flags, .blocks_nr = blocks_nr,
		.origin = mem_dev(origin_len),
		.data = mem_dev((uint64_t)blocks_nr * CHUNK),
		.mappings = calloc(blocks_nr, 8),
		.dirty = calloc(blocks_nr / 64 + 1, 8),
	};
	pdimg_new(&c->img, 64);
}

static void cache_free(struct cache *c)
{
	dw_dev_close(c->origin, NULL);
	dw_dev_close(c->data, NULL);
	pdimg_free(&c->img);
	free(c->mappings);
	free(c->dirty);
}

/* Of version 1, dirty is a flag of the mapping, of version 2 it is not. */
static void map_block(struct cache *c, uint32_t block, uint64_t chunk,
		      unsigned flags)
{
	if (c->version == 2 && flags & DIRTY) {
		c->dirty[block / 8] |= (uint8_t)(1 << block % 8);
		flags &= ~DIRTY;
	}
	dw_put_le64(c->mappings + (size_t)block * 8, chunk << 16 | flags);
}

static void put_super(struct cache *c, uint64_t mapping_root,
		      uint64_t dirty_root)
{
	uint8_t buf[DW_PDATA_BLOCK_LEN] = { 0 };

	dw_put_le32(buf + AT_FLAGS, c->flags);
	dw_put_le64(buf + AT_MAGIC, DW_CACHE_MAGIC);
	dw_put_le32(buf + AT_VERSION, c->version);
	dw_put_le64(buf + AT_METADATA_NR, 64);
	dw_put_le64(buf + AT_MAPPING_ROOT, mapping_root);
	dw_put_le32(buf + AT_BLOCK_LBA, CHUNK / 512);
	dw_put_le32(buf + AT_METADATA_BLOCK, 8);
	dw_put_le32(buf + AT_BLOCKS_NR, c->blocks_nr);
	dw_put_le64(buf + AT_DIRTY_ROOT, dirty_root);
	pdimg_put(&c->img, 0, SUPER, buf);
}

static void seal(struct cache *c)
{
	uint64_t mapping_root, dirty_root = 0;

	mapping_root = pdimg_array(&c->img, c->mappings, c->blocks_nr, 8);
	if (c->version == 2)
		dirty_root = pdimg_array(&c->img, c->dirty,
					 dw_div_up(c->blocks_nr, 64), 8);
	put_super(c, mapping_root, dirty_root);
}

static int open_cache(struct cache *c, struct dw_dev **out)
{
	struct dw_cache_params params = {
		.origin = c->origin, .metadata = c->img.dev, .data = c->data,
		.chunk_len = CHUNK,
	};

	return dw_cache_open(ctx, "vg/slow", &params, out, &err);
}

static void fill(struct dw_dev *dev, uint64_t off, uint64_t len, int byte)
{
	uint8_t *buf = malloc(len);

	memset(buf, byte, len);
	ck_assert_int_eq(dw_dev_pwrite(dev, off, buf, len, &err), 0);
	free(buf);
}

/* ---- reading ------------------------------------------------------------ */

/* Versions 1 and 2, with and without a clean shutdown: a clean cache gives its
 * dirty blocks alone, which shows because here the others differ. */
START_TEST(dirty_or_valid)
{
	unsigned version = 1 + (unsigned)_i % 2;
	bool is_clean = _i >= 2, is_taken;
	uint64_t size = 20 * CHUNK - 512;
	uint8_t *want = malloc(size);
	struct dw_dev *volume;
	struct cache c;

	cache_new(&c, version, is_clean, size, 12);
	memset(want, 1, size);
	fill(c.origin, 0, size, 1);
	for (unsigned block = 0; block < 12; block++) {
		uint64_t chunk = block * 5 % 13;
		unsigned flags = block % 4;

		fill(c.data, block * CHUNK, CHUNK, 10 + (int)block);
		map_block(&c, block, chunk, flags);
		is_taken = is_clean ? flags == (VALID | DIRTY) : flags & VALID;
		if (is_taken)
			memset(want + chunk * CHUNK, 10 + (int)block, CHUNK);
	}
	seal(&c);
	ck_assert_msg(!open_cache(&c, &volume), "%s", err.text);
	ck_assert(volume->readonly);
	disk_is(volume, want, size);
	check_extents(volume);
	dw_dev_close(volume, NULL);
	cache_free(&c);
	free(want);
}
END_TEST

/* Mappings in three blocks of the array, dirty marks in many words; chunks
 * that lie together in both are one extent. */
START_TEST(many_blocks)
{
	struct dw_extent e;
	struct dw_dev *volume;
	struct cache c;

	cache_new(&c, 2, DW_CACHE_CLEAN, 4000ull * CHUNK, 1300);
	for (unsigned block = 0; block < 1300; block++)
		map_block(&c, block, block < 700 ? 3000 + block : 2 * block,
			  block % 3 || block < 700 ? VALID | DIRTY : VALID);
	fill(c.data, 650 * CHUNK, CHUNK, 7);
	fill(c.data, 1202 * CHUNK, CHUNK, 8);
	seal(&c);
	ck_assert_msg(!open_cache(&c, &volume), "%s", err.text);
	ck_assert_int_eq(dw_dev_extent(volume, 3650ull * CHUNK, CHUNK, &e,
				       &err), 0);
	ck_assert_int_eq(e.kind, DW_EXTENT_DATA);
	ck_assert_uint_eq(e.len, CHUNK);
	ck_assert_int_eq(dw_dev_extent(volume, 2404ull * CHUNK, 9 * CHUNK, &e,
				       &err), 0);
	ck_assert_int_eq(e.kind, DW_EXTENT_DATA);
	ck_assert_int_eq(dw_dev_extent(volume, 2400ull * CHUNK, CHUNK, &e,
				       &err), 0);
	ck_assert_int_eq(e.kind, DW_EXTENT_UNMAPPED);
	dw_dev_close(volume, NULL);
	cache_free(&c);
}
END_TEST

/* A cachevol: metadata and data are parts of one volume. */
START_TEST(parts_of_one_volume)
{
	struct dw_dev *volume, *whole = mem_dev(64 * 4096 + 8 * CHUNK);
	uint8_t buf[64 * 4096], want[3 * CHUNK] = { 0 };
	struct cache c;

	cache_new(&c, 2, 0, sizeof(want), 8);
	map_block(&c, 5, 1, VALID);
	seal(&c);
	dw_dev_pread(c.img.dev, 0, buf, sizeof(buf), NULL);
	dw_dev_pwrite(whole, 0, buf, sizeof(buf), NULL);
	pdimg_free(&c.img);
	dw_dev_close(c.data, NULL);
	fill(whole, sizeof(buf) + 5 * CHUNK, CHUNK, 9);
	memset(want + CHUNK, 9, CHUNK);
	ck_assert_int_eq(dw_window_new(whole, 0, sizeof(buf), "meta",
				       &c.img.dev, &err), 0);
	ck_assert_int_eq(dw_window_new(whole, sizeof(buf), 8 * CHUNK, "data",
				       &c.data, &err), 0);
	ck_assert_msg(!open_cache(&c, &volume), "%s", err.text);
	disk_is(volume, want, sizeof(want));
	dw_dev_close(volume, NULL);
	dw_dev_close(whole, NULL);
	cache_free(&c);
}
END_TEST

/* Metadata that lvm cleared, and a cache that has no size yet. */
START_TEST(new_caches_are_empty)
{
	uint8_t want[3 * CHUNK];
	struct dw_dev *volume;
	struct cache c;

	memset(want, 3, sizeof(want));
	cache_new(&c, 2, _i == 2 ? DW_CACHE_CLEAN : 0, sizeof(want), 8);
	fill(c.origin, 0, sizeof(want), 3);
	if (_i) {
		put_super(&c, 0, 0);
		pdimg_poke(&c.img, 0, SUPER, AT_BLOCKS_NR, 4, 0);
	}
	ck_assert_msg(!open_cache(&c, &volume), "%s", err.text);
	disk_is(volume, want, sizeof(want));
	dw_dev_close(volume, NULL);
	cache_free(&c);
}
END_TEST

/* What Linux does not look at, and clean blocks of a cache that was made
 * smaller. */
START_TEST(what_does_not_matter)
{
	struct dw_dev *volume;
	struct cache c;

	cache_new(&c, 2, DW_CACHE_CLEAN | DW_CACHE_NEEDS_CHECK, 20 * CHUNK,
		  30);
	map_block(&c, 29, 5, VALID);
	map_block(&c, 28, 999, VALID);
	map_block(&c, 27, 5, DIRTY);
	seal(&c);
	pdimg_poke(&c.img, 0, SUPER, AT_COMPAT_RO, 4, 1);
	dw_dev_close(c.data, NULL);
	c.data = mem_dev(20 * CHUNK);
	ck_assert_msg(!open_cache(&c, &volume), "%s", err.text);
	dw_dev_close(volume, NULL);
	cache_free(&c);
}
END_TEST

/* ---- hostile ------------------------------------------------------------ */

/* A number of the superblock of a sound cache of 8 blocks, version 2. */
static const struct {
	unsigned off, width;
	uint64_t value;
	int code;
	const char *text;
} pokes[] = {
	{ AT_MAGIC, 8, 27022010, DW_CORRUPT, "magic 19c52ba, not 18c403" },
	{ AT_VERSION, 4, 0, DW_UNSUPPORTED, "version 0, not 1 to 2" },
	{ AT_VERSION, 4, 3, DW_UNSUPPORTED, "version 3, not 1 to 2" },
	{ AT_FLAGS, 4, 5, DW_UNSUPPORTED, "unknown flags 5" },
	{ AT_INCOMPAT, 4, 2, DW_UNSUPPORTED, "unknown features 2" },
	{ AT_METADATA_BLOCK, 4, 9, DW_CORRUPT, "blocks of 9 sectors" },
	{ AT_METADATA_NR, 8, 65, DW_CORRUPT, "has 65 blocks on a device of "
	  "64" },
	{ AT_METADATA_NR, 8, 0, DW_CORRUPT, "has 0 blocks" },
	{ AT_METADATA_NR, 8, 2, DW_CORRUPT, "of 2" },
	{ AT_BLOCK_LBA, 4, 0, DW_CORRUPT, "blocks of 0 sectors" },
	{ AT_BLOCK_LBA, 4, 65, DW_CORRUPT, "blocks of 65 sectors" },
	{ AT_BLOCK_LBA, 4, 1u << 22, DW_CORRUPT, "of 4194304 sectors" },
	{ AT_BLOCK_LBA, 4, 128, DW_CORRUPT, "blocks of 65536 bytes, the "
	  "volume group says 32768" },
	{ AT_BLOCKS_NR, 4, UINT32_MAX, DW_CORRUPT, "4294967295 blocks do not "
	  "fit into metadata of 262144 bytes" },
	{ AT_BLOCKS_NR, 4, 9, DW_CORRUPT, "8 values in place of 9" },
	{ AT_BLOCKS_NR, 4, 65, DW_CORRUPT, "1 values in place of 2" },
	{ AT_MAPPING_ROOT, 8, 64, DW_CORRUPT, "block 64 of 64" },
	{ AT_MAPPING_ROOT, 8, 0, DW_CORRUPT, "block 0 is no sound btree" },
	{ AT_DIRTY_ROOT, 8, 99, DW_CORRUPT, "dirty marks: " },
};

#define POKES_NR ((int)(sizeof(pokes) / sizeof(*pokes)))

START_TEST(hostile_superblocks)
{
	struct dw_dev *volume;
	struct cache c;

	cache_new(&c, 2, DW_CACHE_CLEAN, 20 * CHUNK, 8);
	seal(&c);
	pdimg_poke(&c.img, 0, SUPER, pokes[_i].off, pokes[_i].width,
		   pokes[_i].value);
	ck_assert_int_eq(open_cache(&c, &volume), pokes[_i].code);
	ck_assert_msg(strstr(err.text, pokes[_i].text), "%s", err.text);
	ck_assert_msg(!strncmp(err.text, "vg/slow: cache", 14), "%s",
		      err.text);
	ck_assert_ptr_null(volume);
	cache_free(&c);
}
END_TEST

/* Up to two blocks of 8 for an origin of 19 whole chunks and a part. */
static const struct {
	struct { uint32_t block; uint64_t chunk; unsigned flags; } maps[2];
	const char *text;
} mappings[] = {
	{ { { 2, 20, VALID } }, "block 2 holds chunk 20, but the origin has "
	  "19 whole ones" },
	{ { { 2, 19, VALID } }, "block 2 holds chunk 19" },
	{ { { 2, UINT64_MAX >> 16, VALID } }, "chunk 281474976710655" },
	{ { { 2, 4, VALID }, { 3, 4, VALID } },
	  "chunk 4 is at chunk 2 and at chunk 3 of the store" },
	{ { { 2, 4, VALID | 4 } }, "block 2 has unknown flags 5" },
	{ { { 7, 4, VALID } }, "block 7 holds chunk 4, but the cache has room "
	  "for 7" },
};

#define MAPPINGS_NR ((int)(sizeof(mappings) / sizeof(*mappings)))

START_TEST(hostile_mappings)
{
	struct dw_dev *volume;
	struct cache c;

	cache_new(&c, 1 + (unsigned)_i % 2, 0, 20 * CHUNK - 512, 8);
	dw_dev_close(c.data, NULL);
	c.data = mem_dev(8 * CHUNK - 512);
	for (unsigned i = 0; i < 2; i++)
		if (mappings[_i].maps[i].flags)
			map_block(&c, mappings[_i].maps[i].block,
				  mappings[_i].maps[i].chunk,
				  mappings[_i].maps[i].flags);
	seal(&c);
	ck_assert_int_eq(open_cache(&c, &volume), DW_CORRUPT);
	ck_assert_msg(strstr(err.text, mappings[_i].text), "%s", err.text);
	ck_assert_ptr_null(volume);
	cache_free(&c);
}
END_TEST

START_TEST(checksums_and_lengths)
{
	struct dw_dev *volume;
	struct cache c;

	cache_new(&c, 2, 0, 20 * CHUNK, 8);
	seal(&c);
	fill(c.img.dev, 500, 1, 1);
	ck_assert_int_eq(open_cache(&c, &volume), DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "block 0 is no sound superblock"),
		      "%s", err.text);
	dw_dev_close(c.img.dev, NULL);
	c.img.dev = mem_dev(4095);
	ck_assert_int_eq(open_cache(&c, &volume), DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "4095 bytes"), "%s", err.text);
	cache_free(&c);
}
END_TEST

START_TEST(no_chunk_len)
{
	struct dw_cache_params params = { 0 };
	struct dw_dev *volume;

	ck_assert_int_eq(dw_cache_open(ctx, "vg/slow", &params, &volume, &err),
			 DW_CORRUPT);
}
END_TEST

/* Each of the reads that an opening takes; it succeeds once all are done. */
START_TEST(failing_metadata)
{
	struct dw_dev *volume, *below;
	struct dw_fault fault = { 0 };
	struct cache c;
	int rc;

	cache_new(&c, 2, DW_CACHE_CLEAN, 20 * CHUNK, 8);
	map_block(&c, 2, 3, VALID | DIRTY);
	seal(&c);
	below = c.img.dev;
	ck_assert_int_eq(dw_fault_new(below, &fault, &c.img.dev, &err), 0);
	dw_dev_close(below, NULL);
	do {
		fault.fail_read_at++;
		fault.reads_nr = 0;
		rc = open_cache(&c, &volume);
		ck_assert(!rc || rc == DW_IO);
	} while (rc);
	ck_assert_uint_eq(fault.fail_read_at, 7);
	dw_dev_close(volume, NULL);
	cache_free(&c);
}
END_TEST

START_TEST(memory_is_bounded)
{
	struct dw_dev *volume;
	struct cache c;

	cache_new(&c, 2, DW_CACHE_CLEAN, 400 * CHUNK, 192);
	for (unsigned block = 0; block < 130; block++)
		map_block(&c, block, 2 * block, VALID | DIRTY);
	seal(&c);
	dw_ctx_set_memory_cap(ctx, 16);
	ck_assert_int_eq(open_cache(&c, &volume), DW_LIMIT);
	ck_assert_msg(strstr(err.text, "dirty marks of 192 blocks"), "%s",
		      err.text);
	dw_ctx_set_memory_cap(ctx, 3072);
	ck_assert_int_eq(open_cache(&c, &volume), DW_LIMIT);
	ck_assert_msg(strstr(err.text, "more than 128 runs"), "%s", err.text);
	dw_ctx_set_memory_cap(ctx, 6144);
	ck_assert_int_eq(open_cache(&c, &volume), 0);
	dw_dev_close(volume, NULL);
	cache_free(&c);
}
END_TEST

static void setup(void)
{
	ck_assert_int_eq(dw_ctx_new(&ctx, NULL), 0);
}

static void teardown(void)
{
	dw_ctx_free(ctx);
}

int main(void)
{
	TCase *tc = tcase_create("cache");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, dirty_or_valid, 0, 4);
	tcase_add_test(tc, many_blocks);
	tcase_add_test(tc, parts_of_one_volume);
	tcase_add_loop_test(tc, new_caches_are_empty, 0, 3);
	tcase_add_test(tc, what_does_not_matter);
	tcase_add_loop_test(tc, hostile_superblocks, 0, POKES_NR);
	tcase_add_loop_test(tc, hostile_mappings, 0, MAPPINGS_NR);
	tcase_add_test(tc, checksums_and_lengths);
	tcase_add_test(tc, no_chunk_len);
	tcase_add_test(tc, failing_metadata);
	tcase_add_test(tc, memory_is_bounded);
	return dw_test_run("cache", tc);
}
