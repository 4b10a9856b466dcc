/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Partitions by what their table calls them. */
#ifndef INIT_PART_H
#define INIT_PART_H

#include "disk.h"

/*
 * The number of the partition of a whole disk that PARTUUID= means: "SSSSSSSS-NN"
 * by the signature of an MBR (as the kernel makes them), or the GUID of a GPT
 * whose header is whole.  0: none.
 */
uint32_t part_by_uuid(const struct disk *disk, const char *uuid);

/* The same by the name in a GPT, ASCII; PARTLABEL=. */
uint32_t part_by_label(const struct disk *disk, const char *name);

#endif
