/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The block devices that there are, by the kernel's names. */
#ifndef INIT_DEVICES_H
#define INIT_DEVICES_H

#include "text.h"

#define DEVICES_MAX 1024
#define DEVICE_NAME 40

struct device {
	char name[DEVICE_NAME];	/* "vda1", "cciss/c0d0p1" */
	uint32_t major, minor;
	uint64_t size;		/* bytes, in whole KiB */
};

struct devices {
	struct device items[DEVICES_MAX];
	uint32_t nr;
};

/*
 * Takes in /proc/partitions, which has one form in Linux 2.4 to 6.12 and
 * names disks and partitions alike.  Left out: what no root is on (ram, loop,
 * floppy, CD-ROM drives, device mapper, RAID).
 */
void devices_parse(struct devices *d, const char *text);

const struct device *devices_named(const struct devices *d, const char *name);
const struct device *devices_numbered(const struct devices *d, uint32_t major,
				      uint32_t minor);

/* A partition of a disk by its number: "vda" has "vda2", "nvme0n1" has
 * "nvme0n1p2". */
const struct device *devices_partition(const struct devices *d,
				       const struct device *disk,
				       uint32_t number);
/* Whether it is a partition of another one of them. */
bool devices_is_partition(const struct devices *d, const struct device *dev);

/*
 * A disk has another name on another hypervisor: xvda1, vda1, sda1 and hda1
 * may be the same.  The only other one of these names that exists; *several
 * tells that more than one does, and NULL is returned.
 */
const struct device *devices_renamed(const struct devices *d,
				     const char *name, bool *several);

#endif
