/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of the initrd and of /proc. */
#ifndef INIT_FILES_H
#define INIT_FILES_H

#include "disk.h"
#include "devices.h"

/* A whole small file, with a NUL behind it; its length, cut off at cap - 1, or
 * a negative errno. */
long file_text(const char *path, char *out, size_t cap);

/* A file into memory that file_drop() takes back; one at a time. */
long file_load(const char *path, const char **data, size_t *len);
void file_drop(void);

/* The block devices as they are now; false where /proc does not tell, or
 * nothing has changed since the last call with the same struct. */
bool devices_refresh(struct devices *d);

/* Opens a device through a node that is made where there is none; path
 * receives "/dev/NAME".  disk->arg is the descriptor, for device_close(). */
bool device_open(const struct device *dev, struct disk *disk);
void device_close(struct disk *disk);
#define DEVICE_PATH (DEVICE_NAME + 8)
void device_node(const struct device *dev, char path[DEVICE_PATH]);

#endif
