/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* extract, carrying out: all images are there before the first has a name. */
#include <stdlib.h>
#include <string.h>

#include "job/convert.h"
#include "job/extract.h"

/* ---- the report ----------------------------------------------------------- */

static int new_report(const struct dw_extract_plan *plan,
		      struct dw_extract_report **out, struct dw_err *err)
{
	struct dw_extract_report *r = calloc(1, sizeof(*r));

	*out = r;
	if (!r)
		return dw_fail_nomem(err);
	r->items = calloc(plan->items_nr + 1, sizeof(r->items[0]));
	if (!r->items)
		return dw_fail_nomem(err);
	r->items_nr = plan->items_nr;
	return 0;
}

static int set_problem(struct dw_extract_report *r, size_t i, const char *text,
		       struct dw_err *err)
{
	r->problems_nr++;
	r->items[i].problem = strdup(text);
	return r->items[i].problem ? 0 : dw_fail_nomem(err);
}

/* ---- one after the other -------------------------------------------------- */

/* A block device is written in place, and could not be taken away again. */
static int check_outputs(const struct dw_extract_plan *plan,
			 struct dw_output *const *outputs, struct dw_err *err)
{
	size_t i;

	for (i = 0; i < plan->items_nr; i++)
		if (outputs[i] && outputs[i]->is_block)
			return dw_fail(err, DW_USAGE, "%s: is a block device; "
				       "what is extracted becomes files",
				       outputs[i]->path);
	return 0;
}

static int make_one(struct dw_extract_plan *plan, size_t i,
		    struct dw_output *output, struct dw_extract_report *r,
		    struct dw_err *err)
{
	const struct dw_extract_item *item = &plan->items[i];
	struct dw_extract_result *result = &r->items[i];
	struct dw_err why = { 0 };
	int ret;

	if (item->problem)
		return set_problem(r, i, item->problem, err);
	ret = dw_convert_make(item->image, output, &result->image, &why);
	r->copied_len += result->image.copied_len;
	r->written_len += result->image.written_len;
	if (ret && plan->state->is_partial && !dw_extract_is_fatal(ret))
		return set_problem(r, i, why.text, err);
	/* What fails here is the host, and no item's problem. */
	if (!ret)
		ret = dw_output_flush(output, &why);
	if (ret && err)
		*err = why;
	return ret ? dw_err_prefix(err, ret, "%s", item->layer) : 0;
}

/* A name that cannot be given takes those before it away again. */
static int commit_all(const struct dw_extract_report *r,
		      struct dw_output *const *outputs, struct dw_err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < r->items_nr && !ret; i++)
		if (!r->items[i].problem)
			ret = dw_output_commit(outputs[i], err);
	if (!ret)
		return 0;
	while (i--)
		if (!r->items[i].problem)
			dw_output_withdraw(outputs[i]);
	return ret;
}

/* What was read first may have changed while the rest was. */
static int check_source(const struct dw_extract_plan *plan, struct dw_err *err)
{
	struct dw_extract_state *s = plan->state;
	size_t i;
	int ret = 0;

	if (!s->allow_changed)
		ret = dw_dev_check_unchanged(s->source, err);
	for (i = 0; i < plan->items_nr && !ret && !s->allow_changed; i++)
		if (plan->items[i].image)
			ret = dw_wanted_check_unchanged(
				&plan->items[i].image->state->wanted, err);
	return ret ? ret : dw_ctx_check(s->ctx, err);
}

int dw_extract_run(struct dw_extract_plan *plan,
		   struct dw_output *const *outputs,
		   struct dw_extract_report **report, struct dw_err *err)
{
	struct dw_extract_report *r = NULL;
	size_t i;
	int ret = new_report(plan, &r, err);

	*report = NULL;
	if (!ret)
		ret = check_outputs(plan, outputs, err);
	for (i = 0; i < plan->items_nr && !ret; i++)
		ret = make_one(plan, i, outputs[i], r, err);
	if (!ret)
		ret = check_source(plan, err);
	if (!ret && r->problems_nr == r->items_nr)
		ret = dw_fail(err, DW_IO, "nothing could be extracted: %s",
			      r->items[0].problem);
	if (!ret)
		ret = commit_all(r, outputs, err);
	if (ret)
		dw_extract_report_free(r);
	else
		*report = r;
	return ret;
}

void dw_extract_report_free(struct dw_extract_report *report)
{
	size_t i;

	if (!report)
		return;
	for (i = 0; i < report->items_nr; i++)
		free(report->items[i].problem);
	free(report->items);
	free(report);
}
