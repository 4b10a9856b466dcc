/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of modules, /diskwright/modules in the initrd.  A line is
 *
 *	need PATH	a failure is told
 *	try PATH	hardware that may not be there: a failure is not told
 *
 * in the order of loading; '#' begins a remark.  dw_initrd_own adds lines.
 */
#ifndef INIT_LIST_H
#define INIT_LIST_H

#include "limits.h"
#include "text.h"

#define LIST_MODULE 64

struct list_entry {
	char path[INIT_PATH_LEN];
	char module[LIST_MODULE];	/* its name, '-' made '_' */
	bool optional;
};

/* The next entry of the text at *at, which moves behind it; lines that say
 * nothing, and such as no entry has, are counted in *bad and passed over. */
bool list_next(const char **at, struct list_entry *out, uint32_t *bad);

#endif
