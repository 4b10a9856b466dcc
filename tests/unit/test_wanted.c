/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a disk is wanted: lists in order, areas without gaps, limits. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/kinds.h"
#include "job/wanted.h"
#include "lib/fsimg.h"
#include "lib/run.h"
#include "part/part.h"

#define MIB ((uint64_t)1 << 20)

static struct dw_err err;
static struct dw_ctx *ctx;

static struct dw_dev *new_disk(uint64_t size)
{
	struct dw_dev *dev;

	ck_assert_int_eq(dw_mem_new("disk", size, &dev, &err), 0);
	return dev;
}

static void put(struct dw_dev *disk, uint64_t off, const void *buf, size_t len)
{
	ck_assert_int_eq(dw_dev_pwrite(disk, off, buf, len, &err), 0);
}

static void put_file(struct dw_dev *disk, uint64_t off, const char *path)
{
	struct dw_dev *file;
	uint8_t *buf;

	ck_assert_int_eq(dw_file_open(ctx, path, 0, &file, &err), 0);
	buf = malloc(file->size);
	ck_assert_int_eq(dw_dev_pread(file, 0, buf, file->size, &err), 0);
	put(disk, off, buf, file->size);
	free(buf);
	dw_dev_close(file, NULL);
}

static void put_swap(struct dw_dev *disk, uint64_t off, uint32_t page_len,
		     uint32_t last_page)
{
	uint8_t head[16] = { 0 };

	dw_put_le32(head, 1);
	dw_put_le32(head + 4, last_page);
	put(disk, off + 1024, head, sizeof(head));
	put(disk, off + page_len - 10, "SWAPSPACE2", 10);
}

/* Two partitions of 8 MiB, the second one first on the disk. */
static void put_table(struct dw_dev *disk)
{
	struct dw_mbr mbr = {
		.entries = { { .type = 0x83, .start_lba = 20 * 2048,
			       .len_lba = 8 * 2048 },
			     { .type = 0x83, .start_lba = 2048,
			       .len_lba = 8 * 2048 } },
	};
	uint8_t sector[DW_SECTOR];

	dw_mbr_encode(&mbr, sector);
	put(disk, 0, sector, sizeof(sector));
}

/* Finds, and checks what holds for every disk. */
static void find(struct dw_dev *disk, bool all_blocks, unsigned skip_part_nr,
		 struct dw_wanted *w)
{
	struct dw_wanted_options options = {
		.all_blocks = all_blocks, .skip_part_nr = skip_part_nr,
	};
	uint64_t end = 0, runs_len = 0, wanted_len = 0;
	size_t i;
	int ret = dw_wanted_find(ctx, disk, &options, w, &err);

	ck_assert_msg(!ret, "%s", err.text);
	for (i = 0; i < w->areas_nr; i++) {
		ck_assert_uint_eq(w->areas[i].off, end);
		end += w->areas[i].len;
		wanted_len += w->areas[i].wanted_len;
	}
	ck_assert_uint_eq(end, disk->size);
	for (i = 0; i < w->runs_nr; i++) {
		ck_assert_uint_gt(w->runs[i].len, 0);
		if (i)
			ck_assert_uint_gt(w->runs[i].off, w->runs[i - 1].off +
					  w->runs[i - 1].len);
		runs_len += w->runs[i].len;
	}
	ck_assert_uint_eq(runs_len, w->total_len);
	ck_assert_uint_eq(runs_len, wanted_len);
	ck_assert_uint_eq(w->view->size, disk->size);
}

static bool is_wanted(const struct dw_wanted *w, uint64_t off)
{
	size_t i;

	for (i = 0; i < w->runs_nr; i++)
		if (off >= w->runs[i].off &&
		    off < w->runs[i].off + w->runs[i].len)
			return true;
	return false;
}

START_TEST(of_nothing_known_all_is_wanted)
{
	struct dw_dev *disk = new_disk(5 * MIB + 7);
	struct dw_wanted w;

	find(disk, false, 0, &w);
	ck_assert_uint_eq(w.runs_nr, 1);
	ck_assert_uint_eq(w.total_len, 5 * MIB + 7);
	ck_assert_str_eq(w.areas[0].type, "unknown");
	ck_assert_ptr_null(w.areas[0].note);
	dw_wanted_free(&w);
	dw_dev_close(disk, NULL);
}
END_TEST

START_TEST(of_swap_the_header_is_wanted)
{
	static const uint32_t pages[] = { 4096, 8192, 16384, 65536 };
	struct dw_wanted w;
	struct dw_dev *disk;
	size_t i;

	for (i = 0; i < 4; i++) {
		disk = new_disk(4 * MIB);
		put_swap(disk, 0, pages[i], 3 * MIB / pages[i] - 1);
		find(disk, false, 0, &w);
		ck_assert_str_eq(w.areas[0].type, "swap");
		ck_assert_uint_eq(w.total_len, pages[i] + MIB);
		ck_assert(is_wanted(&w, pages[i] - 1));
		ck_assert(!is_wanted(&w, pages[i]));
		ck_assert(!is_wanted(&w, 3 * MIB - 1));
		ck_assert(is_wanted(&w, 3 * MIB));
		dw_wanted_free(&w);
		dw_dev_close(disk, NULL);
	}
}
END_TEST

/* More pages than the device has: what is there is all swap. */
START_TEST(a_swap_header_may_promise_too_much)
{
	struct dw_dev *disk = new_disk(MIB);
	struct dw_wanted w;

	put_swap(disk, 0, 4096, UINT32_MAX);
	find(disk, false, 0, &w);
	ck_assert_uint_eq(w.total_len, 4096);
	dw_wanted_free(&w);
	dw_dev_close(disk, NULL);
}
END_TEST

/* Header and label of swap, with a system asleep in it. */
START_TEST(of_a_suspended_system_all_is_wanted)
{
	struct dw_dev *disk = new_disk(MIB);
	struct dw_wanted w;

	put_swap(disk, 0, 4096, 255);
	put(disk, 4086, "S1SUSPEND\0", 10);
	find(disk, false, 0, &w);
	ck_assert_uint_eq(w.total_len, MIB);
	dw_wanted_free(&w);
	dw_dev_close(disk, NULL);
}
END_TEST

START_TEST(a_skipped_partition_has_no_runs)
{
	struct dw_dev *disk = new_disk(30 * MIB);
	struct dw_wanted w;

	put_table(disk);
	put_swap(disk, MIB, 4096, 2047);
	find(disk, false, 1, &w);
	ck_assert_uint_eq(w.areas_nr, 5);
	ck_assert_str_eq(w.areas[1].name, "p2");
	ck_assert_str_eq(w.areas[3].name, "p1");
	ck_assert(is_wanted(&w, 0) && is_wanted(&w, MIB));
	ck_assert(!is_wanted(&w, MIB + 4096));
	ck_assert(is_wanted(&w, 9 * MIB) && is_wanted(&w, 20 * MIB - 1));
	ck_assert(!is_wanted(&w, 20 * MIB) && !is_wanted(&w, 28 * MIB - 1));
	ck_assert(is_wanted(&w, 28 * MIB) && is_wanted(&w, 30 * MIB - 1));
	dw_wanted_free(&w);
	dw_dev_close(disk, NULL);
}
END_TEST

START_TEST(with_all_blocks_nobody_looks)
{
	struct dw_dev *disk = new_disk(30 * MIB);
	struct dw_wanted w;

	put_table(disk);
	put_swap(disk, MIB, 4096, 2047);
	find(disk, true, 0, &w);
	ck_assert_uint_eq(w.areas_nr, 1);
	ck_assert_uint_eq(w.total_len, 30 * MIB);
	ck_assert_ptr_eq(w.view, disk);
	dw_wanted_free(&w);
	dw_dev_close(disk, NULL);
}
END_TEST

START_TEST(a_filesystem_is_taken_by_used_blocks)
{
	const char *path = fsimg_make("fs", "8M", "-t ext4 -b 1024");
	struct dw_dev *disk = new_disk(30 * MIB);
	uint8_t byte = 1;
	struct dw_wanted w;

	put_table(disk);
	put_file(disk, 20 * MIB, path);
	find(disk, false, 0, &w);
	ck_assert_str_eq(w.areas[3].type, "ext4");
	ck_assert_uint_lt(w.areas[3].wanted_len, 3 * MIB);
	ck_assert(is_wanted(&w, 20 * MIB) && is_wanted(&w, 20 * MIB + 1024));
	ck_assert(!is_wanted(&w, 28 * MIB - 1));
	/* It needed no recovery, so that the copy reads the disk itself. */
	ck_assert_ptr_eq(w.view, disk);
	ck_assert_int_eq(dw_wanted_check_unchanged(&w, &err), 0);
	/* Its time of last write. */
	put(disk, 20 * MIB + 1024 + 0x30, &byte, 1);
	ck_assert_int_eq(dw_wanted_check_unchanged(&w, &err), DW_BUSY);
	dw_wanted_free(&w);
	dw_dev_close(disk, NULL);
}
END_TEST

/* What does not fit into the cap is not known, so all of it is taken. */
START_TEST(without_memory_all_is_taken)
{
	const char *path = fsimg_make("fs", "8M", "-t ext4 -b 1024");
	struct dw_dev *disk = new_disk(8 * MIB);
	struct dw_wanted w;

	put_file(disk, 0, path);
	dw_ctx_set_memory_cap(ctx, 2048);
	find(disk, false, 0, &w);
	dw_ctx_set_memory_cap(ctx, 256 << 20);
	ck_assert_uint_eq(w.total_len, 8 * MIB);
	ck_assert_ptr_nonnull(w.areas[0].note);
	ck_assert_ptr_nonnull(strstr(w.areas[0].note, "cap of 2048"));
	dw_wanted_free(&w);
	dw_dev_close(disk, NULL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("wanted");
	int failed;

	fsimg_require_tools();
	if (dw_ctx_new(&ctx, &err))
		return 1;
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, of_nothing_known_all_is_wanted);
	tcase_add_test(tc, of_swap_the_header_is_wanted);
	tcase_add_test(tc, a_swap_header_may_promise_too_much);
	tcase_add_test(tc, of_a_suspended_system_all_is_wanted);
	tcase_add_test(tc, a_skipped_partition_has_no_runs);
	tcase_add_test(tc, with_all_blocks_nobody_looks);
	tcase_add_test(tc, a_filesystem_is_taken_by_used_blocks);
	tcase_add_test(tc, without_memory_all_is_taken);
	failed = dw_test_run("wanted", tc);
	dw_ctx_free(ctx);
	return failed;
}
