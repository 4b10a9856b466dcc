/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots: reading through exceptions, and stores that are refused.  Stores
 * that Linux wrote are the matter of the shell tests. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "lib/images.h"
#include "lib/lvmimg.h"
#include "lib/run.h"
#include "lvm/cow.h"
#include "lvm/targets.h"

#define CHUNK 4096u
#define ENTRIES (CHUNK / 16)
#define STRIDE (ENTRIES + 1)

static struct dw_ctx *ctx;
static struct dw_err err;

/* ---- making stores ------------------------------------------------------ */

static void put_header(struct dw_dev *cow, uint32_t valid, uint32_t version,
		       uint32_t chunk_lba)
{
	uint8_t buf[16];

	dw_put_le32(buf, DW_COW_MAGIC);
	dw_put_le32(buf + 4, valid);
	dw_put_le32(buf + 8, version);
	dw_put_le32(buf + 12, chunk_lba);
	ck_assert_int_eq(dw_dev_pwrite(cow, 0, buf, 16, &err), 0);
}

/* Exception nr of a store. */
static void put_exception(struct dw_dev *cow, uint32_t chunk_len, unsigned nr,
			  uint64_t old_chunk, uint64_t new_chunk)
{
	uint64_t entries_nr = chunk_len / 16;
	uint64_t area = 1 + nr / entries_nr * (entries_nr + 1);
	uint8_t buf[16];

	dw_put_le64(buf, old_chunk);
	dw_put_le64(buf + 8, new_chunk);
	ck_assert_int_eq(dw_dev_pwrite(cow, area * chunk_len +
				       nr % entries_nr * 16, buf, 16, &err),
			 0);
}

/* The n-th chunk of a store that is no area. */
static uint64_t free_chunk(uint32_t chunk_len, unsigned nr)
{
	uint64_t entries_nr = chunk_len / 16;

	return 2 + nr / entries_nr * (entries_nr + 1) + nr % entries_nr;
}

static struct dw_dev *store_of(uint64_t size, uint32_t chunk_len)
{
	struct dw_dev *cow = mem_dev(size);

	put_header(cow, 1, 1, chunk_len / 512);
	return cow;
}

static void fill(struct dw_dev *dev, uint64_t off, uint64_t len, int byte)
{
	uint8_t *buf = malloc(len);

	memset(buf, byte, len);
	ck_assert_int_eq(dw_dev_pwrite(dev, off, buf, len, &err), 0);
	free(buf);
}

/* Opens and gives both devices up. */
static int open_take(struct dw_dev *origin, struct dw_dev *cow,
		     struct dw_dev **out)
{
	int rc = dw_cow_open(ctx, "vg/snap", origin, cow, out, &err);

	dw_dev_close(origin, NULL);
	dw_dev_close(cow, NULL);
	return rc;
}

/* ---- reading ------------------------------------------------------------ */

static const uint32_t chunk_lens[] = { 512, 4096, 8192, 65536, 524288 };

#define CHUNK_LENS_NR 5

/* Every third chunk is an exception, made in a strange order; of small chunks
 * they fill more than one area.  The last chunk of the origin is a part. */
START_TEST(exceptions_are_read)
{
	uint32_t len = chunk_lens[_i];
	unsigned nr = len < 8192 ? 697 : 10, i, old;
	uint64_t size = (3 * nr - 2) * (uint64_t)len - len / 2;
	struct dw_dev *origin = mem_dev(size), *snap;
	struct dw_dev *cow = store_of((nr + 30) * (uint64_t)len, len);
	uint8_t *want = malloc(size), *chunk = malloc(len);

	for (uint64_t at = 0; at < size; at++)
		want[at] = (uint8_t)(at / 512 * 7 + at);
	ck_assert_int_eq(dw_dev_pwrite(origin, 0, want, size, &err), 0);
	for (i = 0; i < nr; i++) {
		old = i * 7 % nr * 3;
		memset(chunk, (int)(1 + i % 255), len);
		put_exception(cow, len, i, old, free_chunk(len, i));
		ck_assert_int_eq(dw_dev_pwrite(cow, free_chunk(len, i) * len,
					       chunk, len, &err), 0);
		memcpy(want + (uint64_t)old * len, chunk,
		       dw_min(len, size - (uint64_t)old * len));
	}
	ck_assert_msg(!open_take(origin, cow, &snap), "%s", err.text);
	ck_assert(snap->readonly);
	disk_is(snap, want, size);
	check_extents(snap);
	dw_dev_close(snap, NULL);
	free(want);
	free(chunk);
}
END_TEST

/* *fd_out: a second descriptor of it; NULL: not wanted. */
static struct dw_dev *temp_file(uint64_t size, int *fd_out)
{
	char path[] = "/tmp/dw-cow-XXXXXX";
	int fd = mkstemp(path);
	struct dw_dev *dev;

	ck_assert_int_ge(fd, 0);
	if (fd_out)
		*fd_out = dup(fd);
	unlink(path);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	ck_assert_int_eq(dw_file_from_fd_take(fd, "temp", false, &dev, &err),
			 0);
	return dev;
}

static void extent_is(struct dw_dev *dev, uint64_t off, uint64_t len,
		      uint64_t host_off)
{
	struct dw_extent e;

	ck_assert_int_eq(dw_dev_extent(dev, off, dev->size - off, &e, &err),
			 0);
	ck_assert_uint_eq(e.off, off);
	ck_assert_uint_eq(e.len, len);
	ck_assert_int_eq(e.kind, DW_EXTENT_DATA);
	ck_assert_int_ge(e.host_fd, 0);
	ck_assert_uint_eq(e.host_off, host_off);
}

/* Runs are joined where they lie together on both sides, whatever the order
 * in which they came, and lead to the host's files. */
START_TEST(extents_lead_to_files)
{
	struct dw_dev *origin = temp_file(100 * CHUNK, NULL), *snap;
	struct dw_dev *cow = temp_file(40 * CHUNK, NULL);
	static const unsigned pairs[][2] = {
		{ 12, 7 }, { 10, 5 }, { 11, 6 }, { 30, 20 }, { 31, 22 },
	};

	fill(origin, 0, 100 * CHUNK, 1);
	fill(cow, 0, 40 * CHUNK, 2);
	fill(cow, CHUNK, CHUNK, 0);
	put_header(cow, 1, 1, CHUNK / 512);
	for (unsigned i = 0; i < 5; i++)
		put_exception(cow, CHUNK, i, pairs[i][0], pairs[i][1]);
	ck_assert_int_eq(open_take(origin, cow, &snap), 0);
	extent_is(snap, 0, 10 * CHUNK, 0);
	extent_is(snap, 10 * CHUNK, 3 * CHUNK, 5 * CHUNK);
	extent_is(snap, 11 * CHUNK + 512, 2 * CHUNK - 512, 6 * CHUNK + 512);
	extent_is(snap, 13 * CHUNK, 17 * CHUNK, 13 * CHUNK);
	extent_is(snap, 30 * CHUNK, CHUNK, 20 * CHUNK);
	extent_is(snap, 31 * CHUNK, CHUNK, 22 * CHUNK);
	extent_is(snap, 32 * CHUNK, 68 * CHUNK, 32 * CHUNK);
	dw_dev_close(snap, NULL);
}
END_TEST

/* Of the origin, and of the store. */
START_TEST(changes_below_are_told)
{
	struct dw_dev *origin, *cow, *snap;
	int fds[2];

	origin = temp_file(CHUNK, &fds[0]);
	cow = temp_file(9 * CHUNK, &fds[1]);
	put_header(cow, 1, 1, CHUNK / 512);
	put_exception(cow, CHUNK, 0, 0, 3);
	ck_assert_int_eq(dw_file_settle(origin, &err), 0);
	ck_assert_int_eq(dw_file_settle(cow, &err), 0);
	ck_assert_int_eq(open_take(origin, cow, &snap), 0);
	ck_assert_int_eq(dw_dev_check_unchanged(snap, &err), 0);
	ck_assert_int_eq(ftruncate(fds[_i], 10 * CHUNK), 0);
	ck_assert_int_eq(dw_dev_check_unchanged(snap, &err), DW_BUSY);
	dw_dev_close(snap, NULL);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* A hole of the origin or of the store is one of the snapshot. */
START_TEST(holes_stay_holes)
{
	struct dw_dev *cow = store_of(40 * CHUNK, CHUNK), *snap;
	struct dw_dev *origin = mem_dev(10 * CHUNK);

	fill(origin, 3 * CHUNK, CHUNK, 1);
	put_exception(cow, CHUNK, 0, 3, 9);
	ck_assert_int_eq(open_take(origin, cow, &snap), 0);
	ck_assert_uint_eq(check_extents(snap), 10 * CHUNK);
	dw_dev_close(snap, NULL);
}
END_TEST

/* Linux would write the header when it activates the snapshot first. */
START_TEST(a_new_store_is_empty)
{
	struct dw_dev *cow = mem_dev(10 * CHUNK), *snap;
	struct dw_dev *origin = mem_dev(3 * CHUNK);
	uint8_t want[3 * CHUNK];
	uint64_t used_len;

	memset(want, 5, sizeof(want));
	fill(origin, 0, sizeof(want), 5);
	ck_assert_int_eq(dw_cow_used_len(ctx, cow, &used_len, &err), 0);
	ck_assert_uint_eq(used_len, 0);
	ck_assert_int_eq(open_take(origin, cow, &snap), 0);
	ck_assert(snap->readonly);
	disk_is(snap, want, sizeof(want));
	dw_dev_close(snap, NULL);
}
END_TEST

/* The exceptions that are left count, and without a store the origin alone. */
START_TEST(an_origin_that_is_merged_into)
{
	struct dw_dev *cow = store_of(10 * CHUNK, CHUNK), *merged;
	struct dw_dev *origin = mem_dev(3 * CHUNK);
	uint8_t want[3 * CHUNK];

	memset(want, 5, sizeof(want));
	memset(want + CHUNK, 6, CHUNK);
	fill(origin, 0, sizeof(want), 5);
	fill(cow, 2 * CHUNK, CHUNK, 6);
	put_exception(cow, CHUNK, 0, 1, 2);
	ck_assert_int_eq(dw_cow_open_merging(ctx, "vg/lv", origin, cow,
					     &merged, &err), 0);
	disk_is(merged, want, sizeof(want));
	dw_dev_close(merged, NULL);

	put_header(cow, 0, 1, CHUNK / 512);
	memset(want + CHUNK, 5, CHUNK);
	ck_assert_int_eq(dw_cow_open_merging(ctx, "vg/lv", origin, cow,
					     &merged, &err), 0);
	disk_is(merged, want, sizeof(want));
	dw_dev_close(merged, NULL);
	dw_dev_close(origin, NULL);
	dw_dev_close(cow, NULL);
}
END_TEST

/* ---- what is used ------------------------------------------------------- */

/* As 'dmsetup status' counts: 2 chunks for nothing; where an area is full, the
 * next one counts, too. */
START_TEST(used_as_linux_counts)
{
	static const struct { unsigned nr; uint64_t chunks_nr; } cases[] = {
		{ 0, 2 }, { 1, 3 }, { ENTRIES - 1, STRIDE },
		{ ENTRIES, STRIDE + 2 }, { ENTRIES + 1, STRIDE + 3 },
	};
	struct dw_dev *cow = store_of(600 * CHUNK, CHUNK);
	uint64_t used_len;
	unsigned i;

	for (i = 0; i < cases[_i].nr; i++)
		put_exception(cow, CHUNK, i, 2 * i, free_chunk(CHUNK, i));
	ck_assert_int_eq(dw_cow_used_len(ctx, cow, &used_len, &err), 0);
	ck_assert_uint_eq(used_len, cases[_i].chunks_nr * CHUNK);
	dw_dev_close(cow, NULL);
}
END_TEST

/* lvs shows one that is lost as full. */
START_TEST(a_lost_store_is_full)
{
	struct dw_dev *cow = mem_dev(10 * CHUNK);
	uint64_t used_len;

	put_header(cow, 0, 1, CHUNK / 512);
	ck_assert_int_eq(dw_cow_used_len(ctx, cow, &used_len, &err), 0);
	ck_assert_uint_eq(used_len, 10 * CHUNK);
	dw_dev_close(cow, NULL);
}
END_TEST

/* ---- hostile ------------------------------------------------------------ */

/* 'header' is magic, valid, version and sectors; then up to three exceptions
 * of a store of 40 chunks under an origin of 20. */
static const struct {
	uint32_t header[4];
	uint64_t exceptions[3][2];
	int code;
	const char *text;
} refused[] = {
	{ { DW_COW_MAGIC + 1, 1, 1, 8 }, { { 0 } }, DW_CORRUPT,
	  "magic 70416e54, not 70416e53" },
	{ { DW_COW_MAGIC, 0, 1, 8 }, { { 0 } }, DW_CORRUPT,
	  "invalid snapshot: its store of 163840 bytes ran full" },
	{ { DW_COW_MAGIC, 1, 2, 8 }, { { 0 } }, DW_UNSUPPORTED,
	  "version 2, not 1" },
	{ { DW_COW_MAGIC, 1, 1, 0 }, { { 0 } }, DW_CORRUPT,
	  "chunks of 0 sectors" },
	{ { DW_COW_MAGIC, 1, 1, 24 }, { { 0 } }, DW_CORRUPT,
	  "chunks of 24 sectors" },
	{ { DW_COW_MAGIC, 1, 1, 1u << 31 }, { { 0 } }, DW_CORRUPT,
	  "chunks of 2147483648 sectors" },
	{ { DW_COW_MAGIC, 1, 1, 1u << 21 }, { { 0 } }, DW_CORRUPT,
	  "163840 bytes has no room" },
	{ { DW_COW_MAGIC, 1, 1, 256 }, { { 0 } }, DW_CORRUPT,
	  "header of 256 sectors" },
	{ { DW_COW_MAGIC, 1, 1, 8 }, { { 3, 40 } }, DW_CORRUPT,
	  "chunk 3 is at chunk 40, but the store has 40 of 4096" },
	{ { DW_COW_MAGIC, 1, 1, 8 }, { { 3, UINT64_MAX } }, DW_CORRUPT,
	  "chunk 18446744073709551615" },
	{ { DW_COW_MAGIC, 1, 1, 8 }, { { 3, 1 } }, DW_CORRUPT,
	  "chunk 1 of the store, which is an area" },
	{ { DW_COW_MAGIC, 1, 1, 8 }, { { 20, 4 } }, DW_CORRUPT,
	  "chunk 20 is at chunk 4 of the store, but the origin has 20" },
	{ { DW_COW_MAGIC, 1, 1, 8 }, { { UINT64_MAX, 4 } }, DW_CORRUPT,
	  "chunk 18446744073709551615 is at chunk 4" },
	{ { DW_COW_MAGIC, 1, 1, 8 }, { { 3, 4 }, { 5, 6 }, { 3, 8 } },
	  DW_CORRUPT, "chunk 3 is at chunk 4 and at chunk 8" },
	{ { DW_COW_MAGIC, 1, 1, 8 }, { { 3, 4 }, { 4, 5 }, { 4, 8 } },
	  DW_CORRUPT, "chunk 4 is at chunk 5 and at chunk 8" },
	{ { DW_COW_MAGIC, 1, 1, 8 }, { { 3, 4 }, { 4, 5 }, { 9, 5 } },
	  DW_CORRUPT, "chunk 5 of the store is used for chunk 4 and for "
	  "chunk 9" },
};

#define REFUSED_NR ((int)(sizeof(refused) / sizeof(*refused)))

START_TEST(others_are_refused)
{
	struct dw_dev *cow = store_of(40 * CHUNK, CHUNK), *snap;
	uint8_t buf[16];
	unsigned i;

	for (i = 0; i < 4; i++)
		dw_put_le32(buf + 4 * i, refused[_i].header[i]);
	ck_assert_int_eq(dw_dev_pwrite(cow, 0, buf, 16, &err), 0);
	for (i = 0; i < 3; i++)
		put_exception(cow, CHUNK, i, refused[_i].exceptions[i][0],
			      refused[_i].exceptions[i][1]);
	ck_assert_int_eq(open_take(mem_dev(20 * CHUNK), cow, &snap),
			 refused[_i].code);
	ck_assert_msg(strstr(err.text, refused[_i].text), "%s", err.text);
	ck_assert_msg(!strncmp(err.text, "vg/snap: cow: ", 14), "%s",
		      err.text);
	ck_assert_ptr_null(snap);
}
END_TEST

START_TEST(a_store_without_room)
{
	struct dw_dev *snap;

	ck_assert_int_eq(open_take(mem_dev(CHUNK), mem_dev(15), &snap),
			 DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "15 bytes"), "%s", err.text);
}
END_TEST

/* The first area is full, and the store ends before the second one. */
START_TEST(areas_end_with_the_store)
{
	struct dw_dev *cow = store_of(STRIDE * CHUNK, CHUNK), *snap;
	unsigned i;

	for (i = 0; i < ENTRIES; i++)
		put_exception(cow, CHUNK, i, i, 2);
	ck_assert_int_eq(open_take(mem_dev(500 * CHUNK), cow, &snap),
			 DW_CORRUPT);
	ck_assert_msg(strstr(err.text, "go on in chunk 258, but the store has "
			     "257"), "%s", err.text);
}
END_TEST

START_TEST(a_failing_store)
{
	struct dw_dev *cow = store_of(40 * CHUNK, CHUNK), *faulty, *snap;
	struct dw_fault fault = { .fail_read_at = 1 + (unsigned)_i };

	put_exception(cow, CHUNK, 0, 1, 2);
	ck_assert_int_eq(dw_fault_new(cow, &fault, &faulty, &err), 0);
	dw_dev_close(cow, NULL);
	ck_assert_int_eq(open_take(mem_dev(CHUNK * 4), faulty, &snap), DW_IO);
}
END_TEST

/* 64 runs of 24 bytes fit, 65 do not; a run that goes on takes nothing. */
START_TEST(memory_is_bounded)
{
	struct dw_dev *cow = store_of(600 * CHUNK, CHUNK), *snap;
	unsigned i;

	dw_ctx_set_memory_cap(ctx, 64 * 24);
	for (i = 0; i < 64 + 100; i++)
		put_exception(cow, CHUNK, i, i < 64 ? 2 * i : 63 + i,
			      free_chunk(CHUNK, i));
	ck_assert_int_eq(open_take(mem_dev(600 * CHUNK), dw_dev_ref(cow),
				   &snap), 0);
	dw_dev_close(snap, NULL);
	put_exception(cow, CHUNK, i, 500, free_chunk(CHUNK, i));
	ck_assert_int_eq(open_take(mem_dev(600 * CHUNK), cow, &snap),
			 DW_LIMIT);
	ck_assert_msg(strstr(err.text, "more than 64 runs"), "%s", err.text);
}
END_TEST

START_TEST(cancelled)
{
	struct dw_dev *snap;

	dw_ctx_cancel(ctx);
	ck_assert_int_eq(open_take(mem_dev(CHUNK),
				   store_of(40 * CHUNK, CHUNK), &snap),
			 DW_CANCELLED);
}
END_TEST

/* ---- as volumes of a group ---------------------------------------------- */

#define SNAPSHOT_OF(nr)	\
	"extent_count = " nr "\t# 128 Kilobytes\n\n\t\t\t\ttype = \"snapshot\""

/* Of 1, 2 or 3 extents; the origin has 2, which may be more than the snapshot
 * saw of it. */
START_TEST(snapshots_and_their_origins)
{
	static const char *const texts[] = {
		SNAPSHOT_OF("1"), SNAPSHOT_OF("2"), SNAPSHOT_OF("3"),
	};
	char *text = lvmimg_edit(lvmimg_text(LVMIMG_TEXT), SNAPSHOT_OF("2"),
				 texts[_i]);
	struct dw_lvm *lvm = lvmimg_set_of(ctx, text);
	struct dw_dev *snap;
	int rc = lvmimg_open(ctx, lvm, "snap", &snap, &err);

	/* Its store holds no header, but words of the test's. */
	ck_assert_int_eq(rc, DW_CORRUPT);
	ck_assert_msg(strstr(err.text, _i == 2 ? "vg0/snap: a snapshot of "
			     "196608 bytes, but its origin org has 131072" :
			     "no store of a snapshot"), "%s", err.text);
	dw_lvm_free(lvm);
	free(text);
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
	TCase *tc = tcase_create("cow");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, exceptions_are_read, 0, CHUNK_LENS_NR);
	tcase_add_test(tc, extents_lead_to_files);
	tcase_add_loop_test(tc, changes_below_are_told, 0, 2);
	tcase_add_test(tc, holes_stay_holes);
	tcase_add_test(tc, a_new_store_is_empty);
	tcase_add_test(tc, an_origin_that_is_merged_into);
	tcase_add_loop_test(tc, used_as_linux_counts, 0, 5);
	tcase_add_test(tc, a_lost_store_is_full);
	tcase_add_loop_test(tc, others_are_refused, 0, REFUSED_NR);
	tcase_add_test(tc, a_store_without_room);
	tcase_add_test(tc, areas_end_with_the_store);
	tcase_add_loop_test(tc, a_failing_store, 0, 2);
	tcase_add_test(tc, memory_is_bounded);
	tcase_add_test(tc, cancelled);
	tcase_add_loop_test(tc, snapshots_and_their_origins, 0, 3);
	return dw_test_run("cow", tc);
}
