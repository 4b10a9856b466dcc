/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ELF notes by which a kernel tells Xen what it is. */
#ifndef DW_GUEST_XEN_NOTES_H
#define DW_GUEST_XEN_NOTES_H

#include "base/unpack.h"
#include "boot/bzimage.h"

struct dw_xen_notes {
	bool is_elf;		/* the notes were looked for */
	bool has_entry;		/* Xen can start it as a PV guest */
	bool is_classic;	/* XenLinux: it runs nowhere else */
};

/*
 * Reads the notes of a kernel file, unpacked as far as they lie: a vmlinux, a
 * gzipped one, or the payload of a bzImage.  What is no ELF or cannot be
 * unpacked is success with is_elf false; of a failure to read the source the
 * code is passed on.  (xen/include/public/elfnote.h)
 */
int dw_xen_notes_read(const struct dw_source *src,
		      const struct dw_kernel_head *head,
		      struct dw_xen_notes *out, struct dw_err *err);

/* Decodes the content of one note segment into *out; any bytes are fine. */
void dw_xen_notes_decode(const uint8_t *p, size_t len,
			 struct dw_xen_notes *out);

#endif
