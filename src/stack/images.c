/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The images that a stack has open, each of them once. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dev/kinds.h"
#include "stack/images.h"

int dw_images_new(struct dw_ctx *ctx, unsigned flags, struct dw_images **out,
		  struct dw_err *err)
{
	struct dw_images *images = calloc(1, sizeof(*images));

	*out = images;
	if (!images)
		return dw_fail_nomem(err);
	images->ctx = ctx;
	images->flags = flags;
	return 0;
}

/* Keeps the first failure. */
static int close_one(struct dw_dev *dev, int ret, struct dw_err *err)
{
	int one = dw_dev_close(dev, ret ? NULL : err);

	return ret ? ret : one;
}

int dw_images_close(struct dw_images *images, struct dw_err *err)
{
	int ret = 0;

	if (!images)
		return 0;
	for (size_t i = 0; i < images->added_nr; i++)
		ret = close_one(images->added[i], ret, err);
	for (size_t i = 0; i < images->nr; i++) {
		ret = close_one(images->items[i].disk, ret, err);
		ret = close_one(images->items[i].file, ret, err);
	}
	free(images->added);
	free(images->items);
	free(images);
	return ret;
}

static struct dw_image *add_item(struct dw_images *images, struct dw_err *err)
{
	struct dw_image *grown = reallocarray(images->items, images->nr + 1,
					      sizeof(*grown));

	if (!grown) {
		dw_fail_nomem(err);
		return NULL;
	}
	images->items = grown;
	grown += images->nr++;
	memset(grown, 0, sizeof(*grown));
	return grown;
}

static void identify(struct dw_image *image, const char *path)
{
	struct stat st;

	if (!strcmp(path, "-") || stat(path, &st))
		return;
	image->has_id = true;
	image->host_dev = st.st_dev;
	image->host_ino = st.st_ino;
}

static bool is_same(const struct dw_image *a, const struct dw_image *b)
{
	return a->has_id && b->has_id && a->host_dev == b->host_dev &&
	       a->host_ino == b->host_ino;
}

static struct dw_image *find(const struct dw_images *images, const char *path)
{
	struct dw_image wanted = { 0 };

	identify(&wanted, path);
	for (size_t i = 0; i < images->nr; i++)
		if (is_same(&images->items[i], &wanted))
			return &images->items[i];
	return NULL;
}

const struct dw_image *dw_images_find(const struct dw_images *images,
				      const char *path)
{
	return find(images, path);
}

void dw_images_searched(struct dw_images *images, const char *path)
{
	struct dw_image *image = find(images, path);

	if (image)
		image->is_searched = true;
}

int dw_images_note(struct dw_images *images, const char *path,
		   struct dw_dev *disk, struct dw_err *err)
{
	struct dw_image *image = add_item(images, err);

	if (!image)
		return DW_NOMEM;
	identify(image, path);
	image->disk = disk ? dw_dev_ref(disk) : NULL;
	return 0;
}

int dw_images_open(struct dw_images *images, const char *path,
		   const char *format, const char *snapshot,
		   const struct dw_image **out, struct dw_err *err)
{
	struct dw_format_how how = {
		.snapshot = snapshot, .share = images->flags & DW_OPEN_SHARE,
	};
	const struct dw_image *known = dw_images_find(images, path);
	struct dw_image *image;
	int ret;

	*out = NULL;
	if (known && known->disk && !snapshot && !known->is_snapshot) {
		*out = known;
		return 0;
	}
	image = add_item(images, err);
	if (!image)
		return DW_NOMEM;
	identify(image, path);
	image->is_snapshot = snapshot;
	if (!strcmp(path, "-"))
		ret = dw_spool_stdin(images->ctx, images->flags, &image->file,
				     err);
	else
		ret = dw_file_open(images->ctx, path, images->flags,
				   &image->file, err);
	if (!ret)
		ret = dw_format_open_how(images->ctx, image->file, format,
					 &how, &image->format, &image->disk,
					 err);
	*out = ret ? NULL : image;
	return ret;
}

int dw_images_add(struct dw_images *images, struct dw_dev *dev,
		  struct dw_err *err)
{
	struct dw_dev **grown = reallocarray(images->added,
					     images->added_nr + 1,
					     sizeof(*grown));

	if (!grown)
		return dw_fail_nomem(err);
	images->added = grown;
	grown[images->added_nr++] = dw_dev_ref(dev);
	return 0;
}
