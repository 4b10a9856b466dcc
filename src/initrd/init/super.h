/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a block device holds, by its superblock. */
#ifndef INIT_SUPER_H
#define INIT_SUPER_H

#include "disk.h"

struct super {
	const char *type;	/* what mount(2) takes, or libblkid's name of
				 * what cannot be mounted; NULL: not known */
	bool mountable;
	char uuid[UUID_TEXT];	/* "" where there is none */
	char label[257];
};

/*
 * Looks for members of RAID, LVM, LUKS; XFS, ext2 to ext4, btrfs and swap
 * space.  Each is checked as far as its superblock allows, checksums included.
 * A member of a mirror looks like its filesystem from the start, so that is
 * asked first: mounting it would tear the mirror.  Any bytes are fine.
 */
void super_read(const struct disk *disk, struct super *out);

#endif
