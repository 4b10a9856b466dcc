/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of /init, in their order. */
#ifndef INIT_INIT_H
#define INIT_INIT_H

#include "cmdline.h"
#include "devices.h"
#include "super.h"

#define ROOT_DIR "/root"

/* /proc, /sys and /dev; the latter is devtmpfs, or a filesystem in memory with
 * nodes of ours. */
void mounts_open(void);

/* Loads what /diskwright/modules lists. */
void modules_load(const struct cmdline *cmd);

/* Waits for the root; what it is comes out.  False where it was not found,
 * after a message. */
struct found {
	struct device device;
	struct super super;
};
bool root_find(const struct cmdline *cmd, struct found *out);

/* Mounts it at ROOT_DIR. */
bool root_mount(const struct cmdline *cmd, const struct found *found);

/* Takes the mounts along, frees the initrd's memory, and becomes the real
 * init.  Returns only where there is none. */
void root_enter(const struct cmdline *cmd, char **argv, char **envp);

#endif
