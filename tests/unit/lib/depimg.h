/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small trees of modules, of which depmod itself says what is right. */
#ifndef TESTS_UNIT_DEPIMG_H
#define TESTS_UNIT_DEPIMG_H

#include "kmod/depmod.h"
#include "modelf.h"

#define DEPIMG_VERSION "6.1.0-test"
#define DEPIMG_DIR "/lib/modules/" DEPIMG_VERSION

/* Ends the program with 77 where depmod is missing. */
void depimg_require_tools(void);

/* A new tree without anything; then files of it, below the folder of modules
 * or, with a '/' in front, anywhere. */
void depimg_new(void);
void depimg_module(const char *path, const struct modelf *m);
void depimg_bytes(const char *path, const void *data, size_t len);
void depimg_text(const char *path, const char *text);
/* A shell command in the folder of modules. */
void depimg_shell(const char *command);

/* The tree as an ext4 image. */
const char *depimg_image(void);

/*
 * Our lists of the tree, and depmod's, by the depmod.d in /etc of the tree; the
 * test fails unless both are the same, file by file.  The caller frees them.
 */
void depimg_same(struct dw_ctx *ctx, struct dw_depmod *lists);
/* Ours only, and its result. */
int depimg_ours(struct dw_ctx *ctx, struct dw_depmod *lists,
		struct dw_err *err);
/* depmod's exit status; *out is what it says. */
int depimg_theirs(const char **out);

/* A file of the lists, NUL-terminated; fails the test where there is none. */
const char *depimg_file(const struct dw_depmod *lists, const char *name);

#endif
