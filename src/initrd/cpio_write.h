/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes cpio archives ("newc") as the kernel unpacks them. */
#ifndef DW_INITRD_CPIO_WRITE_H
#define DW_INITRD_CPIO_WRITE_H

#include "base/buf.h"
#include "initrd/cpio.h"

/*
 * An archive that grows in memory.  The same calls give the same bytes: owner
 * root, times 0, inode numbers counted.  Start with { 0 }; an error sticks and
 * comes out of dw_cpio_end().  Folders above an entry are added once, before
 * it, unless dw_cpio_has() them.
 *
 * Names are relative, without "." and ".." in them, and at most 4095 bytes
 * long: anything else is DW_CORRUPT, as they come from guests.
 */
struct dw_cpio_writer {
	struct dw_buf out;
	uint64_t cap_len;	/* of it; 0, or more: DW_CPIO_LEN_MAX */
	char **folders;		/* that the archive, or the one it follows,
				 * has; and what is no folder there (links) */
	size_t folders_nr, folders_cap;	/* sorted */
	uint32_t ino;
	int ret;		/* the first error, and its text */
	struct dw_err err;
};

/* More folders than any initrd has. */
#define DW_CPIO_FOLDERS_MAX 50000
/* Longest archive that is made. */
#define DW_CPIO_LEN_MAX (1u << 30)

/* Says that a folder, or a link that leads to one, is there already. */
void dw_cpio_has(struct dw_cpio_writer *w, const char *name);
void dw_cpio_folder(struct dw_cpio_writer *w, const char *name, uint32_t mode);
void dw_cpio_file(struct dw_cpio_writer *w, const char *name, uint32_t mode,
		  const void *data, size_t len);
void dw_cpio_link(struct dw_cpio_writer *w, const char *name,
		  const char *target);
void dw_cpio_node(struct dw_cpio_writer *w, const char *name, uint32_t mode,
		  uint32_t rdev_major, uint32_t rdev_minor);

/*
 * An entry of another archive as it is there: owner, times, links, device.
 * Its e->size bytes follow in any number of pieces.  Names are not checked
 * again.  An archive that is begun anew keeps apart what the same inode
 * numbers mean in two.
 */
void dw_cpio_copy(struct dw_cpio_writer *w, const struct dw_cpio_entry *e);
void dw_cpio_copy_data(struct dw_cpio_writer *w, const void *data, size_t len);
void dw_cpio_next_archive(struct dw_cpio_writer *w);

/* Ends the archive (trailer, zeros up to a multiple of 512).  The bytes move
 * to *data, which the caller frees; the writer is freed in any case. */
int dw_cpio_end(struct dw_cpio_writer *w, char **data, size_t *len,
		struct dw_err *err);
void dw_cpio_abort(struct dw_cpio_writer *w);

#endif
