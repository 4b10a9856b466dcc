/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the jobs on an image file itself share. */
#ifndef DW_JOB_IMAGE_H
#define DW_JOB_IMAGE_H

#include "formats/format.h"

/* DW_USAGE for a locator with a layer or a path behind the image. */
int dw_image_only(const char *locator, struct dw_err *err);

/*
 * Opens the image of a locator as a file and finds its format, without opening
 * the disk in it.  What is behind the image is for others.
 */
int dw_image_file_open(struct dw_ctx *ctx, const char *locator,
		       const char *format, unsigned flags,
		       const struct dw_format_driver **driver,
		       struct dw_dev **out, struct dw_err *err);

#endif
