/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In-place changes: what is written, and the way back from every failure. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev/kinds.h"
#include "job/inplace.h"
#include "lib/run.h"

#define MIB (1u << 20)

static struct dw_err err;
static struct dw_ctx *ctx;
static char folder[] = "/tmp/dw-test-inplace-XXXXXX";
static char image[100], record[100];

static void write_image(void)
{
	FILE *f = fopen(image, "w");
	unsigned i, seed = 7;

	ck_assert_ptr_nonnull(f);
	/* Data, a hole, data, a hole at the end. */
	for (i = 0; i < 3 * MIB; i++)
		fputc(rand_r(&seed), f);
	fseek(f, 5 * MIB, SEEK_SET);
	for (i = 0; i < MIB; i++)
		fputc(rand_r(&seed), f);
	fclose(f);
	ck_assert_int_eq(truncate(image, 8 * MIB), 0);
}

static uint8_t *read_image(size_t *len)
{
	struct dw_dev *dev;
	uint8_t *buf;

	ck_assert_int_eq(dw_file_open(ctx, image, 0, &dev, &err), 0);
	*len = dw_dev_size(dev);
	buf = malloc(*len);
	ck_assert_int_eq(dw_dev_pread(dev, 0, buf, *len, &err), 0);
	dw_dev_close(dev, NULL);
	return buf;
}

/* Inserts 1 MiB, changes two ranges, writes a boot sector. */
static int run(struct dw_dev *dev, struct dw_inplace *job)
{
	struct dw_dev *new_bytes;
	uint8_t buf[512];
	int ret;

	memset(buf, 0x5a, sizeof(buf));
	ck_assert_int_eq(dw_mem_new("new", MIB, &new_bytes, &err), 0);
	dw_dev_pwrite(new_bytes, 0, buf, sizeof(buf), &err);
	*job = (struct dw_inplace){
		.file = dev, .undo_path = record, .insert_len = MIB,
		.size = 9 * MIB, .cap_len = 16 * MIB,
	};
	ck_assert_int_eq(dw_inplace_add(job, new_bytes, 0, 1024, 512, &err),
			 0);
	ck_assert_int_eq(dw_inplace_add(job, new_bytes, 0, 4 * MIB, 8192,
					&err), 0);
	ck_assert_int_eq(dw_inplace_add_new(job, 0, buf, 512, &err), 0);
	dw_dev_close(new_bytes, NULL);
	ret = dw_inplace_run(ctx, job, &err);
	return ret;
}

static bool host_can_insert(void)
{
	struct dw_dev *dev;
	int ret;

	write_image();
	ck_assert_int_eq(dw_file_open(ctx, image, DW_OPEN_RDWR, &dev, &err),
			 0);
	ret = dw_dev_insert(dev, 0, MIB, &err);
	dw_dev_close(dev, NULL);
	if (ret)
		printf("the host's filesystem cannot insert: not tested\n");
	return !ret;
}

START_TEST(the_changes_are_made)
{
	size_t old_len, new_len;
	struct dw_inplace job;
	uint8_t *old, *new;
	struct dw_dev *dev;

	if (!host_can_insert())
		return;
	write_image();
	old = read_image(&old_len);
	ck_assert_int_eq(dw_file_open(ctx, image, DW_OPEN_RDWR, &dev, &err),
			 0);
	ck_assert_int_eq(run(dev, &job), 0);
	ck_assert_int_eq(access(record, F_OK), 0);
	ck_assert_int_eq(dw_inplace_finish(&job, &err), 0);
	ck_assert_int_ne(access(record, F_OK), 0);
	dw_inplace_free(&job);
	dw_dev_close(dev, NULL);
	new = read_image(&new_len);
	ck_assert_uint_eq(new_len, old_len + MIB);
	ck_assert(new[0] == 0x5a && new[511] == 0x5a && new[512] == 0);
	ck_assert(!memcmp(new + MIB, old, 1024));
	ck_assert(new[MIB + 1024] == 0x5a && new[MIB + 1535] == 0x5a);
	ck_assert(!memcmp(new + MIB + 1536, old + 1536, 4 * MIB - 1536));
	free(old);
	free(new);
}
END_TEST

/* All writes and flushes from the N-th on fail, those of the undo as well, as
 * if the process had died there; then the record is applied afresh. */
START_TEST(death_at_every_step_can_be_undone)
{
	struct dw_fault fault;
	struct dw_dev *file, *dev;
	struct dw_inplace job;
	size_t old_len, len;
	uint8_t *old, *now;
	unsigned n;
	int ret;

	if (!host_can_insert())
		return;
	for (n = 1; ; n++) {
		write_image();
		old = read_image(&old_len);
		memset(&fault, 0, sizeof(fault));
		fault.fail_write_at = n;
		fault.sticky = true;
		ck_assert_int_eq(dw_file_open(ctx, image, DW_OPEN_RDWR, &file,
					      &err), 0);
		ck_assert_int_eq(dw_fault_new(file, &fault, &dev, &err), 0);
		ret = run(dev, &job);
		dw_dev_close(dev, NULL);
		dw_dev_close(file, NULL);
		dw_inplace_free(&job);
		ck_assert_int_eq(dw_undo(ctx, image, record, &err), 0);
		now = read_image(&len);
		ck_assert_uint_eq(len, old_len);
		ck_assert(!memcmp(now, old, len));
		ck_assert_int_ne(access(record, F_OK), 0);
		free(old);
		free(now);
		if (!ret)
			break;
	}
	ck_assert_uint_ge(n, 4);
}
END_TEST

START_TEST(a_damaged_record_is_refused)
{
	struct dw_undo_record r = { .old_size = 100 }, back;
	FILE *f;

	ck_assert_int_eq(dw_undo_write(&r, record, &err), 0);
	ck_assert_int_eq(dw_undo_write(&r, record, &err), DW_EXISTS);
	ck_assert_int_eq(dw_undo_read(record, &back, &err), 0);
	ck_assert_uint_eq(back.old_size, 100);
	dw_undo_record_free(&back);
	f = fopen(record, "r+");
	fseek(f, 10, SEEK_SET);
	fputc(9, f);
	fclose(f);
	ck_assert_int_eq(dw_undo_read(record, &back, &err), DW_CORRUPT);
	unlink(record);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("inplace");
	int failed;

	if (!mkdtemp(folder) || dw_ctx_new(&ctx, &err))
		return 1;
	sprintf(image, "%s/image", folder);
	sprintf(record, "%s/undo", folder);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, the_changes_are_made);
	tcase_add_test(tc, death_at_every_step_can_be_undone);
	tcase_add_test(tc, a_damaged_record_is_refused);
	failed = dw_test_run("inplace", tc);
	unlink(image);
	rmdir(folder);
	dw_ctx_free(ctx);
	return failed;
}
