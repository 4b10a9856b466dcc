/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* extract: names of files that nobody need fear, and all outputs or none. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job/extract.h"
#include "lib/faulty.h"
#include "lib/fsimg.h"
#include "lib/run.h"
#include "part/part.h"

static struct dw_err err;
static struct dw_ctx *ctx;
static struct faulty job;
static char second[500];

/* ---- names ------------------------------------------------------------------ */

static const struct {
	const char *layer, *brief, *full;	/* NULL: refused */
} names[] = {
	{ "p1", "p1.raw", "p1.raw" },
	{ "vg0/root", "root.raw", "vg0-root.raw" },
	{ "p2@vg0/root", "root.raw", "p2-vg0-root.raw" },
	{ "vg0/vm@p1", "p1.raw", "vg0-vm-p1.raw" },
	{ "a-b/c", "c.raw", "a--b-c.raw" },
	{ "a/b-c", "b-c.raw", "a-b--c.raw" },
	{ "v.g/l+v_0", "l+v_0.raw", "v.g-l+v_0.raw" },
	{ "vg0/.hidden", NULL, NULL }, { "vg0/..", NULL, NULL },
	{ ".vg/root", NULL, NULL }, { "vg0/-rf", NULL, NULL },
	{ "vg0/", NULL, NULL }, { "/root", NULL, NULL }, { "", NULL, NULL },
	{ "vg0/a\nb", NULL, NULL }, { "vg0/a b", NULL, NULL },
	{ "vg0/\303\244", NULL, NULL }, { "vg0/a\\b", NULL, NULL },
	{ "vg0/a:b", NULL, NULL }, { "p2@", NULL, NULL },
};

START_TEST(files_have_harmless_names)
{
	int want = names[_i].brief ? 0 : DW_UNSUPPORTED;
	char *name;

	ck_assert_int_eq(dw_extract_file_name(names[_i].layer, false, ".raw",
					      &name, &err), want);
	ck_assert_pstr_eq(name, names[_i].brief);
	free(name);
	ck_assert_int_eq(dw_extract_file_name(names[_i].layer, true, ".raw",
					      &name, &err), want);
	ck_assert_pstr_eq(name, names[_i].full);
	free(name);
}
END_TEST

START_TEST(a_name_fits_the_host)
{
	char layer[300], *name;

	memset(layer, 'x', 251);
	strcpy(layer + 251, "");
	ck_assert_int_eq(dw_extract_file_name(layer, false, ".raw", &name,
					      &err), 0);
	ck_assert_uint_eq(strlen(name), 255);
	free(name);
	strcpy(layer + 251, "x");
	ck_assert_int_eq(dw_extract_file_name(layer, false, ".raw", &name,
					      &err), DW_UNSUPPORTED);
	ck_assert_ptr_null(name);
	ck_assert_ptr_nonnull(strstr(err.text, "256 characters"));
}
END_TEST

/* ---- runs ------------------------------------------------------------------- */

/* An MBR, a filesystem and swap space. */
static void make_disk(void)
{
	struct dw_mbr mbr = {
		.entries = { { .type = 0x83, .start_lba = 2048,
			       .len_lba = 4 * 2048 },
			     { .type = 0x82, .start_lba = 5 * 2048,
			       .len_lba = 2048 } },
	};
	uint8_t sector[DW_SECTOR];
	struct dw_dev *dev;

	faulty_init(&job, ctx, fsimg_path("disk.img"));
	snprintf(second, sizeof(second), "%s/second", job.folder);
	fsimg_make("fs", "4M", "-t ext4 -b 1024 -O ^has_journal");
	ck_assert(!fsimg_run(NULL, "cd %s/.. && truncate -s 6M %s && "
			     "dd if=fs of=%s bs=1M seek=1 conv=notrunc && "
			     "truncate -s 1M swap && mkswap swap && "
			     "dd if=swap of=%s bs=1M seek=5 conv=notrunc",
			     job.folder, job.image, job.image, job.image));
	dw_mbr_encode(&mbr, sector);
	ck_assert_int_eq(dw_file_open(ctx, job.image, DW_OPEN_RDWR, &dev, &err),
			 0);
	ck_assert_int_eq(dw_dev_pwrite(dev, 0, sector, sizeof(sector), &err),
			 0);
	ck_assert_int_eq(dw_dev_close(dev, &err), 0);
}

static const struct dw_extract_options all = {
	.size = sizeof(all), .image = { .size = sizeof(all.image) },
};
static const struct dw_extract_options part = {
	.size = sizeof(part), .image = { .size = sizeof(part.image) },
	.partial = true,
};

static bool same_as(const char *path, const char *name)
{
	return !fsimg_run(NULL, "cd %s/.. && cmp %s %s", job.folder, path,
			  name);
}

/* Each item is there, whole, or has its problem and is not. */
static void look_at(const struct dw_extract_report *report)
{
	const char *const paths[] = { job.target, second };
	const char *const want[] = { "first.good", "second.good" };
	size_t i;

	ck_assert_uint_eq(report->items_nr, 2);
	for (i = 0; i < 2; i++) {
		if (report->items[i].problem)
			ck_assert_int_ne(access(paths[i], F_OK), 0);
		else if (!access(fsimg_path(want[i]), F_OK))
			ck_assert(same_as(paths[i], want[i]));
	}
}

/* The second output fails as the first does; its file is looked at here. */
static int run_plan(struct dw_extract_plan *plan, struct dw_output *output,
		    struct dw_err *e)
{
	struct dw_extract_report *report = NULL;
	struct dw_output *outputs[2] = { output }, *plain;
	int ret;

	ck_assert_uint_eq(plan->items_nr, 2);
	ck_assert_int_eq(dw_output_open(ctx, second, 0, &plain, e), 0);
	ck_assert_int_eq(dw_output_faulty_take(plain, &job.output, &outputs[1],
					       e), 0);
	ret = dw_extract_run(plan, outputs, &report, e);
	dw_output_close(outputs[1]);
	if (!ret) {
		look_at(report);
		if (access(fsimg_path("second.good"), F_OK))
			ck_assert_int_eq(rename(second,
						fsimg_path("second.good")), 0);
		unlink(second);
	}
	dw_extract_report_free(report);
	return ret;
}

static int extract(const void *arg, struct dw_dev *source,
		   struct dw_output *output, struct dw_err *e)
{
	struct dw_extract_plan *plan;
	int ret = dw_extract_plan(ctx, source, arg, &plan, e);

	if (!ret)
		ret = run_plan(plan, output, e);
	else if (plan)
		ck_assert_uint_gt(plan->problems_nr, 0);
	dw_extract_plan_free(plan);
	return ret;
}

static void make_reference(void)
{
	faulty_run_well(&job, &all);
	ck_assert_int_eq(rename(job.target, fsimg_path("first.good")), 0);
}

START_TEST(partitions_are_extracted)
{
	make_reference();
	fsimg_check(fsimg_path("first.good"));
	ck_assert(!fsimg_run(NULL, "cd %s/.. && cmp -n 4096 swap second.good",
			     job.folder));
}
END_TEST

START_TEST(a_failure_leaves_neither)
{
	make_reference();
	faulty_run_each(&job, &all, &job.source.fail_read_at,
			&job.source.reads_nr, 10);
	faulty_run_each(&job, &all, &job.output.fail_read_at,
			&job.output.reads_nr, 2);
	faulty_run_each(&job, &all, &job.output.fail_write_at,
			&job.output.writes_nr, 4);
	faulty_run_each(&job, &all, &job.output.fail_flush_at,
			&job.output.flushes_nr, 2);
	/* The first one has its name when the second fails. */
	faulty_run_each(&job, &all, &job.output.fail_commit_at,
			&job.output.commits_nr, 2);
}
END_TEST

START_TEST(a_part_is_whole_items)
{
	make_reference();
	faulty_run_each(&job, &part, &job.source.fail_read_at,
			&job.source.reads_nr, 1);
	/* A target that fails is no item's fault: twice each. */
	faulty_run_each(&job, &part, &job.output.fail_flush_at,
			&job.output.flushes_nr, 4);
}
END_TEST

static int onto_a_device(const void *arg, struct dw_dev *source,
			 struct dw_output *output, struct dw_err *e)
{
	output->is_block = true;
	return extract(arg, source, output, e);
}

/* It cannot be taken away again. */
START_TEST(block_devices_are_refused)
{
	job.job = onto_a_device;
	memset(&job.output, 0, sizeof(job.output));
	ck_assert_int_eq(faulty_run(&job, &all), DW_USAGE);
	ck_assert_uint_eq(job.output.writes_nr, 0);
	ck_assert_uint_eq(faulty_files_nr(&job), 0);
}
END_TEST

START_TEST(a_cancelled_job_leaves_nothing)
{
	faulty_cancelled(&job, &part);
}
END_TEST

START_TEST(options_of_another_size_are_refused)
{
	struct dw_extract_options options = all;
	struct dw_extract_plan *plan;
	struct dw_dev *dev;

	ck_assert_int_eq(dw_mem_new("disk", 1 << 20, &dev, &err), 0);
	options.image.size--;
	ck_assert_int_eq(dw_extract_plan(ctx, dev, &options, &plan, &err),
			 DW_USAGE);
	ck_assert_ptr_null(plan);
	dw_dev_close(dev, NULL);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("extract");
	int failed;

	fsimg_require_tools();
	if (dw_ctx_new(&ctx, &err))
		return 1;
	job.job = extract;
	tcase_add_unchecked_fixture(tc, make_disk, NULL);
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, files_have_harmless_names, 0,
			    sizeof(names) / sizeof(names[0]));
	tcase_add_test(tc, a_name_fits_the_host);
	tcase_add_test(tc, partitions_are_extracted);
	tcase_add_test(tc, a_failure_leaves_neither);
	tcase_add_test(tc, a_part_is_whole_items);
	tcase_add_test(tc, block_devices_are_refused);
	tcase_add_test(tc, a_cancelled_job_leaves_nothing);
	tcase_add_test(tc, options_of_another_size_are_refused);
	failed = dw_test_run("extract", tc);
	dw_ctx_free(ctx);
	return failed;
}
