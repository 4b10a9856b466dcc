/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of the add-kernel job share.
 *
 * The bytes of placed files stay with their source until the device gets them
 * (job/amend.h), but lists of modules and an initrd are made from such bytes.
 * So files are placed twice: first in a rehearsal on an overlay of its own,
 * which a view shows with the bytes at their places, and which is then thrown
 * away; then, all that is to be written being known, in the change itself.
 */
#ifndef DW_JOB_ADD_KERNEL_H
#define DW_JOB_ADD_KERNEL_H

#include "job/amend.h"
#include "job/system.h"
#include "package/package.h"

/* Something that is made in the guest: a folder, a file or a link. */
struct dw_kernel_file {
	char *path;
	char *target;		/* of a link */
	uint32_t mode;		/* as in st_mode */
	int64_t mtime;		/* -1: now */
	struct dw_dev *content;	/* of a file; a reference */
	bool is_firstboot;	/* not in a place of a kernel's files */
};

struct dw_add_kernel_state {
	struct dw_ctx *ctx;
	bool force, firstboot, no_default;
	struct dw_package **pkgs;
	size_t pkgs_nr;
	struct dw_amend amend;
	struct dw_system before;	/* the guest as it is, recovered */
	const struct dw_kernel *like;	/* among its kernels, or NULL */
	struct dw_kernel_file *files;	/* in the order they are made */
	size_t files_nr, files_cap;
	struct dw_edits edits;
};

/* ---- the files (add_kernel_files.c) -------------------------------------- */

/* Lists what the packages bring; content is theirs. */
int dw_kernel_files_list(struct dw_add_kernel_plan *plan, struct dw_err *err);
/* Adds one; the strings are copied. */
int dw_kernel_files_add(struct dw_add_kernel_state *s,
			const struct dw_kernel_file *file, struct dw_err *err);
/* Adds a file of our own with bytes in memory. */
int dw_kernel_files_add_bytes(struct dw_add_kernel_state *s, const char *path,
			      uint32_t mode, const void *data, size_t len,
			      struct dw_err *err);
/* DW_CORRUPT where a path is there twice: folders may be in each of several
 * packages, files in one. */
int dw_kernel_files_check(const struct dw_add_kernel_state *s,
			  struct dw_err *err);
/* Takes the one of that path out of the list, if there is one; *out.path is
 * NULL where not, and the caller's to free or to add again. */
void dw_kernel_files_take(struct dw_add_kernel_state *s, const char *path,
			  struct dw_kernel_file *out);
void dw_kernel_file_free(struct dw_kernel_file *file);
void dw_kernel_files_free(struct dw_add_kernel_state *s);

/* ---- making them (add_kernel_place.c) ------------------------------------ */

/* Makes the files from index 'first' on, in a rehearsal or in the change. */
int dw_kernel_place(const struct dw_add_kernel_plan *plan, struct dw_amend *a,
		    size_t first, struct dw_err *err);
/* DW_NOSPACE, with the numbers, where the filesystem is too small. */
int dw_kernel_check_space(const struct dw_add_kernel_state *s,
			  struct dw_err *err);

/* ---- seeing them (add_kernel_view.c) ------------------------------------- */

/* An overlay of its own on the recovered filesystem of the change. */
int dw_rehearsal_open(struct dw_add_kernel_state *s, struct dw_amend *a,
		      struct dw_err *err);
void dw_rehearsal_close(struct dw_amend *a);

/* The whole disk as it would be, for readers. */
struct dw_kernel_view {
	struct dw_dev *disk;
	struct dw_system sys;
	long kernel_nr;		/* of the new kernel; -1: it is not found */
};

/* Flushes a->fs.  Closed after an error, too. */
int dw_kernel_view_open(const struct dw_add_kernel_plan *plan,
			struct dw_amend *a, struct dw_kernel_view *view,
			struct dw_err *err);
void dw_kernel_view_close(struct dw_kernel_view *view);

/* ---- steps of the plan --------------------------------------------------- */

/* Versions, machine, what is there (add_kernel_check.c). */
int dw_kernel_check_packages(struct dw_add_kernel_plan *plan,
			     struct dw_err *err);
int dw_kernel_check_guest(struct dw_add_kernel_plan *plan, struct dw_err *err);

/* Lists of modules and the initrd, added to the files
 * (add_kernel_initrd.c). */
int dw_kernel_make_lists(struct dw_add_kernel_plan *plan, struct dw_err *err);

/* What our loader reads, and how long a menu may be. */
#define DW_KERNEL_OWN_MENU	DW_LOADER_DIR "/syslinux.cfg"
#define DW_KERNEL_MENU_MAX	(1u << 20)

/* Links to the newest kernel, which no menu needs as they are
 * (add_kernel_links.c). */
int dw_kernel_move_links(struct dw_add_kernel_plan *plan, struct dw_err *err);

/* Links and boot menus (add_kernel_menus.c).  new: the kernel, as judged. */
int dw_kernel_edit_menus(struct dw_add_kernel_plan *plan,
			 const struct dw_boot_check *new, struct dw_err *err);

/* Packages, script and service, added to the files and edits
 * (add_kernel_firstboot.c). */
int dw_kernel_add_firstboot(struct dw_add_kernel_plan *plan,
			    struct dw_err *err);

#endif
