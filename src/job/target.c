/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The image that a job makes: its format, and how it gets written. */
#include <stdlib.h>
#include <string.h>

#include "dev/kinds.h"
#include "job/target.h"

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

int dw_target_choose(const struct dw_target_names *names,
		     struct dw_target *out, struct dw_err *err)
{
	const char *name = names->format ? names->format : "raw";

	memset(out, 0, sizeof(*out));
	out->format = dw_format_by_name(name);
	if (!out->format)
		return dw_fail(err, DW_USAGE,
			       "no image format is called \"%s\"", name);
	if (!out->format->create)
		return dw_fail(err, DW_UNSUPPORTED,
			       "%s: not a format that can be written", name);
	out->options.cluster_len = names->cluster_len;
	if (names->subformat) {
		out->subformat = strdup(names->subformat);
		if (!out->subformat)
			return dw_fail_nomem(err);
		out->options.subformat = out->subformat;
	}
	return names->compress ? parse_codec(names->compress,
					     &out->options.codec, err) : 0;
}

/*
 * A format knows itself which options and sizes it can do: an image is begun
 * in memory, so that what it cannot do is said before anything is made.
 */
int dw_target_try(struct dw_ctx *ctx, const struct dw_target *target,
		  uint64_t size, struct dw_err *err)
{
	struct dw_writer *writer = NULL;
	struct dw_dev *file;
	int ret;

	ret = dw_mem_new("a new image", 0, &file, err);
	if (!ret)
		ret = target->format->create(ctx, file, size, &target->options,
					     &writer, err);
	if (!ret && target->options.codec.kind && !writer->codec.kind)
		ret = dw_fail(err, DW_USAGE, "%s: has no compression",
			      target->format->name);
	dw_writer_free(writer);
	dw_dev_close(file, NULL);
	return ret;
}

/* Whether each byte of the image is written once, in ascending order. */
static int check_order(const struct dw_target *target,
		       const struct dw_output *output,
		       const struct dw_writer *writer, struct dw_err *err)
{
	if (!output->is_pipe || writer->sequential)
		return 0;
	return dw_fail(err, DW_USAGE, "standard output: an image in %s is not "
		       "written in order", target->format->name);
}

int dw_target_write(struct dw_ctx *ctx, const struct dw_target *target,
		    const struct dw_output *output, uint64_t size,
		    struct dw_copy *copy, struct dw_err *err)
{
	int ret;

	ret = target->format->create(ctx, output->dev, size, &target->options,
				     &copy->writer, err);
	if (!ret)
		ret = check_order(target, output, copy->writer, err);
	if (!ret)
		ret = dw_copy_run(ctx, copy, err);
	if (!ret)
		ret = dw_writer_finish(copy->writer, err);
	dw_writer_free(copy->writer);
	copy->writer = NULL;
	return ret;
}

void dw_target_free(struct dw_target *target)
{
	free(target->subformat);
	memset(target, 0, sizeof(*target));
}
