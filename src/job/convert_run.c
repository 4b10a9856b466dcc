/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* convert, carrying out. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "job/convert.h"

/* What is compared of each area: a table, a superblock, a header. */
#define SAMPLE_LEN 4096u
/* Some formats count a disk in sectors. */
#define SECTOR 512u

static int write_image(struct dw_convert_plan *plan, struct dw_output *output,
		       struct dw_convert_report *report, struct dw_err *err)
{
	struct dw_convert_state *s = plan->state;
	struct dw_copy copy = {
		.disk = s->wanted.view,
		.runs = s->wanted.runs,
		.runs_nr = s->wanted.runs_nr,
	};
	int ret;

	ret = dw_target_write(s->ctx, &s->target, output, plan->disk_size,
			      &copy, err);
	report->copied_len = copy.read_len;
	report->written_len = copy.written_len;
	return ret;
}

/* ---- verification -------------------------------------------------------- */

static int compare_at(struct dw_dev *view, struct dw_dev *written,
		      uint64_t off, size_t len, struct dw_err *err)
{
	uint8_t want[SAMPLE_LEN], have[SAMPLE_LEN];
	int ret;

	ret = dw_dev_pread(view, off, want, len, err);
	if (!ret)
		ret = dw_dev_pread(written, off, have, len, err);
	if (!ret && memcmp(want, have, len))
		ret = dw_fail(err, DW_IO, "%s: reads back other bytes at %"
			      PRIu64 " than were written", written->name, off);
	return ret;
}

/* The first wanted bytes of each area; both lists ascend. */
static int compare_areas(const struct dw_wanted *w, struct dw_dev *written,
			 struct dw_err *err)
{
	const struct dw_used_run *run = w->runs, *end = run + w->runs_nr;
	uint64_t off, area_end;
	size_t i;
	int ret = 0;

	for (i = 0; i < w->areas_nr && !ret; i++) {
		area_end = w->areas[i].off + w->areas[i].len;
		while (run < end && run->off + run->len <= w->areas[i].off)
			run++;
		if (run == end)
			break;
		off = dw_max(run->off, w->areas[i].off);
		if (off < area_end)
			ret = compare_at(w->view, written, off,
					 dw_min(dw_min(run->off + run->len,
						       area_end) - off,
						SAMPLE_LEN), err);
	}
	return ret;
}

int dw_convert_verify(struct dw_convert_plan *plan, struct dw_dev *file,
		      struct dw_err *err)
{
	struct dw_convert_state *s = plan->state;
	struct dw_dev *written;
	int ret;

	/* That would take as long as the job; its members have checksums. */
	if (s->target.format->in_sequence)
		return s->target.format->probe(file, err);
	ret = dw_format_open(s->ctx, file, s->target.format->name, NULL, &written,
			     err);
	/* A block device may be larger than the disk that is put on it. */
	if (!ret && (written->size < plan->disk_size ||
		     (written->size > dw_round_up(plan->disk_size, SECTOR) &&
		      written != file)))
		ret = dw_fail(err, DW_IO, "%s: reads back as a disk of %" PRIu64
			      " bytes instead of %" PRIu64, file->name,
			      written->size, plan->disk_size);
	/* A source that is being changed no longer is what was copied. */
	if (!ret && !s->allow_changed)
		ret = compare_areas(&s->wanted, written, err);
	dw_dev_close(written, NULL);
	return ret ? dw_err_prefix(err, ret, "verification") : 0;
}

static int check_source(const struct dw_convert_plan *plan, struct dw_err *err)
{
	if (plan->state->allow_changed)
		return 0;
	return dw_wanted_check_unchanged(&plan->state->wanted, err);
}

int dw_convert_make(struct dw_convert_plan *plan, struct dw_output *output,
		    struct dw_convert_report *report, struct dw_err *err)
{
	int ret;

	memset(report, 0, sizeof(*report));
	ret = write_image(plan, output, report, err);
	if (!ret)
		ret = check_source(plan, err);
	if (!ret && !output->is_pipe)
		ret = dw_convert_verify(plan, output->dev, err);
	report->file_len = output->is_pipe ? 0 : output->dev->size;
	return ret ? ret : dw_ctx_check(plan->state->ctx, err);
}

int dw_convert_run(struct dw_convert_plan *plan, struct dw_output *output,
		   struct dw_convert_report *report, struct dw_err *err)
{
	int ret = dw_convert_make(plan, output, report, err);

	return ret ? ret : dw_output_commit(output, err);
}
