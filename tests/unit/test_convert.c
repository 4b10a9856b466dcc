/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* convert on a small disk: what comes of it, and each of its failures. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/output.h"
#include "lib/fsimg.h"
#include "lib/run.h"
#include "part/part.h"

#define MIB (1u << 20)

static struct dw_err err;
static struct dw_ctx *ctx;
static char image[300], folder[300], target[400];

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

	snprintf(folder, sizeof(folder), "%s", fsimg_path("out"));
	snprintf(target, sizeof(target), "%s/target", folder);
	snprintf(image, sizeof(image), "%s", fsimg_path("disk.img"));
	mkdir(folder, 0755);
	fsimg_make("fs", "8M", "-t ext4 -b 1024 -J size=1");
	ck_assert(!fsimg_run(NULL, "cd %s/.. && head -c 500K /dev/urandom > f "
			     "&& head -c 1K f > g && printf '%%s\\n' "
			     "'write f f' 'write f gone' 'rm gone' | "
			     "debugfs -w -f - fs && debugfs -R 'bmap f 3' fs > "
			     "blk && printf '%%s\\n' jo \"jw -b $(cat blk) g\" "
			     "jc | debugfs -w -f - fs && "
			     "dumpe2fs -h fs | grep needs_recovery", folder));
	ck_assert(!fsimg_run(NULL, "cd %s/.. && truncate -s 10M %s && "
			     "dd if=fs of=%s bs=1M seek=1 conv=notrunc && "
			     "truncate -s 1M swap && mkswap swap && "
			     "dd if=swap of=%s bs=1M seek=9 conv=notrunc",
			     folder, image, image, image));
	dw_mbr_encode(&mbr, sector);
	ck_assert_int_eq(dw_file_open(ctx, image, DW_OPEN_RDWR, &dev, &err), 0);
	ck_assert_int_eq(dw_dev_pwrite(dev, 0, sector, sizeof(sector), &err),
			 0);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
}

static unsigned files_in_folder(void)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned nr = 0;

	while ((entry = readdir(dir)))
		nr += entry->d_name[0] != '.' || entry->d_name[1] > '.';
	closedir(dir);
	return nr;
}

/* ---- one run --------------------------------------------------------------- */

struct run {
	struct dw_convert_options options;
	struct dw_fault *source_fault, *output_fault;
};

static int convert(const struct run *run, struct dw_dev *source,
		   struct dw_output *output)
{
	struct dw_convert_report report;
	struct dw_convert_plan *plan;
	int ret;

	ret = dw_convert_plan(ctx, source, &run->options, &plan, &err);
	if (!ret)
		ret = dw_convert_run(plan, output, &report, &err);
	if (!ret)
		ck_assert_uint_eq(report.copied_len, plan->copy_len);
	dw_convert_plan_free(plan);
	return ret;
}

static int run_once(const struct run *run)
{
	struct dw_dev *file, *source;
	struct dw_output *plain, *output;
	int ret;

	ck_assert_int_eq(dw_file_open(ctx, image, 0, &file, &err), 0);
	ck_assert_int_eq(dw_fault_new(file, run->source_fault, &source, &err),
			 0);
	ck_assert_int_eq(dw_output_open(ctx, target, 0, &plain, &err), 0);
	ck_assert_int_eq(dw_output_faulty_take(plain, run->output_fault,
					       &output, &err), 0);
	memset(&err, 0, sizeof(err));
	ret = convert(run, source, output);
	dw_output_close(output);
	dw_dev_close(source, NULL);
	dw_dev_close(file, NULL);
	return ret;
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
	struct dw_fault none = { 0 };
	struct run run = { *options, &none, &none };
	int ret = run_once(&run);

	ck_assert_msg(!ret, "%s", err.text);
	ck_assert_uint_eq(files_in_folder(), 1);
	ck_assert(!fsimg_run(NULL, "mv %s %s/../%s.good", target, folder,
			     options->format));
}

START_TEST(a_disk_is_converted)
{
	const char *out;

	make_reference(&as_raw);
	make_reference(&as_qcow2);
	ck_assert(!fsimg_run(NULL, "cd %s/.. && dd if=raw.good of=part bs=1M "
			     "skip=1 count=8", folder));
	fsimg_check(fsimg_path("part"));
	/* What was in the journal is at home. */
	ck_assert(!fsimg_run(&out, "cd %s/.. && dd if=part of=block bs=1K "
			     "skip=$(cat blk) count=1 && cmp block g",
			     folder));
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

	ck_assert_int_eq(dw_file_open(ctx, image, 0, &dev, &err), 0);
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

/*
 * The N-th call of one kind fails, for every N that the job reaches.  A job
 * that succeeds all the same found another way, to the same bytes.
 */
static void fails_cleanly(const struct dw_convert_options *options,
			  uint64_t least_nr, uint64_t *fail_at,
			  atomic_ullong *calls_nr, struct dw_fault *source,
			  struct dw_fault *output)
{
	struct run run = { *options, source, output };
	uint64_t n, failed_nr = 0;
	int ret;

	make_reference(options);
	for (n = 1; ; n++) {
		memset(source, 0, sizeof(*source));
		memset(output, 0, sizeof(*output));
		*fail_at = n;
		ret = run_once(&run);
		if (ret) {
			failed_nr++;
			ck_assert(err.code == ret && err.text[0]);
			ck_assert(!strchr(err.text, '\n'));
			ck_assert_msg(!files_in_folder(), "%s", err.text);
		} else {
			ck_assert(!fsimg_run(NULL, "cmp %s %s/../%s.good",
					     target, folder, options->format));
		}
		unlink(target);
		if (*calls_nr < n)
			break;
	}
	ck_assert_uint_ge(failed_nr, least_nr);
}

START_TEST(every_failing_read_is_an_error)
{
	struct dw_fault source, output;

	fails_cleanly(&as_raw, 20, &source.fail_read_at, &source.reads_nr,
		      &source, &output);
	fails_cleanly(&as_qcow2, 3, &output.fail_read_at, &output.reads_nr,
		      &source, &output);
}
END_TEST

START_TEST(every_failing_write_is_an_error)
{
	struct dw_fault source, output;

	fails_cleanly(&as_raw, 3, &output.fail_write_at, &output.writes_nr,
		      &source, &output);
	fails_cleanly(&as_qcow2, 4, &output.fail_write_at, &output.writes_nr,
		      &source, &output);
}
END_TEST

START_TEST(a_failing_flush_or_rename_is_an_error)
{
	struct dw_fault source, output;

	fails_cleanly(&as_raw, 1, &output.fail_flush_at, &output.flushes_nr,
		      &source, &output);
	fails_cleanly(&as_raw, 1, &output.fail_commit_at, &output.commits_nr,
		      &source, &output);
}
END_TEST

START_TEST(a_cancelled_job_leaves_nothing)
{
	struct dw_fault none = { 0 };
	struct run run = { as_raw, &none, &none };

	dw_ctx_cancel(ctx);
	ck_assert_int_eq(run_once(&run), DW_CANCELLED);
	ck_assert_uint_eq(files_in_folder(), 0);
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
