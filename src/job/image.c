/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an image file says of itself, and whether it is consistent. */
#include <stdlib.h>
#include <string.h>

#include "base/notes.h"
#include "dev/kinds.h"
#include "job/image.h"
#include "stack/locator.h"
#include "stack/stack.h"

int dw_image_only(const char *locator, struct dw_err *err)
{
	struct dw_locator loc;
	int ret;

	ret = dw_stack_parse(locator, &loc, err);
	if (!ret && (loc.layers_nr || loc.path))
		ret = dw_fail(err, DW_USAGE, "%s: names something inside of an"
			      " image; here it is the image that counts, %s",
			      locator, loc.image);
	dw_locator_free(&loc);
	return ret;
}

int dw_image_file_open(struct dw_ctx *ctx, const char *locator,
		       const char *format, unsigned flags,
		       const struct dw_format_driver **driver,
		       struct dw_dev **out, struct dw_err *err)
{
	struct dw_locator loc;
	int ret;

	*out = NULL;
	ret = dw_stack_parse(locator, &loc, err);
	if (!ret)
		ret = dw_file_open(ctx, loc.image, flags, out, err);
	if (!ret)
		ret = dw_format_find(*out, format, driver, err);
	dw_locator_free(&loc);
	if (ret) {
		dw_dev_close(*out, NULL);
		*out = NULL;
	}
	return ret;
}

/* What the host says has the image's name in it already. */
static int say_where(const struct dw_dev *file, int ret, struct dw_err *err)
{
	if (ret == DW_CORRUPT || ret == DW_UNSUPPORTED || ret == DW_DENIED)
		return dw_err_prefix(err, ret, "%s", file->name);
	return ret;
}

/* ---- info ---------------------------------------------------------------- */

/* All that is known of a format that tells nothing else. */
static int info_of_disk(struct dw_ctx *ctx, struct dw_dev *file,
			const struct dw_format_driver *driver,
			struct dw_image_info *info, struct dw_err *err)
{
	static const struct dw_format_how plain;
	struct dw_dev *disk = NULL;
	int ret;

	ret = driver->open(ctx, file, &plain, &disk, err);
	if (!ret)
		info->size = disk->size;
	dw_dev_close(disk, NULL);
	return ret;
}

static int fill_info(struct dw_ctx *ctx, struct dw_dev *file,
		     const struct dw_format_driver *driver,
		     struct dw_image_info *info, struct dw_err *err)
{
	int ret;

	info->path = strdup(file->name);
	if (!info->path)
		return dw_fail_nomem(err);
	info->format = driver->name;
	info->file_len = file->size;
	ret = dw_file_host_len(file, &info->host_len, err);
	if (!ret && driver->info)
		ret = driver->info(ctx, file, info, err);
	else if (!ret)
		ret = info_of_disk(ctx, file, driver, info, err);
	return say_where(file, ret, err);
}

int dw_image_info(struct dw_ctx *ctx, const char *path, const char *format,
		  unsigned flags, struct dw_image_info **out,
		  struct dw_err *err)
{
	const struct dw_format_driver *driver;
	struct dw_image_info *info = NULL;
	struct dw_dev *file = NULL;
	int ret;

	*out = NULL;
	ret = dw_image_only(path, err);
	if (!ret)
		ret = dw_image_file_open(ctx, path, format,
					 flags & DW_OPEN_SHARE, &driver, &file,
					 err);
	if (!ret) {
		info = calloc(1, sizeof(*info));
		ret = info ? fill_info(ctx, file, driver, info, err)
			   : dw_fail_nomem(err);
	}
	dw_dev_close(file, NULL);
	if (ret)
		dw_image_info_free(info);
	else
		*out = info;
	return ret;
}

void dw_image_info_free(struct dw_image_info *info)
{
	size_t i;

	if (!info)
		return;
	for (i = 0; i < info->snapshots_nr; i++) {
		free(info->snapshots[i].id);
		free(info->snapshots[i].name);
	}
	free(info->snapshots);
	free(info->path);
	free(info->subformat);
	free(info->backing_name);
	free(info->backing_format);
	free(info->data_file);
	free(info);
}

/* ---- check --------------------------------------------------------------- */

static int fill_check(struct dw_ctx *ctx, struct dw_dev *file,
		      const struct dw_format_driver *driver, bool repair,
		      struct dw_image_check *check, struct dw_err *err)
{
	int ret;

	check->format = driver->name;
	check->checkable = driver->check;
	if (repair && !driver->check)
		return dw_fail(err, DW_UNSUPPORTED, "%s: a %s image has"
			       " nothing to repair", file->name, driver->name);
	if (!driver->check)
		return 0;
	ret = driver->check(ctx, file, repair, check, err);
	if (!ret)
		ret = dw_notes_check(&check->notes, err);
	if (!ret && repair)
		ret = dw_dev_flush(file, err);
	return say_where(file, ret, err);
}

int dw_image_check(struct dw_ctx *ctx, const char *locator, const char *format,
		   unsigned flags, bool repair, struct dw_image_check **out,
		   struct dw_err *err)
{
	const struct dw_format_driver *driver;
	struct dw_image_check *check = NULL;
	struct dw_dev *file = NULL;
	int closed, ret;

	*out = NULL;
	flags = (flags & DW_OPEN_SHARE) | (repair ? DW_OPEN_RDWR : 0);
	ret = dw_image_file_open(ctx, locator, format, flags, &driver, &file,
				 err);
	if (!ret) {
		check = calloc(1, sizeof(*check));
		ret = check ? fill_check(ctx, file, driver, repair, check, err)
			    : dw_fail_nomem(err);
	}
	closed = dw_dev_close(file, ret ? NULL : err);
	if (!ret)
		ret = closed;
	if (ret)
		dw_image_check_free(check);
	else
		*out = check;
	return ret;
}

void dw_image_check_free(struct dw_image_check *check)
{
	if (!check)
		return;
	dw_notes_free(&check->notes);
	free(check);
}
