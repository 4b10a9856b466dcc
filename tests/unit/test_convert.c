/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* convert on a small disk: what comes of it, and each of its failures. */
#include <check.h>

#include "lib/faulty.h"
#include "lib/fsimg.h"
#include "lib/run.h"
#include "part/part.h"

#define MIB (1u << 20)

static struct dw_err err;
static struct dw_ctx *ctx;
static struct faulty job;

/* An MBR, a filesystem whose journal holds a block, and swap space. */
static void make_disk(void)
{
	struct dw_mbr mbr = {
		.entries = { { .type = 0x83, .start_lba = 2048,
			       .len_lba = 8 * 2048 },
			     { .type = 0x82, .start_lba = 9 * 2048,
			       .len_lba = 2048 } },
	};
	uint8_t sector[DW_SECTOR];
	struct dw_dev *dev;

	faulty_init(&job, ctx, fsimg_path("disk.img"));
	fsimg_make("fs", "8M", "-t ext4 -b 1024 -J size=1");
	ck_assert(!fsimg_run(NULL, "cd %s/.. && head -c 500K /dev/urandom > f "
			     "&& head -c 1K f > g && printf '%%s\\n' "
			     "'write f f' 'write f gone' 'rm gone' | "
			     "debugfs -w -f - fs && debugfs -R 'bmap f 3' fs > "
			     "blk && printf '%%s\\n' jo \"jw -b $(cat blk) g\" "
			     "jc | debugfs -w -f - fs && "
			     "dumpe2fs -h fs | grep needs_recovery",
			     job.folder));
	ck_assert(!fsimg_run(NULL, "cd %s/.. && truncate -s 10M %s && "
			     "dd if=fs of=%s bs=1M seek=1 conv=notrunc && "
			     "truncate -s 1M swap && mkswap swap && "
			     "dd if=swap of=%s bs=1M seek=9 conv=notrunc",
			     job.folder, job.image, job.image, job.image));
	dw_mbr_encode(&mbr, sector);
	ck_assert_int_eq(dw_file_open(ctx, job.image, DW_OPEN_RDWR, &dev, &err),
			 0);
	ck_assert_int_eq(dw_dev_pwrite(dev, 0, sector, sizeof(sector), &err),
			 0);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
}

static int convert(const void *arg, struct dw_dev *source,
		   struct dw_output *output, struct dw_err *e)
{
	struct dw_convert_report report;
	struct dw_convert_plan *plan;
	int ret;

	ret = dw_convert_plan(ctx, source, arg, &plan, e);
	if (!ret)
		ret = dw_convert_run(plan, output, &report, e);
	if (!ret)
		ck_assert_uint_eq(report.copied_len, plan->copy_len);
	dw_convert_plan_free(plan);
	return ret;
}

/* A job that succeeds all the same found another way, to the same bytes. */
static void same_bytes(struct faulty *f)
{
	const struct dw_convert_options *options = f->arg;

	ck_assert(!fsimg_run(NULL, "cmp %s %s/../%s.good", f->target,
			     f->folder, options->format));
}

/* ---- tests ------------------------------------------------------------------ */

static const struct dw_convert_options as_raw = {
	.size = sizeof(as_raw), .format = "raw",
};
static const struct dw_convert_options as_qcow2 = {
	.size = sizeof(as_qcow2), .format = "qcow2", .compress = "zlib",
	.cluster_len = 4096,
};

/* The copy that no failure disturbed. */
static void make_reference(const struct dw_convert_options *options)
{
	faulty_run_well(&job, options);
	ck_assert(!fsimg_run(NULL, "mv %s %s/../%s.good", job.target,
			     job.folder, options->format));
}

START_TEST(a_disk_is_converted)
{
	const char *out;

	make_reference(&as_raw);
	make_reference(&as_qcow2);
	ck_assert(!fsimg_run(NULL, "cd %s/.. && dd if=raw.good of=part bs=1M "
			     "skip=1 count=8", job.folder));
	fsimg_check(fsimg_path("part"));
	/* What was in the journal is at home. */
	ck_assert(!fsimg_run(&out, "cd %s/.. && dd if=part of=block bs=1K "
			     "skip=$(cat blk) count=1 && cmp block g",
			     job.folder));
}
END_TEST

START_TEST(the_plan_names_the_areas)
{
	static const char *const want[][2] = {
		{ "table", "mbr" }, { "p1", "ext4" }, { "p2", "swap" },
	};
	struct dw_convert_plan *plan;
	struct dw_dev *dev;
	size_t i;

	ck_assert_int_eq(dw_file_open(ctx, job.image, 0, &dev, &err), 0);
	ck_assert_int_eq(dw_convert_plan(ctx, dev, &as_raw, &plan, &err), 0);
	ck_assert_uint_eq(plan->areas_nr, 3);
	for (i = 0; i < 3; i++) {
		ck_assert_str_eq(plan->areas[i].name, want[i][0]);
		ck_assert_str_eq(plan->areas[i].type, want[i][1]);
		ck_assert_ptr_null(plan->areas[i].note);
	}
	ck_assert_uint_eq(plan->areas[1].recovery.replayed_blk_nr, 1);
	ck_assert_uint_eq(plan->areas[2].wanted_len, 4096);
	dw_convert_plan_free(plan);
	dw_dev_close(dev, NULL);
}
END_TEST

START_TEST(every_failing_read_is_an_error)
{
	make_reference(&as_raw);
	make_reference(&as_qcow2);
	faulty_run_each(&job, &as_raw, &job.source.fail_read_at,
			&job.source.reads_nr, 20);
	faulty_run_each(&job, &as_qcow2, &job.output.fail_read_at,
			&job.output.reads_nr, 3);
}
END_TEST

START_TEST(every_failing_write_is_an_error)
{
	make_reference(&as_raw);
	make_reference(&as_qcow2);
	faulty_run_each(&job, &as_raw, &job.output.fail_write_at,
			&job.output.writes_nr, 3);
	faulty_run_each(&job, &as_qcow2, &job.output.fail_write_at,
			&job.output.writes_nr, 4);
}
END_TEST

START_TEST(a_failing_flush_or_rename_is_an_error)
{
	make_reference(&as_raw);
	faulty_run_each(&job, &as_raw, &job.output.fail_flush_at,
			&job.output.flushes_nr, 1);
	faulty_run_each(&job, &as_raw, &job.output.fail_commit_at,
			&job.output.commits_nr, 1);
}
END_TEST

START_TEST(a_cancelled_job_leaves_nothing)
{
	faulty_cancelled(&job, &as_raw);
}
END_TEST

START_TEST(options_of_another_size_are_refused)
{
	struct dw_convert_options options = as_raw;
	struct dw_convert_plan *plan;
	struct dw_dev *dev;

	ck_assert_int_eq(dw_mem_new("disk", MIB, &dev, &err), 0);
	options.size--;
	ck_assert_int_eq(dw_convert_plan(ctx, dev, &options, &plan, &err),
			 DW_USAGE);
	ck_assert_ptr_null(plan);
	dw_dev_close(dev, NULL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("convert");
	int failed;

	fsimg_require_tools();
	if (dw_ctx_new(&ctx, &err))
		return 1;
	job.job = convert;
	job.look = same_bytes;
	tcase_add_unchecked_fixture(tc, make_disk, NULL);
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, a_disk_is_converted);
	tcase_add_test(tc, the_plan_names_the_areas);
	tcase_add_test(tc, every_failing_read_is_an_error);
	tcase_add_test(tc, every_failing_write_is_an_error);
	tcase_add_test(tc, a_failing_flush_or_rename_is_an_error);
	tcase_add_test(tc, a_cancelled_job_leaves_nothing);
	tcase_add_test(tc, options_of_another_size_are_refused);
	failed = dw_test_run("convert", tc);
	dw_ctx_free(ctx);
	return failed;
}
