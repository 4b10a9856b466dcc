/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens what a locator names, by stacking devices on each other. */
#ifndef DW_STACK_STACK_H
#define DW_STACK_STACK_H

#include "base/ctx.h"
#include "dev/dev.h"
#include "formats/format.h"

struct dw_stack {
	char *image;		/* the host file's name */
	struct dw_dev *file;	/* the host file */
	struct dw_dev *disk;	/* the virtual disk in it */
	struct dw_dev *dev;	/* the last layer; the disk where none is named */
	const struct dw_format_driver *format;
	unsigned part_nr;	/* of the last layer; 0: no partition named */
	char *path;		/* in the filesystem of dev; NULL: none */
};

/* Takes a locator apart; which part of it is the image, the host's files
 * tell.  dw_locator_free() it, after an error too. */
struct dw_locator;
int dw_stack_parse(const char *locator, struct dw_locator *out,
		   struct dw_err *err);

/*
 * What dev shows to whoever looks for a table, a volume group or a filesystem
 * in it: of a member of a raid1 array the array's content, of everything else
 * dev itself.  The caller closes it.
 */
int dw_stack_see_through(struct dw_dev *dev, struct dw_dev **out,
			 struct dw_err *err);

/*
 * The volume groups that dev is part of or holds: physical volumes are looked
 * for on dev, on its partitions, and on the images that the context adds, each
 * seen through.  'flags' are those with which dev was opened.
 */
struct dw_lvm;
int dw_stack_volumes(struct dw_ctx *ctx, struct dw_dev *dev, unsigned flags,
		     struct dw_lvm **out, struct dw_err *err);

/*
 * Opens layers, as "p2@vg0/root", on top of a device instead of an image;
 * errors and flags as dw_stack_open() has them.
 */
int dw_stack_descend(struct dw_ctx *ctx, struct dw_dev *dev, const char *layers,
		     unsigned flags, struct dw_dev **out, struct dw_err *err);

/*
 * Opens a locator.  'format' names the image's format and turns probing off;
 * flags are enum dw_open_flags.  With DW_OPEN_RDWR a format that cannot be
 * written is DW_UNSUPPORTED, and so is a snapshot.  A snapshot or partition
 * that is not there is DW_NOENT, a logical volume DW_UNSUPPORTED, other layers
 * DW_USAGE.  *out is empty after an error.
 */
int dw_stack_open(struct dw_ctx *ctx, const char *locator, const char *format,
		  unsigned flags, struct dw_stack *out, struct dw_err *err);

/* Closes all layers, the uppermost first, and empties the struct; the result
 * matters where something was written. */
int dw_stack_close(struct dw_stack *stack, struct dw_err *err);

#endif
