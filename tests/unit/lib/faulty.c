/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a job on a source and an output that fail at a given call. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faulty.h"
#include "fsimg.h"

void faulty_init(struct faulty *f, struct dw_ctx *ctx, const char *image)
{
	f->ctx = ctx;
	snprintf(f->image, sizeof(f->image), "%s", image);
	snprintf(f->folder, sizeof(f->folder), "%s", fsimg_path("out"));
	snprintf(f->target, sizeof(f->target), "%s/target", f->folder);
	ck_assert_int_eq(mkdir(f->folder, 0755), 0);
}

unsigned faulty_files_nr(const struct faulty *f)
{
	DIR *dir = opendir(f->folder);
	struct dirent *entry;
	unsigned nr = 0;

	while ((entry = readdir(dir)))
		nr += entry->d_name[0] != '.' || entry->d_name[1] > '.';
	closedir(dir);
	return nr;
}

int faulty_run(struct faulty *f, const void *arg)
{
	struct dw_dev *file, *source;
	struct dw_output *plain, *output;
	struct dw_err *err = &f->err;
	int ret;

	f->arg = arg;
	ck_assert_int_eq(dw_file_open(f->ctx, f->image, 0, &file, err), 0);
	ck_assert_int_eq(dw_fault_new(file, &f->source, &source, err), 0);
	ck_assert_int_eq(dw_output_open(f->ctx, f->target, 0, &plain, err), 0);
	ck_assert_int_eq(dw_output_faulty_take(plain, &f->output, &output,
					       err), 0);
	memset(err, 0, sizeof(*err));
	ret = f->job(arg, source, output, err);
	dw_output_close(output);
	dw_dev_close(source, NULL);
	dw_dev_close(file, NULL);
	return ret;
}

static void reset(struct faulty *f)
{
	memset(&f->source, 0, sizeof(f->source));
	memset(&f->output, 0, sizeof(f->output));
}

void faulty_run_well(struct faulty *f, const void *arg)
{
	int ret;

	reset(f);
	ret = faulty_run(f, arg);
	ck_assert_msg(!ret, "%s", f->err.text);
	ck_assert_uint_eq(faulty_files_nr(f), 1);
}

void faulty_run_each(struct faulty *f, const void *arg, uint64_t *fail_at,
		     atomic_ullong *calls_nr, uint64_t least_nr)
{
	uint64_t n, failed_nr = 0;
	int ret;

	for (n = 1; ; n++) {
		reset(f);
		*fail_at = n;
		ret = faulty_run(f, arg);
		if (ret) {
			failed_nr++;
			ck_assert(f->err.code == ret && f->err.text[0]);
			ck_assert(!strchr(f->err.text, '\n'));
			ck_assert_msg(!faulty_files_nr(f), "%s", f->err.text);
		} else if (f->look) {
			f->look(f);
		}
		unlink(f->target);
		if (*calls_nr < n)
			break;
	}
	ck_assert_uint_ge(failed_nr, least_nr);
}

void faulty_cancelled(struct faulty *f, const void *arg)
{
	reset(f);
	dw_ctx_cancel(f->ctx);
	ck_assert_int_eq(faulty_run(f, arg), DW_CANCELLED);
	ck_assert_uint_eq(faulty_files_nr(f), 0);
}
