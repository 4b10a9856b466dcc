/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dualboot on a small guest: what comes of it, and each of its failures. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/output.h"
#include "lib/fsimg.h"
#include "lib/guestimg.h"
#include "lib/run.h"

static struct dw_err err;
static struct dw_ctx *ctx;
static char image[300], folder[300], target[400];

static void make_guest(void)
{
	snprintf(image, sizeof(image), "%s", guestimg_make("guest.img", ""));
	snprintf(folder, sizeof(folder), "%s", fsimg_path("out"));
	snprintf(target, sizeof(target), "%s/target", folder);
	mkdir(folder, 0755);
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
	const char *format;
	enum dw_layout layout;
	struct dw_fault *source_fault, *output_fault;
};

static int convert(const struct run *run, struct dw_dev *source,
		   struct dw_output *output)
{
	struct dw_dualboot_options options = {
		.size = sizeof(options), .layout = run->layout,
		.format = run->format,
	};
	struct dw_dualboot_report *report = NULL;
	struct dw_dualboot_plan *plan;
	int ret;

	ret = dw_dualboot_plan(ctx, source, &options, &plan, &err);
	if (!ret)
		ret = dw_dualboot_run(plan, output, &report, &err);
	if (!ret)
		ck_assert(report->kvm.boots && report->pygrub.boots);
	dw_dualboot_report_free(report);
	dw_dualboot_plan_free(plan);
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

static void converts(const char *format, enum dw_layout layout)
{
	struct dw_fault none = { 0 };
	struct run run = { format, layout, &none, &none };
	struct dw_check_report *report;
	struct dw_dev *dev;
	int ret = run_once(&run);

	ck_assert_msg(!ret, "%s", err.text);
	ck_assert_int_eq(dw_open(ctx, target, NULL, 0, &dev, &err), 0);
	ck_assert_int_eq(dw_check(ctx, dev, &report, &err), 0);
	ck_assert(report->kvm.boots && report->pygrub.boots);
	ck_assert(report->loader_ours && !report->loader_stale);
	ck_assert_str_eq(report->where,
			 layout == DW_LAYOUT_PARTITIONED ? "p1" : "");
	dw_check_report_free(report);
	dw_dev_close(dev, NULL);
	ck_assert_uint_eq(files_in_folder(), 1);
	unlink(target);
}

START_TEST(a_small_guest_is_converted)
{
	converts("raw", DW_LAYOUT_PARTITIONED);
	converts("qcow2", DW_LAYOUT_PARTITIONED);
	converts("raw", DW_LAYOUT_UNPARTITIONED);
}
END_TEST

/* The N-th call of one kind fails, for every N that the job reaches.  A job
 * that succeeds all the same had another way to go. */
static void fails_cleanly(const char *format, uint64_t least_nr,
			  uint64_t *fail_at, atomic_ullong *calls_nr, struct dw_fault *source,
			  struct dw_fault *output)
{
	struct run run = { format, DW_LAYOUT_PARTITIONED, source, output };
	uint64_t n, failed_nr = 0;
	int ret;

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

	fails_cleanly("raw", 20, &source.fail_read_at, &source.reads_nr, &source,
		      &output);
	fails_cleanly("qcow2", 5, &output.fail_read_at, &output.reads_nr, &source,
		      &output);
}
END_TEST

START_TEST(every_failing_write_is_an_error)
{
	struct dw_fault source, output;

	fails_cleanly("raw", 4, &output.fail_write_at, &output.writes_nr,
		      &source, &output);
	fails_cleanly("qcow2", 4, &output.fail_write_at, &output.writes_nr,
		      &source, &output);
}
END_TEST

START_TEST(a_failing_flush_or_rename_is_an_error)
{
	struct dw_fault source, output;

	fails_cleanly("raw", 1, &output.fail_flush_at, &output.flushes_nr,
		      &source, &output);
	fails_cleanly("raw", 1, &output.fail_commit_at, &output.commits_nr,
		      &source, &output);
}
END_TEST

START_TEST(a_cancelled_job_leaves_nothing)
{
	struct dw_fault none = { 0 };
	struct run run = { "raw", DW_LAYOUT_PARTITIONED, &none, &none };

	dw_ctx_cancel(ctx);
	ck_assert_int_eq(run_once(&run), DW_CANCELLED);
	ck_assert_uint_eq(files_in_folder(), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("dualboot");
	int failed;

	fsimg_require_tools();
	if (dw_ctx_new(&ctx, &err))
		return 1;
	tcase_add_unchecked_fixture(tc, make_guest, NULL);
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, a_small_guest_is_converted);
	tcase_add_test(tc, every_failing_read_is_an_error);
	tcase_add_test(tc, every_failing_write_is_an_error);
	tcase_add_test(tc, a_failing_flush_or_rename_is_an_error);
	tcase_add_test(tc, a_cancelled_job_leaves_nothing);
	failed = dw_test_run("dualboot", tc);
	dw_ctx_free(ctx);
	return failed;
}
