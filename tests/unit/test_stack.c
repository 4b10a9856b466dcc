/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening locators: files of raw bytes, partitions, and what is refused. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/run.h"
#include "part/part.h"
#include "stack/stack.h"

static char folder[] = "/tmp/dw-stack-XXXXXX";
static char image[64];
static struct dw_ctx *ctx;
static struct dw_stack stack;
static struct dw_err err;

/* 4 MiB with one partition of 1 MiB at 1 MiB, filled with 'x'. */
static void setup(void)
{
	struct dw_mbr mbr = { .disk_signature = 1 };
	uint8_t sector[DW_SECTOR];
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(image, sizeof(image), "%s/a@b.img", folder);
	mbr.entries[1] = (struct dw_mbr_entry){ true, 0x83, 2048, 2048 };
	dw_mbr_encode(&mbr, sector);
	f = fopen(image, "w");
	ck_assert_ptr_nonnull(f);
	fwrite(sector, 1, sizeof(sector), f);
	fseek(f, 1 << 20, SEEK_SET);
	for (int i = 0; i < 1 << 20; i++)
		fputc('x', f);
	ck_assert_int_eq(ftruncate(fileno(f), 4 << 20) | fclose(f), 0);
	ck_assert_int_eq(dw_ctx_new(&ctx, NULL), 0);
}

static void teardown(void)
{
	dw_ctx_free(ctx);
	unlink(image);
	rmdir(folder);
}

static int open_rest(const char *rest, const char *format, unsigned flags)
{
	char locator[128];

	snprintf(locator, sizeof(locator), "%s%s", image, rest);
	return dw_stack_open(ctx, locator, format, flags, &stack, &err);
}

START_TEST(opens_the_disk)
{
	ck_assert_int_eq(open_rest("", NULL, 0), 0);
	ck_assert_str_eq(stack.image, image);
	ck_assert_str_eq(stack.format->name, "raw");
	ck_assert_ptr_null(stack.path);
	ck_assert_uint_eq(stack.part_nr, 0);
	ck_assert_uint_eq(stack.dev->size, 4 << 20);
	ck_assert_int_eq(dw_stack_close(&stack, &err), 0);
}
END_TEST

START_TEST(opens_a_partition_with_a_path)
{
	char byte;

	ck_assert_int_eq(open_rest("@p2:/etc/fstab", NULL, 0), 0);
	ck_assert_str_eq(stack.path, "/etc/fstab");
	ck_assert_uint_eq(stack.part_nr, 2);
	ck_assert_uint_eq(stack.dev->size, 1 << 20);
	ck_assert_int_eq(dw_dev_pread(stack.dev, 0, &byte, 1, &err), 0);
	ck_assert_int_eq(byte, 'x');
	ck_assert_int_eq(dw_dev_pwrite(stack.dev, 0, &byte, 1, &err),
			 DW_READONLY);
	ck_assert_int_eq(dw_stack_close(&stack, &err), 0);
}
END_TEST

START_TEST(writes_through_the_layers)
{
	char byte = 'y';

	ck_assert_int_eq(open_rest("@p2", "raw", DW_OPEN_RDWR), 0);
	ck_assert_int_eq(dw_dev_pwrite(stack.dev, 7, &byte, 1, &err), 0);
	ck_assert_int_eq(dw_stack_close(&stack, &err), 0);
	ck_assert_int_eq(open_rest("", NULL, 0), 0);
	byte = 0;
	ck_assert_int_eq(dw_dev_pread(stack.dev, (1 << 20) + 7, &byte, 1,
				      &err), 0);
	ck_assert_int_eq(byte, 'y');
	ck_assert_int_eq(dw_stack_close(&stack, &err), 0);
}
END_TEST

START_TEST(refuses_by_name)
{
	ck_assert_int_eq(open_rest("@p1", NULL, 0), DW_NOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "no partition 1"));
	ck_assert_int_eq(open_rest("@p2@p1", NULL, 0), DW_NOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "nor a partition table"));
	ck_assert_int_eq(open_rest("@vg0/root", NULL, 0), DW_NOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "LVM"));
	ck_assert_int_eq(open_rest("@vg0", NULL, 0), DW_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "'@vg0' names no layer"));
	ck_assert_int_eq(open_rest("@x", NULL, 0), DW_USAGE);
	ck_assert_int_eq(open_rest("", "qcow2", 0), DW_NOT_MINE);
	ck_assert_int_eq(open_rest("", "qcow1", 0), DW_USAGE);
	ck_assert_int_eq(open_rest(".none@p1", NULL, 0), DW_NOENT);
	/* A failed open leaves nothing to close. */
	ck_assert_ptr_null(stack.dev);
	ck_assert_ptr_null(stack.image);
}
END_TEST

START_TEST(descends_from_a_device)
{
	struct dw_dev *dev, *part;
	char byte;

	ck_assert_int_eq(dw_open(ctx, image, NULL, 0, &dev, &err), 0);
	ck_assert_int_eq(dw_stack_descend(ctx, dev, "p1", 0, &part, &err),
			 DW_NOENT);
	ck_assert_ptr_null(part);
	ck_assert_int_eq(dw_stack_descend(ctx, dev, "p2@p1", 0, &part, &err),
			 DW_NOENT);
	ck_assert_int_eq(dw_stack_descend(ctx, dev, "p2", 0, &part, &err), 0);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
	ck_assert_int_eq(dw_dev_pread(part, 0, &byte, 1, &err), 0);
	ck_assert_int_eq(byte, 'x');
	ck_assert_int_eq(dw_dev_close(part, &err), 0);
}
END_TEST

START_TEST(devices_take_no_path)
{
	struct dw_dev *dev;
	char locator[128];

	snprintf(locator, sizeof(locator), "%s@p2:/etc", image);
	ck_assert_int_eq(dw_open(ctx, locator, NULL, 0, &dev, &err), DW_USAGE);
	ck_assert_ptr_null(dev);
	ck_assert_int_eq(dw_open(ctx, image, NULL, 0, &dev, &err), 0);
	ck_assert_uint_eq(dw_dev_size(dev), 4 << 20);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("stack");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, opens_the_disk);
	tcase_add_test(tc, opens_a_partition_with_a_path);
	tcase_add_test(tc, writes_through_the_layers);
	tcase_add_test(tc, refuses_by_name);
	tcase_add_test(tc, descends_from_a_device);
	tcase_add_test(tc, devices_take_no_path);
	return dw_test_run("stack", tc);
}
