/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loads a bzImage and its initrds, and starts it.
 */
#ifndef STAGE2_LINUX_H
#define STAGE2_LINUX_H

#include "cmdline.h"
#include "ext.h"

/* Paths are seen from the directory cwd. Returns only if it failed. */
fault linux_boot(struct ext *fs, uint32_t cwd, const char *kernel,
		 const struct cmdline *cl);

#endif
