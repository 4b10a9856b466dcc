/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the jobs on an image file itself share. */
#ifndef DW_JOB_IMAGE_H
#define DW_JOB_IMAGE_H

#include "formats/format.h"

/*
 * Opens the image of a locator as a file and finds its format, without opening
 * the disk in it.  Layers and paths behind the image are for others; without
 * 'layers' they are DW_USAGE.
 */
int dw_image_file_open(struct dw_ctx *ctx, const char *locator,
		       const char *format, unsigned flags, bool layers,
		       const struct dw_format_driver **driver,
		       struct dw_dev **out, struct dw_err *err);

#endif
