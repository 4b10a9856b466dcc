/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* convert: what of a disk is worth it, into a new image of any format. */
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"
#include "job/convert.h"

static int check_options(const struct dw_convert_options *options,
			 struct dw_err *err)
{
	if (options->size == sizeof(*options))
		return 0;
	return dw_fail(err, DW_USAGE,
		       "convert: options of %zu bytes, this library has %zu",
		       options->size, sizeof(*options));
}

static int make_plan(struct dw_convert_plan *plan, struct dw_dev *source,
		     const struct dw_convert_options *options,
		     const char *as_is, struct dw_err *err)
{
	struct dw_convert_state *s = plan->state;
	const struct dw_target_names names = {
		.format = options->format, .subformat = options->subformat,
		.compress = options->compress,
		.cluster_len = options->cluster_len,
	};
	struct dw_wanted_options wanted = {
		.all_blocks = options->all_blocks || as_is,
		.note = as_is,
	};
	int ret;

	plan->disk_size = source->size;
	ret = dw_target_choose(&names, &s->target, err);
	if (ret)
		return ret;
	plan->target_format = s->target.format->name;
	ret = dw_target_try(s->ctx, &s->target, plan->disk_size, err);
	if (!ret)
		ret = dw_wanted_find(s->ctx, source, &wanted, &s->wanted, err);
	plan->copy_len = s->wanted.total_len;
	plan->areas_nr = s->wanted.areas_nr;
	plan->areas = s->wanted.areas;
	return ret;
}

static int new_plan(struct dw_ctx *ctx, bool allow_changed,
		    struct dw_convert_plan **out, struct dw_err *err)
{
	struct dw_convert_plan *plan = calloc(1, sizeof(*plan));
	struct dw_convert_state *s = calloc(1, sizeof(*s));

	if (!plan || !s) {
		free(plan);
		free(s);
		return dw_fail_nomem(err);
	}
	s->ctx = ctx;
	s->allow_changed = allow_changed;
	plan->state = s;
	*out = plan;
	return 0;
}

int dw_convert_plan(struct dw_ctx *ctx, struct dw_dev *source,
		    const struct dw_convert_options *options,
		    struct dw_convert_plan **out, struct dw_err *err)
{
	return dw_convert_plan_as_is(ctx, source, options, NULL, out, err);
}

int dw_convert_plan_as_is(struct dw_ctx *ctx, struct dw_dev *source,
			  const struct dw_convert_options *options,
			  const char *why, struct dw_convert_plan **out,
			  struct dw_err *err)
{
	struct dw_convert_plan *plan = NULL;
	int ret;

	*out = NULL;
	ret = check_options(options, err);
	if (!ret)
		ret = new_plan(ctx, options->allow_changed, &plan, err);
	if (!ret)
		ret = make_plan(plan, source, options, why, err);
	if (ret) {
		dw_convert_plan_free(plan);
		return ret;
	}
	*out = plan;
	return 0;
}

void dw_convert_plan_free(struct dw_convert_plan *plan)
{
	if (!plan)
		return;
	/* The areas are the wanted ones'. */
	dw_wanted_free(&plan->state->wanted);
	dw_target_free(&plan->state->target);
	free(plan->state);
	free(plan);
}
