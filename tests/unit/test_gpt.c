/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GPT: both copies, sector sizes, hostile headers and entries. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/sum.h"
#include "dev/kinds.h"
#include "lib/images.h"
#include "lib/parts.h"
#include "lib/run.h"
#include "part/part.h"

static struct dw_ctx *ctx;
static struct dw_err err;

static void check_good(const struct dw_part_table *t)
{
	ck_assert_int_eq(t->kind, DW_PART_GPT);
	ck_assert_uint_eq(t->parts_nr, 2);
	ck_assert_uint_eq(t->parts[0].nr, 1);
	ck_assert_uint_eq(t->parts[0].start_lba, 40);
	ck_assert_uint_eq(t->parts[0].len_lba, 16);
	ck_assert_str_eq(t->parts[0].name, "one");
	ck_assert(!t->parts[0].active);
	ck_assert_uint_eq(t->parts[0].guid[15], 1);
	ck_assert_uint_eq(t->parts[0].guid[3], 0x0a);
	ck_assert_uint_eq(t->parts[1].start_lba, 64);
	ck_assert_str_eq(t->parts[1].name, "zwei \xe2\x82\xac");
	ck_assert(t->parts[1].active);
	ck_assert_uint_eq(t->disk_guid[0], 0x11);
	ck_assert_uint_eq(t->disk_guid[15], 0x55);
}

START_TEST(sfdisk_tables_read_from_either_copy)
{
	struct dw_dev *disk = open_fixture(ctx, _i ? "good-gpt-backup.img"
					       : "good-gpt.img");
	struct dw_part_table *t;
	int rc;

	rc = dw_part_read(disk, &t, &err);
	ck_assert_msg(!rc, "%s", err.text);
	check_good(t);
	ck_assert_int_eq(t->backup_used, _i == 1);
	ck_assert_uint_eq(t->parts[1].entry_off,
			  (_i ? 95 : 2) * 512 + 128);
	dw_part_free(t);
	dw_dev_close(disk, NULL);
}
END_TEST

static const struct {
	const char *name;
	const char *text;
} bad[] = {
	{ "bad-gpt-end-before-start.img",
	  "gpt: entry 1 ends at LBA 45 before it starts at 50" },
	{ "bad-gpt-overlap.img", "partition 1 (LBA 40 to 64) overlaps" },
	{ "bad-gpt-past-end.img", "entry 2 (LBA 64 to 100) is not within" },
	{ "bad-gpt-both.img", "checksum" },
};

START_TEST(damaged_tables_are_refused)
{
	table_is_damaged(ctx, bad[_i].name, bad[_i].text);
}
END_TEST

/* The good image over which one writes. */
static struct dw_dev *scratch(void)
{
	struct dw_dev *good = open_fixture(ctx, "good-gpt.img"), *disk;

	ck_assert_int_eq(dw_overlay_new(good, 512, 1 << 20, &disk, &err), 0);
	dw_dev_close(good, NULL);
	return disk;
}

/* Makes the checksum of the header at lba right again. */
static void seal(struct dw_dev *disk, uint64_t lba)
{
	uint8_t h[512];

	ck_assert_int_eq(dw_dev_pread(disk, lba * 512, h, 512, &err), 0);
	dw_put_le32(h + 16, 0);
	dw_put_le32(h + 16, dw_crc32(h, 92));
	ck_assert_int_eq(dw_dev_pwrite(disk, lba * 512, h, 512, &err), 0);
}

static const struct {
	unsigned off, len;
	uint64_t value;
	int code;
	const char *text;
} headers[] = {
	{ 8, 4, 0x20000, DW_UNSUPPORTED, "revision" },
	{ 12, 4, 91, DW_CORRUPT, "a header of 91 bytes" },
	{ 12, 4, 0xffffffff, DW_CORRUPT, "a header of 4294967295 bytes" },
	{ 24, 8, 2, DW_CORRUPT, "says that it lies at 2" },
	{ 40, 8, 1, DW_CORRUPT, "from LBA 1" },
	{ 40, 8, UINT64_MAX, DW_CORRUPT, "from LBA 18446744073709551615" },
	{ 48, 8, 128, DW_CORRUPT, "to 128" },
	{ 48, 8, 33, DW_CORRUPT, "to 33" },
	{ 72, 8, 1, DW_CORRUPT, "entries at LBA 1," },
	{ 72, 8, UINT64_MAX, DW_CORRUPT, "18446744073709551615" },
	{ 72, 8, 50, DW_CORRUPT, "lie among" },
	{ 80, 4, 0xffffffff, DW_CORRUPT, "4294967295 entries" },
	{ 80, 4, 0, DW_CORRUPT, "0 entries" },
	{ 84, 4, 0, DW_CORRUPT, "of 0 bytes" },
	{ 84, 4, 136, DW_CORRUPT, "of 136 bytes" },
	{ 84, 4, 0x80000000, DW_CORRUPT, "of 2147483648 bytes" },
	{ 88, 4, 0, DW_CORRUPT, "checksum of the entries" },
};

/* Both copies say the same wrong thing, with a checksum that is right. */
START_TEST(hostile_headers_are_refused)
{
	struct dw_dev *disk = scratch();
	struct dw_part_table *t;
	uint8_t value[8];
	unsigned lba;

	dw_put_le64(value, headers[_i].value);
	for (lba = 1; lba < 128; lba += 126) {
		ck_assert_int_eq(dw_dev_pwrite(disk,
					       lba * 512 + headers[_i].off,
					       value, headers[_i].len, &err),
				 0);
		seal(disk, lba);
	}
	ck_assert_int_eq(dw_part_read(disk, &t, &err), headers[_i].code);
	ck_assert_msg(strstr(err.text, headers[_i].text), "%s", err.text);
	dw_dev_close(disk, NULL);
}
END_TEST

START_TEST(a_protective_mbr_without_gpt_is_damage)
{
	struct dw_dev *disk = scratch();
	uint8_t zeros[512] = { 0 };
	struct dw_part_table *t;

	ck_assert_int_eq(dw_dev_pwrite(disk, 512, zeros, 512, &err), 0);
	ck_assert_int_eq(dw_dev_pwrite(disk, 127 * 512, zeros, 512, &err), 0);
	ck_assert_int_eq(dw_part_read(disk, &t, &err), DW_CORRUPT);
	ck_assert(strstr(err.text, "protective"));
	dw_dev_close(disk, NULL);
}
END_TEST

/* A GPT that a later MBR left behind is none. */
START_TEST(a_gpt_without_protective_mbr_is_not_mine)
{
	struct dw_mbr mbr = { .entries = { { .type = 0x83, .start_lba = 8,
					     .len_lba = 8 } } };
	struct dw_dev *disk = scratch();
	struct dw_part_table *t;
	uint8_t sector[512];

	dw_mbr_encode(&mbr, sector);
	ck_assert_int_eq(dw_dev_pwrite(disk, 0, sector, 512, &err), 0);
	ck_assert_int_eq(dw_part_read(disk, &t, &err), 0);
	ck_assert_int_eq(t->kind, DW_PART_MBR);
	dw_part_free(t);
	dw_dev_close(disk, NULL);
}
END_TEST

/* A table in sectors of 4096 bytes, on whatever it lies now. */
START_TEST(large_sectors_are_found)
{
	uint8_t mbr_sector[512], h[4096] = { 0 }, entries[16384] = { 0 };
	struct dw_mbr mbr = { .entries = { { .type = 0xee, .start_lba = 1,
					     .len_lba = 127 } } };
	struct dw_part_table *t;
	struct dw_dev *disk;

	ck_assert_int_eq(dw_mem_new("disk", 128 * 4096, &disk, &err), 0);
	disk->block_size = _i ? 4096 : 512;
	memset(entries, 0xab, 32);
	dw_put_le64(entries + 32, 10);
	dw_put_le64(entries + 40, 19);
	memcpy(h, "EFI PART", 8);
	dw_put_le32(h + 8, 0x10000);
	dw_put_le32(h + 12, 92);
	dw_put_le64(h + 24, 1);
	dw_put_le64(h + 32, 127);
	dw_put_le64(h + 40, 6);
	dw_put_le64(h + 48, 122);
	dw_put_le64(h + 72, 2);
	dw_put_le32(h + 80, 128);
	dw_put_le32(h + 84, 128);
	dw_put_le32(h + 88, dw_crc32(entries, sizeof(entries)));
	dw_put_le32(h + 16, dw_crc32(h, 92));
	dw_mbr_encode(&mbr, mbr_sector);
	ck_assert_int_eq(dw_dev_pwrite(disk, 0, mbr_sector, 512, &err), 0);
	ck_assert_int_eq(dw_dev_pwrite(disk, 4096, h, 4096, &err), 0);
	ck_assert_int_eq(dw_dev_pwrite(disk, 8192, entries, 16384, &err), 0);
	ck_assert_int_eq(dw_part_read(disk, &t, &err), 0);
	ck_assert_uint_eq(t->sector_len, 4096);
	ck_assert_uint_eq(t->parts[0].start_lba, 80);
	ck_assert_uint_eq(t->parts[0].len_lba, 80);
	dw_part_free(t);
	dw_dev_close(disk, NULL);
}
END_TEST

/* Names in UTF-16: pairs, half pairs, and the longest that there is. */
START_TEST(names_become_utf8)
{
	static const struct {
		uint16_t utf16[36];
		const char *utf8;
	} names[] = {
		{ { 0xd83d, 0xde00, 'a' }, "\xf0\x9f\x98\x80" "a" },
		{ { 0xd83d, 'a', 0xdc00 }, "\xef\xbf\xbd" "a\xef\xbf\xbd" },
		{ { 0xe9 }, "\xc3\xa9" },
	};
	struct dw_dev *disk = scratch();
	struct dw_part_table *t;
	uint8_t entries[16384], buf[72];
	unsigned i, k;

	for (i = 0; i < 4; i++) {
		for (k = 0; k < 36; k++)
			dw_put_le16(buf + 2 * k, i < 3 ? names[i].utf16[k]
						       : 0x20ac);
		ck_assert_int_eq(dw_dev_pwrite(disk, 1024 + 56, buf, 72, &err),
				 0);
		ck_assert_int_eq(dw_dev_pread(disk, 1024, entries, 16384,
					      &err), 0);
		dw_put_le32(buf, dw_crc32(entries, 16384));
		ck_assert_int_eq(dw_dev_pwrite(disk, 512 + 88, buf, 4, &err),
				 0);
		seal(disk, 1);
		ck_assert_int_eq(dw_part_read(disk, &t, &err), 0);
		ck_assert(!t->backup_used);
		if (i < 3)
			ck_assert_str_eq(t->parts[0].name, names[i].utf8);
		else
			ck_assert_uint_eq(strlen(t->parts[0].name), 108);
		dw_part_free(t);
	}
	dw_dev_close(disk, NULL);
}
END_TEST

/* Any bytes, behind checksums that are right. */
START_TEST(mutations_never_crash)
{
	struct dw_part_table *t;
	uint8_t entries[16384], b, crc[4];
	unsigned seed = 1, n, k;
	struct dw_dev *disk;

	for (n = 0; n < 3000; n++) {
		disk = scratch();
		for (k = 0; k <= n % 3; k++) {
			b = (uint8_t)rand_r(&seed);
			ck_assert_int_eq(dw_dev_pwrite(disk,
				(n & 1 ? 512 + (unsigned)rand_r(&seed) % 92
				       : 1024 + (unsigned)rand_r(&seed) % 256),
				&b, 1, &err), 0);
		}
		ck_assert_int_eq(dw_dev_pread(disk, 1024, entries, 16384,
					      &err), 0);
		dw_put_le32(crc, dw_crc32(entries, 16384));
		ck_assert_int_eq(dw_dev_pwrite(disk, 512 + 88, crc, 4, &err),
				 0);
		seal(disk, 1);
		if (!dw_part_read(disk, &t, &err))
			for (k = 0; k < t->parts_nr; k++)
				ck_assert_uint_le(t->parts[k].start_lba +
						  t->parts[k].len_lba, 128);
		dw_part_free(t);
		dw_dev_close(disk, NULL);
	}
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("gpt");
	int failed_nr;

	dw_ctx_new(&ctx, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, sfdisk_tables_read_from_either_copy, 0, 2);
	tcase_add_loop_test(t, damaged_tables_are_refused, 0,
			    (int)(sizeof(bad) / sizeof(*bad)));
	tcase_add_loop_test(t, hostile_headers_are_refused, 0,
			    (int)(sizeof(headers) / sizeof(*headers)));
	tcase_add_test(t, a_protective_mbr_without_gpt_is_damage);
	tcase_add_test(t, a_gpt_without_protective_mbr_is_not_mine);
	tcase_add_loop_test(t, large_sectors_are_found, 0, 2);
	tcase_add_test(t, names_become_utf8);
	tcase_add_test(t, mutations_never_crash);
	failed_nr = dw_test_run("gpt", t);
	dw_ctx_free(ctx);
	return failed_nr;
}
