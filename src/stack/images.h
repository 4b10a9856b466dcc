/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The images that a stack has open: its own, and those with physical volumes
 * that the context adds. */
#ifndef DW_STACK_IMAGES_H
#define DW_STACK_IMAGES_H

#include <sys/types.h>

#include "base/ctx.h"
#include "formats/format.h"

struct dw_image {
	bool has_id;		/* a file on the host, known by ... */
	dev_t host_dev;
	ino_t host_ino;
	bool is_snapshot;	/* as it was then */
	bool is_searched;	/* for physical volumes, partitions included */
	/* NULL: opened by somebody else, who may have told of the disk. */
	struct dw_dev *file, *disk;
	const struct dw_format_driver *format;
};

/* The first one is the stack's own.  They stay open with it, and each is
 * opened once: somebody who writes is alone with a file. */
struct dw_images {
	struct dw_ctx *ctx;
	unsigned flags;		/* enum dw_open_flags */
	size_t nr;
	struct dw_image *items;
	/* Where physical volumes of the added images are looked for. */
	size_t added_nr;
	struct dw_dev **added;
	bool is_loaded;
};

int dw_images_new(struct dw_ctx *ctx, unsigned flags, struct dw_images **out,
		  struct dw_err *err);
/* Closes all; the result matters where something was written. */
int dw_images_close(struct dw_images *images, struct dw_err *err);

/* Opens an image file, "-" being standard input, or finds the open one.
 * 'snapshot' NULL: as it stands.  *out is valid until the next call. */
int dw_images_open(struct dw_images *images, const char *path,
		   const char *format, const char *snapshot,
		   const struct dw_image **out, struct dw_err *err);

/* Makes known that somebody else has this file open; where the disk in it is
 * given, that is what dw_images_open() finds. */
int dw_images_note(struct dw_images *images, const char *path,
		   struct dw_dev *disk, struct dw_err *err);
/* The image in this file, by whatever name; NULL: it is not known. */
const struct dw_image *dw_images_find(const struct dw_images *images,
				      const char *path);

/* Says that all of that image is searched. */
void dw_images_searched(struct dw_images *images, const char *path);

/* Adds a device to those where physical volumes are looked for, keeping a
 * reference. */
int dw_images_add(struct dw_images *images, struct dw_dev *dev,
		  struct dw_err *err);

/*
 * Fills 'added', once: each image in the context's folder that holds a
 * physical volume, then what its locators name, which may build on images
 * that were added before them.  The stack's own image counts as added already
 * where all of it is searched.
 */
int dw_images_load(struct dw_images *images, bool own_is_searched,
		   struct dw_err *err);

#endif
