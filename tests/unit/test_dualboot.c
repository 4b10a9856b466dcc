/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dualboot on a small guest: what comes of it, and each of its failures. */
#include <check.h>
#include <unistd.h>

#include "lib/faulty.h"
#include "lib/fsimg.h"
#include "lib/guestimg.h"
#include "lib/run.h"

static struct dw_err err;
static struct dw_ctx *ctx;
static struct faulty job;

static void make_guest(void)
{
	faulty_init(&job, ctx, guestimg_make("guest.img", ""));
}

static int convert(const void *arg, struct dw_dev *source,
		   struct dw_output *output, struct dw_err *e)
{
	struct dw_dualboot_report *report = NULL;
	struct dw_dualboot_plan *plan;
	int ret;

	ret = dw_dualboot_plan(ctx, source, arg, &plan, e);
	if (!ret)
		ret = dw_dualboot_run(plan, output, &report, e);
	if (!ret)
		ck_assert(report->kvm.boots && report->pygrub.boots);
	dw_dualboot_report_free(report);
	dw_dualboot_plan_free(plan);
	return ret;
}

/* ---- tests ------------------------------------------------------------------ */

static const struct dw_dualboot_options as_raw = {
	.size = sizeof(as_raw), .format = "raw",
};
static const struct dw_dualboot_options as_qcow2 = {
	.size = sizeof(as_qcow2), .format = "qcow2",
};
static const struct dw_dualboot_options as_bare = {
	.size = sizeof(as_bare), .format = "raw",
	.layout = DW_LAYOUT_UNPARTITIONED,
};

static void converts(const struct dw_dualboot_options *options,
		     const char *where)
{
	struct dw_check_report *report;
	struct dw_dev *dev;

	faulty_run_well(&job, options);
	ck_assert_int_eq(dw_open(ctx, job.target, NULL, 0, &dev, &err), 0);
	ck_assert_int_eq(dw_check(ctx, dev, &report, &err), 0);
	ck_assert(report->kvm.boots && report->pygrub.boots);
	ck_assert(report->loader_ours && !report->loader_stale);
	ck_assert_str_eq(report->where, where);
	dw_check_report_free(report);
	dw_dev_close(dev, NULL);
	unlink(job.target);
}

START_TEST(a_small_guest_is_converted)
{
	converts(&as_raw, "p1");
	converts(&as_qcow2, "p1");
	converts(&as_bare, "");
}
END_TEST

START_TEST(every_failing_read_is_an_error)
{
	faulty_run_each(&job, &as_raw, &job.source.fail_read_at,
			&job.source.reads_nr, 20);
	faulty_run_each(&job, &as_qcow2, &job.output.fail_read_at,
			&job.output.reads_nr, 5);
}
END_TEST

START_TEST(every_failing_write_is_an_error)
{
	faulty_run_each(&job, &as_raw, &job.output.fail_write_at,
			&job.output.writes_nr, 4);
	faulty_run_each(&job, &as_qcow2, &job.output.fail_write_at,
			&job.output.writes_nr, 4);
}
END_TEST

START_TEST(a_failing_flush_or_rename_is_an_error)
{
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

int main(void)
{
	TCase *tc = tcase_create("dualboot");
	int failed;

	fsimg_require_tools();
	if (dw_ctx_new(&ctx, &err))
		return 1;
	job.job = convert;
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
