/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small packages, made with libarchive's writers and by hand. */
#ifndef TESTS_UNIT_PKGIMG_H
#define TESTS_UNIT_PKGIMG_H

#include <stddef.h>
#include <sys/stat.h>

struct pkgimg_member {
	const char *name;
	unsigned mode;		/* 0 ends the list */
	const char *data;	/* of a file */
	const char *link;	/* symbolic; with S_IFREG a hard one */
	size_t len;		/* of data; 0: it is a text */
};

/* filter: "", "gzip", "xz", "zstd", "bzip2"; control: text of the control
 * file. */
void pkgimg_deb(const char *path, const char *filter, const char *control,
		const struct pkgimg_member *members);
/* kernel 4.18.0-1, x86_64, unless 'arch' says otherwise. */
void pkgimg_rpm(const char *path, const char *filter, const char *arch,
		const struct pkgimg_member *members);

/* Changes one byte of a file. */
void pkgimg_poke(const char *path, long off, unsigned char value);
void pkgimg_cut(const char *path, long len);

#endif
