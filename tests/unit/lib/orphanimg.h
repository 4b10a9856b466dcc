/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filesystems with orphans, for tests: files removed or cut off in use. */
#ifndef DW_TESTS_ORPHANIMG_H
#define DW_TESTS_ORPHANIMG_H

#include <check.h>

#include "fs/ext_internal.h"

/* Of the one test that runs in this process. */
extern struct dw_ctx *oi_ctx;
extern struct dw_err oi_err;
extern struct dw_recovery oi_stats;	/* of the last oi_recover() */
extern ext2_filsys oi_fs;		/* between oi_open() and oi_close() */

#define OK(call) do {							\
	long ret_ = (long)(call);					\
	ck_assert_msg(ret_ == 0, "%s: %ld %s", #call, ret_,		\
		      oi_err.text);					\
} while (0)

struct oi_kind {
	const char *name, *size, *args;
	bool use_file;		/* orphans go to the orphan file */
};

/* A fixture for every test. */
void oi_setup(void);
void oi_teardown(void);

/* An image with every kind of orphan: those of oi_unlinked deleted, four files
 * cut off. */
#define OI_UNLINKED_NR 8u
extern const char *const oi_unlinked[OI_UNLINKED_NR];
const char *oi_make(const struct oi_kind *kind);
/* A file of len times 'd'. */
void oi_put(struct dw_fs *f, const char *path, size_t len);

/* The filesystem below our own calls. */
void oi_open(const char *path);
void oi_close(void);
ext2_ino_t oi_ino(const char *name);
struct ext2_inode *oi_read_inode(ext2_ino_t ino);
void oi_write_inode_free(ext2_ino_t ino, struct ext2_inode *inode);
/* The first block of the orphan file; the caller frees it. */
uint8_t *oi_orphan_block(blk64_t *blk);
void oi_add_to_file(ext2_ino_t ino, unsigned slot);
void oi_add_to_list(ext2_ino_t ino);
/* The name goes, the inode stays: a file that was open when it was removed. */
void oi_unlink(const char *name, bool use_file);

int oi_recover(const char *path);
/* e2fsck finds nothing to mend. */
void oi_expect_clean(const char *path);

#endif
