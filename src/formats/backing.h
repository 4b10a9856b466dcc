/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files that images name: backing files, external data files.
 *
 * A guest can write any name into its image, and who opens it for the guest
 * gives away files of the host.  So a name is only a path, relative to the
 * folder of its image, of a file below the one folder that the caller allows;
 * no symbolic link leads out of that.  A chain of them ends: it is counted,
 * and no file may come twice.
 */
#ifndef DW_FORMATS_BACKING_H
#define DW_FORMATS_BACKING_H

#include <sys/types.h>

#include "formats/format.h"

#define DW_BACKING_DEPTH_MAX 16u

/* One file of a chain, for as long as what it names is being opened. */
struct dw_backing_link {
	const struct dw_backing_link *above;	/* names this one; NULL: none */
	bool is_known;				/* it is a file of the host */
	dev_t dev;
	ino_t ino;
};

/*
 * Opens the file 'name' for the image 'file', which was opened as 'how' says.
 * 'what' is for errors: "backing file".  DW_DENIED without a folder that is
 * allowed, and for a name that is no path, leads out of it or is neither a
 * file nor a block device; DW_LIMIT where the chain is too long, DW_CORRUPT
 * where it is a circle.  QEMU's locks are honoured.
 */
int dw_backing_file(struct dw_ctx *ctx, const struct dw_format_how *how,
		    struct dw_dev *file, const char *what, const char *name,
		    bool rdwr, struct dw_dev **out, struct dw_err *err);

/* The disk in a backing file, read-only.  The image has to say its format:
 * DW_DENIED where it does not. */
int dw_backing_disk(struct dw_ctx *ctx, const struct dw_format_how *how,
		    struct dw_dev *file, const char *name, const char *format,
		    struct dw_dev **out, struct dw_err *err);

#endif
