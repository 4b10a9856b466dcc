/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens what a locator names, by stacking devices on each other. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dev/kinds.h"
#include "stack/layers.h"

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

const char *dw_stack_root_on(const char *locator)
{
	struct dw_locator loc;
	const char *on = NULL;

	if (!dw_stack_parse(locator, &loc, NULL) && loc.layers_nr)
		switch (loc.layers[loc.layers_nr - 1].kind) {
		case DW_LOCATOR_VOLUME:
			on = "LVM";
			break;
		case DW_LOCATOR_RAID:
			on = "software RAID";
			break;
		default:
			break;
		}
	dw_locator_free(&loc);
	return on;
}

/* ---- the pile of devices ------------------------------------------------- */

int dw_stack_push_take(struct dw_stack *stack, struct dw_dev *dev,
		       struct dw_err *err)
{
	if (stack->layers_nr == DW_STACK_LAYERS_MAX) {
		int ret = dw_fail(err, DW_LIMIT, "%s: more than %d layers",
				  dev->name, DW_STACK_LAYERS_MAX);

		dw_dev_close(dev, NULL);
		return ret;
	}
	stack->layers[stack->layers_nr++] = stack->dev = dev;
	return 0;
}

/* Keeps the first failure. */
static int close_top(struct dw_stack *stack, int ret, struct dw_err *err)
{
	int one = dw_dev_close(stack->layers[--stack->layers_nr],
			       ret ? NULL : err);

	stack->dev = stack->layers_nr ? stack->layers[stack->layers_nr - 1] :
		NULL;
	return ret ? ret : one;
}

void dw_stack_pop(struct dw_stack *stack)
{
	close_top(stack, 0, NULL);
}

int dw_stack_close(struct dw_stack *stack, struct dw_err *err)
{
	int one, ret = 0;

	while (stack->layers_nr)
		ret = close_top(stack, ret, err);
	if (stack->owns_images) {
		one = dw_images_close(stack->images, ret ? NULL : err);
		ret = ret ? ret : one;
	}
	free(stack->image);
	free(stack->path);
	memset(stack, 0, sizeof(*stack));
	return ret;
}

/* ---- from a device up ---------------------------------------------------- */

/* The disks that dev is a part of come below it, the largest first. */
static int push_with_disks(struct dw_stack *stack, struct dw_dev *dev,
			   unsigned room, struct dw_err *err)
{
	struct dw_dev *below = room ? dw_window_below(dev) : NULL;
	int ret = below ? push_with_disks(stack, below, room - 1, err) : 0;

	return ret ? ret : dw_stack_push_take(stack, dw_dev_ref(dev), err);
}

/* The layer that is all of an image; NULL where none is, as below a volume, or
 * where it is not open for what the stack is for. */
static struct dw_dev *find_disk(const struct dw_stack *stack, const char *image)
{
	size_t i = stack->layers_nr;

	while (i && strcmp(stack->layers[i - 1]->name, image))
		i--;
	if (!i || (stack->flags & DW_OPEN_RDWR &&
		   stack->layers[i - 1]->readonly))
		return NULL;
	return stack->layers[i - 1];
}

/* The host file that a device's name begins with: it is not opened again. */
static int note_image(struct dw_stack *stack, const struct dw_dev *dev,
		      struct dw_err *err)
{
	struct dw_locator loc;
	int ret = dw_stack_parse(dev->name, &loc, err);

	if (!ret)
		ret = dw_images_note(stack->images, loc.image,
				     find_disk(stack, loc.image), err);
	dw_locator_free(&loc);
	return ret;
}

int dw_stack_on(struct dw_ctx *ctx, struct dw_dev *dev, unsigned flags,
		struct dw_stack *out, struct dw_err *err)
{
	int ret;

	memset(out, 0, sizeof(*out));
	out->ctx = ctx;
	out->flags = flags;
	out->owns_images = true;
	ret = dw_images_new(ctx, flags, &out->images, err);
	if (!ret)
		ret = push_with_disks(out, dev, DW_LOCATOR_LAYERS_MAX, err);
	if (!ret)
		ret = note_image(out, dev, err);
	if (ret)
		dw_stack_close(out, NULL);
	return ret;
}

int dw_stack_descend(struct dw_ctx *ctx, struct dw_dev *dev, const char *layers,
		     unsigned flags, struct dw_dev **out, struct dw_err *err)
{
	struct dw_stack stack = { 0 };
	struct dw_locator loc;
	int ret;

	*out = NULL;
	ret = dw_locator_parse_layers(dev->name, layers, &loc, err);
	if (!ret)
		ret = dw_stack_on(ctx, dev, flags, &stack, err);
	for (size_t i = 0; !ret && i < loc.layers_nr; i++)
		ret = dw_stack_push_layer(&stack, &loc.layers[i], err);
	if (!ret)
		*out = dw_dev_ref(stack.dev);
	dw_stack_close(&stack, NULL);
	dw_locator_free(&loc);
	return ret;
}

/* ---- from a locator up --------------------------------------------------- */

static int open_image(struct dw_stack *stack, const char *format,
		      const char *snapshot, struct dw_err *err)
{
	bool rdwr = stack->flags & DW_OPEN_RDWR;
	const struct dw_image *image;
	int ret;

	ret = dw_images_open(stack->images, stack->image, format, snapshot,
			     &image, err);
	if (ret)
		return ret;
	stack->file = image->file;
	stack->disk = image->disk;
	stack->format = image->format;
	ret = dw_stack_push_take(stack, dw_dev_ref(image->disk), err);
	if (!ret && rdwr && snapshot)
		return dw_fail(err, DW_UNSUPPORTED, "%s: a snapshot cannot be"
			       " changed", stack->disk->name);
	if (!ret && rdwr && stack->disk->readonly)
		return dw_fail(err, DW_UNSUPPORTED, "%s: a %s image cannot be"
			       " changed in place", stack->image,
			       stack->format->name);
	return ret;
}

/* Where only the volume is missing after a group's name, that is the better
 * answer than that the name is no layer. */
static void explain_unknown(struct dw_stack *stack,
			    const struct dw_locator *loc, const char *format,
			    struct dw_err *err)
{
	int ret;

	if (!loc->unknown || !loc->layers_nr)
		return;
	ret = open_image(stack, format, loc->layers[0].snapshot, NULL);
	for (size_t i = 0; !ret && i + 1 < loc->layers_nr; i++)
		ret = dw_stack_push_layer(stack, &loc->layers[i], NULL);
	if (!ret)
		dw_stack_explain_group(stack, loc->unknown, DW_USAGE, err);
}

int dw_stack_open_in(struct dw_images *images, const char *locator,
		     const char *format, struct dw_stack *out,
		     struct dw_err *err)
{
	struct dw_locator loc;
	int ret;

	memset(out, 0, sizeof(*out));
	out->ctx = images->ctx;
	out->flags = images->flags;
	out->images = images;
	ret = dw_stack_parse(locator, &loc, err);
	out->image = loc.image;
	out->path = loc.path;
	loc.image = loc.path = NULL;
	if (ret) {
		explain_unknown(out, &loc, format, err);
		goto out;
	}
	ret = open_image(out, format, loc.layers[0].snapshot, err);
	for (size_t i = 0; !ret && i < loc.layers_nr; i++)
		ret = dw_stack_push_layer(out, &loc.layers[i], err);
out:
	dw_locator_free(&loc);
	if (ret)
		dw_stack_close(out, NULL);
	return ret;
}

int dw_stack_open(struct dw_ctx *ctx, const char *locator, const char *format,
		  unsigned flags, struct dw_stack *out, struct dw_err *err)
{
	struct dw_images *images;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = dw_images_new(ctx, flags, &images, err);
	if (ret)
		return ret;
	ret = dw_stack_open_in(images, locator, format, out, err);
	if (ret)
		dw_images_close(images, NULL);
	else
		out->owns_images = true;
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
