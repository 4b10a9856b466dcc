/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locators: IMAGE[@LAYER]...[:PATH], taken apart without any I/O. */
#ifndef DW_STACK_LOCATOR_H
#define DW_STACK_LOCATOR_H

#include "base/err.h"

enum dw_locator_kind {
	DW_LOCATOR_PART,	/* "p3" */
	DW_LOCATOR_VOLUME,	/* "vg0/root" */
	DW_LOCATOR_RAID,	/* "md": what a member of a mirror holds */
	DW_LOCATOR_SNAPSHOT,	/* "snap:before-upgrade" */
};

struct dw_locator_layer {
	enum dw_locator_kind kind;
	unsigned part_nr;
	char *text;		/* as it was given, without the '@' */
	const char *snapshot;	/* its id or name, in text; else NULL */
};

/* Enough for a disk in a volume in a disk in a volume, and a bound on the
 * input. */
#define DW_LOCATOR_LAYERS_MAX 16
#define DW_LOCATOR_PART_MAX 999

struct dw_locator {
	char *image;
	size_t layers_nr;
	struct dw_locator_layer layers[DW_LOCATOR_LAYERS_MAX];
	char *path;		/* absolute, inside the image; NULL: none */
	char *unknown;		/* after DW_USAGE: the layer that is none, such
				 * as a group without a volume; else NULL */
};

typedef bool (*dw_locator_exists_fn)(void *arg, const char *path);

/*
 * The longest prefix that is the name of an existing file, and is followed by
 * the end, '@' or ':', is the image; names that hold '@' or ':' work so.
 * A snapshot is the first layer.  Its name ends before '@', before ":/", which
 * begins a path, or with the text, so that a single ':' may be in it; a
 * snapshot whose name has one of those is named by its id.
 * Where no prefix exists, the image is the shortest one whose rest reads as
 * layers and a path: it is the name to complain about.  DW_USAGE where the
 * rest is neither.  'exists' is asked about each prefix, longest first.
 * Freed by dw_locator_free(), also after an error.
 */
int dw_locator_parse(const char *text, dw_locator_exists_fn exists, void *arg,
		     struct dw_locator *out, struct dw_err *err);
/*
 * Layers alone, without the first '@': "p2@vg0/root".  'image' is only a name,
 * for errors.  No snapshot is among them, and no path follows.  Freed by
 * dw_locator_free(), also after an error.
 */
int dw_locator_parse_layers(const char *image, const char *text,
			    struct dw_locator *out, struct dw_err *err);
void dw_locator_free(struct dw_locator *loc);

#endif
