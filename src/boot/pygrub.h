/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Xen's PyGrub would boot from a filesystem, or why it would not.
 *
 * The configuration that PyGrub takes is not always the one that the guest's
 * own boot loader takes, and it reads it with rules of its own.  Two sets are
 * known: Xen 4.4 (Python 2; the strictest of its time, 4.4.0) and Xen 4.17
 * (Python 3).  NOTES.md lists the rules and how they were verified.
 */
#ifndef DW_BOOT_PYGRUB_H
#define DW_BOOT_PYGRUB_H

#include "base/err.h"

enum dw_pygrub_rules {
	DW_PYGRUB_4_4,
	DW_PYGRUB_4_17,
};

/* "PyGrub of Xen 4.17" */
const char *dw_pygrub_name(enum dw_pygrub_rules rules);

/* What stops it, in the order in which PyGrub meets it. */
enum dw_pygrub_why {
	DW_PYGRUB_BOOTS,
	DW_PYGRUB_NO_CONFIG,
	DW_PYGRUB_NOT_UTF8,	/* UnicodeDecodeError */
	DW_PYGRUB_BAD_VALUE,	/* ValueError: a device, a default, a set */
	DW_PYGRUB_BAD_DISK,	/* IndexError: /dev/xvd and no letter */
	DW_PYGRUB_SYNTAX,	/* RuntimeError: braces of grub.cfg */
	DW_PYGRUB_NO_ENTRY,	/* IndexError */
	DW_PYGRUB_NO_KERNEL,	/* TypeError: the entry names none */
	DW_PYGRUB_EMPTY_KERNEL,
	DW_PYGRUB_MISSING_KERNEL,	/* the file is not there */
	DW_PYGRUB_MISSING_INITRD,
};

/* Where the files are; paths as a configuration has them, which may lack the
 * first slash. */
struct dw_pygrub_files {
	void *arg;
	bool (*exists)(void *arg, const char *path);
	/* The first max_len bytes; the callee allocates. */
	int (*read)(void *arg, const char *path, size_t max_len, char **data,
		    size_t *len, struct dw_err *err);
};

struct dw_pygrub_result {
	enum dw_pygrub_why why;
	uint32_t line_nr;	/* of the fault, or of the kernel; 0: none */
	/* 'boots' and the rest; strings are set as far as it got.  Lengths,
	 * because a configuration may hold NULs. */
	struct dw_boot_verdict v;
	size_t entry_len, kernel_len, initrd_len, args_len;
};

/*
 * Follows PyGrub (as 'pygrub -q') on one filesystem: finds the configuration,
 * reads it, takes the default entry, looks for its files.  That it would not
 * boot is a result, not an error.  dw_pygrub_free() frees *out.
 */
int dw_pygrub_lint(enum dw_pygrub_rules rules,
		   const struct dw_pygrub_files *files,
		   struct dw_pygrub_result **out, struct dw_err *err);
void dw_pygrub_free(struct dw_pygrub_result *r);

struct dw_fs;
/* The same on an open filesystem; what bars PyGrub from the filesystem as such
 * (bigalloc ...) comes first, as DW_PYGRUB_NO_CONFIG. */
int dw_pygrub_lint_fs(enum dw_pygrub_rules rules, struct dw_fs *fs,
		      struct dw_pygrub_result **out, struct dw_err *err);

/*
 * What about a filesystem keeps PyGrub's reader (libext2fs of the dom0) out,
 * by dw_fs_info's feature names and block count; NULL: nothing.
 */
const char *dw_pygrub_fs_bar(const char *type, const char *features,
			     uint64_t blocks_nr);

/* ---- partitions --------------------------------------------------------- */

/* What dw_pygrub_offsets() wants of the disk: a hybrid ISO's mark and a whole
 * GPT lie in it. */
#define DW_PYGRUB_HEAD_LEN 0x8800
#define DW_PYGRUB_MAX_OFFSETS 132

/*
 * Where PyGrub looks for filesystems, in its order, bytes.  head is the start
 * of the disk, shorter where the disk is.  *nr 0: PyGrub finds nothing, which
 * up to Xen 4.6 happens to a disk without partitions whose sector 0 ends in
 * 55 AA.  DW_CORRUPT: PyGrub itself would stop at this table; DW_LIMIT: it
 * would look at more than we do.
 */
int dw_pygrub_offsets(enum dw_pygrub_rules rules, const uint8_t *head,
		      size_t len, uint64_t offsets[DW_PYGRUB_MAX_OFFSETS],
		      size_t *nr, struct dw_err *err);

/* ---- the kernel's compression ------------------------------------------- */

#endif
