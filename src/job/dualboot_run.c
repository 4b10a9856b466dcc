/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dualboot, carrying out: into another image, or where the source lies. */
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"
#include "dev/output.h"
#include "job/copy.h"
#include "job/dualboot.h"
#include "job/inplace.h"

#define SUPERBLOCK_OFF 1024

int dw_dualboot_check_source(struct dw_dualboot_plan *plan,
			     struct dw_err *err)
{
	struct dw_dualboot_state *s = plan->state;
	uint8_t now[sizeof(s->superblock)];
	int ret;

	if (s->allow_changed && !s->in_place)
		return 0;
	ret = dw_dev_check_unchanged(s->source, err);
	if (!ret)
		ret = dw_dev_pread(s->source,
				   s->sys.root.start_off + SUPERBLOCK_OFF, now,
				   sizeof(now), err);
	if (!ret && memcmp(now, s->superblock, sizeof(now)))
		ret = dw_fail(err, DW_BUSY, "%s: its filesystem was changed "
			      "while it was read", s->source->name);
	if (!ret && s->disk.others.disk)
		ret = dw_wanted_check_unchanged(&s->disk.others, err);
	return ret;
}

static int check_runnable(const struct dw_dualboot_plan *plan,
			  struct dw_err *err)
{
	if ((plan->kvm.boots && plan->pygrub.boots) ||
	    plan->state->allow_unbootable)
		return 0;
	return dw_fail(err, DW_NOBOOT, "%s: this plan gives no bootable image",
		       plan->state->source->name);
}

/* ---- verification ------------------------------------------------------------- */

static int compare(const char *side, const struct dw_boot_verdict *planned,
		   const struct dw_boot_verdict *written, struct dw_err *err)
{
	if (planned->boots == written->boots)
		return 0;
	return dw_fail(err, DW_NOBOOT,
		       "the written image would not boot under %s: %s", side,
		       written->reason ? written->reason : "plan differs");
}

int dw_dualboot_verify(struct dw_dualboot_plan *plan, struct dw_dev *written,
		       struct dw_dualboot_report *report, struct dw_err *err)
{
	struct dw_system sys;
	int ret;

	ret = dw_system_open(plan->state->ctx, written, 0, &sys, err);
	if (!ret) {
		dw_system_share_checks(&plan->state->sys.source, &sys.source);
		ret = dw_verdict_kvm(&sys.source, &report->kvm, err);
	}
	if (!ret)
		ret = dw_verdict_pygrub(&sys.source, &report->pygrub, err);
	if (!ret)
		ret = compare("KVM", &plan->kvm, &report->kvm, err);
	if (!ret)
		ret = compare("PyGrub", &plan->pygrub, &report->pygrub, err);
	dw_system_close(&sys);
	return ret ? dw_err_prefix(err, ret, "verification") : 0;
}

/* ---- into another image --------------------------------------------------------- */

static int write_image(struct dw_dualboot_plan *plan, struct dw_output *output,
		       struct dw_dualboot_report *report, struct dw_err *err)
{
	struct dw_dualboot_state *s = plan->state;
	struct dw_copy copy = {
		.disk = s->disk.whole, .runs = s->runs, .runs_nr = s->runs_nr,
	};
	int ret;

	ret = dw_target_write(s->ctx, &s->target, output, plan->disk_size,
			      &copy, err);
	report->copied_len = copy.read_len;
	report->written_len = copy.written_len;
	return ret;
}

static int verify_image(struct dw_dualboot_plan *plan, struct dw_dev *file,
			struct dw_dualboot_report *report, struct dw_err *err)
{
	struct dw_dev *written;
	int ret;

	ret = dw_format_open(plan->state->ctx, file, plan->target_format,
			     NULL, &written, err);
	if (!ret)
		ret = dw_dualboot_verify(plan, written, report, err);
	dw_dev_close(written, NULL);
	return ret;
}

int dw_dualboot_run(struct dw_dualboot_plan *plan, struct dw_output *output,
		    struct dw_dualboot_report **report, struct dw_err *err)
{
	struct dw_dualboot_report *r = calloc(1, sizeof(*r));
	int ret;

	*report = NULL;
	if (!r)
		return dw_fail_nomem(err);
	ret = check_runnable(plan, err);
	if (!ret && output->is_pipe)
		ret = dw_fail(err, DW_USAGE, "standard output cannot be the "
			      "target: what is written is read back");
	if (!ret)
		ret = write_image(plan, output, r, err);
	if (!ret)
		ret = verify_image(plan, output->dev, r, err);
	if (!ret)
		ret = dw_dualboot_check_source(plan, err);
	if (!ret)
		ret = dw_ctx_check(plan->state->ctx, err);
	if (!ret)
		ret = dw_output_commit(output, err);
	if (ret) {
		dw_dualboot_report_free(r);
		return ret;
	}
	*report = r;
	return 0;
}

void dw_dualboot_report_free(struct dw_dualboot_report *report)
{
	if (!report)
		return;
	dw_verdict_free(&report->kvm);
	dw_verdict_free(&report->pygrub);
	free(report);
}

/* ---- in place --------------------------------------------------------------------- */

struct patching {
	struct dw_inplace *job;
	struct dw_dev *from;
	uint64_t old_off;	/* of 'from' in the source */
};

static int add_changed(void *arg, uint64_t off, uint64_t len,
		       struct dw_err *err)
{
	struct patching *p = arg;

	return dw_inplace_add(p->job, p->from, off, p->old_off + off, len,
			      err);
}

/* The filesystem's changes, then the front: its sector 0 makes them real. */
static int add_patches(struct dw_dualboot_plan *plan, struct dw_inplace *job,
		       struct dw_err *err)
{
	struct dw_dualboot_state *s = plan->state;
	struct patching fs = { job, s->sys.root.overlay,
			       s->sys.root.start_off };
	struct patching front = { job, s->disk.front, 0 };
	uint8_t sector[DW_SECTOR];
	int ret;

	ret = dw_overlay_changed(fs.from, add_changed, &fs, err);
	if (ret || !s->disk.front)
		return ret;
	if (!s->disk.has_new_table)
		return dw_overlay_changed(front.from, add_changed, &front,
					  err);
	ret = dw_dev_pread(front.from, 0, sector, sizeof(sector), err);
	return ret ? ret : dw_inplace_add_new(job, 0, sector, sizeof(sector),
					      err);
}

/* The job ends with its record still there; what it says decides. */
static int run_patches(struct dw_dualboot_plan *plan, struct dw_inplace *job,
		       struct dw_dualboot_report *report, struct dw_err *err)
{
	struct dw_dualboot_state *s = plan->state;
	size_t i;
	int ret;

	ret = dw_dualboot_check_source(plan, err);
	if (!ret)
		ret = dw_inplace_run(s->ctx, job, err);
	if (ret)
		return ret;
	for (i = 0; i < job->patches_nr; i++)
		report->written_len += job->patches[i].len;
	ret = dw_dualboot_verify(plan, job->file, report, err);
	if (!ret)
		return dw_inplace_finish(job, err);
	if (dw_inplace_undo(job, NULL))
		dw_err_prefix(err, ret, "%s can be made whole again with %s",
			      s->source->name, job->undo_path);
	return ret;
}

int dw_dualboot_run_in_place(struct dw_dualboot_plan *plan,
			     const char *undo_path,
			     struct dw_dualboot_report **report,
			     struct dw_err *err)
{
	struct dw_dualboot_state *s = plan->state;
	struct dw_dualboot_report *r = calloc(1, sizeof(*r));
	struct dw_inplace job = {
		.file = s->source,
		.undo_path = undo_path,
		.insert_len = s->disk.has_new_table ? DW_FRONT_LEN : 0,
		.size = plan->disk_size,
		.cap_len = s->ctx->memory_cap_len,
	};
	int ret;

	*report = NULL;
	if (!r)
		return dw_fail_nomem(err);
	ret = check_runnable(plan, err);
	if (!ret)
		ret = add_patches(plan, &job, err);
	if (!ret)
		ret = run_patches(plan, &job, r, err);
	dw_inplace_free(&job);
	if (ret) {
		dw_dualboot_report_free(r);
		return ret;
	}
	*report = r;
	return 0;
}
