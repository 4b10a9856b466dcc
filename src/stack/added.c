/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The images that a context adds: a folder of them, and locators. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dev/kinds.h"
#include "stack/layers.h"

/* ---- a folder ------------------------------------------------------------ */

/* Packed images may have to be unpacked as a whole to be looked into. */
static bool is_packed(const struct dw_format_driver *format)
{
	return format == &dw_gzip_format || format == &dw_xz_format ||
	       format == &dw_zstd_format;
}

/*
 * Whether a file holds a physical volume.  It is only looked at, without
 * locks: what is none may be in use by anybody.
 */
static int look_into(struct dw_images *images, const char *path, bool *has_pv,
		     struct dw_err *err)
{
	const struct dw_format_how how = { .share = true };
	const struct dw_format_driver *format;
	struct dw_dev *file = NULL, *disk = NULL;
	int ret;

	*has_pv = false;
	ret = dw_file_open(images->ctx, path, DW_OPEN_SHARE, &file, err);
	if (!ret)
		ret = dw_format_find(file, NULL, &format, err);
	if (!ret && !is_packed(format))
		ret = dw_format_open_how(images->ctx, file, format->name, &how,
					 NULL, &disk, err);
	if (!ret && disk)
		ret = dw_stack_has_pv(images->ctx, disk, has_pv, err);
	dw_dev_close(disk, NULL);
	dw_dev_close(file, NULL);
	return ret;
}

static int load_file(struct dw_images *images, const char *path,
		     struct dw_err *err)
{
	const struct dw_image *image;
	struct stat st;
	bool has_pv;
	int ret;

	if (stat(path, &st))
		return errno == ENOENT ? 0 : dw_fail_errno(err, errno, "%s",
							   path);
	if (!S_ISREG(st.st_mode) || dw_images_find(images, path))
		return 0;
	ret = dw_ctx_check(images->ctx, err);
	if (!ret)
		ret = look_into(images, path, &has_pv, err);
	if (ret || !has_pv)
		return ret;
	ret = dw_images_open(images, path, NULL, NULL, &image, err);
	if (ret)
		return ret;
	dw_images_searched(images, path);
	return dw_images_add(images, image->disk, err);
}

/* By name, so that the first error is always the same one. */
static int load_folder(struct dw_images *images, const char *folder,
		       struct dw_err *err)
{
	struct dirent **names;
	char *path;
	int nr = scandir(folder, &names, NULL, alphasort);
	int ret = 0;

	if (nr < 0)
		return dw_fail_errno(err, errno, "%s", folder);
	for (int i = 0; i < nr; i++) {
		if (!ret && asprintf(&path, "%s/%s", folder,
				     names[i]->d_name) < 0)
			ret = dw_fail_nomem(err);
		if (!ret) {
			ret = load_file(images, path, err);
			free(path);
		}
		free(names[i]);
	}
	free(names);
	return ret;
}

/* ---- locators ------------------------------------------------------------ */

/* Whether the image of a locator is looked at anyway, with its partitions; a
 * volume in it is another matter. */
static bool is_searched(const struct dw_images *images, const char *locator)
{
	const struct dw_image *image;
	struct dw_locator loc;
	bool yes = false;

	if (!dw_stack_parse(locator, &loc, NULL)) {
		image = dw_images_find(images, loc.image);
		yes = image && image->is_searched && !loc.path;
		for (size_t i = 0; i < loc.layers_nr; i++)
			yes &= loc.layers[i].kind == DW_LOCATOR_PART;
	}
	dw_locator_free(&loc);
	return yes;
}

static int load_stack(struct dw_images *images, const struct dw_stack *stack,
		      struct dw_err *err)
{
	bool has_pv;
	int ret;

	if (stack->path)
		return dw_fail(err, DW_USAGE, "%s: a path inside the image,"
			       " '%s', is no physical volume", stack->image,
			       stack->path);
	ret = dw_stack_has_pv(images->ctx, stack->dev, &has_pv, err);
	if (!ret && !has_pv)
		return dw_fail(err, DW_UNSUPPORTED, "%s: neither it nor a"
			       " partition of it is an LVM physical volume",
			       stack->dev->name);
	return ret ? ret : dw_images_add(images, stack->dev, err);
}

static int load_locator(struct dw_images *images, const char *locator,
			struct dw_err *err)
{
	struct dw_stack stack;
	int ret;

	if (is_searched(images, locator))
		return 0;
	ret = dw_stack_open_in(images, locator, NULL, &stack, err);
	if (ret)
		return ret;
	ret = load_stack(images, &stack, err);
	if (!ret && stack.layers_nr == 1)
		dw_images_searched(images, stack.image);
	dw_stack_close(&stack, NULL);
	return ret;
}

/* Where only a part of it is asked about, its other parts are as good as
 * those of other images, but it is not opened a second time for them. */
static bool is_own_searched(const struct dw_image *own, bool is_searched)
{
	return is_searched || !own->disk || own->is_snapshot;
}

int dw_images_load(struct dw_images *images, bool own_is_searched,
		   struct dw_err *err)
{
	const struct dw_ctx *ctx = images->ctx;
	int ret = 0;

	/* Also where a locator asks for a group itself: what was added before
	 * it is there, and this ends. */
	if (images->is_loaded)
		return 0;
	images->is_loaded = true;
	if (images->nr)
		images->items[0].is_searched =
			is_own_searched(&images->items[0], own_is_searched);
	if (ctx->pv_dir)
		ret = load_folder(images, ctx->pv_dir, err);
	for (size_t i = 0; !ret && i < ctx->pvs_nr; i++)
		ret = load_locator(images, ctx->pvs[i], err);
	return ret;
}
