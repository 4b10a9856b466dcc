/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the root disk is called: old device names, and the lasting one. */
#ifndef DW_GUEST_NAMES_H
#define DW_GUEST_NAMES_H

#include "base/lines.h"

#define DW_NAMES_NR 8
#define DW_NAMES_PARTS_NR 16

/* Another partition of the disk that the root is on, which goes with it. */
struct dw_names_part {
	unsigned nr;		/* as in /dev/sda2 */
	char spec[64];		/* "UUID=..." */
};

/*
 * How a guest's files may name its root, and how they are to name it.  Plain
 * data; set it with dw_names_init() and dw_names_add().
 */
struct dw_names {
	char spec[160];		/* the lasting name: UUID=... or LABEL=... */
	char uuid[64];		/* what the filesystem has now, "" for none */
	char label[80];
	char devices[DW_NAMES_NR][128];	/* "/dev/xvda1", as the guest says */
	size_t devices_nr;
	struct dw_names_part parts[DW_NAMES_PARTS_NR];
	size_t parts_nr;
	/* Its mount(8) does not know "nofail": "noauto" is used. */
	bool old_mount;
	/* mountall of Ubuntu 9.10 to 14.10 mounts: it ignores "nofail" and asks
	 * at the console, unless told "nobootwait". */
	bool mountall;
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
void dw_names_add(struct dw_names *names, struct dw_span device);

/* Whether a name means the root: its UUID or label in any of the usual forms,
 * or one of its devices (/dev/sda1, /dev/hda1, /dev/xvda1 and /dev/vda1 are
 * the same thing under different drivers). */
bool dw_names_is_root(const struct dw_names *names, struct dw_span name);

/* A partition beside the root, by its number and UUID; more than fit are
 * ignored, which leaves their names as they are. */
void dw_names_add_part(struct dw_names *names, unsigned nr, const char *uuid);

/* The lasting name of such a partition where 'name' means it: by its UUID, or
 * as a partition of the root's disk.  NULL for others. */
const char *dw_names_part(const struct dw_names *names, struct dw_span name);

/* What a name ends in where it is that of a disk and a number: the number of
 * the partition (0: none), and the disk's own name. */
unsigned dw_name_split(struct dw_span device, struct dw_span *disk);

/* Whether it is a name that lasts: UUID= or LABEL= that is really the root's,
 * so that it needs no change. */
bool dw_names_is_lasting(const struct dw_names *names, struct dw_span name);

/* Whether it names a block device at all, in any form. */
bool dw_name_is_device(struct dw_span name);

#endif
