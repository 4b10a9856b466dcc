/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens what a locator names, by stacking devices on each other. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dev/kinds.h"
#include "part/part.h"
#include "stack/locator.h"
#include "stack/stack.h"

static bool host_file_exists(void *arg, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

int dw_stack_parse(const char *locator, struct dw_locator *out,
		   struct dw_err *err)
{
	return dw_locator_parse(locator, host_file_exists, NULL, out, err);
}

static int open_part(struct dw_dev *below, unsigned nr, struct dw_dev **out,
		     struct dw_err *err)
{
	struct dw_part_table *table = NULL;
	const struct dw_part *part;
	int ret;

	ret = dw_part_read(below, &table, err);
	if (ret == DW_NOT_MINE)
		return dw_fail(err, DW_NOENT, "%s: there is no partition %u,"
			       " nor a partition table", below->name, nr);
	if (ret)
		return ret;
	part = dw_part_by_nr(table, nr);
	if (!part)
		ret = dw_fail(err, DW_NOENT, "%s: there is no partition %u"
			      " among the %zu of its table", below->name, nr,
			      table->parts_nr);
	else
		ret = dw_part_open(below, part, out, err);
	dw_part_free(table);
	return ret;
}

static int open_layer(struct dw_dev *below,
		      const struct dw_locator_layer *layer,
		      struct dw_dev **out, struct dw_err *err)
{
	if (layer->kind == DW_LOCATOR_VOLUME)
		return dw_fail(err, DW_UNSUPPORTED, "%s: the logical volume %s"
			       " cannot be opened, LVM is not handled",
			       below->name, layer->text);
	return open_part(below, layer->part_nr, out, err);
}

/* Puts one layer on top of *dev. */
static int push_layer(struct dw_dev **dev, const struct dw_locator_layer *layer,
		      struct dw_err *err)
{
	struct dw_dev *above = NULL;
	int ret;

	/* The image was opened as it was then. */
	if (layer->kind == DW_LOCATOR_SNAPSHOT)
		return 0;
	ret = open_layer(*dev, layer, &above, err);
	if (ret)
		return ret;
	/* The new layer holds a reference of its own on the one below. */
	dw_dev_close(*dev, NULL);
	*dev = above;
	return 0;
}

int dw_stack_descend(struct dw_ctx *ctx, struct dw_dev *dev, const char *layers,
		     unsigned flags, struct dw_dev **out, struct dw_err *err)
{
	struct dw_dev *top = dw_dev_ref(dev);
	struct dw_locator loc;
	int ret;

	*out = NULL;
	ret = dw_locator_parse_layers(dev->name, layers, &loc, err);
	for (size_t i = 0; !ret && i < loc.layers_nr; i++)
		ret = push_layer(&top, &loc.layers[i], err);
	dw_locator_free(&loc);
	if (ret)
		dw_dev_close(top, NULL);
	else
		*out = top;
	return ret;
}

static int open_image(struct dw_ctx *ctx, struct dw_stack *stack,
		      const char *format, const char *snapshot, unsigned flags,
		      struct dw_err *err)
{
	struct dw_format_how how = {
		.snapshot = snapshot, .share = flags & DW_OPEN_SHARE,
	};
	int ret;

	if (!strcmp(stack->image, "-"))
		ret = dw_spool_stdin(ctx, flags, &stack->file, err);
	else
		ret = dw_file_open(ctx, stack->image, flags, &stack->file,
				   err);
	if (ret)
		return ret;
	ret = dw_format_open_how(ctx, stack->file, format, &how,
				 &stack->format, &stack->disk, err);
	if (ret)
		return ret;
	stack->dev = dw_dev_ref(stack->disk);
	if ((flags & DW_OPEN_RDWR) && snapshot)
		return dw_fail(err, DW_UNSUPPORTED, "%s: a snapshot cannot be"
			       " changed", stack->disk->name);
	if ((flags & DW_OPEN_RDWR) && stack->disk->readonly)
		return dw_fail(err, DW_UNSUPPORTED, "%s: a %s image cannot be"
			       " changed in place", stack->image,
			       stack->format->name);
	return 0;
}

int dw_stack_open(struct dw_ctx *ctx, const char *locator, const char *format,
		  unsigned flags, struct dw_stack *out, struct dw_err *err)
{
	struct dw_locator loc;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = dw_stack_parse(locator, &loc, err);
	if (ret)
		goto out;
	out->image = loc.image;
	out->path = loc.path;
	loc.image = loc.path = NULL;
	ret = open_image(ctx, out, format, loc.layers[0].snapshot, flags, err);
	for (size_t i = 0; !ret && i < loc.layers_nr; i++) {
		ret = push_layer(&out->dev, &loc.layers[i], err);
		out->part_nr = loc.layers[i].part_nr;
	}
out:
	dw_locator_free(&loc);
	if (ret)
		dw_stack_close(out, NULL);
	return ret;
}

int dw_stack_close(struct dw_stack *stack, struct dw_err *err)
{
	struct dw_dev *layers[] = { stack->dev, stack->disk, stack->file };
	int ret = 0;

	for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {
		int one = dw_dev_close(layers[i], ret ? NULL : err);

		if (!ret)
			ret = one;
	}
	free(stack->image);
	free(stack->path);
	memset(stack, 0, sizeof(*stack));
	return ret;
}

int dw_open(struct dw_ctx *ctx, const char *locator, const char *format,
	    unsigned flags, struct dw_dev **out, struct dw_err *err)
{
	struct dw_stack stack;
	int ret;

	*out = NULL;
	ret = dw_stack_open(ctx, locator, format, flags, &stack, err);
	if (ret)
		return ret;
	if (stack.path)
		ret = dw_fail(err, DW_USAGE, "%s: a path inside the image,"
			      " '%s', makes no sense here", stack.image,
			      stack.path);
	else
		*out = dw_dev_ref(stack.dev);
	dw_stack_close(&stack, NULL);
	return ret;
}
