/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the root disk is called: old device names, and the lasting one. */
#ifndef DW_GUEST_NAMES_H
#define DW_GUEST_NAMES_H

#include "guest/lines.h"

#define DW_NAMES_NR 8

/*
 * How a guest's files may name its root, and how they are to name it.  Plain
 * data; set it with dw_names_init() and dw_names_add().
 */
struct dw_names {
	char spec[160];		/* the lasting name: "UUID=..." or "LABEL=..." */
	char uuid[64];		/* what the filesystem has now, "" for none */
	char label[80];
	char devices[DW_NAMES_NR][128];	/* "/dev/xvda1", as the guest says */
	size_t devices_nr;
	/* Its mount(8) does not know "nofail": "noauto" is used. */
	bool old_mount;
	/* The image stays without a partition table. */
	bool unpartitioned;
	/* systemd mounts and swaps: it waits 90 s for a swap device that is
	 * not there, "nofail" or not, unless told to wait less. */
	bool systemd;
};

/* uuid and label may be NULL or "".  A spec of NULL is made from the UUID, or
 * from the label where there is no UUID. */
void dw_names_init(struct dw_names *names, const char *uuid,
		   const char *label, const char *spec);

/* One more device name of the root, as an fstab or a kernel command line gives
 * it; anything that is no /dev name is ignored. */
void dw_names_add(struct dw_names *names, struct dw_slice device);

/* Whether a name means the root: its UUID or label in any of the usual forms,
 * or one of its devices (/dev/sda1, /dev/hda1, /dev/xvda1 and /dev/vda1 are
 * the same thing under different drivers). */
bool dw_names_is_root(const struct dw_names *names, struct dw_slice name);

/* Whether it is a name that lasts: UUID= or LABEL= that is really the root's,
 * so that it needs no change. */
bool dw_names_is_lasting(const struct dw_names *names, struct dw_slice name);

/* Whether it names a block device at all, in any form. */
bool dw_name_is_device(struct dw_slice name);

#endif
