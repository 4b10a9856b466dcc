/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* convert: what of a disk is worth it, into a new image of any format. */
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"
#include "dev/kinds.h"
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

/* Decimal, up to 99: no packer has more levels. */
static bool parse_level(const char *text, int *level)
{
	size_t len = strlen(text);

	*level = 0;
	if (!len || len > 2 || strspn(text, "0123456789") != len)
		return false;
	for (; *text; text++)
		*level = *level * 10 + (*text - '0');
	return *level;
}

/* "zstd" or "zstd:LEVEL".  Which of them a format takes, it says itself. */
static int parse_codec(const char *text, struct dw_codec *out,
		       struct dw_err *err)
{
	static const struct {
		const char *name;
		enum dw_codec_kind kind;
	} codecs[] = {
		{ "zlib", DW_CODEC_ZLIB },
		{ "gzip", DW_CODEC_GZIP },
		{ "zstd", DW_CODEC_ZSTD },
		{ "xz", DW_CODEC_XZ },
	};
	size_t len = strcspn(text, ":"), i;

	for (i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (strlen(codecs[i].name) == len &&
		    !strncmp(codecs[i].name, text, len))
			out->kind = codecs[i].kind;
	if (!out->kind)
		return dw_fail(err, DW_USAGE, "no compression is called "
			       "\"%.*s\"", (int)len, text);
	if (text[len] && !parse_level(text + len + 1, &out->level))
		return dw_fail(err, DW_USAGE, "\"%s\" is no level of "
			       "compression", text + len + 1);
	return 0;
}

static int choose_format(struct dw_convert_plan *plan,
			 const struct dw_convert_options *options,
			 struct dw_err *err)
{
	struct dw_convert_state *s = plan->state;
	const char *name = options->format ? options->format : "raw";

	s->format = dw_format_by_name(name);
	if (!s->format)
		return dw_fail(err, DW_USAGE,
			       "no image format is called \"%s\"", name);
	if (!s->format->create)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: not a format that can be written", name);
	plan->target_format = s->format->name;
	s->options.cluster_len = options->cluster_len;
	if (options->subformat) {
		s->subformat = strdup(options->subformat);
		if (!s->subformat)
			return dw_fail_nomem(err);
		s->options.subformat = s->subformat;
	}
	return options->compress ? parse_codec(options->compress,
					       &s->options.codec, err) : 0;
}

/*
 * A format knows itself which options and sizes it can do: an image is begun
 * in memory, so that what it cannot do is said before anything is made.
 */
static int try_format(struct dw_convert_plan *plan, struct dw_err *err)
{
	struct dw_convert_state *s = plan->state;
	struct dw_writer *writer = NULL;
	struct dw_dev *file;
	int ret;

	ret = dw_mem_new("a new image", 0, &file, err);
	if (!ret)
		ret = s->format->create(s->ctx, file, plan->disk_size,
					&s->options, &writer, err);
	if (!ret && s->options.codec.kind && !writer->codec.kind)
		ret = dw_fail(err, DW_USAGE, "%s: has no compression",
			      s->format->name);
	dw_writer_free(writer);
	dw_dev_close(file, NULL);
	return ret;
}

static int make_plan(struct dw_convert_plan *plan, struct dw_dev *source,
		     const struct dw_convert_options *options,
		     struct dw_err *err)
{
	struct dw_convert_state *s = plan->state;
	struct dw_wanted_options wanted = {
		.all_blocks = options->all_blocks,
	};
	int ret;

	plan->disk_size = source->size;
	ret = choose_format(plan, options, err);
	if (!ret)
		ret = try_format(plan, err);
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
	struct dw_convert_plan *plan = NULL;
	int ret;

	*out = NULL;
	ret = check_options(options, err);
	if (!ret)
		ret = new_plan(ctx, options->allow_changed, &plan, err);
	if (!ret)
		ret = make_plan(plan, source, options, err);
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
	free(plan->state->subformat);
	free(plan->state);
	free(plan);
}
