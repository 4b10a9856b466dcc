/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qcow2: the snapshot table, and disks as they were. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/kinds.h"
#include "formats/qcow2_meta.h"
#include "lib/run.h"

#define DISK_LEN 98816u

/* In an entry of the table. */
enum { OFF_L1 = 0, OFF_L1_NR = 8, OFF_ID_LEN = 12, OFF_NAME_LEN = 14,
       OFF_EXTRA_LEN = 36, OFF_DISK_SIZE = 48, OFF_ID = 64 };

static struct dw_ctx *ctx;
static struct dw_dev *file;
static struct dw_qcow2_header h;
static struct dw_qcow2_snapshots list;
static struct dw_err err;

/* One snapshot, id "1", name "one": 40960 bytes of 1, then zeros. */
static void setup(void)
{
	struct dw_dev *below;

	ck_assert_int_eq(dw_ctx_new(&ctx, &err), 0);
	ck_assert_int_eq(dw_file_open(ctx, "tests/images/good-snapshot.qcow2",
				      0, &below, &err), 0);
	ck_assert_int_eq(dw_overlay_new(below, 512, 1 << 20, &file, &err), 0);
	dw_dev_close(below, NULL);
	ck_assert_int_eq(dw_qcow2_read_header(file, &h, &err), 0);
}

static void teardown(void)
{
	dw_qcow2_snapshots_free(&list);
	dw_dev_close(file, NULL);
	dw_ctx_free(ctx);
}

static void put(unsigned off, uint64_t value, unsigned len)
{
	uint8_t p[8];

	dw_put_be64(p, value);
	ck_assert_int_eq(dw_dev_pwrite(file, h.snapshots_off + off,
				       p + 8 - len, len, &err), 0);
}

static int open_as(const char *snapshot, struct dw_dev **out)
{
	struct dw_format_how how = { .snapshot = snapshot };

	return dw_format_open_how(ctx, file, NULL, &how, NULL, out, &err);
}

START_TEST(the_table_is_read)
{
	ck_assert_int_eq(dw_qcow2_snapshots_read(file, &h, &list, &err), 0);
	ck_assert_uint_eq(list.nr, 1);
	ck_assert_str_eq(list.items[0].id, "1");
	ck_assert_str_eq(list.items[0].name, "one");
	ck_assert_uint_eq(list.items[0].disk_size, DISK_LEN);
	ck_assert_uint_eq(list.items[0].vm_state_len, 0);
	ck_assert(!list.items[0].is_incomplete);
	ck_assert_uint_eq(list.table_len, 72);
}
END_TEST

static const char *const names[] = { "1", "one" };

START_TEST(a_snapshot_is_a_disk)
{
	uint8_t *buf = malloc(DISK_LEN);
	struct dw_dev *disk;
	unsigned i;

	ck_assert_int_eq(open_as(names[_i], &disk), 0);
	ck_assert(disk->readonly);
	ck_assert_uint_eq(disk->size, DISK_LEN);
	ck_assert_int_eq(dw_dev_pread(disk, 0, buf, DISK_LEN, &err), 0);
	for (i = 0; i < DISK_LEN; i++)
		ck_assert_uint_eq(buf[i], i < 40960);
	ck_assert_ptr_nonnull(strstr(disk->name, "@snap:"));
	dw_dev_close(disk, NULL);
	free(buf);
}
END_TEST

START_TEST(none_of_that_name)
{
	struct dw_dev *disk;

	ck_assert_int_eq(open_as("two", &disk), DW_NOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "\"two\" among the 1"));
	ck_assert_int_eq(open_as("", &disk), DW_NOENT);
}
END_TEST

START_TEST(a_snapshot_has_its_own_size)
{
	struct dw_dev *disk;

	put(OFF_DISK_SIZE, 5120, 8);
	ck_assert_int_eq(open_as("one", &disk), 0);
	ck_assert_uint_eq(disk->size, 5120);
	dw_dev_close(disk, NULL);
}
END_TEST

/* An older program left the size out: it is that of now, and a corruption
 * for a check. */
START_TEST(without_a_size)
{
	put(OFF_EXTRA_LEN, 8, 4);
	put(OFF_ID_LEN, 0, 2);
	ck_assert_int_eq(dw_qcow2_snapshots_read(file, &h, &list, &err), 0);
	ck_assert_uint_eq(list.items[0].disk_size, DISK_LEN);
	ck_assert(list.items[0].is_incomplete);
}
END_TEST

START_TEST(texts_are_bounded)
{
	put(OFF_NAME_LEN, 0xffff, 2);
	put(OFF_ID, 0, 1);
	ck_assert_int_eq(dw_qcow2_snapshots_read(file, &h, &list, &err), 0);
	ck_assert_str_eq(list.items[0].id, "?");
	ck_assert_uint_eq(strlen(list.items[0].name), 1023);
}
END_TEST

struct bad {
	unsigned off, len;
	uint64_t value;
	const char *text;
};

static const struct bad bads[] = {
	{ OFF_L1, 8, 1 << 24, "ends past the end" },
	{ OFF_L1, 8, 0x8200 + 8, "not aligned" },
	{ OFF_L1, 8, 0, "overlaps the header" },
	{ OFF_L1_NR, 4, 0, "too short" },
	{ OFF_L1_NR, 4, 0xffffffff, "at most 4194304" },
	{ OFF_EXTRA_LEN, 4, 1025, "extra data (at most 1024)" },
	{ OFF_DISK_SIZE, 8, UINT64_MAX, "virtual size" },
	{ OFF_DISK_SIZE, 8, 1 << 30, "too short" },
};

START_TEST(damage_is_told)
{
	const struct bad *b = &bads[_i];
	struct dw_dev *disk;

	put(b->off, b->value, b->len);
	ck_assert_int_eq(open_as("1", &disk), DW_CORRUPT);
	ck_assert_msg(strstr(err.text, b->text), "%s", err.text);
	/* The disk of now does not need the table. */
	ck_assert_int_eq(open_as(NULL, &disk), 0);
	dw_dev_close(disk, NULL);
}
END_TEST

START_TEST(the_table_ends_in_the_file)
{
	put(OFF_NAME_LEN, 0xffff, 2);
	h.snapshots_nr = 300;
	ck_assert_int_eq(dw_qcow2_snapshots_read(file, &h, &list, &err),
			 DW_CORRUPT);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("snapshot");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_table_is_read);
	tcase_add_loop_test(tc, a_snapshot_is_a_disk, 0, 2);
	tcase_add_test(tc, none_of_that_name);
	tcase_add_test(tc, a_snapshot_has_its_own_size);
	tcase_add_test(tc, without_a_size);
	tcase_add_test(tc, texts_are_bounded);
	tcase_add_loop_test(tc, damage_is_told, 0,
			    sizeof(bads) / sizeof(*bads));
	tcase_add_test(tc, the_table_ends_in_the_file);
	return dw_test_run("qcow2 snapshot", tc);
}
