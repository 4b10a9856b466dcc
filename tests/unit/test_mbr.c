/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MBR: what is one, its checks, logical partitions, writing. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/kinds.h"
#include "lib/images.h"
#include "lib/parts.h"
#include "lib/run.h"
#include "part/mbr.h"

static struct dw_ctx *ctx;
static struct dw_err err;

static void check_good(const struct dw_part_table *t)
{
	static const struct dw_part want[] = {
		{ .nr = 1, .start_lba = 8, .len_lba = 16, .mbr_type = 0x83,
		  .active = true },
		{ .nr = 2, .start_lba = 24, .len_lba = 100, .mbr_type = 0x05,
		  .extended = true },
		{ .nr = 5, .start_lba = 32, .len_lba = 16, .mbr_type = 0x83,
		  .logical = true },
		{ .nr = 6, .start_lba = 56, .len_lba = 8, .mbr_type = 0x82,
		  .logical = true },
		{ .nr = 7, .start_lba = 72, .len_lba = 50, .mbr_type = 0x8e,
		  .logical = true },
	};
	size_t i;

	ck_assert_int_eq(t->kind, DW_PART_MBR);
	ck_assert_uint_eq(t->disk_signature, 0x12345678);
	ck_assert_uint_eq(t->parts_nr, 5);
	for (i = 0; i < 5; i++) {
		const struct dw_part *p = &t->parts[i];

		ck_assert_uint_eq(p->nr, want[i].nr);
		ck_assert_uint_eq(p->start_lba, want[i].start_lba);
		ck_assert_uint_eq(p->len_lba, want[i].len_lba);
		ck_assert_uint_eq(p->mbr_type, want[i].mbr_type);
		ck_assert_int_eq(p->active, want[i].active);
		ck_assert_int_eq(p->extended, want[i].extended);
		ck_assert_int_eq(p->logical, want[i].logical);
	}
}

START_TEST(sfdisk_tables_read)
{
	struct dw_dev *disk = open_fixture(ctx, "good-mbr.img"), *part;
	struct dw_part_table *t;

	ck_assert_int_eq(dw_part_read(disk, &t, &err), 0);
	check_good(t);
	ck_assert_ptr_null(dw_part_by_nr(t, 3));
	ck_assert_int_eq(dw_part_open(disk, dw_part_by_nr(t, 6), &part, &err),
			 0);
	ck_assert_uint_eq(part->size, 8 * 512);
	ck_assert_str_eq(part->name, "tests/images/good-mbr.img@p6");
	dw_dev_close(part, NULL);
	dw_part_free(t);
	dw_dev_close(disk, NULL);
}
END_TEST

static const struct {
	const char *name;
	const char *text;
} bad[] = {
	{ "bad-mbr-overlap.img", "partition 2 (LBA 24 to 123) overlaps partition 1 "
			     "(LBA 8 to 25)" },
	{ "bad-mbr-past-end.img", "partition 2 (LBA 24 to 128) ends past the end" },
	{ "bad-ebr-cyclic.img", "cyclic: EBR 2 leads back to LBA 24" },
	{ "bad-ebr-outside.img", "EBR at LBA 136 is not inside" },
	{ "bad-logical-overlap.img", "partition 5 (LBA 32 to 63)" },
};

START_TEST(damaged_tables_are_refused)
{
	table_is_damaged(ctx, bad[_i].name, bad[_i].text);
}
END_TEST

static int read_sector(const uint8_t sector[DW_SECTOR])
{
	struct dw_dev *disk = empty_disk(128);
	struct dw_part_table *t;
	int rc;

	ck_assert_int_eq(dw_dev_pwrite(disk, 0, sector, DW_SECTOR, &err), 0);
	rc = dw_part_read(disk, &t, &err);
	dw_part_free(t);
	dw_dev_close(disk, NULL);
	return rc;
}

START_TEST(what_is_no_table_is_not_mine)
{
	struct dw_mbr mbr = { .entries = { { .type = 0x83, .start_lba = 8,
					     .len_lba = 8 } } };
	uint8_t s[DW_SECTOR], fat[DW_SECTOR];
	struct dw_dev *tiny;
	struct dw_part_table *t;

	memset(s, 0, sizeof(s));
	ck_assert_int_eq(read_sector(s), DW_NOT_MINE);
	s[510] = 0x55;
	s[511] = 0xaa;
	ck_assert_int_eq(read_sector(s), DW_NOT_MINE);
	dw_mbr_encode(&mbr, s);
	ck_assert_int_eq(read_sector(s), 0);
	/* Code where the table would be. */
	s[462] = 0x66;
	ck_assert_int_eq(read_sector(s), DW_NOT_MINE);
	s[462] = 0;
	/* FAT, NTFS and exFAT end with 55 AA, too. */
	memcpy(fat, s, sizeof(s));
	memcpy(fat, "\xeb\x3c\x90mkfs.fat\0\2\4\1\0\2\0\2\0\x80\xf8", 22);
	ck_assert_int_eq(read_sector(fat), DW_NOT_MINE);
	memcpy(s + 3, "NTFS    ", 8);
	ck_assert_int_eq(read_sector(s), DW_NOT_MINE);
	ck_assert_int_eq(dw_mem_new("tiny", 100, &tiny, &err), 0);
	ck_assert_int_eq(dw_part_read(tiny, &t, &err), DW_NOT_MINE);
	dw_dev_close(tiny, NULL);
}
END_TEST

START_TEST(encode_mirrors_decode)
{
	struct dw_mbr mbr = { .disk_signature = 0xdeadbeef }, back;
	uint8_t s[DW_SECTOR];

	memset(mbr.code, 0x90, sizeof(mbr.code));
	mbr.entries[1] = (struct dw_mbr_entry){ true, 0x83, 2048, 1u << 31 };
	mbr.entries[3] = (struct dw_mbr_entry){ false, 0x0c, 0xfffffff0, 15 };
	dw_mbr_encode(&mbr, s);
	ck_assert_int_eq(dw_mbr_decode(s, &back, &err), 0);
	ck_assert_mem_eq(&mbr, &back, sizeof(mbr));
	/* 0/32/33 is what every partitioner says of LBA 2048. */
	ck_assert_mem_eq(s + 462, "\x80\x20\x21\x00\x83\xfe\xff\xff", 8);
}
END_TEST

START_TEST(set_active_changes_nothing_else)
{
	struct dw_dev *good = open_fixture(ctx, "good-mbr.img"), *disk;
	uint8_t before[DW_SECTOR], after[DW_SECTOR];

	ck_assert_int_eq(dw_overlay_new(good, 512, 1 << 20, &disk, &err), 0);
	ck_assert_int_eq(dw_dev_pread(disk, 0, before, 512, &err), 0);
	ck_assert_int_eq(dw_mbr_set_active(disk, 2, &err), 0);
	ck_assert_int_eq(dw_dev_pread(disk, 0, after, 512, &err), 0);
	ck_assert_uint_eq(after[446], 0);
	ck_assert_uint_eq(after[462], 0x80);
	before[446] = 0;
	before[462] = 0x80;
	ck_assert_mem_eq(before, after, 512);
	ck_assert_int_eq(dw_mbr_set_active(disk, 3, &err), DW_NOENT);
	ck_assert_int_eq(dw_mbr_set_active(disk, 5, &err), DW_UNSUPPORTED);
	dw_dev_close(disk, NULL);
	dw_dev_close(good, NULL);
}
END_TEST

START_TEST(a_table_read_and_written_is_the_same)
{
	struct dw_dev *good = open_fixture(ctx, "good-mbr.img");
	struct dw_dev *disk = empty_disk(128);
	struct dw_part_table *t, *back;
	uint8_t a[DW_SECTOR], b[DW_SECTOR], code[DW_MBR_CODE_LEN];
	static const uint64_t sectors[] = { 0, 24, 55, 71 };
	size_t i;

	memset(code, 0xcc, sizeof(code));
	ck_assert_int_eq(dw_dev_pwrite(disk, 0, code, sizeof(code), &err), 0);
	ck_assert_int_eq(dw_part_read(good, &t, &err), 0);
	ck_assert_int_eq(dw_mbr_write(disk, t, &err), 0);
	ck_assert_int_eq(dw_part_read(disk, &back, &err), 0);
	check_good(back);
	for (i = 0; i < t->parts_nr; i++)
		ck_assert_uint_eq(t->parts[i].entry_off,
				  back->parts[i].entry_off);
	/* The same bytes, the code of sector 0 apart. */
	for (i = 0; i < 4; i++) {
		ck_assert_int_eq(dw_dev_pread(good, sectors[i] * 512, a, 512,
					      &err), 0);
		ck_assert_int_eq(dw_dev_pread(disk, sectors[i] * 512, b, 512,
					      &err), 0);
		if (!sectors[i])
			ck_assert_mem_eq(b, code, sizeof(code));
		ck_assert_mem_eq(a + 440, b + 440, 72);
	}
	dw_part_free(t);
	dw_part_free(back);
	dw_dev_close(disk, NULL);
	dw_dev_close(good, NULL);
}
END_TEST

static struct dw_part part(unsigned nr, uint64_t start, uint64_t len,
			   uint8_t type)
{
	return (struct dw_part){
		.nr = nr, .start_lba = start, .len_lba = len, .mbr_type = type,
		.logical = nr > 4, .extended = type == 0x0f,
	};
}

START_TEST(new_logical_partitions_get_ebrs)
{
	struct dw_part parts[] = {
		part(1, 2048, 2048, 0x83), part(3, 4096, 40000, 0x0f),
		part(5, 6144, 2048, 0x83), part(6, 10240, 2048, 0x83),
		part(7, 12300, 100, 0x82),
	};
	struct dw_part_table t = {
		.kind = DW_PART_MBR, .disk_signature = 7, .parts = parts,
		.parts_nr = 5,
	}, *back;
	struct dw_dev *disk = empty_disk(65536);

	ck_assert_int_eq(dw_mbr_write(disk, &t, &err), 0);
	ck_assert_int_eq(dw_part_read(disk, &back, &err), 0);
	ck_assert_uint_eq(back->parts_nr, 5);
	ck_assert_uint_eq(back->parts[2].entry_off, 4096 * 512 + 446);
	ck_assert_uint_eq(back->parts[3].entry_off, 8192 * 512 + 446);
	/* No room of 1 MiB before it: behind the one before. */
	ck_assert_uint_eq(back->parts[4].entry_off, 12288 * 512 + 446);
	ck_assert_uint_eq(back->parts[4].start_lba, 12300);
	dw_part_free(back);
	dw_dev_close(disk, NULL);
}
END_TEST

START_TEST(what_cannot_be_written_changes_nothing)
{
	struct dw_part parts[2] = { part(1, 2048, 4096, 0x83),
				    part(2, 4096, 4096, 0x83) };
	struct dw_part_table t = { .kind = DW_PART_MBR, .parts = parts,
				   .parts_nr = 2 };
	struct dw_dev *disk = empty_disk(65536), *huge = empty_disk(1ull << 34);
	uint8_t sector[DW_SECTOR];

	ck_assert_int_eq(dw_mbr_write(disk, &t, &err), DW_CORRUPT);
	ck_assert(strstr(err.text, "overlaps"));
	parts[1] = part(5, 8192, 16, 0x83);
	ck_assert_int_eq(dw_mbr_write(disk, &t, &err), DW_USAGE);
	parts[1] = part(2, 8192, 1ull << 32, 0x83);
	ck_assert_int_eq(dw_mbr_write(huge, &t, &err), DW_UNSUPPORTED);
	ck_assert_int_eq(dw_dev_pread(disk, 0, sector, 512, &err), 0);
	ck_assert(dw_is_zero(sector, 512));
	dw_dev_close(disk, NULL);
	dw_dev_close(huge, NULL);
}
END_TEST

/* Disks of 4096-byte sectors count in those; the result does not. */
START_TEST(large_sectors_count_as_512_bytes)
{
	struct dw_part parts[] = { part(1, 2048, 2048, 0x83),
				   part(2, 4096, 8192, 0x0f),
				   part(5, 6144, 1024, 0x83) };
	struct dw_part_table t = { .kind = DW_PART_MBR, .parts = parts,
				   .parts_nr = 3 }, *back;
	struct dw_dev *disk = empty_disk(65536);
	uint8_t sector[DW_SECTOR];

	disk->block_size = 4096;
	ck_assert_int_eq(dw_mbr_write(disk, &t, &err), 0);
	ck_assert_int_eq(dw_dev_pread(disk, 0, sector, 512, &err), 0);
	ck_assert_uint_eq(dw_le32(sector + 454), 256);
	ck_assert_int_eq(dw_part_read(disk, &back, &err), 0);
	ck_assert_uint_eq(back->sector_len, 4096);
	ck_assert_uint_eq(back->parts_nr, 3);
	ck_assert_uint_eq(back->parts[0].start_lba, 2048);
	ck_assert_uint_eq(back->parts[2].start_lba, 6144);
	ck_assert_uint_eq(back->parts[2].len_lba, 1024);
	dw_part_free(back);
	parts[0].start_lba = 2049;
	ck_assert_int_eq(dw_mbr_write(disk, &t, &err), DW_USAGE);
	dw_dev_close(disk, NULL);
}
END_TEST

/* EBRs without end, each in its place and new: the cap stops them. */
START_TEST(too_many_logical_partitions_are_refused)
{
	struct dw_mbr mbr = { .entries = { { .type = 5, .start_lba = 1,
					     .len_lba = 4000 } } };
	struct dw_dev *disk = empty_disk(4096);
	struct dw_part_table *t;
	uint8_t s[DW_SECTOR];
	uint32_t i;

	dw_mbr_encode(&mbr, s);
	ck_assert_int_eq(dw_dev_pwrite(disk, 0, s, 512, &err), 0);
	for (i = 0; i < 300; i++) {
		mbr.entries[0] = (struct dw_mbr_entry){ false, 0x83, 1, 1 };
		mbr.entries[1] = (struct dw_mbr_entry){ false, 5, i * 2 + 2,
							2 };
		dw_mbr_encode(&mbr, s);
		ck_assert_int_eq(dw_dev_pwrite(disk, (i * 2 + 1) * 512ull, s,
					       512, &err), 0);
	}
	ck_assert_int_eq(dw_part_read(disk, &t, &err), DW_LIMIT);
	dw_dev_close(disk, NULL);
}
END_TEST

/* Any bytes are read, refused or not mine, in bounded time. */
START_TEST(mutations_never_crash)
{
	struct dw_dev *good = open_fixture(ctx, "good-mbr.img"), *disk;
	static const unsigned at[] = { 0, 24, 55, 71 };
	struct dw_part_table *t;
	unsigned seed = 1, n, k;
	uint8_t b;

	for (n = 0; n < 5000; n++) {
		ck_assert_int_eq(dw_overlay_new(good, 512, 1 << 20, &disk,
						&err), 0);
		for (k = 0; k <= n % 4; k++) {
			b = (uint8_t)rand_r(&seed);
			ck_assert_int_eq(dw_dev_pwrite(disk,
				at[rand_r(&seed) % 4] * 512ull + 446 +
				(unsigned)rand_r(&seed) % 66, &b, 1, &err), 0);
		}
		if (!dw_part_read(disk, &t, &err))
			for (k = 0; k < t->parts_nr; k++)
				ck_assert_uint_le(t->parts[k].start_lba +
						  t->parts[k].len_lba, 128);
		dw_part_free(t);
		dw_dev_close(disk, NULL);
	}
	dw_dev_close(good, NULL);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("mbr");
	int failed_nr;

	dw_ctx_new(&ctx, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, sfdisk_tables_read);
	tcase_add_loop_test(t, damaged_tables_are_refused, 0,
			    (int)(sizeof(bad) / sizeof(*bad)));
	tcase_add_test(t, what_is_no_table_is_not_mine);
	tcase_add_test(t, encode_mirrors_decode);
	tcase_add_test(t, set_active_changes_nothing_else);
	tcase_add_test(t, a_table_read_and_written_is_the_same);
	tcase_add_test(t, new_logical_partitions_get_ebrs);
	tcase_add_test(t, what_cannot_be_written_changes_nothing);
	tcase_add_test(t, large_sectors_count_as_512_bytes);
	tcase_add_test(t, too_many_logical_partitions_are_refused);
	tcase_add_test(t, mutations_never_crash);
	failed_nr = dw_test_run("mbr", t);
	dw_ctx_free(ctx);
	return failed_nr;
}
