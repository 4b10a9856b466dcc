/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens what a locator names, by stacking devices on each other. */
#ifndef DW_STACK_STACK_H
#define DW_STACK_STACK_H

#include "base/ctx.h"
#include "dev/dev.h"
#include "formats/format.h"
#include "stack/locator.h"

/* The disk, each layer of a locator, and what is seen through between. */
#define DW_STACK_LAYERS_MAX (1 + 2 * DW_LOCATOR_LAYERS_MAX)

struct dw_images;
struct dw_lvm;
struct dw_vg;

struct dw_stack {
	struct dw_ctx *ctx;
	unsigned flags;		/* enum dw_open_flags, of all images */
	char *image;		/* the host file's name */
	struct dw_dev *file;	/* the host file */
	struct dw_dev *disk;	/* the virtual disk in it */
	struct dw_dev *dev;	/* the last layer; the disk where none is named */
	const struct dw_format_driver *format;
	unsigned part_nr;	/* of the last layer; 0: no partition named */
	char *path;		/* in the filesystem of dev; NULL: none */
	/* What lies on each other, the lowest first; the last one is dev. */
	size_t layers_nr;
	struct dw_dev *layers[DW_STACK_LAYERS_MAX];
	struct dw_images *images;
	bool owns_images;
};

/* Takes a locator apart; which part of it is the image, the host's files
 * tell.  dw_locator_free() it, after an error too. */
int dw_stack_parse(const char *locator, struct dw_locator *out,
		   struct dw_err *err);

/* What the last layer of a locator is, as guests use it: "LVM", "software
 * RAID", or NULL for a disk, a partition or what is no locator. */
const char *dw_stack_root_on(const char *locator);

/*
 * Opens a locator.  'format' names the image's format and turns probing off;
 * flags are enum dw_open_flags, and hold for the images that the context adds,
 * too.  With DW_OPEN_RDWR a format or a volume that cannot be written is
 * DW_UNSUPPORTED, and so is a snapshot.  A snapshot, partition or volume that
 * is not there is DW_NOENT, other layers DW_USAGE.  *out is empty after an
 * error.
 */
int dw_stack_open(struct dw_ctx *ctx, const char *locator, const char *format,
		  unsigned flags, struct dw_stack *out, struct dw_err *err);

/*
 * Opens layers, as "p2@vg0/root", on top of a device instead of an image;
 * errors and flags as dw_stack_open() has them.
 */
int dw_stack_descend(struct dw_ctx *ctx, struct dw_dev *dev, const char *layers,
		     unsigned flags, struct dw_dev **out, struct dw_err *err);

/* A stack on an open device, for layers to be put on it. */
int dw_stack_on(struct dw_ctx *ctx, struct dw_dev *dev, unsigned flags,
		struct dw_stack *out, struct dw_err *err);

/* Puts a device on top, or takes it off; DW_LIMIT where there are too many.
 * The device is given away in either case. */
int dw_stack_push_take(struct dw_stack *stack, struct dw_dev *dev,
		       struct dw_err *err);
void dw_stack_pop(struct dw_stack *stack);

/* Closes all layers, the uppermost first, and empties the struct; the result
 * matters where something was written. */
int dw_stack_close(struct dw_stack *stack, struct dw_err *err);

/*
 * What dev shows to whoever looks for a table, a volume group or a filesystem
 * in it: of a member of a raid1 array the array's content, of everything else
 * dev itself.  The caller closes it.  DW_UNSUPPORTED: a member of an array
 * that one member does not tell all of.
 */
int dw_stack_see_through(struct dw_dev *dev, struct dw_dev **out,
			 struct dw_err *err);

/*
 * The volume groups that the uppermost layer of a stack is part of or holds.
 * Physical volumes are looked for on it and its partitions, and, where a group
 * lacks one, on all that it lies on and on the images that the context adds,
 * each seen through.  What is looked at may bring other groups in: those that
 * were asked for are listed, and the caller frees near->vgs.
 */
struct dw_near_vgs {
	size_t nr;
	const struct dw_vg **vgs;
};
int dw_stack_groups(struct dw_stack *stack, struct dw_lvm **out,
		    struct dw_near_vgs *near, struct dw_err *err);
/* The same with the groups of the images that the context adds. */
int dw_stack_all_groups(struct dw_stack *stack, struct dw_lvm **out,
			struct dw_near_vgs *near, struct dw_err *err);

/*
 * Where dev holds no filesystem itself but something to be named by a further
 * layer (a partition table, a physical volume, what a RAID member holds), fills
 * err with that, and what to name, under the code given; else returns false and
 * leaves err alone.
 */
bool dw_stack_explain(struct dw_ctx *ctx, struct dw_dev *dev,
		      enum dw_code code, struct dw_err *err);

#endif
