/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small guest that both sides would boot, as far as anybody looks. */
#ifndef TESTS_UNIT_GUESTIMG_H
#define TESTS_UNIT_GUESTIMG_H

#include <diskwright.h>

#define GUESTIMG_UUID "6b4a1b3c-1234-4321-8888-0123456789ab"

/*
 * An 8 MiB ext4 with a kernel that has all drivers built in, a menu.lst, an
 * fstab and a release.  'more' is a shell command that is run first in the
 * folder of its files.  Returns the image's path, as fsimg_path() does.
 */
const char *guestimg_make(const char *name, const char *more);

/* Runs debugfs -w commands, one a line, on an image. */
void guestimg_debugfs(const char *path, const char *commands);

/*
 * Such a guest, its label being "/", planned by dualboot without options: the
 * code, and *plan where there is one.
 */
int guestimg_plan(struct dw_ctx *ctx, const char *more,
		  struct dw_dualboot_plan **plan, struct dw_err *err);

/* The n-th change of a file, from 0, or NULL; and whether a note has a text. */
const struct dw_change *guestimg_change(const struct dw_dualboot_plan *plan,
					const char *path, size_t n);
bool guestimg_noted(const struct dw_dualboot_plan *plan, const char *text);

#endif
