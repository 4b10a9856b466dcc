/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scanning /boot: which names are kernels, which of them comes first, whose
 * initrd is whose, and the arguments. No machine and no disk is in here: the
 * library tells by the same code what stage 2 would do.
 */
#ifndef STAGE2_SCAN_NAMES_H
#define STAGE2_SCAN_NAMES_H

#include "boot/x86/stage2/lib.h"

#define SCAN_DIR	"/boot"
#define SCAN_NAME_MAX	256	/* with its NUL */
#define SCAN_ARGS_MAX	2048
#define SCAN_TRIES	8	/* kernels that are tried, the newest first */
#define SCAN_ROUNDS	2	/* in which they are */

/* Whether a name (which may hold NULs) is that of a kernel: vmlinuz-VERSION,
 * and nothing that package managers leave beside it. */
bool scan_is_kernel(const char *name, size_t len);

/*
 * > 0 where kernel a is tried before kernel b: names with a version before
 * others, the newer first. Copies for rescue, old ones and those for Xen come
 * last, as the last ones seldom run anywhere else.
 */
int scan_compare(const char *a, const char *b);

/* The nr-th name that the initrd of a kernel may have; false: there are no
 * more. out has room for SCAN_NAME_MAX bytes. */
bool scan_initrd_name(uint32_t nr, const char *kernel, char *out);

/* The round in which a kernel is tried. One without an initrd (half an update)
 * and one for Xen come in the second, as neither is likely to get far. */
uint32_t scan_round(const char *kernel, bool has_initrd);

/*
 * The arguments: those of the entry that was the default, without its initrd,
 * where they name a root; else the root by its UUID. append may be NULL, out
 * has room for SCAN_ARGS_MAX bytes.
 */
void scan_args(const char *append, const uint8_t uuid[16], char *out);

/* Whether arguments name a root, which makes them worth taking. */
bool scan_has_root(const char *args);

#endif
