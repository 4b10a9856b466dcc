/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* extract: volumes and partitions of a disk, each into an image of its own. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/format.h"
#include "job/convert.h"
#include "job/extract.h"

static int check_options(const struct dw_extract_options *options,
			 struct dw_err *err)
{
	if (options->size == sizeof(*options) &&
	    options->image.size == sizeof(options->image))
		return 0;
	return dw_fail(err, DW_USAGE, "extract: options of %zu and %zu bytes, "
		       "this library has %zu and %zu", options->size,
		       options->image.size, sizeof(*options),
		       sizeof(options->image));
}

static int new_plan(struct dw_ctx *ctx, struct dw_dev *source,
		    const struct dw_extract_options *options,
		    struct dw_extract_plan **out, struct dw_err *err)
{
	struct dw_extract_plan *plan = calloc(1, sizeof(*plan));
	struct dw_extract_state *s = calloc(1, sizeof(*s));

	if (!plan || !s) {
		free(plan);
		free(s);
		return dw_fail_nomem(err);
	}
	s->ctx = ctx;
	s->source = dw_dev_ref(source);
	s->image = options->image;
	s->is_partial = options->partial;
	s->allow_changed = options->image.allow_changed;
	plan->state = s;
	*out = plan;
	return 0;
}

static int name_files(struct dw_extract_plan *plan, struct dw_err *err)
{
	const char *name = plan->state->image.format;
	const struct dw_format_driver *format =
		dw_format_by_name(name ? name : "raw");

	if (!format)
		return dw_fail(err, DW_USAGE, "no image format is called "
			       "\"%s\"", name);
	plan->target_format = format->name;
	return dw_extract_name_files(plan, format->suffix, err);
}

/* What the plans hold together has the cap of what one may hold. */
static int check_memory(const struct dw_extract_plan *plan, struct dw_err *err)
{
	uint64_t len = 0, cap = plan->state->ctx->memory_cap_len;
	size_t i;

	for (i = 0; i < plan->items_nr; i++)
		if (plan->items[i].image)
			len += plan->items[i].image->state->wanted.runs_cap *
				sizeof(struct dw_used_run);
	if (len <= cap)
		return 0;
	return dw_fail(err, DW_LIMIT, "%s: the runs of wanted blocks of all "
		       "that is extracted need more memory than the cap of %"
		       PRIu64 " bytes", plan->state->source->name, cap);
}

static int refuse_problems(const struct dw_extract_plan *plan,
			   struct dw_err *err)
{
	const struct dw_err *first = &plan->state->first_problem;

	if (plan->problems_nr == plan->items_nr)
		return dw_fail(err, first->code, "nothing can be extracted: %s",
			       first->text);
	if (!plan->problems_nr || plan->state->is_partial)
		return 0;
	return dw_fail(err, first->code, "%zu of %zu cannot be extracted "
		       "(--partial leaves them out): %s", plan->problems_nr,
		       plan->items_nr, first->text);
}

static int make_plan(struct dw_extract_plan *plan,
		     const struct dw_extract_options *options,
		     struct dw_err *err)
{
	size_t i;
	int ret;

	ret = dw_extract_find(plan, options, err);
	if (!ret)
		ret = name_files(plan, err);
	if (!ret)
		ret = check_memory(plan, err);
	for (i = 0; i < plan->items_nr; i++)
		if (plan->items[i].image)
			plan->copy_len += plan->items[i].image->copy_len;
	/* The texts were the caller's. */
	plan->state->image = (struct dw_convert_options){ 0 };
	return ret;
}

int dw_extract_plan(struct dw_ctx *ctx, struct dw_dev *source,
		    const struct dw_extract_options *options,
		    struct dw_extract_plan **out, struct dw_err *err)
{
	struct dw_extract_plan *plan = NULL;
	int ret;

	*out = NULL;
	ret = check_options(options, err);
	if (!ret)
		ret = new_plan(ctx, source, options, &plan, err);
	if (!ret)
		ret = make_plan(plan, options, err);
	if (ret) {
		dw_extract_plan_free(plan);
		return ret;
	}
	*out = plan;
	return refuse_problems(plan, err);
}

void dw_extract_drop_items(struct dw_extract_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->items_nr; i++) {
		dw_convert_plan_free(plan->items[i].image);
		free(plan->items[i].layer);
		free(plan->items[i].file_name);
		free(plan->items[i].problem);
	}
	free(plan->items);
	plan->items = NULL;
	plan->items_nr = plan->problems_nr = 0;
}

void dw_extract_plan_free(struct dw_extract_plan *plan)
{
	if (!plan)
		return;
	dw_extract_drop_items(plan);
	dw_dev_close(plan->state->source, NULL);
	free(plan->state);
	free(plan);
}
