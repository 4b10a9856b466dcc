/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What root= means. */
#ifndef INIT_ROOT_H
#define INIT_ROOT_H

#include "text.h"

enum root_kind {
	ROOT_LEFT_OUT = 0,	/* see why */
	ROOT_UUID,
	ROOT_LABEL,
	ROOT_PARTUUID,
	ROOT_PARTLABEL,
	ROOT_NAME,		/* of a device, without "/dev/" */
	ROOT_NUMBER,
};

struct root {
	enum root_kind kind;
	char value[257];
	uint32_t major, minor;	/* of ROOT_NUMBER */
	const char *why;
};

/* text NULL: there is no root=.  Roots that need more than this /init has
 * (LVM, RAID, encryption, networks) are told by name. */
void root_parse(const char *text, struct root *out);

/* Flags of mount(2), the same in every Linux; a kernel passes over those that
 * are younger than it is. */
enum {
	ROOT_RDONLY = 1, ROOT_NOSUID = 2, ROOT_NODEV = 4, ROOT_NOEXEC = 8,
	ROOT_SYNCHRONOUS = 16, ROOT_DIRSYNC = 128, ROOT_NOATIME = 1024,
	ROOT_NODIRATIME = 2048, ROOT_RELATIME = 1 << 21,
	ROOT_STRICTATIME = 1 << 24,
};

/*
 * Options of rootflags= that are flags of mount(2), not of a filesystem, go
 * into *flags; the others, commas between them, into data.  False where they
 * do not fit.
 */
bool root_flags(const char *options, unsigned long *flags, char *data,
		size_t cap);

#endif
